/** The tab of pictures: two axes as height and width, and a third one as colours. */
import { el, labelled, select } from "../shared/dom.ts";
import { numberText, shortText } from "../shared/texts.ts";
import { Job } from "./job.ts";
import { type Colors, colorBar, explain, fitInto, pictureOf, rangeOfChannels } from "./picture.ts";
import { isNumeric } from "./scan.ts";
import { Sheet, type Slicing, type Span } from "./sheet.ts";
import { indexField } from "./slice-controls.ts";
import type { ImageResult } from "./task-types.ts";
import type { Shown, View } from "./view.ts";

/** Pixels of a side, at most: of longer axes every second, third ... index is shown. */
const SIDE = 1024;

/** Bytes that a picture may need to read. */
const BUDGET = 2 ** 26;

interface Axes {
  readonly down: number;
  readonly across: number;
  readonly channels: number | undefined;
}

export class ImageView implements View {
  readonly name = "Image";
  readonly element: HTMLElement;
  readonly #controls = el("div", { class: "controls" });
  readonly #area = el("div", { class: "plot-area" });
  readonly #picture = el("div", { class: "picture" });
  readonly #job = new Job();
  #shown: Shown | undefined;
  #axes: Axes | undefined;
  #fixed: readonly number[] = [];
  #colors: Colors = "gray";
  /** Every how many indices a pixel is taken: at least what the size of the axes needs. */
  #step = 1;
  #wantedStep = 1;
  #result: ImageResult | undefined;
  #layout = "";
  #width = 0;

