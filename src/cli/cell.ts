/** Elements as text: as NumPy prints them, as JSON, and as CSV (RFC 4180, lines end in a line feed). */
import { type DType, dtype as dtypeOf, type NpyData } from "../node.ts";
import { bytesOf, dataOf, textsOfCast } from "./cast.ts";

/** The texts of all elements. */
export type CellTexts = (data: NpyData) => ArrayLike<string>;

/** Elements as `str()` of NumPy's scalars gives them, but timedelta64 as counts, and raw bytes in hexadecimal. */
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

/** Without a unit, the library writes a number of steps and the words for it. */
function countTexts(data: NpyData): string[] {
  return textsOfCast(data, data.length, dtypeOf("m8")).map((text) => text.replace(/ .*/, ""));
}

function hexTexts(bytes: Uint8Array, itemsize: number): string[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = itemsize === 0 ? 0 : all.length / itemsize;
  return Array.from({ length }, (_, i) => `0x${all.toString("hex", i * itemsize, (i + 1) * itemsize)}`);
}

/** Elements as JSON: NaN and NaT as null, the infinities as numbers too large for any float, complex numbers as { re, im }. */
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
      return each((text) => JSON.stringify(text));
    case "M":
    case "m": {
      const quote = datetime?.unit === "generic" || kind === "m" ? "" : '"';
      return each((text) => (text === "NaT" ? "null" : quote + text + quote));
    }
    default:
      return texts;
  }
}

/** JSON has no words for these. */
const JSON_NUMBERS: ReadonlyMap<string, string> = new Map([
  ["nan", "null"],
  ["inf", "1e999"],
  ["-inf", "-1e999"],
]);

/** Elements that JavaScript has no values for. */
export function isRaw({ kind, itemsize }: DType): boolean {
  return kind === "V" || (kind === "f" && itemsize > 8) || (kind === "c" && itemsize > 16);
}

/** The text of one value of a dtype. */
export function textOfValue(value: number | bigint, dtype: DType): string {
  return textsOf(dtype)(dataOf(value, dtype))[0] as string;
}

/** The text of a float64. */
export function numberText(value: number): string {
  return textOfValue(value, dtypeOf("float64"));
}

/** A float64 rounded to a few digits. */
export function roundedText(value: number, digits = 6): string {
  return numberText(Number.isFinite(value) ? Number(value.toPrecision(digits)) : value);
}

/** Spaces around a cell may be lost, and a byte order mark at the beginning of a file is. */
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

const HALF_PAIR = /\p{Surrogate}/u;

/** Text as a cell of CSV. */
export function csvCell(text: string): string {
  if (HALF_PAIR.test(text))
    throw new Error(
      `${JSON.stringify(text)} holds half a surrogate pair, which CSV, being UTF-8, cannot say: print it with --ndjson`,
    );
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Elements as cells of CSV: only text needs quotes. */
export function csvOf(dtype: DType): CellTexts {
  const texts = textsOf(dtype);
  return "SU".includes(dtype.kind) ? (data) => Array.from(texts(data), csvCell) : texts;
}

/** Cells as a line. A single empty cell would be a blank line, which is not a row. */
export function csvLine(cells: readonly string[]): string {
  return cells.length === 1 && cells[0] === "" ? '""' : cells.join(",");
}

/** What the halves of a surrogate pair in two elements, and code points beyond U+10FFFF, are read as; most often a text really has them. */
const MAY_BE_INEXACT = /[\u{10000}-\u{10ffff}\ufffd]/u;

/**
 * The index of the first text that does not hold the code points it was read from, or -1. NumPy holds any 32 bits as a character, UTF-8
 * and JSON do not. Saving what was read writes the code points in the file, saving a copy those in the strings.
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
