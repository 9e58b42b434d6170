/** From a user's name for a file to the storage that holds it. */
import { NpyError, quoted } from "../errors.ts";
import { BytesStorage, isBytes } from "./bytes.ts";
import type { AsyncFolder, Folder } from "./folder.ts";
import { httpStorage } from "./http.ts";
import { blobStorage, type FileHandleLike, handleStorage } from "./ranges.ts";
import { isResponse, responseStorage } from "./response.ts";
import type { AsyncStorage, Storage } from "./storage.ts";

/**
 * A path, a `file:` URL, or a storage such as `MemoryStorage`; for reading also the file's bytes, a `Blob`, a `Response` that was not read yet,
 * a `FileSystemFileHandle`, or an `http:` or `https:` URL. In browsers other strings are URLs relative to the page. Bytes are not copied: do not
 * change them while they are read.
 */
export type FileLike = string | URL | Storage | AsyncStorage | Blob | Response | FileHandleLike | Uint8Array | ArrayBufferLike;

/** The path of a directory, its `file:` URL, or a folder such as `MemoryFolder`. */
export type FolderLike = string | URL | Folder | AsyncFolder;

let openPath: ((path: string | URL) => Storage) | undefined;

/** What opens directories. Entry points of their own, such as npy-append-array/s3, have copies of this module, which share it. */
const DIRECTORIES = Symbol.for("npy-append-array.directories");
const shared = globalThis as { [DIRECTORIES]?: (path: string | URL) => Folder };

/** Called by the entry points of runtimes with a file system. */
export function setPathStorage(open: (path: string | URL) => Storage, folder: (path: string | URL) => Folder): void {
  openPath = open;
  shared[DIRECTORIES] = folder;
}

/**
 * The folder that `folder` names. One without a synchronous half is taken for a whole one, as by {@link locate}.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the value names no folder, or is a path and the runtime has no file system.
 */
export function locateFolder(folder: FolderLike): Folder {
  const isPath =
    (typeof folder === "string" && folder !== "") || (typeof folder === "object" && folder !== null && isUrl(folder));
  if (isPath) {
    const openDirectory = shared[DIRECTORIES];
    if (openDirectory !== undefined) return openDirectory(folder);
    throw new NpyError(
      "ERR_NPY_OPTION",
      "Paths need a file system, which this runtime lacks: pass a folder such as MemoryFolder.",
    );
  }
  if (isFolder(folder)) return folder as Folder;
  throw new NpyError(
    "ERR_NPY_OPTION",
    `Expected the path of a directory, or a folder such as MemoryFolder: found ${quoted(folder)}${hint(folder)}.`,
  );
}

/** Whether it is a folder, not a path or a file. */
export function isFolder(value: unknown): value is Folder | AsyncFolder {
  return typeof value === "object" && value !== null && "list" in value && typeof value.list === "function" && "file" in value;
}

/**
 * The storage that `file` names. One without a synchronous half is taken for a whole one: steps refuse to run it synchronously.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the value names no file, or is a path and the runtime has no file system.
 */
export function locate(file: FileLike): Storage {
  return find(file) as Storage;
}

function find(file: FileLike): Storage | AsyncStorage {
  if (isBytes(file)) return new BytesStorage(file);
  if (file === "") throw notAFile(file);
  if (typeof file === "string") return named(file, file);
  if (typeof file !== "object" || file === null) throw notAFile(file);
  if (isUrl(file)) return named(file.href, file);
  if ("open" in file && typeof file.open === "function") return file;
  if (isBlob(file)) return blobStorage(file);
  if ("getFile" in file && typeof file.getFile === "function") return handleStorage(file);
  if (isResponse(file)) return responseStorage(file);
  throw notAFile(file);
}

const HTTP = /^https?:/i;

function named(text: string, file: string | URL): Storage | AsyncStorage {
  if (/^https?:\/\//i.test(text)) return httpStorage(text);
  if (openPath !== undefined) return openPath(file);
  const url = pageUrl(text);
  if (url !== undefined && HTTP.test(url)) return httpStorage(url);
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Paths need a file system, which this runtime lacks: pass an http(s) URL, a Blob, a file's bytes, or a storage such as MemoryStorage.",
  );
}

/** What a browser understands by a URL in this page or worker; `undefined` elsewhere, or if it is none. */
function pageUrl(text: string): string | undefined {
  const { document, location } = globalThis as { document?: { baseURI?: string }; location?: { href?: string } };
  try {
    return new URL(text, document?.baseURI ?? location?.href).href;
  } catch {
    return undefined;
  }
}

/** A `URL`, of any realm. */
function isUrl(file: object): file is URL {
  return file instanceof URL || Object.prototype.toString.call(file) === "[object URL]";
}

/** A `Blob` or `File`, of any realm. Not every runtime has these classes, and workerd before September 2024 gives them no tag. */
function isBlob(file: object): file is Blob {
  if (typeof Blob === "function" && file instanceof Blob) return true;
  return /^\[object (Blob|File)\]$/.test(Object.prototype.toString.call(file));
}

function notAFile(file: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `Expected a path, a URL, a storage, or (to read) a Blob, a Response, a file handle or a file's bytes: found ${quoted(file)}${hint(file)}.`,
  );
}

function hint(file: unknown): string {
  if (file instanceof Promise) return ". Await it first";
  if (ArrayBuffer.isView(file) || Array.isArray(file)) return ". The file comes first, and then the array";
  const isStream = typeof file === "object" && file !== null && "getReader" in file;
  return isStream ? ". To read a stream, pass new Response(stream)" : "";
}
