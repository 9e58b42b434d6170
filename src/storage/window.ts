/** A part of another storage's file, read as a file of its own: an array among others, or a member of an archive. Read-only. */
import { NpyError } from "../errors.ts";
import type { Advice, AsyncStorage, Eventually, OpenMode, ReadPurpose, Storage, StorageFile } from "./storage.ts";

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "A part of a file can only be read: to append to an array among several, first write it into a file of its own.",
  );
}

/** The bytes `offset` to `offset + length` of a file; fewer where the file ends sooner. */
class WindowFile implements StorageFile {
  readonly isSnapshot: boolean;
  readonly #file: StorageFile;
  readonly #offset: number;
  readonly #length: number;

  constructor(file: StorageFile, offset: number, length: number) {
    this.isSnapshot = file.isSnapshot ?? false;
    this.#file = file;
    this.#offset = offset;
    this.#length = length;
  }

  /** That of the whole file: windows are compared only with windows at the same place. */
  get key(): unknown {
    return this.#file.key;
  }

  allocate(length: number): Uint8Array<ArrayBuffer> {
    return this.#file.allocate?.(length) ?? new Uint8Array(length);
  }

  size(): Eventually<number> {
    const size = this.#file.size();
    return typeof size === "number" ? this.#sizeIn(size) : size.then((whole) => this.#sizeIn(whole));
  }
  sizeSync(): number {
    return this.#sizeIn(this.#file.sizeSync());
  }
  #sizeIn(whole: number): number {
    return Math.max(0, Math.min(this.#length, whole - this.#offset));
  }

  read(buffer: Uint8Array, position: number, signal?: AbortSignal): Eventually<number> {
    return this.#file.read(this.#within(buffer, position), this.#offset + position, signal);
  }
  readSync(buffer: Uint8Array, position: number): number {
    return this.#file.readSync(this.#within(buffer, position), this.#offset + position);
  }
  /** The part of a buffer that the window can fill. */
  #within(buffer: Uint8Array, position: number): Uint8Array {
    const room = Math.max(0, this.#length - position);
    return buffer.length <= room ? buffer : buffer.subarray(0, room);
  }

  /** `byteOffset` modulo 8 is that of the place in the whole file. */
  map(position: number, length: number, advice: Advice | undefined): Uint8Array<ArrayBuffer> {
    return this.#file.map?.(this.#offset + position, length, advice) as Uint8Array<ArrayBuffer>;
  }

  close(): Eventually<void> {
    return this.#file.close();
  }
  closeSync(): void {
    this.#file.closeSync();
  }

  readonly write: () => never = refuse;
  readonly writeSync: () => never = refuse;
  readonly truncate: () => never = refuse;
  readonly truncateSync: () => never = refuse;
  readonly sync: () => never = refuse;
  readonly syncSync: () => never = refuse;
}

/** Has no `watch`: what a file gains lies outside of its windows. */
class AsyncWindow implements AsyncStorage {
  readonly offset: number;
  /** Absent where the whole file cannot be mapped, as the contract wants it. */
  readonly mapProblem?: (isWritten: boolean) => string | undefined;
  protected readonly storage: Storage;
  protected readonly length: number;

  constructor(storage: Storage, offset: number, length: number) {
    this.storage = storage;
    this.offset = offset;
    this.length = length;
    if (storage.mapProblem !== undefined) this.mapProblem = (isWritten) => storage.mapProblem?.(isWritten);
  }

  get path(): string | undefined {
    return this.storage.path;
  }
  get key(): unknown {
    return this.storage.key;
  }

  open(mode: OpenMode, purpose: ReadPurpose = {}): Eventually<StorageFile> {
    if (mode !== "r") refuse();
    const { signal, timeout } = purpose;
    const file = this.storage.open(mode, { signal, timeout, position: this.offset });
    return "then" in file ? file.then((opened) => this.windowInto(opened)) : this.windowInto(file);
  }
  protected windowInto(file: StorageFile): StorageFile {
    return new WindowFile(file, this.offset, this.length);
  }

  readonly create: () => never = refuse;
  readonly createTemporary: () => never = refuse;
  readonly replace: () => never = refuse;
  readonly remove: () => never = refuse;
}

class Window extends AsyncWindow implements Storage {
  openSync(mode: OpenMode): StorageFile {
    if (mode !== "r") refuse();
    return this.windowInto(this.storage.openSync(mode));
  }
  readonly createSync: () => never = refuse;
  readonly createTemporarySync: () => never = refuse;
  readonly replaceSync: () => never = refuse;
  readonly removeSync: () => never = refuse;
}

/**
 * The bytes of a storage's file from `offset` on, `length` of them or as many as there are. Each opening of the window opens the file. It has a
 * synchronous half if the storage has one.
 */
export function windowOf(storage: Storage, offset: number, length: number = Number.POSITIVE_INFINITY): Storage {
  return "openSync" in storage
    ? new Window(storage, offset, length)
    : (new AsyncWindow(storage, offset, length) as unknown as Storage);
}

/** Where a storage's bytes begin in its file. */
export function offsetOf(storage: Storage): number {
  return storage instanceof AsyncWindow ? storage.offset : 0;
}
