/**
 * Growing a file by storing into mapped memory: rows first, then the digits of its header. The protocol, and what a kill leaves at each step:
 * docs/design/mapped-growth.md.
 */
import { runSync } from "../run.ts";
import { type Plan, quietly, sync, truncate, write } from "../step.ts";
import type { ExclusiveGrowth } from "./exclusive-growth.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Growth, Rows } from "./growth.ts";
import { MappedCount } from "./mapped-count.ts";
import { MappedWindow } from "./mapped-window.ts";
import { rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeRows } from "./write-blocks.ts";

/** Small appends in a row before a window is opened, which takes a sync; and the most of them, after windows that were hardly used. */
const PATIENCE = 16;
const MOST_PATIENCE = 2 ** 20;

/** A window that took as many rows was worth its syncs. */
const WORTH = 4096;

/** Looking at the clock takes as long as storing a row: up to so many appends of one millisecond do without. */
const UNTIMED = 16;

export class MappedGrowth implements Growth {
  readonly growing: GrowingFile;
  readonly #exclusive: ExclusiveGrowth;
  readonly #count: MappedCount;
  readonly #window: MappedWindow;
  readonly #onReserve: () => void;
  /** Small appends in a row without a window, and how many of them open one. */
  #small = 0;
  #patience = PATIENCE;
  /** Rows when the window was opened. */
  #openedAt = 0;
  /** How many appends still do without a look at the clock, and how many did before the last look. */
  #untimed = 0;
  #lastUntimed = 0;
  /** Whether a plan is under way. */
  #isBusy = false;
  #forgetExit: (() => void) | undefined;

  /** `undefined` if the file cannot be mapped. It must be locked. `onReserve` is called whenever a window opens. */
  static of(exclusive: ExclusiveGrowth, onReserve: () => void): MappedGrowth | undefined {
    const { mapped, file, durability, bytesPerRow } = exclusive.growing;
    if (mapped === undefined || file.reserve === undefined || file.mapEnd === undefined) return undefined;
    if (durability !== "os" || bytesPerRow === 0) return undefined;
    // What is stored in a window is counted at once. So is all else: no one should have to know which appends open one.
    exclusive.countEach();
    return new MappedGrowth(exclusive, new MappedCount(mapped, exclusive.growing), onReserve);
  }

  private constructor(exclusive: ExclusiveGrowth, count: MappedCount, onReserve: () => void) {
    this.growing = exclusive.growing;
    this.#exclusive = exclusive;
    this.#count = count;
    this.#window = new MappedWindow(exclusive.growing, count);
    this.#onReserve = onReserve;
  }

  get length(): number {
    return this.growing.rows;
  }

  /** Whether the file may be longer than its rows. */
  get isReserved(): boolean {
    return this.growing.isMarked;
  }

  check(): void {
    this.#exclusive.check();
  }

  // ---- appending ----

