/** What reading gives and what appending takes back: data in a typed array, with shape, dtype and order beside it. */
import type { DType, DTypeLike } from "../format/dtype.ts";
import type { IsStructure, RecordArrayOf } from "../input/record-types.ts";
import type { RecordArray } from "./record-array.ts";

/**
 * An array as JavaScript holds it. `data` is in this machine's byte order whatever `dtype` (which is the file's) says:
 * bool in a `Uint8Array`; ints, float32 and float64 in their typed arrays; 64-bit ints, datetime64 and timedelta64 in a
 * `BigInt64Array` or `BigUint64Array`; float16 widened into a `Float32Array`; complex numbers interleaved; `S` and `U` as
 * strings; structures in a {@link RecordArray}; anything else of fixed size (void, long double) as the file's raw bytes.
 */
export interface NpyArray<D extends DTypeLike = DTypeLike> {
  readonly data: DataOf<D>;
  readonly shape: number[];
  readonly dtype: DType<D>;
  /** Whether the first index changes fastest in `data`. */
  readonly fortranOrder: boolean;
}

/** Everything that `data` can be. */
export type NpyData = NpyScalars | RecordArray;

/** The `data` of every dtype but structures. */
export type NpyScalars =
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | string[];

interface DataByKind {
  i1: Int8Array<ArrayBuffer>;
  i2: Int16Array<ArrayBuffer>;
  i4: Int32Array<ArrayBuffer>;
  i8: BigInt64Array<ArrayBuffer>;
  u1: Uint8Array<ArrayBuffer>;
  u2: Uint16Array<ArrayBuffer>;
  u4: Uint32Array<ArrayBuffer>;
  u8: BigUint64Array<ArrayBuffer>;
  f4: Float32Array<ArrayBuffer>;
  f8: Float64Array<ArrayBuffer>;
}

/** The names of DTypeName -> what holds their data. */
interface DataByName extends DataByKind {
  "?": DataByKind["u1"];
  b1: DataByKind["u1"];
  bool: DataByKind["u1"];
  bool_: DataByKind["u1"];
  int8: DataByKind["i1"];
  byte: DataByKind["i1"];
  int16: DataByKind["i2"];
  short: DataByKind["i2"];
  int32: DataByKind["i4"];
  intc: DataByKind["i4"];
  int64: DataByKind["i8"];
  int: DataByKind["i8"];
  int_: DataByKind["i8"];
  intp: DataByKind["i8"];
  long: DataByKind["i8"];
  longlong: DataByKind["i8"];
  uint8: DataByKind["u1"];
  ubyte: DataByKind["u1"];
  uint16: DataByKind["u2"];
  ushort: DataByKind["u2"];
  uint32: DataByKind["u4"];
  uintc: DataByKind["u4"];
  uint64: DataByKind["u8"];
  uint: DataByKind["u8"];
  uintp: DataByKind["u8"];
  ulong: DataByKind["u8"];
  ulonglong: DataByKind["u8"];
  f2: DataByKind["f4"];
  float16: DataByKind["f4"];
  half: DataByKind["f4"];
  float32: DataByKind["f4"];
  single: DataByKind["f4"];
  float64: DataByKind["f8"];
  double: DataByKind["f8"];
  float: DataByKind["f8"];
  f16: DataByKind["u1"];
  float128: DataByKind["u1"];
  longdouble: DataByKind["u1"];
  c8: DataByKind["f4"];
  complex64: DataByKind["f4"];
  csingle: DataByKind["f4"];
  c16: DataByKind["f8"];
  complex128: DataByKind["f8"];
  cdouble: DataByKind["f8"];
  complex: DataByKind["f8"];
  complex_: DataByKind["f8"];
  c32: DataByKind["u1"];
  complex256: DataByKind["u1"];
  clongdouble: DataByKind["u1"];
}

type WithoutByteOrder<Name extends string> = Name extends `${"<" | ">" | "=" | "|"}${infer Rest}` ? Rest : Name;

type DataOfName<Name extends string> = Name extends keyof DataByName
  ? DataByName[Name]
  : Name extends `U${number}` | `S${number}`
    ? string[]
    : Name extends `${"M8" | "m8" | "datetime64" | "timedelta64"}${string}`
      ? DataByKind["i8"]
      : Name extends `V${number}`
        ? DataByKind["u1"]
        : NpyData;

/** The `data` of an array whose dtype was described as `D`: `DataOf<"float32">` is `Float32Array`. */
export type DataOf<D> = IsAny<D> extends true ? NpyData : DataOfKnown<D>;

type IsAny<T> = 0 extends 1 & T ? true : false;

type DataOfKnown<D> = D extends string
  ? string extends D
    ? NpyData
    : DataOfName<WithoutByteOrder<D>>
  : D extends DType<infer Like>
    ? DataOf<Like>
    : IsStructure<D> extends true
      ? RecordArrayOf<D>
      : NpyData;
