/** Pictures in the terminal. */
import { styleText } from "node:util";
import { plot as asciiPlot, blue, cyan, green, magenta, red, yellow } from "asciichart";
import { interpolateViridis } from "d3-scale-chromatic";
import { roundedText } from "./cell.ts";
import type { Picture } from "./picture.ts";
import { hasColors } from "./terminal.ts";

const LINE_HEIGHT = 12;
const MAP_HEIGHT = 24;
const LABEL_WIDTH = 10;
const COLORS = [blue, yellow, green, magenta, cyan, red];
const STYLES = ["blue", "yellow", "green", "magenta", "cyan", "red"] as const;
/** From low to high, for terminals without colours. */
const SHADES = " ░▒▓█";

/** Draws all columns as lines in one chart. */
export function drawLines({ title, labels, series, min, max, start, stop }: Picture, width: number): string {
  const lines = series.map((values) => stretched(values, width));
  const chart = asciiPlot(lines, {
    height: LINE_HEIGHT,
    // A flat line leaves nothing to scale by.
    ...(min === max ? { min: min - 1, max: max + 1 } : { min, max }),
    format: (value: number) => label(value),
    ...(hasColors() ? { colors: COLORS } : {}),
  });
  const legend = labels
    .map((name, i) => (hasColors() ? styleText(STYLES[i % STYLES.length] ?? "blue", name) : name))
    .filter(Boolean);
  return `${title}, rows ${start}:${stop}${legend.length > 0 ? `: ${legend.join(", ")}` : ""}\n${chart}\n`;
}

/** Interpolates to exactly `width` values. */
function stretched(values: Float64Array, width: number): number[] {
  if (values.length === 1) return Array.from({ length: width }, () => values[0] as number);
  return Array.from({ length: width }, (_, i) => {
    const place = (i * (values.length - 1)) / (width - 1);
    const before = Math.floor(place);
    const [from = 0, to = from] = values.subarray(before, before + 2);
    return place === before ? from : from + (place - before) * (to - from);
  });
}

/** Draws a cell for each column and group of rows: columns from top to bottom, rows from left to right. */
export function drawHeatMap({ title, labels, series, min, max, start, stop }: Picture, width: number): string {
  const repeat = Math.max(1, Math.floor(width / (series[0]?.length ?? 1)));
  const step = Math.ceil(series.length / MAP_HEIGHT);
  const lines: string[] = [];
  for (let first = 0; first < series.length; first += step) {
    const joined = series.slice(first, first + step);
    const cells = Array.from(joined[0] as Float64Array, (_, i) =>
      cell(mean(joined.map((values) => values[i] as number)), min, max).repeat(repeat),
    );
    lines.push(`${shortened(labels[first] ?? "")} ${cells.join("")}`);
  }
  const scale = hasColors() ? [0, 0.25, 0.5, 0.75, 1].map((part) => colored(part)).join("") : SHADES;
  return `${title}, rows ${start}:${stop}: ${roundedText(min)} ${scale} ${roundedText(max)}\n${lines.join("\n")}\n`;
}

/** The start of a label, in whole characters. */
function shortened(name: string): string {
  const start = [...name].slice(0, LABEL_WIDTH);
  return " ".repeat(LABEL_WIDTH - start.length) + start.join("");
}

function cell(value: number, min: number, max: number): string {
  if (Number.isNaN(value)) return "·";
  const part = max === min ? 0.5 : (value - min) / (max - min);
  return hasColors() ? colored(part) : (SHADES[Math.min(SHADES.length - 1, Math.floor(part * SHADES.length))] as string);
}

function colored(part: number): string {
  const [, ...parts] = /^#(..)(..)(..)$/.exec(interpolateViridis(part)) ?? [];
  return `\u001b[38;2;${parts.map((hex) => Number.parseInt(hex, 16)).join(";")}m█\u001b[39m`;
}

function mean(values: readonly number[]): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}

function label(value: number): string {
  const text = roundedText(value, 5);
  return (text.length > LABEL_WIDTH ? value.toExponential(2) : text).padStart(LABEL_WIDTH);
}
