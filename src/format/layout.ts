/**
 * Where rows lie. A row is one step of the growth axis: axis 0 in C order, the last axis in Fortran order. Either way
 * rows are contiguous and follow each other, so a `.npy` file can grow at its end.
 */
import { NpyError } from "../errors.ts";
import type { DType } from "./descr.ts";
import { MAX_DIMENSIONS } from "./structure.ts";

/** The dtype, order and shape in a header. */
export interface ArrayLayout {
  readonly dtype: DType;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

/** The axis that grows, or `undefined` for 0-d arrays, which have none. */
export function growthAxis(fortranOrder: boolean, ndim: number): number | undefined {
  if (ndim === 0) return undefined;
  return fortranOrder ? ndim - 1 : 0;
}

/** The shape of one row: all axes but the growth axis. */
export function rowShape(layout: Pick<ArrayLayout, "fortranOrder" | "shape">): readonly number[] {
  return layout.fortranOrder ? layout.shape.slice(0, -1) : layout.shape.slice(1);
}

/** The full shape of `rows` rows, as a new array. */
export function shapeOf(rows: number, row: readonly number[], fortranOrder: boolean): number[] {
  return fortranOrder ? [...row, rows] : [rows, ...row];
}

/** The number of rows; a 0-d array counts as one. */
export function rowCount({ fortranOrder, shape }: Pick<ArrayLayout, "fortranOrder" | "shape">): number {
  return shape[growthAxis(fortranOrder, shape.length) ?? 0] ?? 1;
}

/** The product of the sizes: 1 for none. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Strides of an array without gaps, in elements. */
export function contiguousStrides(shape: readonly number[], fortranOrder: boolean): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = 0; i < shape.length; i++) {
    const axis = fortranOrder ? i : shape.length - 1 - i;
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** Bytes of one row; 0 if the row has no elements or the element no size. */
export function bytesPerRow(layout: ArrayLayout): number {
  return sizeOf(rowShape(layout)) * layout.dtype.itemsize;
}

/** Bytes of the whole array. */
export function dataLength(layout: ArrayLayout): number {
  return rowCount(layout) * bytesPerRow(layout);
}

/**
 * Refuses sizes beyond 2^53, which JavaScript's numbers and file offsets cannot count exactly, and more dimensions than NumPy can
 * open.
 *
 * @throws NpyError `ERR_NPY_SHAPE`.
 */
export function checkSize({ dtype, shape }: ArrayLayout): void {
  if (shape.length > MAX_DIMENSIONS) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `An array of ${shape.length} dimensions is not possible: NumPy has at most ${MAX_DIMENSIONS}.`,
    );
  }
  // The other axes count even if one has size 0: it may grow.
  const others = shape.reduce((product, size) => product * (size || 1), dtype.itemsize || 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || others > Number.MAX_SAFE_INTEGER) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `An array of shape (${shape.join(", ")}) and dtype ${dtype.str} is not possible: sizes must be whole numbers, ` +
        "and the array smaller than 2^53 bytes.",
    );
  }
}
