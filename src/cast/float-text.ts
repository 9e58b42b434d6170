/** Floats and complex numbers -> text, as Python's `str` writes NumPy's scalars. */
import { float16ToFloat32, float64ToFloat16 } from "./float16.ts";

/** NumPy writes an exponent from here on, and below 1e-4. Those of float16 and float32 are NumPy 2.4's. */
const EXPONENT_FROM: Readonly<Record<number, number>> = { 2: 1e3, 4: 1e6, 8: 1e16 };

/** A float of `size` bytes as `str` of a NumPy scalar writes it: with the fewest digits that read back as the same number. */
export function formatFloat(value: number, size: number): string {
  const text = formatDigits(value, size);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function formatDigits(value: number, size: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const decimal = size === 8 ? value : shortest(value, size);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < (EXPONENT_FROM[size] as number)) return String(decimal);
  // Python writes at least two digits of an exponent.
  return decimal.toExponential().replace(/(?<=e[+-])\d$/, "0$&");
}

/** For floats of 2 and 4 bytes: the digits that any decimal keeps on its way there and back, and the smallest number that has them. */
const KEPT_DIGITS: Readonly<Record<number, readonly [digits: number, from: number]>> = { 2: [3, 2 ** -14], 4: [6, 2 ** -126] };

/** The number with the fewest decimal digits that rounds to `value` as a float of `size` bytes; of several, the nearest. */
function shortest(value: number, size: number): number {
  const [kept, from] = KEPT_DIGITS[size] as readonly [number, number];
  for (let digits = Math.abs(value) < from ? 1 : kept; ; digits++) {
    const nearest = nearestDecimal(value, digits);
    if (round(Number(nearest), size) === value) return Number(nearest);
    // Next to a power of two the floats above are twice as far away as those below.
    const [mantissa = "", exponent] = nearest.split("e");
    const unit = Number(exponent) - digits + 1;
    const farther = Number(`${Number(mantissa.replace(".", "")) + Math.sign(value)}e${unit}`);
    if (round(farther, size) === value) return farther;
  }
}

/** The nearest decimal of `digits` digits. A tie goes to the even one; `toExponential` takes the larger. */
function nearestDecimal(value: number, digits: number): string {
  const nearest = value.toExponential(digits - 1);
  if (!/5e/.test(value.toExponential(digits))) return nearest;
  // A tie in 30 digits is a tie: no float comes nearer to one.
  const [, kept = "", rest = "", exponent] = /^(.*?)\.?(\d{30})(e.*)$/.exec(value.toExponential(digits + 29)) ?? [];
  return /^50*$/.test(rest) && /[02468]$/.test(kept) ? `${kept}${exponent}` : nearest;
}

const double = new Float64Array(1);
const single = new Float32Array(1);
const [doubleBytes, singleBytes, halfBytes] = [new Uint8Array(double.buffer), new Uint8Array(single.buffer), new Uint8Array(2)];

/** `value` as a float of `size` bytes. */
function round(value: number, size: number): number {
  if (size === 8) return value;
  if (size === 4) return Math.fround(value);
  double[0] = value;
  float64ToFloat16(doubleBytes, halfBytes);
  float16ToFloat32(halfBytes, singleBytes);
  return single[0] as number;
}

/** A complex number whose parts have `size` bytes, as `str` writes it: without a real part of 0. */
export function formatComplex(re: number, im: number, size: number): string {
  const imaginary = `${formatDigits(im, size)}j`;
  if (Object.is(re, 0)) return imaginary;
  return `(${formatDigits(re, size)}${/^[-]/.test(imaginary) ? "" : "+"}${imaginary})`;
}
