/** Arrays as WHATWG streams, and appending from iterables. */

import { type Check, flag, isPositive, oneOf, optional, optionError } from "../options.ts";
import { onAbort } from "../storage/signals.ts";
import type { RowAppender } from "./each-row.ts";

/** How {@link NpyAppendArray.writable} holds back its producers. */
export interface WritableOptions {
  /**
   * Inputs that may wait to be written before a producer is asked to pause.
   *
   * @defaultValue `16`
   * @example highWaterMark: 64
   */
  readonly highWaterMark?: number;
  /**
   * Whether chunks are bytes of whole rows: see {@link RawWritableOptions}.
   *
   * @defaultValue `false`
   * @example raw: false
   */
  readonly raw?: false | undefined;
  /**
   * Whether each chunk is an array of rows, or with `"row"` a single row: see {@link RowWritableOptions}.
   *
   * @defaultValue `"array"`
   * @example each: "array"
   */
  readonly each?: "array" | undefined;
}

/** How {@link NpyAppendArray.writable} takes single rows. */
export interface RowWritableOptions extends Omit<WritableOptions, "each"> {
  /**
   * Each chunk is one row: a number, a string, a list, a typed array, a record.
   *
   * Rows are checked and copied as they come, and written together: 256 KiB at a time, or those that are there when the event loop turns. The rows
   * are in the file when the stream is closed; what fails before makes it fail.
   *
   * @example each: "row"
   */
  readonly each: "row";
}

/** How {@link NpyAppendArray.writable} takes bytes of rows. */
export interface RawWritableOptions extends Omit<WritableOptions, "raw" | "each"> {
  /**
   * Chunks are bytes of whole rows, as the file holds them: of its dtype, byte order and order.
   *
   * Chunks may break anywhere; rows are appended as they become complete. The file must exist, or be opened with `dtype` and `rowShape`.
   *
   * @example raw: true
   */
  readonly raw: true;
}

/** How {@link NpyAppendArray.appendFrom} is stopped. */
export interface AppendFromOptions {
  /**
   * Stops between two inputs; what was appended before stays.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether what is iterated is bytes of whole rows: see {@link RawAppendOptions}.
   *
   * @defaultValue `false`
   * @example raw: false
   */
  readonly raw?: false | undefined;
  /**
   * Whether each input is an array of rows, or with `"row"` a single row: see {@link RowAppendOptions}.
   *
   * @defaultValue `"array"`
   * @example each: "array"
   */
  readonly each?: "array" | undefined;
}

/** How {@link NpyAppendArray.appendFrom} takes single rows. */
export interface RowAppendOptions extends Omit<AppendFromOptions, "each"> {
  /**
   * What is iterated is single rows: see {@link RowWritableOptions}.
   *
   * @example each: "row"
   */
  readonly each: "row";
}

/** How {@link NpyAppendArray.appendFrom} takes bytes of rows. */
export interface RawAppendOptions extends Omit<AppendFromOptions, "raw" | "each"> {
  /**
   * What is iterated is bytes of whole rows: see {@link RawWritableOptions}.
   *
   * @example raw: true
   */
  readonly raw: true;
}

/** Which rows of a reader {@link NpyAppendArray.appendFrom} appends, and how it is stopped. */
export interface AppendRowsOptions extends Omit<AppendFromOptions, "raw" | "each"> {
  /**
   * The first row, along the axis that the file grows along. Negative ones count from the end.
   *
   * @defaultValue `0`
   * @example start: -1000
   */
  readonly start?: number | undefined;
  /**
   * The row after the last one.
   *
   * @defaultValue all that the reader sees
   * @example stop: 1000
   */
  readonly stop?: number | undefined;
}

const HIGH_WATER_MARK = 16;

/** What is iterated: arrays of rows, or single rows. */
export type Each = "array" | "row";

export const eachOf: Check<Each> = oneOf<Each>(["array", "row"], "array");

const inputs = optional<number>("a whole number of inputs, 1 or more", isPositive);

/** The checks of {@link WritableOptions}. */
export const WRITABLE_OPTIONS: {
  readonly highWaterMark: Check<number>;
  readonly raw: Check<boolean>;
  readonly each: Check<Each>;
} = {
  highWaterMark: (value, name) => inputs(value, name) ?? HIGH_WATER_MARK,
  raw: flag(false),
  each: eachOf,
};

