/** Gives private files the names of shards. */
import { NpyError } from "../errors.ts";
import { run } from "../plan/run.ts";
import { close, create, discard, list, open, type Plan, place, quietly, remove } from "../plan/step.ts";
import { inOrder, shardName, shardNumber } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import { hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import { privateName } from "./private-files.ts";

/** After so many names that were taken the folder is listed anew. */
const PATIENCE = 8;

/** The number after that of the last shard. */
export function* nextNumber(folder: Folder): Plan<number> {
  const last = inOrder(yield* list(folder)).at(-1);
  return last === undefined ? 0 : (shardNumber(last) as number) + 1;
}

/**
 * Gives the private file that is open as `file` the first free name from number `next` on, and takes its old name from it. Nobody else may claim the same
 * file: the caller has its lock. Returns the number.
 *
 * Whether a name was given is judged by the file that has it, not by the error: network disks may repeat a request that succeeded.
 *
 * @throws NpyError `ERR_NPY_OPTION` where no name can be given in one step, `ERR_NPY_CHANGED` if the private file is gone; the file system's own errors. The
 * private file is there then, unless it is gone.
 */
export function* giveName(folder: Folder, name: string, file: StorageFile, next: number): Plan<number> {
  let number = next;
  for (let tries = 1; ; tries++) {
    const storage = folder.file(shardName(number));
    let failure: unknown;
    let isPlaced = false;
    try {
      isPlaced = yield* place(storage, file);
    } catch (error) {
      failure = error;
    }
    if (isPlaced || (yield* holds(storage, file))) break;
    if (failure === undefined) throw yield* notPlaced(folder, name, file);
    if (!hasCode(failure, "EEXIST")) throw failure;
    number = tries % PATIENCE === 0 ? Math.max(number + 1, yield* nextNumber(folder)) : number + 1;
  }
  yield* dropName(folder, name, file.key);
  return number;
}

/** Whether a name leads to the file. */
function* holds(storage: Storage, { key }: StorageFile): Plan<boolean> {
  let found: StorageFile;
  try {
    found = yield* open(storage, "r");
  } catch (error) {
    // A directory, a link that leads nowhere, a file that may not be read.
    if (["ENOENT", "EISDIR", "EACCES", "EINVAL"].some((code) => hasCode(error, code))) return false;
    throw error;
  }
  const isSame = found.key === key;
  yield* quietly(close(found));
  return isSame;
}

/** Removes the private name of a file that has become a shard, if it still has it. */
export function* dropName(folder: Folder, name: string, key: unknown): Plan<void> {
  // It is no failure that the file has another name: whoever finds it removes it.
  yield* quietly(removeIf(folder.file(name), key));
}

/** Why the system gave no name. */
function* notPlaced(folder: Folder, name: string, file: StorageFile): Plan<Error> {
  if (yield* holds(folder.file(name), file)) return noNames(folder.path);
  return new NpyError("ERR_NPY_CHANGED", "Its private file was deleted, or taken by recover, while it was being written.", {
    path: folder.file(name).path,
  });
}

/** The error for folders where nothing gives a file a name only if it is free. */
function noNames(path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    "Shards take their names by hard links, so that writers need no lock, and this folder has none, or allows no more files: write one file with NpyAppendArray instead.",
    { path },
  );
}

/** @throws NpyError `ERR_NPY_OPTION` unless files of the folder can be given names: that is found out before a row is taken. */
export async function checkNames(folder: Folder): Promise<void> {
  await (folder.whole === undefined ? run(tryNames(folder)) : folder.whole.check());
}

function* tryNames(folder: Folder): Plan<void> {
  const storage = folder.file(privateName(undefined));
  const file = yield* create(storage);
  const other = folder.file(privateName(undefined));
  try {
    if (!(yield* place(other, file))) throw noNames(folder.path);
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
  const { key } = file;
  yield* close(file);
  yield* quietly(removeIf(storage, key));
  yield* quietly(removeIf(other, key));
}

/** Removes a name, if it is that of the file with this key. */
function* removeIf(storage: Storage, key: unknown): Plan<void> {
  const file = yield* open(storage, "r");
  try {
    if (file.key === key) yield* remove(storage, file);
  } finally {
    yield* quietly(close(file));
  }
}
