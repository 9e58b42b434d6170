/** Cells of text -> the values that appending takes. */
import type { DType } from "../../node.ts";
import { isRaw } from "../cell.ts";
import { UsageError } from "../failure.ts";
import { NOT_A_TIME, ticksOfTexts, unitOfText } from "../times.ts";
import { complexOf, inferredNumberOf, integerOf, isComplexText, isMissing, isNumberText, numberOf } from "./number-of-text.ts";

/** The values of a column of cells; `InvalidCell` if one has none. */
export type ValuesOfTexts = (texts: readonly string[]) => ArrayLike<unknown>;

/** A cell that is not an element of its column: the message says what was expected. */
export class InvalidCell extends UsageError {
  readonly index: number;

  constructor(index: number, problem: string) {
    super(problem);
    this.index = index;
  }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
  ["1", true],
  ["0", false],
]);

/** How cells become elements of `dtype`; with `isInferred`, of one that was taken from a part of the text alone. */
export function valuesOfTexts(dtype: DType, isInferred: boolean): ValuesOfTexts {
  if (isRaw(dtype)) throw new UsageError(`text cannot become ${dtype.str}: append .npy files or raw bytes`);
  switch (dtype.kind) {
    case "b":
      return each(booleanOf);
    case "i":
    case "u":
      return each(integerOf);
    case "f":
      return each(isInferred ? inferredNumberOf : numberOf);
    case "c":
      return each(complexOf);
    case "M":
      return (texts) => {
        const ticks = ticksOfTexts(
          texts.map((text) => (isMissing(text) ? "NaT" : text.trim())),
          dtype,
        );
        for (let i = 0; i < ticks.length; i++) if (typeof ticks[i] === "string") throw new InvalidCell(i, ticks[i] as string);
        return ticks;
      };
    case "m":
      return each((text) => (isMissing(text) ? NOT_A_TIME : ticksOf(integerOf(text))));
    default:
      return (texts) => texts;
  }
}

function each(convert: (text: string) => unknown): ValuesOfTexts {
  return (texts) => {
    const values: unknown[] = [];
    try {
      for (const text of texts) values.push(convert(text));
    } catch (error) {
      throw error instanceof UsageError ? new InvalidCell(values.length, error.message) : error;
    }
    return values;
  };
}

function booleanOf(text: string): boolean {
  const value = BOOLEANS.get(text.trim().toLowerCase());
  if (value === undefined) throw new UsageError("expected true or false");
  return value;
}

/** A count of a dtype's steps, which must not be the one that means NaT. */
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
