/** Files elsewhere, read by ranges of bytes: a Blob, a file handle, or a file behind a URL. Asynchronous and read-only. */
import { NpyError } from "../errors.ts";
import { runtimeError } from "./http-errors.ts";
import type { AsyncStorage, AsyncStorageFile, Eventually, OpenMode, ReadPurpose } from "./storage.ts";

/** What such a backend implements. */
export interface Ranges {
  /** Equal for the same bytes. */
  readonly key: unknown;
  readonly size: number;
  /** What a server says of the version, such as an ETag. */
  readonly validator?: string | undefined;
  readonly readsAhead?: number;
  /** Fills `buffer` from `position` on; returns the bytes read, which are fewer only at the end. None of the signals is aborted yet. */
  read(buffer: Uint8Array, position: number, signals: readonly AbortSignal[]): Promise<number>;
  close?(): void;
}

/** A file handle of a browser, such as `FileSystemFileHandle`. */
export interface FileHandleLike {
  readonly name?: string;
  getFile(): Promise<Blob>;
}

const READ_ONLY =
  "Blobs, responses, file handles and http URLs can only be read, and only asynchronously: use NpyReader.open or load, and append to a path or a MemoryStorage.";

/** Of what a user picked: `createWritable` writes to a copy, which replaces the file when it is closed. */
const PICKED =
  "A file that was picked can only be read, and only asynchronously: browsers copy the whole file for each change, so for each append. Append to a file of the " +
  "browser (opfsFile of npy-append-array/opfs), and copy it to the picked file at the end (exportFile).";

function refuse(problem: string = READ_ONLY): never {
  throw new NpyError("ERR_NPY_OPTION", problem);
}

/** An open file that is read by ranges. */
export class RangeFile implements AsyncStorageFile {
  readonly isSnapshot = true;
  /** A request takes many times as long as this, but servers may charge for what they send, and requests are made at the same time. */
  readonly readOverhead: number = 2 ** 13;
  readonly #ranges: Ranges;
  readonly #signal: AbortSignal | undefined;

  /** Once `signal` is aborted, nothing more is read. */
  constructor(ranges: Ranges, signal: AbortSignal | undefined) {
    this.#ranges = ranges;
    this.#signal = signal;
  }

  get key(): unknown {
    return this.#ranges.key;
  }
  get readsAhead(): number {
    return this.#ranges.readsAhead ?? 1;
  }
  get validator(): string | undefined {
    return this.#ranges.validator;
  }
  size(): number {
    return this.#ranges.size;
  }
  async read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const signals = [this.#signal, signal].filter((signal) => signal !== undefined);
    for (const signal of signals) signal.throwIfAborted();
    return await this.#ranges.read(buffer, position, signals);
  }
  close(): void {
    this.#ranges.close?.();
  }
  readonly write = (): never => refuse();
  readonly truncate = (): never => refuse();
  readonly sync = (): never => refuse();
}

/** A storage that can only be read. */
export class RangeStorage implements AsyncStorage {
  readonly path: string | undefined;
  readonly key: unknown;
  readonly #open: (purpose: ReadPurpose) => Eventually<Ranges>;
  readonly #problem: string | undefined;

  /** `problem` says why it is not written to. */
  constructor(
    path: string | undefined,
    key: unknown,
    open: (purpose: ReadPurpose) => Eventually<Ranges>,
    problem?: string | undefined,
  ) {
    this.path = path;
    this.key = key;
    this.#open = open;
    this.#problem = problem;
  }

  async open(mode: OpenMode, purpose: ReadPurpose = {}): Promise<RangeFile> {
    if (mode !== "r") refuse(this.#problem);
    purpose.signal?.throwIfAborted();
    return new RangeFile(await this.#open(purpose), purpose.signal);
  }
  readonly openSync = (): never => refuse(this.#problem);
  readonly create = (): never => refuse(this.#problem);
  readonly createTemporary = (): never => refuse(this.#problem);
  readonly replace = (): never => refuse(this.#problem);
  readonly remove = (): never => refuse(this.#problem);
}

/** A `Blob` or `File`, read by slices. */
export function blobStorage(blob: Blob): RangeStorage {
  // A Blob with a name is a File.
  const problem = nameOf(blob) === undefined ? undefined : PICKED;
  return new RangeStorage(nameOf(blob), blob, () => blobRanges(blob, blob), problem);
}

/** The file of a handle as it is when it is opened. */
export function handleStorage(handle: FileHandleLike): RangeStorage {
  const open = async () => {
    const file: Blob & { readonly lastModified?: number } = await fileOf(handle);
    return blobRanges(file, `file handle ${nameOf(handle)} ${file.lastModified} ${file.size}`);
  };
  return new RangeStorage(nameOf(handle), handle, open, PICKED);
}

async function fileOf(handle: FileHandleLike): Promise<Blob> {
  try {
    return await handle.getFile();
  } catch (error) {
    if (!isNamed(error, "NotFoundError")) throw error;
    throw runtimeError("ENOENT", "there is no such file", "open", String(nameOf(handle)), error);
  }
}

function blobRanges(blob: Blob, key: unknown): Ranges {
  return {
    key,
    size: blob.size,
    async read(buffer, position) {
      const bytes = new Uint8Array(await slice(blob, position, position + buffer.length));
      buffer.set(bytes);
      return bytes.length;
    },
  };
}

async function slice(blob: Blob, start: number, end: number): Promise<ArrayBuffer> {
  try {
    return await blob.slice(start, end).arrayBuffer();
  } catch (error) {
    if (!isNamed(error, "NotReadableError")) throw error;
    throw new NpyError(
      "ERR_NPY_CHANGED",
      "The file behind the Blob has changed since the Blob was made, or can no longer be read: choose or open it again.",
      { cause: error },
    );
  }
}

function nameOf(file: Blob | FileHandleLike): string | undefined {
  return "name" in file && typeof file.name === "string" ? file.name : undefined;
}

function isNamed(error: unknown, name: string): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === name;
}
