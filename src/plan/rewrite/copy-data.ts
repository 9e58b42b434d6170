/** Copies data from file to file. */
import { NpyError } from "../../errors.ts";
import { BLOCK, DoubleBuffer } from "../../memory/blocks.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { copyRange, finishWrite, type Plan, read, type StartedWrite, size, startWrite, truncate } from "../step.ts";

/** How to watch and stop a long copy. */
export interface CopyOptions {
  /**
   * Stops copying, with its reason. The file stays as it was.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called with the bytes that are copied, and with all there are.
   *
   * @defaultValue none
   * @example onProgress: (done, total) => console.log(done / total)
   */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Copies everything from `from` in `source` to `to`, the end of `target`. Skips blocks of zeros, so holes stay holes. */
export function* copyData(source: StorageFile, from: number, target: StorageFile, to: number, options: CopyOptions): Plan<void> {
  const total = (yield* size(source)) - from;
  yield* copyBlocks(source, from, total, options, function* (block, done) {
    if (!isZero(block)) return yield* startWrite(target, block, to + done);
    if (done + block.length === total) yield* truncate(target, to + total);
    return undefined;
  });
}

/** Copies `length` bytes from `from` in `source` to `to` in `target`. The system copies as much as it can by itself. */
export function* copyBytes(source: StorageFile, from: number, length: number, target: StorageFile, to: number): Plan<void> {
  let copied = 0;
  let count: number;
  do {
    count = yield* copyRange(source, from + copied, target, to + copied, length - copied);
    copied += count;
  } while (count > 0);
  yield* copyBlocks(source, from + copied, length - copied, {}, (block, done) => startWrite(target, block, to + copied + done));
}

/** Where steps are asynchronous, reads the next block while the last one is being written. */
function* copyBlocks(
  source: StorageFile,
  from: number,
  total: number,
  { signal, onProgress }: CopyOptions,
  put: (block: Uint8Array, done: number) => Plan<StartedWrite | undefined>,
): Plan<void> {
  const buffer = new DoubleBuffer(Math.min(BLOCK, total));
  let started: StartedWrite | undefined;
  try {
    for (let done = 0; done < total; ) {
      signal?.throwIfAborted();
      const block = buffer.take(Math.min(BLOCK, total - done));
      const count = yield* read(source, block, from + done);
      if (count === 0) throw shrank();
      if (started !== undefined) yield* finishWrite(started);
      if (done > 0) onProgress?.(done, total);
      started = yield* put(block.subarray(0, count), done);
      buffer.isBusy(started?.pending !== undefined);
      done += count;
    }
    if (started !== undefined) yield* finishWrite(started);
    buffer.isBusy(false);
    if (total > 0) onProgress?.(total, total);
  } catch (error) {
    // Wait for the pending write before the caller cleans up. If it fails as well, its error came first and is thrown instead.
    if (started !== undefined) yield* finishWrite(started);
    throw error;
  } finally {
    buffer.giveBack();
  }
}

/** Compares a word at a time, which is no slower than writing zeros. Nearly every other block fails within its first words. */
function isZero(block: Uint8Array): boolean {
  const words = new Uint32Array(block.buffer, block.byteOffset, block.length >> 2);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return block.subarray(4 * words.length).every((byte) => byte === 0);
}

/** Fills `buffer` from `position` on. */
export function* readExactly(file: StorageFile, buffer: Uint8Array, position: number): Plan<void> {
  if ((yield* read(file, buffer, position)) !== buffer.length) throw shrank();
}

function shrank(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file became shorter while it was being copied: another program writes to it.");
}
