/** Growing a file that has one writer. */
import { type Plan, sync } from "../step.ts";
import { append } from "./append.ts";
import { type GrowingFile, SHORT_WRITE } from "./growing-file.ts";
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
    // `isCheckDue` and `endOf`, written out: a plain row passes no other file of this folder.
    const isChecked = Math.abs(Date.now() - growing.checkedAt) < growing.checkHolds;
    const position = growing.header.headerLength + growing.rows * growing.bytesPerRow;
    const block = isChecked && growing.durability === "os" ? added.onlyBlock : undefined;
    const isAtOnce =
      block !== undefined &&
      (isBlocking || block.length <= (growing.file.writesAtOnce ?? 0)) &&
      // The caller's memory may have gone.
      block.length === added.rows * growing.bytesPerRow &&
      position + block.length <= Number.MAX_SAFE_INTEGER;
    if (!isAtOnce) return append(growing, added, this.#rewriteHeader);
    return this.#appendAtOnce(block, position, growing.rows + added.rows);
  }

  /**
   * Does what {@link append} does, without steps: a plan costs as much as appending a few rows. This is the only place that bypasses the drivers.
   * It may assume that the file has just been checked, that the rows are one block in memory, and that nothing has to be synced.
   *
   * @returns what is left to do, if a check is due after all, or the write failed.
   */
  #appendAtOnce(block: Uint8Array, position: number, rows: number): Plan<void> | undefined {
    const { growing } = this;
    const { file } = growing;
    let isHeaderTouched = false;
    try {
      file.writeSync(block, position);
      if (this.#rewriteHeader && rows !== growing.headerRows) {
        if (block.length > SHORT_WRITE && growing.isCheckDue()) return countRows(growing, rows, block.length);
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
