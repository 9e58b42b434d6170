/** The table: draws the cells that are in view, of any number of rows and columns. */
import { el } from "../shared/dom.ts";
import { numberText } from "../shared/texts.ts";
import { Cells, type Region } from "./cells.ts";
import { GridPainter, idOf } from "./grid-painter.ts";
import { motionOf } from "./motion.ts";
import { Scrolling } from "./scrolling.ts";
import type { Sheet } from "./sheet.ts";

/** Pixels of a row. */
const ROW = 26;

/** Pixels beside the text of a cell. */
const PADDING = 24;

/** Characters of a column, at least and at most; longer texts end in an ellipsis. */
const [LEAST, MOST] = [5, 44];

/** A rectangle of cells; the last row and column are included. */
export type Selected = Region;

export interface GridEvents {
  readonly selected: (selected: Selected) => void;
  /** The rows in view have changed. */
  readonly moved: (region: Region) => void;
  readonly problem: (error: unknown) => void;
}

interface Cell {
  readonly row: number;
  readonly column: number;
}

export class Grid {
  readonly element: HTMLElement;
  readonly #layer: HTMLElement;
  readonly #painter = new GridPainter();
  readonly #spacer: HTMLElement;
  readonly #events: GridEvents;
  readonly #down = new Scrolling();
  readonly #across = new Scrolling();
  #sheet: Sheet | undefined;
  #cells: Cells | undefined;
  /** Characters of the columns of each leaf. */
  #widths: number[] = [];
  /** Shows how wide characters are, which are all equally wide. */
  readonly #probe = el("span", { class: "grid-probe", "aria-hidden": "true" }, "0".repeat(20));
  #character = 8;
  #active: Cell = { row: 0, column: 0 };
  #anchor: Cell = { row: 0, column: 0 };
  #frame = 0;
  #settling: ReturnType<typeof setTimeout> | undefined;

