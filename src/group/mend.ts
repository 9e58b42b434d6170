/** Makes the files of a group agree. */

import { NpyError, withPath } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { claiming } from "../plan/claims.ts";
import { cutAfter, endOf, type HeldRows, heldRows, writeCount } from "../plan/rewrite/recount.ts";
import { type RecoveryReport, refuseSecondArray } from "../plan/rewrite/recover.ts";
import { closing, open, type Plan, size, syncTogether, write } from "../plan/step.ts";
import { hasCode, type StorageFile } from "../storage/storage.ts";
import { type Agreement, agreementOf, type FoundFile } from "./agreement.ts";
import type { GroupFile } from "./columns.ts";

export interface MendRules {
  readonly maxHeaderSize: number;
  /** Whether rows that a header counts may be cut off. */
  readonly mayCut: boolean;
  /** Whether all rows may be. */
  readonly allowEmpty: boolean;
  /** Whether the user said which arrays are the group's. */
  readonly isNamed: boolean;
}

/** Opens a file for as long as it is used, with or without a claim. `undefined`: it is missing. */
type Holding = (file: GroupFile, use: (opened: StorageFile | undefined) => Plan<Mended>) => Plan<Mended>;

/** What was found, and what was or would be done. */
export interface Mended {
  readonly agreement: Agreement;
  readonly report: RecoveryReport;
}

/**
 * Looks at the files, without a claim, and changes nothing.
 *
 * @throws NpyError what {@link checkAgreement} throws.
 */
export function lookAt(files: readonly GroupFile[], rules: MendRules): Plan<Mended> {
  const reading: Holding = function* ({ storage }, use) {
    const opened = yield* ifThere(open(storage, "r"));
    return yield* opened === undefined ? use(undefined) : closing(opened, () => use(opened));
  };
  return holdingAll(files, rules, reading, [], function* (found) {
    const agreement = checkAgreement(yield* agreementOf(found), rules);
    return { agreement, report: reportOf(found, agreement) };
  });
}

/**
 * Makes the files agree, under the claims of all of them. Data are synced before a header counts them, and nothing is cut off before all headers are
 * right and synced: interrupted at any step, it can begin again.
 *
 * @throws NpyError what {@link checkAgreement} throws; `ERR_NPY_LOCKED`; `ERR_NPY_TRAILING` if another array begins after the rows of a file. Nothing is
 * changed then.
 */
export function mend(files: readonly GroupFile[], rules: MendRules, lock: boolean | "auto"): Plan<Mended> {
  const writing: Holding = ({ storage }, use) =>
    claiming(
      storage,
      function* (claim) {
        const opened = yield* ifThere(claim.open("r+"));
        return yield* opened === undefined ? use(undefined) : closing(opened, () => use(opened));
      },
      lock,
    );
  return holdingAll(files, rules, writing, [], (found) => mendFound(found, rules));
}

function* holdingAll(
  files: readonly GroupFile[],
  rules: MendRules,
  holding: Holding,
  found: readonly FoundFile[],
  use: (found: readonly FoundFile[]) => Plan<Mended>,
): Plan<Mended> {
  const file = files[found.length];
  if (file === undefined) return yield* use(found);
  let isOpen = false;
  try {
    return yield* holding(file, function* (opened) {
      const held = opened === undefined ? undefined : yield* lookInto(opened, rules.maxHeaderSize);
      isOpen = true;
      return yield* holdingAll(files, rules, holding, [...found, { file, held }], use);
    });
  } catch (error) {
    throw isOpen ? error : withPath(error, file.storage.path);
  }
}

/** An empty file counts as missing. */
function* lookInto(opened: StorageFile, maxHeaderSize: number): Plan<HeldRows | undefined> {
  return (yield* size(opened)) === 0 ? undefined : yield* heldRows(opened, maxHeaderSize);
}

