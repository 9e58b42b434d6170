/** Every array-like that users hold -> one view: elements of a dtype, in a buffer, at strides. All that can be wrong is refused here. */

import { isLongDouble } from "../cast/convert.ts";
import type { NpyArray } from "../decode/npy-array.ts";
import { RecordArray } from "../decode/record-array.ts";
import { encodeValues, type Values } from "../encode/values.ts";
import { NpyError } from "../errors.ts";
import { type DType, type DTypeLike, dtype, nativeDType, sameDType } from "../format/dtype.ts";
import { areBools } from "../memory/bools.ts";
import { isNodeBuffer } from "../memory/buffers.ts";
import { flatten, inField } from "../memory/fields.ts";
import { type ForeignArray, fromForeign } from "./foreign.ts";
import { parseNested } from "./nested.ts";
import { contiguous, describe, isBuffer, needsDType, parseView, typedArrayBytes, wholeElements } from "./view.ts";

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
export type Sizes = ArrayLike<number>;

/** An array described by its parts. Without strides the data are contiguous, in the order that `fortranOrder` says. */
export interface ArrayView {
  /** A typed array, raw bytes (a `DataView`, an `ArrayBuffer`; shared memory and WebAssembly's, too), records, or plain values. */
  readonly data: ArrayBufferView | ArrayBufferLike | RecordArray | readonly unknown[];
  readonly shape: Sizes;
  /** What the data are, if their type does not tell: needed for raw bytes, optional else. */
  readonly dtype?: DTypeLike | undefined;
  /** Distances between neighbours along each axis, in elements; zero and negative ones too. */
  readonly strides?: Sizes | undefined;
  /** The same, by the name that ndarray and zarrita use. */
  readonly stride?: Sizes | undefined;
  /** Elements before the first one. */
  readonly offset?: number | undefined;
  readonly fortranOrder?: boolean | undefined;
}

/**
 * What can be appended and saved: an {@link NpyArray}, a strided view ({@link ArrayView}), a typed array (whole rows in the file's
 * own order), nested JavaScript arrays, {@link Records}, or an array of another library ({@link ForeignArray}).
 */
// biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
export type ArrayInput = NpyArray<any> | ArrayView | TypedArray | NestedArray | Records | ForeignArray;

/** Records of a structure: an array of objects, an object of columns, or what reading gave. */
export type Records =
  | readonly { readonly [name: string]: unknown }[]
  | { readonly [name: string]: unknown; readonly data?: never; readonly shape?: never }
  // biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
  | RecordArray<any, any>;

/** Elements of `dtype` in a buffer, at strides (in elements). */
export interface StridedBytes {
  readonly bytes: Uint8Array;
  /** What the bytes are. */
  readonly dtype: DType;
  /** What the elements are, where the bytes are another dtype: float16 that is held in a `Float32Array`. */
  readonly elements?: DType | undefined;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** The first element, in elements. */
  readonly offset: number;
}

/** An input, understood: `typed` data follow casting rules, `plain` values are converted exactly. */
export type ParsedInput =
  | TypedInput
  | ({ readonly kind: "plain"; readonly fortranOrder: boolean | undefined } & Values)
  | ColumnsInput;

/** One input for each field of a structure. */
export interface ColumnsInput {
  readonly kind: "columns";
  readonly columns: ReadonlyMap<string, ParsedInput>;
  /** A table can have no other meaning; an object with `data` or `shape` may have been meant as an array. */
  readonly isTable: boolean;
  readonly fortranOrder: undefined;
}

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
  /** Whether the data are a `Buffer` and nothing says what it holds. */
  readonly ofBuffer?: boolean;
}

/**
 * Understands an input. An object whose names are those of the fields of `target` (the dtype of the file, if that is known) is columns, even if they are
 * also the names of an array's parts, such as `data` and `shape`; without a dtype, an object with both of these is an array.
 *
 * @throws NpyError `ERR_NPY_VALUE` for what is no array, `ERR_NPY_SHAPE` for ragged nesting, sizes that differ from the data's and
 * strides that leave the data, `ERR_NPY_DTYPE` for data that cannot be of the dtype they are said to be.
 */
