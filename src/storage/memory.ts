/** A file in memory: for tests, for browsers, and for building a `.npy` that is sent elsewhere. */
import { NpyError, quoted } from "../errors.ts";
import { SyncFile, SyncStorage } from "./base.ts";
import { bytesOf, isBytes } from "./bytes.ts";
import type { OpenMode, StorageFile } from "./storage.ts";

/** Pages that were never written take no memory and read as zeros, like the holes of a sparse file. */
const PAGE = 2 ** 16;

/** What pages that were never written read as. */
const ZEROS = new Uint8Array(PAGE);

/** The bytes of one file. All who open it share one object, which has nothing to close. */
class MemoryFile extends SyncFile {
  readonly key: unknown = this;
  readonly writesAtOnce: number = Number.POSITIVE_INFINITY;
  readonly readOverhead: number = 2 ** 9;
  readonly #pages = new Map<number, Uint8Array<ArrayBuffer>>();
  #size = 0;

  sizeSync(): number {
    return this.#size;
  }

  readSync(buffer: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.#size - position));
    for (let done = 0; done < length; ) {
      const start = (position + done) % PAGE;
      const count = Math.min(PAGE - start, length - done);
      const page = this.#pages.get(Math.floor((position + done) / PAGE));
      if (page === undefined) buffer.fill(0, done, done + count);
      else buffer.set(page.subarray(start, start + count), done);
      done += count;
    }
    return length;
  }

  writeSync(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((position + done) / PAGE);
      const start = (position + done) % PAGE;
      const count = Math.min(PAGE - start, bytes.length - done);
      let page = this.#pages.get(index);
      if (page === undefined) {
        page = new Uint8Array(PAGE);
        this.#pages.set(index, page);
      }
      page.set(bytes.subarray(done, done + count), start);
      done += count;
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, position + bytes.length);
  }

  truncateSync(size: number): void {
    if (size < this.#size) {
      // Bytes that are cut off must read as zeros if the file grows again.
      for (const index of this.#pages.keys()) if (index * PAGE >= size) this.#pages.delete(index);
      this.#pages.get(Math.floor(size / PAGE))?.fill(0, size % PAGE);
    }
    this.#size = size;
  }

  syncSync(): void {}
  closeSync(): void {}

  /** The bytes of the file, page by page. */
  *pages(): Generator<Uint8Array<ArrayBuffer>, void, void> {
    for (let at = 0; at < this.#size; at += PAGE) {
      yield (this.#pages.get(at / PAGE) ?? ZEROS).subarray(0, Math.min(PAGE, this.#size - at));
    }
  }
}

/**
 * A place in memory that may hold one file. Only pages that were written take memory.
 *
 * @example
 * ```ts
 * const storage = new MemoryStorage();
 * const npaa = NpyAppendArray.openSync(storage);
 * npaa.append([1, 2, 3]);
 * npaa.close();
 * storage.bytes(); // what numpy.save would write for [1., 2., 3.]
 * storage.blob()?.size; // 152
 * ```
 */
export class MemoryStorage extends SyncStorage {
  /** Memory has no path. */
  readonly path: undefined;
  #file: MemoryFile | undefined;

  /**
   * Holds a copy of `bytes` as its file, or no file yet.
   *
   * @throws NpyError `ERR_NPY_OPTION` for anything but bytes.
   */
  constructor(bytes?: Uint8Array | ArrayBufferLike) {
    super();
    if (bytes === undefined) return;
    if (!isBytes(bytes)) {
      throw new NpyError(
        "ERR_NPY_OPTION",
        `Expected a file's bytes (a Uint8Array or an ArrayBuffer): found ${quoted(bytes)}. To store an array, call save(new MemoryStorage(), array).`,
      );
    }
    this.createSync().writeSync(bytesOf(bytes), 0);
  }

  get key(): unknown {
    return this;
  }

  /** Whether it holds a file. */
  get isThere(): boolean {
    return this.#file !== undefined;
  }

  /** A copy of the whole file; `undefined` while there is none. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#file === undefined) return undefined;
    const bytes = new Uint8Array(this.#file.sizeSync());
    this.#file.readSync(bytes, 0);
    return bytes;
  }

  /**
   * The whole file as a Blob, such as one to download; `undefined` while there is none. Later changes of the file do not change it.
   *
   * @throws NpyError `ERR_NPY_OPTION` if the runtime has no class `Blob`.
   */
  blob(): Blob | undefined {
    if (typeof Blob === "undefined") throw new NpyError("ERR_NPY_OPTION", "This runtime has no Blob: call bytes() instead.");
    return this.#file && new Blob([...this.#file.pages()]);
  }

  openSync(_mode: OpenMode): StorageFile {
    if (this.#file === undefined) throw memoryError("ENOENT", "no file in this memory storage");
    return this.#file;
  }
  createSync(): StorageFile {
    const file = new MemoryFile();
    this.placeSync(file);
    return file;
  }
  createTemporarySync(): StorageFile {
    return new MemoryFile();
  }
  replaceSync(temporary: StorageFile): void {
    this.#file = temporary as MemoryFile;
  }
  placeSync(temporary: StorageFile): boolean {
    if (this.#file !== undefined) throw memoryError("EEXIST", "this memory storage already holds a file");
    this.replaceSync(temporary);
    return true;
  }
  removeSync(file: StorageFile): void {
    if (this.#file === file) this.#file = undefined;
  }
}

/** An error like those of a file system. */
function memoryError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
