/** Elements of an array as NumPy prints them together: aligned, with as many digits as the one that needs most. Source: `numpy/_core/arrayprint.py`. */
import { type DType, dtype as dtypeOf, type NpyData } from "../../node.ts";
import { textsOf } from "./cell.ts";

/** NumPy's `precision`: digits after the point. */
export const PRECISION = 8;

/** The texts of all elements, of one width where NumPy aligns them. */
export function alignedTexts(data: NpyData, dtype: DType, precision: number, isScalar = false): string[] {
  const { kind, itemsize, datetime } = dtype;
  const texts = Array.from(textsOf(dtype)(data));
  switch (kind) {
    case "f":
      return floatTexts(Array.from(data as ArrayLike<number>, Number), texts, dtype, precision, false);
    case "c":
      return complexTexts(data, dtypeOf(`f${itemsize / 2}` as "f8"), precision);
    case "b":
      return texts.map((text) => (text === "True" && !isScalar ? " True" : text));
    case "M":
      return toRight(texts.map((text) => (datetime?.unit === "generic" && text !== "NaT" ? text : `'${text}'`)));
    case "m":
      return toRight(texts.map((text) => (text === "NaT" ? "'NaT'" : text)));
    case "U":
      return texts.map(pythonString);
    case "S":
      return texts.map((text) => `b${pythonString(text, true)}`);
    default:
      return toRight(texts);
  }
}

function toRight(texts: readonly string[]): string[] {
  const width = texts.reduce((most, { length }) => Math.max(most, length), 0);
  return texts.map((text) => text.padStart(width));
}

function complexTexts(data: NpyData, part: DType, precision: number): string[] {
  const all = data as unknown as Float64Array;
  const [reals, imags] = [0, 1].map((first) => {
    const values = all.filter((_, i) => i % 2 === first);
    const texts = Array.from(textsOf(part)(values as unknown as NpyData));
    return floatTexts(Array.from(values), texts, part, precision, first === 1);
  }) as [string[], string[]];
  return reals.map((real, i) => {
    const imag = imags[i] as string;
    const end = imag.trimEnd().length;
    return `${real}${imag.slice(0, end)}j${imag.slice(end)}`;
  });
}

/** Decimal digits that each float can hold: beyond them NumPy writes exponents. */
const DECIMALS: ReadonlyMap<number, number> = new Map([
  [2, 3],
  [4, 6],
]);

/** `texts` are the shortest that identify the values. */
function floatTexts(
  values: readonly number[],
  texts: readonly string[],
  { itemsize }: DType,
  precision: number,
  isSigned: boolean,
): string[] {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const value of values) {
    if (value === 0 || !Number.isFinite(value)) continue;
    least = Math.min(least, Math.abs(value));
    most = Math.max(most, Math.abs(value));
  }
  const hasExponents = most > 0 && (most >= 10 ** (DECIMALS.get(itemsize) ?? 8) || least < 0.0001 || most / least > 1000);
  const digits = texts.map(digitsOf);
  const signOf = (value: number): string => (value < 0 || Object.is(value, -0) ? "-" : isSigned ? "+" : "");
  const written = values.map((value, i) => {
    if (!Number.isFinite(value)) return undefined;
    const { all, exponent } = digits[i] as Digits;
    const size = Math.abs(value);
    return hasExponents ? scientific(size, all, precision) : positional(size, all, exponent, precision);
  });
  if (hasExponents) {
    const fraction = written.reduce((longest, text) => Math.max(longest, text?.fraction.length ?? 0), 0);
    for (const [i, text] of written.entries())
      if (text !== undefined) written[i] = exactly(Math.abs(values[i] as number), fraction);
  }
  const exponents = written.reduce((longest, text) => Math.max(longest, (text?.exponent.length ?? 1) - 2), 0);
  const fraction = written.reduce((longest, text) => Math.max(longest, text?.fraction.length ?? 0), 0);
  const right = hasExponents ? fraction + exponents + 2 : fraction;
  const wholes = written.map((text, i) => (text === undefined ? "" : signOf(values[i] as number) + text.whole));
  const hasMinusInfinity = values.includes(Number.NEGATIVE_INFINITY) || isSigned;
  const isAllFinite = !written.includes(undefined);
  const left = Math.max(
    wholes.reduce((longest, { length }) => Math.max(longest, length), 0),
    isAllFinite ? 0 : 3 - right - 1 + (hasMinusInfinity ? 1 : 0),
  );
  return written.map((text, i) => {
    const value = values[i] as number;
    if (text === undefined) {
      const sign = value < 0 ? "-" : isSigned ? "+" : "";
      return (sign + (Number.isNaN(value) ? "nan" : "inf")).padStart(left + right + 1);
    }
    const whole = (wholes[i] as string).padStart(left);
    if (!hasExponents) return `${whole}.${text.fraction.padEnd(right)}`;
    const exponent = text.exponent.slice(0, 2) + text.exponent.slice(2).padStart(Math.max(2, exponents), "0");
    return `${whole}.${text.fraction.padEnd(fraction, "0")}${exponent}`;
  });
}

