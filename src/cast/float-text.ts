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
  const [, sign, digits = "", power = ""] = /^(-?)([\d.]+)e(.*)$/.exec(shortest(value, size)) ?? [];
  const exponent = Number(power);
  const magnitude = Math.abs(value);
  if (magnitude < 1e-4 || magnitude >= (EXPONENT_FROM[size] as number)) {
    return `${sign}${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const all = digits.replace(".", "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${all}`;
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return sign + (all.length > exponent + 1 ? `${whole}.${all.slice(exponent + 1)}` : whole);
}

/**
 * The shortest decimal, in exponential notation, that reads back as `value`; of two such the nearer one, and of two as near the even one.
 */
function shortest(value: number, size: number): string {
  for (let digits = size === 8 ? value.toExponential().replace(/^-|\.|e.*$/g, "").length - 1 : 0; ; digits++) {
    for (const text of [roundHalfToEven(value, digits), value.toExponential(digits)]) {
      if (round(Number(text), size) === value) return text;
    }
  }
}

/** `toExponential` rounds a half up. No float comes so close to a half that 30 digits could not tell them apart. */
function roundHalfToEven(value: number, digits: number): string {
  const [, kept, rest, exponent] = /^(.*?)\.?(\d{30})(e.*)$/.exec(value.toExponential(digits + 30)) ?? [];
  const isTie = /^50*$/.test(rest as string) && /[02468]$/.test(kept as string);
  return isTie ? `${kept}${exponent}` : value.toExponential(digits);
}

const double = new Float64Array(1);
const half = new Uint8Array(8);
const single = new Float32Array(1);

/** `value` as a float of `size` bytes. */
function round(value: number, size: number): number {
  if (size === 8) return value;
  if (size === 4) return Math.fround(value);
  double[0] = value;
  float64ToFloat16(new Uint8Array(double.buffer), half.subarray(0, 2));
  float16ToFloat32(half.subarray(0, 2), new Uint8Array(single.buffer));
  return single[0] as number;
}

/** A complex number whose parts have `size` bytes, as `str` writes it: without a real part of 0. */
export function formatComplex(re: number, im: number, size: number): string {
  const imaginary = `${formatDigits(im, size)}j`;
  if (Object.is(re, 0)) return imaginary;
  return `(${formatDigits(re, size)}${/^[-]/.test(imaginary) ? "" : "+"}${imaginary})`;
}
