/** What a line needs of many rows: of each group its first, last, smallest and largest value. No spike is lost. */

/**
 * A line through groups of neighbouring values.
 *
 * Source: M4, in Jugel et al., "M4: a visualization-oriented time series data aggregation" (2014): these four values of each column of
 * pixels draw the same picture as all values.
 */
export class Envelope {
  /** NaN for groups without values. */
  readonly first: Float64Array;
  readonly last: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** 1 where the line is interrupted before a group. */
  readonly breaks: Uint8Array;
  #isBroken = true;

  constructor(groups: number) {
    this.first = new Float64Array(groups).fill(Number.NaN);
    this.last = this.first.slice();
    this.min = this.first.slice();
    this.max = this.first.slice();
    this.breaks = new Uint8Array(groups);
  }

  /** Adds `count` values in their order; `groups` are their groups, or -1 for those without. NaN interrupts the line. */
  add(values: Float64Array, groups: Int32Array, count: number): void {
    const { first, last, min, max, breaks } = this;
    let isBroken = this.#isBroken;
    for (let i = 0; i < count; i++) {
      const value = values[i] as number;
      const group = groups[i] as number;
      if (Number.isNaN(value)) isBroken = true;
      else if (group >= 0) {
        if (Number.isNaN(first[group])) {
          first[group] = min[group] = max[group] = value;
          breaks[group] = isBroken ? 1 : 0;
        } else if (value < (min[group] as number)) min[group] = value;
        else if (value > (max[group] as number)) max[group] = value;
        last[group] = value;
        isBroken = false;
      }
    }
    this.#isBroken = isBroken;
  }

  /** The smallest and largest value; `undefined` without values. */
  get range(): Range | undefined {
    return rangeOf([this.min, this.max]);
  }

  /** The same line with other values. `change` keeps their order. */
  map(change: (value: number) => number): Envelope {
    const changed = new Envelope(0);
    return Object.assign(Object.create(Object.getPrototypeOf(changed)) as Envelope, {
      first: this.first.map(change),
      last: this.last.map(change),
      min: this.min.map(change),
      max: this.max.map(change),
      breaks: this.breaks,
    });
  }
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The smallest and largest number; `undefined` if all are NaN. */
export function rangeOf(lists: readonly ArrayLike<number>[]): Range | undefined {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of lists) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min <= max ? { min, max } : undefined;
}

export function joinedRange(ranges: readonly (Range | undefined)[]): Range | undefined {
  const known = ranges.filter((range) => range !== undefined);
  return rangeOf([known.map(({ min }) => min), known.map(({ max }) => max)]);
}
