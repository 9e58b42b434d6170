/**
 * Plain JavaScript values -> bytes of a dtype. They have no dtype of their own, so no casting rule applies: a value is stored
 * exactly (floats: to the nearest), or refused with its index.
 */

import { isLongDouble } from "../cast/convert.ts";
import { dateToTicks } from "../cast/dates.ts";
import { float64ToFloat16 } from "../cast/float16.ts";
import { NpyError } from "../errors.ts";
import { keptCodePoints } from "../format/code-points.ts";
import { type DType, dtype, formatDType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { FLOAT_OVERFLOW, integerRange } from "./number-limits.ts";
import { type Encoder, recordEncoder } from "./records.ts";

/** Values in C order, with the shape of their nesting. */
export interface Values {
  readonly values: readonly unknown[];
  readonly shape: readonly number[];
}

/**
 * The dtype of values for which none was given: number -> float64, bigint -> int64, boolean -> bool, string -> the shortest
 * `U` that holds all, Date -> datetime64[ms]; float64 if there are none, as `numpy.array([])`.
 *
 * @throws NpyError `ERR_NPY_VALUE` for mixed or other values.
 */
export function dtypeOfValues({ values, shape }: Values): DType {
  const first = values[0];
  const type = typeOf(first);
  const other = values.findIndex((value) => typeOf(value) !== type);
  if (other >= 0) {
    throw new NpyError(
      "ERR_NPY_VALUE",
      `A ${typeOf(values[other])} at ${indexText(other, shape)} among values of type ${type}: give a dtype, or values of one type.`,
      { index: indexOf(other, shape) },
    );
  }
  switch (type) {
    case "undefined":
      if (values.length === 0) return dtype("float64");
      break;
    case "number":
      return dtype("float64");
    case "bigint":
      return dtype("int64");
    case "boolean":
      return dtype("bool");
    case "Date":
      return dtype("datetime64[ms]");
    case "string":
      return dtype(`U${Math.max(1, longest(values as string[]))}`);
  }
  throw new NpyError(
    "ERR_NPY_VALUE",
    `No dtype for ${show(first)}: expected numbers, bigints, booleans, strings or Dates (records and bytes need a dtype).`,
    { index: indexOf(0, shape) },
  );
}

/** The longest string, in code points. */
function longest(values: readonly string[]): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as string;
    const kept = keptCodePoints(values, i, value);
    if (kept !== undefined) most = Math.max(most, kept.length);
    else if (value.length > most) most = Math.max(most, countCodePoints(value));
  }
  return most;
}

function typeOf(value: unknown): string {
  if (value instanceof Date) return "Date";
  return value === null ? "null" : typeof value;
}

/**
 * The bytes of `values` in `target`, in this machine's byte order and in the order of the values.
 *
 * @throws NpyError `ERR_NPY_VALUE` with the `index` of the first value that does not fit.
 */
export function encodeValues({ values, shape }: Values, target: DType): Uint8Array<ArrayBuffer> {
  const count = sizeOf(shape);
  const bytes = new Uint8Array(count * target.itemsize);
  const failed = values.length === count ? encoder(target)(values, bytes) : undefined;
  // Before, or while they were encoded.
  if (values.length !== count) throw changedLength(values.length, count);
  if (failed === undefined) return bytes;
  const { at, reason, field, value = values[at], within = [] } = failed;
  const index = [...indexOf(at, shape), ...within];
  const place = `[${index.join(", ")}]${field === undefined ? "" : `, field ${JSON.stringify(field)},`}`;
  throw new NpyError(
    "ERR_NPY_VALUE",
    `${show(value)} at ${place} does not fit into ${field === undefined ? target.str : formatDType(target)}: ${reason}.`,
    { index, field },
  );
}

/** A getter, or a Proxy, changed the array that was being read. */
function changedLength(found: number, expected: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `The array had ${expected} values, and ${found} after they were read: append a copy of it that nothing else changes.`,
  );
}

/** Making one costs more than using it on a few values. */
const encoders = new WeakMap<DType, Encoder>();

function encoder(target: DType): Encoder {
  const known = encoders.get(target);
  if (known !== undefined) return known;
  const made = makeEncoder(target);
  encoders.set(target, made);
  return made;
}

