/** Growing a `.npy` file by appending, synchronously. */

import { NpyError } from "./errors.ts";
import type { DType, DTypeLike } from "./format/dtype.ts";
import type { AppendInput } from "./input/record-types.ts";
import { checkNames, checkRaw, notConstructible, optionError } from "./options.ts";
import { runSync } from "./plan/run.ts";
import { checkIterable, type RawChunk } from "./raw-rows.ts";
import { NpyReader, NpyReaderSync, openArrayOf } from "./reader.ts";
import type { AppendFromOptions, AppendRowsOptions, RawAppendOptions } from "./streams.ts";
import { Transfer } from "./transfer.ts";
import { Writer } from "./writer.ts";

/** {@link NpyAppendArray} with synchronous operations. Nothing of the caller's memory is kept after an append. */
export class NpyAppendArraySync<D extends DTypeLike = DTypeLike> implements Disposable {
  readonly #writer: Writer;
  #isClosed = false;

  /** @internal Use {@link NpyAppendArray.openSync}. */
  constructor(writer: Writer) {
    if (!(writer instanceof Writer)) throw notConstructible("NpyAppendArraySync");
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

  /** Appends rows; they are in the file when it returns. Takes and throws what {@link NpyAppendArray.append} does. */
  append(rows: AppendInput<D>): void {
    this.#append(rows);
  }

  #append(input: AppendInput<D>): number {
    this.#checkOpen();
    try {
      const checked = this.#writer.check(input);
      // A getter of the input may have closed the file, whose descriptor may be another file's by now.
      this.#checkOpen();
      const plan = this.#writer.append(checked, true);
      if (plan !== undefined) runSync(plan);
      return checked.rows;
    } catch (error) {
      this.#writer.forgetLayout();
      throw error;
    }
  }

  /** Appends all inputs that an iterable gives, or rows of another file: see {@link NpyAppendArray.appendFrom}. */
  appendFrom(source: Iterable<AppendInput<D>>, options?: Pick<AppendFromOptions, "raw">): number;
  appendFrom(source: NpyReaderSync, options?: Omit<AppendRowsOptions, "signal">): number;
  appendFrom(source: Iterable<RawChunk>, options: Pick<RawAppendOptions, "raw">): number;
  appendFrom(
    source: NpyReaderSync | Iterable<AppendInput<D> | RawChunk>,
    options: Omit<AppendRowsOptions, "signal"> & { readonly raw?: boolean | undefined } = {},
  ): number {
    this.#checkOpen();
    const isReader = source instanceof NpyReaderSync;
    checkNames(options, isReader ? ["start", "stop"] : ["raw"]);
    if (isReader) return this.#transfer(new Transfer(openArrayOf(source), options));
    if (source instanceof NpyReader) throw optionError("open the reader with NpyReader.openSync, or this file with open");
    checkIterable(source, true);
    const raw = checkRaw(options.raw) ? this.#writer.rawRows() : undefined;
    let rows = 0;
    for (const input of source) {
      for (const part of raw?.push(input) ?? [input]) rows += this.#append(part as AppendInput<D>);
    }
    raw?.finish();
    return rows;
  }

  #transfer(transfer: Transfer): number {
    try {
      do runSync(transfer.appendPiece(this.#writer));
      while (!transfer.isDone);
    } catch (error) {
      this.#writer.forgetLayout();
      throw error;
    }
    return transfer.rows;
  }

  /** Makes the header count all rows, for `rewriteHeaderOnAppend: false`. */
  updateHeader(): void {
    this.#checkOpen();
    runSync(this.#writer.updateHeader());
  }

  /** Returns when everything appended so far survives a power cut. */
  sync(): void {
    this.#checkOpen();
    runSync(this.#writer.sync());
  }

  /** Writes the header if that is still to be done, and closes the file. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    runSync(this.#writer.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }
}

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", `The file was closed: open it again to append to it.`, { path });
}
