/** A list of files, or the shards in a folder, as the storage of one file, which can only be read. */
import { NpyError, quoted } from "../errors.ts";
import { MAX_HEADER_SIZE } from "../format/header.ts";
import { run, runSync } from "../plan/run.ts";
import { close, list, open, type Plan } from "../plan/step.ts";
import type { Folder } from "../storage/folder.ts";
import { type FileLike, type FolderLike, isFolder, locate, locateFolder } from "../storage/locate.ts";
import { type Eventually, hasCode, type OpenMode, type ReadPurpose, type Storage, type StorageFile } from "../storage/storage.ts";
import { JoinedFile } from "./joined-file.ts";
import { JoinedFiles, type Member } from "./joined-files.ts";
import { inOrder, namesBetween, otherNames, shardNumber } from "./shard-names.ts";

/** What can be read as one array: a file, a folder of shards, or a list of files. */
export type SourceLike = FileLike | FolderLike | readonly FileLike[];

class JoinedStorage implements Storage {
  readonly path: string | undefined;
  readonly #folder: Folder | undefined;
  readonly #listed: readonly Member[];
  readonly #maxHeaderSize: number;
  #joined: JoinedFiles | undefined;

  private constructor(folder: Folder | undefined, listed: readonly Member[], maxHeaderSize: number) {
    this.path = folder?.path;
    this.#folder = folder;
    this.#listed = listed;
    this.#maxHeaderSize = maxHeaderSize;
  }

  static ofFolder(folder: Folder, maxHeaderSize: number = MAX_HEADER_SIZE): JoinedStorage {
    return new JoinedStorage(folder, [], maxHeaderSize);
  }

  /** @throws NpyError `ERR_NPY_OPTION` for an empty list, or a value in it that names no file. */
  static ofFiles(files: readonly FileLike[], maxHeaderSize: number = MAX_HEADER_SIZE): JoinedStorage {
    if (files.length === 0)
      throw new NpyError("ERR_NPY_OPTION", "Expected a list of files to read as one array: found an empty list.");
    return new JoinedStorage(
      undefined,
      files.map((file, id) => ({ id, storage: locate(file) })),
      maxHeaderSize,
    );
  }

  get key(): unknown {
    return this;
  }

  open(mode: OpenMode, purpose: ReadPurpose = {}): Eventually<StorageFile> {
    const { signal, timeout, fetch } = purpose;
    return run(this.#opening(mode, { signal, timeout, fetch }), signal);
  }
  openSync(mode: OpenMode): StorageFile {
    return runSync(this.#opening(mode, {}));
  }

  *#opening(mode: OpenMode, limits: ReadPurpose): Plan<StorageFile> {
    if (mode !== "r") refuse();
    const members = this.#folder === undefined ? this.#listed : yield* shardsIn(this.#folder);
    const known = this.#joined;
    const isKnown = known !== undefined && (yield* known.extend(members));
    const joined = isKnown ? known : yield* JoinedFiles.of(members, limits, this.#maxHeaderSize);
    this.#joined = joined;
    return new JoinedFile(joined);
  }

  /** Of a folder only the names of shards matter; of a list the last file, which may grow. */
  watch(onChange: () => void): (() => void) | undefined {
    const last = this.#joined?.parts.at(-1)?.storage;
    const forgetLast = last?.watch?.(onChange);
    const forgetFolder = this.#folder?.watch?.((name) => {
      if (name === undefined || shardNumber(name) !== undefined) onChange();
    });
    if (forgetLast === undefined && forgetFolder === undefined) return undefined;
    return () => {
      forgetLast?.();
      forgetFolder?.();
    };
  }

  mapProblem(isWritten: boolean): string | undefined {
    const some = this.#folder === undefined ? this.#listed.map(({ storage }) => storage) : [this.#folder.file("0.npy")];
    for (const storage of some) {
      if (storage.mapProblem === undefined) return "only files of the file system can be mapped: pass paths";
      const problem = storage.mapProblem(isWritten);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  readonly create: () => never = refuse;
  readonly createSync: () => never = refuse;
  readonly createTemporary: () => never = refuse;
  readonly createTemporarySync: () => never = refuse;
  readonly replace: () => never = refuse;
  readonly replaceSync: () => never = refuse;
  readonly remove: () => never = refuse;
  readonly removeSync: () => never = refuse;
}

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Several files can only be read as one: append to one of them, or to a folder with NpyShards.",
  );
}

/** The shards of a folder, in the order of their numbers. */
function* shardsIn(folder: Folder): Plan<Member[]> {
  const names = yield* list(folder);
  const listed = inOrder(names);
  if (listed.length === 0) throw noShards(folder, names);
  const all: string[] = [];
  for (const name of listed) {
    const before = all.at(-1);
    if (before !== undefined && shardNumber(before) === shardNumber(name)) throw sameNumber(folder, before, name);
    if (before !== undefined) {
      for (const missing of namesBetween(before, name)) if (yield* isThere(folder.file(missing))) all.push(missing);
    }
    all.push(name);
  }
  return all.map((name) => ({ id: name, storage: folder.file(name) }));
}

function* isThere(storage: Storage): Plan<boolean> {
  try {
    yield* close(yield* open(storage, "r"));
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** An error of the file system's kind: shards may come later. */
function noShards(folder: Folder, names: readonly string[]): Error {
  const others = otherNames(names);
  const hint =
    others === ""
      ? ""
      : `. It holds ${others}: to read such files as one array, pass a list of them; those of a group are read by NpyGroupReader`;
  const message = `ENOENT: there are no shards, whose names are digits alone such as 00000000.npy, in '${folder.path ?? "the folder"}'${hint}`;
  return Object.assign(new Error(message), { code: "ENOENT", path: folder.path });
}

function sameNumber(folder: Folder, first: string, second: string): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `Both ${quoted(first)} and ${quoted(second)} have the number ${shardNumber(first)}: rename one of them.`,
    {
      path: folder.path,
    },
  );
}

/** The storage that is read. A path that turns out to be that of a directory is looked at by {@link directoryAt}. */
export function sourceOf(source: SourceLike, maxHeaderSize?: number): Storage {
  if (Array.isArray(source)) return JoinedStorage.ofFiles(source, maxHeaderSize);
  return isFolder(source) ? JoinedStorage.ofFolder(locateFolder(source), maxHeaderSize) : locate(source as FileLike);
}

/**
 * The shards in the directory that `storage` could not open as a file.
 *
 * @throws The error, if it says anything else.
 */
export function directoryAt(storage: Storage, error: unknown, maxHeaderSize?: number): Storage {
  if (!hasCode(error, "EISDIR") || storage.path === undefined || storage instanceof JoinedStorage) throw error;
  return JoinedStorage.ofFolder(locateFolder(storage.path), maxHeaderSize);
}
