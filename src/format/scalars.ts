/**
 * The values of scalar dtypes: one table of their typed arrays and limits, and of how one value is read.
 *
 * Sources: NumPy's "Scalars" and "Array interface" (`typestr`).
 */
import { float16FromBits } from "./float16.ts";
import type { CodeByName, ScalarCode, ScalarName } from "./scalar-names.ts";

/** NumPy's `dtype.kind`: bool, signed, unsigned, float, complex, datetime64, timedelta64, bytes, str, void. */
export type DTypeKind = "b" | "i" | "u" | "f" | "c" | "M" | "m" | "S" | "U" | "V";

/** NumPy's `dtype.byteorder`, with the native order spelt out: little, big, not applicable. */
export type ByteOrder = "<" | ">" | "|";

/** The byte order of this machine. */
export const NATIVE_BYTE_ORDER: "<" | ">" = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? "<" : ">";

/** Reads one element. */
export type Get = (view: DataView, at: number, isLittle: boolean) => unknown;

/**
 * Each scalar dtype of one size, by kind and itemsize: the typed array that reading gives (`data`); what one element is in a record (`value`),
 * and how it is read (`get`) if not as an element of that typed array; the length that NumPy reserves for it as text (`characters`); for floats,
 * the bits of the significand (`precision`) and the largest power of 2 (`exponent`).
 *
 * To add a dtype, add an entry here and in `scalar-names.ts`.
 */
const SCALARS = {
  b1: {
    data: "Uint8Array",
    value: "boolean",
    get: ((view, at) => view.getUint8(at) !== 0) as Get,
    characters: 5,
  },
  i1: { data: "Int8Array", value: "number", characters: 4 },
  i2: { data: "Int16Array", value: "number", characters: 6 },
  i4: { data: "Int32Array", value: "number", characters: 11 },
  i8: {
    data: "BigInt64Array",
    value: "bigint",
    characters: 21,
  },
  u1: { data: "Uint8Array", value: "number", characters: 3 },
  u2: { data: "Uint16Array", value: "number", characters: 5 },
  u4: { data: "Uint32Array", value: "number", characters: 10 },
  u8: {
    data: "BigUint64Array",
    value: "bigint",
    characters: 20,
  },
  f2: {
    data: "Float32Array",
    value: "number",
    get: ((view, at, isLittle) => float16FromBits(view.getUint16(at, isLittle))) as Get,
    characters: 32,
    precision: 11,
    exponent: 15,
  },
  f4: {
    data: "Float32Array",
    value: "number",
    characters: 32,
    precision: 24,
    exponent: 127,
  },
  f8: {
    data: "Float64Array",
    value: "number",
    characters: 32,
    precision: 53,
    exponent: 1023,
  },
  // Long doubles: JavaScript has no such numbers. Those of 12 bytes come from 32-bit machines.
  f12: { data: "Uint8Array", value: "bytes", characters: 48 },
  f16: { data: "Uint8Array", value: "bytes", characters: 48 },
  c8: {
    data: "Float32Array",
    value: "complex",
    get: ((view, at, isLittle) => ({ re: view.getFloat32(at, isLittle), im: view.getFloat32(at + 4, isLittle) })) as Get,
    characters: 64,
  },
  c16: {
    data: "Float64Array",
    value: "complex",
    get: ((view, at, isLittle) => ({ re: view.getFloat64(at, isLittle), im: view.getFloat64(at + 8, isLittle) })) as Get,
    characters: 64,
  },
  c24: { data: "Uint8Array", value: "bytes", characters: 96 },
  c32: { data: "Uint8Array", value: "bytes", characters: 96 },
  M8: { data: "BigInt64Array", value: "bigint" },
  m8: { data: "BigInt64Array", value: "bigint" },
} as const;

/** The typed arrays, in memory that nobody shares. */
export interface TypedArrays {
  readonly Int8Array: Int8Array<ArrayBuffer>;
  readonly Int16Array: Int16Array<ArrayBuffer>;
  readonly Int32Array: Int32Array<ArrayBuffer>;
  readonly BigInt64Array: BigInt64Array<ArrayBuffer>;
  readonly Uint8Array: Uint8Array<ArrayBuffer>;
  readonly Uint16Array: Uint16Array<ArrayBuffer>;
  readonly Uint32Array: Uint32Array<ArrayBuffer>;
  readonly BigUint64Array: BigUint64Array<ArrayBuffer>;
  readonly Float32Array: Float32Array<ArrayBuffer>;
  readonly Float64Array: Float64Array<ArrayBuffer>;
}

