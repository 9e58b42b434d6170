/**
 * Text (S and U) from and to everything else. Numbers are written as by Python's `str`, cut off where the text is too short, and read as by
 * Python's `int`, `float` and `complex`.
 */

import { type NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import type { DType } from "../format/dtype.ts";
import { BEYOND_FINITE, floatLimits, integerRange } from "../format/fit.ts";
import { latin1 } from "../format/latin1.ts";
import { elementsOf } from "../format/scalars.ts";
import { formatDatetime, formatTimedelta, NOT_A_TIME, parseDatetime } from "./datetime.ts";
import { formatComplex, formatFloat } from "./float-text.ts";
import { type Conversion, chain, copyBytes, type Kernel, unconvertible } from "./kernel.ts";
import { type NumberCode, numberCode, numberKernel } from "./numbers.ts";

export function isText({ kind }: DType): boolean {
  return kind === "S" || kind === "U";
}

/**
 * The conversion between two dtypes, at least one of them text. With `refusesOverflow` it refuses text that would be cut off, and numbers that
 * are beyond a float's range; without, both become what they become in NumPy.
 */
export function textConversion(from: DType, to: DType, refusesOverflow: boolean = false): Conversion {
  if (!isText(to)) return parsing(from, to, refusesOverflow);
  return isText(from) ? recoding(from, to, refusesOverflow) : formatting(from, to, refusesOverflow);
}

type Codes = Uint8Array | Uint32Array;

/** The characters of all texts in a row. */
function codesOf(bytes: Uint8Array, { kind }: DType): Codes {
  return kind === "S" ? bytes : elementsOf(bytes, "u4");
}

/** The room of a text, in characters. */
function lengthOf({ kind, itemsize }: DType): number {
  return kind === "S" ? itemsize : itemsize / 4;
}

/** One text, without its trailing NULs, which are padding. */
function textAt(codes: Codes, i: number, length: number): string {
  let end = (i + 1) * length;
  while (end > i * length && codes[end - 1] === 0) end--;
  const kept = codes.subarray(i * length, end);
  if (kept instanceof Uint8Array) return latin1(kept);
  let text = "";
  for (const code of kept) text += code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  return text;
}

/** Between texts of different lengths, and between S and U, which share only ASCII. */
function recoding(from: DType, to: DType, refusesCut: boolean): Conversion {
  if (from.kind === to.kind) return { convert: copyBytes(from.itemsize, to.itemsize), canFail: false };
  const [length, room] = [lengthOf(from), lengthOf(to)];
  const convert: Kernel = (source, target) => {
    target.fill(0);
    const sourceCodes = codesOf(source, from);
    const targetCodes = codesOf(target, to);
    for (let i = 0; i * length < sourceCodes.length; i++) {
      for (let at = 0; at < length; at++) {
        const code = sourceCodes[i * length + at] as number;
        if (code > 0x7f) {
          throw unconvertible(quoted(textAt(sourceCodes, i, length)), to, "it has characters beyond ASCII");
        }
        if (at < room) targetCodes[i * room + at] = code;
        else if (refusesCut && code !== 0) throw tooLong(textAt(sourceCodes, i, length), to);
      }
    }
  };
  return { convert, canFail: true };
}

function tooLong(text: string, to: DType): NpyError {
  return unconvertible(quoted(text), to, `it has ${counted(text.length, "character")}`);
}

// ---- from values to text ----

function formatting(from: DType, to: DType, refusesCut: boolean): Conversion {
  const room = lengthOf(to);
  const format = formatter(from);
  // As in NumPy, numbers are cut off to fit. A date that is cut off would be another date.
  const isStrict = refusesCut || from.kind === "M";
  const convert: Kernel = (source, target) => {
    target.fill(0);
    const codes = codesOf(target, to);
    const textOf = format(source);
    for (let i = 0; i * room < codes.length; i++) {
      const text = textOf(i);
      if (isStrict && text.length > room) throw tooLong(text, to);
      for (let at = 0; at < Math.min(room, text.length); at++) codes[i * room + at] = text.charCodeAt(at);
    }
  };
  return { convert, canFail: isStrict };
}

/** Given the bytes of elements, a function that gives the text of each. */
function formatter(from: DType): (bytes: Uint8Array) => (i: number) => string {
  const { kind, itemsize } = from;
  switch (kind) {
    case "b":
      return (bytes) => (i) => (bytes[i] === 0 ? "False" : "True");
    case "M":
    case "m": {
      const format = kind === "M" ? formatDatetime : formatTimedelta;
      return (bytes) => {
        const counts = elementsOf(bytes, "i8");
        return (i) => format(counts[i] as bigint, from);
      };
    }
    case "f":
    case "c": {
      const size = kind === "f" ? itemsize : itemsize / 2;
      return (bytes) => {
        const parts = doublesOf(bytes, size);
        if (kind === "f") return (i) => formatFloat(parts[i] as number, size);
        return (i) => formatComplex(parts[2 * i] as number, parts[2 * i + 1] as number, size);
      };
    }
    default:
      return (bytes) => {
        const counts = new BigInt64Array(bytes.length / itemsize);
        const wide: NumberCode = kind === "u" ? "u8" : "i8";
        numberKernel(numberCode(from), wide)(bytes, new Uint8Array(counts.buffer));
        const integers = kind === "u" ? new BigUint64Array(counts.buffer) : counts;
        return (i) => String(integers[i]);
      };
  }
}

function doublesOf(bytes: Uint8Array, size: number): Float64Array {
  const doubles = new Float64Array(bytes.length / size);
  numberKernel(`f${size}` as NumberCode, "f8")(bytes, new Uint8Array(doubles.buffer));
  return doubles;
}

// ---- from text to values ----

function parsing(from: DType, to: DType, refusesOverflow: boolean): Conversion {
  const { kind } = to;
  if (kind === "b") return { convert: isNotEmpty(from.itemsize), canFail: false };
  if (kind === "f" || kind === "c") {
    const [wide, size]: [NumberCode, number] = kind === "f" ? ["f8", 8] : ["c16", 16];
    return {
      convert: chain(parseFloats(from, to, refusesOverflow), from.itemsize, size, numberKernel(wide, numberCode(to))),
      canFail: true,
    };
  }
  const parse = kind === "M" ? parseDatetime : kind === "m" ? parseTimedelta : parseInteger;
  const narrow = numberKernel("i8", numberCode(to));
  const length = lengthOf(from);
  const convert: Kernel = (source, target) => {
    const codes = codesOf(source, from);
    const counts = elementsOf(target, "i8");
    for (let i = 0; i < counts.length; i++) counts[i] = parse(textAt(codes, i, length), to);
  };
  return { convert: chain(convert, from.itemsize, 8, narrow), canFail: true };
}

/** As in NumPy, every text but the empty one is true, even `"0"` and `"False"`. */
function isNotEmpty(itemsize: number): Kernel {
  return (source, target) => {
    for (let i = 0; i < target.length; i++) target[i] = source.subarray(i * itemsize, (i + 1) * itemsize).some(Boolean) ? 1 : 0;
  };
}

const DIGITS = String.raw`\d(?:_?\d)*`;
const FLOAT = String.raw`(?:(?:${DIGITS}(?:\.(?:${DIGITS})?)?|\.${DIGITS})(?:e[+-]?${DIGITS})?|inf(?:inity)?|nan)`;
const INTEGER = new RegExp(`^\\s*([+-]?)(${DIGITS})\\s*$`);
const REAL = new RegExp(`^\\s*([+-]?${FLOAT})\\s*$`, "i");
/** Of text without spaces around it: with them, both of its parts being optional, looking for them would take time quadratic in their number. */
const COMPLEX = new RegExp(`^(?:([+-]?${FLOAT})(?![\\w.]))?(?:([+-]?${FLOAT}|[+-]?)j)?$`, "i");

/** Integers out of range are an error in NumPy, too. */
function parseInteger(text: string, to: DType): bigint {
  const [, sign, digits] = INTEGER.exec(text) ?? [];
  const [min, max] = integerRange(to);
  const magnitude = digits === undefined ? undefined : BigInt(digits.replaceAll("_", ""));
  const value = magnitude === undefined ? undefined : sign === "-" ? -magnitude : magnitude;
  if (value !== undefined && value >= min && value <= max) return BigInt.asIntN(64, value);
  throw unconvertible(quoted(text), to, `expected a whole number from ${min} to ${max}`);
}

function parseTimedelta(text: string, to: DType): bigint {
  if (/^(nat)?$/i.test(text)) return NOT_A_TIME;
  if (!/^\s*[+-]?\d+$/.test(text)) throw unconvertible(quoted(text), to, 'expected a whole number of its units, or "NaT"');
  return parseInteger(text, to);
}

/** Parses into float64, or pairs of them. */
function parseFloats(from: DType, to: DType, refusesOverflow: boolean): Kernel {
  const isComplex = to.kind === "c";
  const least = refusesOverflow ? floatLimits(to)[0] : Number.POSITIVE_INFINITY;
  return (source, target) => {
    const parts = elementsOf(target, "f8");
    const codes = codesOf(source, from);
    const length = lengthOf(from);
    for (let i = 0; i * length < codes.length; i++) {
      const text = textAt(codes, i, length);
      if (isComplex) [parts[2 * i], parts[2 * i + 1]] = parseComplex(text, to) as [number, number];
      else parts[i] = parseReal(text, to);
      if (refusesOverflow && !/inf/i.test(text)) {
        const width = isComplex ? 2 : 1;
        for (const part of parts.subarray(i * width, (i + 1) * width)) {
          if (Math.abs(part) >= least) throw unconvertible(quoted(text), to, BEYOND_FINITE);
        }
      }
    }
  };
}

function parseReal(text: string, to: DType): number {
  const [, digits] = REAL.exec(text) ?? [];
  if (digits === undefined) throw unconvertible(quoted(text), to, "expected a number");
  return toNumber(digits);
}

/** `1`, `2j`, `1+2j`, `(1+2j)`, `j`. */
function parseComplex(text: string, to: DType): [re: number, im: number] {
  const inner = /^\s*\((.*)\)\s*$/s.exec(text)?.[1] ?? text;
  const [whole, re, im] = COMPLEX.exec(inner.trim()) ?? [];
  if (whole === undefined || (re === undefined && im === undefined)) {
    throw unconvertible(quoted(text), to, 'expected a complex number, such as "1+2j"');
  }
  return [re === undefined ? 0 : toNumber(re), im === undefined ? 0 : toNumber(/\w/.test(im) ? im : `${im}1`)];
}

function toNumber(digits: string): number {
  const word = digits.toLowerCase().replace(/^[+-]/, "");
  const sign = digits.startsWith("-") ? -1 : 1;
  if (word.startsWith("inf")) return sign * Number.POSITIVE_INFINITY;
  return word === "nan" ? Number.NaN : sign * Number(word.replaceAll("_", ""));
}
