/** Text of a file or of stdin, and its elements -> the values that appending takes. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { DType } from "../../node.ts";
import { isRaw } from "../cell.ts";
import { datetimeTicks, NOT_A_TIME } from "../datetime.ts";
import { UsageError } from "../failure.ts";

/** Characters of a source that are looked at before the dtypes of its columns are decided. */
export const SAMPLE: number = 2 ** 22;

/** UTF-8 text, and how much of it was read. */
export interface TextSource {
  readonly stream: Readable & { readonly bytesRead?: number };
  readonly bytes: number | undefined;
}

export async function openText(path: string): Promise<TextSource> {
  if (path === "-") return { stream: process.stdin.setEncoding("utf8"), bytes: undefined };
  const stats = await stat(path);
  const stream = createReadStream(path, { encoding: "utf8", highWaterMark: 2 ** 18 });
  return { stream, bytes: stats.isFile() ? stats.size : undefined };
}

/** An element's value; `UsageError` with what was expected if the text is none. */
export type ValueOfText = (text: string) => unknown;

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;
const COMPLEX = /^\(?([+-]?[^jJ]*?[^jJeE+-])??(?:([+-]?(?:[^jJ+-]|[eE][+-])+)[jJ])?\)?$/;
const WORDS: ReadonlyMap<string, number> = new Map([
  ["", Number.NaN],
  ["nan", Number.NaN],
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
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["1", true],
  ["0", false],
]);

/** How text becomes an element of `dtype`. */
export function valueOfText(dtype: DType): ValueOfText {
  if (isRaw(dtype)) throw new UsageError(`text cannot become ${dtype.str}: append .npy files or raw bytes`);
  const { datetime } = dtype;
  switch (dtype.kind) {
    case "b":
      return booleanOf;
    case "i":
    case "u":
      return integerOf;
    case "f":
      return numberOf;
    case "c":
      return complexOf;
    case "M":
      return (text) => datetimeTicks(text.trim(), datetime as NonNullable<typeof datetime>);
    case "m":
      return (text) => (["", "NaT"].includes(text.trim()) ? NOT_A_TIME : integerOf(text));
    default:
      return (text) => text;
  }
}

function booleanOf(text: string): boolean {
  const value = BOOLEANS.get(text.trim().toLowerCase());
  if (value === undefined) throw new UsageError("expected true or false");
  return value;
}

function integerOf(text: string): number | bigint {
  const trimmed = text.trim();
  const number = Number(trimmed);
  if (Number.isSafeInteger(number) && trimmed !== "") return number;
  if (INTEGER.test(trimmed)) return BigInt(trimmed.replace("+", ""));
  throw new UsageError("expected a whole number");
}

function numberOf(text: string): number {
  const trimmed = text.trim();
  const number = NUMBER.test(trimmed) ? Number(trimmed) : WORDS.get(trimmed.toLowerCase());
  if (number === undefined) throw new UsageError("expected a number");
  return number;
}

function complexOf(text: string): { re: number; im: number } {
  const found = COMPLEX.exec(text.trim());
  if (found === null) throw new UsageError("expected a complex number such as 1.5-2j");
  const [, re = "0", im = "0"] = found;
  return { re: numberOf(re), im: numberOf(im) };
}

/** Whether text is a number as CSV files have them, words such as nan included. */
export function isNumberText(text: string): boolean {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) || (trimmed !== "" && WORDS.has(trimmed.toLowerCase()));
}

export function isIntegerText(text: string): boolean {
  return INTEGER.test(text.trim());
}

/** Whether text is missing: it becomes NaN among floats, NaT among times, and nothing else. */
export function isMissing(text: string): boolean {
  return Number.isNaN(WORDS.get(text.trim().toLowerCase()) ?? 0) || text.trim() === "NaT";
}
