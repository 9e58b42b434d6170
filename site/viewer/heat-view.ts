/** The tab of heat maps: means over rows, a line of pixels for each column. */
import { el } from "../shared/dom.ts";
import { counted, numberText, shortText } from "../shared/texts.ts";
import { onTheme } from "../shared/theme.ts";
import { numericOf } from "./column-choice.ts";
import { Job } from "./job.ts";
import { colorBar, explain, fitInto, pictureOf, rangeOfChannels } from "./picture.ts";
import { rowRange } from "./row-range.ts";
import { plotLabel, readBytes } from "./scan.ts";
import type { Span } from "./sheet.ts";
import { sliceControls } from "./slice-controls.ts";
import type { HeatResult } from "./task-types.ts";
import type { Shown, View } from "./view.ts";

/** Cells of the picture, at most. */
const [WIDTH, HEIGHT] = [1200, 512];

export class HeatView implements View {
  readonly name = "Heat map";
  readonly element: HTMLElement;
  readonly #controls = el("div", { class: "controls" });
  readonly #area = el("div", { class: "plot-area" });
  readonly #picture = el("div", { class: "picture" });
  readonly #job = new Job();
  #shown: Shown | undefined;
  #result: HeatResult | undefined;
  #columns: readonly number[] = [];
  #rows: Span = { start: 0, stop: 0 };
  /** Whether each column has a scale of its own. */
  #isNormalized = false;
  #layout = "";
  #width = 0;

  constructor() {
    this.#area.append(this.#job.element, this.#picture);
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
      this.#isNormalized = sheet.leaves.length > 1;
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
        el("span", { class: "note" }, this.#columns.length === 0 ? "There are no numbers or times." : "The array has no rows."),
      );
      return;
    }
    void this.#run(shown, isWhole);
  }

  async #run(shown: Shown, isWhole: boolean): Promise<void> {
    const result = await this.#job.run(shown, {
      kind: "heat",
      rows: this.#rows,
      columns: this.#columns,
      isWhole,
      width: WIDTH,
      height: HEIGHT,
    });
    if (result === undefined) return;
    this.#result = result;
    const each = result.width < result.rows ? `, means of ${numberText(Math.ceil(result.rowsRead / result.width))} rows` : "";
    const columns =
      result.height < this.#columns.length ? ` and of ${Math.ceil(this.#columns.length / result.height)} columns` : "";
    this.#job.report(
      result,
      readBytes(shown.sheet, this.#columns),
      () => void this.#run(shown, true),
      `, ${counted(this.#columns.length, "column")}${each}${columns}`,
    );
    this.#draw();
  }

  #showControls({ sheet, opened, slice }: Shown): void {
    const own = el("input", { type: "checkbox" });
    own.checked = this.#isNormalized;
    own.addEventListener("change", () => {
      this.#isNormalized = own.checked;
      this.#draw();
    });
    this.#controls.replaceChildren(
      ...sliceControls(opened.reader.shape, sheet.slicing, slice),
      el("label", { class: "check" }, own, "a scale for each column"),
      el("span", { class: "spring" }),
      rowRange(this.#rows, sheet.rowCount, (rows) => {
        this.#rows = rows;
        this.#load(false);
      }),
    );
  }

  #draw(): void {
    this.#width = this.#area.clientWidth;
    const [result, shown] = [this.#result, this.#shown];
    if (result === undefined || shown === undefined || this.#width === 0) {
      this.#picture.replaceChildren();
      return;
    }
    const { width, height, values } = result;
    const drawn = this.#isNormalized ? normalized(result) : values;
    const range = rangeOfChannels([drawn]);
    const canvas = pictureOf(width, height, [drawn], range, "viridis");
    const room = Math.max(160, this.#area.clientHeight - 130);
    fitInto(canvas, this.#area.clientWidth - 26, Math.min(room, Math.max(120, height * 28)), true);
    canvas.setAttribute(
      "aria-label",
      `Heat map of ${counted(this.#columns.length, "column")} over ${counted(result.rows, "row")}`,
    );
    const columnAt = (y: number): number => this.#columns[Math.floor((y * this.#columns.length) / height)] as number;
    const rowAt = (x: number): number => this.#rows.start + Math.floor((x * result.rows) / width);
    const words = explain(
      canvas,
      (x, y) =>
        `${plotLabel(shown.sheet, columnAt(y))}, from row ${numberText(rowAt(x))}: ${shortText(values[y * width + x] as number)}`,
    );
    const ends = `row ${numberText(this.#rows.start)} at the left, row ${numberText(this.#rows.stop - 1)} at the right; column ${plotLabel(shown.sheet, columnAt(0))} at the top`;
    const bar = this.#isNormalized
      ? el("span", { class: "note" }, "each column from its smallest to its largest mean")
      : colorBar(range, "viridis");
    this.#picture.replaceChildren(canvas, el("p", { class: "note" }, ends), bar, words);
  }
}

/** Each column from 0 to 1. */
function normalized({ width, height, values }: HeatResult): Float64Array {
  const found = values.slice();
  for (let y = 0; y < height; y++) {
    const line = found.subarray(y * width, (y + 1) * width);
    const { min, max } = rangeOfChannels([line]);
    for (let x = 0; x < width; x++) line[x] = ((line[x] as number) - min) / (max - min || 1);
  }
  return found;
}
