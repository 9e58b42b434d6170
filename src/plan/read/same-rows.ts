/** Tells whether a file still begins with the rows that a reader counted, or another array took their place. */

import type { NpyHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import { BLOCK, borrow, giveBack } from "../../memory/blocks.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, read } from "../step.ts";
import { FIRST_READ } from "./header.ts";

/** How many bytes are remembered of either end of the data. */
const LENGTH = 64;

/** Some bytes of the data, by which another array is told that was written over the same file. */
export interface Sample {
  readonly first: Uint8Array;
  /** `undefined` if it was not read: see {@link sampleOf}. */
  readonly last: Uint8Array | undefined;
}

/**
 * The sample of a file's data, `dataLength` bytes of which are counted: two small reads. Of a file behind a URL each of them would be a
 * request: with `isCheap` only what came with the header is taken.
 */
export function* sampleOf(file: StorageFile, header: NpyHeader, isCheap: boolean = file.isSnapshot ?? false): Plan<Sample> {
  const { headerLength } = header;
  const length = dataLength(header);
  const isKnown = headerLength + LENGTH <= FIRST_READ;
  if (isCheap) return { first: isKnown ? yield* bytesAt(file, headerLength, 0, length) : new Uint8Array(0), last: undefined };
  return {
    first: yield* bytesAt(file, headerLength, 0, length),
    last: yield* bytesAt(file, headerLength, Math.max(0, length - LENGTH), length),
  };
}

/** Up to {@link LENGTH} bytes of the data, which begin at `start` in the file; fewer if the file or the data end. */
function* bytesAt(file: StorageFile, start: number, from: number, end: number): Plan<Uint8Array> {
  const bytes = new Uint8Array(Math.min(LENGTH, end - from));
  return bytes.length === 0 ? bytes : bytes.subarray(0, yield* read(file, bytes, start + from));
}

/** Whether the data that begin at `start` in a file, of which `length` bytes were counted, have that sample. */
export function* hasSample(file: StorageFile, start: number, length: number, { first, last }: Sample): Plan<boolean> {
  if (first.length > 0 && !isEqual(yield* bytesAt(file, start, 0, first.length), first)) return false;
  if (last === undefined || last.length === 0) return true;
  return isEqual(yield* bytesAt(file, start, length - last.length, length), last);
}

/** Whether two files have the same `length` bytes, from `start` and `otherStart` on. */
export function* hasSameBytes(
  file: StorageFile,
  start: number,
  other: StorageFile,
  otherStart: number,
  length: number,
  signal: AbortSignal | undefined,
): Plan<boolean> {
  const [block, otherBlock] = [borrow(Math.min(BLOCK, length)), borrow(Math.min(BLOCK, length))];
  try {
    for (let done = 0; done < length; done += BLOCK) {
      signal?.throwIfAborted();
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

/** A word at a time, as both begin where words do. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  const count = a.length >> 2;
  const [words, others] = [a, b].map(({ buffer, byteOffset }) => new Int32Array(buffer, byteOffset, count)) as [
    Int32Array,
    Int32Array,
  ];
  for (let i = 0; i < count; i++) if (words[i] !== others[i]) return false;
  for (let i = 4 * count; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
