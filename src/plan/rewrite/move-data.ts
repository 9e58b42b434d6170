/** Moves the data of a file towards its end, so that it can be stopped anywhere and gone on with. */
import type { StorageFile } from "../../storage/storage.ts";
import { distanceOf, type Journal, lastRecord, savedAt, writeMoving, writeRecord } from "../journal.ts";
import { type Plan, sync, write } from "../step.ts";
import { type CopyOptions, readWhole } from "./copy-data.ts";

/**
 * Moves what a journal says, from where it was left. A block is moved over its own end, and could not be read again if that were
 * interrupted; so it is saved first, and a record says so, and whatever is found later, the last saved block is moved once more.
 *
 * Two places to save to, taken in turn, keep that true through a power cut with two syncs a block: the first makes safe the block in its
 * new place that was saved before, and this one in its saved place; the second the record. Only then this block is moved, and only after
 * that the place of the one before is written over. The first block is saved with the journal: see {@link saveFirst}.
 */
export function* shiftData(file: StorageFile, journal: Journal, { onProgress }: CopyOptions): Plan<void> {
  const { from, end } = journal;
  const buffer = new Uint8Array(Math.min(journal.block, end - from));
  const blockBefore = (stop: number): Uint8Array => buffer.subarray(0, Math.min(buffer.length, stop - from));
  yield* writeMoving(file);
  // From here on the journal counts, which must be known before anything is written over.
  yield* sync(file);
  const last = yield* lastRecord(file, journal);
  let position = end;
  let place = 0;
  if (last !== undefined) {
    const block = blockBefore(last.position);
    yield* readWhole(file, block, savedAt(journal, last.place));
    position = yield* put(block, last.position);
    place = 1 - last.place;
  }
  while (position > from) {
    const block = blockBefore(position);
    yield* readWhole(file, block, position - block.length);
    yield* write(file, block, savedAt(journal, place));
    yield* sync(file);
    yield* writeRecord(file, journal, place, position);
    yield* sync(file);
    position = yield* put(block, position);
    place = 1 - place;
  }

  /** Writes a block to where it belongs; gives where it began. */
  function* put(block: Uint8Array, stop: number): Plan<number> {
    const start = stop - block.length;
    yield* write(file, block, start + distanceOf(journal));
    onProgress?.(end - start, end - from);
    return start;
  }
}

/** Saves the block that is moved first, while the journal does not count yet: no sync is needed between the block and its record. */
export function* saveFirst(file: StorageFile, journal: Journal): Plan<void> {
  const { from, end } = journal;
  if (from === end) return;
  const block = new Uint8Array(Math.min(journal.block, end - from));
  yield* readWhole(file, block, end - block.length);
  yield* write(file, block, savedAt(journal, 0));
  yield* writeRecord(file, journal, 0, end);
}
