/** Reads that are under way before they are asked for. */
import { Lifetime } from "../storage/signals.ts";

/**
 * What `read` gives for each of the bounds, in their order. Up to `most` reads are under way at the same time, one of which is being waited for. If the
 * iteration ends early, or a read fails, the others are ended.
 */
export async function* readAhead<Result>(
  bounds: Iterable<[start: number, stop: number]>,
  read: (start: number, stop: number, signal: AbortSignal | undefined) => Promise<Result>,
  most: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, void> {
  if (most === 1) {
    for (const [start, stop] of bounds) yield await read(start, stop, signal);
    return;
  }
  const lifetime = new Lifetime();
  lifetime.follow(signal);
  const reading: Promise<Result>[] = [];
  try {
    for (const [start, stop] of bounds) {
      const next = read(start, stop, lifetime.signal);
      // Its error is thrown where it is waited for.
      next.catch(() => undefined);
      reading.push(next);
      if (reading.length === most) yield await (reading.shift() as Promise<Result>);
    }
    for (const next of reading) yield await next;
  } finally {
    lifetime.end();
    await Promise.allSettled(reading);
  }
}
