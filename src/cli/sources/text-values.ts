/** Converts cells of text to what `append` takes. */
import type { DType } from "../../node.ts";
import { UsageError } from "../program/failure.ts";
import { isRaw } from "../text/cell.ts";
import { NOT_A_TIME, ticksOfTexts, unitOfText } from "../text/times.ts";
import { complexOf, floatOf, inferredNumberOf, integerOf, isComplexText, isMissing, isNumberText } from "./number-of-text.ts";

/** Converts the cells of a column, or throws `InvalidCell`. */
export type ValuesOfTexts = (texts: readonly string[]) => ArrayLike<unknown>;

/** A cell that does not fit its column. The message says what was expected. */
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

/** How cells become elements of `dtype`. `isInferred`: the dtype was inferred from a sample. */
export function valuesOfTexts(dtype: DType, isInferred: boolean): ValuesOfTexts {
  if (isRaw(dtype)) throw new UsageError(`text cannot become ${dtype.str}: append .npy files or raw bytes`);
  switch (dtype.kind) {
    case "b":
      return each(booleanOf);
    case "i":
    case "u":
      return each(integerOf);
    case "f":
      return each(isInferred ? inferredNumberOf : (text) => floatOf(text, dtype.itemsize));
    case "c":
      return each((text) => complexOf(text, dtype.itemsize / 2));
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

/** Ticks of a time. Refuses the count that stands for NaT. */
export function ticksOf(count: number | bigint): number | bigint {
  if (BigInt(count) === NOT_A_TIME) throw new UsageError("this count stands for NaT: write NaT instead");
  return count;
}

/** Whether text looks like a value of some dtype, and not like a name. */
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
