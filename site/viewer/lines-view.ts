/** The tab of lines: columns over rows, or over another column. */
import type uPlot from "uplot";
import { discard, draw } from "../shared/chart.ts";
import { el, labelled, select } from "../shared/dom.ts";
import { numberText } from "../shared/texts.ts";
import { onTheme } from "../shared/theme.ts";
import { columnChoice, firstChosen, numericOf } from "./column-choice.ts";
import { Job } from "./job.ts";
import { rowRange } from "./row-range.ts";
import { plotLabel, readBytes } from "./scan.ts";
import type { Span } from "./sheet.ts";
import { sliceControls } from "./slice-controls.ts";
import type { LinesResult } from "./task-types.ts";
import type { Shown, View } from "./view.ts";

/** Columns whose ranges differ more than this are drawn in charts of their own. */
const SIMILAR = 10;

export class LinesView implements View {
  readonly name = "Lines";
  readonly element: HTMLElement;
  readonly #controls = el("div", { class: "controls" });
  readonly #area = el("div", { class: "plot-area" });
  readonly #charts = el("div", { class: "charts" });
  readonly #job = new Job();
  #plots: uPlot[] = [];
  #shown: Shown | undefined;
  #result: LinesResult | undefined;
  #columns: readonly number[] = [];
  #chosen: readonly number[] = [];
  #rows: Span = { start: 0, stop: 0 };
  #x: number | undefined;
  #layout = "";
  #width = 0;

