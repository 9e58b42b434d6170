/** Decides what recovery does to a file, and does it. */
import { NpyError } from "../../errors.ts";
import { formatHeader, hasMagic, isTextTransfer, MAGIC, type NpyHeader, parsePrefix, textTransfer } from "../../format/header.ts";
import { bytesPerRow, dataLength, growthAxis, rowCount } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { FIRST_READ, readHeader, readStart } from "../read/header.ts";
import { type Plan, quietly, read, size, sync, truncate, write } from "../step.ts";
import { completeRewrite, isInterrupted, type RewriteOptions, readInterrupted } from "./interrupted-rewrite.ts";

/** What `recover` found and did, or would do. */
export interface RecoveryReport {
  /** Whether the file held more or less data than its header says, or an in-place `ensureAppendable` was interrupted. */
  readonly needed: boolean;
  /** The rows the header counted before. */
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  /** Bytes that were cut off: an incomplete last row or, with `dropUncounted`, everything after the rows the header counts. */
  readonly bytesDropped: number;
  /** Bytes of zeros that completed the last row. */
  readonly bytesZeroFilled: number;
  /** Bytes that a killed writer had reserved for rows to come (see `mmap`), and that were cut off. They were no rows. Else missing. */
  readonly bytesReserved?: number;
}

/** What recovery may do, and what may be lost. */
export interface RecoveryRules {
  readonly zerofillIncomplete: boolean;
  readonly force?: boolean;
  readonly dropUncounted?: boolean;
  /** Whether recovery may leave no row of a file whose header counts some. */
  readonly allowEmpty?: boolean;
}

/** Whether a file of this size holds more or less data than its header says, or a writer may have reserved room after them. */
export function hasWrongLength(header: NpyHeader, fileSize: number): boolean {
  return header.reservesTail === true || fileSize - header.headerLength !== dataLength(header);
}

/** Bytes after the last row that are no rows, but reserved. */
export function reservedLength(header: NpyHeader, fileSize: number): number {
  return header.reservesTail ? Math.max(0, fileSize - header.headerLength - dataLength(header)) : 0;
}

/** Whether the file holds more or less data than its header says, or an in-place rewrite was interrupted. */
export function* isRecoveryNeeded(file: StorageFile, maxHeaderSize?: number): Plan<boolean> {
  if (yield* isInterrupted(file)) return true;
  return hasWrongLength(yield* readHeader(file, maxHeaderSize), yield* size(file));
}

/**
 * What recovery does to a file of this header and size.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` if no row would be left, or the one element of a 0-d array is incomplete and must not be zero-filled.
 */
function decideRecovery(header: NpyHeader, fileSize: number, rules: RecoveryRules): RecoveryReport {
  const { zerofillIncomplete: zerofill, dropUncounted = false, allowEmpty = false } = rules;
  const present = fileSize - header.headerLength;
  const rowsBefore = rowCount(header);
  const rowBytes = bytesPerRow(header);
  const report = (change: Partial<RecoveryReport>): RecoveryReport => ({
    needed: true,
    rowsBefore,
    rowsAfter: rowsBefore,
    bytesDropped: 0,
    bytesZeroFilled: 0,
    ...change,
  });
  if (!hasWrongLength(header, fileSize)) return report({ needed: false });
  const uncounted = present - dataLength(header);
  if (header.reservesTail && uncounted >= 0) return report({ bytesReserved: uncounted });
  if (dropUncounted && uncounted > 0) return report({ bytesDropped: uncounted });
  // Rows of 0 bytes cannot be counted by the data: the header is right, and the extra bytes are wrong.
  if (rowBytes === 0) return report({ bytesDropped: present });
  if (growthAxis(header.fortranOrder, header.shape.length) === undefined) {
    // A 0-d array always has one element.
    if (present > rowBytes) return report({ bytesDropped: present - rowBytes });
    if (zerofill) return report({ bytesZeroFilled: rowBytes - present });
    throw new NpyError("ERR_NPY_UNRECOVERABLE", "The one element of a 0-d array is incomplete.", {
      remedies: [{ option: "zerofillIncomplete", effect: "fill it up with zeros" }],
    });
  }
  const partial = present % rowBytes;
  const whole = (present - partial) / rowBytes;
  if (partial === 0) return report({ rowsAfter: whole });
  if (whole === 0 && rowsBefore > 0 && !zerofill && !allowEmpty) throw noRowLeft(header, present);
  if (!zerofill) return report({ rowsAfter: whole, bytesDropped: partial });
  if (fileSize + rowBytes - partial > Number.MAX_SAFE_INTEGER) {
    throw new NpyError("ERR_NPY_UNRECOVERABLE", "Completed with zeros, the last row would end beyond byte 2^53 of the file.", {
      remedies: [{ option: "zerofillIncomplete", effect: "cut it off", isWithout: true }],
    });
  }
  return report({ rowsAfter: whole + 1, bytesZeroFilled: rowBytes - partial });
}

