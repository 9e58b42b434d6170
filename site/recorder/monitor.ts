/** Shows a recording while it goes on: numbers, and the newest rows as lines. */
import type uPlot from "uplot";
import { alignedData, discard, draw } from "../shared/chart.ts";
import { el } from "../shared/dom.ts";
import { bytesText, numberText } from "../shared/texts.ts";
import { onTheme } from "../shared/theme.ts";
import type { Recording } from "./recording.ts";
import type { Batch } from "./source.ts";
import { GROUPS, Trace } from "./trace.ts";

/** Seconds that the plot shows; of rows that do not come evenly, as many as it has groups. */
const SECONDS = 4;
/** Milliseconds between two drawings. */
const PAUSE = 50;
const HEIGHT = 240;

/** Milliseconds over which the rate is measured. */
const MEASURED = 2000;

export class Monitor {
  readonly element: HTMLElement;
  readonly #rows = el("dd", { id: "rows", "data-rows": 0, "data-flushed": 0 }, "0");
  readonly #rate = el("dd", { id: "rate" }, "–");
  readonly #size = el("dd", { id: "size" }, "–");
  readonly #time = el("dd", { id: "time" }, "0:00");
  readonly #plotArea = el("div", { class: "plot", role: "img", "aria-label": "Plot of the newest rows", hidden: true });
  readonly #safety = el("p", { class: "note", id: "safety" });
  /** The one that goes on, or the last one. */
  #recording: Recording | undefined;
  #isRunning = false;
  #trace = new Trace(0, 1, 0);
  #plot: uPlot | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #measured: { at: number; rows: number }[] = [];

  constructor() {
    const figure = (name: string, value: HTMLElement): HTMLElement => el("div", {}, el("dt", {}, name), value);
    this.element = el(
      "section",
      { class: "card", "aria-labelledby": "monitor-title" },
      el("h2", { id: "monitor-title" }, "Recording"),
      el(
        "dl",
        { class: "figures" },
        figure("Rows", this.#rows),
        figure("Rows a second", this.#rate),
        figure("Size", this.#size),
        figure("Time", this.#time),
      ),
      this.#plotArea,
      this.#safety,
    );
    this.#say();
    onTheme(this.#plotArea, () => this.#draw());
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#plotArea.clientWidth, height: HEIGHT })).observe(this.#plotArea);
  }

  /** From now on it shows this one. */
  show(recording: Recording): void {
    const { source, firstRow } = recording;
    this.#recording = recording;
    this.#isRunning = true;
    this.#plotArea.hidden = false;
    const perGroup = source.rate === undefined ? 1 : Math.ceil((SECONDS * source.rate) / GROUPS);
    this.#trace = new Trace(source.lineNames.length, perGroup, firstRow);
    this.#measured = [];
    this.#draw();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#update(), PAUSE);
  }

  /** Rows were stored. */
  stored({ lines }: Batch): void {
    this.#trace.add(lines);
    // Not only when it is drawn: tests read it.
    this.#rows.dataset["rows"] = String(this.#recording?.rows);
  }

  /** Leaves the last state in view. */
  stop(): void {
    clearInterval(this.#timer);
    this.#update();
    this.#isRunning = false;
    this.#rate.textContent = "–";
    this.#say();
  }

  #update(): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    const { rows, bytes, begun, firstRow } = recording;
    const now = performance.now();
    this.#measured.push({ at: now, rows: rows - firstRow });
    this.#measured = this.#measured.filter(({ at }) => now - at <= MEASURED);
    const [first, last] = [this.#measured[0], this.#measured.at(-1)];
    const seconds = ((last?.at ?? 0) - (first?.at ?? 0)) / 1000;
    this.#rows.textContent = numberText(rows);
    this.#rows.dataset["rows"] = String(rows);
    this.#rows.dataset["flushed"] = String(recording.flushedRows);
    this.#rate.textContent = seconds < 0.5 ? "–" : numberText(Math.round(((last?.rows ?? 0) - (first?.rows ?? 0)) / seconds));
    this.#size.textContent = bytesText(bytes);
    const elapsed = Math.floor((now - begun) / 1000);
    this.#time.textContent = `${Math.floor(elapsed / 60)}:${String(elapsed % 60).padStart(2, "0")}`;
    this.#say();
    const { x, lines } = this.#points();
    if (!document.hidden) this.#plot?.setData(alignedData(x, lines));
  }

  #say(): void {
    const recording = this.#recording;
    this.#safety.textContent =
      recording === undefined || !this.#isRunning
        ? "Rows count once they are in the file. They survive a reload, a crash of the tab, and a killed browser; once a second they are also flushed to the disk."
        : `All ${numberText(recording.rows)} rows survive a crash of the tab or the browser, ${numberText(recording.flushedRows)} of them also a power cut.`;
  }

  #points(): { readonly x: Float64Array; readonly lines: readonly Float64Array[] } {
    const { rows, lines } = this.#trace.points;
    const rate = this.#recording?.source.rate ?? 1;
    return { x: rows.map((row) => row / rate), lines };
  }

  #draw(): void {
    discard(this.#plot);
    if (this.#recording === undefined) return;
    const { lineNames, rate } = this.#recording.source;
    const { x, lines } = this.#points();
    this.#plot = draw(this.#plotArea, {
      x,
      xScale: "number",
      yScale: "number",
      lines: lineNames.map((label, i) => ({ label, values: lines[i] as Float64Array })),
      height: HEIGHT,
      xLabel: rate === undefined ? "row" : "seconds",
    });
  }
}
