/** Detects whether a file still begins with the rows a reader has counted, or holds another array now. */
import type { NpyHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import { BLOCK, borrow, giveBack } from "../../memory/blocks.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, read } from "../step.ts";
import { FIRST_READ } from "./header.ts";

/** Bytes remembered from each end of the data. */
const LENGTH = 64;

/** The first and last bytes of the counted data. They change if another array is written over the same file. */
export interface Sample {
  readonly first: Uint8Array;
  /** `undefined` if it was not read: see {@link sampleOf}. */
  readonly last: Uint8Array | undefined;
}

/**
 * Samples a file's data with two small reads. For a URL each read would be a request, so `isCheap` takes only what the read of the header
 * brought along.
 */
export function* sampleOf(file: StorageFile, header: NpyHeader, isCheap: boolean = file.isSnapshot ?? false): Plan<Sample> {
  const { headerLength } = header;
  const length = dataLength(header);
  const isInFirstRead = headerLength + LENGTH <= FIRST_READ;
  const first = isCheap && !isInFirstRead ? new Uint8Array(0) : yield* bytesAt(file, headerLength, 0, length);
  const last = isCheap ? undefined : yield* bytesAt(file, headerLength, Math.max(0, length - LENGTH), length);
  return { first, last };
}

/** Up to {@link LENGTH} bytes from `from` in the data, which begin at `dataStart`. Fewer if the file or the data end sooner. */
function* bytesAt(file: StorageFile, dataStart: number, from: number, end: number): Plan<Uint8Array> {
  const bytes = new Uint8Array(Math.min(LENGTH, end - from));
  return bytes.length === 0 ? bytes : bytes.subarray(0, yield* read(file, bytes, dataStart + from));
}

/** Whether the first `length` bytes of the data, which begin at `dataStart`, match a sample. */
export function* hasSample(file: StorageFile, dataStart: number, length: number, { first, last }: Sample): Plan<boolean> {
  if (first.length > 0 && !isEqual(yield* bytesAt(file, dataStart, 0, first.length), first)) return false;
  if (last === undefined || last.length === 0) return true;
  return isEqual(yield* bytesAt(file, dataStart, length - last.length, length), last);
}

/** Whether two files hold the same `length` bytes, from `start` and `otherStart` on. */
export function* hasSameBytes(
  file: StorageFile,
  start: number,
  other: StorageFile,
  otherStart: number,
  length: number,
): Plan<boolean> {
  const [block, otherBlock] = [borrow(Math.min(BLOCK, length)), borrow(Math.min(BLOCK, length))];
  try {
    for (let done = 0; done < length; done += BLOCK) {
      const size = Math.min(BLOCK, length - done);
      const [bytes, otherBytes] = [block.subarray(0, size), otherBlock.subarray(0, size)];
      if ((yield* read(file, bytes, start + done)) < size) return false;
      if ((yield* read(other, otherBytes, otherStart + done)) < size) return false;
      if (!isEqual(bytes, otherBytes)) return false;
    }
    return true;
  } finally {
    giveBack(block);
    giveBack(otherBlock);
  }
}

/** Compares a word at a time; both arrays must be aligned to words. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const count = a.length >> 2;
  const words = new Int32Array(a.buffer, a.byteOffset, count);
  const others = new Int32Array(b.buffer, b.byteOffset, count);
  for (let i = 0; i < count; i++) if (words[i] !== others[i]) return false;
  for (let i = 4 * count; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
