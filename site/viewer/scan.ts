/** Reads columns part by part, and of very many rows only samples. */
import type { Scale } from "../shared/chart.ts";
import { type Column, drawnColumn, type NpyData, noGaps, readValues } from "../shared/library.ts";
import { isRaw } from "../shared/texts.ts";
import type { Distance } from "./opening.ts";
import { type Block, countOf, type Sheet, type Span } from "./sheet.ts";
import type { Coverage } from "./task-types.ts";

export interface Scanning {
  readonly sheet: Sheet;
  readonly distance: Distance;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** Bytes that are read without being asked for: more takes longer than people wait. */
const BUDGET: Readonly<Record<Distance, number>> = { file: 2 ** 25, machine: 2 ** 24, net: 2 ** 23 };

/** Bytes that are read of more than that: what was read lies in memory until the browser collects it. */
const SAMPLED: Readonly<Record<Distance, number>> = { file: 2 ** 23, machine: 2 ** 22, net: 2 ** 22 };

/** Stretches of rows that are sampled. */
const SAMPLES: Readonly<Record<Distance, number>> = { file: 1024, machine: 320, net: 192 };

/** Bytes that are read at a time. */
const PART = 2 ** 22;

/** Rows up to this many bytes are read from the first to the last column wanted; of longer ones, each column for itself. */
const NARROW = 4096;

export interface ScanPlan extends Coverage {
  readonly parts: readonly Span[];
  /** How many parts are read at the same time. */
  readonly atOnce: number;
}

/** Which rows are read. */
export function planOf(rows: Span, rowBytes: number, isWhole: boolean, distance: Distance): ScanPlan {
  const count = countOf(rows);
  const size = Math.max(1, rowBytes);
  if (isWhole || count * size <= BUDGET[distance]) {
    const step = Math.max(1, Math.floor(PART / size));
    const parts: Span[] = [];
    for (let start = rows.start; start < rows.stop; start += step) parts.push({ start, stop: Math.min(rows.stop, start + step) });
    return { parts, atOnce: 2, rows: count, rowsRead: count, samples: undefined };
  }
  const [most, budget] = [SAMPLES[distance], SAMPLED[distance]];
  const samples = Math.max(1, Math.min(most, count, Math.floor(budget / size)));
  const length = Math.max(1, Math.min(Math.floor(budget / samples / size), Math.floor(count / samples)));
  const parts = Array.from({ length: samples }, (_, i) => {
    const start = rows.start + Math.floor((count * i) / samples);
    return { start, stop: start + length };
  });
  return { parts, atOnce: 8, rows: count, rowsRead: samples * length, samples };
}

/** A column of the sheet, in a part that was read. */
export interface Stretch {
  readonly data: NpyData;
  /** As in a `Column`, of the rows of the part. */
  readonly column: Column;
  readonly rows: number;
}

/** Bytes of a row that are read for these columns. */
export function readBytes(sheet: Sheet, columns: readonly number[]): number {
  return spansOf(sheet, columns).reduce((sum, span) => sum + sheet.rowBytes(countOf(span)), 0);
}

/** The indices of the axis of columns that are read. */
function spansOf(sheet: Sheet, columns: readonly number[]): Span[] {
  const indices = [...new Set(columns.map((column) => sheet.indexOf(column)))].sort((a, b) => a - b);
  const [first, last] = [indices[0] ?? 0, indices.at(-1) ?? 0];
  const isDense = indices.length === last - first + 1;
  if (isDense || sheet.rowBytes(last - first + 1) <= NARROW) return [{ start: first, stop: last + 1 }];
  return indices.map((index) => ({ start: index, stop: index + 1 }));
}

/** Reads the parts of a plan, and calls `each` with them in their order. */
export async function scan(
  { sheet, signal, progress }: Scanning,
  plan: ScanPlan,
  columns: readonly number[],
  each: (part: Span, stretchOf: (column: number) => Stretch) => void,
): Promise<void> {
  const spans = spansOf(sheet, columns);
  for (let at = 0; at < plan.parts.length; at += plan.atOnce) {
    signal.throwIfAborted();
    const parts = plan.parts.slice(at, at + plan.atOnce);
    const read = await Promise.all(parts.map((part) => Promise.all(spans.map((span) => sheet.read(part, span, signal)))));
    for (const [i, part] of parts.entries()) {
      each(part, (column) => {
        const index = sheet.indexOf(column);
        const place = spans.findIndex(({ start, stop }) => index >= start && index < stop);
        const block = (read[i] as Block[])[place] as Block;
        return stretchOf(block, sheet.leafOf(column), index - (spans[place] as Span).start);
      });
    }
    progress(Math.min(plan.parts.length, at + plan.atOnce), plan.parts.length);
    // Messages, such as that the task is cancelled, come in between.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function stretchOf(block: Block, leaf: Column, index: number): Stretch {
  const column = { ...leaf, offset: block.place(leaf, 0, index), perRow: block.strides[0] * leaf.perRow };
  return { data: block.data(leaf), column, rows: block.height };
}

/** Whether the elements have an order and distances: numbers, times, and by their magnitude complex numbers. */
export function isNumeric({ dtype }: Column): boolean {
  return !isRaw(dtype) && !"SU".includes(dtype.kind);
}

/** The values of a stretch as numbers, dates as milliseconds since 1970; NaN for those that are missing or infinite. */
export function valuesOf({ data, column, rows }: Stretch, out: Float64Array): void {
  readValues(drawnColumn(column), data, rows, out, noGaps(), false);
  const { kind, datetime } = column.dtype;
  if (kind !== "M" || datetime === undefined) return;
  const { unit, count } = datetime;
  if (unit === "Y" || unit === "M") {
    const months = (unit === "Y" ? 12 : 1) * count;
    for (let i = 0; i < rows; i++) out[i] = Number.isNaN(out[i]) ? Number.NaN : monthStart((out[i] as number) * months);
    return;
  }
  const factor = (MILLISECONDS[unit] ?? 1) * count;
  for (let i = 0; i < rows; i++) out[i] = (out[i] as number) * factor;
}

/** The first millisecond of a month, counted from January 1970. */
function monthStart(months: number): number {
  const date = new Date(0);
  return date.setUTCFullYear(1970, months);
}

/** Milliseconds of the units of dates that have a fixed length. */
const MILLISECONDS: Readonly<Record<string, number>> = {
  W: 604_800_000,
  D: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
  ps: 1e-9,
  fs: 1e-12,
  as: 1e-15,
};

export function scaleOf({ dtype }: Column): Scale {
  return dtype.kind === "M" && dtype.datetime !== undefined && dtype.datetime.unit !== "generic" ? "date" : "number";
}

/** What a plot calls a column: magnitudes as `|z|`, durations with their unit. */
export function plotLabel(sheet: Sheet, column: number): string {
  return drawnColumn({ ...sheet.leafOf(column), label: sheet.label(column) }).label || "value";
}
