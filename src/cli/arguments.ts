/** Arguments and options of the command line, understood. */
import { InvalidArgumentError } from "commander";
import { type DType, type DTypeLike, dtype, NpyError } from "../node.ts";
import { isEncoding } from "./sources/encoding.ts";

/** A number of rows. */
export function rowCountArgument(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of rows.");
}

/** Rows as in Python's slices, or one row. */
export interface RowRange {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly isIndex: boolean;
}

export function rangeArgument(text: string): RowRange {
  const found = /^\s*(-?\d+)?(:)?(-?\d+)?$/.exec(text);
  const [, start, colon, stop] = found ?? [];
  if (found === null || (colon === undefined && (start === undefined || stop !== undefined))) {
    throw new InvalidArgumentError("It must be START:STOP, such as 10:20, :5 or -5:, or the number of one row.");
  }
  const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part));
  return { start: number(start), stop: number(stop), isIndex: colon === undefined };
}

/** The sizes of a row: `3`, `3,4`; nothing for rows of one element. */
export function rowShapeArgument(text: string): number[] {
  const sizes = text.split(/[,x]/).filter((size) => size.trim() !== "");
  if (sizes.every((size) => /^\s*[1-9]\d*\s*$/.test(size))) return sizes.map(Number);
  throw new InvalidArgumentError('It must be sizes of 1 or more, such as 3 or 3,4, or "" for rows of one element.');
}

/** What separates the cells of a line. */
export function delimiterArgument(text: string): string {
  if (text === "\\t") return "\t";
  if (text !== "" && !/["\r\n]/.test(text)) return text;
  throw new InvalidArgumentError("It must be a character such as ; or \\t, and no quote and no end of a line.");
}

/** The name of an encoding. */
export function encodingArgument(text: string): string {
  if (isEncoding(text)) return text;
  throw new InvalidArgumentError(
    "It must be a name of the Encoding Standard, such as utf-8, utf-16le, utf-16be, windows-1252 (also latin1), shift_jis or gb18030.",
  );
}

/** Names with commas between. */
export function listArgument(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** A dtype by its name or type string, as `t:f8,id:i4`, or as NumPy prints it: `[('t', '<f8'), ('pos', '<f4', (3,))]`. */
export function dtypeArgument(text: string): DType {
  try {
    if (text.trimStart().startsWith("[")) return literalDType(text.trim());
    if (!text.includes(":")) return dtype(text);
    return dtype(listArgument(text).map((field) => fieldOf(field)));
  } catch (error) {
    if (error instanceof NpyError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

function fieldOf(text: string): [string, string] {
  const colon = text.lastIndexOf(":");
  if (colon > 0) return [text.slice(0, colon), text.slice(colon + 1)];
  throw new InvalidArgumentError(`${JSON.stringify(text)} must be NAME:DTYPE.`);
}

/** Python's lists, tuples and strings, as JSON has them. */
function literalDType(text: string): DType {
  const json = text.replace(
    /u?'((?:[^'\\]|\\.)*)'|u?"((?:[^"\\]|\\.)*)"|,\s*(?=[)\]])|[()]/gs,
    (token: string, single?: string, double?: string) => {
      const string = single ?? double;
      return string === undefined ? (BRACKETS.get(token) ?? "") : jsonString(string);
    },
  );
  try {
    return dtype(JSON.parse(json) as DTypeLike);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError("It must be as NumPy prints it, such as [('t', '<f8'), ('pos', '<f4', (3,))].");
  }
}

const BRACKETS: ReadonlyMap<string, string> = new Map([
  ["(", "["],
  [")", "]"],
]);

/** What is between the quotes of a string in Python, as a string in JSON. */
function jsonString(string: string): string {
  const escaped = string.replace(/\\(?:'|x(..)|U(.{8}))|["\p{Cc}]|\\./gsu, (found: string, hex?: string, long?: string) => {
    if (found === "\\'") return "'";
    if (hex !== undefined) return `\\u00${hex}`;
    if (long !== undefined) return String.fromCodePoint(Number.parseInt(long, 16));
    return found.startsWith("\\") ? found : JSON.stringify(found).slice(1, -1);
  });
  return `"${escaped}"`;
}

/** A column of a text file: its name, and its dtype if that is said. */
export interface ColumnChoice {
  readonly name: string;
  readonly dtype: DType | undefined;
}

/** Columns with commas between: `t,x`, or with dtypes `t:f8,x:f4`. What follows a colon and is no dtype belongs to the name. */
export function columnChoices(text: string): ColumnChoice[] {
  return listArgument(text).map((column) => {
    const colon = column.lastIndexOf(":");
    const type = colon > 0 ? dtypeOrNothing(column.slice(colon + 1)) : undefined;
    return type === undefined ? { name: column, dtype: undefined } : { name: column.slice(0, colon), dtype: type };
  });
}

function dtypeOrNothing(text: string): DType | undefined {
  try {
    return dtype(text);
  } catch (error) {
    if (error instanceof NpyError) return undefined;
    throw error;
  }
}
