/**
 * float64 -> the decimal with the fewest digits that reads back as the same float; of several, the nearest. Scales the float to 17 digits before
 * the point, as a sum of two float64, and looks for multiples of 100, 10 and 1 among the numbers that round to the float. Where that is not
 * precise enough, it takes the digits from JavaScript, which are the same, but take several times as long.
 */

import { DOUBLE, DOUBLE_BITS, HIGH, LOW, POWERS, powerAt, SPLITTER } from "./powers-of-ten.ts";

/** The result of the last call: `(high * 10 ** 8 + low) * 10 ** exponent`, with 9 and 8 digits. Reused: a new object for each number costs time. */
export const decimal64: { high: number; low: number; exponent: number } = { high: 0, low: 0, exponent: 0 };

/** Digits before the point, once a float is scaled: float64 needs no more. */
const DIGITS = 17;

/** Bounds the error of the lower 8 digits and what follows the point: a float64 near 10 ** 8 is precise to 2 ** -27. */
const ERROR = 2 ** -24;

/** Beyond these, powers of ten and their parts leave the range of float64. */
const [LEAST, MOST] = [1e-270, 1e270];

const LOG10_OF_2 = Math.log10(2);

/** The shortest decimal of the float64 in {@link DOUBLE}, which must be finite and positive. */
export function shortestFloat64(): void {
  const value = DOUBLE[0] as number;
  if (!(value >= LEAST && value <= MOST)) {
    takeDigits(value);
    return;
  }
  const high = DOUBLE_BITS[HIGH] as number;
  const isPower = (high & 0xfffff) === 0 && DOUBLE_BITS[LOW] === 0;
  const exponent = high >>> 20;
  let first = Math.floor((exponent - 1023) * LOG10_OF_2);
  if (value >= (POWERS[powerAt(first + 1)] as number)) first++;
  const at = powerAt(DIGITS - 1 - first);
  const power = POWERS[at] as number;
  const [upper, lower] = [POWERS[at + 1] as number, POWERS[at + 2] as number];
  // The product of two float64, exactly: `scaled` and `error` (Dekker).
  const scaled = value * power;
  const split = SPLITTER * value;
  const valueUpper = split - (split - value);
  const valueLower = value - valueUpper;
  const error = valueUpper * upper - scaled + valueUpper * lower + valueLower * upper + valueLower * lower;
  let whole = Math.floor(scaled / 1e8);
  let rest = scaled - whole * 1e8 + (error + value * (POWERS[at + 3] as number));
  if (rest < 0) {
    rest += 1e8;
    whole--;
  } else if (rest >= 1e8) {
    rest -= 1e8;
    whole++;
  }
  DOUBLE_BITS[LOW] = 0;
  DOUBLE_BITS[HIGH] = (exponent - 53) << 20;
  const over = (DOUBLE[0] as number) * power;
  const under = isPower ? over / 2 : over;
  for (let unit = over + under >= 10 - ERROR ? 100 : 10; unit >= 1; unit /= 10) {
    let multiple = Math.round(rest / unit) * unit;
    let distance = multiple - rest;
    // Next to a power of two the floats above are twice as far away as those below.
    if (under !== over && distance < ERROR - under) {
      if (distance > -under - ERROR) {
        takeDigits(value);
        return;
      }
      multiple += unit;
      distance += unit;
    }
    const inside = distance < 0 ? under + distance : over - distance;
    if (Math.abs(inside) <= ERROR) {
      takeDigits(value);
      return;
    }
    if (inside < 0) continue;
    if (Math.abs(Math.abs(distance) - unit / 2) <= ERROR) {
      takeDigits(value);
      return;
    }
    keep(whole, multiple, first - DIGITS + 1);
    return;
  }
  takeDigits(value);
}

function keep(whole: number, rest: number, exponent: number): void {
  const carried = rest === 1e8 ? whole + 1 : whole;
  const isMore = carried === 1e9;
  decimal64.high = isMore ? 1e8 : carried | 0;
  decimal64.low = rest === 1e8 ? 0 : rest | 0;
  decimal64.exponent = isMore ? exponent + 1 : exponent;
}

function takeDigits(value: number): void {
  const [mantissa = "", exponent] = value.toExponential().split("e");
  const digits = mantissa.replace(".", "").padEnd(DIGITS, "0");
  decimal64.high = Number(digits.slice(0, 9));
  decimal64.low = Number(digits.slice(9));
  decimal64.exponent = Number(exponent) - DIGITS + 1;
}
