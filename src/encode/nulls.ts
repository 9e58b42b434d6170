/** What `null` and `undefined` become where plain values are stored. */
import { NOT_A_TIME } from "../cast/datetime.ts";
import type { DType } from "../format/dtype.ts";

/** `"error"` refuses nulls, `"nan"` stores them as NaN or NaT where the dtype has one. */
export type Nulls = "error" | "nan";

export const NULLS: readonly Nulls[] = ["error", "nan"];

/** How to store nulls, for messages. */
export const HOW_TO_STORE_NULLS = 'nulls: "nan" stores null as NaN, in datetime64 and timedelta64 as NaT';

/** Whether a value is missing. Holes of arrays are `undefined`. */
export function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** The element of a scalar dtype that stands for null, or the reason why there is none. */
export function elementOfNull({ kind }: DType, nulls: Nulls): number | bigint | string {
  switch (kind) {
    case "f":
    case "c":
      return nulls === "nan" ? Number.NaN : 'expected a number (nulls: "nan" stores null as NaN)';
    case "M":
    case "m":
      return nulls === "nan" ? NOT_A_TIME : 'expected a time (nulls: "nan" stores null as NaT)';
    case "b":
      return "expected true or false (a bool has no NaN: replace null, or choose a float dtype)";
    case "S":
    case "U":
      return 'expected a string (text has no null: replace it, for instance by "")';
    default:
      return "expected a whole number (integers have no NaN: replace null, or choose a float dtype)";
  }
}
