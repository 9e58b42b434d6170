/** Arrays as WHATWG streams, and appending from iterables. */

import { NpyError } from "./errors.ts";
import { type Check, flag, isPositive, optional } from "./options.ts";
import { onAbort } from "./storage/signals.ts";

/** How {@link NpyAppendArray.writable} holds back its producers. */
export interface WritableOptions {
  /** Inputs that may wait to be written before a producer is asked to pause. Default 16. */
  readonly highWaterMark?: number;
  /** `true`: see {@link RawWritableOptions}. Default `false`. */
  readonly raw?: false | undefined;
}

/** The same for bytes of rows. */
export interface RawWritableOptions extends Omit<WritableOptions, "raw"> {
  /**
   * Chunks are bytes of whole rows, as the file holds them: of its dtype, byte order and order. They may break anywhere; rows are appended as they
   * become complete. The file must exist, or be opened with `dtype` and `rowShape`.
   */
  readonly raw: true;
}

/** How {@link NpyAppendArray.appendFrom} is stopped. */
export interface AppendFromOptions {
  /** Stops between two inputs; what was appended before stays. */
  readonly signal?: AbortSignal | undefined;
  /** `true`: see {@link RawAppendOptions}. Default `false`. */
  readonly raw?: false | undefined;
}

/** The same for bytes of rows. */
export interface RawAppendOptions extends Omit<AppendFromOptions, "raw"> {
  /** What is iterated is bytes of whole rows: see {@link RawWritableOptions}. */
  readonly raw: true;
}

/** Which rows of a reader {@link NpyAppendArray.appendFrom} appends, and how it is stopped. */
export interface AppendRowsOptions extends Omit<AppendFromOptions, "raw"> {
  /** The first row, along the axis that the file grows along. Negative ones count from the end. Default 0. */
  readonly start?: number | undefined;
  /** The row after the last one. Default: all that the reader sees. */
  readonly stop?: number | undefined;
}

const HIGH_WATER_MARK = 16;

const inputs = optional<number>("a whole number of inputs, 1 or more", isPositive);

/** The checks of {@link WritableOptions}. */
export const WRITABLE_OPTIONS: { readonly highWaterMark: Check<number>; readonly raw: Check<boolean> } = {
  highWaterMark: (value, name) => inputs(value, name) ?? HIGH_WATER_MARK,
  raw: flag(false),
};

/** The stream of {@link NpyReader.readable}. It reads no chunk ahead. `end` is called when no more are read, and ends the read of one. */
export function readableOf<Chunk>(chunks: AsyncIterable<Chunk>, end: () => void): ReadableStream<Chunk> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const next = await iterator.next();
        if (next.done !== true) return controller.enqueue(next.value);
        end();
        controller.close();
      },
      async cancel() {
        end();
        await iterator.return?.();
      },
    },
    new CountQueuingStrategy({ highWaterMark: 0 }),
  );
}

/** The stream of {@link NpyAppendArray.writable}. */
export function writableOf(
  write: (input: unknown) => Promise<void>,
  close: () => Promise<void>,
  highWaterMark: number,
): WritableStream<unknown> {
  const stream = new WritableStream<unknown>({ write, close }, new CountQueuingStrategy({ highWaterMark }));
  // The first thing that the pipe() of Node's streams calls.
  return Object.defineProperty(stream, "on", { value: refuseListener });
}

function refuseListener(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "writable() gives a stream of the web, and pipe() takes one of Node: await pipeline(source, npaa.writable()) from node:stream/promises, or " +
      "source.pipe(Writable.fromWeb(npaa.writable(), { objectMode: true })).",
  );
}

/** Queued rows, and when they are written. */
export interface Appended {
  readonly rows: number;
  readonly done: Promise<void>;
}

/** Appends several inputs as one. */
export function appendEach<Input>(inputs: readonly Input[], append: (input: Input) => Appended): Appended {
  const appended: Appended[] = [];
  try {
    for (const input of inputs) appended.push(append(input));
  } catch (error) {
    // The caller gets this error, not one of an earlier input.
    for (const { done } of appended) done.catch(() => undefined);
    throw error;
  }
  const rows = appended.reduce((sum, part) => sum + part.rows, 0);
  return { rows, done: Promise.all(appended.map(({ done }) => done)).then(() => undefined) };
}

/**
 * Appends all inputs of `source` and calls `finish`. The next input is asked for while the last one is being written.
 *
 * @returns the number of rows appended.
 */
export async function appendAll<Input>(
  source: AsyncIterable<Input> | Iterable<Input>,
  signal: AbortSignal | undefined,
  append: (input: Input) => Appended,
  finish: () => void,
): Promise<number> {
  signal?.throwIfAborted();
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const aborted = abortion(signal);
  let total = 0;
  let last: Promise<void> | undefined;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      await last;
      last = undefined;
      signal?.throwIfAborted();
      if (next.done === true) {
        finish();
        return total;
      }
      const { rows, done } = append(next.value);
      total += rows;
      last = done;
    }
  } catch (error) {
    await last?.catch(() => undefined);
    // The caller must get the error even if the source hangs.
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
    throw error;
  } finally {
    aborted.forget();
  }
}

/** A promise that rejects when `signal` is aborted, until it is forgotten. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget(): void } {
  let forget = (): void => undefined;
  const promise = new Promise<never>((_, reject) => {
    if (signal !== undefined) forget = onAbort(signal, () => reject(signal.reason));
  });
  promise.catch(() => undefined);
  return { promise, forget };
}
