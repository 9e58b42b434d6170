/**
 * Finds values that another dtype cannot hold, for `onOverflow: "throw"`: integers that would wrap around, finite floats that would become
 * infinite, and text or bytes that would be cut off. Only lost digits are not an overflow: a fraction, or an imaginary part.
 */
import { type DType, nativeDType } from "../format/dtype.ts";
import { BEYOND_FINITE, floatLimits, integerRange, outOfRange } from "../format/fit.ts";
import { elementsOf, isLongDouble } from "../format/scalars.ts";
import { conversionOf, conversionOfHeld } from "./convert.ts";
import { type Conversion, chain, HIGH, type Kernel, unconvertible } from "./kernel.ts";
import { type NumberCode, numberCode, numberKernel } from "./numbers.ts";
import { structureConversion } from "./structure.ts";
import { isText, textConversion } from "./text.ts";

/** What happens to typed data that another dtype cannot hold: they change, as in NumPy, or are refused. */
export type OnOverflow = (typeof ON_OVERFLOW)[number];

export const ON_OVERFLOW = ["wrap", "throw"] as const;

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
    if (from.itemsize === 8 && to.itemsize === 8) return sameSign(source as "i8" | "u8", to, reason);
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

// Each of these loops sees one kind of array only, which keeps it fast.

/** Refuses numbers that are not between two others. */
function between(below: number, above: number, to: DType, reason: string, allowsNaN: boolean): Kernel {
  return (source) => {
    const doubles = elementsOf(source, "f8");
    for (let i = 0; i < doubles.length; i++) {
      const value = doubles[i] as number;
      if (value > below && value < above) continue;
      if (!allowsNaN || !Number.isNaN(value)) throw unconvertible(String(value), to, reason);
    }
  };
}

/** Refuses finite numbers that would become infinite. */
function finite(least: number, to: DType): Kernel {
  return (source) => {
    const doubles = elementsOf(source, "f8");
    for (let i = 0; i < doubles.length; i++) {
      const value = doubles[i] as number;
      if (Math.abs(value) >= least && Number.isFinite(value)) throw unconvertible(String(value), to, BEYOND_FINITE);
    }
  };
}

/** Refuses 64-bit integers whose sign bit means something else in `to`. */
function sameSign(from: "i8" | "u8", to: DType, reason: string): Kernel {
  return (source) => {
    const words = elementsOf(source, "i4");
    for (let i = HIGH; i < words.length; i += 2) {
      if ((words[i] as number) < 0) throw unconvertible(String(elementsOf(source, from)[i >> 1]), to, reason);
    }
  };
}
