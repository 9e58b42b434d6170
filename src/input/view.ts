/** An array described by its parts -> elements of a dtype in a buffer, at strides. */

import { RecordArray } from "../decode/record-array.ts";
import { NpyError, quoted } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { counted } from "../format/counted.ts";
import { type DType, dtype, nativeDType, showDType } from "../format/dtype.ts";
import { stridedIndex } from "../format/flat-index.ts";
import { contiguousStrides, sizeOf } from "../format/layout.ts";
import { isFloat16, isLongDouble, scalarOf } from "../format/scalars.ts";
import { bufferBytes, isBuffer, isNodeBuffer, needsDType, typedArrayBytes } from "./array-bytes.ts";
import type { ArrayView, Sizes, TypedArray } from "./array-input.ts";
import { checkPlainCount, type ParsedInput, type PlainInput, type StridedBytes } from "./parsed-input.ts";

/**
 * Understands an array described by its parts.
 *
 * @throws NpyError as parseInput does.
 */
export function parseView(view: ArrayView): ParsedInput {
  const shape = sizes(view.shape, "shape");
  const fortranOrder = typeof view.fortranOrder === "boolean" ? view.fortranOrder : undefined;
  const declared = view.dtype === undefined ? undefined : dtype(view.dtype);
  const given = view.strides ?? view.stride;
  const strides = given === undefined ? contiguousStrides(shape, fortranOrder ?? false) : sizes(given, "strides");
  const order = given === undefined ? fortranOrder : undefined;
  // The data come last: any other getter might take their memory away.
  const { offset } = view;
  const { data } = view;
  const isWindow = given !== undefined || offset !== undefined;
  const place = { shape, strides, offset: offset ?? 0 };
  if (Array.isArray(data)) {
    const elements = declared?.itemsize === 0 ? sizeOf(shape) : data.length;
    checkView(place, elements, isWindow);
    return isWindow ? pick(data, place, declared) : { kind: "plain", values: data, shape, fortranOrder: order, dtype: declared };
  }
  const { bytes, dtype: stored } = storedAs(data, declared);
  checkView(place, stored.itemsize === 0 ? sizeOf(shape) : bytes.length / stored.itemsize, isWindow);
  const array = { bytes, dtype: stored, ...place };
  const ofBuffer = !declared && isNodeBuffer(data);
  return { kind: "typed", dtype: declared ?? stored, array, fortranOrder: order, ofBuffer };
}

/** Where the elements of a view lie. */
type Place = Pick<StridedBytes, "shape" | "strides" | "offset">;

/** The values of a window, in C order. */
function pick(values: readonly unknown[], { shape, strides, offset }: Place, declared: DType | undefined): PlainInput {
  const count = sizeOf(shape);
  checkPlainCount(count);
  const picked: unknown[] = [];
  for (let at = 0; at < count; at++) {
    const position = offset + stridedIndex(at, shape, strides);
    passCodePoints(values, position, picked, at);
    picked.push(values[position]);
  }
  return { kind: "plain", values: picked, shape, dtype: declared };
}

function sizes(list: Sizes, what: "shape" | "strides"): readonly number[] {
  const numbers = typeof list === "object" && list !== null ? Array.from(list) : [Number.NaN];
  if (numbers.every((n) => Number.isSafeInteger(n) && (what === "strides" || n >= 0))) return numbers;
  throw new NpyError("ERR_NPY_SHAPE", `${what} must be a list of whole numbers: found ${quoted(list)}.`);
}

/** Refuses views that reach outside the data, and contiguous ones that leave a part of it out. */
function checkView({ shape, strides, offset }: Place, elements: number, isWindow: boolean): void {
  if (!Number.isSafeInteger(offset)) {
    throw new NpyError("ERR_NPY_SHAPE", `offset must be a whole number: found ${quoted(offset)}.`);
  }
  const text = `shape (${shape.join(", ")})`;
  if (strides.length !== shape.length) {
    throw new NpyError("ERR_NPY_SHAPE", `${text} needs ${shape.length} strides: found ${strides.length}.`);
  }
  const size = sizeOf(shape);
  if (!isWindow && size !== elements) {
    throw new NpyError("ERR_NPY_SHAPE", `${text} needs ${counted(size, "element")}: the data have ${elements}.`);
  }
  if (size === 0) return;
  let first = offset;
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    const reach = ((shape[axis] as number) - 1) * (strides[axis] as number);
    if (reach < 0) first += reach;
    else last += reach;
  }
  if (first < 0 || last >= elements) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${text} with strides (${strides.join(", ")}) and offset ${offset} reaches from element ${first} to ${last}: ` +
        `the data have ${elements}.`,
    );
  }
}

/** The bytes of data, and the dtype in which they hold the elements. */
function storedAs(data: ArrayView["data"], declared: DType | undefined): { bytes: Uint8Array; dtype: DType } {
  if (data instanceof RecordArray) return { bytes: data.bytes, dtype: data.dtype };
  if (ArrayBuffer.isView(data)) {
    const { bytes, dtype: own } = typedArrayBytes(data as TypedArray | DataView);
    if (declared === undefined) {
      if (own === undefined) throw needsDType("A DataView");
      return { bytes, dtype: own };
    }
    const stored = own === undefined ? declared : interpret(own, declared);
    if (stored !== undefined) return wholeElements(bytes, stored);
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `${own?.name} data cannot be of dtype ${showDType(declared)}: convert them, or correct dtype.`,
    );
  }
  if (isBuffer(data)) {
    if (declared === undefined) throw needsDType("An ArrayBuffer");
    return wholeElements(bufferBytes(data), declared);
  }
  throw new NpyError(
    "ERR_NPY_VALUE",
    `data must be a typed array, an ArrayBuffer, a DataView or an array: found ${quoted(data)}.`,
  );
}

/** Bytes as elements of a dtype; refuses incomplete elements. */
export function wholeElements(bytes: Uint8Array, stored: DType): { bytes: Uint8Array; dtype: DType } {
  if (stored.itemsize > 0 && bytes.length % stored.itemsize !== 0) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${counted(bytes.length, "byte")} ${bytes.length === 1 ? "is" : "are"} not whole elements of ${counted(stored.itemsize, "byte")} (${stored.name}).`,
    );
  }
  return { bytes, dtype: stored };
}

/** The dtype of a typed array's elements if a dtype is declared for them; `undefined` if they cannot be of it. */
function interpret(own: DType, declared: DType): DType | undefined {
  const native = nativeDType(declared);
  if (own.kind === declared.kind && own.itemsize === declared.itemsize) return native;
  if (isFloat16(declared) && own.kind === "u" && own.itemsize === 2) return native; // its bits
  if (isFloat16(declared) && own.kind === "f" && own.itemsize === 4) return own; // widened, as reading gives it
  // What reading gives for bools, datetimes and complex numbers.
  const isRead = !isFloat16(own) && !isLongDouble(declared) && scalarOf(own)?.data === scalarOf(declared)?.data;
  if (isRead && !isFloat16(declared)) return native;
  return own.str === "|u1" ? declared : undefined; // raw bytes, as the file would hold them
}
