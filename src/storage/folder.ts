/**
 * The contract of a folder: files in one place, each found by its name. What lies in several files needs no more than that, so that a directory, memory
 * and a prefix of an object store serve alike.
 */
import { NpyError, quoted } from "../errors.ts";
import type { AsyncStorage, Eventually, Storage } from "./storage.ts";

/** A folder of files. Folders within it are not seen. */
export interface Folder {
  /** For messages. */
  readonly path: string | undefined;
  /** Equal for two folders that are the same one, once it exists. Compared like the keys of a `Map`. */
  readonly key: unknown;

  /** The names of its files, in any order; fails with `ENOENT` if there is no such folder. A file that is made meanwhile may be missing. */
  list(): Eventually<readonly string[]>;
  listSync(): readonly string[];
  /**
   * The place of that name, which may hold a file.
   *
   * @throws NpyError `ERR_NPY_OPTION` if the name would lead out of the folder.
   */
  file(name: string): Storage;
  /** Creates the folder, and those that it is in; does nothing if it exists. */
  create(): Eventually<void>;
  createSync(): void;
  /**
   * Calls back when a file may have been made, deleted or changed, with its name where that is known, until the returned function is called. Returns
   * `undefined` where that is not possible. Leaving it out means the same.
   */
  watch?(onChange: (name: string | undefined) => void): (() => void) | undefined;
  /** For folders that take each file whole, in one request, as object stores do. Without it, files are created and then written. */
  readonly whole?: WholeFiles;
}

/** How files come into a folder that takes each of them whole. A file never changes then. */
export interface WholeFiles {
  /** The most bytes of a file. */
  readonly maxBytes: number;
  /** Where writers keep files until the folder takes them; `undefined`: in memory. */
  readonly spool: Folder | undefined;
  /** Tells files for this folder from those for another one in the same spool: 16 hexadecimal digits. */
  readonly tag: string;
  /** @throws NpyError `ERR_NPY_OPTION` unless a file that exists is never overwritten by {@link putIfAbsent}. */
  check(): Promise<void>;
  /** The names of files that come after `name`, as text is ordered. */
  listAfter(name: string): Promise<readonly string[]>;
  /**
   * Gives the folder a file, if the name is free. Returns `false` if another file has it. `id` is kept with the file, and tells it from all others: a request
   * that was repeated because its answer was lost, also by another process, succeeds. After an error the folder may have the file, or may get it later.
   */
  putIfAbsent(name: string, content: Blob, id: string): Promise<boolean>;
}

/** A folder without the synchronous half: it is used by the verbs that return promises. */
export interface AsyncFolder extends Omit<Folder, "listSync" | "createSync" | "file"> {
  file(name: string): AsyncStorage;
}

/** @throws NpyError `ERR_NPY_OPTION` unless it is the name of one file, which no file system takes for a path. */
export function checkFileName(name: string, folder: string | undefined): void {
  if (typeof name === "string" && !/^\.{0,2}$|[/\\\0]/.test(name)) return;
  throw new NpyError("ERR_NPY_OPTION", `Expected the name of a file, without / and \\: found ${quoted(name)}.`, { path: folder });
}
