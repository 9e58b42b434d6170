/** Charts in the terminal: lines, points and bars with axes. */
import { stripVTControlCharacters } from "node:util";
import { Canvas, type DotStyle, markOf } from "./canvas.ts";
import { type Cell, type Color, LINE_COLORS, styledCells, styledText } from "./colors.ts";
import type { ChartPlot, Mark, Panel } from "./plot.ts";
import type { Scale } from "./scale.ts";
import { headLines, type Screen, xAxisLines, yLabels } from "./text-axes.ts";

/** The fewest rows of a panel. */
const FEWEST = 2;

/** Lines of a histogram below which several stand beside each other, and the fewest characters of one. */
const LOW = 9;
const NARROWEST = 36;

const BARS = " ▁▂▃▄▅▆▇█";

function colorOf(line: number): Color {
  return LINE_COLORS[line % LINE_COLORS.length] as Color;
}

export function chartText(plot: ChartPlot, screen: Screen): string {
  const style = styleOf(plot, screen);
  const head = headLines(plot.title, plot.legend, screen, colorOf, (line) => markOf(line, style));
  const height = screen.height - head.length - plot.notes.length;
  const body = plot.sharesX
    ? stacked(plot.panels, { ...screen, height }, style)
    : tiled(plot.panels, { ...screen, height }, style);
  return [...head, ...body, ...plot.notes].map((line) => `${line.trimEnd()}\n`).join("");
}

/** Panels with an x axis each, beside each other if they were too low otherwise. */
function tiled(panels: readonly Panel[], screen: Screen, style: DotStyle): string[] {
  const widest = Math.max(1, Math.floor(screen.width / NARROWEST));
  const enough = Math.ceil(panels.length / Math.max(1, Math.floor(screen.height / LOW)));
  const across = Math.min(panels.length, widest, enough);
  const down = Math.ceil(panels.length / across);
  const width = Math.floor((screen.width - 2 * (across - 1)) / across);
  return Array.from({ length: down }, (_, row) => {
    const height = Math.floor((screen.height * (row + 1)) / down) - Math.floor((screen.height * row) / down);
    const tiles = panels
      .slice(row * across, (row + 1) * across)
      .map((panel) => stacked([panel], { ...screen, width, height }, style));
    const lines = Math.max(...tiles.map((tile) => tile.length));
    return Array.from({ length: lines }, (_, line) => tiles.map((tile) => padded(tile[line] ?? "", width)).join("  "));
  }).flat();
}

function padded(line: string, width: number): string {
  return line + " ".repeat(Math.max(0, width - stripVTControlCharacters(line).length));
}

/** Panels above each other, with one x axis below the last. */
function stacked(panels: readonly Panel[], screen: Screen, style: DotStyle): string[] {
  // The axis has two lines, or three if its labels leave out a part of dates. That depends on its length.
  const guess = measured(panels, screen, 3);
  const { left, columns, rowsOf, labels, axis } = guess.axis.length === 3 ? guess : measured(panels, screen, guess.axis.length);
  const pictures = panels.flatMap((panel, i) => {
    const lines = pictureOf(panel, columns, rowsOf[i] as number, style).map((row, at) => {
      const label = labels[i]?.get(at);
      const edge = screen.isAscii ? (label === undefined ? "|" : "+") : label === undefined ? "│" : "┤";
      return `${(label ?? "").padStart(left - 2)} ${edge}${styledCells(row, screen.depth)}`;
    });
    const { name, marks } = panel;
    return name === undefined
      ? lines
      : [" ".repeat(left) + styledText(name, colorOf(marks[0]?.color ?? 0), screen.depth), ...lines];
  });
  return [...pictures, ...axis];
}

interface Measures {
  /** Characters before each picture, and in it. */
  readonly left: number;
  readonly columns: number;
  readonly rowsOf: readonly number[];
  /** By their rows. */
  readonly labels: readonly ReadonlyMap<number, string>[];
  readonly axis: readonly string[];
}

function measured(panels: readonly Panel[], { width, height, isAscii }: Screen, axisLines: number): Measures {
  const names = panels.filter(({ name }) => name !== undefined).length;
  const free = height - axisLines - names;
  const rowsOf = panels.map((_, i) => {
    const share = Math.floor((free * (i + 1)) / panels.length) - Math.floor((free * i) / panels.length);
    return Math.max(FEWEST, share);
  });
  const labels = panels.map(({ y }, i) => yLabels(y, rowsOf[i] as number));
  const left = 2 + Math.max(...labels.flatMap((of) => [...of.values()].map((text) => text.length)), 1);
  const columns = Math.max(8, width - left);
  const { x } = panels.at(-1) as Panel;
  return { left, columns, rowsOf, labels, axis: xAxisLines(x, left, columns, isAscii) };
}

