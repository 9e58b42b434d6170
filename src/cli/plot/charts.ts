/** Charts: lines, points and histograms, from what is read to what is drawn. */

import { UsageError } from "../program/failure.ts";
import { roundedText } from "../text/cell.ts";
import { type Drawn, type Gaps, valueText } from "./columns.ts";
import { Envelope, joinedRange, type Range, rangeOf } from "./envelope.ts";
import type { LegendEntry, Mark, Panel } from "./plot.ts";
import { type Scale, scaleOf, widened } from "./scale.ts";
import { countsOf, envelopesOf, pointsOf, rangesOf, rowOf, type Source, type XRange } from "./scan.ts";

/** More lines than this are hard to tell apart. */
export const MOST_LINES = 6;

/** Each panel takes memory. */
const MOST_PANELS = 100;

/** A column that covers less of a common scale than this gets a scale of its own. */
const LEAST_SHARE = 0.1;

export interface ChartOptions {
  readonly normalize?: boolean;
  readonly panels?: boolean;
}

export interface Charts {
  readonly panels: readonly Panel[];
  readonly legend: readonly LegendEntry[];
}

/** One line or cloud of points for each column, with its range. */
interface Marked {
  readonly drawn: Drawn;
  readonly mark: Mark;
  readonly range: Range | undefined;
}

/** Lines of at most `groups` groups. */
export async function lineCharts(
  source: Source,
  range: XRange,
  x: Scale,
  groups: number,
  gaps: Gaps,
  options: ChartOptions,
): Promise<Charts | undefined> {
  if (source.columns.length > MOST_PANELS)
    throw new UsageError(
      `there are ${source.columns.length} columns: choose at most ${MOST_PANELS} of them with --columns, or a heat map`,
    );
  const count = source.x === undefined ? Math.min(groups, source.rows) : groups;
  const marked = range.isAscending ? await linesOf(source, range, count, gaps) : await cloudsOf(source, range, groups, gaps);
  return arranged(marked, x, source.isLog, options);
}

async function linesOf(source: Source, range: XRange, groups: number, gaps: Gaps): Promise<Marked[]> {
  const lines = await envelopesOf(source, range, groups, gaps);
  return source.columns.map((drawn, color) => {
    const line = lines[color] as Envelope;
    return { drawn, mark: { kind: "line", color, line }, range: line.range };
  });
}

/** Where rows are in no order along the x axis, lines would cross everywhere. */
async function cloudsOf(source: Source, range: XRange, groups: number, gaps: Gaps): Promise<Marked[]> {
  const ranges = await rangesOf(source);
  const grids = await pointsOf(source, range, ranges, { width: groups, height: groups >> 1 }, gaps);
  return source.columns.map((drawn, color) => {
    const found = ranges[color];
    const grid = grids[color] as (typeof grids)[number];
    return { drawn, mark: { kind: "points", color, grid, range: found ?? { min: 0, max: 0 } }, range: found };
  });
}

/** The elements of a single row, over their numbers. */
export async function rowChart(source: Source, x: Scale, groups: number, gaps: Gaps): Promise<Charts | undefined> {
  const values = await rowOf(source, gaps);
  const count = Math.min(groups, values.length);
  const line = new Envelope(count);
  const places = Int32Array.from(values, (_, i) => Math.floor((i * count) / values.length));
  line.add(values, places, values.length);
  const [drawn] = source.columns;
  if (drawn === undefined) return undefined;
  return arranged(
    [{ drawn: { ...drawn, label: "" }, mark: { kind: "line", color: 0, line }, range: line.range }],
    x,
    source.isLog,
    {},
  );
}

