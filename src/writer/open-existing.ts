/** Opens an existing file to append to it. It is checked first and, where the options say so, repaired. */

import { canCast } from "../cast/can-cast.ts";
import { NpyError } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { showDType } from "../format/dtype.ts";
import { type NpyHeader, zeroDimensional } from "../format/header.ts";
import { dataLength, rowShape } from "../format/layout.ts";
import type { Claim } from "../plan/claims.ts";
import { GrowingFile } from "../plan/grow/growing-file.ts";
import { readHeader, readStart } from "../plan/read/header.ts";
import { isAppendableHeader } from "../plan/rewrite/appendable-header.ts";
import { rewriteByCopy } from "../plan/rewrite/by-copy.ts";
import { completeInterrupted } from "../plan/rewrite/interrupted-rewrite.ts";
import {
  checkRecoverable,
  hasWrongLength,
  mayCut,
  type RecoveryReport,
  recoverFile,
  refuseSecondArray,
  reservedLength,
} from "../plan/rewrite/recover.ts";
import { close, type Plan, quietly, size } from "../plan/step.ts";
import { hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import type { CheckedOpenOptions } from "./open-options.ts";

/** A file that rows can be appended to, and how it was repaired. */
export interface OpenedFile {
  readonly growing: GrowingFile;
  readonly recovery: RecoveryReport | undefined;
}

/** Opens and claims the file. `undefined`: there is none, or it is empty. `"replace"`: the first append is to replace it. */
export function* openExisting(
  storage: Storage,
  claim: Claim,
  options: CheckedOpenOptions,
): Plan<OpenedFile | "replace" | undefined> {
  let file: StorageFile;
  try {
    file = yield* claim.open(options.deleteIfExists ? "r" : "r+");
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return undefined;
  }
  if (!options.deleteIfExists) return yield* prepare(file, storage, claim, options);
  yield* claim.hold(file);
  return "replace";
}

/** Checks and repairs an open file, and closes it if that fails. */
function* prepare(
  opened: StorageFile,
  storage: Storage,
  claim: Claim,
  { maxHeaderSize, onNotAppendable, onNeedsRecovery, ...options }: CheckedOpenOptions,
): Plan<OpenedFile | undefined> {
  const rewriting = { claim: (isNeeded: boolean) => claim.claimRewrite(opened, isNeeded) };
  let file: StorageFile | undefined = opened;
  try {
    if ((yield* size(file)) === 0) {
      file = undefined;
      yield* close(opened);
      return undefined;
    }
    if (onNeedsRecovery !== "throw") yield* completeInterrupted(file, maxHeaderSize, rewriting);
    let header = yield* readHeader(file, maxHeaderSize);
    if (header.shape.length === 0) throw zeroDimensional();
    checkOptions(header, options);
    const fileSize = yield* size(file);
    const needsRecovery = hasWrongLength(header, fileSize);
    const isLocked = claim.isLocked(file);
    const isWhole = header.reservesTail && fileSize >= header.headerLength + dataLength(header);
    // What a killed writer reserved holds no rows: it is cut off without being asked for, where nobody can be using it.
    if (needsRecovery && onNeedsRecovery === "throw" && !(isWhole && mayCut(file, { isLocked }))) {
      if (isWhole) throw mayBeInUse(reservedLength(header, fileSize));
      yield* refuseSecondArray(file, header.headerLength + dataLength(header));
      throw recoveryNeeded(header, fileSize);
    }
    const rules = { zerofillIncomplete: onNeedsRecovery === "zerofill" };
    // Before the header is rewritten, too.
    if (needsRecovery) yield* checkRecoverable(file, header, rules);
    if (!isAppendableHeader(header)) {
      if (onNotAppendable === "throw") throw notAppendable(header);
      file = undefined;
      yield* claim.hold(opened);
      yield* rewriteByCopy(storage, maxHeaderSize, rewriting, (copy) => claim.replace(copy, true));
      yield* claim.letGo();
      file = yield* claim.open("r+");
      header = yield* readHeader(file, maxHeaderSize);
    }
    let recovery: RecoveryReport | undefined;
    if (needsRecovery) {
      const isAsked = onNeedsRecovery !== "throw";
      recovery = yield* recoverFile(file, {
        ...rules,
        ...rewriting,
        isLocked: isLocked || isAsked,
        dryRun: false,
        maxHeaderSize,
      });
      header = yield* readHeader(file, maxHeaderSize);
    }
    yield* claim.releaseRewrite();
    const growing = new GrowingFile(file, header, options.durability, yield* readStart(file, header.headerLength));
    return { growing, recovery };
  } catch (error) {
    if (file !== undefined) yield* quietly(close(file));
    throw error;
  }
}

/** Refuses options that contradict the file. */
function checkOptions(
  header: NpyHeader,
  { dtype, rowShape: wanted, fortranOrder }: Pick<CheckedOpenOptions, "dtype" | "rowShape" | "fortranOrder">,
): void {
  if (dtype !== undefined && !canCast(header.dtype, dtype, "equiv")) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `The file has dtype ${showDType(header.dtype)}, the options say ${showDType(dtype)}: leave dtype out to append to it, or set ` +
        "deleteIfExists to replace it.",
    );
  }
  const found = rowShape(header);
  if (wanted !== undefined && wanted.join() !== found.join()) {
    throw new NpyError("ERR_NPY_SHAPE", `The file has rows of shape (${found}), the options say (${wanted}).`);
  }
  if (fortranOrder !== undefined && header.shape.length > 1 && fortranOrder !== header.fortranOrder) {
    const [is, wants] = header.fortranOrder ? ["Fortran", "C"] : ["C", "Fortran"];
    throw new NpyError("ERR_NPY_OPTION", `The file is in ${is} order, the options say ${wants} order: leave fortranOrder out.`);
  }
}

function notAppendable(header: NpyHeader): NpyError {
  return new NpyError(
    "ERR_NPY_NOT_APPENDABLE",
    `The header (${counted(header.headerLength, "byte")}) has no room to grow: call ensureAppendable first, or open with ` +
      'onNotAppendable: "rewrite".',
  );
}

function mayBeInUse(reserved: number): NpyError {
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `A writer reserved ${counted(reserved, "byte")} after the last row, and without a lock nothing shows whether it still stores rows there. Open it with locks, or ` +
      'make sure that no process writes to the file, and open with onNeedsRecovery: "truncate", which cuts them off.',
  );
}

function recoveryNeeded(header: NpyHeader, fileSize: number): NpyError {
  const expected = header.headerLength + dataLength(header);
  return new NpyError(
    "ERR_NPY_NEEDS_RECOVERY",
    `The file has ${counted(fileSize, "byte")} where its header says ${expected}: call recover first, or open with onNeedsRecovery: ` +
      '"truncate" or "zerofill".',
  );
}
