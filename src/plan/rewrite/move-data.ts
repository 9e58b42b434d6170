/** Moves the data of a file towards its end, in a way that survives an interruption at any moment. */
import type { StorageFile } from "../../storage/storage.ts";
import { distanceOf, type Journal, lastRecord, markMoving, savedAt, writeRecord } from "../journal.ts";
import { type Plan, sync, write } from "../step.ts";
import { type CopyOptions, readExactly } from "./copy-data.ts";

/**
 * Moves the data of a journal, from the last block to the first, and resumes where an earlier run stopped.
 *
 * A block overwrites its own end as it moves, so each is saved to one of two slots first, and a record says so. A later run moves the last saved
 * block once more. The first sync makes the previous block safe in its new place and this one in its slot, the second the record.
 */
export function* moveData(file: StorageFile, journal: Journal, { onProgress }: CopyOptions): Plan<void> {
  const { from, end } = journal;
  const buffer = new Uint8Array(Math.min(journal.block, end - from));
  const blockBefore = (stop: number): Uint8Array => buffer.subarray(0, Math.min(buffer.length, stop - from));
  yield* markMoving(file);
  // From here on the journal counts. That must be on the disk before anything is overwritten.
  yield* sync(file);
  const last = yield* lastRecord(file, journal);
  let position = end;
  let slot = 0;
  if (last !== undefined) {
    const block = blockBefore(last.position);
    yield* readExactly(file, block, savedAt(journal, last.slot));
    position = yield* put(block, last.position);
    slot = 1 - last.slot;
  }
  while (position > from) {
    const block = blockBefore(position);
    yield* readExactly(file, block, position - block.length);
    yield* write(file, block, savedAt(journal, slot));
    yield* sync(file);
    yield* writeRecord(file, journal, slot, position);
    yield* sync(file);
    position = yield* put(block, position);
    slot = 1 - slot;
  }

  /** Writes a block to its new place, and returns where it began before. */
  function* put(block: Uint8Array, stop: number): Plan<number> {
    const start = stop - block.length;
    yield* write(file, block, start + distanceOf(journal));
    onProgress?.(end - start, end - from);
    return start;
  }
}

/** Saves the block that moves first. The journal does not count yet, so no sync is needed between block and record. */
export function* saveFirstBlock(file: StorageFile, journal: Journal): Plan<void> {
  const { from, end } = journal;
  if (from === end) return;
  const block = new Uint8Array(Math.min(journal.block, end - from));
  yield* readExactly(file, block, end - block.length);
  yield* write(file, block, savedAt(journal, 0));
  yield* writeRecord(file, journal, 0, end);
}
