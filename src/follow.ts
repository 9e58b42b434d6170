/** Rows as they are appended. */
import type { NpyArray } from "./decode/npy-array.ts";
import type { DTypeLike } from "./format/dtype.ts";

/** Notifications may be lost, or not exist at all: the file is looked at this often anyway. In milliseconds. */
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
   * Each of them ends it. They are not put together by `AbortSignal.any`: on Node 20 nothing would keep one with a timeout from being collected.
   */
  readonly stops: readonly AbortSignal[];
  /** Calls back when the file may have changed; gives what ends that, or nothing where it is not possible. */
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
    // Watched before it is looked at: what is appended in between wakes us.
    const change = changeOf(watch, stops);
    try {
      if (!isStopped()) await reader.refresh();
      if (next >= reader.length) await change.promise;
    } finally {
      change.forget();
    }
  }
}

/** Resolves when the file may have changed, after a while, or when it is time to stop. */
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
