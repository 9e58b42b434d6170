/** Copies data from file to file. */
import { BLOCK, borrow, giveBack } from "../array/blocks.ts";
import { NpyError } from "../errors.ts";
import type { StorageFile } from "../storage/storage.ts";
import { type Plan, read, size, truncate, write } from "./step.ts";

/** How a long copy is watched and stopped. */
export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Copies what `source` holds from `from` on to `to` in `target`, where nothing is yet. Blocks of zeros are left out: holes stay holes. */
export function* copyData(source: StorageFile, from: number, target: StorageFile, to: number, options: CopyOptions): Plan<void> {
  const total = (yield* size(source)) - from;
  yield* copyBlocks(source, from, total, options, function* (block, done) {
    if (!isZero(block)) yield* write(target, block, to + done);
    else if (done + block.length === total) yield* truncate(target, to + total);
  });
}

/** Copies `length` bytes from `from` in `source` to `to` in `target`. */
export function* copyBytes(source: StorageFile, from: number, length: number, target: StorageFile, to: number): Plan<void> {
  yield* copyBlocks(source, from, length, {}, (block, done) => write(target, block, to + done));
}

function* copyBlocks(
  source: StorageFile,
  from: number,
  total: number,
  { signal, onProgress }: CopyOptions,
  put: (block: Uint8Array, done: number) => Plan<void>,
): Plan<void> {
  const block = borrow(Math.min(BLOCK, total));
  try {
    for (let done = 0; done < total; ) {
      signal?.throwIfAborted();
      const count = yield* read(source, block.subarray(0, Math.min(block.length, total - done)), from + done);
      if (count === 0) throw shrank();
      yield* put(block.subarray(0, count), done);
      done += count;
      onProgress?.(done, total);
    }
  } finally {
    giveBack(block);
  }
}

/** A word at a time: so it takes no longer than to write zeros. Nearly every block that holds others says so at its beginning. */
function isZero(block: Uint8Array): boolean {
  const words = new Uint32Array(block.buffer, block.byteOffset, block.length >> 2);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return block.subarray(4 * words.length).every((byte) => byte === 0);
}

/** Reads as many bytes as `buffer` holds. */
export function* readWhole(file: StorageFile, buffer: Uint8Array, position: number): Plan<void> {
  if ((yield* read(file, buffer, position)) !== buffer.length) throw shrank();
}

function shrank(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file became shorter while it was being copied: another program writes to it.");
}
