/** The tab of histograms: how often values of one column occur, or those of all columns. */
import type uPlot from "uplot";
import { el, labelled, select } from "../shared/dom.ts";
import { counted } from "../shared/texts.ts";
import { onTheme } from "../shared/theme.ts";
import { draw, valueText } from "./chart.ts";
import { numericOf } from "./column-choice.ts";
import { Job } from "./job.ts";
import { rowRange } from "./row-range.ts";
import { plotLabel, readBytes } from "./scan.ts";
import type { Span } from "./sheet.ts";
import { sliceControls } from "./slice-controls.ts";
import { numberOfValue } from "./stat-texts.ts";
import type { ColumnStats, Scale, StatsResult } from "./task-types.ts";
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
  #result: StatsResult | undefined;
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
    const result = await this.#job.run(shown, {
      kind: "stats",
      rows: this.#rows,
      columns,
      isWhole,
      bins: this.#bins,
      hasTotal: columns.length > 1,
    });
    if (result === undefined) return;
    this.#result = result;
    const { summary } = this.#shownStats(result);
    const left = [
      [summary.missing, "NaN or NaT"],
      [summary.infinities, "infinite"],
    ] as const;
    const more = left.filter(([count]) => count > 0).map(([count, what]) => `, ${count.toLocaleString("en-US")} ${what}`);
    this.#job.report(result, readBytes(shown.sheet, columns), () => void this.#run(shown, true), more.join(""));
    this.#draw();
  }

  #shownStats({ total, columns }: StatsResult): ColumnStats {
    return total ?? (columns[0] as ColumnStats);
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
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#width = this.#area.clientWidth;
    if (this.#result === undefined || this.#shown === undefined || this.#width === 0) return;
    const { label, summary, dtype } = this.#shownStats(this.#result);
    if (summary.count === 0) return;
    const [min, max, scale] = rangeOf(summary.min, summary.max, dtype);
    const { parts } = summary;
    // One value takes one bar.
    const count = min === max ? 1 : parts.length;
    const counts = min === max ? [summary.count] : Array.from(parts);
    const width = min === max ? 1 : (max - min) / count;
    this.#plot = draw(this.#chart, {
      x: Float64Array.from({ length: count + 1 }, (_, i) => min + i * width),
      xScale: scale,
      yScale: "number",
      lines: [{ label: `count of ${label || "value"}`, values: Float64Array.from([...counts, Number.NaN]) }],
      height: Math.max(220, this.#area.clientHeight - 100),
      isBars: true,
      isLog: this.#isLog,
      xLabel: `${label || "value"}: ${valueText(min, scale)} to ${valueText(max, scale)}, ${counted(summary.count, "value")}`,
    });
  }
}

/** The range as numbers, of dates in milliseconds. Infinities have no bars. */
function rangeOf(min: number | bigint | undefined, max: number | bigint | undefined, dtype: string): [number, number, Scale] {
  const [low, high] = [numberOfValue(min, dtype), numberOfValue(max, dtype)];
  const isDate = dtype.startsWith("datetime64[");
  const finite = (value: number, fallback: number): number => (Number.isFinite(value) ? value : fallback);
  return [finite(low, 0), finite(high, finite(low, 0)), isDate ? "date" : "number"];
}
