/** Growing a `.npy` file by appending, synchronously. */

import type { Carried } from "../format/dtype.ts";
import type { AppendInput, RowInput } from "../input/record-types.ts";
import { runSync } from "../plan/run.ts";
import { type Plan, quietly } from "../plan/step.ts";
import type { NpyReaderSync } from "../reader/npy-reader-sync.ts";
import { isReaderSync, openArrayOf } from "../reader/open-readers.ts";
import { attempt, outward } from "../verb.ts";
import { Batch } from "./batch.ts";
import { costOf, hintingAtRows, isEnough, RowChecker } from "./each-row.ts";
import { checkAppendFrom, closed, GrowingArray } from "./growing-array.ts";
import type { RawChunk } from "./raw-rows.ts";
import type { AppendFromOptions, AppendRowsOptions, Each, RawAppendOptions, RowAppendOptions } from "./streams.ts";
import { Transfer } from "./transfer.ts";
import type { Writer } from "./writer.ts";

/** {@link NpyAppendArray}, synchronously. It keeps nothing of the caller's memory after an append. */
export class NpyAppendArraySync<D = unknown> extends GrowingArray<D> implements Disposable {
  /** Never set: it lets the compiler carry `D`. */
  declare readonly "~like"?: Carried<D>;
  readonly #writer: Writer;
  #isClosed = false;
  /** Rows that {@link appendFrom} has taken one by one, and not yet written. */
  #gathered: Batch | undefined;

  /** @internal Use {@link NpyAppendArray.openSync}. */
  constructor(writer: Writer) {
    super(writer, "NpyAppendArraySync");
    this.#writer = writer;
    // If it fails, the next append tries again.
    writer.whenPausing(() => runSync(quietly(writer.settle())));
  }

  /** {@link NpyAppendArray.append}, synchronously. */
  append(rows: AppendInput<D>): void {
    this.#append(rows);
  }

  #append(input: AppendInput<D>): number {
    try {
      this.#checkOpen();
      if (this.#gathered !== undefined) this.#writeGathered();
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

  /** Appends single rows of an iterable. */
  appendFrom(source: Iterable<RowInput<D>>, options: Pick<RowAppendOptions, "each">): number;
  /** Appends rows of which an iterable gives the bytes. */
  appendFrom(source: Iterable<RawChunk>, options: Pick<RawAppendOptions, "raw">): number;
  /** Appends rows of another file. */
  appendFrom(source: NpyReaderSync, options?: Omit<AppendRowsOptions, "signal">): number;
  /** {@link NpyAppendArray.appendFrom}, synchronously. */
  appendFrom(source: Iterable<AppendInput<D>>, options?: Pick<AppendFromOptions, "raw">): number;
  appendFrom(
    source: NpyReaderSync | Iterable<unknown>,
    options: Omit<AppendRowsOptions, "signal"> & { readonly raw?: boolean | undefined; readonly each?: Each | undefined } = {},
  ): number {
    const { path } = this;
    const { raw, each } = attempt(path, () => {
      this.#checkOpen();
      const checked = checkAppendFrom(source, options, true);
      return { raw: checked.raw ? this.#writer.rawRows() : undefined, each: checked.each };
    });
    if (isReaderSync<NpyReaderSync>(source))
      return attempt(path, () => this.#transfer(new Transfer(openArrayOf(source), options)));
    if (each === "row") return this.#appendRows(source);
    let rows = 0;
    for (const input of source) {
      if (raw === undefined) rows += this.#appendArray(input);
      else for (const part of attempt(path, () => raw.push(input))) rows += this.#append(part as AppendInput<D>);
    }
    attempt(path, () => raw?.finish());
    return rows;
  }

  #appendArray(input: unknown): number {
    try {
      return this.#append(input as AppendInput<D>);
    } catch (error) {
      throw outward(hintingAtRows(error, input, this.#writer), this.path, this.#appendArray);
    }
  }

  #appendRows(source: Iterable<unknown>): number {
    let cost = 0;
    const checker = new RowChecker(this.#writer, false, {
      guard: (check) => {
        this.#checkOpen();
        const encoded = check();
        this.#checkOpen();
        return encoded;
      },
      emit: (encoded) => {
        this.#gathered ??= new Batch(undefined);
        this.#gathered.add(encoded);
        cost += costOf(encoded);
        const isFirst = checker.rows === encoded.rows;
        if (!isFirst && !isEnough(encoded, cost)) return;
        cost = 0;
        this.#writeGathered();
      },
    });
    const finish = (): void =>
      attempt(this.path, () => {
        checker.finish();
        this.#writeGathered();
      });
    try {
      for (const row of source) attempt(this.path, () => checker.check(row));
    } catch (error) {
      finish();
      throw error;
    }
    finish();
    return checker.rows;
  }

  /** Writes rows that were gathered, before anything else that was called after them. */
  #writeGathered(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    try {
      const plan = this.#writer.append(gathered, true);
      if (plan !== undefined) runSync(plan);
    } catch (error) {
      this.#writer.forgetLayout();
      throw error;
    }
  }

  #transfer(transfer: Transfer): number {
    try {
      this.#writeGathered();
      do runSync(transfer.appendPiece(this.#writer));
      while (!transfer.isDone);
    } catch (error) {
      this.#writer.forgetLayout();
      throw error;
    }
    return transfer.rows;
  }

  /** {@link NpyAppendArray.set}, synchronously. */
  set(start: number, rows: AppendInput<D>): void {
    this.#perform(() => {
      const checked = this.#writer.checkNew(start, rows);
      // A getter of the input may have closed the file.
      this.#checkOpen();
      return this.#writer.set(start, checked);
    });
  }

  /** {@link NpyAppendArray.truncate}, synchronously. */
  truncate(rows: number): void {
    this.#perform(() => this.#writer.truncate(rows));
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
    attempt(this.path, () => {
      try {
        this.#writeGathered();
      } finally {
        runSync(this.#writer.close());
      }
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #perform(plan: () => Plan<void>): void {
    try {
      this.#checkOpen();
      this.#writeGathered();
      runSync(plan());
    } catch (error) {
      throw outward(error, this.path, this.#perform);
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed(this.path);
  }
}
