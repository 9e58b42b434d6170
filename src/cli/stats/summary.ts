/** What is known of a column, and the data of which it is known. */
import type { NpyData } from "../../node.ts";

/** Elements of a column in a chunk of data: `count` of them, every `step`-th from `offset`. */
export interface Stretch {
  readonly data: NpyData;
  readonly offset: number;
  readonly step: number;
  readonly count: number;
}

/** The statistics of a column. */
export interface Summary {
  /** Finite values. */
  readonly count: number;
  /** NaN and NaT, which count for nothing else. */
  readonly missing: number;
  readonly infinities: number;
  readonly zeros: number;
  /** How many different values there are, or at least so many; `undefined` if they are no integers. */
  readonly distinct: { readonly count: number; readonly isAll: boolean } | undefined;
  /** A bigint where the data hold bigints: 64-bit integers stay exact. `undefined` if there are no values. */
  readonly min: number | bigint | undefined;
  readonly max: number | bigint | undefined;
  /** NaN without values, or with infinities of both signs. */
  readonly mean: number;
  /** The mean of 64-bit integers, rounded to an integer: that of times is a time. */
  readonly tick: bigint | undefined;
  /** The standard deviation of the population, like `numpy.std`. */
  readonly deviation: number;
  /** How many finite values are in each equal part of the range from the smallest to the largest. */
  readonly parts: ArrayLike<number>;
  readonly bars: string;
}
