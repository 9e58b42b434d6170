/** Makes an incomplete file whole: the header is made to say the rows that are there. */
import { NpyError } from "../../errors.ts";
import { formatHeader, MAGIC, type NpyHeader } from "../../format/header.ts";
import { bytesPerRow, dataLength, growthAxis, rowCount } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { readHeader } from "../read/header.ts";
import { type Plan, quietly, read, size, sync, truncate, write } from "../step.ts";
import { completeRewrite, isInterrupted, type RewriteOptions, readInterrupted } from "./interrupted-rewrite.ts";

/** What `recover` found and did, or would do. */
export interface RecoveryReport {
  /** Whether the length of the data was not what the header says, or an in-place `ensureAppendable` was interrupted. */
  readonly needed: boolean;
  /** The rows that the header said. */
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  /** Bytes that were cut off: an incomplete last row or, with `dropUncounted`, all that is behind the rows that the header counts. */
  readonly bytesDropped: number;
  /** Bytes of zeros that completed the last row. */
  readonly bytesZeroFilled: number;
}

/** Whether the length of the data is not what the header says. */
export function isIncomplete(header: NpyHeader, fileSize: number): boolean {
  return fileSize - header.headerLength !== dataLength(header);
}

/** Whether there is something to recover: other data than the header says, or an interrupted rewrite. */
export function* isRecoveryNeeded(file: StorageFile, maxHeaderSize?: number): Plan<boolean> {
  if (yield* isInterrupted(file)) return true;
  return isIncomplete(yield* readHeader(file, maxHeaderSize), yield* size(file));
}

/** How rows are recovered, and what may be lost. */
export interface RecoveryRules {
  readonly zerofillIncomplete: boolean;
  readonly force?: boolean;
  readonly dropUncounted?: boolean;
  /** Whether all data may be dropped of a file whose header counts rows. */
  readonly allowEmpty?: boolean;
  /** For messages. */
  readonly path?: string | undefined;
}

/**
 * What recovering would do to a file of this header and size.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` for the incomplete element of a 0-d array, unless it may be zero-filled, and where no row would be left.
 */
function planRecovery(header: NpyHeader, fileSize: number, rules: RecoveryRules): RecoveryReport {
  const { zerofillIncomplete: zerofill, dropUncounted = false, allowEmpty = false, path } = rules;
  const present = fileSize - header.headerLength;
  const rowsBefore = rowCount(header);
  const rowBytes = bytesPerRow(header);
  const nothing = { needed: false, rowsBefore, rowsAfter: rowsBefore, bytesDropped: 0, bytesZeroFilled: 0 };
  if (!isIncomplete(header, fileSize)) return nothing;
  const uncounted = present - dataLength(header);
  if (dropUncounted && uncounted > 0) return { ...nothing, needed: true, bytesDropped: uncounted };
  // Rows without bytes cannot be counted by the bytes that are there: the header is right, the bytes are not.
  if (rowBytes === 0) return { ...nothing, needed: true, bytesDropped: present };
  if (growthAxis(header.fortranOrder, header.shape.length) === undefined) {
    // A 0-d array has one element, whatever is there.
    if (present > rowBytes) return { ...nothing, needed: true, bytesDropped: present - rowBytes };
    if (zerofill) return { ...nothing, needed: true, bytesZeroFilled: rowBytes - present };
    throw new NpyError(
      "ERR_NPY_UNRECOVERABLE",
      "The one element of a 0-d array is incomplete: only zero-filling can complete it.",
      { path },
    );
  }
  const partial = present % rowBytes;
  const whole = (present - partial) / rowBytes;
  if (partial === 0) return { ...nothing, needed: true, rowsAfter: whole };
  if (whole === 0 && rowsBefore > 0 && !zerofill && !allowEmpty) throw nothingLeft(header, present, path);
  if (zerofill && fileSize + rowBytes - partial > Number.MAX_SAFE_INTEGER) {
    throw new NpyError(
      "ERR_NPY_UNRECOVERABLE",
      "Filled up with zeros, the last row would end beyond byte 2^53 of the file: recover without zerofillIncomplete to cut it off.",
    );
  }
  return zerofill
    ? { ...nothing, needed: true, rowsAfter: whole + 1, bytesZeroFilled: rowBytes - partial }
    : { ...nothing, needed: true, rowsAfter: whole, bytesDropped: partial };
}