/** The typed array that reading gives for a dtype of this name. */
export type ScalarData<Name extends ScalarName> = TypedArrays[(typeof SCALARS)[CodeByName[Name]]["data"]];

/** What one element of a dtype of this name is in a record. */
export type ScalarValue<Name extends ScalarName> = (typeof SCALARS)[CodeByName[Name]]["value"];

/** The class of a typed array. */
export interface TypedArrayClass<Elements = TypedArrays[keyof TypedArrays]> {
  new (length: number): Elements;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): Elements;
  readonly BYTES_PER_ELEMENT: number;
}

/** Stores one element that fits. */
type Put<Element> = (view: DataView, at: number, element: Element, isLittle: boolean) => void;

/** How a `DataView` reads and stores one element of each typed array. */
const ACCESS: { readonly [Name in keyof TypedArrays]: readonly [get: Get, put: Put<TypedArrays[Name][number]>] } = {
  Int8Array: [(view, at) => view.getInt8(at), (view, at, int) => view.setInt8(at, int)],
  Int16Array: [
    (view, at, isLittle) => view.getInt16(at, isLittle),
    (view, at, int, isLittle) => view.setInt16(at, int, isLittle),
  ],
  Int32Array: [
    (view, at, isLittle) => view.getInt32(at, isLittle),
    (view, at, int, isLittle) => view.setInt32(at, int, isLittle),
  ],
  BigInt64Array: [
    (view, at, isLittle) => view.getBigInt64(at, isLittle),
    (view, at, int, isLittle) => view.setBigInt64(at, int, isLittle),
  ],
  Uint8Array: [(view, at) => view.getUint8(at), (view, at, int) => view.setUint8(at, int)],
  Uint16Array: [
    (view, at, isLittle) => view.getUint16(at, isLittle),
    (view, at, int, isLittle) => view.setUint16(at, int, isLittle),
  ],
  Uint32Array: [
    (view, at, isLittle) => view.getUint32(at, isLittle),
    (view, at, int, isLittle) => view.setUint32(at, int, isLittle),
  ],
  BigUint64Array: [
    (view, at, isLittle) => view.getBigUint64(at, isLittle),
    (view, at, int, isLittle) => view.setBigUint64(at, int, isLittle),
  ],
  Float32Array: [
    (view, at, isLittle) => view.getFloat32(at, isLittle),
    (view, at, float, isLittle) => view.setFloat32(at, float, isLittle),
  ],
  Float64Array: [
    (view, at, isLittle) => view.getFloat64(at, isLittle),
    (view, at, float, isLittle) => view.setFloat64(at, float, isLittle),
  ],
};

const CLASSES = {
  Int8Array,
  Int16Array,
  Int32Array,
  BigInt64Array,
  Uint8Array,
  Uint16Array,
  Uint32Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
} as { readonly [Name in keyof TypedArrays]: TypedArrayClass<TypedArrays[Name]> };

/** An entry of the table. */
export interface Scalar {
  readonly data: keyof TypedArrays;
  readonly value: "boolean" | "number" | "bigint" | "complex" | "bytes";
  readonly get?: Get;
  readonly characters?: number;
  readonly precision?: number;
  readonly exponent?: number;
}

/** The properties of a dtype that matter here. */
export interface ScalarType {
  readonly kind: DTypeKind;
  readonly itemsize: number;
  readonly byteOrder: ByteOrder;
}

type KindAndSize = Pick<ScalarType, "kind" | "itemsize">;

const scalars: { readonly [Code in ScalarCode]: Scalar } = SCALARS;

/** The entry of a dtype; `undefined` for text, void, structures and sub-arrays. */
export function scalarOf({ kind, itemsize }: KindAndSize): Scalar | undefined {
  return (scalars as { readonly [code: string]: Scalar | undefined })[kind + itemsize];
}

