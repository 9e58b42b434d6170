/** Reads columns part by part: memory holds a few MiB of a file of any size. */

import type { Progress } from "../program/progress.ts";
import { columnData, rowsOf } from "../rows/columns.ts";
import type { View } from "../rows/view.ts";
import { type Drawn, type Gaps, noGaps, readValues, withOrigin } from "./columns.ts";
import { Envelope, joinedRange, type Range } from "./envelope.ts";

/** Bytes that are read at a time. */
const PART = 2 ** 22;

/** What is drawn of a file. */
export interface Source {
  readonly view: View;
  /** The rows drawn, among those of the view. */
  readonly rows: number;
  readonly columns: readonly Drawn[];
  /** The column along the x axis; `undefined` for the numbers of the rows. */
  readonly x: Drawn | undefined;
  readonly isLog: boolean;
  readonly progress: Progress;
}

/** Some rows of a source. */
interface Part {
  readonly first: number;
  readonly count: number;
  /** The values of a column, until the next call for a column of the same role. */
  values(column: Drawn): Float64Array;
  x(): Float64Array;
}

async function scan(source: Source, gaps: Gaps, each: (part: Part) => void): Promise<void> {
  const { view, rows, progress, isLog } = source;
  const step = Math.min(Math.max(1, Math.floor(PART / Math.max(1, view.bytesPerRow))), 2 ** 20);
  const size = Math.min(step, rows);
  const [values, places] = [new Float64Array(size), new Float64Array(source.x === undefined ? 0 : size)];
  for (let first = 0; first < rows; first += step) {
    const count = Math.min(rows - first, step);
    const dataOf = columnData(await view.read(first, first + count));
    each({
      first,
      count,
      values: (drawn) => {
        readValues(drawn, dataOf(drawn.column), count, values, gaps, isLog);
        return values;
      },
      x: () => {
        readValues(source.x as Drawn, dataOf((source.x as Drawn).column), count, places, gaps, false);
        return places;
      },
    });
    progress.advance(count * view.bytesPerRow);
  }
}

/** The same source, with the origins of its columns. Columns of one quantity get one origin, so that they may share an axis. */
export async function withOrigins(source: Source): Promise<Source> {
  const isLong = ({ column }: Drawn): boolean => column.dtype.itemsize === 8 && "iumM".includes(column.dtype.kind);
  if (![...source.columns, source.x].some((drawn) => drawn !== undefined && isLong(drawn))) return source;
  const chunk = await source.view.read(0, Math.min(source.rows, 1000));
  const dataOf = columnData(chunk);
  const found = (drawn: Drawn): Drawn => withOrigin(drawn, dataOf(drawn.column), rowsOf(chunk));
  const columns = source.isLog ? source.columns : source.columns.map(found);
  const shared = new Map<string, bigint>();
  for (const { quantity, column, origin } of columns) {
    const key = JSON.stringify([quantity, column.dtype.kind]);
    if (origin !== 0n && !shared.has(key)) shared.set(key, origin);
  }
  return {
    ...source,
    x: source.x && found(source.x),
    columns: columns.map((drawn) => {
      const origin = shared.get(JSON.stringify([drawn.quantity, drawn.column.dtype.kind])) ?? 0n;
      return isLong(drawn) ? { ...drawn, origin } : drawn;
    }),
  };
}

export interface XRange extends Range {
  /** Whether no row lies before the one above it. */
  readonly isAscending: boolean;
}

/** The range of the x axis. `undefined` if no row has a place there. */
export async function xRangeOf(source: Source): Promise<XRange | undefined> {
  if (source.x === undefined) return { min: 0, max: source.rows - 1, isAscending: true };
  let [min, max, before, isAscending] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  await scan(source, noGaps(), (part) => {
    const places = part.x();
    for (let i = 0; i < part.count; i++) {
      const place = places[i] as number;
      if (Number.isNaN(place)) continue;
      if (place < min) min = place;
      if (place > max) max = place;
      if (place < before) isAscending = false;
      before = place;
    }
  });
  return min <= max ? { min, max, isAscending } : undefined;
}

/** The range of each column. */
export async function rangesOf(source: Source): Promise<(Range | undefined)[]> {
  const lows = new Float64Array(source.columns.length).fill(Number.POSITIVE_INFINITY);
  const highs = new Float64Array(source.columns.length).fill(Number.NEGATIVE_INFINITY);
  await scan(source, noGaps(), (part) => {
    for (const [c, drawn] of source.columns.entries()) {
      const values = part.values(drawn);
      let [low, high] = [lows[c] as number, highs[c] as number];
      for (let i = 0; i < part.count; i++) {
        const value = values[i] as number;
        if (value < low) low = value;
        if (value > high) high = value;
      }
      lows[c] = low;
      highs[c] = high;
    }
  });
  return source.columns.map((_, c) => joinedRange([{ min: lows[c] as number, max: highs[c] as number }]));
}

/** Says in which of `groups` groups of equal width along the x axis each row of a part lies; -1 for none. */
function grouper({ x, rows }: Source, { min, max }: Range, groups: number): (part: Part) => Int32Array {
  let found = new Int32Array(0);
  const space = (count: number): Int32Array => {
    if (found.length < count) found = new Int32Array(count);
    return found;
  };
  if (x === undefined) {
    return ({ first, count }) => {
      const into = space(count);
      for (let i = 0; i < count; i++) into[i] = Math.floor(((first + i) * groups) / rows);
      return into;
    };
  }
  const [factor, last] = [Number.isFinite(max - min) ? 1 : 0.25, groups - 1];
  const length = max * factor - min * factor || 1;
  return (part) => {
    const places = part.x();
    const into = space(part.count);
    for (let i = 0; i < part.count; i++) {
      const place = places[i] as number;
      into[i] = Number.isNaN(place) ? -1 : Math.min(last, Math.floor(((place * factor - min * factor) / length) * groups));
    }
    return into;
  };
}

