/** Statistics of columns in one pass: counts, extremes, mean, standard deviation, histogram. */
import { endianness } from "node:os";
import { Distinct, isSmallInteger } from "./distinct.ts";
import { nearestInteger, nearestQuotient, restOfQuotient, roundingOfSum, Sums } from "./exact-sum.ts";
import { barsOf, Histograms } from "./histogram.ts";
import type { Stretch, Summary } from "./summary.ts";

/** Values worked on at a time: few enough for the processor's first cache. */
const BLOCK = 2048;

/** The values of the current block. Shared, because only one block is worked on at a time. */
const block = new Float64Array(BLOCK);

/** Squares of numbers beyond this could overflow. */
const LARGE = 2 ** 480;

/** Squares of differences between numbers below this could vanish. */
const SMALL = 2 ** -400;

/** What numbers are multiplied by that are too large or too small for squares. */
const SHRINK = 2 ** -600;
const GROW = 2 ** 600;

const [LOW, HIGH] = endianness() === "LE" ? [0, 1] : [1, 0];

/** 64-bit integers as two halves, because arithmetic on bigints takes many times as long. */
interface Halves {
  readonly lows: Uint32Array;
  readonly highs: Uint32Array | Int32Array;
}

/** Where numbers lie that are known of a column of 64-bit integers: the higher half of each, then the lower one. */
const [IS_KNOWN, ORIGIN, MIN, MAX, KNOWN_LENGTH] = [0, 1, 3, 5, 7];

/**
 * Statistics of the values so far. The mean comes from a sum of twice the precision of a float64. The squares of deviations are summed
 * block by block, each around its own mean, and joined as Chan, Golub and LeVeque do: nothing cancels, however far the values are from zero.
 *
 * The numbers of all columns lie in a few typed arrays: there may be a million columns.
 */
export class Moments {
  readonly #missing: Float64Array;
  /** Finite values. */
  readonly #counts: Float64Array;
  /** The sum of infinite values; 0 without any. */
  readonly #infinite: Float64Array;
  readonly #infinities: Float64Array;
  readonly #zeros: Float64Array;
  readonly #distinct: Distinct;
  readonly #mins: Float64Array;
  readonly #maxs: Float64Array;
  /** What values are multiplied by before they are summed: a power of two. It only becomes smaller. */
  readonly #scales: Float64Array;
  /** 64-bit integers count from the first of their column: differences are small more often than the values are. */
  readonly #sums: Sums;
  readonly #squares: Sums;
  readonly #histograms: Histograms;
  readonly #columns: number;
  #integers: Float64Array | undefined;
  #halvesOf: { readonly data: BigInt64Array | BigUint64Array; readonly halves: Halves } | undefined;

