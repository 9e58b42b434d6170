/**
 * Conversions among bools, integers, floats and complex numbers, as by `numpy.ndarray.astype`: integers wrap around, floats lose
 * their fraction, complex numbers their imaginary part, and everything but zero (NaN included) is true.
 *
 * C leaves a float beyond the integer's range undefined. Here it becomes what NumPy gives on x86-64.
 */
import type { DType } from "../format/dtype.ts";
import { type ElementCode, elementsOf } from "../format/scalars.ts";
import { isZeroOrOne } from "../memory/bools.ts";
import { copyElements } from "../memory/lanes.ts";
import { float16ToFloat32, float16ToFloat64, float32ToFloat16, float64ToFloat16 } from "./float16.ts";
import { chain, copyBytes, HIGH, type Kernel, LOW, makeScratch } from "./kernel.ts";

/** Kind and size of a number. datetime64 and timedelta64 are i8 here. */
export type NumberCode = ElementCode | "b1" | "f2" | "c8" | "c16";

export function numberCode({ kind, itemsize, datetime }: DType): NumberCode {
  return datetime !== undefined ? "i8" : (`${kind}${itemsize}` as NumberCode);
}

/** Numbers that typed arrays convert by themselves. */
type ViewCode = Exclude<ElementCode, "i8" | "u8">;

const PARTS = { c8: "f4", c16: "f8" } as const;

/** The kernel for numbers of two codes. */
export function numberKernel(from: NumberCode, to: NumberCode): Kernel {
  if (from === "b1" && to === "b1") return copyBools;
  if (from === to) return copyBytes(sizeOf(from), sizeOf(to));
  if (to === "b1") return truth(from);
  if (isComplex(from)) {
    const part = PARTS[from];
    if (isComplex(to)) return numberKernel(part, PARTS[to]);
    return chain(realParts(part), sizeOf(from), sizeOf(part), numberKernel(part, to));
  }
  if (isComplex(to)) {
    const part = PARTS[to];
    return chain(numberKernel(from, part), sizeOf(from), sizeOf(part), withoutImaginary(part));
  }
  // A byte that is neither 0 nor 1 is true, too.
  if (from === "b1") return chain(truth("u1"), 1, 1, numberKernel("u1", to));
  if (from === "f2") {
    if (to === "f4") return float16ToFloat32;
    if (to === "f8") return float16ToFloat64;
    return chain(float16ToFloat32, 2, 4, numberKernel("f4", to));
  }
  if (to === "f2") {
    if (from === "f8") return float64ToFloat16;
    if (from === "f4") return float32ToFloat16;
    return chain(numberKernel(from, "f4"), sizeOf(from), 4, float32ToFloat16); // rounded twice, as in NumPy
  }
  if (isLong(from)) return isLong(to) ? copyBytes(8, 8) : fromLong(from, to);
  if (from === "f4" || from === "f8") {
    if (to === "f4") return roundToFloat32;
    if (to === "f8") return assign(from, to);
    return from === "f8" ? truncate(to) : chain(assign("f4", "f8"), 4, 8, truncate(to));
  }
  return isLong(to) ? toLong(from) : assign(from, to);
}

function sizeOf(code: NumberCode): number {
  return Number(code.slice(1));
}

function isComplex(code: NumberCode): code is "c8" | "c16" {
  return code === "c8" || code === "c16";
}

function isLong(code: NumberCode): code is "i8" | "u8" {
  return code === "i8" || code === "u8";
}

/** Conversions that typed arrays do as C does: wrapping, widening, and rounding to float32. */
function assign(from: ViewCode, to: ViewCode): Kernel {
  return (source, target) => elementsOf(target, to).set(elementsOf(source, from));
}

/**
 * float64 -> float32. Four at a time take half the time of `set`. But only `set` keeps the sign and payload of NaNs in all engines: a number
 * that passes through a variable may lose them.
 */
