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
