/** Files elsewhere, read by ranges of bytes: a Blob, or a file behind a URL. Asynchronous and read-only. */
import { NpyError } from "../errors.ts";
import { AsyncFile, AsyncStorage } from "./base.ts";
import type { Eventually, OpenMode, StorageFile } from "./storage.ts";

/** What such a backend implements. */
export interface Ranges {
  /** Equal for the same bytes. */
  readonly key: unknown;
  readonly size: number;
  /** Fills `buffer` from `position` on; returns the bytes read, which are fewer only at the end. */
  read(buffer: Uint8Array, position: number): Promise<number>;
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

  constructor(ranges: Ranges) {
    super();
    this.#ranges = ranges;
  }

  get key(): unknown {
    return this.#ranges.key;
  }
  size(): number {
    return this.#ranges.size;
  }
  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#ranges.read(buffer, position);
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
  readonly #open: () => Eventually<Ranges>;

  constructor(path: string | undefined, key: unknown, open: () => Eventually<Ranges>) {
    super();
    this.path = path;
    this.key = key;
    this.#open = open;
  }

  async open(mode: OpenMode): Promise<StorageFile> {
    return mode === "r" ? new RangeFile(await this.#open()) : refuse();
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
