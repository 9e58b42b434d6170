/** Gives a file a longer header without a second file. The protocol: docs/design/in-place-rewriting.md. */
import { NpyError } from "../../errors.ts";
import { formatHeader, MAX_HEADER_SIZE, type NpyHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import type { Storage, StorageFile } from "../../storage/storage.ts";
import { distanceOf, type Journal, MARKER_LENGTH, markMoving, markStable, writeJournal, writeMagic } from "../journal.ts";
import { readHeader } from "../read/header.ts";
import { insert, type Plan, quietly, read, size, sync, unshare, withFile, write } from "../step.ts";
import { appendableHeader, isAppendableHeader } from "./appendable-header.ts";
import {
  claimRewrite,
  completeInterrupted,
  finishRewrite,
  isInterrupted,
  type RewriteOptions,
  removeMarker,
} from "./interrupted-rewrite.ts";
import { moveData, saveFirstBlock } from "./move-data.ts";
import { refuseSecondArray } from "./recover.ts";

/** Tests set these, to get many blocks from few bytes. */
export interface InPlaceSizes {
  /** Bytes moved at a time. Each block takes two syncs. */
  readonly block: number;
  /**
   * From this many bytes of data on, a block is inserted before them, if the file system can do that. Moving fewer bytes takes about as long,
   * since syncs dominate, and gives the header NumPy would write, which is shorter than a block.
   */
  readonly insertFrom: number;
}

const SIZES: InPlaceSizes = { block: 2 ** 23, insertFrom: 2 ** 23 };

/**
 * Moves the data towards the end of the file and writes a longer header. Meanwhile the file is not a `.npy` file, so nobody reads data from the
 * wrong place. {@link completeInterrupted} completes it after an interruption at any step. `signal` counts only until the first write.
 *
 * @throws NpyError `ERR_NPY_TRAILING` if it holds two arrays; `ERR_NPY_NEEDS_RECOVERY` if the file holds more or less data than its header says: recovery relies on that length.
 */
export function* rewriteInPlace(
  storage: Storage,
  maxHeaderSize: number = MAX_HEADER_SIZE,
  options: RewriteOptions = {},
  sizes: InPlaceSizes = SIZES,
): Plan<void> {
  yield* withFile(storage, "r+", function* (file) {
    if (!(yield* isInterrupted(file)) && isAppendableHeader(yield* readHeader(file, maxHeaderSize))) return;
    yield* claimRewrite(options);
    yield* completeInterrupted(file, maxHeaderSize, options);
    const header = yield* readHeader(file, maxHeaderSize);
    if (isAppendableHeader(header)) return;
    const newHeader = appendableHeader(header);
    const from = header.headerLength;
    const total = dataLength(header);
    const end = from + total;
    if ((yield* size(file)) !== end) {
      yield* refuseSecondArray(file, end);
      throw new NpyError(
        "ERR_NPY_NEEDS_RECOVERY",
        `The file holds more or less data than its header says, so its data cannot be moved safely: call recover first, or leave out inplace.`,
      );
    }
    options.signal?.throwIfAborted();
    const inserted = total < sizes.insertFrom ? undefined : insertedHeader(file, header, maxHeaderSize);
    if (
      inserted !== undefined &&
      (yield* tryInsert(file, { kind: "insert", from, end, header: inserted, block: 0 }, maxHeaderSize))
    ) {
      return options.onProgress?.(total, total);
    }
    const journal: Journal = { kind: "move", from, end, header: newHeader, block: Math.min(sizes.block, total) };
    yield* begin(file, journal);
    yield* moveData(file, journal, options);
    yield* finishRewrite(file, journal);
  });
}

/** The old header, longer by one block. `undefined` if no block can be inserted, or NumPy would refuse so long a header. */
function insertedHeader(file: StorageFile, header: NpyHeader, maxHeaderSize: number): Uint8Array | undefined {
  if (file.blockSize === undefined) return undefined;
  const headerLength = header.headerLength + file.blockSize;
  return headerLength > Math.min(maxHeaderSize, MAX_HEADER_SIZE) ? undefined : formatHeader({ ...header, headerLength });
}

/** `false` if the file system cannot insert blocks; the file is unchanged then. */
function* tryInsert(file: StorageFile, journal: Journal, maxHeaderSize: number): Plan<boolean> {
  yield* begin(file, journal);
  yield* markMoving(file);
  // Recovery tells from the marker how far the insertion got.
  yield* sync(file);
  let isInserted: boolean;
  try {
    isInserted = yield* insert(file, distanceOf(journal));
  } catch (error) {
    // The failed insertion may have moved the data or not.
    yield* quietly(completeInterrupted(file, maxHeaderSize));
    throw error;
  }
  if (!isInserted) {
    yield* removeMarker(file, journal.end);
    return false;
  }
  // Until the insertion is safe, the new header could reach the disk where the old one was.
  yield* sync(file);
  yield* finishRewrite(file, journal);
  return true;
}

/**
 * Writes the marker over the magic, and the journal after the data. Undoes both if the disk is full.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a program that ignores locks appended meanwhile.
 */
function* begin(file: StorageFile, journal: Journal): Plan<void> {
  yield* reserve(file, journal.end);
  const old = new Uint8Array(journal.from);
  yield* read(file, old, 0);
  try {
    // The marker comes first: nobody may take half a journal for rows.
    yield* markStable(file);
    yield* sync(file);
    yield* checkUnchanged(file, journal, old);
  } catch (error) {
    yield* quietly(writeMagic(file));
    throw error;
  }
  try {
    yield* writeJournal(file, journal);
    if (journal.kind === "move") yield* saveFirstBlock(file, journal);
    yield* sync(file);
  } catch (error) {
    yield* quietly(removeMarker(file, journal.end));
    throw error;
  }
}

/**
 * Finds a disk too full while the file is still readable. A file that shares blocks with a copy (`cp --reflink`) needs new ones wherever it is
 * written to, even to be restored. Where they cannot all be reserved, those of the marker and of the end of the data are: they are written to
 * with what they hold.
 */
function* reserve(file: StorageFile, end: number): Plan<void> {
  if (yield* unshare(file, end)) return;
  for (const position of [0, end - 1]) {
    const byte = new Uint8Array(1);
    yield* read(file, byte, position);
    yield* write(file, byte, position);
  }
}

/** Nobody appends once the marker is there, but someone may have appended before it was written. Their rows stay then, and no data are moved. */
function* checkUnchanged(file: StorageFile, journal: Journal, old: Uint8Array): Plan<void> {
  const now = new Uint8Array(old.length);
  yield* read(file, now, 0);
  now.set(old.subarray(0, MARKER_LENGTH));
  if ((yield* size(file)) === journal.end && now.every((byte, i) => byte === old[i])) return;
  throw new NpyError(
    "ERR_NPY_CHANGED",
    `Another program appended to the file just before its data were moved. Nothing was moved: let that program finish, and try again.`,
  );
}