/** Lines in one panel that colours cannot tell apart get marks. */
function styleOf({ panels }: ChartPlot, { depth, isAscii }: Screen): DotStyle {
  if (depth === 1 && panels.some(({ marks }) => marks.length > 1)) return "marks";
  return isAscii ? "halves" : "braille";
}

function pictureOf({ marks, y }: Panel, columns: number, rows: number, style: DotStyle): Cell[][] {
  const [first] = marks;
  if (first?.kind === "bars") return barCells(first.counts, y, columns, rows, style !== "braille", colorOf(first.color));
  const canvas = new Canvas(columns, rows, style);
  for (const mark of marks) drawMark(canvas, mark, y);
  return Array.from({ length: rows }, (_, row) => canvas.row(row, colorOf));
}

/** The number of groups that a line across so many characters needs. */
export function dotsAcross(columns: number): number {
  return 2 * columns;
}

function drawMark(canvas: Canvas, mark: Mark, y: Scale): void {
  const down = (value: number): number => Math.min(canvas.height - 1, Math.floor((1 - y.place(value)) * canvas.height));
  if (mark.kind === "line") drawLine(canvas, mark, down);
  if (mark.kind !== "points") return;
  const { width, height, values } = mark.grid;
  for (let at = 0; at < values.length; at++) {
    if (values[at] === 0) continue;
    const value = valueAt(mark.range, (Math.floor(at / width) + 0.5) / height, y);
    canvas.dot(Math.floor((((at % width) + 0.5) * canvas.width) / width), down(value), mark.color);
  }
}

/** The value so far below the top of a range. */
export function valueAt({ min, max }: { readonly min: number; readonly max: number }, part: number, y: Scale): number {
  return y.isLog ? max * (min / max) ** part : max - part * max + part * min;
}

function drawLine(canvas: Canvas, { line, color }: Mark & { kind: "line" }, down: (value: number) => number): void {
  const groups = line.first.length;
  const across = (group: number): number =>
    groups === 1 ? canvas.width >> 1 : Math.round((group * (canvas.width - 1)) / (groups - 1));
  let before: number | undefined;
  for (let group = 0; group < groups; group++) {
    const first = line.first[group] as number;
    if (Number.isNaN(first)) continue;
    const x = across(group);
    canvas.line(x, down(line.max[group] as number), x, down(line.min[group] as number), color);
    if (line.breaks[group] === 0 && before !== undefined) {
      canvas.line(across(before), down(line.last[before] as number), x, down(first), color);
    } else if (isAlone(line, group, before)) {
      // A single dot is easily overlooked.
      canvas.line(x - 1, down(first), x + 1, down(first), color);
    }
    before = group;
  }
}

/** Whether no line leads to or from a group. */
function isAlone({ first, breaks }: (Mark & { kind: "line" })["line"], group: number, before: number | undefined): boolean {
  const next = first.findIndex((value, i) => i > group && !Number.isNaN(value));
  return (before === undefined || breaks[group] === 1) && (next < 0 || breaks[next] === 1);
}

function barCells(counts: Float64Array, y: Scale, columns: number, rows: number, isAscii: boolean, color: Color): Cell[][] {
  const perBin = columns / counts.length;
  const heights = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor(column / perBin);
    // Wide bars stand apart.
    if (perBin >= 4 && Math.floor((column + 1) / perBin) > from) return 0;
    let most = 0;
    for (let bin = from; bin < Math.max(from + 1, Math.floor((column + 1) / perBin)); bin++)
      most = Math.max(most, counts[bin] ?? 0);
    const eighths = Math.round(y.place(most) * rows * 8);
    return most > 0 ? Math.max(1, eighths) : 0;
  });
  return Array.from({ length: rows }, (_, row) =>
    heights.map((height) => {
      const part = Math.min(8, Math.max(0, height - 8 * (rows - 1 - row)));
      const char = isAscii ? (part === 0 ? " " : part < 4 ? "." : "#") : (BARS[part] as string);
      return { char, color };
    }),
  );
}
