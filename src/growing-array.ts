/** What `NpyAppendArray` and its synchronous twin tell of their file. */
import { NpyError } from "./errors.ts";
import type { DType, DTypeLike } from "./format/dtype.ts";
import { notConstructible } from "./options.ts";
import { Writer } from "./writer.ts";

export abstract class GrowingArray<D extends DTypeLike> {
  readonly #writer: Writer;

  constructor(writer: Writer, name: string) {
    if (!(writer instanceof Writer)) throw notConstructible(name);
    this.#writer = writer;
  }

  /** The file's path; `undefined` for storages without one. */
  get path(): string | undefined {
    return this.#writer.storage.path;
  }

  /** The shape of the rows that are in the file; `undefined` until the file exists. */
  get shape(): readonly number[] | undefined {
    return this.#writer.shape;
  }

  /** The file's dtype; `undefined` until the file exists. */
  get dtype(): DType<D> | undefined {
    return this.#writer.dtype as DType<D> | undefined;
  }

  /** The file's order; `undefined` until the file exists. 1-D arrays are both, and count as C. */
  get fortranOrder(): boolean | undefined {
    return this.#writer.fortranOrder;
  }

  /** The rows that are in the file: the size of the growth axis. */
  get length(): number {
    return this.#writer.length;
  }
}

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", "The file was closed: open it again to append to it.", { path });
}
