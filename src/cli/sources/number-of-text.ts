/** Numbers as text -> their values, exactly or not at all. */
import { UsageError } from "../failure.ts";

// No part of them can match the same characters in two ways, so that a long cell that is no number costs no more than one that is.
const UNSIGNED = String.raw`(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`;
const NUMBER = new RegExp(`^[+-]?${UNSIGNED}$`);
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

/** The nearest float64, as Python's `float()`; but a number that is too large is not infinity. */
export function numberOf(text: string): number {
  const trimmed = text.trim();
  if (!NUMBER.test(trimmed)) {
    const word = WORDS.get(trimmed.toLowerCase());
    if (word === undefined) throw new UsageError("expected a number");
    return word;
  }
  const number = Number(trimmed);
  if (!Number.isFinite(number)) throw new UsageError("it is beyond the largest float64: infinity is written inf");
  return number;
}

/** The same for a column that is float64 only because nobody said what it is: it does not round integers. */
export function inferredNumberOf(text: string): number {
  const number = numberOf(text);
  // Up to here all integers are exact.
  if (!(Math.abs(number) > Number.MAX_SAFE_INTEGER) || !isIntegerText(text) || BigInt(number) === integerOf(text)) return number;
  throw new UsageError(
    "float64, which is what its column was taken for (by gaps, signs or fractions), would round it: " +
      "say a dtype with --dtype or --columns (U keeps the text, f8 rounds)",
  );
}

/** Digits of the largest integer of 64 bits. */
const LONGEST = 20;

/** A whole number, also one that is written with a fraction of zeros or an exponent. */
export function integerOf(text: string): number | bigint {
  const trimmed = text.trim();
  if (INTEGER.test(trimmed)) return trimmed.length < 16 ? Number(trimmed) : BigInt(trimmed.replace("+", ""));
  const found = NUMBER.test(trimmed) ? /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE](.*))?$/.exec(trimmed) : null;
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

/** As Python writes complex numbers; what is missing is NaN. */
export function complexOf(text: string): { re: number; im: number } {
  const trimmed = text.trim();
  if (isMissing(trimmed)) return { re: Number.NaN, im: 0 };
  const found = complexParts(trimmed);
  if (found === null) throw new UsageError("expected a complex number such as 1.5-2j");
  const [, re = "0", im = "0"] = found;
  return { re: numberOf(re), im: numberOf(im) };
}

function complexParts(trimmed: string): RegExpExecArray | null {
  const inner = trimmed.startsWith("(") && trimmed.endsWith(")") ? trimmed.slice(1, -1) : trimmed;
  return inner === "" ? null : COMPLEX.exec(inner);
}

/** Whether text is a number as CSV files have them, words such as nan included. */
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

/** Whether text is missing: it becomes NaN among floats, NaT among times, and nothing else. */
export function isMissing(text: string): boolean {
  return Number.isNaN(WORDS.get(text.trim().toLowerCase()) ?? 0) || text.trim() === "NaT";
}
