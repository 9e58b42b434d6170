/** Parses numbers, exactly or not at all. */
import { UsageError } from "../program/failure.ts";
import { isHalfway } from "./fast-number.ts";

// No two parts can match the same characters: a long cell that is not a number costs no backtracking.
const UNSIGNED = String.raw`(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`;
const NUMBER = new RegExp(`^[+-]?${UNSIGNED}$`);
const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE](.*))?$/;
const INTEGER = /^[+-]?\d+$/;
const PART = `[+-]?(?:${UNSIGNED}|[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)`;
const COMPLEX = new RegExp(`^(?:(${PART})(?=[+-]|$))?(?:(${PART})[jJ])?$`);

const WORDS: ReadonlyMap<string, number> = new Map([
  ["", Number.NaN],
  ["nan", Number.NaN],
  ["+nan", Number.NaN],
  ["-nan", Number.NaN],
  ["na", Number.NaN],
  ["n/a", Number.NaN],
  ["null", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["+infinity", Number.POSITIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

/** The nearest float64, like Python's `float()`, but refuses numbers beyond the largest float64. */
function numberOf(text: string): number {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) {
    const word = WORDS.get(trimmed.toLowerCase());
    if (word === undefined) throw new UsageError("expected a number");
    return word;
  }
  const number = Number(trimmed);
  if (!Number.isFinite(number)) throw new UsageError("it is beyond the largest float64: write infinity as inf");
  return number;
}

/** {@link numberOf} for columns whose float64 was inferred: refuses integers that it would round. */
export function inferredNumberOf(text: string): number {
  const number = numberOf(text);
  // Smaller integers are exact.
  if (!(Math.abs(number) > Number.MAX_SAFE_INTEGER) || !isIntegerText(text) || BigInt(number) === integerOf(text)) return number;
  throw new UsageError(
    "float64, inferred for its column from gaps, signs or fractions, would round it: " +
      "give a dtype with --dtype or --columns (U keeps the text, f8 rounds)",
  );
}

/**
 * {@link numberOf}, for a column of float16 or float32. Of a number halfway between two of these, the digits decide that float64 has lost:
 * returns the float64 next to it on their side.
 */
function narrowNumber(number: number, text: string, size: number): number {
  if (!isHalfway(number, size)) return number;
  const [, sign = "", whole = "", fraction = "", power = "0"] = PARTS.exec(text.trim()) ?? [];
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  const exponent = Number(power) - fraction.length;
  // Both as multiples of 2 ** -200, and of a power of ten: all that is halfway is a multiple of 2 ** -150.
  const scale = 10n ** BigInt(Math.max(0, -exponent));
  const read = (digits * 10n ** BigInt(Math.max(0, exponent))) << 200n;
  const kept = BigInt(number * 2 ** 200) * scale;
  if (read === kept) return number;
  const step = Math.abs(number) * 2 ** -52;
  return read > kept ? number + step : number - step;
}

/** Digits of the largest 64-bit integer. */
const LONGEST = 20;

/** A whole number, possibly written with a fraction of zeros or an exponent. */
export function integerOf(text: string): number | bigint {
  const trimmed = text.trim();
  if (INTEGER.test(trimmed)) return trimmed.length < 16 ? Number(trimmed) : BigInt(trimmed.replace("+", ""));
  const found = NUMBER.test(trimmed) ? PARTS.exec(trimmed) : null;
  if (found === null) throw new UsageError("expected a whole number");
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = found;
  const digits = (whole + fraction).replace(/^0+/, "");
  const zeros = Number(exponent) - fraction.length;
  if (digits === "") return 0;
  const kept = zeros < 0 ? digits.slice(0, zeros) : digits;
  if (zeros < 0 && !/^0*$/.test(digits.slice(Math.max(0, digits.length + zeros))))
    throw new UsageError("expected a whole number");
  if (kept.length + Math.max(0, zeros) > LONGEST) throw new UsageError("expected a whole number of at most 64 bits");
  return BigInt(`${sign === "-" ? "-" : ""}${kept}${"0".repeat(Math.max(0, zeros))}`);
}

/** {@link numberOf}, for a float of so many bytes. */
export function floatOf(text: string, size: number): number {
  const number = numberOf(text);
  return size === 8 ? number : narrowNumber(number, text, size);
}

/** A complex number as Python writes it; missing values are NaN. */
export function complexOf(text: string, size: number = 8): { re: number; im: number } {
  const trimmed = text.trim();
  if (isMissing(trimmed)) return { re: Number.NaN, im: 0 };
  const found = complexParts(trimmed);
  if (found === null) throw new UsageError("expected a complex number such as 1.5-2j");
  const [, re = "0", im = "0"] = found;
  return { re: floatOf(re, size), im: floatOf(im, size) };
}

function complexParts(trimmed: string): RegExpExecArray | null {
  const inner = trimmed.startsWith("(") && trimmed.endsWith(")") ? trimmed.slice(1, -1) : trimmed;
  return inner === "" ? null : COMPLEX.exec(inner);
}

/** Whether text is a number, or a word such as nan. */
export function isNumberText(text: string): boolean {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) || (trimmed !== "" && WORDS.has(trimmed.toLowerCase()));
}

export function isIntegerText(text: string): boolean {
  return INTEGER.test(text.trim());
}

export function isComplexText(text: string): boolean {
  return complexParts(text.trim()) !== null;
}

/** Whether text stands for a missing value: NaN in floats, NaT in times, an error in all other dtypes. */
export function isMissing(text: string): boolean {
  return Number.isNaN(WORDS.get(text.trim().toLowerCase()) ?? 0) || text.trim() === "NaT";
}