/**
 * Refuses bytes as rows.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkEach<Options extends { readonly raw?: boolean; readonly each?: Each }>(options: Options): Options {
  if (!(options.raw && options.each === "row")) return options;
  throw optionError('raw: true cuts bytes into rows, wherever chunks break: leave each: "row" out');
}

/** What a stream of rows is written to. */
interface Sink {
  start?(controller: WritableStreamDefaultController): void;
  write(input: unknown): Promise<void> | undefined;
  close(): Promise<void>;
  abort?(): Promise<void>;
}

/** The stream of {@link NpyAppendArray.writable}. */
export function writableOf(sink: Sink, strategy: QueuingStrategy<unknown>): WritableStream<unknown> {
  const stream = new WritableStream<unknown>(sink, strategy);
  // The first thing that the pipe() of Node's streams calls.
  return Object.defineProperty(stream, "on", { value: refuseListener });
}

function refuseListener(): never {
  throw optionError(
    "writable() gives a stream of the web, and pipe() takes one of Node: await pipeline(source, npaa.writable()) from node:stream/promises, or " +
      "source.pipe(Writable.fromWeb(npaa.writable(), { objectMode: true }))",
  );
}

/** A stream to which rows are written one by one. `updateHeader` is called at its end. */
export function writableOfRows(
  appender: RowAppender,
  updateHeader: () => Promise<void>,
  strategy: QueuingStrategy<unknown>,
): WritableStream<unknown> {
  return writableOf(
    {
      start(controller) {
        appender.onFailure = (error) => controller.error(error);
      },
      write: (row) => appender.add(row),
      async close() {
        await appender.finish();
        await updateHeader();
      },
      abort: () => appender.finish(),
    },
    strategy,
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
  const iterator = iteratorOf(source);
  const interruption = new Interruption(signal);
  let total = 0;
  let last: Promise<void> | undefined;
  try {
    for (;;) {
      const next = await interruption.wait(iterator.next());
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
    leave(iterator);
    throw error;
  } finally {
    interruption.forget();
  }
}

/**
 * Appends all rows of `source`. Those that were taken from it before it fails, or before `signal` is aborted, are appended.
 *
 * @returns the number of rows appended.
 */
export async function appendRows(
  source: AsyncIterable<unknown> | Iterable<unknown>,
  signal: AbortSignal | undefined,
  appender: RowAppender,
): Promise<number> {
  signal?.throwIfAborted();
  const iterator = iteratorOf(source);
  const isAsync = Symbol.asyncIterator in source;
  const interruption = new Interruption(signal);
  appender.onFailure = (error) => interruption.interrupt(error);
  try {
    for (;;) {
      const asked = iterator.next();
      const next = isAsync ? await interruption.wait(asked) : (asked as IteratorResult<unknown>);
      signal?.throwIfAborted();
      if (next.done === true) break;
      const full = appender.add(next.value);
      if (full !== undefined) await full;
    }
    await appender.finish();
    return appender.rows;
  } catch (error) {
    leave(iterator);
    await appender.finish();
    throw error;
  } finally {
    interruption.forget();
  }
}

function iteratorOf<Input>(source: AsyncIterable<Input> | Iterable<Input>): AsyncIterator<Input> | Iterator<Input> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

/** Tells a source that no more is asked for. The caller must get its error even if the source hangs. */
function leave(iterator: AsyncIterator<unknown> | Iterator<unknown>): void {
  try {
    void Promise.resolve(iterator.return?.()).catch(() => undefined);
  } catch {
    // The caller gets the first error.
  }
}

/** Ends the wait for something if a signal is aborted, or something else fails. */
class Interruption {
  readonly forget: () => void;
  #reason: { readonly error: unknown } | undefined;
  /** One for each wait: a promise for all of them would remember each. */
  #reject: ((error: unknown) => void) | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.forget = signal === undefined ? () => undefined : onAbort(signal, () => this.interrupt(signal.reason));
  }

  interrupt(error: unknown): void {
    this.#reason ??= { error };
    this.#reject?.(error);
  }

  wait<Value>(pending: Value | PromiseLike<Value>): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      if (this.#reason !== undefined) return reject(this.#reason.error);
      this.#reject = reject;
      Promise.resolve(pending).then(resolve, reject);
    });
  }
}
