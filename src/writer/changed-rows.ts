/** Which rows of a file are replaced by others, or cut off. */

import { NpyError, quoted } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { optionError } from "../options.ts";

/** @throws NpyError `ERR_NPY_OPTION` if `start` is not a whole number. */
export function checkStart(start: unknown): asserts start is number {
  if (!Number.isSafeInteger(start)) throw optionError(`start must be a whole number of rows: found ${quoted(start)}`);
}

/**
 * The first of `count` rows that are replaced in a file of `length` rows. A negative `start` counts from the end.
 *
 * @throws NpyError `ERR_NPY_SHAPE` if not all of them are there.
 */
export function firstReplaced(start: number, count: number, length: number): number {
  const first = start < 0 ? length + start : start;
  if (first < 0 || first > length) throw outOfRange(start, length);
  if (first + count > length) throw outOfRange(length, length);
  return first;
}

export function outOfRange(row: number, length: number): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    `There is no row ${row} to be replaced: the file has ${counted(length, "row")}. append adds rows after the last one.`,
    { row },
  );
}

/**
 * Checks how many rows of a file of `length` rows are to be kept.
 *
 * @throws NpyError `ERR_NPY_OPTION`; `ERR_NPY_SHAPE` if there are fewer.
 */
export function checkKept(rows: number, length: number): void {
  if (!(Number.isSafeInteger(rows) && rows >= 0)) {
    throw optionError(`rows must be a whole number of rows to keep, 0 or more: found ${quoted(rows)}`);
  }
  if (rows > length) {
    throw new NpyError("ERR_NPY_SHAPE", `The file has ${counted(length, "row")}, which truncate cannot make ${rows}.`, {
      row: rows,
    });
  }
}
