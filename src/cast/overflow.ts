/**
 * Finds values that another dtype cannot hold, for `onOverflow: "throw"`: integers that would wrap around, finite floats that would become
 * infinite, and text or bytes that would be cut off. Only lost digits are not an overflow: a fraction, or an imaginary part.
 */
import { type DType, nativeDType } from "../format/dtype.ts";
import { BEYOND_FINITE, floatLimits, integerRange, outOfRange } from "../format/fit.ts";
import { type ElementCode, elementsOf, isLongDouble, NATIVE_BYTE_ORDER } from "../format/scalars.ts";
import { conversionOf, conversionOfHeld } from "./convert.ts";
import { type Conversion, chain, HIGH, type Kernel, LOW, unconvertible } from "./kernel.ts";
import { type NumberCode, numberCode, numberKernel } from "./numbers.ts";
import { structureConversion } from "./structure.ts";
import { isText, textConversion } from "./text.ts";

/** What happens to typed data that another dtype cannot hold: they change, as in NumPy, or are refused. */
export type OnOverflow = "wrap" | "throw";

export const ON_OVERFLOW: readonly OnOverflow[] = ["wrap", "throw"];

/**
 * What has to run over all elements before they are converted, and whether it may refuse one. With `"throw"`, numbers are only looked at: the
 * target stays as it is.
 */
export function checkOf(from: DType, to: DType, onOverflow: OnOverflow): Conversion {
  if (onOverflow === "wrap") return conversionOf(from, to);
  if (from.fields !== undefined || to.fields !== undefined) {
    return structureConversion(from, to, (source, target) => checkOf(source, target, onOverflow));
  }
  const conversion = conversionOf(from, to);
  if (to.kind === "V" || (from.kind === to.kind && isText(to)))
    return isCut(from, to) ? refusing(nothingCut(from, to)) : conversion;
  if (isText(from) || isText(to)) return textConversion(from, to, true);
  const isCopy = isLongDouble(to) || (from.datetime !== undefined && to.datetime !== undefined);
  const check = isCopy ? undefined : rangeCheck(from, to);
  return check === undefined ? conversion : refusing(check);
}

/** The same for elements that are held as another dtype: see {@link conversionOfHeld}. */
export function checkOfHeld(held: DType, elements: DType, to: DType, onOverflow: OnOverflow): Conversion {
  if (onOverflow === "wrap") return conversionOfHeld(held, elements, to);
  if (!"SUV".includes(to.kind)) return checkOf(held, to, onOverflow);
  const own = nativeDType(elements);
  const { convert, canFail } = checkOf(own, to, onOverflow);
  return { convert: chain(conversionOf(held, own).convert, held.itemsize, own.itemsize, convert), canFail };
}

function refusing(convert: Kernel): Conversion {
  return { convert, canFail: true };
}

function isCut(from: DType, to: DType): boolean {
  return from.itemsize > to.itemsize;
}

/** Zeros are padding: only other bytes are lost. */
function nothingCut(from: DType, to: DType): Kernel {
  const { itemsize } = from;
  const room = to.itemsize;
  return (source) => {
    for (let start = 0; start < source.length; start += itemsize) {
      for (let i = start + room; i < start + itemsize; i++) {
        if (source[i] !== 0) throw unconvertible(from.str, to, "it would be cut off");
      }
    }
  };
}

/** `undefined` if every number fits. */
function rangeCheck(from: DType, to: DType): Kernel | undefined {
  const source = numberCode(from);
  const isFloat = from.kind === "f" || from.kind === "c";
  if (source === "b1" || to.kind === "b") return undefined;
  if (to.kind === "f" || to.kind === "c") return infinityCheck(from, to);
  // Times are counts of steps in an int64. What is not a number becomes not a time.
  const isTime = to.datetime !== undefined;
  const [min, max] = integerRange({ kind: isTime ? "i" : to.kind, itemsize: to.itemsize });
  const reason = outOfRange(min, max);
  if (!isFloat) {
    const [least, greatest] = integerRange({ kind: source.startsWith("u") ? "u" : "i", itemsize: from.itemsize });
    if (least >= min && greatest <= max) return undefined;
    return integerCheck(source as IntegerCode, min, max, to);
  }
  // A fraction is cut off. Between -(2^63) - 1 and -(2^63) there is no float64, so the next one stands for it.
  const below = min === -(2n ** 63n) ? Number(min) * (1 + Number.EPSILON) : Number(min) - 1;
  return overDoubles(source, between(below, Number(max + 1n), to, reason, isTime));
}

function infinityCheck(from: DType, to: DType): Kernel | undefined {
  const [least] = floatLimits(to);
  const source = numberCode(from);
  const isFloat = from.kind === "f" || from.kind === "c";
  const [greatest] = isFloat ? floatLimits(from) : [Number(integerRange(from).find((end) => end > 0n))];
  if (greatest <= least) return undefined;
  const scan = finite(least, to);
  return source === "c16" && to.kind === "c" ? scan : overDoubles(source, scan);
}

/** Runs over numbers as float64; of complex ones over the real parts, which are all that a conversion to real numbers keeps. */
function overDoubles(source: NumberCode, scan: Kernel): Kernel {
  return source === "f8" ? scan : chain(numberKernel(source, "f8"), Number(source.slice(1)), 8, scan);
}

