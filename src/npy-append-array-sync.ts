/** Growing a `.npy` file by appending, synchronously. */

import type { Carried } from "./format/dtype.ts";
import { checkAppendFrom, closed, GrowingArray } from "./growing-array.ts";
import type { AppendInput } from "./input/record-types.ts";
import { runSync } from "./plan/run.ts";
import type { Plan } from "./plan/step.ts";
import type { RawChunk } from "./raw-rows.ts";
import { NpyReaderSync, openArrayOf } from "./reader.ts";
import type { AppendFromOptions, AppendRowsOptions, RawAppendOptions } from "./streams.ts";
import { Transfer } from "./transfer.ts";
import { attempt, outward } from "./verb.ts";
import type { Writer } from "./writer.ts";

/** {@link NpyAppendArray}, synchronously. It keeps nothing of the caller's memory after an append. */
export class NpyAppendArraySync<D = unknown> extends GrowingArray<D> implements Disposable {
  /** Never set: it lets the compiler carry `D`. */
  declare readonly "~like"?: Carried<D>;
  readonly #writer: Writer;
  #isClosed = false;

  /** @internal Use {@link NpyAppendArray.openSync}. */
  constructor(writer: Writer) {
    super(writer, "NpyAppendArraySync");
    this.#writer = writer;
  }

  /** {@link NpyAppendArray.append}, synchronously. */
  append(rows: AppendInput<D>): void {
    this.#append(rows);
  }

  #append(input: AppendInput<D>): number {
    try {
      this.#checkOpen();
      const checked = this.#writer.check(input);
      // A getter of the input may have closed the file, and the system given its descriptor to another.
      this.#checkOpen();
      const plan = this.#writer.append(checked, true);
      if (plan !== undefined) runSync(plan);
      return checked.rows;
    } catch (error) {
      this.#writer.forgetLayout();
      throw outward(error, this.path, this.#append);
    }
  }

  /** {@link NpyAppendArray.appendFrom}, synchronously. */
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
      return checkAppendFrom(source, options, true).raw ? this.#writer.rawRows() : undefined;
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

  /** {@link NpyAppendArray.updateHeader}, synchronously. */
  updateHeader(): void {
    this.#perform(() => this.#writer.updateHeader());
  }

  /** {@link NpyAppendArray.sync}, synchronously. */
  sync(): void {
    this.#perform(() => this.#writer.sync());
  }

  /** {@link NpyAppendArray.close}, synchronously. */
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