function arranged(
  marked: readonly Marked[],
  x: Scale,
  isLog: boolean,
  { normalize = false, panels }: ChartOptions,
): Charts | undefined {
  const whole = joinedRange(marked.map(({ range }) => range));
  if (whole === undefined) return undefined;
  const legend = marked.flatMap(({ drawn }, color) => (drawn.label === "" ? [] : { label: drawn.label, color }));
  if (normalize) {
    const y = scaleOf({ min: 0, max: 1 }, {});
    const marks = marked.map(normalized);
    return {
      panels: [{ name: undefined, x, y, marks }],
      legend: legend.map((entry) => withRange(entry, marked[entry.color] as Marked)),
    };
  }
  const [first] = marked;
  const isAlike = marked.every(({ drawn }) => isSameScale(drawn, (first as Marked).drawn));
  if (panels === false && !isAlike)
    throw new UsageError("these columns have no common scale: leave out --no-panels, or choose others with --columns");
  const isShared = marked.length === 1 || !(panels ?? !(isAlike && fitTogether(marked, whole, isLog)));
  if (isShared) {
    const y = yScale((first as Marked).drawn, whole, isLog);
    return { panels: [{ name: undefined, x, y, marks: marked.map(({ mark }) => mark) }], legend };
  }
  return {
    panels: marked.map(({ drawn, mark, range = { min: 0, max: 1 } }) => ({
      name: drawn.label,
      x,
      y: yScale(drawn, range, isLog),
      marks: [mark],
    })),
    legend: [],
  };
}

function isSameScale(a: Drawn, b: Drawn): boolean {
  const kind = ({ quantity }: Drawn): string => (quantity.kind === "date" ? JSON.stringify(quantity) : "number");
  return a.origin === b.origin && kind(a) === kind(b);
}

function yScale({ quantity, origin }: Drawn, range: Range, isLog: boolean): Scale {
  return scaleOf(range, { quantity, origin, isLog, isRound: true });
}

/** Whether no column becomes a flat line on the scale of all. */
function fitTogether(marked: readonly Marked[], whole: Range, isLog: boolean): boolean {
  const length = ({ min, max }: Range): number => (isLog ? Math.log10(max) - Math.log10(min) : max / 2 - min / 2);
  return marked.every(
    ({ range }) => range === undefined || range.min === range.max || length(range) >= LEAST_SHARE * length(whole),
  );
}

function normalized({ mark, range }: Marked): Mark {
  if (range === undefined) return mark;
  if (mark.kind === "points") return { ...mark, range: { min: 0, max: 1 } };
  if (mark.kind !== "line") return mark;
  const { place } = scaleOf(range, {});
  return { ...mark, line: mark.line.map(place) };
}

function withRange({ label, color }: LegendEntry, { drawn, range }: Marked): LegendEntry {
  if (range === undefined) return { label, color };
  return { label: `${label} (${valueText(drawn, range.min)} to ${valueText(drawn, range.max)})`, color };
}

/** A histogram of each column, or one of all elements. `what` says what the bins are. */
export async function histograms(
  source: Source,
  bins: number,
  gaps: Gaps,
): Promise<(Charts & { readonly what: string }) | undefined> {
  const { columns, isLog } = source;
  const isPooled = columns.length > MOST_LINES;
  const found = await rangesOf(source);
  const ranges = isPooled ? [joinedRange(found)] : found;
  if (joinedRange(ranges) === undefined) return undefined;
  const all = ranges.map((range = { min: 0, max: 1 }, c) => binsOf(range, bins, columns[c] as Drawn, isLog));
  const counts = await countsOf(source, all, gaps);
  const panels = all.map(({ range }, c): Panel => {
    const { quantity, origin, label } = columns[c] as Drawn;
    const most = rangeOf([counts[c] as Float64Array])?.max ?? 0;
    return {
      name: isPooled || (columns.length === 1 && label === "") ? undefined : label,
      x: scaleOf(range, { quantity, origin, isLog }),
      y: scaleOf({ min: 0, max: Math.max(1, most) }, { quantity: { kind: "integer" }, isRound: true }),
      marks: [{ kind: "bars", color: c, counts: counts[c] as Float64Array }],
    };
  });
  const [one] = all;
  const width =
    isLog || one === undefined || all.length > 1 ? "" : ` of ${roundedText((one.range.max - one.range.min) / one.count, 3)}`;
  return { panels, legend: [], what: `${isPooled ? "all elements, " : ""}${one?.count ?? bins} bins${width}` };
}

/** Bins of integers hold equally many of them, so there may be fewer bins. */
function binsOf(
  { min, max }: Range,
  bins: number,
  { quantity }: Drawn,
  isLog: boolean,
): { readonly range: Range; readonly count: number } {
  if (quantity.kind !== "integer" || isLog) return { range: min < max ? { min, max } : widened({ min, max }), count: bins };
  const width = Math.ceil((max - min + 1) / bins);
  const count = Math.max(1, Math.ceil((max - min + 1) / width));
  return { range: { min: min - 0.5, max: min + count * width - 0.5 }, count };
}
