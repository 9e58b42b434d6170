/** Statistics of a column in one pass: count, extremes, mean and variance (Welford), histogram. */
import type { NpyData } from "../node.ts";
import { Histogram } from "./histogram.ts";
import { NOT_A_TIME } from "./times.ts";

/** Elements of a column in a chunk of data: `count` of them, every `step`-th from `offset`. */
export interface Stretch {
  readonly data: NpyData;
  readonly offset: number;
  readonly step: number;
  readonly count: number;
}

/** Statistics of the values so far. NaN and NaT only count as missing. */
export class Moments {
  count = 0;
  missing = 0;
  /** A bigint where the data hold bigints: 64-bit integers stay exact. */
  min: number | bigint | undefined;
  max: number | bigint | undefined;
  readonly histogram: Histogram = new Histogram();
  #mean = 0;
  #squares = 0;
  #infinite = 0;

  add({ data, offset, step, count }: Stretch): void {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) this.#addIntegers(data, offset, step, count);
    else this.#addNumbers(data as Float64Array, offset, step, count);
  }

  get mean(): number {
    if (this.count === 0) return Number.NaN;
    return this.#infinite === 0 ? this.#mean : this.#infinite;
  }

  /** The standard deviation of the population, like `numpy.std`. */
  get deviation(): number {
    return this.count === 0 || this.#infinite !== 0 ? Number.NaN : Math.sqrt(this.#squares / this.count);
  }

  #addNumbers(data: Float64Array, offset: number, step: number, count: number): void {
    let min = Number(this.min ?? Number.POSITIVE_INFINITY);
    let max = Number(this.max ?? Number.NEGATIVE_INFINITY);
    for (let i = 0, at = offset; i < count; i++, at += step) {
      const value = data[at] as number;
      if (Number.isNaN(value)) {
        this.missing++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      this.#addValue(value);
    }
    if (this.count === 0) return;
    this.min = min;
    this.max = max;
  }

  #addIntegers(data: BigInt64Array | BigUint64Array, offset: number, step: number, count: number): void {
    for (let i = 0, at = offset; i < count; i++, at += step) {
      const value = data[at] as bigint;
      if (value === NOT_A_TIME && this.isTime) {
        this.missing++;
        continue;
      }
      if (this.min === undefined || value < this.min) this.min = value;
      if (this.max === undefined || value > this.max) this.max = value;
      this.#addValue(Number(value));
    }
  }

  /** Whether the smallest 64-bit integer is NaT. */
  readonly isTime: boolean;

  constructor(isTime: boolean) {
    this.isTime = isTime;
  }

  #addValue(value: number): void {
    this.count++;
    if (!Number.isFinite(value)) {
      // Infinities of both signs have no mean.
      this.#infinite += value;
      return;
    }
    const delta = value - this.#mean;
    this.#mean += delta / this.count;
    this.#squares += delta * (value - this.#mean);
    this.histogram.add(value);
  }
}
