/** From a user's name for a file to the storage that holds it. */
import { NpyError } from "../errors.ts";
import { httpStorage } from "./http.ts";
import { blobStorage } from "./ranges.ts";
import type { Storage } from "./storage.ts";

/** A path, a `file:` URL, or a storage such as `MemoryStorage`; for reading also a `Blob` or an `http:` or `https:` URL. */
export type FileLike = string | URL | Storage | Blob;

let openPath: ((path: string | URL) => Storage) | undefined;

/** Called by the entry points of runtimes with a file system. */
export function setPathStorage(open: (path: string | URL) => Storage): void {
  openPath = open;
}

/**
 * The storage that `file` names.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the value names no file, or is a path and the runtime has no file system.
 */
export function locate(file: FileLike): Storage {
  if (file instanceof Blob) return blobStorage(file);
  if (/^https?:\/\//i.test(file instanceof URL ? file.href : typeof file === "string" ? file : ""))
    return httpStorage(String(file));
  if (typeof file === "string" || file instanceof URL) {
    if (openPath !== undefined) return openPath(file);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Paths need a file system, which this runtime lacks: pass a storage such as MemoryStorage.",
    );
  }
  if (typeof file === "object" && file !== null && "openSync" in file) return file;
  throw new NpyError("ERR_NPY_OPTION", `Expected a path, a URL, a storage or a Blob: found ${String(file)}.`);
}
