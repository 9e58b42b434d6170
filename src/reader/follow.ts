/** Rows as they are appended. */
import { onAbort } from "../storage/signals.ts";

/** Milliseconds between looks at the file: notifications may be lost, or not exist at all. */
const POLL = 100;

/** After so many notifications in a row that brought nothing new, timers get their turn first. */
const PATIENCE = 3;

/** What {@link followRows} needs of a reader. */
interface Followed<Part> {
  readonly length: number;
  refresh(): Promise<void>;
  read(start: number, stop: number, options: { readonly signal: AbortSignal | undefined }): Promise<Part>;
}

export interface Following {
  readonly from: number;
  readonly rows: number;
  /** Ends it, and reads under way. */
  readonly lifetime: AbortSignal;
  /** Does the same. Not combined by `AbortSignal.any`: on Node 20 a timeout signal in it may be garbage-collected. */
  readonly signal: AbortSignal | undefined;
  /** Calls back when the file may have changed. Returns a function that stops it, or `undefined` where files cannot be watched. */
  watch(onChange: () => void): (() => void) | undefined;
}

/** `chunkOf` makes a chunk of rows and the number of the first of them. */
export async function* followRows<Part, Chunk>(
  reader: Followed<Part>,
  following: Following,
  chunkOf: (rows: Part, start: number) => Chunk,
): AsyncGenerator<Chunk, void, void> {
  const { from, rows, lifetime, signal } = following;
  const isStopped = (): boolean => lifetime.aborted || signal?.aborted === true;
  let notifications = 0;
  for (let next = from; !isStopped(); ) {
    while (next < reader.length && !isStopped()) {
      const end = Math.min(reader.length, next + rows);
      const chunk = await unlessStopped(signal, reader.read(next, end, { signal }));
      if (chunk === undefined) return;
      const start = next;
      next = end;
      notifications = 0;
      yield chunkOf(chunk, start);
    }
    if (notifications > PATIENCE) await new Promise((resolve) => setTimeout(resolve));
    // Watch first, then look: an append in between wakes us.
    const change = changeOf(following);
    try {
      if (!isStopped()) await Promise.race([reader.refresh(), change.stopped]);
      if (next >= reader.length) notifications = (await change.isNotified) ? notifications + 1 : 0;
    } finally {
      change.forget();
    }
  }
}

/** What is read; `undefined` if `signal` ended that. */
async function unlessStopped<Result>(signal: AbortSignal | undefined, reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

interface Change {
  /** Resolves with `true` when the file may have changed, with `false` after `POLL` or when it is stopped. */
  readonly isNotified: Promise<boolean>;
  readonly stopped: Promise<void>;
  forget(): void;
}

function changeOf({ watch, lifetime, signal }: Following): Change {
  let wake = (_isNotified: boolean): void => undefined;
  const isNotified = new Promise<boolean>((resolve) => {
    wake = resolve;
  });
  const forgetWatch = watch(() => wake(true));
  const timer = setTimeout(wake, POLL, false);
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = () => {
      resolve();
      wake(false);
    };
  });
  const forgetSignals = [lifetime, signal].map((one) => one && onAbort(one, stop));
  const forget = (): void => {
    forgetWatch?.();
    clearTimeout(timer);
    for (const forgetSignal of forgetSignals) forgetSignal?.();
  };
  return { isNotified, stopped, forget };
}
