/** Every array-like that users hold -> one view: elements of a dtype, in a buffer, at strides. All that can be wrong is refused here. */
import { NpyError } from "../errors.ts";
import { type DType, type DTypeLike, dtype, formatDType, nativeDType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { inField } from "./columns.ts";
import { isLongDouble } from "./convert.ts";
import type { NpyArray } from "./npy-array.ts";
import { RecordArray } from "./record-array.ts";
import { encodeValues, type Values } from "./values.ts";

/** JavaScript's arrays of numbers, of any length and sharing. */
export type TypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** One plain value. */
export type Scalar = number | bigint | boolean | string | Date;

/** Arrays within arrays, all of one length on each level; the innermost may be typed arrays. */
export type NestedArray = readonly (Scalar | TypedArray | { readonly re: number; readonly im: number } | NestedArray)[];

/** A list of sizes or strides, as other libraries hold them. */
type Sizes = ArrayLike<number>;

/** An array described by its parts. Without strides the data are contiguous, in the order that `fortranOrder` says. */
export interface ArrayView {
  readonly data: TypedArray | ArrayBufferLike | DataView | RecordArray | readonly unknown[];
  readonly shape: Sizes;
  /** What the data are, if their type does not tell: needed for raw bytes, optional else. */
  readonly dtype?: DTypeLike;
  /** Distances between neighbours along each axis, in elements; zero and negative ones too. */
  readonly strides?: Sizes;
  /** The same, by the name that ndarray and zarrita use. */
  readonly stride?: Sizes;
  /** Elements before the first one. */
  readonly offset?: number;
  readonly fortranOrder?: boolean;
}

/**
 * What can be appended and saved: an {@link NpyArray}, a strided view ({@link ArrayView}), a typed array (whole rows in the file's
 * own order), nested JavaScript arrays, or {@link Records}.
 */
// biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
export type ArrayInput = NpyArray<any> | ArrayView | TypedArray | NestedArray | Records;

/** Records of a structure: an array of objects, an object of columns, or what reading gave. */
export type Records =
  | readonly { readonly [name: string]: unknown }[]
  | { readonly [name: string]: unknown; readonly data?: never; readonly shape?: never }
  // biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
  | RecordArray<any, any>;

/** Elements of `dtype` in a buffer, at strides (in elements). */
export interface StridedBytes {
  readonly bytes: Uint8Array;
  /** What the bytes are. It may differ from what the array counts as: float16 read into a `Float32Array` has float32 bytes. */
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** The first element, in elements. */
  readonly offset: number;
}

/** An input, understood: `typed` data follow casting rules, `plain` values are converted exactly. */
export type ParsedInput =
  | TypedInput
  | ({ readonly kind: "plain"; readonly fortranOrder: boolean | undefined } & Values)
  | { readonly kind: "columns"; readonly columns: Columns; readonly fortranOrder: undefined };

/** Data that have a dtype. */
export interface TypedInput {
  readonly kind: "typed";
  /** What the array counts as, for casting rules. */
  readonly dtype: DType;
  readonly array: StridedBytes;
  /** The order that an NpyArray says; strides say none. */
  readonly fortranOrder: boolean | undefined;
  /** A bare typed array has no shape of its own: it is whole rows of whatever it is appended to. */
  readonly bare: boolean;
}

/** One input for each field of a structure. */
export type Columns = ReadonlyMap<string, ParsedInput>;

/**
 * Understands an input.
 *
 * @throws NpyError `ERR_NPY_VALUE` for what is no array, `ERR_NPY_SHAPE` for ragged nesting, sizes that differ from the data's and
 * strides that leave the data, `ERR_NPY_DTYPE` for data that cannot be of the dtype they are said to be.
 */
export function parseInput(input: unknown): ParsedInput {
  if (ArrayBuffer.isView(input)) {
    const { bytes, dtype } = typedArrayBytes(input as TypedArray | DataView);
    if (dtype === undefined) throw needsDType("A DataView");
    const shape = [bytes.length / dtype.itemsize];
    return { kind: "typed", dtype, array: contiguous(bytes, dtype, shape, false), fortranOrder: undefined, bare: true };
  }
  if (Array.isArray(input)) return parseNested(input);
  if (isBuffer(input)) throw needsDType("An ArrayBuffer");
  if (typeof input === "object" && input !== null && "data" in input && "shape" in input) {
    return parseView(input as ArrayView);
  }
  if (input instanceof RecordArray) return { ...recordsOf(input, [input.length]), bare: true };
  if (isPlainObject(input)) {
    const columns = Object.entries(input).map(([name, column]) => [name, inField(name, () => parseInput(column))] as const);
    return { kind: "columns", columns: new Map(columns), fortranOrder: undefined };
  }
  if (isScalar(input)) return { kind: "plain", values: [input], shape: [], fortranOrder: undefined };
  throw new NpyError(
    "ERR_NPY_VALUE",
    `${describe(input)} is not an array: expected { data, shape }, a typed array or nested arrays of numbers, bigints, ` +
      "booleans, strings or Dates; for structures also records, or an object of columns.",
  );
}

/** Objects without a class of their own; those of another realm, too. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function recordsOf({ bytes, dtype }: RecordArray, shape: readonly number[]): TypedInput {
  return { kind: "typed", dtype, array: contiguous(bytes, dtype, shape, false), fortranOrder: undefined, bare: false };
}

function isScalar(value: unknown): value is Scalar {
  return ["number", "bigint", "boolean", "string"].includes(typeof value) || value instanceof Date;
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

function needsDType(what: string): NpyError {
  return new NpyError("ERR_NPY_DTYPE", `${what} says nothing about its elements: pass { data, shape, dtype }.`);
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.prototype.toString.call(value);
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

/** The bytes of a typed array or DataView, with no copy, and their dtype if the type tells. */
function typedArrayBytes(data: TypedArray | DataView): { bytes: Uint8Array; dtype: DType | undefined } {
  const tag = (data as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? "";
  return { bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), dtype: TYPED_ARRAYS.get(tag) };
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

function contiguous(bytes: Uint8Array, dtype: DType, shape: readonly number[], fortranOrder: boolean): StridedBytes {
  return { bytes, dtype, shape, strides: contiguousStrides(shape, fortranOrder), offset: 0 };
}

/** Plain values as elements of `target`: the typed array that they should have been. */
export function encodeInput(input: Values & { readonly fortranOrder?: boolean | undefined }, target: DType): StridedBytes {
  return contiguous(encodeValues(input, target), nativeDType(target), input.shape, input.fortranOrder ?? false);
}

// ---- objects with data and shape ----

function parseView(view: ArrayView): ParsedInput {
  const shape = sizes(view.shape, "shape");
  const fortranOrder = typeof view.fortranOrder === "boolean" ? view.fortranOrder : undefined;
  const declared = view.dtype === undefined ? undefined : dtype(view.dtype);
  const strides = view.strides ?? view.stride;
  if (Array.isArray(view.data) && declared === undefined) {
    if (strides !== undefined || view.data.length !== sizeOf(shape)) return parsePlainView(view, shape, strides);
    return { kind: "plain", values: view.data, shape, fortranOrder };
  }
  const { bytes, dtype: stored } = storedAs(view.data, declared);
  const counted = declared ?? stored;
  const elements = stored.itemsize === 0 ? sizeOf(shape) : bytes.length / stored.itemsize;
  const array = {
    bytes,
    dtype: stored,
    shape,
    strides: strides === undefined ? contiguousStrides(shape, fortranOrder ?? false) : sizes(strides, "strides"),
    offset: view.offset ?? 0,
  };
  checkView(array, elements, strides !== undefined || view.offset !== undefined);
  return { kind: "typed", dtype: counted, array, fortranOrder: strides === undefined ? fortranOrder : undefined, bare: false };
}

/** Plain values at strides: picked in C order. */
function parsePlainView(view: ArrayView, shape: readonly number[], given: Sizes | undefined): ParsedInput {
  const values = view.data as readonly unknown[];
  const strides = given === undefined ? contiguousStrides(shape, view.fortranOrder ?? false) : sizes(given, "strides");
  const offset = view.offset ?? 0;
  checkView({ shape, strides, offset }, values.length, given !== undefined || view.offset !== undefined);
  const picked = Array.from({ length: sizeOf(shape) }, (_, at) => {
    let position = offset;
    for (let axis = shape.length - 1, rest = at; axis >= 0; axis--) {
      const size = shape[axis] as number;
      position += (rest % size) * (strides[axis] as number);
      rest = Math.floor(rest / size);
    }
    return values[position];
  });
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
    return wholeElements(new Uint8Array(data), declared);
  }
  throw new NpyError(
    "ERR_NPY_VALUE",
    `data must be a typed array, an ArrayBuffer, a DataView or an array: found ${describe(data)}.`,
  );
}

function wholeElements(bytes: Uint8Array, stored: DType): { bytes: Uint8Array; dtype: DType } {
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

/**
 * A typed array alone, as elements of `target` if it is what reading gives for that: bytes for bools, void, structures and long doubles,
 * 64-bit counts for datetime64 and timedelta64, pairs of floats for complex numbers.
 */
export function asElementsOf(parsed: TypedInput, target: DType): TypedInput {
  const counted = countedAs(parsed.dtype, target);
  if (!parsed.bare || counted === undefined) return parsed;
  const { bytes, dtype: stored } = wholeElements(parsed.array.bytes, counted);
  const elements = stored.itemsize === 0 ? 0 : bytes.length / stored.itemsize;
  return { ...parsed, dtype: stored, array: contiguous(bytes, stored, [elements], false) };
}

function countedAs(own: DType, target: DType): DType | undefined {
  switch (`${own.kind}${own.itemsize} ${target.kind}`) {
    case "u1 b":
    case "i8 M":
    case "i8 m":
      return nativeDType(target);
    case "f4 c":
      return dtype("complex64");
    case "f8 c":
      return dtype("complex128");
    default:
      return own.str === "|u1" && (target.kind === "V" || isLongDouble(target)) ? target : undefined;
  }
}

// ---- nested arrays ----

function parseNested(input: readonly unknown[]): ParsedInput {
  const shape: number[] = [];
  let level: unknown = input;
  while (Array.isArray(level)) {
    shape.push(level.length);
    level = level[0];
  }
  const isTyped = ArrayBuffer.isView(level) && !(level instanceof DataView);
  const leaves: unknown[] = [];
  collect(input, shape, [], isTyped, leaves);
  return isTyped ? joinTyped(leaves as TypedArray[], shape) : { kind: "plain", values: leaves, shape, fortranOrder: undefined };
}

function collect(
  list: readonly unknown[],
  shape: readonly number[],
  index: readonly number[],
  isTyped: boolean,
  leaves: unknown[],
): void {
  const depth = index.length;
  if (list.length !== shape[depth]) {
    throw ragged(`${list.length} elements at [${index.join(", ")}], ${shape[depth]} elsewhere`, index);
  }
  const isInnermost = depth === shape.length - 1;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (isInnermost && !Array.isArray(item) && ArrayBuffer.isView(item) === isTyped) leaves.push(item);
    else if (!isInnermost && Array.isArray(item)) collect(item, shape, [...index, i], isTyped, leaves);
    else throw ragged(`${describe(item)} at [${[...index, i].join(", ")}] where others are nested otherwise`, [...index, i]);
  }
}

function ragged(found: string, index: readonly number[]): NpyError {
  return new NpyError("ERR_NPY_SHAPE", `Nested arrays must have one length on each level: found ${found}.`, { index });
}

/** An array of typed arrays, such as one embedding each: joined into one. */
function joinTyped(parts: readonly TypedArray[], outer: readonly number[]): ParsedInput {
  const [first] = parts.map(typedArrayBytes);
  const stored = first?.dtype as DType;
  const bytes = new Uint8Array(parts.length * (first?.bytes.length ?? 0));
  parts.forEach((part, i) => {
    const own = typedArrayBytes(part);
    if (own.dtype !== stored || own.bytes.length !== first?.bytes.length) {
      throw ragged(`${part.length} × ${own.dtype?.name} in part ${i}, ${parts[0]?.length} × ${stored.name} in the first`, [i]);
    }
    bytes.set(own.bytes, i * own.bytes.length);
  });
  const shape = [...outer, parts[0]?.length ?? 0];
  return { kind: "typed", dtype: stored, array: contiguous(bytes, stored, shape, false), fortranOrder: undefined, bare: false };
}
