/** Gives a file a longer header without a second file. */
import { NpyError } from "../../errors.ts";
import { formatHeader, MAX_HEADER_SIZE, type NpyHeader } from "../../format/header.ts";
import { dataLength } from "../../format/layout.ts";
import type { Storage, StorageFile } from "../../storage/storage.ts";
import { distanceOf, type Journal, MARKER_LENGTH, writeJournal, writeMagic, writeMoving, writeSettled } from "../journal.ts";
import { readHeader } from "../read/header.ts";
import { insert, type Plan, quietly, read, size, sync, withFile } from "../step.ts";
import { isAppendableHeader, roomyHeader } from "./by-copy.ts";
import {
  claimRewrite,
  completeInterrupted,
  finishRewrite,
  isInterrupted,
  type RewriteOptions,
  settle,
} from "./interrupted-rewrite.ts";
import { saveFirst, shiftData } from "./move-data.ts";

/** Chosen by tests, to have many blocks of few bytes. */
export interface InPlaceSizes {
  /** Bytes that are moved at a time, of which each takes two syncs. */
  readonly block: number;
  /**
   * From so many bytes of data on a block is inserted before them where the file system can. Fewer are moved about as fast, since most of
   * the time is that of syncs, and get the header that NumPy would write, which is shorter than a block.
   */
  readonly insertFrom: number;
}

const SIZES: InPlaceSizes = { block: 2 ** 23, insertFrom: 2 ** 23 };

/**
 * Moves the data towards the end of the file and writes a longer header. While that is under way the file is no `.npy` file, so that nobody
 * reads data in the wrong place; if it is interrupted at any step, {@link completeInterrupted} completes it. `signal` is heeded only before the
 * first byte is written.
 *
 * @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if the data are not what the header says: that is where they are found again.
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
    const shifted = roomyHeader(header);
    const from = header.headerLength;
    const end = from + dataLength(header);
    if ((yield* size(file)) !== end) throw incomplete(storage.path);
    options.signal?.throwIfAborted();
    const inserted = end - from < sizes.insertFrom ? undefined : insertedHeader(file, header, maxHeaderSize);
    if (inserted !== undefined) {
      const journal: Journal = { kind: "insert", from, end, header: inserted, block: 0 };
      if (yield* tryInsert(file, journal, maxHeaderSize, storage.path)) return options.onProgress?.(end - from, end - from);
    }
    const journal: Journal = { kind: "shift", from, end, header: shifted, block: Math.min(sizes.block, end - from) };
    yield* begin(file, journal, storage.path);
    yield* shiftData(file, journal, options);
    yield* finishRewrite(file, journal);
  });
}

/** The old header, longer by a block; `undefined` where none can be inserted, or NumPy would find the header too long. */
function insertedHeader(file: StorageFile, header: NpyHeader, maxHeaderSize: number): Uint8Array | undefined {
  if (file.blockSize === undefined) return undefined;
  const headerLength = header.headerLength + file.blockSize;
  return headerLength > Math.min(maxHeaderSize, MAX_HEADER_SIZE) ? undefined : formatHeader({ ...header, headerLength });
}

/** `false` if the file system cannot: then the file is as it was. */
function* tryInsert(file: StorageFile, journal: Journal, maxHeaderSize: number, path: string | undefined): Plan<boolean> {
  yield* begin(file, journal, path);
  yield* writeMoving(file);
  // The marker tells how far an insertion came.
  yield* sync(file);
  let isInserted: boolean;
  try {
    isInserted = yield* insert(file, distanceOf(journal));
  } catch (error) {
    // Whatever it did until then.
    yield* quietly(completeInterrupted(file, maxHeaderSize));
    throw error;
  }
  if (!isInserted) {
    yield* settle(file, journal.end);
    return false;
  }
  // Until the insertion is safe, the place of the new header may be on the disk that of the old one.
  yield* sync(file);
  yield* finishRewrite(file, journal);
  return true;
}

/**
 * Puts the marker in the place of the magic, and the journal behind the data; takes both back if the disk is full.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a program that asked for no lock appended meanwhile.
 */
function* begin(file: StorageFile, journal: Journal, path: string | undefined): Plan<void> {
  const old = new Uint8Array(journal.from);
  yield* read(file, old, 0);
  try {
    // First of all: a journal that is half written must not be taken for rows.
    yield* writeSettled(file);
    yield* sync(file);
    yield* checkAlone(file, journal, old, path);
  } catch (error) {
    yield* quietly(writeMagic(file));
    throw error;
  }
  try {
    yield* writeJournal(file, journal);
    if (journal.kind === "shift") yield* saveFirst(file, journal);
    yield* sync(file);
  } catch (error) {
    yield* quietly(settle(file, journal.end));
    throw error;
  }
}

/** From the marker on nobody else appends, but somebody may have until then: their rows stay, and no data are moved. */
function* checkAlone(file: StorageFile, journal: Journal, old: Uint8Array, path: string | undefined): Plan<void> {
  const now = new Uint8Array(old.length);
  yield* read(file, now, 0);
  now.set(old.subarray(0, MARKER_LENGTH));
  if ((yield* size(file)) === journal.end && now.every((byte, i) => byte === old[i])) return;
  throw new NpyError(
    "ERR_NPY_CHANGED",
    `Another program appended to ${path ?? "the file"} as its data were about to be moved, which was left undone: let it finish, and try again.`,
    { path },
  );
}

function incomplete(path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `${path ?? "The file"} has other data than its header says, and they can be moved only once they are known: call recover first, or ` +
      "leave out inplace.",
    { path },
  );
}
