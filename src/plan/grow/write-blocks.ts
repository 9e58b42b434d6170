/** Rows on their way into the file. */
import { type Blocks, checkThere, isThere, shrunk } from "../../memory/blocks.ts";
import { hasCode, type StorageFile } from "../../storage/storage.ts";
import { finishWrite, type Plan, quietly, type StartedWrite, startWrite } from "../step.ts";

/**
 * Writes blocks one behind the other, from `position` to `end`. Where steps are asynchronous, the next block is made while the last one is being
 * written. Before each it asks whether to stop; gives whether it went on to the end.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they end elsewhere, or one became shorter while it was being written: they are read from the caller's memory
 * when their turn comes, and while a write is under way the caller may resize or transfer that.
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
    for (let next = iterator.next(false); !next.done; next = iterator.next(started?.write.pending !== undefined)) {
      const bytes = next.value;
      const { length } = bytes;
      if (started !== undefined) yield* finish(started);
      started = undefined;
      if (isStopped()) {
        iterator.return?.();
        return false;
      }
      // Memory that was gone before it was asked for: `end` is not reached.
      if (length === 0) continue;
      started = yield* start(file, bytes, length, at);
      at += length;
      // The memory of the last block is given back when another one is asked for.
      if (at === end) {
        yield* finish(started);
        started = undefined;
      }
    }
    if (started !== undefined) yield* finish(started);
  } catch (error) {
    // What is still being written would be so while it is taken back.
    if (started !== undefined) yield* quietly(finishWrite(started.write));
    iterator.return?.();
    throw error;
  }
  if (at === end) return true;
  throw shrunk();
}

/** A block that may still be being written, and the length that it must keep until it is. */
interface StartedBlock {
  readonly write: StartedWrite;
  readonly bytes: Uint8Array;
  readonly length: number;
}

function* start(file: StorageFile, bytes: Uint8Array, length: number, at: number): Plan<StartedBlock> {
  checkThere(bytes, length);
  try {
    return { write: yield* startWrite(file, bytes, at), bytes, length };
  } catch (error) {
    throw reasonOf(error, bytes, length);
  }
}

function* finish({ write, bytes, length }: StartedBlock): Plan<void> {
  try {
    yield* finishWrite(write);
  } catch (error) {
    throw reasonOf(error, bytes, length);
  }
  checkThere(bytes, length);
}

/** Systems say in several ways that they could not read what is to be written: a bad address, an argument out of range, a write cut short. */
function reasonOf(error: unknown, bytes: Uint8Array, length: number): unknown {
  return !isThere(bytes, length) || hasCode(error, "EFAULT") ? shrunk(error) : error;
}