// Each of the loops below sees one kind of array only, which keeps it fast. Floats four at a time take half the time.

/** Refuses numbers that are not between two others. */
function between(below: number, above: number, to: DType, reason: string, allowsNaN: boolean): Kernel {
  const check = (value: number): void => {
    if ((value > below && value < above) || (allowsNaN && Number.isNaN(value))) return;
    throw unconvertible(String(value), to, reason);
  };
  return (source) => {
    const doubles = elementsOf(source, "f8");
    const { length } = doubles;
    let i = 0;
    for (; i + 3 < length; i += 4) {
      const a = doubles[i] as number;
      const b = doubles[i + 1] as number;
      const c = doubles[i + 2] as number;
      const d = doubles[i + 3] as number;
      if (a > below && a < above && b > below && b < above && c > below && c < above && d > below && d < above) continue;
      check(a);
      check(b);
      check(c);
      check(d);
    }
    for (; i < length; i++) check(doubles[i] as number);
  };
}

/** Refuses finite numbers that would become infinite. */
function finite(least: number, to: DType): Kernel {
  const check = (value: number): void => {
    if (Math.abs(value) >= least && Number.isFinite(value)) throw unconvertible(String(value), to, BEYOND_FINITE);
  };
  return (source) => {
    const doubles = elementsOf(source, "f8");
    const { length } = doubles;
    let i = 0;
    for (; i + 3 < length; i += 4) {
      const a = doubles[i] as number;
      const b = doubles[i + 1] as number;
      const c = doubles[i + 2] as number;
      const d = doubles[i + 3] as number;
      if (Math.abs(a) < least && Math.abs(b) < least && Math.abs(c) < least && Math.abs(d) < least) continue;
      check(a);
      check(b);
      check(c);
      check(d);
    }
    for (; i < length; i++) check(doubles[i] as number);
  };
}

/** An integer dtype's code. */
type IntegerCode = Exclude<ElementCode, "f4" | "f8">;

/** Refuses integers that are not from `least` to `greatest`. They are looked at one by one only if one of them does not fit. */
function integerCheck(from: IntegerCode, least: bigint, greatest: bigint, to: DType): Kernel {
  const size = Number(from.slice(1));
  const isUnsigned = from.startsWith("u");
  const [min, max] = integerRange({ kind: isUnsigned ? "u" : "i", itemsize: size });
  // Of integers that may be negative in both dtypes the upper bits are all alike, of others they are 0.
  const low = least > min ? least : min;
  const high = greatest < max ? greatest : max;
  const misfits = low < 0n ? signedMisfits(size, high) : unsignedMisfits(size, high);
  return (source) => {
    if (!misfits(source)) return;
    for (const value of elementsOf(source, from) as Iterable<number | bigint>) {
      if (value < least || value > greatest) throw unconvertible(String(value), to, outOfRange(least, greatest));
    }
  };
}

/** Whether any integer has a bit that is not one of those from 0 to `max`, looked for in two words at a time. */
function unsignedMisfits(size: number, max: bigint): (source: Uint8Array) => boolean {
  const mask = new Uint8Array(8);
  const bits = BigInt.asUintN(8 * size, ~max);
  for (let at = 0; at < 8; at += size) {
    for (let i = 0; i < size; i++)
      mask[at + (NATIVE_BYTE_ORDER === "<" ? i : size - 1 - i)] = Number((bits >> BigInt(8 * i)) & 0xffn);
  }
  const [first, second] = new Int32Array(mask.buffer) as unknown as [number, number];
  return (source) => {
    const whole = source.length - (source.length % 8);
    const words = new Int32Array(source.buffer, source.byteOffset, whole / 4);
    let found = 0;
    for (let i = 0; i < words.length; i += 2) found |= ((words[i] as number) & first) | ((words[i + 1] as number) & second);
    for (let at = whole; at < source.length; at++) found |= (source[at] as number) & (mask[at - whole] as number);
    return found !== 0;
  };
}

/** The same for integers from `-max - 1` to `max`: the bits above `max` must be those of the sign. */
function signedMisfits(size: number, max: bigint): (source: Uint8Array) => boolean {
  const shift = max.toString(2).length + 1;
  const bias = Number(max) + 1;
  if (size === 2) {
    return (source) => {
      const integers = elementsOf(source, "i2");
      let found = 0;
      for (let i = 0; i < integers.length; i++) found |= ((integers[i] as number) + bias) >>> shift;
      return found !== 0;
    };
  }
  if (size === 4) {
    return (source) => {
      const integers = elementsOf(source, "i4");
      let found = 0;
      for (let i = 0; i < integers.length; i++) found |= ((integers[i] as number) + bias) >>> shift;
      return found !== 0;
    };
  }
  const drop = 32 - shift;
  return (source) => {
    const words = elementsOf(source, "i4");
    let found = 0;
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i + LOW] as number;
      found |= (((low << drop) >> drop) ^ low) | ((low >> 31) ^ (words[i + HIGH] as number));
    }
    return found !== 0;
  };
}
