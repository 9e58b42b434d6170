/** Rows as they are appended. */
import type { NpyArray } from "./decode/npy-array.ts";
import type { DTypeLike } from "./format/dtype.ts";

/** Milliseconds between looks at the file: notifications may be lost, or not exist at all. */
const POLL = 100;

/** What {@link followRows} needs of a reader. */
interface Followed<D extends DTypeLike> {
  readonly length: number;
  refresh(): Promise<void>;
  read(start: number, stop: number): Promise<NpyArray<D>>;
}

interface Following {
  readonly from: number;
  readonly rows: number;
  /**
   * Any of them ends it. Not combined by `AbortSignal.any`: on Node 20 a timeout signal in it may be garbage-collected.
   */
  readonly stops: readonly AbortSignal[];
  /** Calls back when the file may have changed. Returns a function that stops it, or `undefined` where files cannot be watched. */
  watch(onChange: () => void): (() => void) | undefined;
}

export async function* followRows<D extends DTypeLike>(
  reader: Followed<D>,
  { from, rows, stops, watch }: Following,
): AsyncGenerator<NpyArray<D>, void, void> {
  const isStopped = (): boolean => stops.some(({ aborted }) => aborted);
  for (let next = from; !isStopped(); ) {
    while (next < reader.length && !isStopped()) {
      const end = Math.min(reader.length, next + rows);
      const chunk = await reader.read(next, end);
      next = end;
      yield chunk;
    }
    // Watch first, then look: an append in between wakes us.
    const change = changeOf(watch, stops);
    try {
      if (!isStopped()) await reader.refresh();
      if (next >= reader.length) await change.promise;
    } finally {
      change.forget();
    }
  }
}

/** Resolves when the file may have changed, after `POLL`, or when a signal stops it. */
function changeOf(watch: Following["watch"], stops: Following["stops"]): { promise: Promise<void>; forget(): void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((wake) => {
    resolve = wake;
  });
  const forgetWatch = watch(resolve);
  const timer = setTimeout(resolve, POLL);
  for (const stop of stops) {
    stop.addEventListener("abort", resolve, { once: true });
    if (stop.aborted) resolve();
  }
  const forget = (): void => {
    forgetWatch?.();
    clearTimeout(timer);
    for (const stop of stops) stop.removeEventListener("abort", resolve);
  };
  return { promise, forget };
}
