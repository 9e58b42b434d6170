/** Growing a `.npy` file by appending, synchronously. */

import type { DTypeLike } from "./format/dtype.ts";
import { closed, GrowingArray } from "./growing-array.ts";
import type { AppendInput } from "./input/record-types.ts";
import { checkNames, optionError } from "./options.ts";
import { runSync } from "./plan/run.ts";
import type { Plan } from "./plan/step.ts";
import { checkIterable, type RawChunk } from "./raw-rows.ts";
import { NpyReader, NpyReaderSync, openArrayOf } from "./reader.ts";
import { type AppendFromOptions, type AppendRowsOptions, checkRaw, type RawAppendOptions } from "./streams.ts";
import { Transfer } from "./transfer.ts";
import { attempt, outward } from "./verb.ts";
import type { Writer } from "./writer.ts";

/** {@link NpyAppendArray} with synchronous operations. Nothing of the caller's memory is kept after an append. */
export class NpyAppendArraySync<D extends DTypeLike = DTypeLike> extends GrowingArray<D> implements Disposable {
  readonly #writer: Writer;
  #isClosed = false;

  /** @internal Use {@link NpyAppendArray.openSync}. */
  constructor(writer: Writer) {
    super(writer, "NpyAppendArraySync");
    this.#writer = writer;
  }

  /** Appends rows; they are in the file when it returns. Takes and throws what {@link NpyAppendArray.append} does. */
  append(rows: AppendInput<D>): void {
    this.#append(rows);
  }

  #append(input: AppendInput<D>): number {
    try {
      this.#checkOpen();
      const checked = this.#writer.check(input);
      // A getter of the input may have closed the file, and its descriptor may now be another file's.
      this.#checkOpen();
      const plan = this.#writer.append(checked, true);
      if (plan !== undefined) runSync(plan);
      return checked.rows;
    } catch (error) {
      this.#writer.forgetLayout();
      throw outward(error, this.path, this.#append);
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
    const { path } = this;
    const raw = attempt(path, () => {
      this.#checkOpen();
      const isReader = source instanceof NpyReaderSync;
      checkNames(options, isReader ? ["start", "stop"] : ["raw"]);
      if (source instanceof NpyReader) throw optionError("open the reader with NpyReader.openSync, or this file with open");
      if (!isReader) checkIterable(source, true);
      return checkRaw(options.raw, "raw") ? this.#writer.rawRows() : undefined;
    });
    if (source instanceof NpyReaderSync) return attempt(path, () => this.#transfer(new Transfer(openArrayOf(source), options)));
    let rows = 0;
    for (const input of source) {
      const parts = raw === undefined ? [input] : attempt(path, () => raw.push(input));
      for (const part of parts) rows += this.#append(part as AppendInput<D>);
    }
    attempt(path, () => raw?.finish());
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
    this.#perform(() => this.#writer.updateHeader());
  }

  /** Returns when everything appended so far survives a power cut. */
  sync(): void {
    this.#perform(() => this.#writer.sync());
  }

  /** Writes the header if it is out of date, and closes the file. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    attempt(this.path, () => runSync(this.#writer.close()));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #perform(plan: () => Plan<void>): void {
    try {
      this.#checkOpen();
      runSync(plan());
    } catch (error) {
      throw outward(error, this.path, this.#perform);
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }
}
