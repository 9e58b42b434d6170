/** The plans of recovering one file, which folders of files are recovered with as well. */
import {
  checkOptions,
  flag,
  type HeaderOptions,
  INSPECT_OPTIONS,
  type InspectOptions,
  maxHeaderSize,
  optionError,
} from "./options.ts";
import { claiming } from "./plan/claims.ts";
import { isRecoveryNeeded, type RecoveryReport, recoverFile } from "./plan/rewrite/recover.ts";
import { closing, type Plan, withFile } from "./plan/step.ts";
import type { Storage } from "./storage/storage.ts";

/** How a file is recovered. */
export interface FileRecoverOptions extends HeaderOptions {
  /**
   * Complete an incomplete last row with zeros instead of cutting it off.
   *
   * @defaultValue `false`
   * @example zerofillIncomplete: true
   */
  readonly zerofillIncomplete?: boolean;
  /**
   * Only report what would be done.
   *
   * @defaultValue `false`
   * @example dryRun: true
   */
  readonly dryRun?: boolean;
  /**
   * Count bytes after the last row as rows even if they begin like a `.npy` file, as two calls of `numpy.save` into one file leave them.
   *
   * @defaultValue `false`
   * @example force: true
   */
  readonly force?: boolean;
  /**
   * Keep only the rows that the header counts, and cut off everything after them, even another `.npy` file. For files that threads were appending to
   * when the process ended: rows that are not counted may have gaps. Has no effect if the data are shorter than the header says. Not with
   * `zerofillIncomplete` or `force`.
   *
   * @defaultValue `false`
   * @example dropUncounted: true
   */
  readonly dropUncounted?: boolean;
  /**
   * Drop all data if they are less than one row, although the header counts rows. A column vector in Fortran order, shape `(n, 1)`, is one row, and
   * one missing byte would cost all of it.
   *
   * @defaultValue `false`
   * @example allowEmpty: true
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

export function* recovering(storage: Storage, options: FileRecoverOptions): Plan<RecoveryReport> {
  const checked = checkOptions(options, RECOVER_OPTIONS);
  if (checked.dropUncounted && checked.zerofillIncomplete) {
    throw optionError("dropUncounted cuts off the incomplete row that zerofillIncomplete would complete: set one of them");
  }
  if (checked.dropUncounted && checked.force) {
    throw optionError("dropUncounted cuts off what force would take for rows: set one of them");
  }
  if (checked.dryRun) return yield* withFile(storage, "r", (opened) => recoverFile(opened, checked));
  return yield* claiming(storage, function* (claim) {
    const opened = yield* claim.open("r+");
    const claimRewrite = (isNeeded: boolean): Plan<boolean> => claim.claimRewrite(opened, isNeeded);
    return yield* closing(opened, function* () {
      try {
        return yield* recoverFile(opened, { ...checked, claim: claimRewrite, isLocked: claim.isLocked(opened) });
      } finally {
        // Closing the file releases its lock, and the next holder would mistake this claim for an abandoned one.
        yield* claim.tidyRewrite();
      }
    });
  });
}

export function checkingRecovery(storage: Storage, options: InspectOptions): Plan<boolean> {
  const checked = checkOptions(options, INSPECT_OPTIONS);
  return withFile(storage, "r", (opened) => isRecoveryNeeded(opened, checked.maxHeaderSize), checked);
}
