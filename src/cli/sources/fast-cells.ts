/** Reads cells of CSV from bytes into the bytes of their elements, where a few simple rules suffice. All else is left to `CsvReader`. */
import type { DType } from "../../node.ts";
import { UsageError } from "../program/failure.ts";
import { isRaw } from "../text/cell.ts";
import { NOT_A_TIME } from "../text/times.ts";
import { isHalfway, parsed, parseNumber, VALUE } from "./fast-number.ts";
import { parseTime, timeFormat } from "./fast-time.ts";
import { valuesOfTexts } from "./text-values.ts";

/** Reads the cell at `at`, writes its element to `target`, and returns where the cell ends; -1 for a cell that it leaves to others. */
export type ReadCell = (bytes: Buffer, at: number, view: DataView, target: number) => number;

const [LINE_FEED, RETURN, SPACE, QUOTE, MINUS, ZERO] = [0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x30];

/** The reader of cells of a dtype; `undefined` if there is none. `delimiter`: the code of the character that ends a cell. */
export function cellReader(dtype: DType, delimiter: number, isInferred: boolean): ReadCell | undefined {
  const { kind, itemsize } = dtype;
  if (isRaw(dtype)) return undefined;
  const isLittle = !dtype.str.startsWith(">");
  switch (kind) {
    case "U":
      return textReader(itemsize, delimiter, isLittle);
    case "M": {
      const format = timeFormat(dtype);
      return format && ((bytes, at, view, target) => parseTime(bytes, at, delimiter, format, view, target, isLittle));
    }
    case "S":
      return undefined;
    case "i":
    case "u":
      return integerReader(dtype, delimiter, isLittle, numberReader(dtype, delimiter, isLittle, isInferred));
    case "f":
    case "c":
    case "b":
    case "m":
      return numberReader(dtype, delimiter, isLittle, isInferred);
    default:
      return undefined;
  }
}

/** Writes the number in {@link VALUE}, or returns false if the dtype does not hold it. */
type Store = (view: DataView, target: number) => boolean;

/** Writes a value that text was converted to. */
type StoreValue = (view: DataView, target: number, value: unknown) => boolean;

function numberReader(dtype: DType, delimiter: number, isLittle: boolean, isInferred: boolean): ReadCell {
  const store = storeOf(dtype, isLittle);
  const storeValue = valueStore(dtype, isLittle, store);
  const convert = valuesOfTexts(dtype, isInferred);
  /** Words, and numbers whose digits need a closer look. */
  const readText: ReadCell = (bytes, at, view, target) => {
    const end = endOfCell(bytes, at, delimiter);
    if (end < 0) return -1;
    try {
      const [value] = Array.from(convert([bytes.toString("latin1", at, end)]));
      return storeValue(view, target, value) ? end : -1;
    } catch (error) {
      if (error instanceof UsageError) return -1;
      throw error;
    }
  };
  if (dtype.kind === "c" || dtype.kind === "b") return readText;
  const isAccepted = dtype.kind === "f" ? floatCheck(dtype.itemsize, isInferred) : () => parsed.isWhole;
  return (bytes, start, view, target) => {
    let at = start;
    if (delimiter !== SPACE) while (bytes[at] === SPACE) at++;
    parseNumber(bytes, at);
    let { end } = parsed;
    if (end < 0) return readText(bytes, start, view, target);
    while (bytes[end] === SPACE && delimiter !== SPACE) end++;
    const byte = bytes[end];
    if (byte !== delimiter && byte !== LINE_FEED && byte !== RETURN) return readText(bytes, start, view, target);
    if (isAccepted()) return store(view, target) ? end : -1;
    return readText(bytes, start, view, target);
  };
}

/** So many digits are always below 2 ** 31. */
const FEW_DIGITS = 9;

/** Reads integers of few digits, with nothing around them. All others are for `readOthers`. */
function integerReader({ kind, itemsize }: DType, delimiter: number, isLittle: boolean, readOthers: ReadCell): ReadCell {
  const bits = Math.min(8 * itemsize, 32);
  const most = (kind === "u" ? 2 ** bits : 2 ** (bits - 1)) - 1;
  const least = kind === "u" ? 0 : -most - 1;
  return (bytes, start, view, target) => {
    let at = start;
    let byte = bytes[at] as number;
    const isNegative = byte === MINUS;
    if (isNegative) byte = bytes[++at] as number;
    const first = at;
    let value = 0;
    for (let digit = byte - ZERO; digit >= 0 && digit <= 9 && at - first <= FEW_DIGITS; digit = byte - ZERO) {
      value = (10 * value + digit) | 0;
      byte = bytes[++at] as number;
    }
    const count = at - first;
    const isCell = count > 0 && count <= FEW_DIGITS && (byte === delimiter || byte === LINE_FEED || byte === RETURN);
    if (isNegative) value = -value | 0;
    if (!isCell || value < least || value > most) return readOthers(bytes, start, view, target);
    if (itemsize === 4) view.setInt32(target, value, isLittle);
    else if (itemsize === 2) view.setInt16(target, value, isLittle);
    else if (itemsize === 1) view.setInt8(target, value);
    else {
      view.setInt32(target + (isLittle ? 0 : 4), value, isLittle);
      view.setInt32(target + (isLittle ? 4 : 0), value >> 31, isLittle);
    }
    return at;
  };
}

