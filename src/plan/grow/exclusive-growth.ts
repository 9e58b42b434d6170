/** Growing a file that has one writer: data first, then the header that counts them. */
import { type Plan, publish, sync, write } from "../step.ts";
import { cutRows } from "./cut.ts";
import { type Durability, type GrowingFile, SHORT_WRITE } from "./growing-file.ts";
import type { Growth, Rows } from "./growth.ts";
import { MappedHeader } from "./mapped-header.ts";
import { overwriteRows } from "./overwrite.ts";
import { rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeRows } from "./write-blocks.ts";

export interface ExclusiveOptions {
  readonly durability: Durability;
  readonly rewriteHeaderOnAppend: boolean;
  readonly mmap: boolean;
  readonly expectedRows: number | undefined;
}

/** One object appends to the file. */
export class ExclusiveGrowth implements Growth {
  readonly growing: GrowingFile;
  #rewriteHeader: boolean;

  constructor(growing: GrowingFile, { rewriteHeaderOnAppend, mmap, expectedRows }: ExclusiveOptions) {
    this.growing = growing;
    this.#rewriteHeader = rewriteHeaderOnAppend;
    if (expectedRows !== undefined) growing.file.expect?.(growing.endOf(expectedRows));
    if (mmap) growing.mapped = MappedHeader.of(growing.file, growing.header.headerLength);
  }

  /** From now on each append counts its rows, whatever `rewriteHeaderOnAppend` says. */
  countEach(): void {
    this.#rewriteHeader = true;
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
    const position = growing.endOf(growing.rows);
    const isAtOnce =
      block !== undefined &&
      (isBlocking || block.length <= (growing.file.writesAtOnce ?? 0)) &&
      // The caller may have detached or resized the memory.
      block.length === added.rows * growing.bytesPerRow &&
      position + block.length <= Number.MAX_SAFE_INTEGER;
    return isAtOnce ? this.#appendAtOnce(block, position, growing.rows + added.rows) : this.#append(added);
  }

  /**
   * Does what {@link #append} does, without steps: running a plan costs as much as appending a few rows. Nothing else bypasses the drivers.
   * Requires a file that was just checked, rows in one block of memory, and nothing to sync.
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
        if (block.length > SHORT_WRITE && growing.isCheckDue()) return this.#countRows(rows, block.length);
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

  /** Writes rows, then the header. Until the header is written, readers do not see the rows. Undoes the rows if a step fails. */
  *#append(added: Rows): Plan<void> {
    const { growing } = this;
    const rows = growing.rows + added.rows;
    growing.checkLength(rows);
    if (growing.isCheckDue()) yield* checkUnchanged(growing);
    try {
      yield* writeRows(growing, added, growing.rows);
    } catch (error) {
      return yield* rollBack(growing, false, error);
    }
    if (this.#rewriteHeader && rows !== growing.headerRows) yield* this.#countRows(rows, added.rows * growing.bytesPerRow);
    else growing.rows = rows;
  }

  /** Commits `rows` rows, after the last `bytes` bytes of them were written. Undoes those if it fails. */
  *#countRows(rows: number, bytes: number): Plan<void> {
    const { growing } = this;
    const { file, durability } = growing;
    let isHeaderTouched = false;
    try {
      if (growing.isCheckDueAfter(bytes)) yield* checkUnchanged(growing, rows);
      isHeaderTouched = true;
      growing.asFound = undefined;
      const header = growing.render(rows);
      // A header stored in mapped memory could not be synced.
      if (durability !== "os" || !growing.mapped?.store(header)) yield* write(file, header, 0);
      if (durability === "full") yield* sync(file);
      // Nothing of such a file survives before.
      if (durability !== "os") yield* publish(file);
    } catch (error) {
      return yield* rollBack(growing, isHeaderTouched, error);
    }
    growing.rows = rows;
    growing.headerRows = rows;
  }

  *set(start: number, rows: Rows): Plan<void> {
    this.check();
    yield* overwriteRows(this.growing, start, rows);
  }

  *truncate(rows: number): Plan<void> {
    this.check();
    yield* cutRows(this.growing, rows);
  }

  *updateHeader(): Plan<void> {
    this.check();
    const { growing } = this;
    const { file, rows, durability } = growing;
    const isNeeded = growing.headerRows !== rows || !growing.isHeaderSafe;
    if (isNeeded && durability !== "os") yield* sync(file);
    yield* checkUnchanged(growing);
    if (!isNeeded) return;
    growing.asFound = undefined;
    try {
      yield* write(file, growing.render(rows), 0);
    } catch (error) {
      return yield* rollBack(growing, true, error);
    }
    growing.headerRows = rows;
    growing.isHeaderSafe = durability !== "full";
    if (durability === "full") yield* sync(file);
    growing.isHeaderSafe = true;
    if (durability !== "os") yield* publish(file);
  }

  *sync(): Plan<void> {
    this.check();
    const { file } = this.growing;
    // What others see at once must be whole.
    if (file.publish !== undefined && this.growing.headerRows !== this.growing.rows) yield* this.updateHeader();
    yield* checkUnchanged(this.growing);
    yield* sync(file);
    yield* publish(file);
  }

  finish(): Plan<void> {
    return this.updateHeader();
  }
}
