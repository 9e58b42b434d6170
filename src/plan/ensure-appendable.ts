/** Gives a file a header that can grow: by copying it beside itself, or by moving its data within it. */
import { NpyError } from "../errors.ts";
import { formatHeader, isGrowable, type NpyHeader, zeroDimensional } from "../format/header.ts";
import type { Storage, StorageFile } from "../storage/storage.ts";
import { readHeader } from "./read-header.ts";
import {
  closing,
  createTemporary,
  discard,
  type Plan,
  quietly,
  read,
  replace,
  size,
  sync,
  truncate,
  withFile,
  write,
} from "./step.ts";

/** Bytes that are moved at a time. */
const BLOCK = 2 ** 20;

/** How a long copy is watched and stopped. */
export interface CopyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Whether rows can be appended to a file with this header, whatever their number. */
export function isAppendableHeader(header: NpyHeader): boolean {
  return header.shape.length > 0 && isGrowable(header);
}

/** The header that NumPy would write for the same array today, which has room to grow; always longer than the old one. */
function roomyHeader({ dtype, fortranOrder, shape, version, headerLength }: NpyHeader): Uint8Array {
  if (shape.length === 0) throw zeroDimensional();
  const header = formatHeader({ dtype, fortranOrder, shape });
  // A needlessly new version has a longer prefix, and could hide that there is no room.
  return header.length > headerLength ? header : formatHeader({ dtype, fortranOrder, shape, version });
}

/**
 * Copies the file beside itself with a new header, and puts the copy in its place: readers see the old or the new one, whole. The copy
 * is removed if anything fails.
 */
export function* rewriteByCopy(storage: Storage, maxHeaderSize: number | undefined, options: CopyOptions): Plan<void> {
  let copy = undefined as StorageFile | undefined;
  try {
    yield* withFile(storage, "r+", function* (source) {
      const header = yield* readHeader(source, maxHeaderSize);
      if (isAppendableHeader(header)) return;
      const start = roomyHeader(header);
      options.signal?.throwIfAborted();
      copy = yield* createTemporary(storage);
      yield* write(copy, start, 0);
      yield* copyData(source, header.headerLength, copy, start.length, options);
      yield* sync(copy);
    });
    if (copy === undefined) return;
    // Not before the source is closed: Windows refuses to replace a file that is open.
    yield* replace(storage, copy);
  } catch (error) {
    if (copy !== undefined) yield* discard(storage, copy);
    throw error;
  }
  const inPlace = copy;
  yield* closing(inPlace, () => sync(inPlace));
}

function* copyData(
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

function shrank(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file became shorter while it was being copied: another program writes to it.");
}

/**
 * Moves the data towards the end of the file and writes a longer header. It needs no second file, but a process that is killed
 * in the middle leaves a file that is neither the old nor the new one. `signal` is heeded only before the first byte is moved.
 */
export function* rewriteInPlace(storage: Storage, maxHeaderSize: number | undefined, options: CopyOptions): Plan<void> {
  yield* withFile(storage, "r+", function* (file) {
    const header = yield* readHeader(file, maxHeaderSize);
    if (isAppendableHeader(header)) return;
    const start = roomyHeader(header);
    const { headerLength } = header;
    options.signal?.throwIfAborted();
    yield* shiftData(file, headerLength, start.length - headerLength, options);
    yield* write(file, start, 0);
    yield* sync(file);
  });
}

/** Moves everything from `from` on by `distance` bytes, the last block first, so that nothing is overwritten before it is moved. */
function* shiftData(file: StorageFile, from: number, distance: number, { onProgress }: CopyOptions): Plan<void> {
  const end = yield* size(file);
  const total = end - from;
  const block = new Uint8Array(Math.max(BLOCK, distance));
  // The first block is as long as the distance: it lies wholly behind the old end, where a full disk would show before anything
  // was overwritten.
  let length = Math.min(distance, total);
  for (let position = end; position > from; ) {
    position -= length;
    const part = block.subarray(0, length);
    if ((yield* read(file, part, position)) !== length) throw shrank();
    try {
      yield* write(file, part, position + distance);
    } catch (error) {
      if (position + length === end) yield* quietly(truncate(file, end));
      throw error;
    }
    onProgress?.(end - position, total);
    length = Math.min(BLOCK, position - from);
  }
}
