/** Steps at which a procedure can be interrupted, and what a file holds then. */
import { loadSync, MemoryStorage, needsRecoverySync, recoverSync } from "../../src/index.ts";
import type { RecordedStep } from "./faulty-storage.ts";

/** A step that is interrupted, and how many of its bytes are in the file then. */
export interface Interruption {
  readonly at: number;
  readonly after: number;
  readonly context: string;
}

/** All interruptions of these steps. */
export function interruptions(steps: readonly RecordedStep[], headersAreTorn: boolean): Interruption[] {
  return steps.flatMap(({ op, bytes, position }, at) => {
    const length = op === "insert" ? 1 : (bytes?.length ?? 0);
    const tears = length === 0 ? [0] : position === 0 && !headersAreTorn ? [0, length] : [0, 1, length >> 1, length - 1, length];
    return [...new Set(tears)].map((after) => ({ at, after, context: `step ${at} (${op}) interrupted after ${after} bytes` }));
  });
}

/** All rows of a file, recovered if it needs to be; an absent or empty file has none. */
export function recovered(bytes: Uint8Array | undefined): Int16Array {
  if (bytes === undefined || bytes.length === 0) return new Int16Array(0);
  const copy = new MemoryStorage(bytes);
  if (needsRecoverySync(copy)) recoverSync(copy);
  return loadSync(copy, { dtype: "int16" }).data;
}

/** The rows that a reader gets. */
export function readable(bytes: Uint8Array | undefined): Int16Array {
  if (bytes === undefined || bytes.length === 0) return new Int16Array(0);
  return loadSync(new MemoryStorage(bytes), { dtype: "int16" }).data;
}

export function startsWith(all: Int16Array, part: Int16Array): boolean {
  const bytes = (array: Int16Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, part.byteLength);
  return part.length <= all.length && Buffer.compare(bytes(all), bytes(part)) === 0;
}

export function equal(a: Int16Array, b: Int16Array): boolean {
  return a.length === b.length && startsWith(a, b);
}

/** Whether a file holds what it held before a call that was interrupted, or after it, or the first of the rows that it adds. */
export function isBetween(held: Int16Array, before: Int16Array, after: Int16Array): boolean {
  return equal(held, before) || equal(held, after) || (startsWith(held, before) && startsWith(after, held));
}
