/** Files elsewhere, read by ranges of bytes: a Blob, or a file behind a URL. Asynchronous and read-only. */
import { NpyError } from "../errors.ts";
import { AsyncFile, AsyncStorage } from "./base.ts";
import type { Eventually, OpenMode, ReadLimits, StorageFile } from "./storage.ts";

/** What such a backend implements. */
export interface Ranges {
  /** Equal for the same bytes. */
  readonly key: unknown;
  readonly size: number;
  /** Fills `buffer` from `position` on; returns the bytes read, which are fewer only at the end. None of the signals is aborted yet. */
  read(buffer: Uint8Array, position: number, signals: readonly AbortSignal[]): Promise<number>;
}

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Blobs and http URLs can only be read, and only asynchronously: use NpyReader.open or load, and append to a path or a MemoryStorage.",
  );
}

class RangeFile extends AsyncFile {
  readonly isSnapshot = true;
  readonly #ranges: Ranges;
  readonly #signal: AbortSignal | undefined;

  /** Once `signal` is aborted, nothing more is read. */
  constructor(ranges: Ranges, signal: AbortSignal | undefined) {
    super();
    this.#ranges = ranges;
    this.#signal = signal;
  }

  get key(): unknown {
    return this.#ranges.key;
  }
  size(): number {
    return this.#ranges.size;
  }
  async read(buffer: Uint8Array, position: number, signal?: AbortSignal): Promise<number> {
    const signals = [this.#signal, signal].filter((signal) => signal !== undefined);
    for (const signal of signals) signal.throwIfAborted();
    return await this.#ranges.read(buffer, position, signals);
  }
  close(): void {}
  refuse(): never {
    return refuse();
  }
  readonly write: () => never = refuse;
  readonly truncate: () => never = refuse;
  readonly sync: () => never = refuse;
}

/** A storage that can only be read. */
export class RangeStorage extends AsyncStorage {
  readonly path: string | undefined;
  readonly key: unknown;
  readonly #open: (limits: ReadLimits) => Eventually<Ranges>;

  constructor(path: string | undefined, key: unknown, open: (limits: ReadLimits) => Eventually<Ranges>) {
    super();
    this.path = path;
    this.key = key;
    this.#open = open;
  }

  async open(mode: OpenMode, limits: ReadLimits = {}): Promise<StorageFile> {
    if (mode !== "r") refuse();
    limits.signal?.throwIfAborted();
    return new RangeFile(await this.#open(limits), limits.signal);
  }
  refuse(): never {
    return refuse();
  }
  readonly create: () => never = refuse;
  readonly createTemporary: () => never = refuse;
  readonly replace: () => never = refuse;
  readonly remove: () => never = refuse;
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
