/** Rows that passed every check, as the file holds them. */
import type { TypedArray } from "../input/array-input.ts";
import type { Blocks } from "../memory/blocks.ts";

/** Up to this many bytes are copied, so that the caller may reuse its memory; copying more costs more than it is worth. */
export const COPY_LIMIT: number = 2 ** 16;

/**
 * Rows that can be written. Up to {@link COPY_LIMIT} bytes may lie in memory that the next input overwrites; more are read from the caller's
 * memory, each time the blocks are read.
 */
export interface EncodedRows {
  readonly rows: number;
  readonly byteLength: number;
  readonly blocks: Blocks;
  /** All bytes, if they already are in memory as one block. */
  readonly onlyBlock?: Uint8Array | undefined;
  /** The caller's typed array, if it is small and its bytes are those of the rows. */
  readonly elements?: TypedArray;
}

export function oneBlock(bytes: Uint8Array, rows: number): EncodedRows {
  return { rows, byteLength: bytes.length, blocks: [bytes], onlyBlock: bytes };
}