  constructor() {
    this.#area.append(this.#job.element, this.#charts);
    this.element = el("div", { class: "panel" }, this.#controls, this.#area);
    onTheme(this.#area, () => this.#draw());
    new ResizeObserver(() => {
      if (Math.abs(this.#area.clientWidth - this.#width) > 8) this.#draw();
    }).observe(this.#area);
  }

  show(shown: Shown): void {
    const { sheet, opened, spec } = shown;
    this.#shown = shown;
    const layout = JSON.stringify([
      spec.label,
      spec.parent,
      opened.reader.shape.slice(1),
      sheet.slicing.rows,
      sheet.slicing.columns,
    ]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#columns = numericOf(sheet);
      this.#x = this.#columns.find(
        (column) => sheet.leaves.length > 1 && sheet.slicing.columns === undefined && sheet.leafOf(column).dtype.kind === "M",
      );
      this.#chosen = firstChosen(this.#columns.filter((column) => column !== this.#x));
      this.#rows = { start: 0, stop: sheet.rowCount };
    }
    this.#load(false);
  }

  grown(shown: Shown): void {
    const isAtEnd = this.#rows.stop >= (this.#shown?.sheet.rowCount ?? 0);
    this.#shown = shown;
    const { rowCount } = shown.sheet;
    // All stays all; a part moves along with the end.
    if (isAtEnd)
      this.#rows = { start: this.#rows.start === 0 ? 0 : this.#rows.start + rowCount - this.#rows.stop, stop: rowCount };
    this.#load(false);
  }

  hide(): void {
    this.#job.cancel();
  }

  #load(isWhole: boolean): void {
    const shown = this.#shown as Shown;
    this.#showControls(shown);
    if (this.#columns.length === 0) {
      this.#say("There are no numbers or times to draw.");
      return;
    }
    if (this.#rows.stop === 0) {
      this.#say("The array has no rows.");
      return;
    }
    if (this.#chosen.length === 0) {
      this.#say("Choose a column.");
      return;
    }
    void this.#run(shown, isWhole);
  }

  async #run(shown: Shown, isWhole: boolean): Promise<void> {
    const groups = Math.max(100, Math.min(1600, Math.round(this.#area.clientWidth - 90)));
    const result = await this.#job.run(shown, {
      kind: "lines",
      rows: this.#rows,
      columns: this.#chosen,
      isWhole,
      groups,
      x: this.#x,
    });
    if (result === undefined) return;
    this.#result = result;
    const read = this.#x === undefined ? this.#chosen : [this.#x, ...this.#chosen];
    const more = result.perPlace > 1 ? `: at each place the smallest and largest of ${numberText(result.perPlace)} values` : "";
    this.#job.report(result, readBytes(shown.sheet, read), () => void this.#run(shown, true), more);
    if (result.xProblem !== undefined) this.#job.element.append(el("span", { class: "warning" }, result.xProblem));
    this.#draw();
  }

  #say(text: string): void {
    this.#job.cancel();
    this.#result = undefined;
    this.#draw();
    this.#job.element.replaceChildren(el("span", { class: "note" }, text));
  }

  #showControls({ sheet, opened, slice }: Shown): void {
    const changed = (change: () => void): void => {
      change();
      this.#load(false);
    };
    const xChoices = [
      { value: "", text: "row" },
      ...this.#columns.slice(0, 64).map((column) => ({ value: String(column), text: plotLabel(sheet, column) })),
    ];
    this.#controls.replaceChildren(
      ...sliceControls(opened.reader.shape, sheet.slicing, slice),
      columnChoice(sheet, this.#columns, this.#chosen, (chosen) => changed(() => (this.#chosen = chosen))),
      ...(sheet.leaves.length > 1
        ? [
            labelled(
              "Over",
              select(xChoices, String(this.#x ?? ""), (value) =>
                changed(() => {
                  this.#x = value === "" ? undefined : Number(value);
                }),
              ),
            ),
          ]
        : []),
      el("span", { class: "spring" }),
      rowRange(this.#rows, sheet.rowCount, (rows) => changed(() => (this.#rows = rows))),
    );
  }

  #draw(): void {
    for (const plot of this.#plots) discard(plot);
    this.#plots = [];
    this.#charts.replaceChildren();
    const result = this.#result;
    this.#width = this.#area.clientWidth;
    if (result === undefined || this.#width === 0) return;
    const panels = panelsOf(result);
    const room = Math.max(300, this.#area.clientHeight - 90 - 30 * panels.length);
    let first = 0;
    for (const lines of panels) {
      const parent = el("div", { class: "chart" });
      this.#charts.append(parent);
      this.#plots.push(
        draw(parent, {
          x: result.x,
          xScale: result.xScale,
          yScale: (lines[0] as LinesResult["lines"][number]).scale,
          lines,
          first,
          height: Math.max(150, Math.floor(room / panels.length)),
          xLabel:
            this.#x === undefined || result.xProblem !== undefined ? "row" : plotLabel((this.#shown as Shown).sheet, this.#x),
          zoomed: (min, max) => this.#zoom(min, max, result),
        }),
      );
      first += lines.length;
    }
  }

  /** Reads the rows of a part of the x axis. */
  #zoom(min: number, max: number, { x, rows }: LinesResult): void {
    const at = (value: number): number => {
      let place = 0;
      while (place < x.length - 1 && (x[place] as number) < value) place++;
      return this.#rows.start + (place / Math.max(1, x.length - 1)) * rows;
    };
    const isRows = this.#x === undefined || this.#result?.xProblem !== undefined;
    const [start, stop] = isRows ? [min, max] : [at(min), at(max)];
    this.#rows = {
      start: Math.max(0, Math.floor(start)),
      stop: Math.min((this.#shown as Shown).sheet.rowCount, Math.max(Math.floor(start) + 2, Math.ceil(stop))),
    };
    this.#load(false);
  }
}

/** Lines that share a chart: those of similar ranges. */
function panelsOf({ lines }: LinesResult): LinesResult["lines"][number][][] {
  const panels: { lines: LinesResult["lines"][number][]; size: number }[] = [];
  for (const line of lines) {
    let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of line.values) {
      if (value < min) min = value;
      if (value > max) max = value;
    }
    const size = Math.max(Math.abs(min), Math.abs(max));
    const found = panels.find(
      (panel) => panel.lines[0]?.scale === line.scale && size <= SIMILAR * panel.size && panel.size <= SIMILAR * size,
    );
    if (found === undefined) panels.push({ lines: [line], size });
    else found.lines.push(line);
  }
  return panels.map((panel) => panel.lines);
}
