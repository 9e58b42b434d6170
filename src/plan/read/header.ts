/** Reads the header of an open file. */

import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import { hasMagic, MAGIC, MAX_HEADER_SIZE, type NpyHeader, notNpy, parseHeader, parsePrefix } from "../../format/header.ts";
import { bytesPerRow, dataLength, rowCount } from "../../format/layout.ts";
import { otherFormat } from "../../format/other-formats.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { isRewriting } from "../journal.ts";
import { type Plan, read, size } from "../step.ts";

/** Bytes of the first read. Most headers are 128 bytes long, so one read is nearly always enough. */
export const FIRST_READ = 512;

/**
 * The header at the beginning of `file`.
 *
 * @throws NpyError as `parseHeader` does, and of other formats what they are; `ERR_NPY_HEADER` if the file ends within its header; `ERR_NPY_NEEDS_RECOVERY` if it is being rewritten
 * in place.
 */
export function* readHeader(file: StorageFile, maxHeaderSize: number = MAX_HEADER_SIZE): Plan<NpyHeader> {
  // Not by readStart: one more generator would be a tenth of the time to load a small file.
  const first = new Uint8Array(FIRST_READ);
  const start = first.subarray(0, yield* read(file, first, 0));
  if (yield* isRewriting(file, start)) {
    throw new NpyError(
      "ERR_NPY_NEEDS_RECOVERY",
      "An in-place ensureAppendable of this file is running or was interrupted. If a file named .NAME.rewriting exists beside it, it names " +
        "the process: once that has ended, run it again, or call recover.",
    );
  }
  return yield* parse(file, start, maxHeaderSize);
}

/** The header of a file whose magic is replaced by the marker of an in-place rewrite. */
export function* readMarkedHeader(file: StorageFile, maxHeaderSize: number): Plan<NpyHeader> {
  const start = yield* readStart(file, FIRST_READ);
  start.set(MAGIC);
  return yield* parse(file, start, maxHeaderSize);
}

/** The first `length` bytes of a file; fewer if it is shorter. */
export function* readStart(file: StorageFile, length: number): Plan<Uint8Array> {
  const start = new Uint8Array(length);
  return start.subarray(0, yield* read(file, start, 0));
}

/** Parses the header that begins with `start`; reads the rest of a long one. */
function* parse(file: StorageFile, start: Uint8Array, maxHeaderSize: number): Plan<NpyHeader> {
  if (!hasMagic(start)) throw notNpy(start, otherFormat(start));
  const { headerLength } = parsePrefix(start, maxHeaderSize);
  if (headerLength <= start.length || start.length < FIRST_READ) return parseHeader(start, { maxHeaderSize });
  // The prefix may claim more bytes than the file has.
  const all = new Uint8Array(Math.min(headerLength, yield* size(file)));
  const count = yield* read(file, all, 0);
  all.set(start.subarray(0, MAGIC.length));
  return parseHeader(all.subarray(0, count), { maxHeaderSize });
}

/**
 * The header of a file that holds all the rows it counts. Bytes after the last row are fine: a writer puts rows there before its header
 * counts them.
 *
 * @throws NpyError as {@link readHeader} does, and `ERR_NPY_NEEDS_RECOVERY` if rows are missing.
 */
export function* readCheckedHeader(file: StorageFile, maxHeaderSize: number): Plan<NpyHeader> {
  const header = yield* readHeader(file, maxHeaderSize);
  yield* checkDataPresent(file, header);
  return header;
}

/** @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if the file ends before its last row. */
export function* checkDataPresent(file: StorageFile, header: NpyHeader): Plan<void> {
  const present = (yield* size(file)) - header.headerLength;
  if (present < dataLength(header)) throw dataMissing(header, present);
}

/** The error for a file that holds only `present` bytes of data. */
export function dataMissing(header: NpyHeader, present: number): NpyError {
  const row = Math.floor(present / bytesPerRow(header));
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `The file ends before its last row: its header says ${counted(dataLength(header), "byte")} of data, ${present} are there. Call recover first.`,
    { row },
  );
}

/**
 * The header of a file that is being appended to, in which `known` rows were seen before. A read that overlaps a write can mix digits of the old and
 * the new row count, so a count is believed only if a later read finds no fewer rows.
 */
export function* readLiveHeader(file: StorageFile, known: number, maxHeaderSize: number): Plan<NpyHeader> {
  let header = yield* readHeader(file, maxHeaderSize);
  while (rowCount(header) !== known) {
    const later = yield* readHeader(file, maxHeaderSize);
    const [rows, laterRows] = [rowCount(header), rowCount(later)];
    if (laterRows === rows || (laterRows > rows && rows > known)) break;
    header = later;
  }
  return header;
}