/** How one element is read; `undefined` for dtypes whose only value is their bytes, and for text. */
export function getterOf(type: KindAndSize): Get | undefined {
  const scalar = scalarOf(type);
  return scalar === undefined || scalar.value === "bytes" ? undefined : (scalar.get ?? ACCESS[scalar.data][0]);
}

/** How one number is stored, if a single call does it: for integers, float32 and float64. */
export function putterOf(type: KindAndSize): (Put<number> & Put<bigint>) | undefined {
  if (!isElement(type)) return undefined;
  return ACCESS[(scalarOf(type) as Scalar).data][1] as Put<number> & Put<bigint>;
}

/** Long doubles stay bytes: their bits depend on the machine that wrote them, which a file does not tell. */
export function isLongDouble({ kind, itemsize }: KindAndSize): boolean {
  return (kind === "f" && itemsize > 8) || (kind === "c" && itemsize > 16);
}

/** Whether elements are in this machine's byte order. Structures have no order of their own: their fields have. */
export function isNative({ byteOrder }: Pick<ScalarType, "byteOrder">): boolean {
  return byteOrder === "|" || byteOrder === NATIVE_BYTE_ORDER;
}

/** Whether elements have the lowest byte first, where byte order applies. */
export function isLittleEndian({ byteOrder }: Pick<ScalarType, "byteOrder">): boolean {
  return (byteOrder === "|" ? NATIVE_BYTE_ORDER : byteOrder) === "<";
}

/** Bytes of what has a byte order: half a complex number, one character of `U`. */
export function partSize({ kind, itemsize }: KindAndSize): number {
  if (kind === "S" || kind === "V") return 1;
  return kind === "U" ? 4 : kind === "c" ? itemsize / 2 : itemsize;
}

/** The typed array that reading gives for a dtype; bytes for void. Text and structures have none. */
export function dataClass(type: KindAndSize): TypedArrayClass {
  return CLASSES[scalarOf(type)?.data ?? "Uint8Array"];
}

/** The same, if its bytes are those of the file. A complex number takes two of its elements. */
export function storedClass(type: ScalarType): TypedArrayClass | undefined {
  const isConverted = type.kind === "S" || type.kind === "U" || isFloat16(type) || !isNative(type);
  return isConverted ? undefined : dataClass(type);
}

/** The same, if its elements alone say the dtype: for integers, float32 and float64. */
export function elementClass(type: ScalarType): TypedArrayClass | undefined {
  return isElement(type) ? storedClass(type) : undefined;
}

function isElement(type: KindAndSize): boolean {
  const { kind } = type;
  return (kind === "i" || kind === "u" || kind === "f") && !isLongDouble(type) && !isFloat16(type);
}

/** Whether elements are read into a wider type. */
export function isFloat16({ kind, itemsize }: KindAndSize): boolean {
  return kind === "f" && itemsize === 2;
}

/** The dtypes that typed arrays have by themselves, by the arrays' tags, which hold across realms. */
export const codeOfTag: ReadonlyMap<string, ScalarCode> = new Map<string, ScalarCode>([
  ["Uint8ClampedArray", "u1"],
  ["Float16Array", "f2"],
  ["Int8Array", "i1"],
  ["Int16Array", "i2"],
  ["Int32Array", "i4"],
  ["BigInt64Array", "i8"],
  ["Uint8Array", "u1"],
  ["Uint16Array", "u2"],
  ["Uint32Array", "u4"],
  ["BigUint64Array", "u8"],
  ["Float32Array", "f4"],
  ["Float64Array", "f8"],
]);

/** Codes of dtypes that are the elements of a typed array. */
export type ElementCode = `${"i" | "u"}${1 | 2 | 4 | 8}` | "f4" | "f8";

/** The bytes as the typed array of a code, in this machine's byte order. */
export function elementsOf<Code extends ElementCode>(bytes: Uint8Array, code: Code): ScalarData<Code> {
  const Class = CLASSES[SCALARS[code].data];
  return new Class(bytes.buffer, bytes.byteOffset, bytes.length / Class.BYTES_PER_ELEMENT) as ScalarData<Code>;
}
