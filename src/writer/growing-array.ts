/** What `NpyAppendArray` and its synchronous twin share. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { abortSignal, checkOptions, flag, notConstructible, optionError, rowNumber } from "../options.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import { isReader, isReaderSync } from "../reader/open-readers.ts";
import { checkIterable } from "./raw-rows.ts";
import { checkEach, type Each, eachOf } from "./streams.ts";
import { Writer } from "./writer.ts";

/** What both classes tell of their file. */
export abstract class GrowingArray<D> {
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

  /** The file's order; `undefined` until the file exists. 1-D arrays are in both orders, and count as C. */
  get fortranOrder(): boolean | undefined {
    return this.#writer.fortranOrder;
  }

  /**
   * How opening repaired the file: as `onNeedsRecovery` asked for, or by cutting off what a killed writer had reserved with `mmap: true`. `undefined`
   * if there was nothing to repair.
   */
  get recovered(): RecoveryReport | undefined {
    return this.#writer.recovered;
  }

  /** The rows that are in the file: the size of the growth axis. */
  get length(): number {
    return this.#writer.length;
  }
}

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", "The file was closed: open it again to append to it.", { path });
}

/**
 * Checks the arguments of `appendFrom`.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkAppendFrom(
  source: unknown,
  options: object,
  isSync: boolean,
): { raw?: boolean; each?: Each; signal?: AbortSignal } {
  const [isWanted, isOther] = isSync ? [isReaderSync, isReader] : [isReader, isReaderSync];
  if (isOther(source as object)) throw optionError("open the reader and this file both with open, or both with openSync");
  const isRows = isWanted(source as object);
  if (!isRows) checkIterable(source, isSync);
  const checks = isRows ? { start: rowNumber, stop: rowNumber } : { raw: flag(false), each: eachOf };
  return checkEach(checkOptions<object>(options, isSync ? checks : { signal: abortSignal, ...checks }));
}