function makeEncoder(target: DType): Encoder {
  if (target.fields !== undefined) return recordEncoder(target, encoder);
  if (target.kind === "V" || isLongDouble(target)) return rawBytes(target.itemsize);
  switch (target.kind) {
    case "b":
      return elementwise((bytes) => bytes, toBoolean);
    case "i":
    case "u":
      return target.itemsize === 8 ? bigIntegers(target.kind === "i") : integers(target);
    case "f":
      return floats(target);
    case "c":
      return complexes(target);
    case "M":
    case "m": {
      const fromDate = dateToTicks(target);
      return elementwise(bigInt64View, (value) => toTicks(value, target, fromDate));
    }
    case "S":
      return strings(target.itemsize, encodeLatin1);
    case "U":
      return strings(target.itemsize, encodeUtf32);
  }
}

/** Elements that JavaScript has no values for are given as their bytes. */
function rawBytes(itemsize: number): Encoder {
  return (values, bytes) => {
    for (let at = 0, { length } = values; at < length; at++) {
      const value = values[at];
      if (!(value instanceof Uint8Array) || value.length !== itemsize)
        return { at, reason: `expected a Uint8Array of ${itemsize} bytes` };
      bytes.set(value, at * itemsize);
    }
    return undefined;
  };
}

const bigInt64View = (bytes: Uint8Array<ArrayBuffer>) => new BigInt64Array(bytes.buffer);

/** Encoders by element: `convert` gives the element, or the reason why there is none. */
function elementwise<Element extends number | bigint>(
  view: (bytes: Uint8Array<ArrayBuffer>) => { [index: number]: Element },
  convert: (value: unknown) => Element | string,
): Encoder {
  return (values, bytes) => {
    const target = view(bytes);
    for (let at = 0; at < values.length; at++) {
      const element = convert(values[at]);
      if (typeof element === "string") return { at, reason: element };
      target[at] = element;
    }
    return undefined;
  };
}

function toBoolean(value: unknown): number | string {
  if (value === true || value === 1 || value === 1n) return 1;
  if (value === false || value === 0 || value === 0n) return 0;
  return "expected true or false";
}

const INTEGER_VIEWS = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
} as const;

function integers({ kind, itemsize }: DType): Encoder {
  const View = INTEGER_VIEWS[`${kind}${itemsize}` as keyof typeof INTEGER_VIEWS];
  const [min, max] = integerRange(kind === "i", itemsize * 8).map(Number) as [number, number];
  return elementwise<number>(
    (bytes) => new View(bytes.buffer),
    (value) => {
      const number = typeof value === "boolean" || typeof value === "bigint" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isInteger(number)) return "expected a whole number";
      return number >= min && number <= max ? number : `expected ${min} to ${max}`;
    },
  );
}

function bigIntegers(signed: boolean): Encoder {
  const [min, max] = integerRange(signed, 64);
  return elementwise<bigint>(
    (bytes) => (signed ? new BigInt64Array(bytes.buffer) : new BigUint64Array(bytes.buffer)),
    (value) => {
      const integer = toBigInt(value);
      if (integer === undefined) return "expected a whole number";
      return integer >= min && integer <= max ? integer : `expected ${min} to ${max}`;
    },
  );
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean" || (typeof value === "number" && Number.isInteger(value))) return BigInt(value);
  return undefined;
}

function toFloat(value: unknown, overflow: number, precision: number): number | string {
  if (typeof value === "number") {
    return Number.isFinite(value) && Math.abs(value) >= overflow ? "it is beyond the largest finite value" : value;
  }
  if (typeof value === "boolean") return Number(value);
  if (typeof value !== "bigint") return "expected a number";
  const number = Number(value);
  const magnitude = value < 0n ? -value : value;
  const exact = magnitude === 0n || significantBits(magnitude) <= precision;
  return exact && Math.abs(number) < overflow ? number : "a bigint must be exact";
}

function significantBits(magnitude: bigint): number {
  return magnitude.toString(2).replace(/0+$/, "").length;
}

