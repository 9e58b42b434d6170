/** Converts JSON values to what `append` takes. */
import type { DType } from "../../node.ts";
import { excerpt, UsageError } from "../program/failure.ts";
import { shapeText, sizeOf } from "../rows/columns.ts";
import { isRaw } from "../text/cell.ts";
import { NOT_A_TIME, ticksOfTexts } from "../text/times.ts";
import { LongNumber } from "./json-text.ts";
import { ticksOf } from "./text-values.ts";

/** Converts a JSON value to an element, or throws a `UsageError` that says what was expected. */
export type ValueOfJson = (value: unknown) => unknown;

interface TimeColumn {
  readonly type: DType;
  texts: string[];
  ticks: ArrayLike<bigint | string> | undefined;
  next: number;
}

/**
 * Converts the times in JSON values. The library converts many at once, so values that hold times are converted twice: first to collect the
 * times, then to insert their ticks.
 */
export class TimesOfJson {
  readonly #columns: TimeColumn[] = [];

  /** Returns a function that converts a text to a time of the dtype. */
  valueOf(type: DType): (text: string) => bigint {
    const column: TimeColumn = { type, texts: [], ticks: undefined, next: 0 };
    this.#columns.push(column);
    return (text) => {
      if (column.ticks === undefined) {
        column.texts.push(text);
        return NOT_A_TIME;
      }
      const ticks = column.ticks[column.next++] as bigint | string;
      if (typeof ticks === "string") throw new UsageError(ticks);
      return ticks;
    };
  }

  /** The result of `convert`, which uses the functions from `valueOf`. */
  converted<Result>(convert: () => Result): Result {
    const withoutTimes = convert();
    const columns = this.#columns.filter(({ texts }) => texts.length > 0);
    if (columns.length === 0) return withoutTimes;
    for (const column of columns) Object.assign(column, { ticks: ticksOfTexts(column.texts, column.type), next: 0 });
    const result = convert();
    for (const column of columns) Object.assign(column, { texts: [], ticks: undefined });
    return result;
  }
}

/** How JSON values become elements: null is NaN or NaT, times are strings. `isInferred`: the dtype was inferred from a sample. */
export function valueOfJson(type: DType, isInferred: boolean, times: TimesOfJson): ValueOfJson {
  if (type.subdtype !== undefined) {
    const { dtype: element, shape } = type.subdtype;
    const convert = valueOfJson(element, isInferred, times);
    return (value) => flat(value, shape, convert);
  }
  if (type.fields !== undefined) return recordOfJson(type, isInferred, times);
  if (isRaw(type)) throw new UsageError(`JSON cannot become ${type.str}: append .npy files or raw bytes`);
  switch (type.kind) {
    case "f":
      return (value) => floatOf(value, type.itemsize, isInferred);
    case "c":
      return (value) => complexOf(value, type.itemsize / 2, isInferred);
    case "i":
    case "u":
      return integerOf;
    case "m":
      return (value) => (value === null ? NOT_A_TIME : ticks(value));
    case "M": {
      const timeOf = times.valueOf(type);
      return (value) => (typeof value === "string" ? timeOf(value) : value === null ? NOT_A_TIME : ticks(value));
    }
    default:
      return plainOf;
  }
}

/** Whether some element is a float16 or float32, or consists of float32. */
export function hasNarrowFloats({ subdtype, fields, kind, itemsize }: DType): boolean {
  if (subdtype !== undefined) return hasNarrowFloats(subdtype.dtype);
  if (fields !== undefined) return fields.some((field) => hasNarrowFloats(field.dtype));
  return (kind === "f" && itemsize < 8) || (kind === "c" && itemsize < 16);
}

/** Flattens nested arrays of a shape. */
export function flat(value: unknown, shape: readonly number[], convert: ValueOfJson): unknown[] {
  const [size, ...rest] = shape;
  if (size === undefined) return [convert(value)];
  if (Array.isArray(value) && value.length === size) return value.flatMap((item) => flat(item, rest, convert));
  // A flat list of all elements is accepted, too.
  if (Array.isArray(value) && value.length === sizeOf(shape)) return value.map(convert);
  throw new UsageError(
    `expected an array of shape ${shapeText(shape)}, found ${Array.isArray(value) ? `one of ${value.length}` : typeof value}`,
  );
}

function recordOfJson(structure: DType, isInferred: boolean, times: TimesOfJson): ValueOfJson {
  const converters = new Map((structure.fields ?? []).map((field) => [field.name, valueOfJson(field.dtype, isInferred, times)]));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof LongNumber)
      throw new UsageError(`expected an object, found ${shownJson(value)}`);
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, within(name, item, converters.get(name) ?? plainOf)]),
    );
  };
}

function within(name: string, value: unknown, convert: ValueOfJson): unknown {
  try {
    return convert(value);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`field ${JSON.stringify(name)}: ${error.message}`);
  }
}

/** Passes the value on: `append` checks it. */
function plainOf(value: unknown): unknown {
  return value instanceof LongNumber ? asNumber(value) : value;
}

function asNumber(value: LongNumber): unknown {
  return value.isInteger ? value.integer() : value.float(8, false);
}

function floatOf(value: unknown, size: number, isInferred: boolean): unknown {
  if (value === null) return Number.NaN;
  return value instanceof LongNumber ? naming(value, () => value.float(size, isInferred)) : value;
}

function complexOf(value: unknown, size: number, isInferred: boolean): unknown {
  if (typeof value !== "object" || value === null || value instanceof LongNumber) return floatOf(value, size, isInferred);
  if (Object.keys(value).sort().join() !== "im,re")
    throw new UsageError(`expected {"re":1.5,"im":-2}, found ${shownJson(value)}`);
  const { re, im } = value as { re: unknown; im: unknown };
  return { re: floatOf(re, size, isInferred), im: floatOf(im, size, isInferred) };
}

function integerOf(value: unknown): unknown {
  return value instanceof LongNumber ? naming(value, () => value.integer()) : value;
}

function ticks(value: unknown): unknown {
  const count = integerOf(value);
  return typeof count === "bigint" || Number.isSafeInteger(count) ? ticksOf(count as number | bigint) : count;
}

function naming<Result>({ text }: LongNumber, convert: () => Result): Result {
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${excerpt(text)}: ${error.message}`);
  }
}

function shownJson(value: unknown): string {
  return excerpt(value instanceof LongNumber ? value.text : JSON.stringify(value));
}
