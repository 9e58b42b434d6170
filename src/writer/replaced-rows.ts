/** Which rows of a file others replace. */
import { NpyError } from "../errors.ts";

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
    `There is no row ${row} to be replaced: the file has ${length} rows. append adds rows after the last one.`,
    { row },
  );
}
