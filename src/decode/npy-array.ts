/** What reading gives and appending takes back, as the compiler knows it: dtypes described `as const` give their arrays and records. */
import type { DType } from "../format/dtype.ts";
import type { ScalarName } from "../format/scalar-names.ts";
import type { ScalarData, ScalarValue } from "../format/scalars.ts";
import type { NpyData, RecordArray } from "./record-array.ts";

/**
 * An array as JavaScript holds it. `data` is in this machine's byte order even if `dtype`, which is the file's, has another:
 * bool in a `Uint8Array`; ints, float32 and float64 in their typed arrays; 64-bit ints, datetime64 and timedelta64 in a
 * `BigInt64Array` or `BigUint64Array`; float16 widened into a `Float32Array`; complex numbers interleaved; `S` and `U` as
 * strings; structures in a {@link RecordArray}; anything else of fixed size (void, long double) as the file's raw bytes.
 */
export interface NpyArray<D = unknown> {
  readonly dtype: DType<D>;
  readonly data: DataOf<D>;
  readonly shape: number[];
  /** Whether the first index changes fastest in `data`. */
  readonly fortranOrder: boolean;
}

/** A part of an array, as `chunks` and `follow` give it. It can be appended like any other array. */
export interface NpyChunk<D = unknown> extends NpyArray<D> {
  /** Its first row in the file. */
  readonly start: number;
}

type WithoutByteOrder<Name extends string> = Name extends `${"<" | ">" | "=" | "|"}${infer Rest}` ? Rest : Name;

/** What one element of a dtype is, by its name. */
export type ValueName<Name extends string> = string extends Name ? "unknown" : ValueOfBare<WithoutByteOrder<Name>>;

type ValueOfBare<Name extends string> = Name extends ScalarName
  ? ScalarValue<Name>
  : Name extends `U${number}` | `S${number}`
    ? "string"
    : Name extends `${"M8" | "datetime64"}${string}`
      ? "datetime"
      : Name extends `${"m8" | "timedelta64"}${string}`
        ? "timedelta"
        : Name extends `V${number}`
          ? "bytes"
          : "unknown";

type DataOfName<Name extends string> = Name extends ScalarName
  ? ScalarData<Name>
  : {
      string: string[];
      datetime: ScalarData<"i8">;
      timedelta: ScalarData<"i8">;
      bytes: ScalarData<"u1">;
      unknown: NpyData;
    }[Exclude<ValueOfBare<Name>, "boolean" | "number" | "bigint" | "complex">];

/** The `data` of an array whose dtype was described as `D`: `DataOf<"float32">` is `Float32Array`. */
export type DataOf<D> = unknown extends D ? NpyData : DataOfKnown<D>;

type DataOfKnown<D> = D extends string
  ? string extends D
    ? NpyData
    : DataOfName<WithoutByteOrder<D>>
  : D extends DType<infer Description>
    ? DataOf<Description>
    : IsStructure<D> extends true
      ? RecordArrayOf<D>
      : NpyData;

/** A sub-array: what it is made of, and its shape. */
export type SubArray<Element = unknown> = readonly [Element, number | readonly number[]];

/** A list of fields, as in a header. */
type FieldList = readonly (readonly [string | readonly [string, string], ...unknown[]])[];

/** Fields as properties. */
type FieldObject = { readonly [name: string]: unknown };

/** How a dtype was described. */
export type Like<D> = D extends DType<infer Description> ? Description : D;

/** Whether the compiler knows the fields of a description. */
export type IsStructure<D> = IsStructureLike<Like<D>>;

type IsStructureLike<D> = unknown extends D
  ? false
  : D extends string | SubArray
    ? false
    : D extends FieldList
      ? number extends D["length"]
        ? false
        : true
      : D extends FieldObject
        ? string extends keyof D
          ? false
          : true
        : false;

/** The fields by their names, each with its description; a sub-array as the pair of its element and its shape. */
export type FieldsOf<D> = D extends FieldList ? { [Field in D[number] as NameOf<Field>]: DescriptionOf<Field> } : D;

type NameOf<Field> = Field extends readonly [infer Label, ...unknown[]]
  ? Label extends readonly [string, infer Name extends string]
    ? Name
    : Label extends ""
      ? never
      : Label & string
  : never;

type DescriptionOf<Field> = Field extends readonly [unknown, infer Element, infer Shape]
  ? readonly [Element, Shape]
  : Field extends readonly [unknown, infer Element]
    ? Element
    : never;

/** A complex number, which JavaScript has no type for. */
export interface ComplexNumber {
  readonly re: number;
  readonly im: number;
}

/** The values of scalar dtypes in a record. */
export interface ScalarValues {
  boolean: boolean;
  number: number;
  bigint: bigint;
  datetime: bigint;
  timedelta: bigint;
  complex: ComplexNumber;
  string: string;
  bytes: Uint8Array<ArrayBuffer>;
  unknown: unknown;
}

/** What a field is in a record that was read. */
type ValueOf<T> =
  Like<T> extends infer Name extends string
    ? ScalarValues[ValueName<Name>]
    : T extends SubArray<infer Element>
      ? IsStructure<Element> extends true
        ? RecordOf<Element>[]
        : DataOf<Element>
      : IsStructure<T> extends true
        ? RecordOf<T>
        : unknown;

/** A record of a structured dtype, as {@link RecordArray.at} gives it: `{ t: number; id: number; pos: Float32Array }`. */
export type RecordOf<D> =
  IsStructure<D> extends true
    ? { -readonly [Name in keyof FieldsOf<Like<D>>]: ValueOf<FieldsOf<Like<D>>[Name]> }
    : { [name: string]: unknown };

/** The columns of a structured dtype, as {@link RecordArray.columns} gives them. */
export type ColumnsOf<D> =
  IsStructure<D> extends true
    ? { -readonly [Name in keyof FieldsOf<Like<D>>]: ColumnOf<FieldsOf<Like<D>>[Name]> }
    : { [name: string]: NpyData };

type ColumnOf<T> = T extends SubArray<infer Element> ? DataOf<Element> : DataOf<T>;

/** What an element is outside of an array. Bools are 0 and 1, as in `data`. */
type SingleValues = Omit<ScalarValues, "boolean"> & { boolean: number };

type SingleOf<D> = Like<D> extends infer Name extends string ? SingleValues[ValueName<Name>] : unknown;

/**
 * A row, as `rows()` gives it: of a 1-D array one value, else the `data` of the row. The compiler does not know how many axes an array has; for
 * structures it takes it to have one.
 */
export type RowOf<D> = unknown extends D ? unknown : IsStructure<D> extends true ? RecordOf<D> : SingleOf<D> | DataOf<D>;

/** The `data` of a structured dtype. */
export type RecordArrayOf<D> = RecordArray<RecordOf<D>, ColumnsOf<D>>;

/** The names of the fields of a structured dtype. */
export type FieldName<D> = IsStructure<D> extends true ? keyof FieldsOf<Like<D>> & string : string;

/** A dtype with some of its fields; the dtype itself if no names are given. */
export type WithFields<D, Name extends string> = [Name] extends [never]
  ? D
  : IsStructure<D> extends true
    ? { readonly [Key in Name & keyof FieldsOf<Like<D>>]: FieldsOf<Like<D>>[Key] }
    : unknown;
