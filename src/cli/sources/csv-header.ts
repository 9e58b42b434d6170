/** Decides whether the first record is a header, and reads its names. */
import type { DType } from "../../node.ts";
import { FileProblem, UsageError } from "../program/failure.ts";
import { columnsOf, firstByName, type RowLayout } from "../rows/columns.ts";
import type { SourceOptions } from "./source.ts";
import { isValueText, valuesOfTexts } from "./text-values.ts";

/** The name of a column. */
export interface HeaderName {
  /** As written, with spaces. */
  readonly exact: string;
  /** Without the spaces around it, unless it was quoted. */
  readonly name: string;
}

export function headerNames(cells: readonly string[], isQuoted: (i: number) => boolean): HeaderName[] {
  return cells.map((exact, i) => ({ exact, name: (isQuoted(i) ? exact : exact.trim()) || `f${i}` }));
}

/** Returns a function that finds the index of the column with a name. Prefers names without spaces around them. */
export function placesOf(names: readonly HeaderName[]): (wanted: string) => number | undefined {
  const places = [...names.keys()];
  const byName = firstByName(places, (place) => names[place]?.name ?? "");
  const byExact = firstByName(places, (place) => names[place]?.exact ?? "");
  return (wanted) => byName.get(wanted) ?? byExact.get(wanted);
}

/**
 * Whether the first record is a header. The names of a structure's fields or of `--columns` make it one. Otherwise, if the dtype is
 * known, a record that fits it is data; if not, a record of nothing but values is data.
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
  const placeOf = placesOf(names);
  if (columns?.every(({ name }) => placeOf(name) !== undefined)) return true;
  const cells = names.map(({ exact }) => exact);
  if (wanted === undefined) return !cells.every((cell) => cell.trim() === "" || isValueText(cell));
  const { dtype } = wanted;
  const leaves = dtype.fields === undefined ? [] : columnsOf(wanted);
  if (leaves.length > 0 && leaves.every(({ label }) => placeOf(label) !== undefined)) return true;
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

/** Whether a cell looks like an element, even an invalid one: a number that does not fit is still not a name. */
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
