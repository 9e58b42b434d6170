/** The tab of statistics: of each column, read once in the worker. */
import { button, el } from "../shared/dom.ts";
import { bytesText, counted } from "../shared/texts.ts";
import { onTheme, themeColor } from "../shared/theme.ts";
import { numericOf } from "./column-choice.ts";
import { Job } from "./job.ts";
import { distanceOf } from "./opening.ts";
import { readBytes } from "./scan.ts";
import { sliceControls } from "./slice-controls.ts";
import { HEADINGS, lineOf, type StatLine } from "./stat-texts.ts";
import type { StatsResult } from "./task-types.ts";
import type { Shown, View } from "./view.ts";

/** Columns that are listed. */
const MOST = 1000;

/** More than so many bytes are read only when asked for. */
const AT_ONCE = { file: 2 ** 26, machine: 2 ** 26, net: 2 ** 22 };

export class StatsView implements View {
  readonly name = "Statistics";
  readonly element: HTMLElement;
  readonly #controls = el("div", { class: "controls" });
  readonly #table = el("div", { tabindex: 0, role: "region", "aria-label": "Statistics" });
  readonly #job = new Job();
  #result: StatsResult | undefined;

  constructor() {
    const area = el("div", { class: "plot-area" }, this.#job.element, this.#table);
    this.element = el("div", { class: "panel" }, this.#controls, area);
    onTheme(this.#table, () => this.#draw());
  }

  show(shown: Shown): void {
    const { sheet, opened, spec, slice } = shown;
    this.#controls.replaceChildren(...sliceControls(opened.reader.shape, sheet.slicing, slice));
    this.#result = undefined;
    this.#draw();
    this.#job.cancel();
    const columns = numericOf(sheet).slice(0, MOST);
    if (columns.length === 0 || sheet.rowCount === 0) {
      this.#job.element.replaceChildren(
        el("span", { class: "note" }, columns.length === 0 ? "There are no numbers or times." : "The array has no rows."),
      );
      return;
    }
    const bytes = readBytes(sheet, columns) * sheet.rowCount;
    if (bytes <= AT_ONCE[distanceOf(spec.source)]) return void this.#run(shown, columns);
    this.#job.element.replaceChildren(
      button(`Compute (reads ${bytesText(bytes)})`, () => void this.#run(shown, columns), { class: "is-main" }),
      el("span", { class: "note" }, "Statistics need every row. You can cancel at any time."),
    );
  }

  /** They are of the rows that there were: computing them anew each second would read everything again. */
  grown(shown: Shown): void {
    if (this.#result === undefined) return;
    const more = shown.sheet.rowCount - this.#result.rows;
    this.#job.element.replaceChildren(
      el("span", { class: "note" }, `${counted(more, "row")} came since.`),
      button("Compute again", () => this.show(shown)),
    );
  }

  hide(): void {
    this.#job.cancel();
  }

  async #run(shown: Shown, columns: readonly number[]): Promise<void> {
    const { sheet } = shown;
    const rows = { start: 0, stop: sheet.rowCount };
    const result = await this.#job.run(shown, {
      kind: "stats",
      rows,
      columns,
      isWhole: true,
      bins: 24,
      hasTotal: sheet.leaves.length === 1,
    });
    if (result === undefined) return;
    this.#result = result;
    const more = sheet.columnCount > columns.length ? `, ${counted(columns.length, "column")} of ${sheet.columnCount}` : "";
    this.#job.report(result, readBytes(sheet, columns), () => {}, more);
    this.#draw();
  }

  #draw(): void {
    if (this.#result === undefined) {
      this.#table.replaceChildren();
      return;
    }
    const { columns, total } = this.#result;
    const lines = [...(total === undefined ? [] : [total]), ...columns].map(lineOf);
    const used = HEADINGS.map((_, i) => lines.some(({ texts }) => texts[i] !== ""));
    const heads = ["column", ...HEADINGS.filter((_, i) => used[i]), "histogram"];
    const body = el("tbody");
    const color = themeColor("--accent");
    for (const line of lines) {
      const cells = line.texts.filter((_, i) => used[i]).map((text) => el("td", {}, text));
      body.append(el("tr", {}, el("th", { scope: "row" }, line.column || "value"), ...cells, el("td", {}, bars(line, color))));
    }
    const head = el("tr", {}, ...heads.map((text) => el("th", { scope: "col" }, text)));
    this.#table.replaceChildren(el("table", { class: "stats" }, el("thead", {}, head), body));
  }
}

/** A small histogram. */
function bars({ parts }: StatLine, color: string): HTMLCanvasElement {
  const canvas = el("canvas", { width: 192, height: 40, role: "img", "aria-label": "histogram" });
  canvas.style.width = "96px";
  canvas.style.height = "20px";
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = color;
  let most = 0;
  for (let i = 0; i < parts.length; i++) most = Math.max(most, parts[i] as number);
  const width = canvas.width / Math.max(1, parts.length);
  for (let i = 0; i < parts.length && most > 0; i++) {
    const count = parts[i] as number;
    // A single value among millions stays visible.
    const height = count === 0 ? 0 : Math.max(2, (count / most) * canvas.height);
    context.fillRect(i * width, canvas.height - height, width - 1, height);
  }
  return canvas;
}
