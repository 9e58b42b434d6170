/** Writes floats as Python's `str` writes NumPy's scalars, in ASCII. All functions return where the text ends. */
import { decimal, shortestFloat16, shortestFloat32 } from "../../cast/shortest-float.ts";
import { writeDigits2, writeDigits8, writeInteger } from "./integer-bytes.ts";
import { DOUBLE } from "./powers-of-ten.ts";
import { decimal64, shortestFloat64 } from "./shortest-float64.ts";

/** The longest text of a float is `-2.2250738585072014e-308`. More is written behind a shorter one, and overwritten later. */
export const LONGEST_FLOAT = 40;

const [ZERO, MINUS, PLUS, POINT, E] = [0x30, 0x2d, 0x2b, 0x2e, 0x65];

/** How a float that is not a number, or infinite, is written. */
export interface FloatWords {
  readonly nan: Uint8Array;
  readonly inf: Uint8Array;
}

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
export const PYTHON_WORDS: FloatWords = { nan: latin1("nan"), inf: latin1("inf") };
/** JSON has no such numbers. 1e999 is beyond every float. */
export const JSON_WORDS: FloatWords = { nan: latin1("null"), inf: latin1("1e999") };

/** Writes element `i` of an array: a float64 that is passed to a function becomes an object, which takes longer. */
export type WriteFloat = (bytes: Uint8Array, at: number, values: Floats, i: number, words: FloatWords) => number;

type Floats = Float32Array | Float64Array;

/** The writer for floats of a size in bytes. With `isPart` it writes whole numbers without a point, as in complex numbers. */
export function floatWriter(size: number, isPart = false): WriteFloat {
  const write = size === 2 ? writeFloat16 : size === 4 ? writeFloat32 : writeFloat64;
  if (isPart) return (bytes, at, values, i, words) => withoutPoint(bytes, at, write(bytes, at, values, i, words));
  return write;
}

function withoutPoint(bytes: Uint8Array, start: number, end: number): number {
  const isWhole = end - start > 2 && bytes[end - 1] === ZERO && bytes[end - 2] === POINT;
  return isWhole ? end - 2 : end;
}

function writeFloat64(bytes: Uint8Array, start: number, values: Floats, i: number, words: FloatWords): number {
  const value = values[i] as number;
  const magnitude = Math.abs(value);
  if (!(magnitude > 0 && magnitude < Number.POSITIVE_INFINITY)) return writeSpecial(bytes, start, value, words);
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  if (magnitude < 1e9 && Math.floor(magnitude) === magnitude) return writeWhole(bytes, at, magnitude);
  DOUBLE[0] = magnitude;
  shortestFloat64();
  const { high, low, exponent } = decimal64;
  return writeDecimal(bytes, at, high, low, exponent + 16, magnitude >= 1e-4 && magnitude < 1e16);
}

function writeFloat32(bytes: Uint8Array, start: number, values: Floats, i: number, words: FloatWords): number {
  const value = values[i] as number;
  const magnitude = Math.abs(value);
  if (!(magnitude > 0 && magnitude < Number.POSITIVE_INFINITY)) return writeSpecial(bytes, start, value, words);
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  if (magnitude < 1e6 && Math.floor(magnitude) === magnitude) return writeWhole(bytes, at, magnitude);
  shortestFloat32(magnitude);
  const { digits, exponent } = decimal;
  return writeDecimal(bytes, at, digits, 0, exponent + 8, magnitude >= 1e-4 && magnitude < 1e6);
}

/** The texts of all positive float16 that were written so far: for each its length, and its characters. */
let halves: Uint8Array | undefined;
const HALF_STRIDE = 16;

function writeFloat16(bytes: Uint8Array, start: number, values: Floats, i: number, words: FloatWords): number {
  const value = values[i] as number;
  const magnitude = Math.abs(value);
  if (!(magnitude > 0 && magnitude < Number.POSITIVE_INFINITY)) return writeSpecial(bytes, start, value, words);
  let at = start;
  if (value < 0) bytes[at++] = MINUS;
  halves ??= new Uint8Array(2 ** 15 * HALF_STRIDE);
  const place = HALF_STRIDE * halfBits(magnitude);
  if (halves[place] === 0) halves[place] = writeNewFloat16(halves, place + 1, magnitude) - place - 1;
  const length = halves[place] as number;
  for (let j = 1; j <= length; j++) bytes[at++] = halves[place + j] as number;
  return at;
}

const scratch = new Uint8Array(LONGEST_FLOAT);

function writeNewFloat16(bytes: Uint8Array, at: number, magnitude: number): number {
  shortestFloat16(magnitude);
  const { digits, exponent } = decimal;
  const end = writeDecimal(scratch, 0, digits, 0, exponent + 8, magnitude >= 1e-4 && magnitude < 1e3);
  bytes.set(scratch.subarray(0, end), at);
  return at + end;
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The bits of a positive float16. */
function halfBits(value: number): number {
  if (value < 2 ** -14) return value * 2 ** 24;
  single[0] = value;
  return ((singleBits[0] as number) >>> 13) - (112 << 10);
}

function writeSpecial(bytes: Uint8Array, start: number, value: number, { nan, inf }: FloatWords): number {
  let at = start;
  if (value < 0 || Object.is(value, -0)) bytes[at++] = MINUS;
  if (value === 0) return writeWhole(bytes, at, 0);
  const word = Number.isNaN(value) ? nan : inf;
  for (let i = 0; i < word.length; i++) bytes[at++] = word[i] as number;
  return at;
}

function writeWhole(bytes: Uint8Array, start: number, value: number): number {
  const at = writeInteger(bytes, start, value);
  bytes[at] = POINT;
  bytes[at + 1] = ZERO;
  return at + 2;
}

/** Writes 17 digits, `high` and `low`, without the zeros at their end. `first`: the exponent of the first. */
function writeDecimal(bytes: Uint8Array, at: number, high: number, low: number, first: number, isPositional: boolean): number {
  // The digits follow what comes before the point, which is moved in front of them.
  const isSmall = isPositional && first < 0;
  const before = isSmall ? at + 1 - first : at + 1;
  const top = (high / 1e8) | 0;
  bytes[before] = ZERO + top;
  writeDigits8(bytes, before + 1, high - 1e8 * top);
  writeDigits8(bytes, before + 9, low);
  let end = before + (low === 0 ? 9 : 17);
  while (bytes[end - 1] === ZERO) end--;
  if (isSmall) {
    bytes[at] = ZERO;
    bytes[at + 1] = POINT;
    for (let i = at + 2; i < before; i++) bytes[i] = ZERO;
    return end;
  }
  const whole = isPositional ? first + 1 : 1;
  for (let i = 0; i < whole; i++) bytes[at + i] = bytes[before + i] as number;
  const point = at + whole;
  bytes[point] = POINT;
  if (isPositional) {
    if (end > point + 1) return end;
    bytes[point + 1] = ZERO;
    return point + 2;
  }
  return writeExponent(bytes, end > point + 1 ? end : point, first);
}

/** Python writes at least two digits of an exponent. */
function writeExponent(bytes: Uint8Array, start: number, exponent: number): number {
  bytes[start] = E;
  bytes[start + 1] = exponent < 0 ? MINUS : PLUS;
  const magnitude = Math.abs(exponent);
  if (magnitude < 100) return writeDigits2(bytes, start + 2, magnitude);
  return writeInteger(bytes, start + 2, magnitude);
}
