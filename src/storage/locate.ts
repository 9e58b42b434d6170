/** From a user's name for a file to the storage that holds it. */
import { NpyError, quoted } from "../errors.ts";
import { BytesStorage } from "./bytes.ts";
import { httpStorage } from "./http.ts";
import { blobStorage } from "./ranges.ts";
import type { Storage } from "./storage.ts";

/**
 * A path, a `file:` URL, or a storage such as `MemoryStorage`; for reading also the file's bytes, a `Blob`, or an `http:` or `https:` URL.
 * Bytes are not copied: do not change them while they are read.
 */
export type FileLike = string | URL | Storage | Blob | Uint8Array | ArrayBufferLike;

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
  if (isBytes(file)) return new BytesStorage(file);
  if (file instanceof Blob) return blobStorage(file);
  if (/^https?:\/\//i.test(file instanceof URL ? file.href : typeof file === "string" ? file : ""))
    return httpStorage(String(file));
  if (file === "") throw notAFile(file);
  if (typeof file === "string" || file instanceof URL) {
    if (openPath !== undefined) return openPath(file);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Paths need a file system, which this runtime lacks: pass a storage such as MemoryStorage.",
    );
  }
  if (typeof file === "object" && file !== null && "openSync" in file) return file;
  throw notAFile(file);
}

/** Typed arrays of wider elements are not a file's bytes, but data that someone wants to save. */
function isBytes(file: unknown): file is Uint8Array | DataView | ArrayBufferLike {
  const tag = Object.prototype.toString.call(file).slice(8, -1);
  return ["Uint8Array", "Uint8ClampedArray", "DataView", "ArrayBuffer", "SharedArrayBuffer"].includes(tag);
}

function notAFile(file: unknown): NpyError {
  const hint =
    file instanceof Promise
      ? ". Await it first"
      : ArrayBuffer.isView(file) || Array.isArray(file)
        ? ". The file comes first, and then the array"
        : "";
  return new NpyError(
    "ERR_NPY_OPTION",
    `Expected a path, a URL, a storage, or (to read) a Blob or a file's bytes: found ${quoted(file)}${hint}.`,
  );
}
