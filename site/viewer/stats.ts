/** Statistics of columns, as the command `stats` computes them. */
import { type Column, Moments, numericColumns, type Summary, totalOf } from "../shared/library.ts";
import { planOf, plotLabel, readBytes, type Scanning, scan } from "./scan.ts";
import type { ColumnStats, StatsResult, StatsTask } from "./task-types.ts";

export async function stats(scanning: Scanning, { rows, columns, isWhole, bins, hasTotal }: StatsTask): Promise<StatsResult> {
  const { sheet } = scanning;
  const plan = planOf(rows, readBytes(sheet, columns), isWhole, scanning.distance);
  const parts = columns.map((column) => numericColumns({ ...sheet.leafOf(column), label: sheet.label(column) }));
  const count = parts.reduce((sum, list) => sum + list.length, 0);
  const moments = new Moments(count, plan.rowsRead);
  await scan(scanning, plan, columns, (_, stretchOf) => {
    let at = 0;
    for (const column of columns) {
      const { data, column: placed, rows: length } = stretchOf(column);
      const isTime = "mM".includes(placed.dtype.kind);
      for (const { offset, perRow } of numericColumns(placed)) {
        moments.add(at++, { data, offset, step: perRow, count: length }, isTime);
      }
    }
  });
  const labels = parts.flatMap((list, i) =>
    list.map(({ label }) => (list.length > 1 ? label : plotLabel(sheet, columns[i] as number))),
  );
  // The parts of a complex number are floats.
  const dtypes = parts.flat().map(({ dtype }: Column) => (dtype.kind === "c" ? `float${4 * dtype.itemsize}` : dtype.name));
  const summaries = labels.map((_, i): Summary => moments.of(i, bins));
  const found = summaries.map((summary, i): ColumnStats => ({ label: labels[i] as string, dtype: dtypes[i] as string, summary }));
  const isAlike = hasTotal && count > 1 && new Set(dtypes).size === 1;
  const total = isAlike
    ? { label: "all", dtype: dtypes[0] as string, summary: totalOf(summaries, [...summaries.keys()], moments, bins) }
    : undefined;
  return { rows: plan.rows, rowsRead: plan.rowsRead, samples: plan.samples, columns: found, total };
}
