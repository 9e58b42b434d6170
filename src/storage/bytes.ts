/** The bytes of a file, as `readFile` gives them: read where they lie, and never written. */
import { NpyError } from "../errors.ts";
import { SyncFile, SyncStorage } from "./base.ts";
import type { OpenMode, StorageFile } from "./storage.ts";

const TAGS: readonly string[] = ["Uint8Array", "Uint8ClampedArray", "DataView", "ArrayBuffer", "SharedArrayBuffer"];

/** Whether a value is a file's bytes. Typed arrays of wider elements are not, but data that someone wants to save. */
export function isBytes(value: unknown): value is Uint8Array | DataView | ArrayBufferLike {
  return TAGS.includes(Object.prototype.toString.call(value).slice(8, -1));
}

/** Memory as bytes, with no copy. */
export function bytesOf(source: ArrayBufferView | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
}

function refuse(): never {
  throw new NpyError(
    "ERR_NPY_OPTION",
    "Bytes cannot grow: a file's bytes can only be read. To write, pass a path, or new MemoryStorage(bytes), which holds a copy of them.",
  );
}

class BytesFile extends SyncFile {
  readonly key: unknown;
  readonly readOverhead: number = 2 ** 9;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, key: unknown) {
    super();
    this.#bytes = bytes;
    this.key = key;
  }

  sizeSync(): number {
    return this.#bytes.length;
  }
  readSync(buffer: Uint8Array, position: number): number {
    const part = this.#bytes.subarray(position, position + buffer.length);
    buffer.set(part);
    return part.length;
  }
  readonly writeSync: () => never = refuse;
  readonly truncateSync: () => never = refuse;
  syncSync(): void {}
  closeSync(): void {}
}

/** A file that is nothing but its bytes. */
export class BytesStorage extends SyncStorage {
  readonly path: undefined;
  readonly #source: unknown;
  readonly #bytes: Uint8Array;

  constructor(source: ArrayBufferView | ArrayBufferLike) {
    super();
    this.#source = source;
    this.#bytes = bytesOf(source);
  }

  get key(): unknown {
    return this;
  }

  openSync(mode: OpenMode): StorageFile {
    return mode === "r" ? new BytesFile(this.#bytes, this.#source) : refuse();
  }
  readonly createSync: () => never = refuse;
  readonly createTemporarySync: () => never = refuse;
  readonly replaceSync: () => never = refuse;
  readonly placeSync: () => never = refuse;
  readonly removeSync: () => never = refuse;
}
