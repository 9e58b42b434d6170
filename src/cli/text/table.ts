/** Prints rows of text in aligned columns. */

import { styled, terminalWidth } from "../program/terminal.ts";
import { printable } from "./escaping.ts";

/** What stands for columns that are left out. */
const GAP = "...";

/** Characters between columns. */
const SPACE = 2;

/** A table whose rows may arrive in parts. Columns widen when a cell needs it. */
export class Table {
  readonly #isRight: readonly boolean[];
  readonly #widths: number[];
  readonly #header: readonly string[];
  /** Characters of a line. */
  readonly #room: number;

  /** `isRight`: which columns are aligned to the right, like numbers. */
  constructor(
    header: readonly string[],
    isRight: readonly boolean[],
    width: number = terminalWidth() ?? Number.POSITIVE_INFINITY,
  ) {
    this.#header = header.map(printable);
    this.#isRight = isRight;
    this.#room = width;
    this.#widths = this.#header.map(widthOf);
  }

  /** Makes room for rows that will be printed. */
  widen(rows: readonly (readonly string[])[]): void {
    this.#widen(rows.map((row) => row.map(printable)));
  }

  #widen(cells: readonly (readonly string[])[]): void {
    for (const row of cells) {
      for (const [i, cell] of row.entries()) this.#widths[i] = Math.max(this.#widths[i] ?? 0, widthOf(cell));
    }
  }

  /** Whether all columns fit into a line. */
  get isWhole(): boolean {
    return this.#fitting().length === this.#widths.length;
  }

  /** The lines of rows, with the header above them if `isFirst`. Shows `...` for middle columns that do not fit. */
  lines(rows: readonly (readonly string[])[], isFirst: boolean): string {
    const cells = rows.map((row) => row.map(printable));
    this.#widen(cells);
    const shown = this.#fitting();
    const lines = cells.map((row) => this.#line(row, shown));
    if (isFirst && this.#header.some((label) => label !== "")) lines.unshift(styled("dim", this.#line(this.#header, shown)));
    return lines.map((line) => `${line}\n`).join("");
  }

  #line(row: readonly string[], shown: readonly (number | undefined)[]): string {
    const cells = shown.map((column) => {
      if (column === undefined) return GAP;
      const cell = row[column] ?? "";
      const padding = " ".repeat((this.#widths[column] as number) - widthOf(cell));
      return this.#isRight[column] ? padding + cell : cell + padding;
    });
    return cells.join(" ".repeat(SPACE)).trimEnd();
  }

  /** The columns that fit, taken from both ends; `undefined` marks the gap. */
  #fitting(): (number | undefined)[] {
    const all = [...this.#widths.keys()];
    const room = this.#room + SPACE;
    const needed = (columns: readonly number[]): number =>
      columns.reduce((sum, i) => sum + (this.#widths[i] as number) + SPACE, 0);
    if (needed(all) <= room) return all;
    const [left, right]: [number[], number[]] = [[], []];
    let isLeftTurn = true;
    while (all.length > 0) {
      const next = (isLeftTurn ? all.shift() : all.pop()) as number;
      if (needed([...left, ...right, next]) + GAP.length + SPACE > room && left.length > 1) break;
      if (isLeftTurn) left.push(next);
      else right.unshift(next);
      isLeftTurn = !isLeftTurn;
    }
    return [...left, undefined, ...right];
  }
}

function widthOf(text: string): number {
  return /[\ud800-\udfff]/.test(text) ? [...text].length : text.length;
}