function noRowLeft(header: NpyHeader, present: number): NpyError {
  const { fortranOrder, shape } = header;
  const row =
    fortranOrder && shape.at(-1) === 1
      ? `its one row, which is the whole array: in Fortran order a row is one step along the last axis of (${shape.join(", ")})`
      : `its first row (the header counts ${rowCount(header)})`;
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    `The file has ${present} of the ${bytesPerRow(header)} bytes of ${row}. Cutting them off would leave no data.`,
    {
      remedies: [
        { option: "zerofillIncomplete", effect: "keep them and fill the missing bytes with zeros" },
        { option: "allowEmpty", effect: "drop them" },
      ],
    },
  );
}

/**
 * What recovery would do to an open file of this header.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` or `ERR_NPY_TRAILING` if recovery refuses the file.
 */
export function* checkRecoverable(file: StorageFile, header: NpyHeader, rules: RecoveryRules): Plan<RecoveryReport> {
  const fileSize = yield* size(file);
  const report = decideRecovery(header, fileSize, rules);
  const end = header.headerLength + dataLength(header);
  const mayBeRows = fileSize > end && !header.reservesTail;
  if (report.needed && mayBeRows && !rules.dropUncounted && !rules.force) yield* refuseSecondArray(file, end);
  return report;
}

/**
 * Recovers an open file. The data are made whole and synced before the header counts them, so after an interruption at any step the file still
 * says that it needs recovery. If uncounted data are dropped, the header is right as it is.
 *
 * @throws NpyError `ERR_NPY_NOT_APPENDABLE` if the header has no room for the row count; `ERR_NPY_LOCKED` if a writer may still use the room that it
 * reserved, which only `isLocked` or `dropUncounted` exclude; `ERR_NPY_TRAILING` if the bytes after the last row
 * begin another `.npy` file and `force` is not set; `ERR_NPY_UNRECOVERABLE` if no row would be left and `allowEmpty` is not set. Nothing is changed then.
 */
