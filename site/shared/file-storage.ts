/** Files that the user gave to the page, and those of the browser, as storages and folders of the library. What is read of them is counted. */
import { type AsyncFolder, type AsyncStorage, type AsyncStorageFile, NpyError, opfsFile } from "./library.ts";

/** A file, or a handle, which gives the file as it is now. Both can be passed to workers. */
export type Given = File | FileSystemFileHandle;

/** Called with the bytes of each read. */
export type OnRead = (bytes: number) => void;

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Files that were picked can only be read: each append would copy them. Record into the private file system of the browser, and export at the end.",
  );
}

/** The file that was given, or the newest of its handle. */
export async function fileOf(given: Given): Promise<File> {
  return given instanceof File ? given : await given.getFile();
}

class GivenFile implements AsyncStorageFile {
  readonly isSnapshot = true;
  readonly key: string;
  readonly #file: File;
  readonly #onRead: OnRead;

  constructor(file: File, onRead: OnRead) {
    this.key = `${file.name} ${file.lastModified} ${file.size}`;
    this.#file = file;
    this.#onRead = onRead;
  }

  size(): number {
    return this.#file.size;
  }

  async read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    try {
      const bytes = await this.#file.slice(position, position + buffer.length).arrayBuffer();
      this.#onRead(bytes.byteLength);
      buffer.set(new Uint8Array(bytes));
      return bytes.byteLength;
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "NotReadableError") throw error;
      throw new NpyError(
        "ERR_NPY_CHANGED",
        "The file has changed since it was opened, or can no longer be read: open it again.",
        {
          cause: error,
        },
      );
    }
  }

  close(): void {}
  readonly write: () => never = refuse;
  readonly truncate: () => never = refuse;
  readonly sync: () => never = refuse;
}

/** A file that was given. */
export function givenStorage(given: Given, onRead: OnRead): AsyncStorage {
  return {
    path: given.name,
    key: given,
    open: async (mode) => (mode === "r" ? new GivenFile(await fileOf(given), onRead) : refuse()),
    create: refuse,
    createTemporary: refuse,
    replace: refuse,
    remove: refuse,
  };
}

/** A file of the browser's private file system, which may grow while it is read. */
export async function recordingStorage(path: string, onRead: OnRead): Promise<AsyncStorage> {
  const storage = (await opfsFile(path)) as unknown as AsyncStorage;
  return {
    path,
    key: storage.key,
    open: async (mode) => (mode === "r" ? countedFile(await storage.open("r"), onRead) : refuse()),
    create: refuse,
    createTemporary: refuse,
    replace: refuse,
    remove: refuse,
  };
}

function countedFile(file: AsyncStorageFile, onRead: OnRead): AsyncStorageFile {
  return {
    key: file.key,
    size: () => file.size(),
    read: async (buffer, position, signal) => {
      const bytes = await file.read(buffer, position, signal);
      onRead(bytes);
      return bytes;
    },
    close: () => file.close(),
    write: refuse,
    truncate: refuse,
    sync: refuse,
  };
}

/** Files that were given together, as a folder. */
export function givenFolder(name: string, files: readonly Given[], onRead: OnRead): AsyncFolder {
  const byName = new Map(files.map((file) => [file.name, file]));
  return {
    path: name,
    key: files,
    list: () => [...byName.keys()],
    file: (wanted) => {
      const found = byName.get(wanted);
      if (found !== undefined) return givenStorage(found, onRead);
      const missing = (): never => {
        throw Object.assign(new Error(`there is no file ${wanted}`), { code: "ENOENT" });
      };
      return { ...givenStorage(new File([], wanted), onRead), key: wanted, open: missing };
    },
    create: refuse,
  };
}
