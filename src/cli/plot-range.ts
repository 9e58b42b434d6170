/** The values of a picture, from the smallest to the largest. */
import { extent } from "d3-array";

/** Smallest and largest of all numbers; 0 and 0 if there are none. */
export function rangeOf(series: readonly Float64Array[]): [min: number, max: number] {
  const [min = 0, max = 0] = extent(series.flatMap((values) => extent(values).filter((value) => value !== undefined)));
  return [min, max];
}
