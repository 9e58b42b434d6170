/** Recovers the files of a group together. */
import { checkOptions, flag, maxHeaderSize, optionError } from "../options.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import type { Plan } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import { columnsIn, filesOf, namedColumns } from "./columns.ts";
import { lookAt, mend } from "./mend.ts";

/** Those that are for files; the command line sets them to `false`. */
const OF_FILES = ["zerofillIncomplete", "force", "dropUncounted"] as const;

/**
 * Keeps the rows that all files of the group hold, or completes an append that was interrupted.
 *
 * @throws NpyError `ERR_NPY_UNRECOVERABLE` if a file is missing, no row would be left, or it is not clear which files are the group's.
 */
export function* recoverGroup(folder: Folder, options: object): Plan<RecoveryReport> {
  const given = Object.fromEntries(Object.entries(options).filter(([name, value]) => !(isOfFiles(name) && value === false)));
  const wrong = OF_FILES.find((name) => given[name] === true);
  if (wrong !== undefined) throw optionError(`${wrong} is for a file: recover that by itself first`);
  const checked = checkOptions<{
    dryRun: boolean;
    allowEmpty: boolean;
    maxHeaderSize: number;
    arrays: ReturnType<typeof namedColumns>;
  }>(given, { arrays: namedColumns, dryRun: flag(false), allowEmpty: flag(false), maxHeaderSize });
  const files = filesOf(folder, yield* columnsIn(folder, checked.arrays));
  const rules = {
    maxHeaderSize: checked.maxHeaderSize,
    mayCut: true,
    allowEmpty: checked.allowEmpty,
    isNamed: checked.arrays !== undefined,
  };
  const { report } = checked.dryRun ? yield* lookAt(files, rules) : yield* mend(files, rules, "auto");
  return report;
}

function isOfFiles(name: string): boolean {
  return (OF_FILES as readonly string[]).includes(name);
}
