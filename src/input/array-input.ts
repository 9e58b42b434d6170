/** The types of everything that can be appended and saved. */
import type { NpyArray } from "../decode/npy-array.ts";
import type { RecordArray } from "../decode/record-array.ts";
import type { DTypeLike } from "../format/dtype.ts";

/** JavaScript's typed arrays, over any memory. */
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
  | Float16ArrayLike
  | Float32Array
  | Float64Array;

/** A `Float16Array`, which newer runtimes have, and newer versions of TypeScript know. */
export interface Float16ArrayLike extends ArrayBufferView {
  readonly [Symbol.toStringTag]: "Float16Array";
  readonly BYTES_PER_ELEMENT: number;
  readonly length: number;
  readonly [index: number]: number;
  set(elements: ArrayLike<number>, offset?: number): void;
}

/** One plain value. */
export type Scalar = number | bigint | boolean | string | Date;

/**
 * Arrays within arrays, all of one length on each level; the innermost may be typed arrays, or arrays of one shape and dtype. Nulls need
 * `nulls: "nan"`.
 */
export type NestedArray = readonly (
  | Scalar
  | null
  | undefined
  | TypedArray
  | { readonly re: number; readonly im: number }
  | NestedArray
  | ArrayView
  | ForeignArray
)[];

/** A list of sizes or strides, as other libraries hold them. */
export type Sizes = ArrayLike<number>;

/** An array described by its parts. Without strides the data are contiguous, in the order that `fortranOrder` says. */
export interface ArrayView {
  /** A typed array, raw bytes (a `DataView`, an `ArrayBuffer`; shared memory and WebAssembly's, too), records, or plain values. */
  readonly data: ArrayBufferView | ArrayBufferLike | RecordArray | readonly unknown[];
  readonly shape: Sizes;
  /** The dtype of the data: needed for raw bytes, otherwise optional. */
  readonly dtype?: DTypeLike | undefined;
  /** Distances between neighbours along each axis, in elements; they may be zero or negative. */
  readonly strides?: Sizes | undefined;
  /** The name of `strides` in ndarray and zarrita. */
  readonly stride?: Sizes | undefined;
  /** Elements before the first one. */
  readonly offset?: number | undefined;
  readonly fortranOrder?: boolean | undefined;
}

/**
 * What can be appended and saved: an {@link NpyArray}, a strided view ({@link ArrayView}), a typed array (whole rows in the file's
 * own order), nested JavaScript arrays, {@link Records}, or an array of another library ({@link ForeignArray}).
 */
export type ArrayInput = NpyArray | ArrayView | TypedArray | NestedArray | Records | ForeignArray;

/** A record of any fields: an object of an interface or a class, too. Arrays, Maps, Promises and the like are none. */
export type RecordObject =
  | { readonly [name: string]: unknown }
  | (object & { readonly [Symbol.iterator]?: never; readonly [Symbol.toStringTag]?: never });

/** Records in an array, or in arrays within arrays: of one length on each level. */
type RecordLists = readonly (RecordObject | RecordLists)[];

/** Records of a structure: an array of objects, an object or a Map of columns, or what reading gave. */
export type Records =
  | RecordLists
  | { readonly [name: string]: unknown; readonly data?: never; readonly shape?: never }
  | ReadonlyMap<string, unknown>
  | RecordArray<unknown, unknown>;

// ---- arrays of other libraries, recognised by their form ----

/** An array of another library. */
export type ForeignArray =
  | NumpyTsArray
  | StridedArray
  | TensorFlowTensor
  | OnnxTensor
  | ArrowTable
  | ArrowVector
  | FlechetteColumn
  | ArqueroTable
  | ElementArray
  | ImageLike
  | SharpOutput
  | ThreeAttribute
  | MlMatrix
  | MathMatrix;

/** numpy-ts: only the storage of an array tells its offset. */
export interface NumpyTsArray {
  readonly dtype: string;
  readonly storage: {
    readonly data: ArrayBufferView;
    readonly shape: Sizes;
    readonly strides: Sizes;
    readonly offset: number;
  };
  tolist(): unknown;
}

