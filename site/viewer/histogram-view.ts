/** The tab of histograms: how often values of one column occur, or those of all columns. */
import type uPlot from "uplot";
import { discard, draw, valueText } from "../shared/chart.ts";
import { el, labelled, select } from "../shared/dom.ts";
import { counted } from "../shared/texts.ts";
import { onTheme } from "../shared/theme.ts";
import { numericOf } from "./column-choice.ts";
import { Job } from "./job.ts";
import { rowRange } from "./row-range.ts";
import { plotLabel, readBytes } from "./scan.ts";
import type { Span } from "./sheet.ts";
import { sliceControls } from "./slice-controls.ts";
import type { HistogramResult } from "./task-types.ts";
import type { Shown, View } from "./view.ts";

/** Columns that are counted together, at most. */
const MOST_TOGETHER = 256;

export class HistogramView implements View {
  readonly name = "Histogram";
  readonly element: HTMLElement;
  readonly #controls = el("div", { class: "controls" });
  readonly #area = el("div", { class: "plot-area" });
  readonly #chart = el("div", { class: "chart" });
  readonly #job = new Job();
  #plot: uPlot | undefined;
  #shown: Shown | undefined;
  #result: HistogramResult | undefined;
  #columns: readonly number[] = [];
  /** `"all"`, or a column. */
  #column: number | "all" = 0;
  #bins = 50;
  #isLog = false;
  #rows: Span = { start: 0, stop: 0 };
  #layout = "";
  #width = 0;

  constructor() {
    this.#area.append(this.#job.element, this.#chart);
    this.element = el("div", { class: "panel" }, this.#controls, this.#area);
    onTheme(this.#area, () => this.#draw());
    new ResizeObserver(() => {
      if (Math.abs(this.#area.clientWidth - this.#width) > 8) this.#draw();
    }).observe(this.#area);
  }

  show(shown: Shown): void {
    const { sheet, spec, opened } = shown;
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
      // The columns of a structure are different things, those of other arrays are often the same.
      this.#column =
        sheet.leaves.length === 1 && this.#columns.length > 12 && this.#columns.length <= MOST_TOGETHER
          ? "all"
          : (this.#columns[0] ?? 0);
      this.#rows = { start: 0, stop: sheet.rowCount };
    }
    this.#load(false);
  }

  grown(shown: Shown): void {
    if (this.#rows.stop === this.#shown?.sheet.rowCount) this.#rows = { ...this.#rows, stop: shown.sheet.rowCount };
    this.#shown = shown;
    this.#load(false);
  }

  hide(): void {
    this.#job.cancel();
  }

  #load(isWhole: boolean): void {
    const shown = this.#shown as Shown;
    this.#showControls(shown);
    if (this.#columns.length === 0 || this.#rows.stop === 0) {
      this.#result = undefined;
      this.#draw();
      this.#job.element.replaceChildren(
        el(
          "span",
          { class: "note" },
          this.#columns.length === 0 ? "There are no numbers or times to count." : "The array has no rows.",
        ),
      );
      return;
    }
    void this.#run(shown, isWhole);
  }

  async #run(shown: Shown, isWhole: boolean): Promise<void> {
    const columns = this.#column === "all" ? this.#columns : [this.#column];
    const result = await this.#job.run(shown, { kind: "histogram", rows: this.#rows, columns, isWhole, bins: this.#bins });
    if (result === undefined) return;
    this.#result = result;
    const more = result.notFinite === 0 ? "" : `, ${counted(result.notFinite, "value")} that are NaN, NaT or infinite`;
    this.#job.report(result, readBytes(shown.sheet, columns), () => void this.#run(shown, true), more);
    this.#draw();
  }

  #showControls({ sheet, opened, slice }: Shown): void {
    const changed = (change: () => void): void => {
      change();
      this.#load(false);
    };
    const choices = this.#columns.slice(0, 1000).map((column) => ({ value: String(column), text: plotLabel(sheet, column) }));
    if (sheet.leaves.length === 1 && choices.length > 1 && choices.length <= MOST_TOGETHER)
      choices.unshift({ value: "all", text: "all columns" });
    const log = el("input", { type: "checkbox" });
    log.checked = this.#isLog;
    log.addEventListener("change", () => {
      this.#isLog = log.checked;
      this.#draw();
    });
    this.#controls.replaceChildren(
      ...sliceControls(opened.reader.shape, sheet.slicing, slice),
      ...(choices.length > 1
        ? [
            labelled(
              "Column",
              select(choices, String(this.#column), (value) =>
                changed(() => (this.#column = value === "all" ? value : Number(value))),
              ),
            ),
          ]
        : []),
      labelled(
        "Bins",
        select(
          [10, 20, 50, 100, 200].map((bins) => ({ value: String(bins), text: String(bins) })),
          String(this.#bins),
          (value) => changed(() => (this.#bins = Number(value))),
        ),
      ),
      el("label", { class: "check" }, log, "log counts"),
      el("span", { class: "spring" }),
      rowRange(this.#rows, sheet.rowCount, (rows) => changed(() => (this.#rows = rows))),
    );
  }

  #draw(): void {
    discard(this.#plot);
    this.#plot = undefined;
    this.#width = this.#area.clientWidth;
    if (this.#result === undefined || this.#shown === undefined || this.#width === 0) return;
    const { label, scale, min, max, first, width, counts, count } = this.#result;
    if (count === 0) return;
    this.#plot = draw(this.#chart, {
      x: Float64Array.from({ length: counts.length + 1 }, (_, i) => first + i * width),
      xScale: scale,
      yScale: "number",
      lines: [{ label: `count of ${label}`, values: Float64Array.from([...counts, Number.NaN]) }],
      height: Math.max(220, this.#area.clientHeight - 100),
      isBars: true,
      isLog: this.#isLog,
      xLabel: `${label}: ${valueText(min, scale)} to ${valueText(max, scale)}, ${counted(count, "value")}`,
    });
  }
}
