/** Rows of plain numbers, the short way: few of them, which all fit. */
import type { DType } from "../format/dtype.ts";
import type { TypedArray } from "../input/array-input.ts";
import { elementClass, type TypedArrayClass } from "./row-buffer.ts";

interface Elements {
  [index: number]: number;
  readonly length: number;
}

/** Understands numbers for 1-D files, and arrays of numbers for 2-D ones, as what they are elements of. */
export class NumberRows {
  readonly #class: TypedArrayClass;
  /** Numbers of a row that is an array; `undefined` if each number is a row. */
  readonly #perRow: number | undefined;
  readonly #most: number;
  readonly #isFloat: boolean;
  /** What the last elements were stored in; `undefined` while rows are being read. */
  #elements: Elements | undefined;

  private constructor(Class: TypedArrayClass, perRow: number | undefined, most: number) {
    this.#class = Class;
    this.#perRow = perRow;
    this.#most = most;
    this.#isFloat = Class === Float32Array || Class === Float64Array;
  }

  /** For rows that have up to `mostBytes`; `undefined` where this way is not for them. */
  static of(dtype: DType, rowShape: readonly number[], mostBytes: number): NumberRows | undefined {
    const Class = elementClass(dtype);
    if (Class === undefined || rowShape.length > 1 || (dtype.kind !== "f" && dtype.itemsize === 8)) return undefined;
    return new NumberRows(Class, rowShape[0], mostBytes / dtype.itemsize);
  }

  /** The elements, until the next call. `undefined` says nothing but that it was not simple: there may be a mistake. */
  elementsOf(rows: readonly unknown[]): TypedArray | undefined {
    const perRow = this.#perRow;
    const count = rows.length * (perRow ?? 1);
    if (count > this.#most) return undefined;
    const kept = this.#elements;
    // A getter or a Proxy among the rows may append to the same file: that append must find no elements of this one.
    this.#elements = undefined;
    const elements = kept?.length === count ? kept : (new this.#class(count) as Float64Array);
    const isSimple = perRow === undefined ? this.#put(rows, elements, 0, count) : this.#putRows(rows, elements, perRow);
    this.#elements = elements;
    return isSimple ? (elements as TypedArray) : undefined;
  }

  #putRows(rows: readonly unknown[], elements: Elements, perRow: number): boolean {
    for (let row = 0, at = 0; at < elements.length; row++, at += perRow) {
      const numbers = rows[row];
      if (!Array.isArray(numbers) || numbers.length !== perRow || !this.#put(numbers, elements, at, perRow)) return false;
    }
    return true;
  }

  /** Whether all are numbers that the elements hold: integers as they are, floats as the nearest, which is no infinity unless they are. */
  #put(numbers: readonly unknown[], elements: Elements, at: number, count: number): boolean {
    // Not up to `length`: a getter may have made the array shorter.
    for (let i = 0; i < count; i++) {
      const value = numbers[i];
      if (typeof value !== "number") return false;
      elements[at + i] = value;
      if (elements[at + i] === value) continue;
      if (!this.#isFloat || (Number.isFinite(value) && !Number.isFinite(elements[at + i]))) return false;
    }
    return true;
  }
}
