/** Writes rows to the file, block by block. */
import { NpyError } from "../../errors.ts";
import { type Blocks, checkThere, isThere, shrunk } from "../../memory/blocks.ts";
import { hasCode, type StorageFile } from "../../storage/storage.ts";
import { finishWrite, type Plan, quietly, type StartedWrite, startWrite } from "../step.ts";

/** A block that may still be being written, and the length that it must keep until it is. */
interface StartedBlock {
  readonly bytes: Uint8Array;
  readonly length: number;
  write: StartedWrite | undefined;
}

/**
 * Writes blocks one after the other, from `position` to `end`. Where steps are asynchronous, a block is made while the one before is being written.
 * Asks before each block whether to stop, and gives whether it went on to the end.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they end elsewhere, or one became shorter while it was being written: blocks may be the caller's memory,
 * which can be resized or transferred while a write is under way.
 */
export function* writeBlocks(
  file: StorageFile,
  blocks: Blocks,
  position: number,
  end: number,
  isStopped: () => boolean = () => false,
): Plan<boolean> {
  const iterator = blocks[Symbol.iterator]();
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
      // Memory that had already gone: `end` is not reached.
      if (length === 0) continue;
      started = { bytes, length, write: undefined };
      checkThere(bytes, length);
      started.write = yield* startWrite(file, bytes, at);
      at += length;
      // Before the next block is asked for, since that gives back the memory of this one.
      if (at === end) {
        yield* finish(started);
        started = undefined;
      }
    }
    if (started !== undefined) yield* finish(started);
  } catch (error) {
    // A write that is still under way would go on while the rows are undone.
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

/** Systems have several errors for memory that has gone: a bad address, an argument out of range, a write cut short. */
function reasonOf(error: unknown, { bytes, length }: StartedBlock): unknown {
  if (error instanceof NpyError) return error;
  return !isThere(bytes, length) || hasCode(error, "EFAULT") ? shrunk(error) : error;
}
