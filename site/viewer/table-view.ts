/** The tab of the table: cells, a field to go to a row, and what can be done with selected cells. */
import { button, el, labelled } from "../shared/dom.ts";
import { counted, numberText } from "../shared/texts.ts";
import { askExport, copyCells } from "./export.ts";
import { Grid, type Selected } from "./grid.ts";
import { partOf } from "./part.ts";
import { sliceControls } from "./slice-controls.ts";
import type { Shown, View } from "./view.ts";

export class TableView implements View {
  readonly name = "Table";
  readonly element: HTMLElement;
  readonly #controls: HTMLElement;
  readonly #grid: Grid;
  readonly #selection: HTMLElement;
  readonly #range: HTMLElement;
  #shown: Shown | undefined;

  constructor(range: HTMLElement) {
    this.#range = range;
    this.#controls = el("div", { class: "controls" });
    this.#selection = el("span", { class: "note", id: "selection" });
    this.#grid = new Grid({
      selected: (selected) => this.#describe(selected),
      moved: ({ firstRow, lastRow }) => {
        const rows = this.#shown?.sheet.rowCount ?? 0;
        this.#range.textContent = `rows ${numberText(firstRow)} to ${numberText(lastRow)} of ${numberText(rows)}`;
      },
      problem: (error) => this.#shown?.problem(error),
    });
    this.element = el("div", { class: "panel" }, this.#controls, this.#grid.element);
    this.#grid.element.addEventListener("keydown", (event) => {
      if (event.key !== "c" || !(event.ctrlKey || event.metaKey) || this.#shown === undefined) return;
      event.preventDefault();
      copyCells(this.#shown, this.#grid.selected).catch((error: unknown) => this.#shown?.problem(error));
    });
  }

  show(shown: Shown): void {
    this.#shown = shown;
    const { sheet, opened } = shown;
    const row = el("input", { type: "number", min: 0, max: Math.max(0, sheet.rowCount - 1), name: "row", placeholder: "0" });
    const go = el("form", { class: "row" }, labelled("Go to row", row), el("button", { type: "submit" }, "Go"));
    go.addEventListener("submit", (event) => {
      event.preventDefault();
      // Negative rows count from the end, as in Python.
      const number = Math.trunc(Number(row.value) || 0);
      this.#grid.goTo(number < 0 ? sheet.rowCount + number : number);
      this.#grid.focus();
    });
    this.#controls.replaceChildren(
      ...sliceControls(opened.reader.shape, sheet.slicing, shown.slice),
      go,
      el("span", { class: "spring" }),
      this.#selection,
      button("Copy cells", () => copyCells(shown, this.#grid.selected).catch(shown.problem)),
      button("Export…", () => askExport(shown, partOf(sheet, this.#grid.selected))),
    );
    this.#grid.show(sheet);
    this.#describe(this.#grid.selected);
  }

  grown(shown: Shown): void {
    this.#shown = shown;
    this.#grid.grow(shown.sheet);
  }

  hide(): void {
    this.#range.textContent = "";
  }

  focus(): void {
    this.#grid.focus();
  }

  #describe({ firstRow, lastRow, firstColumn, lastColumn }: Selected): void {
    const [rows, columns] = [lastRow - firstRow + 1, lastColumn - firstColumn + 1];
    this.#selection.textContent = rows * columns === 1 ? "" : `${counted(rows, "row")} × ${counted(columns, "column")} selected`;
  }
}
