/** Files that a killed process, a power cut or a full disk left incomplete. */
import { checkMaxHeaderSize, checkNames, oneOf } from "./options.ts";
import { readHeader } from "./plan/read-header.ts";
import { isIncomplete, type RecoveryReport, recoverFile } from "./plan/recover.ts";
import { type Plan, size, withFile } from "./plan/step.ts";
import { claiming } from "./storage/claims.ts";
import { type FileLike, locate } from "./storage/locate.ts";
import { run, runSync } from "./storage/run.ts";

/** The option of the verbs that only look at a file. */
export interface HeaderOptions {
  /** The longest header accepted, in characters, as NumPy's `max_header_size`. Default 10,000. */
  readonly maxHeaderSize?: number;
}

/** How a file is recovered. */
export interface RecoverOptions extends HeaderOptions {
  /** Complete an incomplete last row with zeros instead of cutting it off. Default `false`. */
  readonly zerofillIncomplete?: boolean;
  /** Only report what would be done. Default `false`. */
  readonly dryRun?: boolean;
}

function* recovering(file: FileLike, options: RecoverOptions): Plan<RecoveryReport> {
  checkNames(options, ["zerofillIncomplete", "dryRun", "maxHeaderSize"]);
  const checked = {
    zerofillIncomplete: oneOf("zerofillIncomplete", options.zerofillIncomplete ?? false, [true, false]),
    dryRun: oneOf("dryRun", options.dryRun ?? false, [true, false]),
    maxHeaderSize: checkMaxHeaderSize(options.maxHeaderSize),
  };
  const storage = locate(file);
  if (checked.dryRun) return yield* withFile(storage, "r", (opened) => recoverFile(opened, checked));
  return yield* claiming(storage, (claim) =>
    withFile(storage, "r+", (opened) => {
      claim.place(storage.key);
      claim.file(opened.key);
      return recoverFile(opened, checked);
    }),
  );
}

/**
 * Makes a file whole whose data are not what its header says: rows that are there and not counted are counted, rows that are counted
 * and not there no longer are, and an incomplete last row is cut off, or filled up with zeros. A whole file is left alone.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE`, `ERR_NPY_NOT_APPENDABLE` if the header has no room for the number of rows,
 * `ERR_NPY_HEADER`, `ERR_NPY_LOCKED` if it is being appended to; the file system's own errors. The file is as it was then.
 * @example
 * ```ts
 * const { rowsBefore, rowsAfter, bytesDropped } = await recover("log.npy");
 * ```
 */
export async function recover(file: FileLike, options: RecoverOptions = {}): Promise<RecoveryReport> {
  return await run(recovering(file, options));
}

/** {@link recover}, synchronously. */
export function recoverSync(file: FileLike, options: RecoverOptions = {}): RecoveryReport {
  return runSync(recovering(file, options));
}

function* checkingRecovery(file: FileLike, options: HeaderOptions): Plan<boolean> {
  checkNames(options, ["maxHeaderSize"]);
  const maxHeaderSize = checkMaxHeaderSize(options.maxHeaderSize);
  return yield* withFile(locate(file), "r", function* (opened) {
    return isIncomplete(yield* readHeader(opened, maxHeaderSize), yield* size(opened));
  });
}

/**
 * Whether the length of a file's data is not what its header says. That is also so between the append and the `updateHeader` of a
 * writer with `rewriteHeaderOnAppend: false`.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; the file system's own errors.
 */
export async function needsRecovery(file: FileLike, options: HeaderOptions = {}): Promise<boolean> {
  return await run(checkingRecovery(file, options));
}

/** {@link needsRecovery}, synchronously. */
export function needsRecoverySync(file: FileLike, options: HeaderOptions = {}): boolean {
  return runSync(checkingRecovery(file, options));
}
