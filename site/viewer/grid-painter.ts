/** The elements of the table. They are used again from frame to frame: making hundreds anew for each would leave megabytes a second to collect. */
import { el } from "../shared/dom.ts";
import { numberText } from "../shared/texts.ts";
import type { Cells, Region } from "./cells.ts";
import type { Sheet } from "./sheet.ts";

/** What is drawn. */
export interface Frame {
  readonly sheet: Sheet;
  readonly cells: Cells;
  readonly region: Region;
  readonly selected: Region;
  readonly active: { readonly row: number; readonly column: number };
  /** Pixels of the numbers of rows. */
  readonly numbers: number;
  /** Texts of more characters end in an ellipsis. */
  readonly mostCharacters: number;
  /** Where a column begins, from the left of the table, and its width. */
  left(column: number): number;
  width(column: number): number;
  /** Where a row begins. */
  top(row: number): number;
}

interface Line {
  readonly element: HTMLElement;
  readonly number: HTMLElement;
  readonly cells: HTMLElement[];
}

export class GridPainter {
  readonly head: HTMLElement = el("div", { class: "grid-head", role: "row", "aria-rowindex": 1 });
  readonly body: HTMLElement = el("div", { class: "grid-body", role: "rowgroup" });
  readonly #corner = el("div", { class: "grid-corner", role: "columnheader", "aria-colindex": 1 }, "row");
  readonly #heads: HTMLElement[] = [];
  readonly #lines: Line[] = [];

  /** Shows words in place of cells. */
  say(text: string): void {
    this.head.replaceChildren();
    this.body.replaceChildren(el("div", { class: "grid-empty" }, text));
    this.#heads.length = this.#lines.length = 0;
  }

  paint(frame: Frame): void {
    if (this.#lines.length === 0) {
      this.head.replaceChildren(this.#corner);
      this.body.replaceChildren();
    }
    const { firstRow, lastRow, firstColumn, lastColumn } = frame.region;
    const columns = lastColumn - firstColumn + 1;
    resize(this.#heads, columns, this.head, () => el("div", { role: "columnheader" }));
    place(this.#corner, 0, frame.numbers);
    for (let i = 0; i < columns; i++) this.#paintHead(this.#heads[i] as HTMLElement, firstColumn + i, frame);
    while (this.#lines.length > lastRow - firstRow + 1) this.#lines.pop()?.element.remove();
    for (let row = firstRow; row <= lastRow; row++) this.#paintRow(this.#lineAt(row - firstRow), row, columns, frame);
  }

  #lineAt(i: number): Line {
    const known = this.#lines[i];
    if (known !== undefined) return known;
    const number = el("div", { role: "rowheader", "aria-colindex": 1 });
    const line = { element: el("div", { role: "row" }, number), number, cells: [] };
    this.body.append(line.element);
    this.#lines.push(line);
    return line;
  }

  #paintHead(head: HTMLElement, column: number, { sheet, selected, left, width }: Frame): void {
    const isNear = column >= selected.firstColumn && column <= selected.lastColumn;
    const label = sheet.label(column);
    set(head, "class", `grid-cell${isNear ? " is-near" : ""}`);
    set(head, "aria-colindex", String(column + 2));
    set(head, "data-column", String(column));
    set(head, "title", label);
    write(head, label || "value");
    place(head, left(column), width(column));
  }

  #paintRow({ element, number, cells }: Line, row: number, columns: number, frame: Frame): void {
    const { selected, region, numbers } = frame;
    const isNear = row >= selected.firstRow && row <= selected.lastRow;
    set(element, "class", `grid-row${row % 2 === 1 ? " is-odd" : ""}`);
    set(element, "aria-rowindex", String(row + 2));
    element.style.transform = `translateY(${frame.top(row)}px)`;
    set(number, "class", `grid-number${isNear ? " is-near" : ""}`);
    set(number, "data-row", String(row));
    write(number, numberText(row));
    place(number, 0, numbers);
    resize(cells, columns, element, () => el("div", { role: "gridcell" }));
    for (let i = 0; i < columns; i++) this.#paintCell(cells[i] as HTMLElement, row, region.firstColumn + i, isNear, frame);
  }

  #paintCell(cell: HTMLElement, row: number, column: number, isNear: boolean, frame: Frame): void {
    const { sheet, cells, selected, active } = frame;
    const text = cells.text(row, column);
    const isSelected = isNear && column >= selected.firstColumn && column <= selected.lastColumn;
    const classes = ["grid-cell"];
    if ("SU".includes(sheet.leafOf(column).dtype.kind)) classes.push("is-text");
    if (isSelected) classes.push("is-selected");
    if (row === active.row && column === active.column) classes.push("is-active");
    if (text === "nan" || text === "NaT") classes.push("is-missing");
    set(cell, "class", classes.join(" "));
    set(cell, "id", idOf(row, column));
    set(cell, "aria-colindex", String(column + 2));
    set(cell, "aria-selected", isSelected ? "true" : "false");
    set(cell, "data-row", String(row));
    set(cell, "data-column", String(column));
    if (text !== undefined && text.length > frame.mostCharacters) set(cell, "title", text);
    else cell.removeAttribute("title");
    write(cell, text ?? "…");
    place(cell, frame.left(column), frame.width(column));
  }
}

/** The id of the element of a cell. */
export function idOf(row: number, column: number): string {
  return `cell-${row}-${column}`;
}

/** Adds elements to the end of `parent`, or removes them, until there are `count`. */
function resize(elements: HTMLElement[], count: number, parent: HTMLElement, make: () => HTMLElement): void {
  while (elements.length > count) elements.pop()?.remove();
  while (elements.length < count) {
    const made = make();
    parent.append(made);
    elements.push(made);
  }
}

function set(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function write(element: HTMLElement, text: string): void {
  const { firstChild } = element;
  if (firstChild === null) element.textContent = text;
  else if (firstChild.nodeValue !== text) firstChild.nodeValue = text;
}

function place(element: HTMLElement, left: number, width: number): void {
  element.style.left = `${left}px`;
  element.style.width = `${width}px`;
}
