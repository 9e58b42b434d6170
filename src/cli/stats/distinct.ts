/** Counts the different values of columns of integers, in bounded memory. */
import type { NpyData } from "../../node.ts";

/** Beyond so many different values they are no longer counted. */
const MOST_DISTINCT = 1000;

/** Slots of all columns together: 9 bytes each. */
const MOST_SLOTS = 2 ** 22;

const FEWEST_SLOTS = 16;

/** A hash table with open addressing. Each 64-bit value is two halves, because bigints take many times as long. */
interface Values {
  count: number;
  lows: Int32Array;
  highs: Int32Array;
  isUsed: Uint8Array;
}

type SmallIntegers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

export function isSmallInteger(data: NpyData): data is SmallIntegers & NpyData {
  return (
    data instanceof Uint8Array ||
    data instanceof Int8Array ||
    data instanceof Uint16Array ||
    data instanceof Int16Array ||
    data instanceof Int32Array ||
    data instanceof Uint32Array
  );
}

/** The higher halves of values that have none. */
const NO_HIGHS = new Int32Array(1);

export class Distinct {
  readonly #values: (Values | undefined)[];
  /** Columns whose values are no longer counted, and how many there were. */
  readonly #least = new Map<number, number>();
  #slots = 0;

  constructor(columns: number) {
    this.#values = new Array(columns);
  }

  /** Whether further values can change the count. */
  isOpen(column: number): boolean {
    return !this.#least.has(column);
  }

  add(column: number, data: SmallIntegers, offset: number, step: number, count: number): void {
    this.#add(column, data, NO_HIGHS, offset, step, 0, count);
  }

  /** Adds 64-bit integers, whose halves have the same places in both arrays. */
  addHalves(
    column: number,
    lows: Uint32Array,
    highs: Int32Array | Uint32Array,
    offset: number,
    step: number,
    count: number,
  ): void {
    this.#add(column, lows, highs, offset, step, 1, count);
  }

  /** `highStep`: 1 for values with higher halves, 0 otherwise. */
  #add(
    column: number,
    lows: SmallIntegers,
    highs: Int32Array | Uint32Array,
    offset: number,
    step: number,
    highStep: number,
    count: number,
  ): void {
    let values = this.#values[column] ?? this.#resized(column, undefined);
    if (values === undefined) return;
    let lastLow = 0;
    let lastHigh = 0;
    let isFirst = true;
    for (let i = 0, at = offset; i < count; i++, at += step) {
      const low = (lows[at] as number) | 0;
      const high = (highs[at * highStep] as number) | 0;
      if (low === lastLow && high === lastHigh && !isFirst) continue;
      isFirst = false;
      lastLow = low;
      lastHigh = high;
      if (!insert(values, low, high)) continue;
      if (values.count > MOST_DISTINCT) {
        this.#close(column, MOST_DISTINCT);
        return;
      }
      if (2 * values.count <= values.lows.length) continue;
      const larger = this.#resized(column, values);
      if (larger === undefined) return;
      values = larger;
    }
  }

  /** A table of twice the size, or none if all tables together would be too large. */
  #resized(column: number, values: Values | undefined): Values | undefined {
    const size = values === undefined ? FEWEST_SLOTS : 2 * values.lows.length;
    if (this.#slots + size > MOST_SLOTS) {
      this.#close(column, values?.count ?? 0);
      return undefined;
    }
    this.#slots += size - (values?.lows.length ?? 0);
    const larger = { count: 0, lows: new Int32Array(size), highs: new Int32Array(size), isUsed: new Uint8Array(size) };
    for (let slot = 0; slot < (values?.lows.length ?? 0); slot++) {
      const { lows, highs, isUsed } = values as Values;
      if (isUsed[slot] === 1) insert(larger, lows[slot] as number, highs[slot] as number);
    }
    this.#values[column] = larger;
    return larger;
  }

  #close(column: number, least: number): void {
    this.#slots -= this.#values[column]?.lows.length ?? 0;
    this.#values[column] = undefined;
    this.#least.set(column, least);
  }

  /** `undefined` if no values were added, or there was no memory for any. */
  of(column: number): { readonly count: number; readonly isAll: boolean } | undefined {
    const least = this.#least.get(column);
    if (least !== undefined) return least === 0 ? undefined : { count: least, isAll: false };
    const values = this.#values[column];
    return values && { count: values.count, isAll: true };
  }
}

/** Whether the value is new. */
function insert(values: Values, low: number, high: number): boolean {
  const { lows, highs, isUsed } = values;
  const mask = lows.length - 1;
  const mixed = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
  for (let slot = (mixed ^ (mixed >>> 15)) & mask; ; slot = (slot + 1) & mask) {
    if (isUsed[slot] === 0) {
      isUsed[slot] = 1;
      lows[slot] = low;
      highs[slot] = high;
      values.count++;
      return true;
    }
    if (lows[slot] === low && highs[slot] === high) return false;
  }
}
