/** Whether the first record of a text is a header, and the names in it. */
import type { DType } from "../../node.ts";
import { columnsOf, type RowLayout } from "../columns.ts";
import { FileProblem, UsageError } from "../failure.ts";
import type { SourceOptions } from "./source.ts";
import { isValueText, valuesOfTexts } from "./text.ts";

/** A column by its header. */
export interface HeaderName {
  /** As it is in the text. */
  readonly exact: string;
  /** Without the spaces around it, unless it was quoted. */
  readonly name: string;
}

export function headerNames(cells: readonly string[], isQuoted: (i: number) => boolean): HeaderName[] {
  return cells.map((exact, i) => ({ exact, name: (isQuoted(i) ? exact : exact.trim()) || `f${i}` }));
}

/** The place of the column of this name: as it is written, or else without the spaces around it. */
export function placeOf(names: readonly HeaderName[], wanted: string): number {
  const found = names.findIndex(({ name }) => name === wanted);
  return found >= 0 ? found : names.findIndex(({ exact }) => exact === wanted);
}

/**
 * Whether the first record is a header. Where the dtype is known, what fits it is a row; but the names of a structure's
 * fields, or those of `--columns`, are a header. Where it is not known, a row of values only is no header.
 */
export function hasHeader(
  path: string,
  line: number,
  names: readonly HeaderName[],
  wanted: RowLayout | undefined,
  { header, columns }: SourceOptions,
): boolean {
  if (header !== undefined) return header;
  if (names.length === 0) return false;
  if (columns?.every(({ name }) => placeOf(names, name) >= 0)) return true;
  const cells = names.map(({ exact }) => exact);
  if (wanted === undefined) return !cells.every((cell) => cell.trim() === "" || isValueText(cell));
  const { dtype } = wanted;
  const leaves = dtype.fields === undefined ? [] : columnsOf(wanted);
  if (leaves.length > 0 && leaves.every(({ label }) => placeOf(names, label) >= 0)) return true;
  const types = dtype.fields === undefined ? cells.map(() => dtype) : leaves.map((leaf) => leaf.dtype);
  const words = cells.filter((cell, i) => !isValue(cell, types[i]));
  if (words.length === 0) return false;
  const value = cells.find((cell, i) => cell.trim() !== "" && !isText(types[i]) && isValue(cell, types[i]));
  if (value === undefined) return true;
  throw new FileProblem(
    path,
    `line ${line} may be a header or a row: ${JSON.stringify(words[0])} is not ${shownType(dtype)}, ` +
      `${JSON.stringify(value)} may be: pass --header or --no-header`,
  );
}

/** Whether a cell may be an element, if not a valid one: a number that does not fit is no name. */
function isValue(cell: string, type: DType | undefined): boolean {
  if (isText(type) || cell.trim() === "" || isValueText(cell)) return true;
  if (type === undefined) return false;
  try {
    valuesOfTexts(type, false)([cell]);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function isText(type: DType | undefined): boolean {
  return type?.kind === "S" || type?.kind === "U";
}

function shownType({ fields, name }: DType): string {
  return fields === undefined ? name : "an element of its field";
}
