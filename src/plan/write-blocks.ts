/** Rows on their way into the file. */
import type { Blocks } from "../array/blocks.ts";
import { NpyError } from "../errors.ts";
import type { StorageFile } from "../storage/storage.ts";
import { finishWrite, type Plan, quietly, type StartedWrite, startWrite } from "./step.ts";

/**
 * Writes blocks one behind the other, from `position` to `end`. Where steps are asynchronous, the next block is made while the last one is being
 * written. Before each it asks whether to stop; gives whether it went on to the end.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if they end elsewhere: they are read from the caller's memory when their turn comes, and that may have become
 * less, since an ArrayBuffer can be resized.
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
  let started: StartedWrite | undefined;
  try {
    for (let next = iterator.next(false); !next.done; next = iterator.next(started?.pending !== undefined)) {
      const bytes = next.value;
      if (started !== undefined) yield* finishWrite(started);
      if (isStopped()) {
        iterator.return?.();
        return false;
      }
      started = yield* startWrite(file, bytes, at);
      at += bytes.length;
      // The memory of the last block is given back when another one is asked for.
      if (at === end) {
        yield* finishWrite(started);
        started = undefined;
      }
    }
    if (started !== undefined) yield* finishWrite(started);
  } catch (error) {
    // What is still being written would be so while it is taken back.
    if (started !== undefined) yield* quietly(finishWrite(started));
    iterator.return?.();
    throw error;
  }
  if (at === end) return true;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `The data became ${end - at} bytes shorter before they were written: do not resize or transfer their buffer before the promise resolves.`,
  );
}
