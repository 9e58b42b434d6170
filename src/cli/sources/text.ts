/** Cells of text -> the values that appending takes. */
import type { DType } from "../../node.ts";
import { isRaw } from "../cell.ts";
import { datetimeTicks, NOT_A_TIME, unitOfText } from "../datetime.ts";
import { UsageError } from "../failure.ts";
import { complexOf, inferredNumberOf, integerOf, isComplexText, isMissing, isNumberText, numberOf } from "./number-of-text.ts";

/** An element's value; `UsageError` with what was expected if the text is none. */
export type ValueOfText = (text: string) => unknown;

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["1", true],
  ["0", false],
]);

/** How text becomes an element of `dtype`; with `isInferred`, of one that was taken from a part of the text alone. */
export function valueOfText(dtype: DType, isInferred: boolean): ValueOfText {
  if (isRaw(dtype)) throw new UsageError(`text cannot become ${dtype.str}: append .npy files or raw bytes`);
  const { datetime } = dtype;
  switch (dtype.kind) {
    case "b":
      return booleanOf;
    case "i":
    case "u":
      return integerOf;
    case "f":
      return isInferred ? inferredNumberOf : numberOf;
    case "c":
      return complexOf;
    case "M":
      return (text) => (isMissing(text) ? NOT_A_TIME : datetimeTicks(text.trim(), datetime as NonNullable<typeof datetime>));
    case "m":
      return (text) => (isMissing(text) ? NOT_A_TIME : ticksOf(integerOf(text)));
    default:
      return (text) => text;
  }
}

function booleanOf(text: string): boolean {
  const value = BOOLEANS.get(text.trim().toLowerCase());
  if (value === undefined) throw new UsageError("expected true or false");
  return value;
}

/** A count of a timedelta's own steps, none of which is NaT. */
export function ticksOf(count: number | bigint): number | bigint {
  if (BigInt(count) === NOT_A_TIME) throw new UsageError("this count is how NaT is stored: write NaT if it is meant");
  return count;
}

/** Whether text looks like a value of some dtype other than text, and not like a name. */
export function isValueText(text: string): boolean {
  const trimmed = text.trim();
  return (
    isNumberText(text) ||
    /^(?:true|false)$/i.test(trimmed) ||
    trimmed === "NaT" ||
    unitOfText(trimmed) !== undefined ||
    isComplexText(trimmed)
  );
}
