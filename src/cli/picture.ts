/** What is drawn, whatever it is drawn on. */
import { extent } from "d3-array";

/** What is drawn: for each column the means of as many groups of rows as fit; NaN where a group has no numbers. */
export interface Picture {
  readonly title: string;
  readonly labels: readonly string[];
  readonly series: readonly Float64Array[];
  /** The rows drawn. */
  readonly start: number;
  readonly stop: number;
}

/** Smallest and largest of all numbers; 0 and 0 if there are none. */
export function rangeOf(series: readonly Float64Array[]): [min: number, max: number] {
  const [min = 0, max = 0] = extent(series.flatMap((values) => extent(values).filter((value) => value !== undefined)));
  return [min, max];
}
