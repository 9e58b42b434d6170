/** Files and folders of the origin private file system in a page, which a worker opens. Asynchronous only. */
import type { AsyncFolder } from "../storage/folder.ts";
import type { AsyncStorage, AsyncStorageFile, OpenMode } from "../storage/storage.ts";
import type { Opened } from "./messages.ts";
import { AnyOpfsFolder } from "./opfs-folder.ts";
import type { PageWorker } from "./page-worker.ts";
import { OpfsPlace } from "./place.ts";

/** The most bytes that one message brings, so that memory for a copy of them is found. */
const PIECE = 2 ** 26;

class PageFile implements AsyncStorageFile {
  readonly key: unknown;
  readonly number: number;
  readonly links = 1;
  /** What is copied while a message is on its way. */
  readonly readOverhead: number = 2 ** 16;
  readonly #worker: PageWorker;

  constructor(worker: PageWorker, { file, key }: Opened) {
    this.#worker = worker;
    this.number = file;
    this.key = key;
  }

  size(): Promise<number> {
    return this.#worker.call("size", [this.number]);
  }
  currentSize(): Promise<number | undefined> {
    return this.#worker.call("currentSize", [this.number]);
  }
  async read(buffer: Uint8Array, position: number): Promise<number> {
    let done = 0;
    for (let count = 1; count > 0 && done < buffer.length; done += count) {
      const length = Math.min(PIECE, buffer.length - done);
      const bytes = await this.#worker.call("read", [this.number, position + done, length]);
      buffer.set(bytes, done);
      count = bytes.length;
    }
    return done;
  }
  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.length; done += PIECE) {
      // The caller keeps its memory.
      const piece = bytes.slice(done, done + PIECE) as Uint8Array<ArrayBuffer>;
      await this.#worker.call("write", [this.number, position + done, piece], piece.buffer);
    }
  }
  truncate(size: number): Promise<void> {
    return this.#worker.call("truncate", [this.number, size]);
  }
  sync(): Promise<void> {
    return this.#worker.call("sync", [this.number]);
  }
  lock(): Promise<"locked" | "taken"> {
    return this.#worker.call("lock", [this.number]);
  }
  close(): Promise<void> {
    return this.#worker.call("close", [this.number]);
  }
}

export class PageStorage extends OpfsPlace implements AsyncStorage {
  readonly #worker: PageWorker;

  /** @throws NpyError `ERR_NPY_OPTION` for what is no path. */
  constructor(worker: PageWorker, path: string) {
    super(path);
    this.#worker = worker;
  }

  async open(mode: OpenMode): Promise<PageFile> {
    return new PageFile(this.#worker, await this.#worker.call("open", [this.path, mode]));
  }
  async create(): Promise<PageFile> {
    return new PageFile(this.#worker, await this.#worker.call("create", [this.path]));
  }
  async createTemporary(): Promise<PageFile> {
    return new PageFile(this.#worker, await this.#worker.call("createTemporary", [this.path]));
  }
  replace(temporary: AsyncStorageFile): Promise<void> {
    return this.#worker.call("replace", [this.path, (temporary as PageFile).number]);
  }
  place(temporary: AsyncStorageFile): Promise<boolean> {
    return this.#worker.call("place", [this.path, (temporary as PageFile).number]);
  }
  remove(file: AsyncStorageFile): Promise<void> {
    return this.#worker.call("remove", [this.path, (file as PageFile).number]);
  }
}

export class PageFolder extends AnyOpfsFolder implements AsyncFolder {
  readonly #worker: PageWorker;

  constructor(worker: PageWorker, path: string) {
    super(path);
    this.#worker = worker;
  }

  file(name: string): PageStorage {
    return new PageStorage(this.#worker, this.pathOf(name));
  }
}
