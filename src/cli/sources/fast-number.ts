/** Reads numbers from ASCII, byte by byte: the float64 nearest to the decimal, as `Number` does. */
import { DOUBLE, DOUBLE_BITS, HIGH, LOW, POWERS, powerAt, SPLITTER } from "../text/powers-of-ten.ts";

/** The number that was read last. In a typed array, because passing float64 between functions makes an object of each. */
export const VALUE: Float64Array = new Float64Array(1);

/** What is known of it. Reused: a new object for each number costs time. */
export const parsed: {
  /** Where the number ends; -1 if there is none that this parser knows, or if it cannot tell the nearest float64. */
  end: number;
  /** The digits, as a whole number of at most 15 digits, if the number `isWhole`. */
  isWhole: boolean;
} = { end: -1, isWhole: false };

const [MINUS, PLUS, POINT, ZERO, E, LOWER] = [0x2d, 0x2b, 0x2e, 0x30, 0x65, 0x20];

/** Whole numbers of 15 digits, and powers of ten up to the 22nd, are exact as float64. */
const [EXACT_DIGITS, EXACT_POWER] = [15, 22];
const EXACT = Float64Array.from({ length: EXACT_POWER + 1 }, (_, i) => Number(`1e${i}`));

const SMALL_DIGITS = 9;

/** More digits than are read: the first 15, and 4 that follow. */
const MOST_DIGITS = EXACT_DIGITS + 4;

/** `[+-]? digits [. digits] [e [+-]? digits]` from `start`. Whatever follows belongs to the caller. */
export function parseNumber(bytes: Uint8Array, start: number): void {
  let at = start;
  let byte = bytes[at] as number;
  const isNegative = byte === MINUS;
  if (isNegative || byte === PLUS) byte = bytes[++at] as number;
  let small = 0;
  let digits = 0;
  let point = -1;
  const first = at;
  // The first digits fit 32 bits, which are faster.
  while (digits < SMALL_DIGITS) {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      small = (10 * small + digit) | 0;
      if (small > 0) digits++;
    } else if (byte === POINT && point < 0) point = at;
    else break;
    byte = bytes[++at] as number;
  }
  let upper = small;
  let lower = 0;
  for (;;) {
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      if (digits < EXACT_DIGITS) upper = 10 * upper + digit;
      else lower = 10 * lower + digit;
      digits++;
    } else if (byte === POINT && point < 0) point = at;
    else break;
    byte = bytes[++at] as number;
  }
  parsed.end = -1;
  const seen = at - first - (point < 0 ? 0 : 1);
  if (seen === 0 || digits > MOST_DIGITS) return;
  let exponent = point < 0 ? 0 : point + 1 - at;
  parsed.isWhole = point < 0 && digits <= EXACT_DIGITS;
  if ((byte | LOWER) === E) {
    parsed.isWhole = false;
    byte = bytes[++at] as number;
    const isSmall = byte === MINUS;
    if (isSmall || byte === PLUS) byte = bytes[++at] as number;
    const from = at;
    let power = 0;
    for (; byte >= ZERO && byte <= ZERO + 9 && at - from < 5; byte = bytes[++at] as number) power = 10 * power + byte - ZERO;
    if (at === from) return;
    exponent += isSmall ? -power : power;
  }
  // Whole numbers, and those with few digits, take one operation on exact numbers.
  if (digits <= EXACT_DIGITS && exponent <= 0 && exponent >= -EXACT_POWER) VALUE[0] = upper / (EXACT[-exponent] as number);
  else setMagnitude(upper, lower, Math.max(0, digits - EXACT_DIGITS), exponent);
  const magnitude = VALUE[0] as number;
  if (magnitude < 0) return;
  if (isNegative) VALUE[0] = -magnitude;
  parsed.end = at;
}

/** Sets {@link VALUE} to `(upper * 10 ** more + lower) * 10 ** exponent`, rounded once; -1 if it cannot tell. `more`: the number of digits of `lower`. */
function setMagnitude(upper: number, lower: number, more: number, exponent: number): void {
  if (more === 0) {
    if (upper === 0 || (exponent > 0 && exponent <= EXACT_POWER)) {
      VALUE[0] = upper === 0 ? 0 : upper * (EXACT[exponent] as number);
      return;
    }
  }
  VALUE[0] = -1;
  const first = exponent + more + EXACT_DIGITS;
  if (first < -250 || first > 250) return;
  // The digits as a sum of two float64: below 2 ** 63, halves of 26 bits and of 11 have exact products with powers up to 10 ** 4.
  const scale = EXACT[more] as number;
  const split = SPLITTER * upper;
  const upperHalf = split - (split - upper);
  const lowerHalf = upper - upperHalf;
  const scaled = upper * scale;
  const whole = scaled + lower;
  const rest = upperHalf * scale - scaled + lowerHalf * scale + (lower - (whole - scaled));
  // Times a power of ten (Dekker's product).
  const at = powerAt(exponent);
  const power = POWERS[at] as number;
  const product = whole * power;
  const wholeSplit = SPLITTER * whole;
  const wholeUpper = wholeSplit - (wholeSplit - whole);
  const wholeLower = whole - wholeUpper;
  const [powerUpper, powerLower] = [POWERS[at + 1] as number, POWERS[at + 2] as number];
  const error = wholeUpper * powerUpper - product + wholeUpper * powerLower + wholeLower * powerUpper + wholeLower * powerLower;
  const added = error + (whole * (POWERS[at + 3] as number) + rest * power);
  // What follows has a relative error below 2 ** -100. If it can lead to another float64, the digits do not tell.
  const doubt = product * 2 ** -98;
  const value = product + (added - doubt);
  if (value === product + (added + doubt)) VALUE[0] = value;
}

/** Whether a float64 is halfway between two floats of a size in bytes, 2 or 4, so that digits beyond those of float64 decide. */
export function isHalfway(value: number, size: number): boolean {
  DOUBLE[0] = value;
  const [high, low] = [DOUBLE_BITS[HIGH] as number, DOUBLE_BITS[LOW] as number];
  const exponent = ((high >>> 20) & 0x7ff) - 1023;
  const bits = size === 4 ? 29 : 42;
  const least = size === 4 ? -126 : -14;
  if (exponent < least) {
    // Subnormal floats are multiples of one step.
    const steps = (Math.abs(value) / 2 ** (least - 52)) * 2 ** -bits;
    return steps - Math.floor(steps) === 0.5;
  }
  if (size === 4) return (low & 0x1fffffff) === 0x10000000;
  return low === 0 && (high & 0x3ff) === 0x200;
}