/** A line for each column. */
export async function envelopesOf(source: Source, range: Range, groups: number, gaps: Gaps): Promise<Envelope[]> {
  const lines = source.columns.map(() => new Envelope(groups));
  const groupsOf = grouper(source, range, groups);
  await scan(source, gaps, (part) => {
    const places = groupsOf(part);
    for (const [c, drawn] of source.columns.entries()) lines[c]?.add(part.values(drawn), places, part.count);
  });
  return lines;
}

/** The values of all columns in the only row. */
export async function rowOf(source: Source, gaps: Gaps): Promise<Float64Array> {
  const found = new Float64Array(source.columns.length);
  await scan({ ...source, rows: 1 }, gaps, (part) => {
    for (const [c, drawn] of source.columns.entries()) found[c] = part.values(drawn)[0] as number;
  });
  return found;
}

/** A grid of `width` by `height` cells. */
export interface Grid {
  readonly width: number;
  readonly height: number;
  /** Row by row, the highest first. */
  readonly values: Float64Array;
}

/** The places of points: how many rows lie in each cell of a grid, for each column. */
export async function pointsOf(
  source: Source,
  range: Range,
  ranges: readonly (Range | undefined)[],
  { width, height }: Pick<Grid, "width" | "height">,
  gaps: Gaps,
): Promise<Grid[]> {
  const grids = source.columns.map(() => ({ width, height, values: new Float64Array(width * height) }));
  const groupsOf = grouper(source, range, width);
  await scan(source, gaps, (part) => {
    const places = groupsOf(part);
    for (const [c, drawn] of source.columns.entries()) {
      const { min: low = 0, max: high = 0 } = ranges[c] ?? {};
      const [min, max] = source.isLog ? [Math.log10(low), Math.log10(high)] : [low, high];
      const factor = Number.isFinite(max - min) ? 1 : 0.25;
      const length = max * factor - min * factor || 1;
      const counts = (grids[c] as Grid).values;
      const values = part.values(drawn);
      for (let i = 0; i < part.count; i++) {
        const place = places[i] as number;
        const value = source.isLog ? Math.log10(values[i] as number) : (values[i] as number);
        if (Number.isNaN(value) || place < 0) continue;
        const above = Math.min(height - 1, Math.floor(((max * factor - value * factor) / length) * height));
        counts[above * width + place] = (counts[above * width + place] as number) + 1;
      }
    }
  });
  return grids;
}

/** The means of cells: columns from top to bottom, groups of rows from left to right. With `ranges`, each column from 0 to 1. */
export async function meansOf(
  source: Source,
  range: Range,
  { width, height }: Pick<Grid, "width" | "height">,
  ranges: readonly (Range | undefined)[] | undefined,
  gaps: Gaps,
): Promise<Grid> {
  const [sums, counts] = [new Float64Array(width * height), new Float64Array(width * height)];
  const groupsOf = grouper(source, range, width);
  await scan(source, gaps, (part) => {
    const places = groupsOf(part);
    for (const [c, drawn] of source.columns.entries()) {
      const values = part.values(drawn);
      const start = Math.floor((c * height) / source.columns.length) * width;
      const { min = 0, max = 0 } = ranges?.[c] ?? {};
      const [from, length] = ranges === undefined ? [0, 1] : [min, max - min || 1];
      for (let i = 0; i < part.count; i++) {
        const [value, place] = [values[i] as number, places[i] as number];
        if (Number.isNaN(value) || place < 0) continue;
        sums[start + place] = (sums[start + place] as number) + (value - from) / length;
        counts[start + place] = (counts[start + place] as number) + 1;
      }
    }
  });
  return { width, height, values: sums.map((sum, i) => sum / (counts[i] as number)) };
}

/** How many values of each column lie in each of its bins. */
export async function countsOf(
  source: Source,
  bins: readonly { readonly range: Range; readonly count: number }[],
  gaps: Gaps,
): Promise<Float64Array[]> {
  const counts = bins.map(({ count }) => new Float64Array(count));
  await scan(source, gaps, (part) => {
    for (const [c, drawn] of source.columns.entries()) {
      const values = part.values(drawn);
      const at = bins.length === 1 ? 0 : c;
      const { range, count } = bins[at] as (typeof bins)[number];
      const into = counts[at] as Float64Array;
      const low = source.isLog ? Math.log10(range.min) : range.min;
      const factor = Number.isFinite(range.max - range.min) ? 1 : 0.25;
      const length = (source.isLog ? Math.log10(range.max) : range.max) * factor - low * factor || 1;
      for (let i = 0; i < part.count; i++) {
        const value = values[i] as number;
        if (Number.isNaN(value)) continue;
        const place = (source.isLog ? Math.log10(value) : value) * factor - low * factor;
        const bin = Math.max(0, Math.min(count - 1, Math.floor((place / length) * count)));
        into[bin] = (into[bin] as number) + 1;
      }
    }
  });
  return counts;
}
