/** Formats elements: as NumPy prints them, as JSON, and as CSV (RFC 4180, but lines end with a line feed). */
import { type DType, dtype as dtypeOf, type NpyData } from "../../node.ts";
import { bytesOf, dataOf, textsOfCast } from "./cast.ts";
import { jsonText } from "./escaping.ts";

export type CellTexts = (data: NpyData) => ArrayLike<string>;

/** Elements as NumPy's scalars print with `str()`; but timedelta64 as counts, and raw bytes in hexadecimal. */
export function textsOf(dtype: DType): CellTexts {
  const { kind, itemsize, datetime } = dtype;
  if (isRaw(dtype)) return (data) => hexTexts(data as Uint8Array, itemsize);
  if (kind === "m" || datetime?.unit === "generic") return countTexts;
  if ("SU".includes(kind)) return (data) => data as string[];
  if ("iu".includes(kind)) return integerTexts;
  const parts = kind === "c" ? 2 : 1;
  return (data) => textsOfCast(data, data.length / parts, dtype);
}

function integerTexts(data: NpyData): string[] {
  const texts: string[] = [];
  for (let i = 0; i < data.length; i++) texts.push(String((data as ArrayLike<number | bigint>)[i]));
  return texts;
}

/** As timedelta64 without a unit, which the library prints as a count and a word. */
function countTexts(data: NpyData): string[] {
  return textsOfCast(data, data.length, dtypeOf("m8")).map((text) => text.replace(/ .*/, ""));
}

function hexTexts(bytes: Uint8Array, itemsize: number): string[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = itemsize === 0 ? 0 : all.length / itemsize;
  return Array.from({ length }, (_, i) => `0x${all.toString("hex", i * itemsize, (i + 1) * itemsize)}`);
}

/** Elements as JSON: NaN and NaT as null, infinities as 1e999, which is beyond every float, complex numbers as { re, im }. */
export function jsonOf(dtype: DType): CellTexts {
  const texts = textsOf(dtype);
  const { kind, itemsize, datetime } = dtype;
  const each = (json: (text: string) => string): CellTexts => {
    return (data) => Array.from(texts(data), json);
  };
  if (isRaw(dtype)) return each((text) => `"${text}"`);
  switch (kind) {
    case "f":
      return each((text) => JSON_NUMBERS.get(text) ?? text);
    case "c": {
      const parts = jsonOf(dtypeOf(`f${itemsize / 2}` as "f8"));
      return (data) => {
        const all = parts(data);
        return Array.from({ length: data.length / 2 }, (_, i) => `{"re":${all[2 * i]},"im":${all[2 * i + 1]}}`);
      };
    }
    case "b":
      return each((text) => text.toLowerCase());
    case "S":
    case "U":
      return each(jsonText);
    case "M":
    case "m": {
      const quote = datetime?.unit === "generic" || kind === "m" ? "" : '"';
      return each((text) => (text === "NaT" ? "null" : quote + text + quote));
    }
    default:
      return texts;
  }
}

/** Floats that JSON has no words for. */
const JSON_NUMBERS: ReadonlyMap<string, string> = new Map([
  ["nan", "null"],
  ["inf", "1e999"],
  ["-inf", "-1e999"],
]);

/** Whether JavaScript has no values for the elements, so that they are read as bytes. */
export function isRaw({ kind, itemsize }: DType): boolean {
  return kind === "V" || (kind === "f" && itemsize > 8) || (kind === "c" && itemsize > 16);
}

/** The texts of values of a dtype. Takes as long for hundreds of values as for one. */
export function textsOfValues(values: readonly (number | bigint)[], dtype: DType): ArrayLike<string> {
  return values.length === 0 ? [] : textsOf(dtype)(dataOf(values, dtype));
}

/** The text of a float64. */
export function numberText(value: number): string {
  return textsOfValues([value], dtypeOf("float64"))[0] as string;
}

/** A float64 rounded to a few digits. */
export function rounded(value: number, digits = 6): number {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : value;
}

export function roundedText(value: number, digits?: number): string {
  return numberText(rounded(value, digits));
}

/** Includes cells with spaces around them, which readers may trim, or with a byte order mark, which they drop from the start of a file. */
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

const HALF_PAIR = /\p{Surrogate}/u;

/** Text as a cell of CSV. */
export function csvCell(text: string): string {
  if (HALF_PAIR.test(text))
    throw new Error(
      `${JSON.stringify(text)} holds half a surrogate pair, which UTF-8 and so CSV cannot encode: print it with --ndjson`,
    );
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Elements as cells of CSV. Only text needs quotes. */
export function csvOf(dtype: DType): CellTexts {
  const texts = textsOf(dtype);
  return "SU".includes(dtype.kind) ? (data) => Array.from(texts(data), csvCell) : texts;
}

/** A line of CSV. Quotes a single empty cell: a blank line is not a row. */
export function csvLine(cells: readonly string[]): string {
  return cells.length === 1 && cells[0] === "" ? '""' : cells.join(",");
}

/**
 * Finds candidates fast: two halves of a surrogate pair, stored as two characters, are read as one code point, and code points beyond
 * U+10FFFF as U+FFFD. Most matches are texts that really hold these.
 */
const MAY_BE_INEXACT = /[\u{10000}-\u{10ffff}\ufffd]/u;

/**
 * The index of the first text whose string differs from the code points in the file, or -1. NumPy stores any 32 bits as a character, UTF-8
 * and JSON cannot. Saving the array that was read writes the code points of the file, saving a copy those of the strings.
 */
export function firstInexact(data: NpyData, dtype: DType): number {
  if (dtype.kind !== "U") return -1;
  const texts = data as string[];
  if (!texts.some((text) => MAY_BE_INEXACT.test(text))) return -1;
  const [read, held] = [bytesOf(texts, dtype), bytesOf([...texts], dtype)];
  if (read.equals(held)) return -1;
  const { itemsize } = dtype;
  return texts.findIndex((_, i) => read.compare(held, i * itemsize, (i + 1) * itemsize, i * itemsize, (i + 1) * itemsize) !== 0);
}
