/** Pictures as SVG. */
import { ticks } from "d3-array";
import { interpolateViridis, schemeTableau10 } from "d3-scale-chromatic";
import { line } from "d3-shape";
import { numberText, roundedText } from "./cell.ts";
import type { Picture } from "./picture.ts";

const WIDTH = 900;
const HEIGHT = 400;
const MARGIN = { top: 40, right: 20, bottom: 40, left: 90 } as const;
const RIGHT = WIDTH - MARGIN.right;
const BOTTOM = HEIGHT - MARGIN.bottom;

/** Maps [from, to] to [start, end]. */
function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return (value) => round(from === to ? (start + end) / 2 : start + ((value - from) / (to - from)) * (end - start));
}

export function linesSvg(picture: Picture): string {
  const { series, labels, min, max, start, stop } = picture;
  const groups = series[0]?.length ?? 0;
  const y = scale(min, max, BOTTOM, MARGIN.top);
  const x = scale(start, Math.max(start + 1, stop - 1), MARGIN.left, RIGHT);
  const xOfGroup = scale(0, Math.max(1, groups - 1), MARGIN.left, RIGHT);
  const path = line<number>((_, i) => xOfGroup(i), y).defined((value) => !Number.isNaN(value));
  const color = (i: number): string => schemeTableau10[i % schemeTableau10.length] as string;
  const lines = series.map(
    (values, i) => `<path d="${path(Array.from(values)) ?? ""}" fill="none" stroke="${color(i)}" stroke-width="1.5"/>`,
  );
  const legend = labels.map((name, i) => `<tspan fill="${color(i)}" dx="${i === 0 ? 0 : 12}">${escaped(name)}</tspan>`);
  const marks = ticks(min, max, 5).map((value) => {
    const at = y(value);
    return `<path d="M${MARGIN.left},${at}H${RIGHT}" stroke="#ddd"/>${nameAt(at, numberText(value))}`;
  });
  return document(picture, [
    ...marks,
    ...rowMarks(start, stop, x),
    ...lines,
    `<text x="${RIGHT}" y="24" text-anchor="end">${legend.join("")}</text>`,
  ]);
}

export function heatMapSvg(picture: Picture): string {
  const { series, labels, min, max, start, stop } = picture;
  const groups = series[0]?.length ?? 0;
  const cellWidth = (RIGHT - MARGIN.left) / groups;
  const cellHeight = (BOTTOM - MARGIN.top) / series.length;
  const part = scale(min, max, 0, 1);
  const cells = series.flatMap((values, i) =>
    Array.from(values, (value, group) => {
      if (Number.isNaN(value)) return "";
      const [x, y] = [round(MARGIN.left + group * cellWidth), round(MARGIN.top + i * cellHeight)];
      // Cells overlap a little: otherwise the background shows through at the seams.
      const size = `width="${round(cellWidth + 0.3)}" height="${round(cellHeight + 0.3)}"`;
      return `<rect x="${x}" y="${y}" ${size} fill="${interpolateViridis(part(value))}"/>`;
    }),
  );
  const every = Math.ceil(series.length / 24);
  const names = labels.map((name, i) => {
    if (i % every > 0) return "";
    return nameAt(MARGIN.top + (i + 0.5) * cellHeight, [...name].slice(0, 12).join(""));
  });
  const range = `${roundedText(min)} to ${roundedText(max)}`;
  const x = scale(start, stop, MARGIN.left, RIGHT);
  return document(picture, [
    ...cells,
    ...names,
    ...rowMarks(start, stop, x),
    `<text x="${RIGHT}" y="24" text-anchor="end">${range}</text>`,
  ]);
}

/** A label at the left edge. */
function nameAt(y: number, text: string): string {
  return `<text x="${MARGIN.left - 8}" y="${round(y + 4)}" text-anchor="end">${escaped(text)}</text>`;
}

function rowMarks(start: number, stop: number, x: (row: number) => number): string[] {
  const whole = ticks(start, stop - 1, 8).filter(Number.isInteger);
  return whole.map((row) => `<text x="${x(row)}" y="${BOTTOM + 20}" text-anchor="middle">${row}</text>`);
}

function document({ title, start, stop }: Picture, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
<text x="${MARGIN.left}" y="24" font-weight="bold">${escaped(title)}, rows ${start}:${stop}</text>
${parts.filter((part) => part !== "").join("\n")}
</svg>
`;
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
