/** An array described by its parts, and typed arrays -> elements of a dtype, in a buffer, at strides. */

import { RecordArray } from "../decode/record-array.ts";
import { encodeValues } from "../encode/values.ts";
import { NpyError } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { type DType, dtype, formatDType, nativeDType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { isNodeBuffer } from "../memory/buffers.ts";
import type { ArrayView, ParsedInput, Sizes, StridedBytes, TypedArray } from "./input.ts";

/**
 * Understands an array described by its parts.
 *
 * @throws NpyError as parseInput does.
 */
export function parseView(view: ArrayView): ParsedInput {
  const shape = sizes(view.shape, "shape");
  const fortranOrder = typeof view.fortranOrder === "boolean" ? view.fortranOrder : undefined;
  const declared = view.dtype === undefined ? undefined : dtype(view.dtype);
  const strides = view.strides ?? view.stride;
  if (Array.isArray(view.data) && declared === undefined) {
    if (strides !== undefined || view.data.length !== sizeOf(shape)) return parsePlainView(view, shape, strides);
    return { kind: "plain", values: view.data, shape, fortranOrder };
  }
  // Last: any other getter might take its memory away.
  const { offset } = view;
  const { data } = view;
  const { bytes, dtype: stored } = storedAs(data, declared);
  const counted = declared ?? stored;
  const elements = stored.itemsize === 0 ? sizeOf(shape) : bytes.length / stored.itemsize;
  const array = {
    bytes,
    dtype: stored,
    shape,
    strides: strides === undefined ? contiguousStrides(shape, fortranOrder ?? false) : sizes(strides, "strides"),
    offset: offset ?? 0,
  };
  checkView(array, elements, strides !== undefined || offset !== undefined);
  const order = strides === undefined ? fortranOrder : undefined;
  return { kind: "typed", dtype: counted, array, fortranOrder: order, bare: false, ofBuffer: !declared && isNodeBuffer(data) };
}

/** Plain values at strides: picked in C order. */
function parsePlainView(view: ArrayView, shape: readonly number[], given: Sizes | undefined): ParsedInput {
  const values = view.data as readonly unknown[];
  const strides = given === undefined ? contiguousStrides(shape, view.fortranOrder ?? false) : sizes(given, "strides");
  const offset = view.offset ?? 0;
  checkView({ shape, strides, offset }, values.length, given !== undefined || view.offset !== undefined);
  const picked: unknown[] = [];
  for (let at = 0, count = sizeOf(shape); at < count; at++) {
    let position = offset;
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      const size = shape[axis] as number;
      position += (rest % size) * (strides[axis] as number);
      rest = Math.floor(rest / size);
    }
    passCodePoints(values, position, picked, at);
    picked.push(values[position]);
  }
  return { kind: "plain", values: picked, shape, fortranOrder: undefined };
}

function sizes(list: Sizes, what: "shape" | "strides"): readonly number[] {
  const numbers = typeof list === "object" && list !== null ? Array.from(list) : [Number.NaN];
  if (numbers.every((n) => Number.isSafeInteger(n) && (what === "strides" || n >= 0))) return numbers;
  throw new NpyError("ERR_NPY_SHAPE", `${what} must be a list of whole numbers: found ${JSON.stringify(list)}.`);
}