/** Whether the nearest float64 is enough to know the element. */
function floatCheck(size: number, isInferred: boolean): () => boolean {
  const isDecided = size === 8 ? () => true : () => !isHalfway(VALUE[0] as number, size);
  return isInferred ? () => Math.abs(VALUE[0] as number) <= Number.MAX_SAFE_INTEGER && isDecided() : isDecided;
}

/** The end of a cell of ASCII; -1 for others, and if it has a quote. */
function endOfCell(bytes: Uint8Array, start: number, delimiter: number): number {
  for (let at = start; ; at++) {
    const byte = bytes[at] as number;
    if (byte === delimiter || byte === LINE_FEED || byte === RETURN) return at;
    if (byte >= 0x80 || byte === QUOTE) return -1;
  }
}

function storeOf({ kind, itemsize }: DType, isLittle: boolean): Store {
  if (kind === "f") return floatStore(itemsize, isLittle);
  return kind === "c" ? floatStore(itemsize / 2, isLittle) : integerStore(itemsize, kind !== "u", isLittle);
}

function valueStore({ kind, itemsize }: DType, isLittle: boolean, store: Store): StoreValue {
  const storeNumber = (view: DataView, target: number, value: number): boolean => {
    VALUE[0] = value;
    return store(view, target);
  };
  return (view, target, value) => {
    if (kind === "c") {
      const { re, im } = value as { readonly re: number; readonly im: number };
      return storeNumber(view, target, re) && storeNumber(view, target + itemsize / 2, im);
    }
    if (typeof value === "bigint" && itemsize === 8) {
      view.setBigInt64(target, value, isLittle);
      return kind === "u" ? value >= 0n && value < -2n * NOT_A_TIME : value >= NOT_A_TIME && value < -NOT_A_TIME;
    }
    return storeNumber(view, target, Number(value));
  };
}

function floatStore(size: number, isLittle: boolean): Store {
  switch (size) {
    case 8:
      return (view, target) => {
        view.setFloat64(target, VALUE[0] as number, isLittle);
        return true;
      };
    case 4:
      return (view, target) => {
        const value = VALUE[0] as number;
        view.setFloat32(target, value, isLittle);
        return Math.abs(Math.fround(value)) < Number.POSITIVE_INFINITY || !Number.isFinite(value);
      };
    default:
      return (view, target) => {
        const value = VALUE[0] as number;
        const bits = halfBits(value);
        view.setUint16(target, bits, isLittle);
        return (bits & 0x7fff) !== 0x7c00 || !Number.isFinite(value);
      };
  }
}

/** The float16 nearest to a float64. */
function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (magnitude >= 65_520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const steps = magnitude * 2 ** (10 - exponent);
  const below = Math.floor(steps);
  const rest = steps - below;
  const nearest = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  // In the bits of normal numbers, the exponent takes the place of the first digit.
  return sign | (nearest + (exponent + 14) * 1024);
}

function integerStore(size: number, isSigned: boolean, isLittle: boolean): Store {
  const [least, most] = isSigned ? [-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1] : [0, 2 ** (8 * size) - 1];
  const isWithin = (): boolean => (VALUE[0] as number) >= least && (VALUE[0] as number) <= most;
  switch (size) {
    case 1:
      return (view, target) => {
        view.setUint8(target, VALUE[0] as number);
        return isWithin();
      };
    case 2:
      return (view, target) => {
        view.setUint16(target, VALUE[0] as number, isLittle);
        return isWithin();
      };
    case 4:
      return (view, target) => {
        view.setUint32(target, VALUE[0] as number, isLittle);
        return isWithin();
      };
    default:
      return (view, target) => {
        const value = VALUE[0] as number;
        view.setUint32(target + (isLittle ? 0 : 4), value, isLittle);
        view.setInt32(target + (isLittle ? 4 : 0), Math.floor(value / 2 ** 32), isLittle);
        return isSigned || value >= 0;
      };
  }
}

/** Text of at most `itemsize / 4` characters. */
function textReader(itemsize: number, delimiter: number, isLittle: boolean): ReadCell {
  return (bytes, start, view, target) => {
    const limit = target + itemsize;
    const isQuoted = bytes[start] === QUOTE;
    let at = isQuoted ? start + 1 : start;
    let to = target;
    for (; ; to += 4) {
      let code = bytes[at] as number;
      if (isQuoted) {
        if (code === QUOTE && bytes[++at] !== QUOTE) break;
        if (code === LINE_FEED || code === RETURN) return -1;
      } else if (code === delimiter || code === LINE_FEED || code === RETURN) break;
      else if (code === QUOTE) return -1;
      let length = 1;
      if (code >= 0x80) {
        // Valid UTF-8: it was encoded from a string.
        length = code >= 0xf0 ? 4 : code >= 0xe0 ? 3 : 2;
        code &= 0xff >> (length + 1);
        for (let i = 1; i < length; i++) code = (code << 6) | ((bytes[at + i] as number) & 0x3f);
      }
      // A text that is too long, or holds NULs, which NumPy drops at its end.
      if (to === limit || code === 0) return -1;
      view.setUint32(to, code, isLittle);
      at += length;
    }
    for (; to < limit; to += 4) view.setUint32(to, 0);
    return at;
  };
}