function* ifThere(opening: Plan<StorageFile>): Plan<StorageFile | undefined> {
  try {
    return yield* opening;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * Refuses what must not be repaired without being asked, or at all.
 *
 * @throws NpyError `ERR_NPY_NEEDS_RECOVERY`, `ERR_NPY_UNRECOVERABLE`.
 */
function checkAgreement(agreement: Agreement, { mayCut, allowEmpty, isNamed }: MendRules): Agreement {
  const { problem, missing, stray, rows } = agreement;
  if (missing !== undefined) {
    const advice = `Put it back; or, to go on without it, ${isNamed ? "leave it out of arrays" : "name the other arrays in arrays"}.`;
    throw new NpyError(
      mayCut ? "ERR_NPY_UNRECOVERABLE" : "ERR_NPY_NEEDS_RECOVERY",
      `${missing.name} is missing, and other files of the group hold rows. ${advice}`,
    );
  }
  if (problem === undefined) return agreement;
  if (!mayCut) {
    throw new NpyError(
      "ERR_NPY_NEEDS_RECOVERY",
      `The files do not belong together: ${problem}. Put the right files back; or call recover with the folder, or open it with ` +
        `onNeedsRecovery: "truncate", which keeps the first ${counted(rows, "row")} of each array.`,
    );
  }
  if (stray !== undefined && !isNamed) {
    throw new NpyError(
      "ERR_NPY_UNRECOVERABLE",
      `${problem}. ${stray.name} is whole in itself, so it may be no array of the group: name the arrays of the group in arrays, so that no ` +
        "other file shortens them.",
    );
  }
  if (rows === 0 && !allowEmpty) {
    throw new NpyError("ERR_NPY_UNRECOVERABLE", `${problem}: cutting the other arrays would leave no row.`, {
      remedies: [{ option: "allowEmpty", effect: "drop all rows" }],
    });
  }
  return agreement;
}

function* mendFound(found: readonly FoundFile[], rules: MendRules): Plan<Mended> {
  const agreement = checkAgreement(yield* agreementOf(found), rules);
  const report = reportOf(found, agreement);
  const held = found.map(({ held: one }) => one).filter((one) => one !== undefined);
  if (!report.needed) return { agreement, report };
  const targets = agreement.targets.filter((_, i) => found[i]?.held !== undefined);
  for (const [i, one] of held.entries()) yield* refuseTrailing(one, targets[i] as number);
  for (const { file, held: one } of found) if (one?.whole === 0 && file.role === "offsets") yield* writeFirstOffset(one);
  const all = held.map(({ file }) => file);
  yield* syncTogether(all);
  for (const [i, one] of held.entries()) yield* writeCount(one, targets[i] as number);
  yield* syncTogether(all);
  for (const [i, one] of held.entries()) yield* cutAfter(one, targets[i] as number);
  yield* syncTogether(all);
  return { agreement, report };
}

/** The offset that creating the file was to write. */
function* writeFirstOffset({ file, header }: HeldRows): Plan<void> {
  yield* write(file, new Uint8Array(header.dtype.itemsize), header.headerLength);
}

function* refuseTrailing(held: HeldRows, rows: number): Plan<void> {
  if (held.size > endOf(held, rows)) yield* refuseSecondArray(held.file, endOf(held, rows));
}

function reportOf(found: readonly FoundFile[], { isWhole, counted, rows, targets }: Agreement): RecoveryReport {
  let bytesDropped = 0;
  let isNeeded = false;
  for (const [i, { held }] of found.entries()) {
    if (held === undefined) continue;
    const target = targets[i] as number;
    bytesDropped += Math.max(0, held.size - endOf(held, target));
    isNeeded ||= held.counted !== target || held.size !== endOf(held, target) || held.header.reservesTail === true;
  }
  return { needed: isNeeded && !isWhole, rowsBefore: counted, rowsAfter: rows, bytesDropped, bytesZeroFilled: 0 };
}
