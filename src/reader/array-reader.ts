/** What both readers tell of their array. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { notConstructible } from "../options.ts";
import { offsetOf } from "../storage/window.ts";
import { OpenArray } from "./open-array.ts";

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", `The file was closed: open it again to read it.`, { path });
}

/** What both readers tell of their array. */
export abstract class ArrayReader<D> {
  readonly #array: OpenArray<D>;

  constructor(array: OpenArray<D>, name: string) {
    if (!(array instanceof OpenArray)) throw notConstructible(name);
    this.#array = array;
  }

  /** The file's path or URL; `undefined` for storages without one. */
  get path(): string | undefined {
    return this.#array.path;
  }

  /** The byte of the file at which the array begins: 0, but for readers of `arraysOf`. */
  get offset(): number {
    return offsetOf(this.#array.storage);
  }

  /** The shape of the whole array. */
  get shape(): readonly number[] {
    return this.#array.header.shape;
  }

  /** The file's dtype, with its byte order; what is read is always in this machine's. */
  get dtype(): DType<D> {
    return this.#array.header.dtype as DType<D>;
  }

  /** Whether the last axis grows, and the first index changes fastest. */
  get fortranOrder(): boolean {
    return this.#array.header.fortranOrder;
  }

  /** The rows: the size of the growth axis; 1 for a 0-d array. */
  get length(): number {
    return this.#array.length;
  }
}
