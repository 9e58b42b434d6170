/** The offsets of a ragged array: row `i` is the elements from `offsets[i]` to `offsets[i + 1]`, as in Arrow. The first is 0. */
import { NpyError } from "../errors.ts";
import { type DType, showDType } from "../format/dtype.ts";
import type { NpyHeader } from "../format/header.ts";
import type { HeldRows } from "../plan/rewrite/recount.ts";
import { type Plan, read } from "../plan/step.ts";

/** Bytes of an offset. */
const SIZE = 8;

/** @throws NpyError `ERR_NPY_DTYPE` or `ERR_NPY_SHAPE` unless it is a 1-D array of int64. */
export function checkOffsets({ dtype, shape }: { readonly dtype: DType; readonly shape: readonly number[] }): void {
  if (dtype.kind !== "i" || dtype.itemsize !== SIZE) {
    throw new NpyError("ERR_NPY_DTYPE", `The offsets of a ragged array are int64: found ${showDType(dtype)}.`);
  }
  if (shape.length !== 1)
    throw new NpyError("ERR_NPY_SHAPE", `The offsets of a ragged array have one axis: found ${shape.length}.`);
}

/** The error for offsets that do not begin with 0, or decrease. */
export function notOffsets(row: number): NpyError {
  const what = row === 0 ? "begin with 0" : "never decrease, nor reach beyond the elements";
  return new NpyError("ERR_NPY_VALUE", `The offsets of a ragged array ${what}: those of row ${row} do not.`, { row });
}

/** One offset, whether the header counts it or not. */
export function* offsetAt({ file, header }: HeldRows, row: number): Plan<number> {
  const bytes = new Uint8Array(SIZE);
  yield* read(file, bytes, header.headerLength + row * SIZE);
  return Number(new DataView(bytes.buffer).getBigInt64(0, isLittleEndian(header)));
}

function isLittleEndian({ dtype }: NpyHeader): boolean {
  return !dtype.str.startsWith(">");
}

/** How many of the first `rows` rows end within the first `elements` elements. */
export function* rowsWithin(offsets: HeldRows, rows: number, elements: number): Plan<number> {
  let [within, beyond] = [0, rows + 1];
  for (let row = rows; within + 1 < beyond; row = Math.floor((within + beyond) / 2)) {
    const end = yield* offsetAt(offsets, row);
    if (end >= 0 && end <= elements) within = row;
    else beyond = row;
  }
  return within;
}
