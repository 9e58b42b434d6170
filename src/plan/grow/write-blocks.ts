/** Writes rows to the file, block by block. */
import { NpyError } from "../../errors.ts";
import { type Blocks, checkThere, isThere, shrunk } from "../../memory/blocks.ts";
import { hasCode, type StorageFile } from "../../storage/storage.ts";
import { finishWrite, type Plan, quietly, type StartedWrite, startWrite, sync } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";

/** Writes rows from row `start` of the file on, and syncs them if the durability asks for it. Returns `false` if `isStopped` ended it. */
export function* writeRows(growing: GrowingFile, added: Rows, start: number, isStopped?: () => boolean): Plan<boolean> {
  if (!(yield* writeData(growing, added, start, isStopped))) return false;
  if (added.rows * growing.bytesPerRow > 0 && growing.durability !== "os") yield* sync(growing.file);
  return true;
}

/** {@link writeRows} without the sync. */
export function* writeData(growing: GrowingFile, added: Rows, start: number, isStopped?: () => boolean): Plan<boolean> {
  const { file } = growing;
  const [from, to] = [growing.endOf(start), growing.endOf(start + added.rows)];
  if (added.copyTo === undefined) return yield* writeBlocks(file, added.blocks, from, to, isStopped);
  yield* added.copyTo(file, from);
  return true;
}

/** A block that is being written, and the length that its memory must keep until then. */
interface StartedBlock {
  readonly bytes: Uint8Array;
  readonly length: number;
  write: StartedWrite | undefined;
}

/**
 * Writes blocks one after the other, from `position` to `end`. Where steps are asynchronous, a block is made while the previous one is written.
 * Returns `false` if `isStopped` ended it, which is called before each block.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they end elsewhere, or one became shorter while it was written: blocks may be the caller's memory,
 * which can be resized or transferred during a write.
 */
export function* writeBlocks(
  file: StorageFile,
  blocks: Blocks,
  position: number,
  end: number,
  isStopped: () => boolean = () => false,
): Plan<boolean> {
  const iterator = blocks.startingAt?.(position) ?? blocks[Symbol.iterator]();
  let at = position;
  let started: StartedBlock | undefined;
  try {
    for (let next = iterator.next(false); !next.done; next = iterator.next(started?.write?.pending !== undefined)) {
      const bytes = next.value;
      const { length } = bytes;
      if (started !== undefined) yield* finish(started);
      started = undefined;
      if (isStopped()) {
        iterator.return?.();
        return false;
      }
      // The memory was detached before: `end` is not reached.
      if (length === 0) continue;
      started = { bytes, length, write: undefined };
      checkThere(bytes, length);
      started.write = yield* startWrite(file, bytes, at);
      at += length;
      // Asking for the next block gives back the memory of this one.
      if (at === end) {
        yield* finish(started);
        started = undefined;
      }
    }
    if (started !== undefined) yield* finish(started);
  } catch (error) {
    // A pending write would go on while the rows are undone.
    if (started?.write !== undefined) yield* quietly(finishWrite(started.write));
    iterator.return?.();
    throw started === undefined ? error : reasonOf(error, started);
  }
  if (at === end) return true;
  throw shrunk();
}

function* finish({ write, bytes, length }: StartedBlock): Plan<void> {
  if (write !== undefined) yield* finishWrite(write);
  checkThere(bytes, length);
}

/** Systems report detached memory in several ways: a bad address, an argument out of range, a short write. */
function reasonOf(error: unknown, { bytes, length }: StartedBlock): unknown {
  if (error instanceof NpyError) return error;
  return !isThere(bytes, length) || hasCode(error, "EFAULT") ? shrunk(error) : error;
}
