/** How many values lie in each of some equal parts of their range. */
import { planOf, plotLabel, readBytes, type Scanning, type ScanPlan, scaleOf, scan, valuesOf } from "./scan.ts";
import { countOf } from "./sheet.ts";
import type { HistogramResult, HistogramTask } from "./task-types.ts";

/** So many values are kept for counting them once their range is known; more are read a second time. */
const KEPT = 2 ** 22;

export async function histogram(scanning: Scanning, task: HistogramTask): Promise<HistogramResult> {
  const { sheet } = scanning;
  const { columns } = task;
  const plan = planOf(task.rows, readBytes(sheet, columns), task.isWhole, scanning.distance);
  const kept = plan.rowsRead * columns.length <= KEPT ? new Float64Array(plan.rowsRead * columns.length) : undefined;
  let [min, max, count, notFinite, total] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  await forEachColumn(scanning, plan, columns, (values, length) => {
    for (let i = 0; i < length; i++) {
      const value = values[i] as number;
      if (Number.isNaN(value)) {
        notFinite++;
        continue;
      }
      count++;
      if (value < min) min = value;
      if (value > max) max = value;
    }
    kept?.set(values.subarray(0, length), total);
    total += length;
  });
  const leaf = sheet.leafOf(columns[0] ?? 0);
  const isInteger = "biu".includes(leaf.dtype.kind) && max - min < 2 ** 53;
  const { first, width, bins } = binsOf(min, max, task.bins, isInteger);
  const counts = new Float64Array(count === 0 ? 0 : bins);
  const add = (values: Float64Array, length: number): void => {
    for (let i = 0; i < length; i++) {
      const value = values[i] as number;
      if (Number.isNaN(value)) continue;
      const bin = Math.min(bins - 1, Math.floor(value / width - first / width));
      counts[bin] = (counts[bin] as number) + 1;
    }
  };
  if (kept !== undefined) add(kept, total);
  else await forEachColumn(scanning, plan, columns, add);
  const label = columns.length === 1 ? plotLabel(sheet, columns[0] as number) : "value";
  const { rows, rowsRead, samples } = plan;
  return { rows, rowsRead, samples, label, scale: scaleOf(leaf), min, max, first, width, counts, count, notFinite };
}

/** Bins from the smallest to the largest value; those of integers begin and end at integers, so that all hold as many of them. */
function binsOf(min: number, max: number, most: number, isInteger: boolean): { first: number; width: number; bins: number } {
  if (isInteger) {
    const width = Math.max(1, Math.ceil((max - min + 1) / most));
    return { first: min, width, bins: Math.max(1, Math.ceil((max - min + 1) / width)) };
  }
  // The range itself may be beyond every number.
  const width = max / most - min / most;
  return width > 0 ? { first: min, width, bins: most } : { first: min, width: 1, bins: 1 };
}

/** Calls `each` with the values of each column in each part. They are valid until it returns. */
async function forEachColumn(
  scanning: Scanning,
  plan: ScanPlan,
  columns: readonly number[],
  each: (values: Float64Array, length: number) => void,
): Promise<void> {
  let values = new Float64Array(0);
  await scan(scanning, plan, columns, (part, stretchOf) => {
    const length = countOf(part);
    if (values.length < length) values = new Float64Array(length);
    for (const column of columns) {
      valuesOf(stretchOf(column), values);
      each(values, length);
    }
  });
}
