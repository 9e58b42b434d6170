/** Lines and bars, drawn by uPlot. */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { hexOf, LINE_COLORS, LINE_COLORS_ON_LIGHT } from "./library.ts";
import { shortText } from "./texts.ts";
import { isDark, themeColor } from "./theme.ts";

/** What the values along an axis are: dates are milliseconds since 1970. */
export type Scale = "date" | "number";

export interface ChartLine {
  readonly label: string;
  readonly values: Float64Array;
}

export interface Chart {
  readonly x: Float64Array;
  readonly xScale: Scale;
  readonly yScale: Scale;
  readonly lines: readonly ChartLine[];
  readonly height: number;
  /** Bars in place of lines; `x` is where they begin, and one more value where the last ends. */
  readonly isBars?: boolean;
  readonly isLog?: boolean;
  readonly xLabel?: string | undefined;
  /** The number of the first line, for its colour. */
  readonly first?: number;
  /** Called with the part of the x axis that the user chose. */
  readonly zoomed?: (min: number, max: number) => void;
}

/** A value in words: a date, or a number in few digits. */
export function valueText(value: number | null | undefined, scale: Scale): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return scale === "number" ? shortText(value) : dateText(value);
}

function dateText(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return shortText(milliseconds);
  return date
    .toISOString()
    .replace(/T00:00:00\.000Z$|Z$/, "")
    .replace(/\.000$/, "")
    .replace("T", " ");
}

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

/** Labels of dates as ISO 8601 writes them: at which distance of ticks, what each says, and what is added where a year, a day ... begins. */
const DATES: (string | number | null)[][] = [
  [365 * DAY, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * DAY, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [DAY, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [HOUR, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [MINUTE, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [SECOND, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{ss}.{fff}", "\n{YYYY}-{MM}-{DD} {HH}:{mm}", null, "\n{MM}-{DD} {HH}:{mm}", null, "\n{HH}:{mm}", null, 1],
];

/** Draws a chart into `parent`. Call {@link discard} before it is drawn again. */
export function draw(parent: HTMLElement, chart: Chart): uPlot {
  const { xScale, yScale, lines, isBars = false, isLog = false, first = 0 } = chart;
  const [ink, grid] = [themeColor("--soft"), themeColor("--line")];
  const colors = isDark() ? LINE_COLORS : LINE_COLORS_ON_LIGHT;
  const axis = (scale: Scale, isX: boolean): uPlot.Axis => ({
    stroke: ink,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1 },
    font: "12px system-ui, sans-serif",
    ...(scale === "number" && { values: (_, splits) => splits.map((value) => (value === null ? "" : shortText(value))) }),
    ...(scale === "date" && isX && { values: DATES as never, space: 70 }),
    ...(isX ? { size: 32 } : { size: (plot, values) => axisSize(plot, values ?? []) }),
    ...(isX && chart.xLabel !== undefined && { label: chart.xLabel, labelFont: "12px system-ui, sans-serif", labelSize: 20 }),
  });
  const series = lines.map(({ label }, i): uPlot.Series => {
    const color = hexOf(colors[(i + first) % colors.length] as number);
    return {
      label: label || "value",
      stroke: color,
      width: 1.25,
      points: { show: (plot) => plot.data[0].length < 100 && !isBars },
      value: (_, value) => valueText(value, yScale),
      spanGaps: false,
      ...(isBars && {
        fill: `${color}99`,
        paths: (uPlot.paths.bars as NonNullable<typeof uPlot.paths.bars>)({ size: [1, 1000], align: 1, gap: 1 }),
      }),
    };
  });
  const width = Math.max(240, parent.clientWidth);
  const { zoomed } = chart;
  const options: uPlot.Options = {
    width,
    height: chart.height,
    // Milliseconds; dates without a time zone are shown as they are written.
    ms: 1,
    tzDate: (time) => uPlot.tzDate(new Date(time), "Etc/UTC"),
    scales: {
      x: { time: xScale === "date", ...(isBars && { range: () => [chart.x[0] as number, chart.x.at(-1) as number] }) },
      y: {
        time: yScale === "date",
        distr: isLog ? 3 : 1,
        ...(isBars && !isLog && { range: (_, __, max) => [0, (max || 1) * 1.05] }),
      },
    },
    axes: [axis(xScale, true), axis(yScale, false)],
    series: [{ label: isBars ? "from" : (chart.xLabel ?? "row"), value: (_, value) => valueText(value, xScale) }, ...series],
    cursor: { drag: { x: zoomed !== undefined, y: false, setScale: false }, ...(lines.length > 0 && { focus: { prox: 16 } }) },
    hooks: {
      setSelect: [
        (plot) => {
          const { left, width: chosen } = plot.select;
          if (zoomed === undefined || chosen < 4) return;
          zoomed(plot.posToVal(left, "x"), plot.posToVal(left + chosen, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
  const values = lines.map((line) => (isLog ? line.values.map((value) => (value > 0 ? value : Number.NaN)) : line.values));
  return new uPlot(options, alignedData(chart.x, values), parent);
}

/** Removes a chart. Its pixels would stay in memory until the browser collects the canvas, which may take many charts. */
export function discard(plot: uPlot | undefined): void {
  if (plot === undefined) return;
  plot.ctx.canvas.width = 0;
  plot.destroy();
}

/** What uPlot draws: the places along the x axis, and the values of each line; gaps where they are NaN. */
export function alignedData(x: Float64Array, lines: readonly Float64Array[]): uPlot.AlignedData {
  const gapped = lines.map((values) => Array.from(values, (value) => (Number.isNaN(value) ? null : value)));
  return [x, ...gapped] as unknown as uPlot.AlignedData;
}

/** Room for the longest label. */
function axisSize(_: uPlot, values: readonly string[]): number {
  const longest = values.reduce((most, text) => Math.max(most, String(text ?? "").length), 3);
  return 18 + longest * 7;
}
