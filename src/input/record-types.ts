/** Structures as the compiler knows them: from a description written `as const` or passed straight to `dtype`, `open` or `load`. */

import type { DataOf, NpyArray, NpyData } from "../decode/npy-array.ts";
import type { RecordArray } from "../decode/record-array.ts";
import type { DType } from "../format/dtype.ts";
import type { ArrayInput, ArrayView, NestedArray, TypedArray } from "./input.ts";

/** A sub-array: what it is made of, and its shape. */
type SubArray<Element = unknown> = readonly [Element, number | readonly number[]];

/** A list of fields, as in a header. */
type FieldList = readonly (readonly [string | readonly [string, string], ...unknown[]])[];

/** Fields as properties. */
type FieldObject = { readonly [name: string]: unknown };

/** How a dtype was described. */
type Like<D> = D extends DType<infer Description> ? Description : D;

/** Whether the compiler knows the fields of a description. */
export type IsStructure<D> = IsStructureLike<Like<D>>;

type IsStructureLike<D> = 0 extends 1 & D // any
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
type FieldsOf<D> = D extends FieldList ? { [Field in D[number] as NameOf<Field>]: DescriptionOf<Field> } : D;

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

type Bool = "?" | "b1" | "bool" | "bool_";
type Complex = "c8" | "complex64" | "csingle" | "c16" | "complex128" | "cdouble" | "complex" | "complex_";
type Raw = "f16" | "float128" | "longdouble" | "c32" | "complex256" | "clongdouble" | `V${number}`;
type Time = `${"M8" | "datetime64"}${string}`;

type WithoutByteOrder<Name extends string> = Name extends `${"<" | ">" | "=" | "|"}${infer Rest}` ? Rest : Name;

/** A complex number as JavaScript has none. */
export interface ComplexNumber {
  readonly re: number;
  readonly im: number;
}

/** The value of a scalar dtype in a record. */
type ScalarOf<Name extends string> = string extends Name
  ? unknown
  : WithoutByteOrder<Name> extends Bool
    ? boolean
    : WithoutByteOrder<Name> extends Complex
      ? ComplexNumber
      : WithoutByteOrder<Name> extends Raw
        ? Uint8Array<ArrayBuffer>
        : DataOf<Name> extends string[]
          ? string
          : DataOf<Name> extends BigInt64Array | BigUint64Array
            ? bigint
            : NpyData extends DataOf<Name>
              ? unknown
              : number;

/** What a field is in a record that was read. */
type ValueOf<T> =
  Like<T> extends infer Name extends string
    ? ScalarOf<Name>
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

/** What a scalar may be in a record that is appended. */
type ScalarInputOf<Name extends string> = string extends Name
  ? unknown
  : WithoutByteOrder<Name> extends Bool
    ? boolean | 0 | 1
    : WithoutByteOrder<Name> extends Complex
      ? number | ComplexNumber
      : WithoutByteOrder<Name> extends Time
        ? Date | bigint | number
        : ScalarOf<Name> extends number | bigint
          ? number | bigint
          : ScalarOf<Name>;

type ValueInputOf<T> =
  Like<T> extends infer Name extends string
    ? ScalarInputOf<Name>
    : T extends SubArray<infer Element>
      ? IsStructure<Element> extends true
        ? NestedRecords<Element>
        : TypedArray | NestedArray
      : IsStructure<T> extends true
        ? RecordInputOf<T>
        : unknown;

/** A record that is appended: a value for every field, and no others. */
export type RecordInputOf<D> =
  IsStructure<D> extends true
    ? { readonly [Name in keyof FieldsOf<Like<D>>]: ValueInputOf<FieldsOf<Like<D>>[Name]> }
    : { readonly [name: string]: unknown };

/** Records in an array, or in arrays within arrays: of one length on each level. */
type NestedRecords<D> = readonly (RecordInputOf<D> | NestedRecords<D>)[];

type ElementOf<T> = T extends SubArray<infer Element> ? Element : T;

type ColumnInputOf<T> = IsStructure<ElementOf<T>> extends true ? RecordsInput<ElementOf<T>> : ColumnInput;

// biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
type ColumnInput = TypedArray | NestedArray | ArrayView | NpyArray<any>;

/** Columns that are appended: one of each field, all of one length. */
export type ColumnsInputOf<D> =
  IsStructure<D> extends true
    ? { readonly [Name in keyof FieldsOf<Like<D>>]: ColumnInputOf<FieldsOf<Like<D>>[Name]> }
    : { readonly [name: string]: unknown };

/** What can be appended to a file whose dtype the compiler knows as a structure. */
export type RecordsInput<D> =
  | NestedRecords<D>
  | ColumnsInputOf<D>
  | ArrayView
  // biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
  | NpyArray<any>
  // biome-ignore lint/suspicious/noExplicitAny: of whatever dtype
  | RecordArray<any, any>;

/** What can be appended to a file of dtype `D`: its records by name if it is a structure that the compiler knows. */
export type AppendInput<D> = IsStructure<D> extends true ? RecordsInput<D> : ArrayInput;

/** The `data` of a structured dtype. */
export type RecordArrayOf<D> = RecordArray<RecordOf<D>, ColumnsOf<D>>;