export function parseInput(input: unknown, target?: DType): ParsedInput {
  if (ArrayBuffer.isView(input)) {
    const { bytes, dtype } = typedArrayBytes(input as TypedArray | DataView);
    if (dtype === undefined) throw needsDType("A DataView");
    const shape = [bytes.length / dtype.itemsize];
    return {
      kind: "typed",
      dtype,
      array: contiguous(bytes, dtype, shape, false),
      fortranOrder: undefined,
      bare: true,
      ofBuffer: isNodeBuffer(input),
    };
  }
  if (Array.isArray(input)) return parseNested(input);
  if (isBuffer(input)) throw needsDType("An ArrayBuffer");
  if (input instanceof RecordArray) return { ...recordsOf(input, [input.length]), bare: true };
  if (typeof input === "object" && input !== null) {
    if (target !== undefined && isPlainObject(input) && isColumnsOf(target, input)) {
      return parseColumns(Object.entries(input), false, target);
    }
    const foreign = fromForeign(input);
    if (foreign instanceof Map) return parseColumns(foreign, true, target);
    if (foreign !== undefined) return parseView(foreign as ArrayView);
    if ("data" in input && "shape" in input) return parseView(input as ArrayView);
    if (isPlainObject(input)) return parseColumns(Object.entries(input), false, target);
  }
  if (isScalar(input)) return { kind: "plain", values: [input], shape: [], fortranOrder: undefined };
  throw new NpyError(
    "ERR_NPY_VALUE",
    `${describe(input)} is not an array: expected { data, shape }, a typed array or nested arrays of numbers, bigints, ` +
      "booleans, strings or Dates; for structures also records, or an object of columns.",
  );
}

function parseColumns(columns: Iterable<readonly [string, unknown]>, isTable: boolean, target: DType | undefined): ColumnsInput {
  const parsed = Array.from(columns, ([name, column]) => {
    const field = target?.fields?.find((candidate) => candidate.name === name);
    const element = field && flatten(field.dtype).element;
    return [name, inField(name, () => parseInput(column, element))] as const;
  });
  return { kind: "columns", columns: new Map(parsed), isTable, fortranOrder: undefined };
}

/** Whether an object is the columns of a structure: it has the names of all fields and no others, and is not an array of such records. */
function isColumnsOf(target: DType, input: object): boolean {
  if (!areFieldsOf(target, Object.keys(input))) return false;
  // What no column can be.
  if (Object.values(input).some((value) => typeof value === "string" || typeof value === "function")) return false;
  const { data, dtype: like } = input as { readonly data?: unknown; readonly dtype?: unknown };
  if (isBuffer(data) || data instanceof DataView || describesDType(like, target)) return false;
  if (data instanceof RecordArray) return !areFieldsOf(target, data.dtype.fields?.map(({ name }) => name) ?? []);
  const record: unknown = Array.isArray(data) ? data[0] : undefined;
  return typeof record !== "object" || record === null || !areFieldsOf(target, Object.keys(record));
}

function areFieldsOf({ fields = [] }: DType, names: readonly string[]): boolean {
  return names.length > 0 && names.length === fields.length && fields.every(({ name }) => names.includes(name));
}

function describesDType(like: unknown, target: DType): boolean {
  try {
    return like !== undefined && sameDType(dtype(like as DTypeLike), target);
  } catch (error) {
    if (error instanceof NpyError) return false;
    throw error;
  }
}

/** Objects without a class of their own; those of another realm, too. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function recordsOf({ bytes, dtype }: RecordArray, shape: readonly number[]): TypedInput {
  return { kind: "typed", dtype, array: contiguous(bytes, dtype, shape, false), fortranOrder: undefined, bare: false };
}

function isScalar(value: unknown): value is Scalar {
  return ["number", "bigint", "boolean", "string"].includes(typeof value) || value instanceof Date;
}

/** Plain values as elements of `target`: the typed array that they should have been. */
export function encodeInput(input: Values & { readonly fortranOrder?: boolean | undefined }, target: DType): StridedBytes {
  return contiguous(encodeValues(input, target), nativeDType(target), input.shape, input.fortranOrder ?? false);
}

/**
 * A typed array alone, as elements of `target` if it is what reading gives for that: bytes for void, structures and long doubles, bytes that are 0 or 1
 * for bools, 64-bit counts for datetime64 and timedelta64, pairs of floats for complex numbers. Other bytes are numbers, which no bool holds.
 */
export function asElementsOf(parsed: TypedInput, target: DType): TypedInput {
  const counted = countedAs(parsed.dtype, target);
  if (!parsed.bare || counted === undefined) return parsed;
  if (counted.kind === "b" && !areBools(parsed.array.bytes, counted)) return parsed;
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
