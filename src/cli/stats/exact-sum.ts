/** Sums of float64 with twice its precision: what rounding takes from a sum or product is itself a float64. */

/** What rounding took from `sum`, the sum of `a` and `b` (Knuth's TwoSum). */
export function roundingOfSum(a: number, b: number, sum: number): number {
  const added = sum - a;
  return a - (sum - added) + (b - added);
}

/** What rounding took from `product`, the product of `a` and `b` (Dekker). */
function roundingOfProduct(a: number, b: number, product: number): number {
  const [aHigh, bHigh] = [upperHalf(a), upperHalf(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** The upper 26 of a number's 53 bits. */
function upperHalf(value: number): number {
  const spread = value * (2 ** 27 + 1);
  return spread - (spread - value);
}

/** What `high / count` lacks of the quotient of `high + low` and `count`. */
export function restOfQuotient(high: number, low: number, count: number): number {
  const quotient = high / count;
  const product = quotient * count;
  return (high - product - roundingOfProduct(quotient, count, product) + low) / count;
}

/** One sum per column, each of which is `high + low`. */
export class Sums {
  readonly #highs: Float64Array;
  readonly #lows: Float64Array;

  constructor(columns: number) {
    this.#highs = new Float64Array(columns);
    this.#lows = new Float64Array(columns);
  }

  high(column: number): number {
    return this.#highs[column] as number;
  }

  low(column: number): number {
    return this.#lows[column] as number;
  }

  /** Adds `high + low`. */
  add(column: number, high: number, low: number): void {
    const before = this.#highs[column] as number;
    const sum = before + high;
    const rest = (this.#lows[column] as number) + roundingOfSum(before, high, sum) + low;
    const rounded = sum + rest;
    this.#highs[column] = rounded;
    this.#lows[column] = rest - (rounded - sum);
  }

  /** Multiplies by a power of two, which is exact. */
  scale(column: number, factor: number): void {
    this.#highs[column] = this.high(column) * factor;
    this.#lows[column] = this.low(column) * factor;
  }
}

/** The float64 nearest to a quotient of integers. */
export function nearestQuotient(dividend: bigint, divisor: bigint): number {
  const shifted = (dividend < 0n ? -dividend : dividend) << 128n;
  const quotient = shifted / divisor;
  // Far below the last digit of a float64, all that matters is whether there is a rest.
  const size = Number(quotient * divisor === shifted ? quotient : quotient | 1n) / 2 ** 128;
  return dividend < 0n ? -size : size;
}

/** The integer nearest to a quotient of integers; of two, the larger. */
export function nearestInteger(dividend: bigint, divisor: bigint): bigint {
  const [twice, double] = [2n * dividend + divisor, 2n * divisor];
  const quotient = twice / double;
  return twice < quotient * double ? quotient - 1n : quotient;
}