/** Bits of the significand of floats of 2, 4 and 8 bytes. */
const PRECISION: Readonly<Record<number, number>> = { 2: 11, 4: 24, 8: 53 };

function floats({ itemsize }: DType): Encoder {
  const [overflow, precision] = [FLOAT_OVERFLOW[itemsize], PRECISION[itemsize]] as [number, number];
  const convert = (value: unknown): number | string => toFloat(value, overflow, precision);
  if (itemsize === 8) return elementwise((bytes) => new Float64Array(bytes.buffer), convert);
  if (itemsize === 4) return elementwise((bytes) => new Float32Array(bytes.buffer), convert);
  return (values, bytes) => {
    const doubles = new Uint8Array(values.length * 8);
    const failed = elementwise((wide) => new Float64Array(wide.buffer), convert)(values, doubles);
    if (failed === undefined) float64ToFloat16(doubles, bytes);
    return failed;
  };
}

function complexes({ itemsize }: DType): Encoder {
  const [overflow, precision] = [FLOAT_OVERFLOW[itemsize / 2], PRECISION[itemsize / 2]] as [number, number];
  return (values, bytes) => {
    const parts = itemsize === 8 ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer);
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      const pair = typeof value === "object" && value !== null && "re" in value && "im" in value ? value : { re: value, im: 0 };
      const re = toFloat(pair.re, overflow, precision);
      const im = toFloat(pair.im, overflow, precision);
      if (typeof re === "string") return { at, reason: `${re}, or { re, im }` };
      if (typeof im === "string") return { at, reason: `${im}, or { re, im }` };
      parts[2 * at] = re;
      parts[2 * at + 1] = im;
    }
    return undefined;
  };
}

/** A Date, or a count of the dtype's own steps. */
function toTicks(value: unknown, target: DType, fromDate: (date: Date) => bigint | string): bigint | string {
  if (value instanceof Date && target.kind === "M") return fromDate(value);
  const ticks = toBigInt(value);
  if (ticks === undefined || typeof value === "boolean") {
    return target.kind === "M" ? "expected a Date, or a whole number of its units" : "expected a whole number of its units";
  }
  const [min, max] = INT64;
  return ticks >= min && ticks <= max ? ticks : `expected ${min} to ${max}`;
}

const INT64 = integerRange(true, 64);

/** Encoders of strings: `encode` writes one into its place, or says why it cannot. */
function strings(itemsize: number, encode: (text: string, place: Uint8Array, kept?: Uint32Array) => string | undefined): Encoder {
  return (values, bytes) => {
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (typeof value !== "string") return { at, reason: "expected a string" };
      const kept = keptCodePoints(values, at, value);
      const reason = encode(value, bytes.subarray(at * itemsize, (at + 1) * itemsize), kept);
      if (reason !== undefined) return { at, reason };
    }
    return undefined;
  };
}

function encodeLatin1(text: string, place: Uint8Array): string | undefined {
  if (text.length > place.length) return `it has ${text.length} bytes, ${place.length} are there`;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) return "bytes are latin-1, which lacks one of its characters (use a U dtype)";
    place[i] = code;
  }
  return undefined;
}

/** `kept` are the code points of a text that was read, if the string does not have them. */
function encodeUtf32(text: string, place: Uint8Array, kept?: Uint32Array): string | undefined {
  const length = kept?.length ?? countCodePoints(text);
  if (length * 4 > place.length) return `it has ${length} characters, ${place.length / 4} are there`;
  const codes = new Uint32Array(place.buffer, place.byteOffset, place.length / 4);
  if (kept !== undefined) {
    codes.set(kept);
    return undefined;
  }
  let i = 0;
  for (const char of text) codes[i++] = char.codePointAt(0) as number;
  return undefined;
}

/** NumPy counts code points, JavaScript's `length` UTF-16 units. */
function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** The index of element `at`, counted in C order. */
function indexOf(at: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = at;
  for (const size of shape.toReversed()) {
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

function indexText(at: number, shape: readonly number[]): string {
  return `[${indexOf(at, shape).join(", ")}]`;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return `Date(${Number.isNaN(value.getTime()) ? "invalid" : value.toISOString()})`;
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return String(value);
}