  append(added: Rows, isBlocking: boolean): Plan<void> | undefined {
    if (this.store(added)) return undefined;
    this.check();
    if (this.#window.isMapped) return this.#appendInWindow(added, isBlocking);
    // A window that could not be closed.
    if (this.isReserved) return this.#during(this.#appendWithout(added, isBlocking));
    if (added.rows > 0) this.#small = this.#window.stores(added) ? this.#small + 1 : 0;
    if (this.#small <= this.#patience) return this.#exclusive.append(added, isBlocking);
    return this.#during(this.#openAndAppend(added, isBlocking));
  }

  /** Stores rows, if little else is to be done. */
  store(added: Rows): boolean {
    const { growing } = this;
    const window = this.#window;
    const rows = growing.rows + added.rows;
    if (rows > window.most) return rows === window.limit && this.#storeUpToLimit(added, rows);
    if (growing.broken !== undefined || this.#isCheckDue() || !window.copy(added)) return false;
    this.#count.store(rows, added.rows);
    growing.rows = rows;
    growing.headerRows = rows;
    return true;
  }

  /** Stores rows up to a count that must be written. The file ends with them: no mixture of the old and the new digits counts more. */
  #storeUpToLimit(added: Rows, rows: number): boolean {
    const { growing } = this;
    const window = this.#window;
    if (!window.isMapped || growing.endOf(rows) !== growing.reservedEnd) return false;
    if (growing.broken !== undefined || this.#isCheckDue() || !window.copy(added)) return false;
    try {
      growing.file.writeSync(growing.render(rows), 0);
    } catch (error) {
      runSync(this.#undo(true, error));
    }
    growing.rows = rows;
    growing.headerRows = rows;
    window.extend();
    return true;
  }

  /** The clock counts milliseconds: while it shows the same one, looks at it become rarer. */
  #isCheckDue(): boolean {
    if (this.#untimed-- > 0) return false;
    const isDue = this.growing.isCheckDue();
    this.#lastUntimed = isDue ? 0 : Math.min(2 * this.#lastUntimed + 1, UNTIMED);
    this.#untimed = this.#lastUntimed;
    return isDue;
  }

  /** Writes one block of rows, if they fit into the file and nothing else is to be done. Else gives the plan of what is. */
  #appendInWindow(added: Rows, isBlocking: boolean): Plan<void> | undefined {
    const { growing } = this;
    const { file } = growing;
    const rows = growing.rows + added.rows;
    const block = rows <= this.#window.most && !growing.isCheckDue() ? added.onlyBlock : undefined;
    const isAtOnce =
      block?.length === added.rows * growing.bytesPerRow && (isBlocking || block.length <= (file.writesAtOnce ?? 0));
    if (block === undefined || !isAtOnce) return this.#during(this.#appendMapped(added));
    try {
      file.writeSync(block, growing.endOf(growing.rows));
    } catch (error) {
      return this.#during(this.#undo(false, error));
    }
    this.#count.store(rows, added.rows);
    growing.rows = rows;
    growing.headerRows = rows;
    return undefined;
  }

  /** Appends in a window, where more is to be done than to store. */
  *#appendMapped(added: Rows): Plan<void> {
    const { growing } = this;
    const window = this.#window;
    const rows = growing.rows + added.rows;
    growing.checkLength(rows);
    if (growing.isCheckDue()) yield* this.#checkUnchanged();
    if (added.rows === 0) return;
    const isStorable = window.takes(added) && rows <= window.limit;
    if (isStorable && !(yield* window.makeRoom(rows))) return yield* this.#appendWithout(added, false);
    let isHeaderTouched = false;
    try {
      if (!isStorable || !window.copy(added)) yield* this.#write(added, rows);
      isHeaderTouched = true;
      if (rows < window.limit) this.#count.store(rows, added.rows);
      // The file ends with its rows: no mixture of the old and the new digits counts more.
      else yield* write(growing.file, growing.render(rows), 0);
    } catch (error) {
      return yield* this.#undo(isHeaderTouched, error);
    }
    growing.rows = rows;
    growing.headerRows = rows;
    growing.reservedEnd = Math.max(growing.reservedEnd, growing.endOf(rows));
    window.setLimits();
  }

  /** Writes rows that are too many to be stored, or whose count cannot be. */
  *#write(added: Rows, rows: number): Plan<void> {
    const { growing } = this;
    yield* writeRows(growing, added, growing.rows);
    if (growing.isCheckDueAfter(added.rows * growing.bytesPerRow)) yield* checkUnchanged(growing, rows);
  }

  /** Undoes a failed write, closes the window, and throws `cause`. */
  *#undo(isHeaderTouched: boolean, cause: unknown): Plan<void> {
    this.#window.release();
    yield* quietly(rollBack(this.growing, isHeaderTouched, cause));
    yield* quietly(this.#settle());
    throw cause;
  }

  /** Appends without a window, since there can be none. It is not tried again soon. */
  *#appendWithout(added: Rows, isBlocking: boolean): Plan<void> {
    try {
      yield* this.#settle();
    } catch (error) {
      throw this.#window.problem ?? error;
    }
    this.#patience = MOST_PATIENCE;
    yield* this.#exclusive.append(added, isBlocking) ?? nothing();
  }

