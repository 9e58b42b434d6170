/** Lines of columns over rows: of many rows, the smallest and largest value at each place, so that no spike is lost. */
import { Envelope } from "../shared/library.ts";
import { planOf, plotLabel, readBytes, type Scanning, scaleOf, scan, valuesOf } from "./scan.ts";
import { countOf } from "./sheet.ts";
import type { LinesResult, LinesTask } from "./task-types.ts";

/** So many rows for each place are drawn one by one. */
const FEW = 2;

export async function lines(scanning: Scanning, task: LinesTask): Promise<LinesResult> {
  const { sheet, distance } = scanning;
  const { rows, columns, x } = task;
  const read = x === undefined ? columns : [x, ...columns];
  const plan = planOf(rows, readBytes(sheet, read), task.isWhole, distance);
  const count = countOf(rows);
  const isEach = count <= FEW * task.groups && plan.samples === undefined;
  const groups = isEach ? count : Math.min(task.groups, plan.samples ?? task.groups);
  const envelopes = read.map(() => new Envelope(groups));
  let isAscending = true;
  let before = Number.NEGATIVE_INFINITY;
  let [values, places] = [new Float64Array(0), new Int32Array(0)];
  await scan(scanning, plan, read, (part, stretchOf) => {
    const length = countOf(part);
    if (values.length < length) [values, places] = [new Float64Array(length), new Int32Array(length)];
    for (let i = 0; i < length; i++) places[i] = Math.floor(((part.start - rows.start + i) * groups) / count);
    for (const [i, column] of read.entries()) {
      valuesOf(stretchOf(column), values);
      (envelopes[i] as Envelope).add(values, places, length);
      if (i > 0 || x === undefined) continue;
      for (let row = 0; row < length && isAscending; row++) {
        const value = values[row] as number;
        // Rows without a time have no place.
        if (Number.isNaN(value)) continue;
        isAscending = value >= before;
        before = value;
      }
    }
  });
  const { rowsRead, samples } = plan;
  const along = x !== undefined && isAscending ? (envelopes[0] as Envelope) : undefined;
  const placesOfX = along === undefined ? rowPlaces(rows.start, count, groups, isEach) : valuePlaces(along, isEach);
  const keep = (points: Float64Array): Float64Array =>
    along === undefined ? points : points.filter((_, i) => !Number.isNaN(placesOfX[i]));
  return {
    rows: count,
    rowsRead,
    samples,
    x: keep(placesOfX),
    xScale: along === undefined || x === undefined ? "number" : scaleOf(sheet.leafOf(x)),
    lines: columns.map((column, i) => ({
      label: plotLabel(sheet, column),
      scale: scaleOf(sheet.leafOf(column)),
      values: keep(pointsOf(envelopes[i + read.length - columns.length] as Envelope, isEach)),
    })),
    perPlace: isEach ? 1 : Math.ceil(rowsRead / groups),
    xProblem:
      x === undefined || isAscending
        ? undefined
        : `The values of ${plotLabel(sheet, x)} do not ascend, so the numbers of the rows are along the x axis.`,
  };
}

function rowPlaces(start: number, count: number, groups: number, isEach: boolean): Float64Array {
  if (isEach) return Float64Array.from({ length: groups }, (_, i) => start + i);
  return Float64Array.from(
    { length: 2 * groups },
    (_, i) => start + ((Math.floor(i / 2) + (i % 2 === 0 ? 0.25 : 0.75)) * count) / groups,
  );
}

function valuePlaces({ first, last }: Envelope, isEach: boolean): Float64Array {
  if (isEach) return first;
  return Float64Array.from({ length: 2 * first.length }, (_, i) => {
    const [from, to] = [first[i >> 1] as number, last[i >> 1] as number];
    return i % 2 === 0 ? from : (from + to) / 2;
  });
}

/** Two points for each place: the smallest and the largest value, in the direction in which the values go. */
function pointsOf({ first, last, min, max }: Envelope, isEach: boolean): Float64Array {
  if (isEach) return first;
  const points = new Float64Array(2 * first.length);
  for (let i = 0; i < first.length; i++) {
    const isRising = (first[i] as number) <= (last[i] as number);
    points[2 * i] = (isRising ? min[i] : max[i]) as number;
    points[2 * i + 1] = (isRising ? max[i] : min[i]) as number;
  }
  return points;
}
