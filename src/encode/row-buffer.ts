/** Rows of one dtype, copied one behind the other. */
import type { DType } from "../format/dtype.ts";
import type { TypedArray } from "../input/array-input.ts";
import { needsSwap } from "../memory/byte-order.ts";

export type TypedArrayClass = {
  new (buffer: ArrayBuffer): TypedArray;
  new (length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
};

/** The typed arrays whose elements are a dtype's, by its kind and size. */
const CLASSES: Readonly<Record<string, TypedArrayClass>> = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array as unknown as TypedArrayClass,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array as unknown as TypedArrayClass,
  f4: Float32Array,
  f8: Float64Array,
};

/** Whether a value is a typed array of just this class: one that is derived from it may do anything. */
export function isOfClass(value: unknown, Class: TypedArrayClass): value is TypedArray {
  return ArrayBuffer.isView(value) && value.constructor === Class;
}

/** The typed array whose elements are a dtype's, as they are in the file, if there is one. */
export function elementClass({ kind, itemsize, byteOrder }: DType): TypedArrayClass | undefined {
  return needsSwap({ byteOrder }) ? undefined : CLASSES[kind + itemsize];
}

/** The same, or else the one that reading gives, of which several elements may be one of the dtype. */
export function storedClass(dtype: DType): TypedArrayClass | undefined {
  if (needsSwap(dtype)) return undefined;
  switch (dtype.kind) {
    case "b":
    case "V":
      return Uint8Array;
    case "M":
    case "m":
      return BigInt64Array as unknown as TypedArrayClass;
    case "c":
      return { 8: Float32Array, 16: Float64Array }[dtype.itemsize];
    default:
      return elementClass(dtype);
  }
}

/**
 * A buffer that grows. Typed arrays of the dtype itself are copied as elements: to ask a small one for its `buffer` makes the runtime
 * allocate one outside its heap, which costs ten times as much as the copy.
 */
export class RowBuffer {
  /** Bytes in use. */
  length = 0;
  readonly #class: TypedArrayClass | undefined;
  #bytes = new Uint8Array(0);
  #elements: TypedArray | undefined;
  #last = new Uint8Array(0);

  /** With room for `capacity` bytes. */
  constructor(dtype: DType, capacity: number) {
    this.#class = storedClass(dtype);
    this.#reserve(capacity);
  }

  /** Whether `input` is a typed array of what the file has, if it has whole elements of the dtype. */
  holds(input: unknown): input is TypedArray {
    return this.#class !== undefined && isOfClass(input, this.#class);
  }

  /** Copies elements that {@link holds} approved of. */
  pushElements(elements: TypedArray): void {
    const end = this.length + elements.byteLength;
    if (end > this.#bytes.length) this.#reserve(end);
    const size = elements.BYTES_PER_ELEMENT;
    (this.#elements as Float64Array).set(elements as Float64Array, this.length / size);
    this.length = end;
  }

  push(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.#bytes.length) this.#reserve(end);
    this.#bytes.set(bytes, this.length);
    this.length = end;
  }

  *[Symbol.iterator](): Generator<Uint8Array<ArrayBuffer>, void, unknown> {
    yield this.bytes();
  }

  /** What was copied, until the next `push`. */
  bytes(): Uint8Array<ArrayBuffer> {
    // Mostly one length follows the other: then it is the same view.
    if (this.#last.length !== this.length) this.#last = this.#bytes.subarray(0, this.length);
    return this.#last;
  }

  #reserve(needed: number): void {
    const larger = new Uint8Array(Math.ceil(Math.max(needed, 2 * this.#bytes.length) / 8) * 8);
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#elements = this.#class && new this.#class(larger.buffer);
    this.#last = larger.subarray(0, 0);
  }
}
