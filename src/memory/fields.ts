/** The fields of a structure: their elements, copies between records and columns, and errors that name a field. */
import { within } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { copyElements, laneOf, laneView } from "./lanes.ts";

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
  const lane = laneOf(width, from.bytes.byteOffset, from.offset, from.stride, to.bytes.byteOffset, to.offset, to.stride);
  copyElements(
    { lanes: laneView(from.bytes, lane), start: from.offset / lane, stride: from.stride / lane },
    { lanes: laneView(to.bytes, lane), start: to.offset / lane, stride: to.stride / lane },
    width / lane,
    count,
  );
}

/** Runs `use`; errors that it throws name the field. */
export function inField<Result>(field: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw within(error, { field });
  }
}
