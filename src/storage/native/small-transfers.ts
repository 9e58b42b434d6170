/**
 * Reads and writes of a few bytes: pread(2) and pwrite(2), through koffi. Node's functions make the same calls, but their overhead is as long as the
 * system takes for a row.
 */
import { fromCLibrary, HAS_LONG_POSITIONS, isCLibraryLoaded } from "./c-library.ts";
import { IS_NODE } from "./uninterrupted.ts";

/** Returns the number of bytes that one call transferred, or -1: the caller goes on with Node's functions, which report errors better. */
type Transfer = (fd: number, bytes: Uint8Array, length: number, position: number) => number;

interface SmallTransfers {
  readonly pread: Transfer;
  readonly pwrite: Transfer;
}

const calls = fromCLibrary<SmallTransfers>((library) => ({
  pread: library.countFunc("int64_t pread(int fd, void *bytes, size_t length, int64_t position)"),
  pwrite: library.countFunc("int64_t pwrite(int fd, const void *bytes, size_t length, int64_t position)"),
}));

/** Bun and Deno call C functions more slowly than their own. */
const IS_FASTER = HAS_LONG_POSITIONS && IS_NODE;

let known: SmallTransfers | undefined;

/** `undefined` until a lock or a mapping has loaded koffi: loading takes as long as some 20,000 appends gain. */
export function smallTransfers(): SmallTransfers | undefined {
  known ??= IS_FASTER && isCLibraryLoaded() ? calls() : undefined;
  return known;
}
