/** A file in memory: for tests, for browsers, and for building a `.npy` that is sent elsewhere. */
import { SyncFile, SyncStorage } from "./base.ts";
import type { OpenMode, StorageFile } from "./storage.ts";

/** Pages that were never written take no memory and read as zeros, like the holes of a sparse file. */
const PAGE = 2 ** 16;

/** The bytes of one file. */
class Contents {
  size = 0;
  readonly pages = new Map<number, Uint8Array<ArrayBuffer>>();

  read(buffer: Uint8Array, position: number): number {
    const length = Math.max(0, Math.min(buffer.length, this.size - position));
    for (let done = 0; done < length; ) {
      const start = (position + done) % PAGE;
      const count = Math.min(PAGE - start, length - done);
      const page = this.pages.get(Math.floor((position + done) / PAGE));
      if (page === undefined) buffer.fill(0, done, done + count);
      else buffer.set(page.subarray(start, start + count), done);
      done += count;
    }
    return length;
  }

  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((position + done) / PAGE);
      const start = (position + done) % PAGE;
      const count = Math.min(PAGE - start, bytes.length - done);
      let page = this.pages.get(index);
      if (page === undefined) {
        page = new Uint8Array(PAGE);
        this.pages.set(index, page);
      }
      page.set(bytes.subarray(done, done + count), start);
      done += count;
    }
    if (bytes.length > 0) this.size = Math.max(this.size, position + bytes.length);
  }

  truncate(size: number): void {
    if (size < this.size) {
      // Bytes that are cut off must read as zeros if the file grows again.
      for (const index of this.pages.keys()) if (index * PAGE >= size) this.pages.delete(index);
      this.pages.get(Math.floor(size / PAGE))?.fill(0, size % PAGE);
    }
    this.size = size;
  }
}

class MemoryFile extends SyncFile {
  readonly writesAtOnce: number = Number.POSITIVE_INFINITY;
  readonly contents: Contents;

  constructor(contents: Contents) {
    super();
    this.contents = contents;
  }

  get key(): unknown {
    return this.contents;
  }
  sizeSync(): number {
    return this.contents.size;
  }
  readSync(buffer: Uint8Array, position: number): number {
    return this.contents.read(buffer, position);
  }
  writeSync(bytes: Uint8Array, position: number): void {
    this.contents.write(bytes, position);
  }
  truncateSync(size: number): void {
    this.contents.truncate(size);
  }
  syncSync(): void {}
  closeSync(): void {}
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
 * ```
 */
export class MemoryStorage extends SyncStorage {
  /** Memory has no path. */
  readonly path: undefined;
  #contents: Contents | undefined;

  /** Holds a copy of `bytes` as its file, or no file yet. */
  constructor(bytes?: Uint8Array) {
    super();
    if (bytes === undefined) return;
    this.#contents = new Contents();
    this.#contents.write(bytes, 0);
  }

  get key(): unknown {
    return this;
  }

  /** A copy of the whole file; `undefined` while there is none. */
  bytes(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#contents === undefined) return undefined;
    const bytes = new Uint8Array(this.#contents.size);
    this.#contents.read(bytes, 0);
    return bytes;
  }

  openSync(_mode: OpenMode): StorageFile {
    if (this.#contents === undefined) throw memoryError("ENOENT", "no file in this memory storage");
    return new MemoryFile(this.#contents);
  }
  createSync(): StorageFile {
    if (this.#contents !== undefined) throw memoryError("EEXIST", "this memory storage already holds a file");
    this.#contents = new Contents();
    return new MemoryFile(this.#contents);
  }
  createTemporarySync(): StorageFile {
    return new MemoryFile(new Contents());
  }
  replaceSync(temporary: StorageFile): void {
    this.#contents = (temporary as MemoryFile).contents;
  }
  placeSync(temporary: StorageFile): boolean {
    if (this.#contents !== undefined) throw memoryError("EEXIST", "this memory storage already holds a file");
    this.replaceSync(temporary);
    return true;
  }
  removeSync(file: StorageFile): void {
    if (this.#contents === (file as MemoryFile).contents) this.#contents = undefined;
  }
}

/** An error like those of a file system. */
function memoryError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
