/** The order in which NumPy sorts the elements of a dtype, for one value that is compared with many of them. */

import { dateBetweenTicks } from "../cast/dates.ts";
import { exactDatetime } from "../cast/datetime.ts";
import { NpyError, quoted } from "../errors.ts";
import { type DType, showDType } from "../format/dtype.ts";
import { fitOf } from "../format/fit.ts";
import { type Get, getterOf, isLittleEndian } from "../format/scalars.ts";

/** Compares the element at `at` with the value: negative where it comes before, 0 where it is equal, positive where it comes after. */
export type Comparison = (view: DataView, at: number) => number;

/**
 * How the elements of `type` compare with `value`. Numbers are compared exactly, whatever their types. As in NumPy, NaN and NaT come last, complex
 * numbers are ordered by their real parts and then by their imaginary parts, and texts by their code points.
 *
 * @throws NpyError `ERR_NPY_VALUE` if the value cannot be compared with them; `ERR_NPY_DTYPE` if they have no order.
 */
export function comparisonWith(type: DType, value: unknown): Comparison {
  if (type.kind === "S" || type.kind === "U") return textComparison(type, value);
  const get = getterOf(type);
  if (get === undefined) throw noOrder(type);
  const isLittle = isLittleEndian(type);
  if (type.kind === "M" || type.kind === "m") return timeComparison(type, value, get, isLittle);
  if (type.kind === "c") return complexComparison(type, value, get, isLittle);
  if (!isNumber(value)) throw notComparable(type, value, "expected a number, a bigint or a boolean");
  const number = toNumber(value);
  return (view, at) => compareNumbers(toNumber(get(view, at, isLittle)), number);
}

type Numeric = number | bigint;

function isNumber(value: unknown): value is Numeric | boolean {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

function toNumber(element: unknown): Numeric {
  return typeof element === "boolean" ? Number(element) : (element as Numeric);
}

/** Exact, also for a number and a bigint. */
function compareNumbers(a: Numeric, b: Numeric): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(isNaNumber(a)) - Number(isNaNumber(b));
}

function isNaNumber(number: Numeric): boolean {
  return typeof number === "number" && Number.isNaN(number);
}

interface Complex {
  readonly re: number;
  readonly im: number;
}

function complexComparison(type: DType, value: unknown, get: Get, isLittle: boolean): Comparison {
  const given = typeof value === "object" && value !== null && "re" in value && "im" in value ? value : { re: value, im: 0 };
  if (!isNumber(given.re) || !isNumber(given.im)) throw notComparable(type, value, "expected { re, im } or a number");
  const complex = { re: Number(given.re), im: Number(given.im) };
  const group = groupOf(complex);
  return (view, at) => {
    const element = get(view, at, isLittle) as Complex;
    return groupOf(element) - group || compareNumbers(element.re, complex.re) || compareNumbers(element.im, complex.im);
  };
}

/** NumPy's order of complex numbers with NaNs: R + Rj, R + nanj, nan + Rj, nan + nanj. */
function groupOf({ re, im }: Complex): number {
  return 2 * Number(Number.isNaN(re)) + Number(Number.isNaN(im));
}

const NOT_A_TIME = -(2n ** 63n);

function timeComparison(type: DType, value: unknown, get: Get, isLittle: boolean): Comparison {
  const { ticks, isBetween } = timeOf(type, value);
  const isLast = ticks === NOT_A_TIME;
  return (view, at) => {
    const element = get(view, at, isLittle) as bigint;
    if (element === NOT_A_TIME || isLast) return Number(element === NOT_A_TIME) - Number(isLast);
    if (element === ticks) return isBetween ? -1 : 0;
    return element < ticks ? -1 : 1;
  };
}

/** A time as steps of the dtype, or as lying between a step and the next one. */
interface Time {
  readonly ticks: bigint;
  readonly isBetween: boolean;
}

function timeOf(type: DType, value: unknown): Time {
  const found = value instanceof Date && type.kind === "M" ? dateBetweenTicks(type, value) : ticksOf(type, value);
  if (typeof found === "string") throw notComparable(type, value, found);
  return found;
}

function ticksOf(type: DType, value: unknown): Time | string {
  const isText = typeof value === "string" && type.kind === "M";
  const ticks = isText ? exactDatetime(value, type) : fitOf(type)?.(value);
  return typeof ticks === "bigint" ? { ticks, isBetween: false } : String(ticks);
}

function textComparison(type: DType, value: unknown): Comparison {
  if (typeof value !== "string") throw notComparable(type, value, "expected a string");
  const codes = Array.from(value, (char) => char.codePointAt(0) as number);
  const isLittle = isLittleEndian(type);
  const size = type.kind === "U" ? 4 : 1;
  const length = type.itemsize / size;
  const code: (view: DataView, at: number) => number =
    type.kind === "U" ? (view, at) => view.getUint32(at, isLittle) : (view, at) => view.getUint8(at);
  return (view, at) => {
    // Texts end with any number of NULs.
    for (let i = 0; i < length || i < codes.length; i++) {
      const difference = (i < length ? code(view, at + i * size) : 0) - (codes[i] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function notComparable(type: DType, value: unknown, reason: string): NpyError {
  return new NpyError("ERR_NPY_VALUE", `${quoted(value)} cannot be compared with elements of dtype ${type.str}: ${reason}.`);
}

function noOrder(type: DType): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `Elements of dtype ${showDType(type)} have no order: there is nothing to search for.`);
}