/** A number in parts. The exponent is empty, or begins with `e+` or `e-`. */
interface Written {
  readonly whole: string;
  readonly fraction: string;
  readonly exponent: string;
}

interface Digits {
  /** Without zeros at either end. */
  readonly all: string;
  /** The power of ten of the first digit. */
  readonly exponent: number;
}

function digitsOf(text: string): Digits {
  const [, whole = "", fraction = "", power = "0"] = /^-?(\d+)\.?(\d*)(?:e(.+))?$/.exec(text) ?? [];
  const first = (whole + fraction).search(/[1-9]/);
  const all = (whole + fraction).replace(/^0+|0+$/g, "");
  return { all, exponent: first < 0 ? 0 : whole.length - 1 - first + Number(power) };
}

function positional(size: number, all: string, exponent: number, precision: number): Written {
  const needed = Math.max(0, all.length - 1 - exponent);
  if (needed <= precision) {
    const padded = exponent < 0 ? "0".repeat(-exponent) + all : all.padEnd(exponent + 1, "0");
    const point = Math.max(0, exponent) + 1;
    return { whole: padded.slice(0, point) || "0", fraction: padded.slice(point), exponent: "" };
  }
  const even = isTie(size, all, needed, precision) ? evenOf(all, precision) : size.toFixed(precision);
  const [whole = "0", fraction = ""] = even.split(".");
  return { whole, fraction: fraction.replace(/0+$/, ""), exponent: "" };
}

/** Whether a number lies exactly between two of `precision` decimals: JavaScript rounds those up, NumPy to even. */
function isTie(size: number, all: string, needed: number, precision: number): boolean {
  return needed === precision + 1 && all.endsWith("5") && Number.isInteger(size * 2 ** needed);
}

function evenOf(all: string, precision: number): string {
  const scaled = BigInt(all) / 10n;
  const even = String(scaled % 2n === 0n ? scaled : scaled + 1n).padStart(precision + 1, "0");
  return precision === 0 ? even : `${even.slice(0, -precision)}.${even.slice(-precision)}`;
}

function scientific(size: number, all: string, precision: number): Written {
  return exactly(size, Math.min(precision, Math.max(0, all.length - 1)), true);
}

/** With a number of digits after the point. */
function exactly(size: number, fraction: number, isTrimmed = false): Written {
  let text = size.toExponential(fraction);
  const [more = ""] = size.toExponential(Math.min(100, fraction + 30)).split("e");
  if (/^50*$/.test(more.slice(fraction === 0 ? 2 : fraction + 2))) text = evenExponential(more, text, fraction);
  const [mantissa = "0", power = "+0"] = text.split("e");
  const [whole = "0", after = ""] = mantissa.split(".");
  const sign = power.startsWith("-") ? "-" : "+";
  return {
    whole,
    fraction: isTrimmed ? after.replace(/0+$/, "") : after,
    exponent: `e${sign}${power.replace(/^[+-]/, "").padStart(2, "0")}`,
  };
}

/** A tie goes to the even digit. Cutting is right if the digit before is even; otherwise the number was rounded up already. */
function evenExponential(more: string, rounded: string, fraction: number): string {
  const cut = fraction === 0 ? more.slice(0, 1) : more.slice(0, fraction + 2);
  return Number(cut.at(-1)) % 2 === 0 ? cut + rounded.slice(rounded.indexOf("e")) : rounded;
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

/** A string as Python's `repr` writes it. */
function pythonString(text: string, isBytes: unknown = false): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const unsafe = isBytes === true ? /[^ -~]|\\/g : /\\|(?! )[\p{C}\p{Z}]/gu;
  const escaped = text.replace(unsafe, (char) => {
    const code = char.codePointAt(0) as number;
    const [mark, digits] = code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : ["U", 8];
    return SHORT.get(char) ?? `\\${mark}${code.toString(16).padStart(digits as number, "0")}`;
  });
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