/** Arrays of `@stdlib/ndarray` (`strides`), ndarray and zarrita (`stride`). */
export type StridedArray = {
  readonly data: ElementArray | AccessorArray | ArrayBufferView | ArrayLike<unknown>;
  readonly shape: Sizes;
  /** The library's name for it. */
  readonly dtype?: unknown;
  readonly offset?: number;
} & ({ readonly strides: Sizes } | { readonly stride: Sizes });

/** TensorFlow.js; `dataSync` fetches data from other devices. */
export interface TensorFlowTensor {
  readonly shape: Sizes;
  readonly dtype: string;
  dataSync(): unknown;
}

/** onnxruntime; a tensor posted by another thread has `cpuData`. */
export type OnnxTensor = {
  readonly dims: Sizes;
  readonly type: string;
} & ({ readonly data: unknown } | { readonly cpuData: unknown });

/**
 * Elements that JavaScript has no typed array for, in a buffer: the `BooleanArray` and `Complex128Array` of @stdlib, the `BoolArray`,
 * `ByteStringArray` and `UnicodeStringArray` of zarrita.
 */
export interface ElementArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly BYTES_PER_ELEMENT: number;
  readonly length: number;
  /** zarrita: the length of its strings, in bytes or code points. */
  readonly chars?: number;
  get(index: number): unknown;
}

/** Elements that a function returns, as in ndarray's "generic" stores. */
export interface AccessorArray {
  readonly length: number;
  get(index: number): unknown;
}

/** A column of Apache Arrow. */
export interface ArrowVector {
  readonly type: { readonly typeId: number };
  readonly data: readonly unknown[];
  readonly length: number;
  readonly numChildren: number;
  /** One element. */
  get(index: number): unknown;
  /** The elements of lists, or one field of structures. */
  getChildAt(index: number): unknown;
}

/** A column of flechette. */
export interface FlechetteColumn {
  readonly type: { readonly typeId: number };
  readonly data: readonly unknown[];
  readonly length: number;
  readonly nullCount: number;
  at(index: number): unknown;
}

/** A table of Apache Arrow, or one of its record batches; or a table of flechette, which has no `data`. */
export interface ArrowTable {
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly data?: unknown;
  /** One column. */
  getChildAt(index: number): unknown;
}

/** A table of arquero. */
export interface ArqueroTable {
  columnNames(): readonly string[];
  /** A table of flechette. */
  toArrow(): unknown;
}

/** An image: an `ImageData`, or what pngjs, jpeg-js, fast-png and transformers.js give. */
export interface ImageLike {
  readonly data: ArrayBufferView;
  readonly width: number;
  readonly height: number;
  /** Elements of a pixel, if the library tells. */
  readonly channels?: number;
}

/** sharp: what `toBuffer({ resolveWithObject: true })` gives after `raw()`. */
export interface SharpOutput {
  readonly data: ArrayBufferView;
  readonly info: {
    readonly format: string;
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    /** The type of an element, such as `uchar`. */
    readonly depth?: string;
  };
}

/** An attribute of a geometry of three.js, also one that is interleaved with others. */
export type ThreeAttribute = {
  readonly array: ArrayBufferView;
  readonly itemSize: number;
  readonly count: number;
} & (
  | { readonly isBufferAttribute: true }
  | {
      readonly isInterleavedBufferAttribute: true;
      readonly offset: number;
      readonly data: { readonly stride: number };
    }
);

/** A matrix of ml-matrix, or a view of one. */
export interface MlMatrix {
  readonly rows: number;
  readonly columns: number;
  to1DArray(): readonly number[];
  to2DArray(): readonly (readonly number[])[];
}

/** A dense matrix of mathjs. */
export interface MathMatrix {
  size(): readonly number[];
  /** `"dense"`; sparse ones are refused. */
  storage(): string;
  toArray(): unknown;
  valueOf(): unknown;
}
