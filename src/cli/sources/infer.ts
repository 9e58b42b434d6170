/** Infers dtypes from text and from JSON. */
import type { DTypeLike } from "../../node.ts";
import { unitOfText } from "../text/times.ts";
import { LongNumber } from "./json-text.ts";
import { isIntegerText, isMissing, isNumberText } from "./number-of-text.ts";

const INT64 = [-(2n ** 63n), 2n ** 63n - 1n] as const;
const UINT64_MAX = 2n ** 64n - 1n;

/** The dtype of integers: int64, uint64 if only that holds them, otherwise float64. */
function dtypeOfIntegers(values: Iterable<bigint | number>): "int64" | "uint64" | "float64" {
  let [min, max] = [0n, 0n];
  for (const value of values) {
    const integer = BigInt(value);
    if (integer < min) min = integer;
    if (integer > max) max = integer;
  }
  if (min >= INT64[0] && max <= INT64[1]) return "int64";
  return min >= 0n && max <= UINT64_MAX ? "uint64" : "float64";
}

/** The shortest `U` that holds all values. */
function dtypeOfStrings(values: Iterable<string>): `U${number}` {
  let longest = 1;
  for (const value of values) if (value.length > longest) longest = Math.max(longest, [...value].length);
  return `U${longest}`;
}

/**
 * The dtype of a column of text: bool (true, false), int64 or uint64, float64 (also with missing values), datetime64 with
 * the coarsest unit that fits, or the shortest `U`.
 */
export function dtypeOfTexts(texts: readonly string[]): string {
  const present = texts.filter((text) => !isMissing(text));
  if (present.length === 0) return "float64";
  const isComplete = present.length === texts.length;
  if (isComplete && present.every((text) => /^\s*(?:true|false)\s*$/i.test(text))) return "bool";
  if (isComplete && present.every(isIntegerText))
    return dtypeOfIntegers(mapped(present, (text) => BigInt(text.trim().replace("+", ""))));
  if (present.every(isNumberText)) return "float64";
  const units = new Set(present.map((text) => unitOfText(text.trim())));
  if (!units.has(undefined)) return `datetime64[${(["ns", "us", "ms", "s", "D"] as const).find((unit) => units.has(unit))}]`;
  return dtypeOfStrings(texts);
}

/**
 * The dtype of JSON values: as for text, but a string stays a string unless it is a time. Arrays become sub-arrays, objects
 * structures.
 */
export function dtypeOfJson(values: readonly unknown[]): DTypeLike | readonly [DTypeLike, readonly number[]] {
  const present = values.filter((value) => value !== null);
  const [first] = present;
  const isComplete = present.length === values.length;
  if (Array.isArray(first)) {
    const elements = present.filter((value) => Array.isArray(value)).flat() as unknown[];
    const inner = dtypeOfJson(elements);
    const [element, shape] = isSubArray(inner) ? inner : [inner, []];
    return [element, [first.length, ...shape]];
  }
  if (typeof first === "object" && first !== undefined && !(first instanceof LongNumber)) {
    return Object.keys(first as object).map((name) => {
      const inner = dtypeOfJson(present.map((value) => (value as { [name: string]: unknown })[name] ?? null));
      return isSubArray(inner) ? ([name, ...inner] as const) : ([name, inner] as const);
    });
  }
  if (typeof first === "boolean" && isComplete) return "bool";
  if (typeof first === "string") {
    const texts = present.filter((value) => typeof value === "string");
    const found = dtypeOfTexts(texts);
    return found.startsWith("datetime64") ? found : dtypeOfStrings(texts);
  }
  const integers = present.map(integerOfJson).filter((value) => value !== undefined);
  const areIntegers = integers.length === values.length && values.length > 0;
  return areIntegers ? dtypeOfIntegers(integers) : "float64";
}

/** A value that is written as an integer. Excludes -0: integers have no signed zero. */
function integerOfJson(value: unknown): number | bigint | undefined {
  if (value instanceof LongNumber) return value.isInteger ? value.integer() : undefined;
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? (value as number) : undefined;
}

function isSubArray(found: ReturnType<typeof dtypeOfJson>): found is readonly [DTypeLike, readonly number[]] {
  return (
    Array.isArray(found) && found.length === 2 && Array.isArray(found[1]) && found[1].every((size) => typeof size === "number")
  );
}

function* mapped<From, To>(values: Iterable<From>, map: (value: From) => To): Generator<To, void, void> {
  for (const value of values) yield map(value);
}