/** Refuses what would read outside the data, or leave a part of contiguous data out. */
function checkView(
  { shape, strides, offset }: Pick<StridedBytes, "shape" | "strides" | "offset">,
  elements: number,
  isWindow: boolean,
): void {
  const text = `shape (${shape.join(", ")})`;
  if (strides.length !== shape.length) {
    throw new NpyError("ERR_NPY_SHAPE", `${text} needs ${shape.length} strides: found ${strides.length}.`);
  }
  const size = sizeOf(shape);
  if (!isWindow && size !== elements) {
    throw new NpyError("ERR_NPY_SHAPE", `${text} needs ${size} elements: the data have ${elements}.`);
  }
  if (size === 0) return;
  let first = offset;
  let last = offset;
  for (let axis = 0; axis < shape.length; axis++) {
    const reach = ((shape[axis] as number) - 1) * (strides[axis] as number);
    if (reach < 0) first += reach;
    else last += reach;
  }
  if (!Number.isSafeInteger(offset) || first < 0 || last >= elements) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${text} with strides (${strides.join(", ")}) and offset ${offset} reaches from element ${first} to ${last}: ` +
        `the data have ${elements}.`,
    );
  }
}

/** How the data of an array hold its elements. */
function storedAs(data: ArrayView["data"], declared: DType | undefined): { bytes: Uint8Array; dtype: DType } {
  if (data instanceof RecordArray) return { bytes: data.bytes, dtype: data.dtype };
  if (Array.isArray(data) && declared !== undefined) {
    return { bytes: encodeValues({ values: data, shape: [data.length] }, declared), dtype: nativeDType(declared) };
  }
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
      `${own?.name} data cannot be of dtype ${formatDType(declared)}: convert them, or correct dtype.`,
    );
  }
  if (isBuffer(data)) {
    if (declared === undefined) throw needsDType("An ArrayBuffer");
    return wholeElements(bufferBytes(data), declared);
  }
  throw new NpyError(
    "ERR_NPY_VALUE",
    `data must be a typed array, an ArrayBuffer, a DataView or an array: found ${describe(data)}.`,
  );
}

/** Bytes as elements of a dtype, if they are whole ones. */
export function wholeElements(bytes: Uint8Array, stored: DType): { bytes: Uint8Array; dtype: DType } {
  if (stored.itemsize > 0 && bytes.length % stored.itemsize !== 0) {
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${bytes.length} bytes are not whole elements of ${stored.itemsize} bytes (${stored.name}).`,
    );
  }
  return { bytes, dtype: stored };
}

/** What the elements of a typed array are when its owner declares a dtype; `undefined` if they cannot be that. */
function interpret(own: DType, declared: DType): DType | undefined {
  const native = nativeDType(declared);
  if (own.kind === declared.kind && own.itemsize === declared.itemsize) return native;
  const pair = `${own.kind}${own.itemsize} ${declared.kind}${declared.itemsize}`;
  switch (pair) {
    case "u1 b1":
    case "i8 M8":
    case "i8 m8":
    case "f4 c8": // interleaved
    case "f8 c16":
    case "u2 f2": // the bits
      return native;
    case "f4 f2": // widened, as reading gives it
      return own;
    default:
      return own.str === "|u1" ? declared : undefined; // raw bytes, as the file would hold them
  }
}

/** The dtypes of typed arrays by their tags, which hold across realms. */
const TYPED_ARRAYS: ReadonlyMap<string, DType> = new Map(
  Object.entries({
    Int8Array: "i1",
    Int16Array: "i2",
    Int32Array: "i4",
    BigInt64Array: "i8",
    Uint8Array: "u1",
    Uint8ClampedArray: "u1",
    Uint16Array: "u2",
    Uint32Array: "u4",
    BigUint64Array: "u8",
    Float16Array: "f2",
    Float32Array: "f4",
    Float64Array: "f8",
  }).map(([tag, like]) => [tag, dtype(like)]),
);

/**
 * The bytes of a typed array or DataView, with no copy, and their dtype if the type tells.
 *
 * @throws NpyError `ERR_NPY_VALUE` if its memory is gone.
 */
export function typedArrayBytes(data: TypedArray | DataView): { bytes: Uint8Array; dtype: DType | undefined } {
  const tag = (data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "";
  try {
    // What is gone passes for an array without elements, which only its methods tell from it.
    if (data.byteLength === 0 && "at" in data) data.at(0);
    return { bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dtype: TYPED_ARRAYS.get(tag) };
  } catch (cause) {
    throw gone(data, cause);
  }
}

/**
 * The bytes of memory without a type.
 *
 * @throws NpyError `ERR_NPY_VALUE` if it is gone.
 */
export function bufferBytes(data: ArrayBufferLike): Uint8Array {
  try {
    return new Uint8Array(data);
  } catch (cause) {
    throw gone(data, cause);
  }
}

function gone(data: unknown, cause: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_VALUE",
    `${describe(data)} has no memory any more: its buffer was resized or transferred, or it is of a WebAssembly memory that grew. Make it anew.`,
    { cause },
  );
}

/** Strides of an array without gaps. */
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

/** Elements one after the other. */
export function contiguous(bytes: Uint8Array, dtype: DType, shape: readonly number[], fortranOrder: boolean): StridedBytes {
  return { bytes, dtype, shape, strides: contiguousStrides(shape, fortranOrder), offset: 0 };
}

/** Memory without a type, of this realm or another; shared, too. */
export function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

/** Data that say nothing about themselves. */
export function needsDType(what: string): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `${what} says nothing about its elements: pass { data, shape, dtype }.`);
}

/** What a value is, for messages. */
export function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.prototype.toString.call(value);
}
