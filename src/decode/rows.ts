/** The rows of an array that was read, one by one. */
import { passCodePoints } from "../format/code-points.ts";
import type { DType } from "../format/dtype.ts";
import { rowShape, sizeOf } from "../format/layout.ts";
import { isFloat16, type TypedArrayClass } from "../format/scalars.ts";
import type { NpyScalars } from "./decode.ts";
import type { NpyArray } from "./npy-array.ts";
import { RecordArray } from "./record-array.ts";

/** The elements of an array if each is a row as it is. */
export function singleValues({ data, dtype, shape }: NpyArray): ArrayLike<unknown> | undefined {
  if (shape.length > 1 || data instanceof RecordArray) return undefined;
  return Array.isArray(data) || elementsPerItem(dtype, data) === 1 ? data : undefined;
}

/** Elements of the typed array for one of the dtype. */
function elementsPerItem(dtype: DType, data: Exclude<NpyScalars, string[]>): number {
  return isFloat16(dtype) ? 1 : dtype.itemsize / data.BYTES_PER_ELEMENT;
}

/** Gives row `i` of an array. Rows of more than one element share its memory. */
export function rowGetter(array: NpyArray): (i: number) => unknown {
  const { data, dtype, shape } = array;
  const count = sizeOf(rowShape(array));
  const isSingle = shape.length <= 1;
  if (data instanceof RecordArray) {
    if (isSingle) return (i) => data.at(i);
    const length = count * dtype.itemsize;
    return (i) => new RecordArray(dtype, data.bytes.subarray(i * length, (i + 1) * length), count);
  }
  if (Array.isArray(data)) return isSingle ? (i) => data[i] : (i) => texts(data, i * count, count);
  const width = elementsPerItem(dtype, data);
  if (isSingle && width === 1) return (i) => data[i];
  if (isSingle && dtype.kind === "c" && width === 2) return complexGetter(data);
  return viewGetter(data, count * width);
}

/** Makes views of `length` elements. `subarray` would take twice as long. */
function viewGetter(data: Exclude<NpyScalars, string[]>, length: number): (i: number) => unknown {
  const { buffer, byteOffset, BYTES_PER_ELEMENT } = data;
  const Class = data.constructor as TypedArrayClass;
  const stride = length * BYTES_PER_ELEMENT;
  return (i) => new Class(buffer, byteOffset + i * stride, length);
}

function complexGetter(parts: Exclude<NpyScalars, string[]>): (i: number) => unknown {
  return (i) => ({ re: parts[2 * i], im: parts[2 * i + 1] });
}

function texts(all: readonly string[], start: number, count: number): string[] {
  const row = all.slice(start, start + count);
  for (let i = 0; i < count; i++) passCodePoints(all, start + i, row, i);
  return row;
}
