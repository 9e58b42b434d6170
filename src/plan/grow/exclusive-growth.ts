/** Growing a file that has one writer. */
import { type Plan, sync } from "../step.ts";
import { append } from "./append.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Growth, Rows } from "./growth.ts";
import { MappedHeader } from "./mapped-header.ts";
import { countRows, updateHeader } from "./rewrite-header.ts";
import { rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";

export interface ExclusiveOptions {
  readonly rewriteHeaderOnAppend: boolean;
  readonly mmap: boolean;
}

/** One object appends to the file. */
export class ExclusiveGrowth implements Growth {
  readonly growing: GrowingFile;
  readonly #rewriteHeader: boolean;

  constructor(growing: GrowingFile, { rewriteHeaderOnAppend, mmap }: ExclusiveOptions) {
    this.growing = growing;
    this.#rewriteHeader = rewriteHeaderOnAppend;
    if (mmap) growing.mapped = MappedHeader.of(growing.file, growing.header.headerLength);
  }

  get length(): number {
    return this.growing.rows;
  }

  check(): void {
    if (this.growing.broken !== undefined) throw this.growing.broken;
  }

  append(added: Rows, isBlocking: boolean): Plan<void> | undefined {
    this.check();
    const { growing } = this;
    const block = growing.durability === "os" && !growing.isCheckDue() ? added.onlyBlock : undefined;
    const isAtOnce =
      block !== undefined &&
      (isBlocking || block.length <= (growing.file.writesAtOnce ?? 0)) &&
      // Not if the caller's memory has gone.
      block.length === added.rows * growing.bytesPerRow &&
      growing.endOf(growing.rows) + block.length <= Number.MAX_SAFE_INTEGER;
    return isAtOnce ? this.#appendAtOnce(block, growing.rows + added.rows) : append(growing, added, this.#rewriteHeader);
  }

  /**
   * Does the steps of {@link append} without a plan, which costs as much as appending a few rows. This is the only place that bypasses the
   * drivers. Gives what is left to be done: it must not wait for anything.
   */
  #appendAtOnce(block: Uint8Array, rows: number): Plan<void> | undefined {
    const { growing } = this;
    const { file } = growing;
    let isHeaderTouched = false;
    try {
      file.writeSync(block, growing.endOf(growing.rows));
      if (this.#rewriteHeader && rows !== growing.headerRows) {
        if (growing.isCheckDueAfter(block.length)) return countRows(growing, rows, block.length);
        isHeaderTouched = true;
        growing.asFound = undefined;
        const header = growing.render(rows);
        if (!growing.mapped?.store(header)) file.writeSync(header, 0);
        growing.headerRows = rows;
      }
    } catch (error) {
      return rollBack(growing, isHeaderTouched, error);
    }
    growing.rows = rows;
    return undefined;
  }

  updateHeader(): Plan<void> {
    this.check();
    return updateHeader(this.growing);
  }

  *sync(): Plan<void> {
    this.check();
    yield* checkUnchanged(this.growing);
    yield* sync(this.growing.file);
  }

  finish(): Plan<void> {
    return this.updateHeader();
  }
}
