/** Axes in the terminal. */
import { type Color, type Depth, styledText } from "./colors.ts";
import type { LegendEntry } from "./plot.ts";
import type { Scale } from "./scale.ts";
import type { Tick } from "./ticks.ts";

/** Where pictures are printed, in characters. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly depth: Depth;
  readonly isAscii: boolean;
}

/** Characters between the labels of an x axis. */
const SPACE = 2;

/** The lines below a picture that begins after `left` characters: the axis, labels and, for dates, what the labels leave out. */
export function xAxisLines(scale: Scale, left: number, columns: number, isAscii: boolean): string[] {
  const { ticks, places } = fittingTicks(scale, columns);
  const axis = Array.from<string>({ length: columns }).fill(isAscii ? "-" : "─");
  for (const place of places) axis[place] = isAscii ? "+" : "┬";
  const lines = [
    `${" ".repeat(left - 1)}${isAscii ? "+" : "└"}${axis.join("")}`,
    spread(
      ticks.map(({ text }, i) => ({ text, middle: left + (places[i] as number) })),
      left + columns,
    ),
  ];
  const contexts = ticks.flatMap(({ context = "" }, i) =>
    context === ticks[i - 1]?.context ? [] : { text: context, middle: left + (places[i] as number) },
  );
  return ticks.some(({ context }) => context !== undefined) ? [...lines, spread(contexts, left + columns)] : lines;
}

/** As many ticks as have room for their labels. */
function fittingTicks(scale: Scale, columns: number): { ticks: readonly Tick[]; places: number[] } {
  for (let most = Math.min(16, Math.floor(columns / 5)); most > 1; most--) {
    const ticks = scale.ticks(most).toSorted((a, b) => scale.place(a.value) - scale.place(b.value));
    const places = ticks.map(({ value }) => Math.min(columns - 1, Math.max(0, Math.floor(scale.place(value) * columns))));
    const room = ticks.every(({ text }, i) => {
      const next = ticks[i + 1];
      if (next === undefined) return true;
      const distance = (places[i + 1] as number) - (places[i] as number);
      return distance >= Math.ceil(text.length / 2) + Math.ceil(next.text.length / 2) + SPACE;
    });
    if (room) return { ticks, places };
  }
  const ticks = scale.ticks(1).slice(0, 1);
  return {
    ticks,
    places: ticks.map(({ value }) => Math.max(0, Math.min(columns - 1, Math.floor(scale.place(value) * columns)))),
  };
}

/** Texts around their middles, moved into the line. Leaves out those that have no room. */
function spread(texts: readonly { readonly text: string; readonly middle: number }[], width: number): string {
  let line = "";
  for (const { text, middle } of texts) {
    const start = Math.max(0, Math.min(width - text.length, middle - Math.floor(text.length / 2)));
    if (line !== "" && start < line.length + 1) continue;
    line = line.padEnd(start) + text;
  }
  return line;
}

/** The labels of the rows beside a y axis. */
export function yLabels(scale: Scale, rows: number): Map<number, string> {
  const labels = new Map<number, string>();
  for (const { value, text } of yTexts(scale, Math.max(2, Math.floor(rows / 3) + 1))) {
    const row = Math.min(rows - 1, Math.max(0, Math.floor((1 - scale.place(value)) * rows)));
    if (!labels.has(row)) labels.set(row, text);
  }
  return labels;
}

/** Ticks of a y axis. Dates are in one piece. */
export function yTexts(scale: Scale, most: number): { readonly value: number; readonly text: string }[] {
  return scale.ticks(most).map((tick) => ({ value: tick.value, text: tick.context === undefined ? tick.text : yDate(tick) }));
}

function yDate({ text, context = "" }: Tick): string {
  if (/^\d\d-/.test(text)) return `${context}-${text}`;
  return /^\d\d:/.test(text) ? `${context} ${text}` : `${context}:${text}`;
}

/** The end of a title that is too long: it says the rows, and the name of the file in its folder. */
export function fittingTitle(title: string, width: number): string {
  return title.length <= width ? title : `...${title.slice(3 - width)}`;
}

/** The title and the legend, on as few lines as they need. */
export function headLines(
  title: string,
  legend: readonly LegendEntry[],
  { width, depth }: Screen,
  colorOf: (line: number) => Color,
  markOf: (line: number) => string,
): string[] {
  const lines = [fittingTitle(title, width)];
  let room = width - (lines[0] as string).length;
  for (const { label, color } of legend) {
    const plain = `${markOf(color)} ${label}`;
    const text = `${styledText(markOf(color), colorOf(color), depth)} ${label}`;
    if (plain.length + SPACE > room) {
      lines.push(text);
      room = width - plain.length;
    } else {
      lines[lines.length - 1] += " ".repeat(SPACE) + text;
      room -= plain.length + SPACE;
    }
  }
  return lines;
}
