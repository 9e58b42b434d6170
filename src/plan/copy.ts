/** Copies data from file to file. */
import { NpyError } from "../errors.ts";
import type { StorageFile } from "../storage/storage.ts";
import { type Plan, read, size, write } from "./step.ts";

/** Bytes that are copied at a time. */
const BLOCK = 2 ** 20;

/** How a long copy is watched and stopped. */
export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Copies what `source` holds from `from` on to `to` in `target`. */
export function* copyData(
  source: StorageFile,
  from: number,
  target: StorageFile,
  to: number,
  { signal, onProgress }: CopyOptions,
): Plan<void> {
  const total = (yield* size(source)) - from;
  const block = new Uint8Array(Math.min(BLOCK, total));
  for (let done = 0; done < total; ) {
    signal?.throwIfAborted();
    const count = yield* read(source, block.subarray(0, Math.min(block.length, total - done)), from + done);
    if (count === 0) throw shrank();
    yield* write(target, block.subarray(0, count), to + done);
    done += count;
    onProgress?.(done, total);
  }
}

/** Reads as many bytes as `buffer` holds. */
export function* readWhole(file: StorageFile, buffer: Uint8Array, position: number): Plan<void> {
  if ((yield* read(file, buffer, position)) !== buffer.length) throw shrank();
}

function shrank(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file became shorter while it was being copied: another program writes to it.");
}