  constructor(events: GridEvents) {
    this.#events = events;
    this.#layer = el("div", {
      class: "grid-layer",
      role: "grid",
      tabindex: 0,
      "aria-label": "Elements",
      "aria-multiselectable": "true",
    });
    this.#layer.append(this.#painter.head, this.#painter.body);
    this.#spacer = el("div", { class: "grid-spacer" }, this.#layer, this.#probe);
    this.element = el("div", { class: "grid-scroller", tabindex: -1 }, this.#spacer);
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#layer.addEventListener("keydown", (event) => this.#key(event));
    this.#layer.addEventListener("pointerdown", (event) => this.#pointed(event));
    this.#layer.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && event.pointerType === "mouse") this.#pointed(event, true);
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Shows another array, or another part of it: of other cuts of one array, the same place. */
  show(sheet: Sheet): void {
    const before = this.#sheet;
    this.#cells?.end();
    this.#sheet = sheet;
    this.#cells = new Cells(sheet, () => this.draw(), this.#events.problem);
    this.#widths = sheet.leaves.map(({ label }, i) =>
      Math.max(
        LEAST,
        Math.min(
          MOST,
          label.length +
            (sheet.slicing.columns === undefined
              ? 0
              : sheet.label(sheet.columnCount - sheet.leaves.length + i).length - label.length),
        ),
      ),
    );
    const keepsPlace =
      before?.dtype === sheet.dtype &&
      before.slicing.rows === sheet.slicing.rows &&
      before.slicing.columns === sheet.slicing.columns &&
      before.rowCount === sheet.rowCount &&
      before.columnCount === sheet.columnCount;
    if (!keepsPlace) {
      this.#active = this.#anchor = { row: 0, column: 0 };
      this.element.scrollTop = this.#down.moveTo(0);
      this.element.scrollLeft = this.#across.moveTo(0);
    }
    this.draw();
  }

  /** The array has grown. Shows its end if that was in view. */
  grow(sheet: Sheet): void {
    const before = this.#sheet;
    if (before === undefined || this.#cells === undefined) {
      this.show(sheet);
      return;
    }
    const wasAtEnd = this.region().lastRow >= before.rowCount - 1;
    const cells = new Cells(sheet, () => this.draw(), this.#events.problem);
    this.#cells.end();
    this.#sheet = sheet;
    this.#cells = cells;
    this.#resize(sheet);
    this.draw();
    if (wasAtEnd) this.#scrollTo({ row: sheet.rowCount - 1, column: this.#active.column });
  }

  get selected(): Selected {
    const { row, column } = this.#active;
    return {
      firstRow: Math.min(row, this.#anchor.row),
      lastRow: Math.max(row, this.#anchor.row),
      firstColumn: Math.min(column, this.#anchor.column),
      lastColumn: Math.max(column, this.#anchor.column),
    };
  }

  /** Goes to a row, and selects its cell. */
  goTo(row: number): void {
    this.#activate({ row: Math.max(0, Math.min((this.#sheet?.rowCount ?? 1) - 1, row)), column: this.#active.column }, false);
    const down = this.#down;
    this.element.scrollTop = down.moveTo(Math.max(0, (this.#active.row - 2) * ROW));
    this.draw();
  }

  focus(): void {
    this.#layer.focus();
  }

  /** The cells in view. */
  region(): Region {
    const [height, width] = this.#room();
    const sheet = this.#sheet as Sheet;
    const firstRow = Math.floor(this.#down.offset / ROW);
    return {
      firstRow,
      lastRow: Math.max(firstRow, Math.min(sheet.rowCount, Math.ceil((this.#down.offset + height) / ROW)) - 1),
      firstColumn: this.#columnAt(this.#across.offset),
      lastColumn: Math.min(sheet.columnCount - 1, this.#columnAt(this.#across.offset + width)),
    };
  }

  /** Pixels of the cells' window. */
  #room(): [height: number, width: number] {
    return [Math.max(ROW, this.element.clientHeight - ROW), Math.max(ROW, this.element.clientWidth - this.#numberWidth())];
  }

  #numberWidth(): number {
    return Math.max(4, numberText(Math.max(0, (this.#sheet?.rowCount ?? 1) - 1)).length) * this.#character + PADDING;
  }

  #leafWidth(leaf: number): number {
    return Math.round((this.#widths[leaf] as number) * this.#character) + PADDING;
  }

  /** Pixels of the columns of one index. */
  #groupWidth(): number {
    return this.#widths.reduce((sum, _, leaf) => sum + this.#leafWidth(leaf), 0);
  }

  #leftOf(column: number): number {
    const count = this.#widths.length;
    let left = Math.floor(column / count) * this.#groupWidth();
    for (let leaf = 0; leaf < column % count; leaf++) left += this.#leafWidth(leaf);
    return left;
  }

  #columnAt(left: number): number {
    const group = this.#groupWidth();
    if (group === 0) return 0;
    const index = Math.floor(left / group);
    let [rest, leaf] = [left - index * group, 0];
    while (leaf < this.#widths.length - 1 && rest >= this.#leafWidth(leaf)) rest -= this.#leafWidth(leaf++);
    return index * this.#widths.length + leaf;
  }

  #scrolled(): void {
    this.#down.scrolled(this.element.scrollTop);
    this.#across.scrolled(this.element.scrollLeft);
    this.draw();
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.element.scrollTop = this.#down.settle();
      this.element.scrollLeft = this.#across.settle();
    }, 150);
  }

  /** Makes room for the array. */
  #resize(sheet: Sheet): void {
    this.#character = this.#probe.getBoundingClientRect().width / this.#probe.textContent.length || 8;
    const [height, width] = this.#room();
    this.#down.resize(sheet.rowCount * ROW, height);
    this.#across.resize(this.#leftOf(sheet.columnCount), width);
    const numbers = this.#numberWidth();
    this.#spacer.style.height = `${Math.max(this.#down.extent + ROW, this.element.clientHeight)}px`;
    this.#spacer.style.width = `${Math.max(this.#across.extent + numbers, this.element.clientWidth)}px`;
    this.#layer.style.width = `${this.element.clientWidth}px`;
    this.#layer.style.height = `${this.element.clientHeight}px`;
    this.#layer.setAttribute("aria-rowcount", String(sheet.rowCount + 1));
    this.#layer.setAttribute("aria-colcount", String(sheet.columnCount + 1));
  }

  /** Draws in the next frame. */
  draw(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const [sheet, cells] = [this.#sheet, this.#cells];
    if (sheet === undefined || cells === undefined || this.element.clientHeight === 0) return;
    this.#resize(sheet);
    const region = this.region();
    if (sheet.rowCount === 0 || sheet.columnCount === 0) {
      this.#painter.say(sheet.rowCount === 0 ? "The array has no rows." : "The rows have no elements.");
      return;
    }
    cells.show(region);
    if (this.#widen(cells, region)) {
      this.#draw();
      return;
    }
    const numbers = this.#numberWidth();
    this.#painter.paint({
      sheet,
      cells,
      region,
      selected: this.selected,
      active: this.#active,
      numbers,
      mostCharacters: MOST,
      left: (column) => numbers + this.#leftOf(column) - this.#across.offset,
      width: (column) => this.#leafWidth(column % this.#widths.length),
      top: (row) => row * ROW - this.#down.offset,
    });
    const id = idOf(this.#active.row, this.#active.column);
    if (document.getElementById(id) === null) this.#layer.removeAttribute("aria-activedescendant");
    else this.#layer.setAttribute("aria-activedescendant", id);
    this.#events.moved(region);
  }

  /** Widens columns to the texts in view. They never become narrower: that would move what is being read. */
  #widen(cells: Cells, region: Region): boolean {
    let isWider = false;
    for (let column = region.firstColumn; column <= region.lastColumn; column++) {
      const leaf = column % this.#widths.length;
      for (let row = region.firstRow; row <= region.lastRow; row++) {
        const length = Math.min(MOST, cells.text(row, column)?.length ?? 0);
        if (length <= (this.#widths[leaf] as number)) continue;
        this.#widths[leaf] = length;
        isWider = true;
      }
    }
    return isWider;
  }

  #pointed(event: PointerEvent, isDragged = false): void {
    const target = (event.target as HTMLElement).closest<HTMLElement>("[data-row], [data-column]");
    if (target === null || event.button > 0 || this.#sheet === undefined) return;
    const [row, column] = [target.dataset["row"], target.dataset["column"]];
    const extends_ = isDragged || event.shiftKey;
    if (row === undefined) {
      this.#activate({ row: this.#sheet.rowCount - 1, column: Number(column) }, true, false);
      this.#anchor = { row: 0, column: extends_ ? this.#anchor.column : Number(column) };
    } else if (column === undefined) {
      this.#activate({ row: Number(row), column: this.#sheet.columnCount - 1 }, true, false);
      this.#anchor = { row: extends_ ? this.#anchor.row : Number(row), column: 0 };
    } else this.#activate({ row: Number(row), column: Number(column) }, extends_, false);
    this.#events.selected(this.selected);
    this.draw();
  }

  #key(event: KeyboardEvent): void {
    const sheet = this.#sheet;
    if (sheet === undefined || sheet.rowCount * sheet.columnCount === 0) return;
    const page = Math.max(1, Math.floor(this.#room()[0] / ROW) - 1);
    const to = motionOf(event, this.#active, { rows: sheet.rowCount, columns: sheet.columnCount }, page);
    if (to === undefined) return;
    event.preventDefault();
    if (to === "all") {
      this.#anchor = { row: 0, column: 0 };
      this.#active = { row: sheet.rowCount - 1, column: sheet.columnCount - 1 };
      this.#events.selected(this.selected);
      this.draw();
      return;
    }
    this.#activate(to, event.shiftKey);
  }

  #activate(cell: Cell, isExtended: boolean, scrolls = true): void {
    this.#active = cell;
    if (!isExtended) this.#anchor = cell;
    if (scrolls) this.#scrollTo(cell);
    this.#events.selected(this.selected);
    this.draw();
  }

  /** Scrolls as little as brings a cell into view. */
  #scrollTo({ row, column }: Cell): void {
    const [height, width] = this.#room();
    const [top, left] = [row * ROW, this.#leftOf(column)];
    const end = left + this.#leafWidth(column % this.#widths.length);
    const [down, across] = [this.#down, this.#across];
    if (top < down.offset) this.element.scrollTop = down.moveTo(top);
    else if (top + ROW > down.offset + height) this.element.scrollTop = down.moveTo(top + ROW - height);
    if (left < across.offset) this.element.scrollLeft = across.moveTo(left);
    else if (end > across.offset + width) this.element.scrollLeft = across.moveTo(Math.min(left, end - width));
  }
}