const roundToFloat32: Kernel = (source, target) => {
  const doubles = elementsOf(source, "f8");
  const singles = elementsOf(target, "f4");
  const { length } = singles;
  let hasNaN = false;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const a = doubles[i] as number;
    const b = doubles[i + 1] as number;
    const c = doubles[i + 2] as number;
    const d = doubles[i + 3] as number;
    singles[i] = a;
    singles[i + 1] = b;
    singles[i + 2] = c;
    singles[i + 3] = d;
    if (Number.isNaN(a + b + c + d)) hasNaN = true;
  }
  if (hasNaN) singles.set(doubles);
  else singles.set(doubles.subarray(i), i);
};

/** Tests bits, so that all floats but the two zeros are true. */
function truth(from: NumberCode): Kernel {
  const size = sizeOf(from);
  const isFloat = "fc".includes(from.charAt(0));
  if (size === 1) {
    return (source, target) => {
      for (let i = 0; i < target.length; i++) target[i] = source[i] === 0 ? 0 : 1;
    };
  }
  if (size === 2) {
    const mask = isFloat ? 0x7fff : 0xffff;
    return (source, target) => {
      const bits = elementsOf(source, "u2");
      for (let i = 0; i < target.length; i++) target[i] = ((bits[i] as number) & mask) === 0 ? 0 : 1;
    };
  }
  const words = size / 4;
  const isDouble = from === "f8" || from === "c16";
  const masks = Array.from({ length: words }, (_, i) => (isFloat && (!isDouble || i % 2 === HIGH) ? 0x7fffffff : -1));
  return (source, target) => {
    const bits = elementsOf(source, "i4");
    for (let i = 0; i < target.length; i++) {
      let any = 0;
      for (let word = 0; word < words; word++) any |= (bits[i * words + word] as number) & (masks[word] as number);
      target[i] = any === 0 ? 0 : 1;
    }
  };
}

const anyTrue = truth("u1");

/** Every byte but 0 is true and becomes 1. */
const copyBools: Kernel = (source, target) => {
  if (isZeroOrOne(source, 0, source.length, 1)) target.set(source);
  else anyTrue(source, target);
};

function realParts(part: "f4" | "f8"): Kernel {
  const width = sizeOf(part) / 4;
  return (source, target) => {
    const pairs = { lanes: elementsOf(source, "u4"), start: 0, stride: 2 * width };
    copyElements(pairs, { lanes: elementsOf(target, "u4"), start: 0, stride: width }, width, target.length / sizeOf(part));
  };
}

function withoutImaginary(part: "f4" | "f8"): Kernel {
  const width = sizeOf(part) / 4;
  return (source, target) => {
    target.fill(0);
    const real = { lanes: elementsOf(source, "u4"), start: 0, stride: width };
    copyElements(real, { lanes: elementsOf(target, "u4"), start: 0, stride: 2 * width }, width, source.length / sizeOf(part));
  };
}

/** float64 -> integers. */
function truncate(to: Exclude<ElementCode, "f4" | "f8">): Kernel {
  if (to === "u4") return truncateToUint32;
  return isLong(to) ? truncateToLong(to === "u8") : truncateToInt32(to);
}

/**
 * Floats beyond int32 become the lowest int32, and shorter integers its lower bits. Four at a time are faster: if the sum of their squares
 * is less than 2^62, all of them are within range.
 */
function truncateToInt32(to: "i1" | "i2" | "i4" | "u1" | "u2"): Kernel {
  return (source, target) => {
    const doubles = elementsOf(source, "f8");
    const integers = elementsOf(target, to);
    const { length } = integers;
    let i = 0;
    for (; i + 3 < length; i += 4) {
      const a = doubles[i] as number;
      const b = doubles[i + 1] as number;
      const c = doubles[i + 2] as number;
      const d = doubles[i + 3] as number;
      integers[i] = a;
      integers[i + 1] = b;
      integers[i + 2] = c;
      integers[i + 3] = d;
      if (a * a + b * b + c * c + d * d < 2 ** 62) continue;
      integers[i] = asInt32(a);
      integers[i + 1] = asInt32(b);
      integers[i + 2] = asInt32(c);
      integers[i + 3] = asInt32(d);
    }
    for (; i < length; i++) integers[i] = asInt32(doubles[i] as number);
  };
}

function asInt32(value: number): number {
  return value > -(2 ** 31) - 1 && value < 2 ** 31 ? value : -(2 ** 31);
}

