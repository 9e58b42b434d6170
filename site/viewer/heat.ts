/** A heat map: the means of cells, rows from left to right and columns from top to bottom. */
import { planOf, readBytes, type Scanning, scan, valuesOf } from "./scan.ts";
import { countOf } from "./sheet.ts";
import type { HeatResult, HeatTask } from "./task-types.ts";

export async function heat(scanning: Scanning, task: HeatTask): Promise<HeatResult> {
  const { rows, columns } = task;
  const plan = planOf(rows, readBytes(scanning.sheet, columns), task.isWhole, scanning.distance);
  const count = countOf(rows);
  const width = Math.min(task.width, count, plan.samples ?? count);
  const height = Math.min(task.height, columns.length);
  const [sums, counts] = [new Float64Array(width * height), new Float64Array(width * height)];
  let values = new Float64Array(0);
  await scan(scanning, plan, columns, (part, stretchOf) => {
    const length = countOf(part);
    if (values.length < length) values = new Float64Array(length);
    for (const [i, column] of columns.entries()) {
      valuesOf(stretchOf(column), values);
      const start = Math.floor((i * height) / columns.length) * width;
      for (let row = 0; row < length; row++) {
        const value = values[row] as number;
        if (Number.isNaN(value)) continue;
        const place = start + Math.floor(((part.start - rows.start + row) * width) / count);
        sums[place] = (sums[place] as number) + value;
        counts[place] = (counts[place] as number) + 1;
      }
    }
  });
  const { rowsRead, samples } = plan;
  return { rows: count, rowsRead, samples, width, height, values: sums.map((sum, i) => sum / (counts[i] as number)) };
}
