/** Files that a killed process, a power cut or a full disk left incomplete. */
import { checkOptions, flag, type HeaderOptions, maxHeaderSize, optionError } from "./options.ts";
import { claiming } from "./plan/claims.ts";
import { isRecoveryNeeded, type RecoveryReport, recoverFile } from "./plan/rewrite/recover.ts";
import { closing, type Plan, withFile } from "./plan/step.ts";
import type { FileLike } from "./storage/locate.ts";
import type { Storage } from "./storage/storage.ts";
import { onFile, onFileSync } from "./verb.ts";

/** How a file is recovered. */
export interface RecoverOptions extends HeaderOptions {
  /** Complete an incomplete last row with zeros instead of cutting it off. Default `false`. */
  readonly zerofillIncomplete?: boolean;
  /** Only report what would be done. Default `false`. */
  readonly dryRun?: boolean;
  /**
   * Take what is behind the last row for more rows even if it begins as a `.npy` file does, which is what two `numpy.save` into one file
   * leave. Default `false`: such a file is refused.
   */
  readonly force?: boolean;
  /**
   * Keep just the rows that the header counts, and cut off everything behind them, also if it begins another `.npy` file: for files that
   * threads were appending to when the process ended, where what is not counted may have gaps. Where the data are shorter than the header
   * says it changes nothing. Not with `zerofillIncomplete` or `force`. Default `false`.
   */
  readonly dropUncounted?: boolean;
  /**
   * Keep no row where the data that are there are less than one, although the header counts rows: they are dropped. A column vector in Fortran
   * order, shape `(n, 1)`, is one row, and a byte that is missing would cost all of it. Default `false`: such a file is refused.
   */
  readonly allowEmpty?: boolean;
}

const RECOVER_OPTIONS = {
  zerofillIncomplete: flag(false),
  dryRun: flag(false),
  force: flag(false),
  dropUncounted: flag(false),
  allowEmpty: flag(false),
  maxHeaderSize,
};

function* recovering(storage: Storage, options: RecoverOptions): Plan<RecoveryReport> {
  const checked = checkOptions(options, RECOVER_OPTIONS);
  if (checked.dropUncounted && checked.zerofillIncomplete) {
    throw optionError("dropUncounted cuts off the incomplete row that zerofillIncomplete would complete: set one of them");
  }
  if (checked.dropUncounted && checked.force) {
    throw optionError("dropUncounted cuts off what force would take for rows: set one of them");
  }
  const rules = { ...checked, path: storage.path };
  if (checked.dryRun) return yield* withFile(storage, "r", (opened) => recoverFile(opened, rules));
  return yield* claiming(storage, function* (claim) {
    const opened = yield* claim.open("r+");
    const claimRewrite = (isNeeded: boolean): Plan<boolean> => claim.claimRewrite(opened, isNeeded);
    return yield* closing(opened, function* () {
      try {
        return yield* recoverFile(opened, { ...rules, claim: claimRewrite });
      } finally {
        // Closing the file releases its lock, and the next holder would take this claim for one that was left behind.
        yield* claim.tidyRewrite();
      }
    });
  });
}

/**
 * Makes a file whole whose data are not what its header says: rows that are there and not counted are counted, rows that are counted
 * and not there no longer are, and an incomplete last row is cut off, or filled up with zeros. With `dropUncounted` rows that are not
 * counted are cut off instead. An in-place `ensureAppendable` that was
 * interrupted is completed, or taken back if it had not moved anything yet. A whole file is left alone.
 *
 * @throws NpyError `ERR_NPY_OPTION`; `ERR_NPY_UNRECOVERABLE` if what is behind the last row begins another `.npy` file (see `force` and
 * `dropUncounted`), if of a file that has rows none would be left (see `allowEmpty` and `zerofillIncomplete`), if a 0-d array is
 * incomplete and not to be zero-filled, or if the journal of an interrupted in-place `ensureAppendable` is gone; `ERR_NPY_NOT_APPENDABLE` if
 * the header has no room for the number of rows; `ERR_NPY_HEADER` for what is no `.npy` file, or ends within its header; `ERR_NPY_LOCKED` if
 * it is being appended to; the file system's own errors. The file is as it was then.
 * @example
 * ```ts
 * const { rowsBefore, rowsAfter, bytesDropped } = await recover("log.npy");
 * ```
 */
export async function recover(file: FileLike, options: RecoverOptions = {}): Promise<RecoveryReport> {
  return await onFile(recovering, file, options);
}

/** {@link recover}, synchronously. */
export function recoverSync(file: FileLike, options: RecoverOptions = {}): RecoveryReport {
  return onFileSync(recovering, file, options);
}

function checkingRecovery(storage: Storage, options: HeaderOptions): Plan<boolean> {
  const checked = checkOptions(options, { maxHeaderSize });
  return withFile(storage, "r", (opened) => isRecoveryNeeded(opened, checked.maxHeaderSize));
}

/**
 * Whether the length of a file's data is not what its header says, or an in-place `ensureAppendable` was interrupted. The first is also
 * so between the append and the `updateHeader` of a writer with `rewriteHeaderOnAppend: false`.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; the file system's own errors.
 */
export async function needsRecovery(file: FileLike, options: HeaderOptions = {}): Promise<boolean> {
  return onFile(checkingRecovery, file, options);
}

/** {@link needsRecovery}, synchronously. */
export function needsRecoverySync(file: FileLike, options: HeaderOptions = {}): boolean {
  return onFileSync(checkingRecovery, file, options);
}
