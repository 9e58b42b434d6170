import { NpyError, quoted } from "./errors.ts";
import { type DType, type DTypeLike, dtype } from "./format/dtype.ts";
import { MAX_HEADER_SIZE } from "./format/header.ts";
import { similarName } from "./format/similar.ts";
import type { Fetch, ReadLimits, Storage } from "./storage/storage.ts";
import { TIMEOUT } from "./storage/watch.ts";

/** The option that all verbs share which parse a header. */
export interface HeaderOptions {
  /**
   * The longest header accepted, in characters, as NumPy's `max_header_size`.
   *
   * @defaultValue `10_000`
   * @example maxHeaderSize: 1_000_000
   */
  readonly maxHeaderSize?: number;
}

/** How a header is read, and how long that may take. */
export interface InspectOptions extends HeaderOptions, ReadLimits {}

/** Checks the value of an option, and fills in the default. */
export type Check<Value> = (value: unknown, name: string) => Value;

/** One of the values of a list. */
export function oneOf<const Value>(allowed: readonly Value[], preset?: Value): Check<Value> {
  return (given, name) => {
    const value = preset === undefined ? given : (given ?? preset);
    if (allowed.includes(value as Value)) return value as Value;
    const list = allowed.filter((item) => item !== undefined).map((item) => JSON.stringify(item));
    throw optionError(`${name} must be ${list.join(" or ")}: found ${quoted(value)}`);
  };
}

export function flag(preset: boolean): Check<boolean> {
  return oneOf<boolean>([true, false], preset);
}

/** A value that passes `isValid`, or none. */
export function optional<Value>(what: string, isValid: (value: unknown) => boolean): Check<Value | undefined> {
  return (value, name) => {
    if (value === undefined || isValid(value)) return value as Value | undefined;
    throw optionError(`${name} must be ${what}: found ${quoted(value)}`);
  };
}

export const isPositive = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isRow = (value: unknown): boolean =>
  typeof value === "number" && (Number.isInteger(value) || Math.abs(value) === Number.POSITIVE_INFINITY);

const headerSize = optional<number>("a number of characters", (size) => typeof size === "number" && size > 0);
export const maxHeaderSize: Check<number> = (value, name) => headerSize(value, name) ?? MAX_HEADER_SIZE;
export const abortSignal: Check<AbortSignal | undefined> = optional("an AbortSignal", (value) => value instanceof AbortSignal);
const delay = optional<number>("a number of milliseconds, more than 0", (value) => typeof value === "number" && value > 0);
const milliseconds: Check<number> = (value, name) => delay(value, name) ?? TIMEOUT;
export const anyDType: Check<DType | undefined> = (value) => (value === undefined ? undefined : dtype(value as DTypeLike));
export const rowNumber: Check<number | undefined> = optional("a whole number of rows", isRow);

/** Refuses a string dtype without a length: it would take its length from the data, which a growing file cannot do. */
export const fixedSizeDType: Check<DType | undefined> = (value, name) => {
  const type = anyDType(value, name);
  if (type?.itemsize !== 0 || (type.kind !== "S" && type.kind !== "U")) return type;
  const message = `${type.str} has no length: say how many characters an element holds, as in "${type.kind}10".`;
  throw new NpyError("ERR_NPY_DTYPE", message);
};

export const INSPECT_OPTIONS: {
  readonly maxHeaderSize: Check<number>;
  readonly signal: Check<AbortSignal | undefined>;
  readonly timeout: Check<number>;
  readonly fetch: Check<Fetch | undefined>;
} = {
  maxHeaderSize,
  signal: abortSignal,
  timeout: milliseconds,
  fetch: optional<Fetch>("a function", (value) => typeof value === "function"),
};

/**
 * Checks options by a table of their names and values.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkOptions<Values extends object>(
  options: object,
  checks: { readonly [Name in keyof Values]: Check<Values[Name]> },
): Values {
  checkNames(options, Object.keys(checks));
  const checked = Object.entries<Check<unknown>>(checks).map(([name, check]) => [name, check(Reflect.get(options, name), name)]);
  return Object.fromEntries(checked) as Values;
}

/** Refuses options that do not exist: a misspelt one would be ignored silently. */
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw optionError(
      `options must be an object, as in { ${known[0]}: ... }: found ${quoted(options)}${meantOption(options, known)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const word = name.toLowerCase();
    const meant = known.find((option) => word.length > 3 && option.toLowerCase().endsWith(word)) ?? similarName(name, known);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    throw optionError(`there is no option ${quoted(name)}${hint}: expected ${known.join(", ")}`);
  }
}

function meantOption(options: unknown, known: readonly string[]): string {
  if (typeof options === "number" && known.includes("rows")) return `. For chunks of ${options} rows pass { rows: ${options} }`;
  if (typeof options === "string" && known.includes("dtype")) return `. For a dtype pass { dtype: ${quoted(options)} }`;
  return "";
}

function meantRow(row: unknown): string {
  if (typeof row === "bigint" || (typeof row === "string" && /^-?\d{1,15}$/.test(row))) return `. Pass the number ${row}`;
  if (typeof row !== "object" || row === null) return "";
  return ". Rows are arguments, not options: start, and stop";
}

/** A row as in `Array.prototype.slice`: negative ones count from the end, and none lies beyond it. */
export function position(row: number, length: number, name: string): number {
  if (!isRow(row)) throw optionError(`${name} must be a whole number of rows: found ${quoted(row)}${meantRow(row)}`);
  return row < 0 ? Math.max(0, length + row) : Math.min(row, length);
}

/** Refuses `mmap: true` if the file cannot be mapped, or its header for writing. */
export function checkMappable(storage: Storage, isWritten: boolean): void {
  const problem =
    storage.mapProblem === undefined ? "only files of the file system can be mapped: pass a path" : storage.mapProblem(isWritten);
  if (problem !== undefined) throw optionError(`mmap: true, but ${problem}, or leave mmap out`);
}

/** For a constructor that is called with a path, like that of the Python class. */
export function notConstructible(name: string, opener: string = `${name.replace("Sync", "")}.open`): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `Do not create ${name} with new, because opening a file may take time: await ${opener}(path), or call ${opener}Sync(path).`,
  );
}

export function optionError(message: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Invalid options: ${message}.`);
}