export function* recoverFile(
  file: StorageFile,
  options: RecoveryRules & {
    readonly dryRun: boolean;
    readonly maxHeaderSize?: number;
    /** Whether the caller has the lock of the file. */
    readonly isLocked?: boolean;
    readonly claim?: RewriteOptions["claim"];
  },
): Plan<RecoveryReport> {
  const { claim, ...unclaimed } = options;
  const { dryRun, maxHeaderSize } = options;
  let interrupted = yield* readInterrupted(file, maxHeaderSize);
  if (interrupted !== undefined && !dryRun && claim !== undefined) {
    yield* claim(true);
    interrupted = yield* readInterrupted(file, maxHeaderSize);
  }
  if (interrupted !== undefined) {
    if (!dryRun) yield* completeRewrite(file, interrupted);
    const rows = rowCount(interrupted.header);
    return { needed: true, rowsBefore: rows, rowsAfter: rows, bytesDropped: 0, bytesZeroFilled: 0 };
  }
  const header = yield* readRecoverable(file, maxHeaderSize);
  const fileSize = yield* size(file);
  const report = yield* checkRecoverable(file, header, options);
  if (!report.needed) return report;
  const { reservesTail = false } = header;
  if (reservesTail && !dryRun && !mayCut(file, options)) throw mayBeReserved();
  // Two recoveries at once, with different options, would undo each other's work. After the claim, look at the file again.
  if (!dryRun && claim !== undefined && (yield* claim(false))) return yield* recoverFile(file, unclaimed);
  const end = header.headerLength + dataLength(header);
  const isDropping = options.dropUncounted && fileSize > end && !reservesTail;
  const axis = growthAxis(header.fortranOrder, header.shape.length);
  const shape = axis === undefined ? header.shape : header.shape.with(axis, report.rowsAfter);
  // Rendered before anything is changed: it throws if the header has no room.
  const bytes = isDropping ? undefined : formatHeader({ ...header, shape });
  if (dryRun) return report;
  const old = new Uint8Array(header.headerLength);
  if (bytes !== undefined) yield* read(file, old, 0);
  const newSize = fileSize - report.bytesDropped - (report.bytesReserved ?? 0) + report.bytesZeroFilled;
  // Truncating to a larger size fills the file with zeros, as a hole: it writes nothing and takes no space. To the same size, it frees blocks.
  if (newSize !== fileSize || reservesTail) yield* truncate(file, newSize);
  yield* sync(file);
  if (bytes === undefined) return report;
  try {
    yield* write(file, bytes, 0);
  } catch (error) {
    // Half a header cannot be read.
    yield* quietly(write(file, old, 0));
    throw error;
  }
  yield* sync(file);
  return report;
}

/** Whether nobody can be storing rows in what the file reserves: cutting it would end their process. */
export function mayCut(file: StorageFile, { isLocked, dropUncounted }: { isLocked?: boolean; dropUncounted?: boolean }): boolean {
  return isLocked || dropUncounted || file.mapEnd === undefined;
}

function mayBeReserved(): NpyError {
  return new NpyError(
    "ERR_NPY_LOCKED",
    "A writer reserved room after the last row, and without locks (npm install koffi) nothing shows whether it still stores rows there: cutting " +
      "the file would end its process. Make sure that no process writes to the file.",
    { remedies: [{ option: "dropUncounted", effect: "cut off what is reserved then" }] },
  );
}

/** @throws NpyError `ERR_NPY_UNRECOVERABLE` for a file that was copied as text: all its bytes are shifted. */
function* readRecoverable(file: StorageFile, maxHeaderSize: number | undefined): Plan<NpyHeader> {
  try {
    return yield* readHeader(file, maxHeaderSize);
  } catch (error) {
    if (!(error instanceof NpyError) || error.code !== "ERR_NPY_HEADER") throw error;
    const prefix = yield* readStart(file, FIRST_READ);
    if (!hasMagic(prefix)) throw error;
    const { headerLength } = parsePrefix(prefix, maxHeaderSize);
    const start = yield* readStart(file, Math.min(headerLength + 1, yield* size(file)));
    if (isTextTransfer(start, headerLength)) throw textTransfer("ERR_NPY_UNRECOVERABLE");
    throw error;
  }
}

/**
 * Two calls of `numpy.save` into one file leave a second header exactly where the first array ends. Elsewhere, rows may hold the same bytes.
 *
 * @throws NpyError `ERR_NPY_TRAILING`.
 */
export function* refuseSecondArray(file: StorageFile, end: number): Plan<void> {
  const start = new Uint8Array(MAGIC.length);
  yield* read(file, start, end);
  if (MAGIC.some((byte, i) => start[i] !== byte)) return;
  throw new NpyError(
    "ERR_NPY_TRAILING",
    `After the last row, at byte ${end}, another .npy array begins: several arrays were saved into this file. ` +
      "Read each with arraysOf, or write them into files of their own with npy-append-array split.",
    {
      offset: end,
      remedies: [
        { option: "dropUncounted", effect: "cut off the second array" },
        { option: "force", effect: "take its bytes for rows" },
      ],
    },
  );
}
