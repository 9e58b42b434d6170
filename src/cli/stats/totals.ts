/** The statistics of many columns as one, and which of the columns are extreme. */
import { nearestInteger, roundingOfSum } from "./exact-sum.ts";
import { barsOf } from "./histogram.ts";
import type { Moments } from "./moments.ts";
import type { Summary } from "./summary.ts";

/** All values of columns of one dtype together. */
export function totalOf(summaries: readonly Summary[], columns: readonly number[], moments: Moments, size: number): Summary {
  const count = sum(summaries.map((one) => one.count));
  const infinities = sum(summaries.map((one) => one.infinities));
  const [min, max] = [extreme(summaries, "min", -1)?.value, extreme(summaries, "max", 1)?.value];
  const finite = summaries.filter((one) => one.count > 0);
  const mean = sum(
    summaries.filter(isSome).map((one) => (Number.isFinite(one.mean) ? one.mean * (one.count / count) : one.mean)),
  );
  const parts = partsOf(finite, columns, summaries, moments, size);
  return {
    count,
    missing: sum(summaries.map((one) => one.missing)),
    infinities,
    zeros: sum(summaries.map((one) => one.zeros)),
    distinct: undefined,
    min,
    max,
    mean: finite.length === 0 && infinities === 0 ? Number.NaN : mean,
    tick: tickOf(finite),
    deviation: infinities > 0 ? Number.NaN : deviationOf(finite, mean, count),
    parts,
    bars: min === max ? barsOf([count]) : barsOf(parts),
  };
}

function isSome({ count, infinities }: Summary): boolean {
  return count > 0 || infinities > 0;
}

/** A sum of twice the precision of float64. */
function sum(values: readonly number[]): number {
  let high = 0;
  let low = 0;
  for (const value of values) {
    const next = high + value;
    if (Number.isFinite(next)) low += roundingOfSum(high, value, next);
    high = next;
  }
  return high + low;
}

function tickOf(summaries: readonly Summary[]): bigint | undefined {
  if (summaries.length === 0 || summaries[0]?.tick === undefined) return undefined;
  const count = summaries.reduce((all, one) => all + BigInt(one.count), 0n);
  return nearestInteger(
    summaries.reduce((all, { tick, count: of }) => all + (tick as bigint) * BigInt(of), 0n),
    count,
  );
}

function deviationOf(summaries: readonly Summary[], mean: number, count: number): number {
  // Squares of the largest numbers would overflow, and those of the smallest vanish.
  const size = summaries.reduce((most, one) => Math.max(most, one.deviation, Math.abs(one.mean - mean)), 0);
  if (size === 0 || summaries.length === 0) return summaries.length === 0 ? Number.NaN : 0;
  const squares = summaries.map((one) => {
    const [own, other] = [one.deviation / size, (one.mean - mean) / size];
    return (own * own + other * other) * (one.count / count);
  });
  return Math.sqrt(sum(squares)) * size;
}

function partsOf(
  finite: readonly Summary[],
  columns: readonly number[],
  summaries: readonly Summary[],
  moments: Moments,
  size: number,
): Float64Array {
  const parts = new Float64Array(size);
  if (finite.length === 0) return parts;
  const ranges = columns.map((column, i) => moments.rangeOf(column, summaries[i] as Summary));
  let range: Range | undefined;
  for (const one of ranges) range = range === undefined || one === undefined ? (range ?? one) : joined(range, one);
  const [min, max] = range as Range;
  for (const [i, column] of columns.entries()) {
    if (ranges[i] === undefined) continue;
    const found = moments.partsWithin(column, min, max, size);
    for (let part = 0; part < size; part++) parts[part] = (parts[part] as number) + (found[part] as number);
  }
  return parts;
}

type Range = readonly [min: number | bigint, max: number | bigint];

function joined([min, max]: Range, [otherMin, otherMax]: Range): Range {
  return [otherMin < min ? otherMin : min, otherMax > max ? otherMax : max];
}

/** The column whose statistic is the least (`sign` -1) or the greatest (1); the first of several. */
export function extreme(
  summaries: readonly Summary[],
  statistic: "min" | "max" | "mean" | "deviation" | "missing" | "tick",
  sign: -1 | 1,
): { readonly column: number; readonly value: number | bigint } | undefined {
  let found: { column: number; value: number | bigint } | undefined;
  for (const [column, summary] of summaries.entries()) {
    const value = summary[statistic];
    if (value === undefined || Number.isNaN(Number(value))) continue;
    if (found === undefined || (sign < 0 ? value < found.value : value > found.value)) found = { column, value };
  }
  return found;
}