const truncateToUint32: Kernel = (source, target) => {
  const doubles = elementsOf(source, "f8");
  const integers = elementsOf(target, "u4");
  for (let i = 0; i < integers.length; i++) {
    const value = doubles[i] as number;
    integers[i] = Math.abs(value) < 2 ** 63 ? value : 0;
  }
};

function truncateToLong(isUnsigned: boolean): Kernel {
  return (source, target) => {
    const doubles = elementsOf(source, "f8");
    const words = elementsOf(target, "u4");
    for (let i = 0; i < doubles.length; i++) {
      const value = doubles[i] as number;
      const isUpper = isUnsigned && value >= 2 ** 63;
      const rest = Math.trunc(isUpper ? value - 2 ** 63 : value);
      const fits = rest >= -(2 ** 63) && rest < 2 ** 63;
      const high = fits ? Math.floor(rest / 2 ** 32) : 0x80000000;
      words[2 * i + LOW] = fits ? rest - high * 2 ** 32 : 0;
      words[2 * i + HIGH] = isUpper ? high ^ 0x80000000 : high;
    }
  };
}

/** 64-bit integers -> everything else. */
function fromLong(from: "i8" | "u8", to: ViewCode): Kernel {
  const highCode = from === "i8" ? "i4" : "u4";
  if (to === "f8") {
    return (source, target) => {
      const lows = elementsOf(source, "u4");
      const highs = elementsOf(source, highCode);
      const doubles = elementsOf(target, "f8");
      const { length } = doubles;
      // The upper half is exact, so the sum is rounded only once.
      const sum = (i: number): number => (highs[2 * i + HIGH] as number) * 2 ** 32 + (lows[2 * i + LOW] as number);
      let i = 0;
      for (; i + 3 < length; i += 4) {
        doubles[i] = sum(i);
        doubles[i + 1] = sum(i + 1);
        doubles[i + 2] = sum(i + 2);
        doubles[i + 3] = sum(i + 3);
      }
      for (; i < length; i++) doubles[i] = sum(i);
    };
  }
  if (to === "f4") {
    return (source, target) => {
      const lows = elementsOf(source, "u4");
      const highs = elementsOf(source, highCode);
      const singles = elementsOf(target, "f4");
      for (let i = 0; i < singles.length; i++) {
        const high = highs[2 * i + HIGH] as number;
        let low = lows[2 * i + LOW] as number;
        // Beyond 53 bits the sum would be rounded twice. Only whether the lowest bits are all zero matters to the result, so they are
        // folded into one.
        if ((high >= 2 ** 21 || high < -(2 ** 21)) && (low & 0x7ff) !== 0) low = ((low & ~0x7ff) | 0x800) >>> 0;
        singles[i] = high * 2 ** 32 + low;
      }
    };
  }
  const scratch = makeScratch();
  return (source, target) => {
    const words = elementsOf(source, "i4");
    const lows = elementsOf(scratch(source.length / 2), "i4");
    for (let i = 0; i < lows.length; i++) lows[i] = words[2 * i + LOW] as number;
    elementsOf(target, to).set(lows);
  };
}

/** Integers of up to 32 bits -> 64 bits. */
function toLong(from: ViewCode): Kernel {
  if (from === "u4") {
    return (source, target) => {
      const integers = elementsOf(source, "u4");
      const words = elementsOf(target, "u4");
      for (let i = 0; i < integers.length; i++) {
        words[2 * i + LOW] = integers[i] as number;
        words[2 * i + HIGH] = 0;
      }
    };
  }
  const extend: Kernel = (source, target) => {
    const integers = elementsOf(source, "i4");
    const words = elementsOf(target, "i4");
    const { length } = integers;
    const put = (i: number): void => {
      words[2 * i + LOW] = integers[i] as number;
      words[2 * i + HIGH] = (integers[i] as number) >> 31;
    };
    let i = 0;
    // Four at a time take two thirds of the time.
    for (; i + 3 < length; i += 4) {
      put(i);
      put(i + 1);
      put(i + 2);
      put(i + 3);
    }
    for (; i < length; i++) put(i);
  };
  return from === "i4" ? extend : chain(assign(from, "i4"), sizeOf(from), 4, extend);
}
