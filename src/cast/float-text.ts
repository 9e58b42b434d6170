/** Floats and complex numbers -> text, as Python's `str` writes NumPy's scalars. */
import { decimal, shortestFloat16, shortestFloat32 } from "./shortest-float.ts";

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

/** The nearest float64 to the decimal with the fewest digits that rounds to `value` as a float of 2 or 4 bytes. */
function shortest(value: number, size: number): number {
  if (size === 2) shortestFloat16(Math.abs(value));
  else shortestFloat32(Math.abs(value));
  const { digits, exponent } = decimal;
  const power = 10 ** Math.abs(exponent);
  // One operation on exact numbers rounds correctly.
  const magnitude = Math.abs(exponent) > 22 ? Number(`${digits}e${exponent}`) : exponent < 0 ? digits / power : digits * power;
  return value < 0 ? -magnitude : magnitude;
}

/** A complex number whose parts have `size` bytes, as `str` writes it: without a real part of 0. */
export function formatComplex(re: number, im: number, size: number): string {
  const imaginary = `${formatDigits(im, size)}j`;
  if (Object.is(re, 0)) return imaginary;
  return `(${formatDigits(re, size)}${/^[-]/.test(imaginary) ? "" : "+"}${imaginary})`;
}
