/** Parses JSON like `JSON.parse`, but rounds no number and loses no key. */
import { UsageError } from "../program/failure.ts";
import { isHalfway } from "./fast-number.ts";
import { floatOf, inferredNumberOf, integerOf } from "./number-of-text.ts";

/** A number as it is written, where a JavaScript number may be inexact. */
export class LongNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether it has neither a fraction nor an exponent. */
  get isInteger(): boolean {
    return !/[.eE]/.test(this.text);
  }

  /** Its value as an integer. */
  integer(): number | bigint {
    return integerOf(this.text);
  }

  /** Its value for a float of so many bytes; `isInferred` as for text. */
  float(size: number, isInferred: boolean): number {
    return isInferred ? inferredNumberOf(this.text) : floatOf(this.text, size);
  }
}

/** How infinities are written: as numbers too large for any float. */
const INFINITIES: ReadonlySet<string> = new Set(["1e999", "-1e999"]);

/** Matches every line with a long number: it has 16 digits in a row, or an exponent that is not negative. */
const MAY_BE_LONG = /\d{16}|\d[eE]\+?\d/;

/** Which numbers stay texts, besides those that float64 might round. */
export interface KeptNumbers {
  /** Whole numbers that are written with a fraction or an exponent: while dtypes are inferred, 1.0 is not an integer. */
  readonly keepsFractions: boolean;
  /** Fractions halfway between two float32 or float16: digits that float64 has lost decide which is nearer. */
  readonly keepsHalfway: boolean;
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Parses a JSON text. Numbers that might be rounded, and those that are kept, become `LongNumber`.
 *
 * @throws SyntaxError if it is not JSON, UsageError if an object has a duplicate key.
 */
export function parseJson(text: string, kept: KeptNumbers): unknown {
  const value: unknown = JSON.parse(text);
  if (text.includes("{")) refuseSameKeys(text, value);
  const canKeep = (kept.keepsFractions || kept.keepsHalfway) && /\d[.eE]/.test(text);
  if (!canKeep && !MAY_BE_LONG.test(text)) return value;
  let marks = 0;
  // The text is valid JSON, so every quote here opens a string that ends.
  const marked = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || !isLong(token, kept)) return token;
    marks++;
    return `"${token}"`;
  });
  return marks === 0 ? value : withLongNumbers(value, JSON.parse(marked));
}

function isLong(token: string, { keepsFractions, keepsHalfway }: KeptNumbers): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return !INFINITIES.has(token);
  if (!/[.eE]/.test(token)) return !Number.isSafeInteger(number);
  if (!Number.isInteger(number)) return keepsHalfway && (isHalfway(number, 4) || isHalfway(number, 2));
  return keepsFractions || !Number.isSafeInteger(number) || token.length > 16;
}

/** Puts a `LongNumber` where `marked` has a string and `value` a number. */
function withLongNumbers(value: unknown, marked: unknown): unknown {
  if (typeof value === "number") return typeof marked === "string" ? new LongNumber(marked) : value;
  if (typeof value !== "object" || value === null) return value;
  const [values, marks] = [value, marked] as { [name: string]: unknown }[];
  for (const name of Object.keys(value)) {
    (values as { [name: string]: unknown })[name] = withLongNumbers(values?.[name], marks?.[name]);
  }
  return value;
}

/** `JSON.parse` silently keeps the last value of a duplicate key. */
function refuseSameKeys(text: string, value: unknown): void {
  // Counts keys in the text, and possibly strings that look like keys. If the value has as many, there are no duplicates. Counting colons is
  // faster, so it comes first.
  const keys = keysIn(value);
  if (colonsIn(text) === keys || text.match(/"\s*:/g)?.length === keys) return;
  const open: (Set<string> | undefined)[] = [];
  const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g;
  for (const [token, string, colon] of text.matchAll(tokens)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (colon !== undefined) {
      const known = open.at(-1);
      const key = JSON.parse(string as string) as string;
      if (known?.has(key)) throw new UsageError(`the object has the key ${JSON.stringify(key)} twice: remove one`);
      known?.add(key);
    }
  }
}

function colonsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) count++;
  return count;
}

function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => (typeof item === "object" ? sum + keysIn(item) : sum), 0);
  const keys = Object.keys(value);
  let count = keys.length;
  for (const key of keys) {
    const item = (value as { [name: string]: unknown })[key];
    if (typeof item === "object") count += keysIn(item);
  }
  return count;
}
