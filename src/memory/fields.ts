/** The fields of a structure: their elements, copies between records and columns, and errors that name a field. */
import { within } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { copyElements, copyParts, laneOf, laneView, type Places } from "./lanes.ts";

/** A dtype without its sub-arrays: the element, and the shape of all sub-arrays together. */
export interface Flattened {
  readonly element: DType;
  readonly shape: readonly number[];
  /** Elements in all. */
  readonly count: number;
}

/** Merges sub-arrays of sub-arrays. */
export function flatten(type: DType): Flattened {
  if (type.subdtype === undefined) return { element: type, shape: [], count: 1 };
  const inner = flatten(type.subdtype.dtype);
  const shape = [...type.subdtype.shape, ...inner.shape];
  return { element: inner.element, shape, count: sizeOf(shape) };
}

/** Where the values of a field lie, in records or in a column: the offset of the first and the distance between them, in bytes. */
export interface FieldPlace {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly stride: number;
}

/** Up to this many bytes, such as one record, are copied one by one: views of wider lanes would cost more. */
const FEW_BYTES = 64;

/** Copies the `width` bytes that a field has in each of `count` records. */
export function copyField(from: FieldPlace, to: FieldPlace, width: number, count: number): void {
  if (width === 0) return;
  if (width * count <= FEW_BYTES) {
    for (let i = 0; i < count; i++) {
      const [source, target] = [from.offset + i * from.stride, to.offset + i * to.stride];
      for (let byte = 0; byte < width; byte++) to.bytes[target + byte] = from.bytes[source + byte] as number;
    }
    return;
  }
  const { source, target, columns } = inLanes({ from, to, width });
  copyElements(source, target, columns, count);
}

/** The values of one field, `width` bytes each. */
export interface FieldCopy {
  readonly from: FieldPlace;
  readonly to: FieldPlace;
  readonly width: number;
}

/** Copies several fields of the same `count` records. */
export function copyFields(copies: readonly FieldCopy[], count: number): void {
  const bytes = copies.reduce((sum, { width }) => sum + width, 0);
  if (copies.length === 1 || bytes * count <= FEW_BYTES * copies.length) {
    for (const { from, to, width } of copies) copyField(from, to, width, count);
    return;
  }
  const parts = copies.map((copy) => {
    const { source, target, columns } = inLanes(copy);
    const [rowStride, rowStep] = [source.stride, target.stride];
    return { source: { ...source, stride: 1, rowStride }, target: { ...target, stride: 1, rowStride: rowStep }, columns };
  });
  copyParts(
    parts,
    count,
    parts.reduce((sum, { columns }) => sum + columns, 0),
  );
}

function inLanes({ from, to, width }: FieldCopy): { source: Places; target: Places; columns: number } {
  const lane = laneOf(width, from.bytes.byteOffset, from.offset, from.stride, to.bytes.byteOffset, to.offset, to.stride);
  return {
    source: { lanes: laneView(from.bytes, lane), start: from.offset / lane, stride: from.stride / lane },
    target: { lanes: laneView(to.bytes, lane), start: to.offset / lane, stride: to.stride / lane },
    columns: width / lane,
  };
}

/** Runs `use`; errors that it throws name the field. */
export function inField<Result>(field: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw within(error, { field });
  }
}
