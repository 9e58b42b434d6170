/**
 * Copies bytes from file to file in the system, in another thread, without passing them through this process: copy_file_range(2) of Linux,
 * through koffi. Returns 0 in every unusual case, which the caller handles by reading and writing.
 */
import type { Eventually } from "../storage.ts";
import { fromCLibrary, HAS_LONG_POSITIONS } from "./c-library.ts";
import { IS_NODE } from "./uninterrupted.ts";

/** koffi calls functions in other threads in Node only. */
const IS_POSSIBLE = process.platform === "linux" && HAS_LONG_POSITIONS && IS_NODE;

/** A call in another thread takes as long as copying some hundred kB. */
const MIN_COPY = 2 ** 20;

/** The most that one call copies, in some milliseconds: a copy can be aborted between two calls. */
const MAX_COPY = 2 ** 25;

const copyFileRange = fromCLibrary((library) =>
  library.asyncCountFunc(
    "int64_t copy_file_range(int from, void *fromPosition, int to, void *toPosition, size_t length, unsigned int flags)",
  ),
);

/** Copies up to `length` bytes. Returns how many were copied: 0 also at the end of the source. */
export function copyRange(from: number, start: number, to: number, position: number, length: number): Eventually<number> {
  if (!IS_POSSIBLE || length < MIN_COPY) return 0;
  const call = copyFileRange();
  if (call === undefined) return 0;
  const [read, written] = [start, position].map((at) => new Uint8Array(BigInt64Array.of(BigInt(at)).buffer)) as [
    Uint8Array,
    Uint8Array,
  ];
  return call(from, read, to, written, Math.min(length, MAX_COPY), 0).then((count) => Math.max(0, count));
}
