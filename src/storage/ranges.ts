/** Bytes elsewhere, of which ranges can be asked for: a Blob, or a file behind a URL. Asynchronous, and never written to. */
import { NpyError } from "../errors.ts";
import type { Eventually, OpenMode, Storage, StorageFile } from "./storage.ts";

/** What such a place must be able to do. */
export interface Ranges {
  /** The same for the same bytes. */
  readonly key: unknown;
  readonly size: number;
  /** Fills `buffer` from `position` on; returns the bytes read, which are fewer only where the bytes end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
}

class RangeFile implements StorageFile {
  readonly isSnapshot = true;
  readonly #ranges: Ranges;

  constructor(ranges: Ranges) {
    this.#ranges = ranges;
  }

  get key(): unknown {
    return this.#ranges.key;
  }
  size(): number {
    return this.#ranges.size;
  }
  sizeSync(): number {
    return this.#ranges.size;
  }
  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#ranges.read(buffer, position);
  }
  readSync(): number {
    throw asynchronousOnly();
  }
  close(): void {}
  closeSync(): void {}
  write(): void {
    throw readOnly();
  }
  writeSync(): void {
    throw readOnly();
  }
  truncate(): void {
    throw readOnly();
  }
  truncateSync(): void {
    throw readOnly();
  }
  sync(): void {
    throw readOnly();
  }
  syncSync(): void {
    throw readOnly();
  }
}

/** A storage that can only be read. */
export class RangeStorage implements Storage {
  readonly path: string | undefined;
  readonly key: unknown;
  readonly #open: () => Eventually<Ranges>;

  constructor(path: string | undefined, key: unknown, open: () => Eventually<Ranges>) {
    this.path = path;
    this.key = key;
    this.#open = open;
  }

  async open(mode: OpenMode): Promise<StorageFile> {
    if (mode !== "r") throw readOnly();
    return new RangeFile(await this.#open());
  }
  openSync(mode: OpenMode): StorageFile {
    throw mode === "r" ? asynchronousOnly() : readOnly();
  }
  create(): StorageFile {
    throw readOnly();
  }
  createSync(): StorageFile {
    throw readOnly();
  }
  createTemporary(): StorageFile {
    throw readOnly();
  }
  createTemporarySync(): StorageFile {
    throw readOnly();
  }
  replace(): void {
    throw readOnly();
  }
  replaceSync(): void {
    throw readOnly();
  }
  remove(): void {
    throw readOnly();
  }
  removeSync(): void {
    throw readOnly();
  }
}

function readOnly(): NpyError {
  return new NpyError("ERR_NPY_OPTION", "Blobs and http URLs can only be read: append to a path or a MemoryStorage.");
}

function asynchronousOnly(): NpyError {
  return new NpyError("ERR_NPY_OPTION", "Blobs and http URLs can only be read asynchronously: use NpyReader.open or load.");
}

/** A `Blob` or `File`, read by slices. */
export function blobStorage(blob: Blob): RangeStorage {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : undefined;
  return new RangeStorage(name, blob, () => ({
    key: blob,
    size: blob.size,
    async read(buffer, position) {
      const bytes = new Uint8Array(await blob.slice(position, position + buffer.length).arrayBuffer());
      buffer.set(bytes);
      return bytes.length;
    },
  }));
}
