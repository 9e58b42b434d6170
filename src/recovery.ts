/** Files that a killed process, a power cut or a full disk left incomplete. */
import type { GroupArray } from "./group/columns.ts";
import { recoverGroup } from "./group/recover-group.ts";
import { type InspectOptions, optionError } from "./options.ts";
import type { RecoveryReport } from "./plan/rewrite/recover.ts";
import { run, runSync } from "./plan/run.ts";
import { checkingRecovery, type FileRecoverOptions, recovering } from "./recovering.ts";
import { holdsShards, recoverShardRows } from "./shards/recover-shards.ts";
import { type FileLike, type FolderLike, isFolder, locateFolder } from "./storage/locate.ts";
import { hasCode } from "./storage/storage.ts";
import { attempt, attemptLater, onFile, onFileSync } from "./verb.ts";

/** How a file, or a folder, is recovered. */
export interface RecoverOptions extends FileRecoverOptions {
  /**
   * Of a folder: the arrays of the group, by their names, or as {@link NpyAppendGroup.open} takes them. No other file is looked at.
   *
   * By default a file that is whole in itself never shortens the others, because it may not belong to them.
   *
   * @defaultValue all `.npy` files of the folder
   * @example arrays: ["id", "text"]
   */
  readonly arrays?: readonly string[] | { readonly [name: string]: GroupArray };
}

/**
 * Repairs a file whose data and header disagree: the header counts exactly the rows that exist, and an incomplete last row is cut off or
 * filled with zeros. With `dropUncounted`, rows that the header does not count are cut off instead. An interrupted in-place
 * `ensureAppendable` is completed, or undone if it had not moved anything yet. Room that a killed writer had reserved with `mmap: true` is cut off. A
 * whole file is left alone.
 *
 * Of a folder, it makes the files of a group agree (see {@link NpyAppendGroup} and `arrays`), or does what {@link recoverShards} does if shards are in it; the report is of
 * all its files together.
 *
 * @throws NpyError `ERR_NPY_OPTION`; `ERR_NPY_TRAILING` if another `.npy` array begins after the last row (see `force` and
 * `dropUncounted`), at its `offset`; `ERR_NPY_UNRECOVERABLE` if a transfer as text damaged the file, if a file with rows would lose all of them (see `allowEmpty` and `zerofillIncomplete`), if a 0-d array is
 * incomplete without `zerofillIncomplete`, or if the journal of an interrupted in-place `ensureAppendable` is gone; `ERR_NPY_NOT_APPENDABLE` if
 * the header has no room for the number of rows; `ERR_NPY_HEADER` for a file that is not `.npy`, or ends within its header; `ERR_NPY_LOCKED` if
 * it is being appended to; the file system's own errors. An error leaves the file unchanged.
 * @example
 * ```ts
 * const { rowsBefore, rowsAfter, bytesDropped } = await recover("log.npy");
 * ```
 */
export async function recover(file: FileLike | FolderLike, options: RecoverOptions = {}): Promise<RecoveryReport> {
  if (isGroup(file, options)) return await recoverFolder(file, options);
  try {
    return await onFile(recovering, file, options);
  } catch (error) {
    if (isDirectory(file, error)) return await recoverFolder(file, options);
    throw error;
  }
}

/** {@link recover}, synchronously. */
export function recoverSync(file: FileLike | FolderLike, options: RecoverOptions = {}): RecoveryReport {
  if (isGroup(file, options)) return recoverFolderSync(file, options);
  try {
    return onFileSync(recovering, file, options);
  } catch (error) {
    if (isDirectory(file, error)) return recoverFolderSync(file, options);
    throw error;
  }
}

function isGroup(file: FileLike | FolderLike, options: RecoverOptions): file is FolderLike {
  return isFolder(file) || options?.arrays !== undefined;
}

/** Whether it is the path of a directory, by the error that opening it as a file gave. */
function isDirectory(file: FileLike | FolderLike, error: unknown): file is string | URL {
  return (typeof file === "string" || file instanceof URL) && hasCode(error, "EISDIR");
}

async function recoverFolder(folder: FolderLike, options: RecoverOptions): Promise<RecoveryReport> {
  const located = attempt(undefined, () => locateFolder(folder));
  return await attemptLater(located.path, async () => {
    if (options.arrays === undefined && (await run(holdsShards(located)))) return await recoverShardRows(located, options);
    return await run(recoverGroup(located, options));
  });
}

function recoverFolderSync(folder: FolderLike, options: RecoverOptions): RecoveryReport {
  const located = attempt(undefined, () => locateFolder(folder));
  return attempt(located.path, () => {
    if (options.arrays === undefined && runSync(holdsShards(located)))
      throw optionError("shards are recovered asynchronously: await recover(folder), or await recoverShards(folder)");
    return runSync(recoverGroup(located, options));
  });
}

/**
 * Whether the length of a file's data is not what its header says, or an in-place `ensureAppendable` was interrupted. The first is also
 * so between the append and the `updateHeader` of a writer with `rewriteHeaderOnAppend: false`, and while one with `mmap: true` has reserved room.
 *
 * @throws NpyError `ERR_NPY_HEADER`, `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` if it cannot be read as `.npy`; the file system's own errors.
 */
export async function needsRecovery(file: FileLike, options: InspectOptions = {}): Promise<boolean> {
  return onFile(checkingRecovery, file, options);
}

/** {@link needsRecovery}, synchronously. */
export function needsRecoverySync(file: FileLike, options: InspectOptions = {}): boolean {
  return onFileSync(checkingRecovery, file, options);
}
