/** Bytes that stay as they are from one version of an object to the next: the store copies them. */
import type { Part, Upload } from "./object-store.ts";
import type { Cutting } from "./tail.ts";

/** From a byte of the object to another, which is not included. */
export type Range = readonly [start: number, end: number];

/** Long copies take long, and are made at the same time. */
const LENGTH = 2 ** 28;
const AT_ONCE = 4;

/** So many are enough for any object. */
const MOST = 1000;

/** The ranges that bytes `start` to `end` are copied in. Each is as long as the others, so that none is too short for a part. */
export function rangesToCopy(start: number, end: number, { size, isEqual }: Cutting): Range[] {
  const length = end - start;
  const count = isEqual ? length / size : Math.ceil(length / Math.max(LENGTH, length / MOST));
  const at = (i: number): number => start + Math.floor((length * i) / count);
  return Array.from({ length: count }, (_, i) => [at(i), at(i + 1)]);
}

/** Copies ranges into the parts 2, 3 and so on. Every request has ended when it returns, or throws the first error. */
export async function copyRanges(
  upload: Upload,
  ranges: readonly Range[],
  from: { readonly key: string; readonly etag: string },
): Promise<Part[]> {
  const parts: Part[] = [];
  let next = 0;
  const copyOn = async (): Promise<void> => {
    while (next < ranges.length) {
      const i = next++;
      const [start, end] = ranges[i] as Range;
      try {
        parts.push(await upload.copy(2 + i, from, start, end));
      } catch (error) {
        next = ranges.length;
        throw error;
      }
    }
  };
  for (const result of await Promise.allSettled(Array.from({ length: AT_ONCE }, copyOn))) {
    if (result.status === "rejected") throw result.reason;
  }
  return parts;
}
