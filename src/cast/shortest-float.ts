/**
 * float16 and float32 -> the decimal with the fewest digits that reads back as the same float; of several, the nearest; of two equally near,
 * the even one. Scales the float to 9 digits before the point, and looks for multiples of 100, 10 and 1 among the numbers that round to the
 * float. float64 arithmetic does that exactly for most floats, and says of the others whether it is precise enough.
 */

/** The result of the last call: `digits * 10 ** exponent`, with 9 digits. Reused: a new object for each number costs time. */
export const decimal: { digits: number; exponent: number } = { digits: 0, exponent: 0 };

/** Digits before the point, once a float is scaled: float32 needs no more. */
const DIGITS = 9;

/** Bounds the error of a float of 9 digits that was scaled by a power of ten. */
const ERROR = 1e-6;

/** Powers of ten from `10 ** -LOWEST`. */
const LOWEST = 60;
const POWERS = Float64Array.from({ length: 2 * LOWEST + 1 }, (_, i) => Number(`1e${i - LOWEST}`));

/** For each exponent of float32 but the first, that of the power of ten that is at most as large as the numbers that have it. */
const DECIMAL_EXPONENTS = Int8Array.from({ length: 256 }, (_, i) => Number((2 ** (i - 127)).toExponential().split("e")[1] ?? 0));

/** For each exponent of float32, half the distance to the next float. */
const HALF_STEPS = Float64Array.from({ length: 256 }, (_, i) => 2 ** (Math.max(i, 1) - 151));

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The shortest decimal of a float32, which must be finite and positive. */
export function shortestFloat32(value: number): void {
  single[0] = value;
  const bits = singleBits[0] as number;
  const exponent = bits >>> 23;
  const half = HALF_STEPS[exponent] as number;
  const isPower = (bits & 0x7fffff) === 0 && exponent > 1;
  // A product with 10 ** 11 = 2 ** 11 * 5 ** 11 is exact: 5 ** 11 has 26 bits, a float and half its distance to the next 26.
  shorten(value, decimalExponent(value, exponent), half, isPower ? half / 2 : half, (bits & 1) === 0, 11);
}

/** The shortest decimal of a float16, which must be finite and positive. */
export function shortestFloat16(value: number): void {
  single[0] = value;
  const bits = singleBits[0] as number;
  // As a float32 it has 13 bits more. Below 2 ** -14, all float16 are 2 ** -24 apart.
  const exponent = bits >>> 23;
  const half = Math.max(2 ** -25, (HALF_STEPS[exponent] as number) * 2 ** 13);
  const isPower = (bits & 0x7fffff) === 0 && value > 2 ** -14;
  const isEven = half === 2 ** -25 ? (value * 2 ** 24) % 2 === 0 : (bits & 0x2000) === 0;
  shorten(value, decimalExponent(value, exponent), half, isPower ? half / 2 : half, isEven, 16);
}

/** The exponent of the first digit. */
function decimalExponent(value: number, exponent: number): number {
  const least = exponent === 0 ? Math.floor(Math.log10(value)) - 1 : (DECIMAL_EXPONENTS[exponent] as number);
  let found = least;
  while (value >= (POWERS[found + 1 + LOWEST] as number)) found++;
  return found;
}

/**
 * Numbers less than `below` under `value` or less than `above` over it round to `value`, and if it `isEven`, these limits do as well. Products
 * with powers of ten up to `10 ** exactUpTo` are exact.
 */
function shorten(value: number, first: number, above: number, below: number, isEven: boolean, exactUpTo: number): void {
  const power = DIGITS - 1 - first;
  const scale = POWERS[Math.abs(power) + LOWEST] as number;
  const isExact = power >= 0 && power <= exactUpTo;
  const scaled = power < 0 ? value / scale : value * scale;
  const over = power < 0 ? above / scale : above * scale;
  const under = below === above ? over : over / 2;
  const error = isExact ? 0 : ERROR;
  // Of the first unit, there is at most one multiple in between, so that more zeros at its end need no search.
  let unit = 10;
  while (unit <= over + under) unit *= 10;
  for (; unit >= 1; unit /= 10) {
    let multiple = Math.round(scaled / unit) * unit;
    let distance = multiple - scaled;
    const fromTie = Math.abs(distance) - unit / 2;
    if (Math.abs(fromTie) <= error) {
      if (!isExact) {
        shortenExactly(value, first, above, below, isEven);
        return;
      }
      if ((multiple / unit) % 2 !== 0) multiple += distance < 0 ? unit : -unit;
    } else if (fromTie > 0) multiple += distance < 0 ? unit : -unit;
    distance = multiple - scaled;
    // Next to a power of two the floats above are twice as far away as those below.
    if (under !== over && distance < error - under) {
      if (distance > -under - error) {
        shortenExactly(value, first, above, below, isEven);
        return;
      }
      multiple += unit;
      distance += unit;
    }
    const inside = distance < 0 ? under + distance : over - distance;
    if (Math.abs(inside) <= error && !isExact) {
      shortenExactly(value, first, above, below, isEven);
      return;
    }
    if (inside > 0 || (inside === 0 && isEven)) {
      keep(multiple, first - DIGITS + 1);
      return;
    }
  }
}

function keep(digits: number, exponent: number): void {
  const isMore = digits === 10 ** DIGITS;
  decimal.digits = isMore ? 10 ** (DIGITS - 1) : digits | 0;
  decimal.exponent = isMore ? exponent + 1 : exponent;
}

/** All float32, and half their distances, are multiples of it. */
const SMALLEST = 2 ** -152;

/** {@link shorten}, where float64 is not precise enough. */
function shortenExactly(value: number, first: number, above: number, below: number, isEven: boolean): void {
  const power = DIGITS - 1 - first;
  const factor = 10n ** BigInt(Math.max(power, 0));
  const scaled = BigInt(value / SMALLEST) * factor;
  const over = BigInt(above / SMALLEST) * factor;
  const under = BigInt(below / SMALLEST) * factor;
  const one = 2n ** 152n * 10n ** BigInt(Math.max(-power, 0));
  for (let zeros = DIGITS; zeros >= 0; zeros--) {
    const unit = one * 10n ** BigInt(zeros);
    const lower = scaled / unit;
    const [toLower, toUpper] = [scaled - lower * unit, (lower + 1n) * unit - scaled];
    const isLower = toLower < under || (isEven && toLower === under);
    const isUpper = toUpper < over || (isEven && toUpper === over);
    if (!isLower && !isUpper) continue;
    const isNearer = toLower < toUpper || (toLower === toUpper && lower % 2n === 0n);
    const multiple = isLower && (isNearer || !isUpper) ? lower : lower + 1n;
    keep(Number(multiple) * 10 ** zeros, first - DIGITS + 1);
    return;
  }
}
