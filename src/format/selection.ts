/** Which elements of an array are selected: NumPy's basic indexing, and the rows of `numpy.take`. */

import { NpyError, quoted } from "../errors.ts";
import { counted } from "./counted.ts";

/** Some indices of an axis, as Python's `slice`: `start` included, `stop` not, negative ones counted from the end. */
export interface Slice {
  /** Default: the first index in the direction of `step`. */
  readonly start?: number | bigint | null | undefined;
  /** Default: all indices in the direction of `step`. */
  readonly stop?: number | bigint | null | undefined;
  /** From one index to the next; may be negative. Default 1. */
  readonly step?: number | bigint | null | undefined;
}

/** An entry for each axis: `null` takes the whole axis, an integer one index of it, and drops the axis. Axes without an entry are taken whole. */
export type Selection = readonly (null | number | bigint | Slice)[];

/** What is selected of one axis. */
export interface SelectedAxis {
  /** The first index, if there is any. */
  readonly start: number;
  /** From one index to the next; may be negative. */
  readonly step: number;
  readonly count: number;
  /** Whether the result does not have this axis. */
  readonly isDropped: boolean;
}

/**
 * What `selection` takes of each axis of an array.
 *
 * @throws NpyError `ERR_NPY_SHAPE` for more entries than axes, or an index outside its axis; `ERR_NPY_OPTION` for anything that is no selection.
 */
export function selectAxes(shape: readonly number[], selection: Selection): SelectedAxis[] {
  if (!Array.isArray(selection)) {
    const hint = typeof selection === "number" || typeof selection === "bigint" ? `. For one index pass [${selection}]` : "";
    throw invalid(
      `a selection must be a list with an entry for each axis, as in [null, 3, { stop: 10 }]: found ${quoted(selection)}${hint}`,
    );
  }
  if (selection.length > shape.length) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `The selection has ${counted(selection.length, "entry", "entries")}, and the array ${counted(shape.length, "axis", "axes")}: ` +
        "pass at most one entry for each axis.",
    );
  }
  return shape.map((size, axis) => (axis < selection.length ? selectAxis(size, selection[axis], axis) : whole(size)));
}

function whole(size: number): SelectedAxis {
  return { start: 0, step: 1, count: size, isDropped: false };
}

function selectAxis(size: number, entry: unknown, axis: number): SelectedAxis {
  if (entry === null) return whole(size);
  if (typeof entry === "number" || typeof entry === "bigint") return one(size, entry, axis);
  if (typeof entry !== "object") throw noEntry(entry, axis);
  return slice(size, entry, axis);
}

function one(size: number, entry: number | bigint, axis: number): SelectedAxis {
  const index = Number(entry);
  if (!Number.isInteger(index)) throw noEntry(entry, axis);
  if (index >= size || index < -size) {
    throw new NpyError("ERR_NPY_SHAPE", `Index ${entry} is out of range for axis ${axis}, which has size ${size}.`, {
      index: [axis],
    });
  }
  return { start: index < 0 ? index + size : index, step: 1, count: 1, isDropped: true };
}

const PARTS: readonly string[] = ["start", "stop", "step"];

/** Source: `slice.indices` of Python, in `PySlice_AdjustIndices`. */
function slice(size: number, entry: object, axis: number): SelectedAxis {
  const isPlain = !Array.isArray(entry) && !ArrayBuffer.isView(entry);
  if (!isPlain || Object.keys(entry).some((name) => !PARTS.includes(name))) throw noEntry(entry, axis);
  const { start, stop, step: wanted } = entry as Slice;
  const step = Number(wanted ?? 1);
  if (!Number.isSafeInteger(step) || step === 0) {
    throw invalid(`step must be a whole number other than 0: found ${quoted(wanted)}`, axis);
  }
  const isBackward = step < 0;
  const lowest = isBackward ? -1 : 0;
  const highest = isBackward ? size - 1 : size;
  const bound = (value: unknown, name: string, preset: number): number => {
    if (value === undefined || value === null) return preset;
    const index = typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
    if (!Number.isInteger(index) && Math.abs(index) !== Number.POSITIVE_INFINITY) {
      throw invalid(`${name} must be a whole number: found ${quoted(value)}`, axis);
    }
    return Math.min(highest, Math.max(lowest, index < 0 ? index + size : index));
  };
  const first = bound(start, "start", isBackward ? highest : lowest);
  const end = bound(stop, "stop", isBackward ? lowest : highest);
  const count = Math.max(0, Math.ceil((end - first) / step));
  return { start: count === 0 ? 0 : first, step, count, isDropped: false };
}

function invalid(problem: string, axis?: number): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Invalid selection: ${problem}.`, axis === undefined ? {} : { index: [axis] });
}

function noEntry(entry: unknown, axis: number): NpyError {
  return invalid(`expected null, a whole number or { start, stop, step }: found ${quoted(entry)}`, axis);
}

const INTEGERS = /^(?:Int(?:8|16|32)|Uint(?:8|8Clamped|16|32)|Big(?:Int|Uint)64)Array$/;

/**
 * Row numbers as `numpy.take` accepts them, each from 0 to `length` - 1 in the result.
 *
 * @throws NpyError `ERR_NPY_SHAPE` for a row that does not exist, `ERR_NPY_OPTION` for anything but a list of whole numbers.
 */
export function checkedRows(rows: ArrayLike<number | bigint>, length: number): Float64Array<ArrayBuffer> {
  checkList(rows);
  const count = rows.length;
  const checked = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number | bigint;
    let index = typeof row === "number" ? row : checkedNumber(row, i);
    if (index < 0) index += length;
    // Also false for NaN.
    if (!(index >= 0 && index < length && Number.isInteger(index))) throw noRow(row, i, length);
    checked[i] = index;
  }
  return checked;
}

function checkList(rows: unknown): void {
  if (Array.isArray(rows)) return;
  const tag = Object.prototype.toString.call(rows).slice(8, -1);
  if (ArrayBuffer.isView(rows) && INTEGERS.test(tag)) return;
  const isArray = typeof rows === "object" && rows !== null && "data" in rows && "shape" in rows;
  const hint = isArray ? ". Pass its data" : "";
  throw new NpyError(
    "ERR_NPY_OPTION",
    `Rows to take must be a list of whole numbers, or a typed array of integers: found ${quoted(rows)}${hint}.`,
  );
}

function checkedNumber(row: unknown, i: number): number {
  if (typeof row === "bigint") return Number(row);
  const hint = typeof row === "boolean" ? " Instead of a mask, pass the numbers of the rows for which it is true." : "";
  throw new NpyError("ERR_NPY_OPTION", `Expected the number of a row: found ${quoted(row)}.${hint}`, { index: [i] });
}

function noRow(row: number | bigint, i: number, length: number): NpyError {
  if (typeof row === "number" && !Number.isInteger(row)) {
    return new NpyError("ERR_NPY_OPTION", `Expected the number of a row: found ${row}.`, { index: [i] });
  }
  return new NpyError("ERR_NPY_SHAPE", `Row ${row} is out of range: the array has ${counted(length, "row")}.`, {
    index: [i],
    row: Number(row),
  });
}
