/** Numbers as NumPy prints them: the fewest digits that give the same number back. */

/** Where NumPy (2.3 and later) begins to write exponents, by the size of the float in bytes. */
const EXPONENT_FROM: Readonly<Record<number, number>> = { 2: 1e3, 4: 1e6, 8: 1e16 };

/** `str(numpy.float64(x))`, or that of the float of `size` bytes that `x` is. */
export function floatText(x: number, size: number): string {
  return parts(x, size, ".0");
}

/** `str(numpy.complex128(re + im * 1j))`. */
export function complexText(re: number, im: number, size: number): string {
  const imaginary = `${parts(im, size / 2, "")}j`;
  if (Object.is(re, 0)) return imaginary;
  return `(${parts(re, size / 2, "")}${/^[-+]/.test(imaginary) ? "" : "+"}${imaginary})`;
}

function parts(x: number, size: number, whole: string): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x < 0 ? "-inf" : "inf";
  if (x === 0) return (Object.is(x, -0) ? "-0" : "0") + whole;
  const [mantissa = "", exponent = ""] = shortest(x, size).split("e");
  const magnitude = Math.abs(x);
  if (magnitude < 1e-4 || magnitude >= (EXPONENT_FROM[size] as number)) {
    return `${mantissa}e${exponent.startsWith("-") ? "-" : "+"}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  return positional(mantissa, Number(exponent), whole);
}

function positional(mantissa: string, exponent: number, whole: string): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const integer = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const fraction = digits.slice(exponent + 1);
  return sign + integer + (fraction === "" ? whole : `.${fraction}`);
}

/** Like `toExponential()`, with no more digits than a float of `size` bytes needs. */
function shortest(x: number, size: number): string {
  if (size === 8) return x.toExponential();
  // Long enough for every digit of a small float.
  const [mantissa = "", power = ""] = Math.abs(x).toExponential(100).split("e");
  const all = mantissa.replace(".", "");
  for (let length = 1; ; length++) {
    const unit = Number(power) - length + 1;
    const below = Number(all.slice(0, length));
    const fitting = [below, below + 1].filter((digits) => isSame(Number(`${digits}e${unit}`), x, size));
    if (fitting.length === 0) continue;
    const digits = fitting.length === 1 ? (fitting[0] as number) : nearer(below, all.slice(length));
    const text = String(digits);
    const [first = "", rest = ""] = [text.slice(0, 1), text.slice(1).replace(/0+$/, "")];
    return `${x < 0 ? "-" : ""}${first}${rest && `.${rest}`}e${unit + text.length - 1}`;
  }
}

/** `below` or the number after it, whichever the digits that follow `below` are nearer to; the even one half-way between. */
function nearer(below: number, following: string): number {
  const half = "5".padEnd(following.length, "0");
  if (following === half) return below + (below % 2);
  return following < half ? below : below + 1;
}

/** Whether a decimal number becomes the float `x`. */
function isSame(decimal: number, x: number, size: number): boolean {
  if (size === 4) return Math.fround(decimal) === Math.abs(x);
  // float16: 10 bits after the first, the smallest exponent -14; a decimal half-way between two goes to the even one.
  const magnitude = Math.abs(x);
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const step = 2 ** (exponent - 10);
  const distance = Math.abs(decimal) - magnitude;
  const isPower = magnitude === 2 ** exponent && exponent > -14;
  const half = (distance < 0 && isPower ? step / 2 : step) / 2;
  return Math.abs(distance) < half || (Math.abs(distance) === half && (magnitude / step) % 2 === 0);
}
