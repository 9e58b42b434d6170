/** What users name a file by -> the storage that holds it. */
import { NpyError } from "../errors.ts";
import type { Storage } from "./storage.ts";

/** A path, a `file:` URL, or a storage such as `MemoryStorage`. */
export type FileLike = string | URL | Storage;

let openPath: ((path: string | URL) => Storage) | undefined;

/** Called by the entry points of runtimes that have files. */
export function setPathStorage(open: (path: string | URL) => Storage): void {
  openPath = open;
}

/**
 * The storage that `file` names.
 *
 * @throws NpyError `ERR_NPY_OPTION` for what names no file, and for paths where the runtime has no file system.
 */
export function locate(file: FileLike): Storage {
  if (typeof file === "string" || file instanceof URL) {
    if (openPath !== undefined) return openPath(file);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Paths need a file system, which this runtime has not: pass a storage such as MemoryStorage.",
    );
  }
  if (typeof file === "object" && file !== null && "openSync" in file) return file;
  throw new NpyError("ERR_NPY_OPTION", `Expected a path, a file: URL or a storage: found ${String(file)}.`);
}