function nothingLeft(header: NpyHeader, present: number, path: string | undefined): NpyError {
  const { fortranOrder, shape } = header;
  const isOneRow = fortranOrder && shape.at(-1) === 1;
  const row = isOneRow
    ? `its one row, which is the whole array: in Fortran order a row is what lies along the last axis of (${shape.join(", ")})`
    : `its first row (the header counts ${rowCount(header)})`;
  return new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    `${path ?? "The file"} has ${present} of the ${bytesPerRow(header)} bytes of ${row}: without them no data would be left. To keep them, call ` +
      "recover and set zerofillIncomplete: the missing bytes become zeros. To drop them, set allowEmpty.",
    { path },
  );
}

/**
 * What recovering an open file of this header would do.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` if it is refused.
 */
export function* checkRecoverable(file: StorageFile, header: NpyHeader, rules: RecoveryRules): Plan<RecoveryReport> {
  const fileSize = yield* size(file);
  const report = planRecovery(header, fileSize, rules);
  const end = header.headerLength + dataLength(header);
  if (report.needed && fileSize > end && !rules.dropUncounted && !rules.force) yield* checkBehind(file, end, rules.path);
  return report;
}

/**
 * Recovers an open file. The data are made whole first, and safe; only then the header counts them, so that interrupted at any step
 * the file still says that it needs recovery. Where all that is not counted is cut off, the header is right as it is.
 *
 * @throws NpyError `ERR_NPY_NOT_APPENDABLE` if the header has no room for the number of rows, `ERR_NPY_UNRECOVERABLE` if what would become
 * rows begins another `.npy` file and `force` is not set, or no row would be left and `allowEmpty` is not set, before anything is changed.
 */
export function* recoverFile(
  file: StorageFile,
  options: RecoveryRules & {
    readonly dryRun: boolean;
    readonly maxHeaderSize?: number;
    readonly claim?: RewriteOptions["claim"];
  },
): Plan<RecoveryReport> {
  const { claim, ...unclaimed } = options;
  let interrupted = yield* readInterrupted(file, options.maxHeaderSize);
  if (interrupted !== undefined && !options.dryRun && claim !== undefined) {
    yield* claim(true);
    interrupted = yield* readInterrupted(file, options.maxHeaderSize);
  }
  if (interrupted !== undefined) {
    if (!options.dryRun) yield* completeRewrite(file, interrupted);
    const rows = rowCount(interrupted.header);
    return { needed: true, rowsBefore: rows, rowsAfter: rows, bytesDropped: 0, bytesZeroFilled: 0 };
  }
  const header = yield* readHeader(file, options.maxHeaderSize);
  const fileSize = yield* size(file);
  const { dropUncounted = false } = options;
  const report = yield* checkRecoverable(file, header, options);
  if (!report.needed) return report;
  // Two at once, with other options, would undo each other's work; and what is known of the file is known only from here on.
  if (!options.dryRun && claim !== undefined && (yield* claim(false))) return yield* recoverFile(file, unclaimed);
  const end = header.headerLength + dataLength(header);
  if (dropUncounted && fileSize > end) {
    if (options.dryRun) return report;
    yield* truncate(file, end);
    yield* sync(file);
    return report;
  }
  const axis = growthAxis(header.fortranOrder, header.shape.length);
  const shape = axis === undefined ? header.shape : header.shape.with(axis, report.rowsAfter);
  const bytes = formatHeader({ ...header, shape });
  if (options.dryRun) return report;
  const old = new Uint8Array(header.headerLength);
  yield* read(file, old, 0);
  // Lengthening a file fills it with zeros, however many, without writing them or taking space for them.
  yield* truncate(file, fileSize - report.bytesDropped + report.bytesZeroFilled);
  yield* sync(file);
  try {
    yield* write(file, bytes, 0);
  } catch (error) {
    // Half a header would be none.
    yield* quietly(write(file, old, 0));
    throw error;
  }
  yield* sync(file);
  return report;
}

/** Two `numpy.save` into one file put the second header where the data of the first end. Checked there only: rows may hold any bytes. */
function* checkBehind(file: StorageFile, end: number, path: string | undefined): Plan<void> {
  const start = new Uint8Array(MAGIC.length);
  yield* read(file, start, end);
  if (MAGIC.some((byte, i) => start[i] !== byte)) return;
  throw new NpyError(
    "ERR_NPY_UNRECOVERABLE",
    `Behind the last row, at byte ${end}, another .npy file begins: two arrays were saved into this one. Cut it in two there, set ` +
      "dropUncounted to cut off what follows, or set force to take it for rows.",
    { path },
  );
}
