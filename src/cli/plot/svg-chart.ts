/** Charts as SVG: lines, points and bars with axes. */
import type { Envelope } from "./envelope.ts";
import type { ChartPlot, Mark, Panel } from "./plot.ts";
import type { Scale } from "./scale.ts";
import { type Box, labelWidth, round, svgText, TOP, textAt, WIDTH, xAxis, xAxisHeight } from "./svg.ts";
import { yTexts } from "./text-axes.ts";
import { valueAt } from "./text-chart.ts";

/** The height of one chart alone, and of each of several. */
const ALONE = 340;
const TOGETHER = 150;

/** The number of groups of a line: one for each unit of width. */
export const SVG_GROUPS = 800;

export function chartSvg(plot: ChartPlot): string {
  const { panels, sharesX } = plot;
  const size = panels.length === 1 ? ALONE : TOGETHER;
  const ticks = panels.map(({ y }) => yTexts(y, panels.length === 1 ? 8 : 4));
  const left = 16 + labelWidth(ticks.flat().map(({ text }) => text)) + 8;
  const right = WIDTH - 20;
  let top = TOP;
  const parts = panels.flatMap((panel, i) => {
    if (panel.name !== undefined) top += 16;
    const box = { left, top, right, bottom: top + size };
    const hasAxis = !sharesX || i === panels.length - 1;
    top = box.bottom + (hasAxis ? xAxisHeight(panel.x, right - left) : 0) + 8;
    const name = panel.name === undefined ? [] : [textAt(panel.name, left, box.top - 5, { kind: "title" })];
    const axis = hasAxis ? xAxis(panel.x, box) : [`<path class="axis" d="M${left},${box.bottom}H${right}"/>`];
    return [...name, ...yAxis(panel.y, ticks[i] ?? [], box), ...panel.marks.map((mark) => markSvg(mark, panel, box)), ...axis];
  });
  return svgText(plot, top, parts);
}

function yAxis(
  scale: Scale,
  ticks: readonly { readonly value: number; readonly text: string }[],
  { left, top, right, bottom }: Box,
): string[] {
  return ticks.flatMap(({ value, text }) => {
    const y = round(bottom - scale.place(value) * (bottom - top));
    return [`<path class="grid" d="M${left},${y}H${right}"/>`, textAt(text, left - 8, y + 4, { anchor: "end" })];
  });
}

function markSvg(mark: Mark, { y }: Panel, box: Box): string {
  const { left, top, right, bottom } = box;
  const down = (value: number): number => round(bottom - y.place(value) * (bottom - top));
  if (mark.kind === "line") {
    return `<path class="line line${mark.color}" d="${linePath(mark.line, box, down)}"/>`;
  }
  if (mark.kind === "bars") {
    const width = (right - left) / mark.counts.length;
    const gap = width >= 6 ? 1 : 0;
    const bars = Array.from(mark.counts, (count, i) =>
      count === 0 ? "" : `M${round(left + i * width)},${bottom}V${down(count)}h${round(width - gap)}V${bottom}z`,
    );
    return `<path class="fill${mark.color}" d="${bars.join("")}"/>`;
  }
  const { width, height, values } = mark.grid;
  let path = "";
  for (let at = 0; at < values.length; at++) {
    if (values[at] === 0) continue;
    const value = valueAt(mark.range, (Math.floor(at / width) + 0.5) / height, y);
    path += `M${round(left + (((at % width) + 0.5) * (right - left)) / width)},${down(value)}h0`;
  }
  return `<path class="line line${mark.color}" style="stroke-width:3" d="${path}"/>`;
}

/** Through the first, smallest, largest and last value of each group. */
function linePath({ first, last, min, max, breaks }: Envelope, { left, right }: Box, down: (value: number) => number): string {
  const groups = first.length;
  let path = "";
  for (let group = 0; group < groups; group++) {
    if (Number.isNaN(first[group])) continue;
    const x = round(groups === 1 ? (left + right) / 2 : left + (group * (right - left)) / (groups - 1));
    const [begin, low, high, end] = [first, min, max, last].map((values) => down(values[group] as number)) as [
      number,
      number,
      number,
      number,
    ];
    const isStart = path === "" || breaks[group] === 1;
    path += `${isStart ? "M" : "L"}${x},${begin}`;
    if (low !== begin) path += `V${low}`;
    if (high !== low) path += `V${high}`;
    if (end !== high) path += `V${end}`;
    // A path without length draws the dot of a value that stands alone.
    else if (isStart && low === begin && high === low) path += "h0";
  }
  return path;
}