  // ---- the window ----

  *#openAndAppend(added: Rows, isBlocking: boolean): Plan<void> {
    if (yield* this.#open()) yield* this.#appendMapped(added);
    else yield* this.#appendWithout(added, isBlocking);
  }

  /** Opens a window. `false`: there is no space for it, or it cannot be mapped. */
  *#open(): Plan<boolean> {
    const { growing } = this;
    const { file } = growing;
    yield* this.#checkUnchanged();
    const end = growing.endOf(growing.rows);
    if (!(yield* this.#window.reserve(end))) return false;
    growing.mark(true);
    try {
      growing.asFound = undefined;
      yield* write(file, growing.render(growing.rows), 0);
      growing.headerRows = growing.rows;
      // The mark must be safe before the size is.
      yield* sync(file);
    } catch (error) {
      growing.mark(false);
      // Frees the blocks.
      yield* quietly(truncate(file, end));
      return yield* rollBack(growing, true, error);
    }
    this.#openedAt = growing.rows;
    this.#forgetExit = file.onExit?.(() => this.#atExit());
    this.#onReserve();
    return yield* this.#window.map();
  }

  *#checkUnchanged(): Plan<void> {
    try {
      yield* checkUnchanged(this.growing);
    } catch (error) {
      if (this.growing.broken !== undefined) this.#window.release();
      throw error;
    }
  }

  /** Closes the window, if one is open: the file ends with its rows again. */
  settle(): Plan<void> {
    return this.#during(this.#settle());
  }

  *#settle(): Plan<void> {
    const { growing } = this;
    const { file, rows } = growing;
    this.#window.release();
    this.#small = 0;
    if (!growing.isMarked || growing.broken !== undefined) return;
    yield* checkUnchanged(growing);
    // Also where the size is right: this frees the blocks that are reserved.
    yield* truncate(file, growing.endOf(rows));
    growing.reservedEnd = 0;
    this.#window.reset();
    // The size must be safe before the mark is gone.
    yield* sync(file);
    growing.mark(false);
    try {
      yield* write(file, growing.render(rows), 0);
    } catch (error) {
      growing.mark(true);
      yield* rollBack(growing, true, error);
    }
    this.#forgetExit?.();
    const isWorth = rows - this.#openedAt >= WORTH;
    this.#patience = isWorth ? PATIENCE : Math.min(4 * this.#patience, MOST_PATIENCE);
  }

  /** A write that is under way goes on after this: the next writer cuts the file. */
  #atExit(): void {
    if (!this.#isBusy) runSync(quietly(this.#settle()));
  }

  *#during(plan: Plan<void>): Plan<void> {
    this.#isBusy = true;
    try {
      yield* plan;
    } finally {
      this.#isBusy = false;
    }
  }

  // ---- the other operations ----

  *set(start: number, rows: Rows): Plan<void> {
    this.check();
    yield* this.settle();
    yield* this.#exclusive.set(start, rows);
  }

  *truncate(rows: number): Plan<void> {
    this.check();
    yield* this.settle();
    yield* this.#exclusive.truncate(rows);
  }

  *updateHeader(): Plan<void> {
    this.check();
    yield* this.settle();
    yield* this.#exclusive.updateHeader();
  }

  *sync(): Plan<void> {
    this.check();
    yield* this.settle();
    yield* this.#exclusive.sync();
  }

  *finish(): Plan<void> {
    try {
      yield* this.settle();
    } finally {
      this.#forgetExit?.();
    }
    yield* this.#exclusive.finish();
  }
}

function* nothing(): Plan<void> {}