  /** Of `rows` rows at most. */
  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#missing = new Float64Array(columns);
    this.#counts = new Float64Array(columns);
    this.#infinite = new Float64Array(columns);
    this.#infinities = new Float64Array(columns);
    this.#zeros = new Float64Array(columns);
    this.#distinct = new Distinct(columns);
    this.#mins = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    this.#maxs = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY);
    this.#scales = new Float64Array(columns).fill(GROW);
    this.#sums = new Sums(columns);
    this.#squares = new Sums(columns);
    this.#histograms = new Histograms(columns, rows);
  }

  /** Adds values of a column. `isTime`: the smallest 64-bit integer is NaT. */
  add(column: number, { data, offset, step, count }: Stretch, isTime: boolean): void {
    const isInteger = data instanceof BigInt64Array || data instanceof BigUint64Array;
    for (let start = 0; start < count; start += BLOCK) {
      const length = Math.min(BLOCK, count - start);
      const from = offset + start * step;
      if (isInteger) this.#addIntegers(column, this.#halves(data), from, step, length, isTime);
      else this.#addNumbers(column, data as Float64Array, from, step, length);
    }
    if (isTime || !this.#distinct.isOpen(column)) return;
    if (isInteger) {
      const { lows, highs } = this.#halves(data);
      this.#distinct.addHalves(column, lows.subarray(LOW), highs.subarray(HIGH), 2 * offset, 2 * step, count);
    } else if (isSmallInteger(data)) this.#distinct.add(column, data, offset, step, count);
  }

  #addNumbers(column: number, data: Float64Array, offset: number, step: number, count: number): void {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    let high = 0;
    let low = 0;
    let length = 0;
    for (let i = 0, at = offset; i < count; i++, at += step) {
      const value = data[at] as number;
      // The difference of NaN or an infinity from itself is NaN.
      if (value - value !== 0) {
        if (Number.isNaN(value)) this.#missing[column] = (this.#missing[column] as number) + 1;
        else {
          this.#infinite[column] = (this.#infinite[column] as number) + value;
          this.#infinities[column] = (this.#infinities[column] as number) + 1;
        }
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      block[length++] = value;
      const sum = high + value;
      low += roundingOfSum(high, value, sum);
      high = sum;
    }
    if (length === 0) return;
    if (min <= 0 && max >= 0) this.#zeros[column] = (this.#zeros[column] as number) + countZeros(length);
    this.#addBlock(column, length, min, max, high, low);
  }

  #halves(data: BigInt64Array | BigUint64Array): Halves {
    if (this.#halvesOf?.data === data) return this.#halvesOf.halves;
    const lows = new Uint32Array(data.buffer, data.byteOffset, 2 * data.length);
    const highs = data instanceof BigInt64Array ? new Int32Array(data.buffer, data.byteOffset, 2 * data.length) : lows;
    const halves = { lows, highs };
    this.#halvesOf = { data, halves };
    return halves;
  }

  #addIntegers(column: number, { lows, highs }: Halves, offset: number, step: number, count: number, isTime: boolean): void {
    const known = this.#knownIntegers(column);
    let isKnown = (known[IS_KNOWN] as number) > 0;
    let originHigh = known[ORIGIN] as number;
    let originLow = known[ORIGIN + 1] as number;
    let minHigh = known[MIN] as number;
    let minLow = known[MIN + 1] as number;
    let maxHigh = known[MAX] as number;
    let maxLow = known[MAX + 1] as number;
    let sumHigh = 0;
    let sumLow = 0;
    let zeros = 0;
    let length = 0;
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0, at = 2 * offset; i < count; i++, at += 2 * step) {
      const high = highs[at + HIGH] as number;
      const low = lows[at + LOW] as number;
      if (isTime && high === -(2 ** 31) && low === 0) {
        this.#missing[column] = (this.#missing[column] as number) + 1;
        continue;
      }
      if (!isKnown) {
        originHigh = minHigh = maxHigh = high;
        originLow = minLow = maxLow = low;
        isKnown = true;
      }
      if (high < minHigh || (high === minHigh && low < minLow)) {
        minHigh = high;
        minLow = low;
      }
      if (high > maxHigh || (high === maxHigh && low > maxLow)) {
        maxHigh = high;
        maxLow = low;
      }
      zeros += (high | low) === 0 ? 1 : 0;
      sumHigh += high - originHigh;
      sumLow += low - originLow;
      const value = (high - originHigh) * 2 ** 32 + (low - originLow);
      if (value < min) min = value;
      if (value > max) max = value;
      block[length++] = value;
    }
    if (length === 0) return;
    this.#zeros[column] = (this.#zeros[column] as number) + zeros;
    known.set([1, originHigh, originLow, minHigh, minLow, maxHigh, maxLow]);
    const high = sumHigh * 2 ** 32;
    const sum = high + sumLow;
    this.#addBlock(column, length, min, max, sum, roundingOfSum(high, sumLow, sum));
  }

  #knownIntegers(column: number): Float64Array {
    this.#integers ??= new Float64Array(this.#columns * KNOWN_LENGTH);
    return this.#integers.subarray(column * KNOWN_LENGTH, (column + 1) * KNOWN_LENGTH);
  }

  /** Adds the first `length` values of `block`, which lie between `min` and `max` and have the sum `high + low`. */
  #addBlock(column: number, length: number, min: number, max: number, high: number, low: number): void {
    const scale = this.#scaleFor(column, Math.max(-min, max));
    if (scale === 1) this.#addScaled(column, length, min, max, high, low);
    else this.#addUnscaled(column, length, min, max, scale);
    if (min < (this.#mins[column] as number)) this.#mins[column] = min;
    if (max > (this.#maxs[column] as number)) this.#maxs[column] = max;
  }

  /** The scale in which squares of numbers up to `size` neither overflow nor vanish. */
  #scaleFor(column: number, size: number): number {
    const scale = this.#scales[column] as number;
    const needed = size > LARGE ? SHRINK : size < SMALL ? GROW : 1;
    for (let at = scale; at > needed; at *= SHRINK) {
      this.#scales[column] = at * SHRINK;
      if (this.#counts[column] === 0) continue;
      this.#sums.scale(column, SHRINK);
      // Twice, because these are squares.
      this.#squares.scale(column, SHRINK);
      this.#squares.scale(column, SHRINK);
      this.#histograms.scale(column, SHRINK);
    }
    return this.#scales[column] as number;
  }

  #addUnscaled(column: number, length: number, min: number, max: number, scale: number): void {
    let high = 0;
    let low = 0;
    for (let i = 0; i < length; i++) {
      const value = (block[i] as number) * scale;
      block[i] = value;
      const sum = high + value;
      low += roundingOfSum(high, value, sum);
      high = sum;
    }
    this.#addScaled(column, length, min * scale, max * scale, high, low);
  }

  #addScaled(column: number, length: number, min: number, max: number, high: number, low: number): void {
    const before = this.#counts[column] as number;
    const mean = high / length;
    const meanRest = restOfQuotient(high, low, length);
    this.#addSquares(column, length, mean, meanRest);
    if (before > 0) {
      const [sum, sumRest] = [this.#sums.high(column), this.#sums.low(column)];
      const distance = mean - sum / before + (meanRest - restOfQuotient(sum, sumRest, before));
      this.#squares.add(column, distance * distance * ((before * length) / (before + length)), 0);
    }
    this.#sums.add(column, high, low);
    this.#counts[column] = before + length;
    this.#histograms.add(column, block, length, min, max, before);
  }

  /** Adds the squared deviations from `mean + rest`, the mean of the block. */
  #addSquares(column: number, length: number, mean: number, rest: number): void {
    let high = 0;
    let low = 0;
    for (let i = 0; i < length; i++) {
      const deviation = (block[i] as number) - mean - rest;
      const square = deviation * deviation;
      const sum = high + square;
      low += roundingOfSum(high, square, sum);
      high = sum;
    }
    this.#squares.add(column, high, low);
  }

  /** The statistics of a column, with a histogram of `size` parts over its finite values. */
  of(column: number, size: number): Summary {
    const count = this.#counts[column] as number;
    const infinite = this.#infinite[column] as number;
    const found = {
      count,
      missing: this.#missing[column] as number,
      infinities: this.#infinities[column] as number,
      zeros: this.#zeros[column] as number,
      distinct: this.#distinct.of(column),
      tick: undefined,
    };
    if (count === 0 && found.infinities === 0) {
      return { ...found, min: undefined, max: undefined, mean: Number.NaN, deviation: Number.NaN, parts: [], bars: "" };
    }
    const scale = this.#scales[column] as number;
    const [min, max] = [this.#mins[column] as number, this.#maxs[column] as number];
    const parts = count === 0 ? [] : this.#histograms.parts(column, min * scale, max * scale, size, count);
    return {
      ...found,
      // The sum of infinities of both signs is NaN.
      min: infinite === 0 || infinite > 0 ? min : Number.NEGATIVE_INFINITY,
      max: infinite === 0 || infinite < 0 ? max : Number.POSITIVE_INFINITY,
      mean: infinite === 0 ? this.#mean(column, count) : infinite,
      deviation: infinite === 0 ? this.#deviation(column, count) : Number.NaN,
      parts,
      bars: min === max ? barsOf([count]) : barsOf(parts),
      ...(this.#integers?.[column * KNOWN_LENGTH + IS_KNOWN] === 1 && this.#exactly(column, count)),
    };
  }

  /** The smallest and the largest finite value of a column; `undefined` if it has none. */
  rangeOf(column: number, { count, min, max }: Summary): readonly [number | bigint, number | bigint] | undefined {
    if (count === 0) return undefined;
    return typeof min === "bigint" ? [min, max as bigint] : [this.#mins[column] as number, this.#maxs[column] as number];
  }

  /** How many finite values of a column are in each of `size` equal parts of a range around them. */
  partsWithin(column: number, min: number | bigint, max: number | bigint, size: number): Float64Array {
    const scale = this.#scales[column] as number;
    const known = this.#integers === undefined ? undefined : this.#knownIntegers(column);
    const origin = known?.[IS_KNOWN] === 1 ? integerOf(known[ORIGIN] as number, known[ORIGIN + 1] as number) : undefined;
    const [low, high] = [min, max].map((bound) => Number(typeof bound === "bigint" ? bound - (origin ?? 0n) : bound) * scale);
    return this.#histograms.parts(column, low as number, high as number, size, this.#counts[column] as number);
  }

  #mean(column: number, count: number): number {
    const [sum, rest] = [this.#sums.high(column), this.#sums.low(column)];
    return (sum / count + restOfQuotient(sum, rest, count)) / (this.#scales[column] as number);
  }

  #deviation(column: number, count: number): number {
    const variance = (this.#squares.high(column) + this.#squares.low(column)) / count;
    const found = Math.sqrt(variance) / (this.#scales[column] as number);
    // It is at most half the distance of the largest numbers, but rounding could make that infinite.
    return Math.min(found, Number.MAX_VALUE);
  }

  /** What is exact of a column of 64-bit integers. */
  #exactly(column: number, count: number): Pick<Summary, "min" | "max" | "mean" | "tick"> {
    const known = this.#knownIntegers(column);
    const [origin, min, max] = [ORIGIN, MIN, MAX].map((at) => integerOf(known[at] as number, known[at + 1] as number));
    const total = BigInt(this.#sums.high(column)) + BigInt(this.#sums.low(column)) + (origin as bigint) * BigInt(count);
    return { min, max, mean: nearestQuotient(total, BigInt(count)), tick: nearestInteger(total, BigInt(count)) };
  }
}

/** How many of the first values of `block` are 0. */
function countZeros(length: number): number {
  let zeros = 0;
  for (let i = 0; i < length; i++) if (block[i] === 0) zeros++;
  return zeros;
}

function integerOf(high: number, low: number): bigint {
  return BigInt(high) * 2n ** 32n + BigInt(low);
}
