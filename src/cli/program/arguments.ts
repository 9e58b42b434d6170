/** Parses the arguments and options that several commands take. */
import { InvalidArgumentError, Option } from "commander";
import { type DType, type DTypeLike, dtype, NpyError } from "../../node.ts";
import { isEncoding } from "../sources/encoding.ts";

export function castingOption(): Option {
  return new Option(
    "--casting <rule>",
    "which casts of .npy files and raw bytes are allowed, as in numpy.can_cast (default: same_kind)",
  ).choices(["no", "equiv", "safe", "same_kind", "unsafe"]);
}

export function overflowOption(): Option {
  return new Option(
    "--on-overflow <action>",
    "what to do with numbers that the dtype cannot hold, and text that is too long: wrap around and cut as NumPy, or throw (default: wrap)",
  ).choices(["wrap", "throw"]);
}

export function durabilityOption(): Option {
  return new Option(
    "--durability <level>",
    "what the rows survive, once appended: os a crash of the process, data and full also one of the machine (default: os)",
  ).choices(["os", "data", "full"]);
}

/** A number of rows. */
export function rowCountArgument(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of rows.");
}

export function seedArgument(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** Characters of a line; 0 for any number. */
export function widthArgument(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of characters, or 0.");
}

export function intervalArgument(text: string): number {
  if (Number(text) >= 0.01 && Number(text) <= 86_400) return Number(text);
  throw new InvalidArgumentError("It must be a number of seconds, from 0.01 to 86400.");
}

/** Digits after the decimal point. */
export function precisionArgument(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 60) return Number(text);
  throw new InvalidArgumentError("It must be a whole number of digits, from 0 to 60.");
}

/** Rows as in a Python slice, or one row. */
export interface RowRange {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly isIndex: boolean;
}

export function rangeArgument(text: string): RowRange {
  const found = /^\s*(-?\d+)?(?:(:)(-?\d+)?)?$/.exec(text);
  const [, start, colon, stop] = found ?? [];
  if (found === null || (colon === undefined && start === undefined)) {
    throw new InvalidArgumentError("It must be START:STOP, such as 10:20, :5 or -5:, or the number of one row.");
  }
  const number = (part: string | undefined): number | undefined => (part === undefined ? undefined : Number(part));
  return { start: number(start), stop: number(stop), isIndex: colon === undefined };
}

/** The shape of a row: `3`, `3,4`, or empty for rows of one element. */
export function rowShapeArgument(text: string): number[] {
  const sizes = text.split(/[,x]/).filter((size) => size.trim() !== "");
  if (sizes.every((size) => /^\s*[1-9]\d*\s*$/.test(size))) return sizes.map(Number);
  throw new InvalidArgumentError('It must be sizes of 1 or more, such as 3 or 3,4, or "" for rows of one element.');
}

/** The separator of the cells in a line. */
export function delimiterArgument(text: string): string {
  if (text === "\\t") return "\t";
  if (text !== "" && !/["\r\n]/.test(text)) return text;
  throw new InvalidArgumentError("It must be a character such as ; or \\t, but not a quote or a line end.");
}

export function encodingArgument(text: string): string {
  if (isEncoding(text)) return text;
  throw new InvalidArgumentError(
    "It must be a name of the Encoding Standard, such as utf-8, utf-16le, utf-16be, windows-1252 (also latin1), shift_jis or gb18030.",
  );
}

/** Names, separated by commas. */
export function listArgument(text: string): string[] {
  return text.split(",").map((name) => name.trim());
}

/** A dtype: its name or type string, or a structure as `t:f8,id:i4` or as NumPy prints it, `[('t', '<f8'), ('pos', '<f4', (3,))]`. */
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

/** Rewrites Python's lists, tuples and strings as JSON. */
function literalDType(text: string): DType {
  // A quote that is not closed ends with the text: no part is searched twice.
  const json = text.replace(
    /u?'((?:[^'\\]|\\.?)*)(?:'|$)|u?"((?:[^"\\]|\\.?)*)(?:"|$)|,\s*(?=[)\]])|[()]/gs,
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

/** The contents of a Python string literal -> a JSON string. */
function jsonString(string: string): string {
  const escaped = string.replace(/\\(?:'|x(..)|U(.{8}))|["\p{Cc}]|\\./gsu, (found: string, hex?: string, long?: string) => {
    if (found === "\\'") return "'";
    if (hex !== undefined) return `\\u00${hex}`;
    if (long !== undefined) return String.fromCodePoint(Number.parseInt(long, 16));
    return found.startsWith("\\") ? found : JSON.stringify(found).slice(1, -1);
  });
  return `"${escaped}"`;
}

/** A column of a text file, with a dtype if the user gave one. */
export interface ColumnChoice {
  readonly name: string;
  readonly dtype: DType | undefined;
}

/** Columns, separated by commas: `t,x`, or with dtypes `t:f8,x:f4`. After a colon, anything but a dtype belongs to the name. */
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