  constructor() {
    this.#area.append(this.#job.element, this.#picture);
    this.element = el("div", { class: "panel" }, this.#controls, this.#area);
    new ResizeObserver(() => {
      if (Math.abs(this.#area.clientWidth - this.#width) > 8) this.#draw();
    }).observe(this.#area);
  }

  show(shown: Shown): void {
    const { reader } = shown.opened;
    this.#shown = shown;
    const layout = JSON.stringify([shown.spec.label, shown.spec.parent, reader.shape.slice(1)]);
    if (layout !== this.#layout) {
      this.#layout = layout;
      this.#axes = axesOf(reader.shape);
      this.#fixed = reader.shape.map(() => 0);
      this.#wantedStep = 1;
    }
    this.#load();
  }

  grown(shown: Shown): void {
    this.#shown = shown;
    this.#load();
  }

  hide(): void {
    this.#job.cancel();
  }

  #load(): void {
    const shown = this.#shown as Shown;
    const { reader } = shown.opened;
    const axes = this.#axes;
    const [leaf] = shown.sheet.leaves;
    const problem =
      axes === undefined
        ? "A picture needs two axes: this array has fewer."
        : shown.sheet.leaves.length !== 1 || leaf === undefined || !isNumeric(leaf) || reader.dtype.fields !== undefined
          ? "A picture needs numbers: this array has other elements."
          : reader.shape.includes(0)
            ? "The array is empty."
            : undefined;
    if (problem !== undefined || axes === undefined) {
      this.#controls.replaceChildren();
      this.#result = undefined;
      this.#draw();
      this.#job.element.replaceChildren(el("span", { class: "note" }, problem ?? ""));
      return;
    }
    this.#showControls(shown, axes);
    void this.#run(shown, axes);
  }

  async #run(shown: Shown, axes: Axes): Promise<void> {
    const { reader } = shown.opened;
    const [height, width] = [reader.shape[axes.down] as number, reader.shape[axes.across] as number];
    const depth = axes.channels === undefined ? 1 : (reader.shape[axes.channels] as number);
    const atLeast = Math.ceil(Math.max(height, width) / SIDE);
    const heavy = Math.ceil((height * width * depth * reader.dtype.itemsize) / BUDGET);
    this.#step = Math.max(this.#wantedStep, atLeast, heavy);
    const span = (size: number): Span => ({ start: 0, stop: size, step: this.#step });
    const slicing: Slicing = { rows: axes.down, columns: axes.across, fixed: this.#fixed };
    const sheet = new Sheet(shown.opened.readable, slicing);
    const result = await this.#job.run(
      { ...shown, sheet },
      { kind: "image", rows: span(height), indices: span(width), channels: axes.channels },
    );
    if (result === undefined) return;
    this.#result = result;
    const size = `${numberText(height)} × ${numberText(width)}${depth > 1 ? `, ${depth} channels` : ""}`;
    const text =
      this.#step === 1
        ? `All pixels: ${size}.`
        : `Every ${this.#step}th pixel of ${size}.`.replace(" 2th", " 2nd").replace(" 3th", " 3rd");
    this.#job.element.replaceChildren(el("span", { class: this.#step === 1 ? "note" : "warning" }, text));
    this.#draw();
  }

  #showControls({ opened }: Shown, axes: Axes): void {
    const { shape } = opened.reader;
    const changed = (change: () => void): void => {
      change();
      this.#load();
    };
    const names = shape.map((size, axis) => ({ value: String(axis), text: `axis ${axis} (${numberText(size)})` }));
    const swap = (role: "down" | "across", other: "down" | "across") => (value: string) =>
      changed(() => {
        const axis = Number(value);
        const channels = axes.channels === axis ? undefined : axes.channels;
        this.#axes = { ...axes, channels, [role]: axis, ...(axes[other] === axis && { [other]: axes[role] }) };
      });
    const colored = names.filter(
      ({ value }) =>
        Number(value) !== axes.down && Number(value) !== axes.across && [3, 4].includes(shape[Number(value)] as number),
    );
    const controls: HTMLElement[] = [
      labelled("Height", select(names, String(axes.down), swap("down", "across"))),
      labelled("Width", select(names, String(axes.across), swap("across", "down"))),
    ];
    if (colored.length > 0) {
      const choices = [{ value: "", text: "none" }, ...colored];
      const choose = (value: string): void =>
        changed(() => (this.#axes = { ...axes, channels: value === "" ? undefined : Number(value) }));
      controls.push(labelled("Colors from", select(choices, String(axes.channels ?? ""), choose)));
    }
    for (const [axis, size] of shape.entries()) {
      if ([axes.down, axes.across, axes.channels].includes(axis)) continue;
      controls.push(
        indexField(`Index on axis ${axis}`, this.#fixed[axis] as number, size, (index) =>
          changed(() => (this.#fixed = this.#fixed.with(axis, index))),
        ),
      );
    }
    const step = el("input", { type: "number", min: 1, max: SIDE, value: this.#wantedStep });
    step.addEventListener("change", () =>
      changed(() => {
        this.#wantedStep = Math.max(1, Math.min(SIDE, Math.trunc(Number(step.value) || 1)));
      }),
    );
    controls.push(labelled("Step", step));
    if (axes.channels === undefined) {
      const choices = [
        { value: "gray", text: "gray" },
        { value: "viridis", text: "viridis" },
      ];
      controls.push(
        labelled(
          "Color map",
          select(choices, this.#colors, (value) => {
            this.#colors = value as Colors;
            this.#draw();
          }),
        ),
      );
    }
    this.#controls.replaceChildren(...controls);
  }

  #draw(): void {
    this.#width = this.#area.clientWidth;
    const result = this.#result;
    if (result === undefined || this.#width === 0) {
      this.#picture.replaceChildren();
      return;
    }
    const { width, height, channels, isBytes } = result;
    const found = rangeOfChannels(channels);
    // Bytes of colours mean the same in every picture; other numbers fill the range.
    const range =
      isBytes && channels.length > 1
        ? { min: 0, max: 255 }
        : channels.length > 1 && found.min >= 0 && found.max <= 1
          ? { min: 0, max: 1 }
          : found;
    const canvas = pictureOf(width, height, channels, range, this.#colors);
    fitInto(canvas, this.#area.clientWidth - 26, Math.max(200, this.#area.clientHeight - 120), false);
    canvas.setAttribute("aria-label", `Picture of ${height} by ${width} pixels`);
    const words = explain(canvas, (x, y) => {
      const values = channels.map((channel) => shortText(channel[y * width + x] as number));
      return `[${y * this.#step}, ${x * this.#step}]: ${values.join(", ")}`;
    });
    this.#picture.replaceChildren(canvas, ...(channels.length > 1 ? [] : [colorBar(range, this.#colors)]), words);
  }
}

/** The axes of a picture: colours on a last axis of 3 or 4, or else the last two axes. */
function axesOf(shape: readonly number[]): Axes | undefined {
  const last = shape.length - 1;
  if (last < 1) return undefined;
  if (last >= 2 && [3, 4].includes(shape[last] as number)) return { down: last - 2, across: last - 1, channels: last };
  return { down: last - 1, across: last, channels: undefined };
}
