/** What can be appended to a structure that the compiler knows: from a description written `as const` or passed straight to `dtype` or `open`. */
import type {
  ComplexNumber,
  FieldsOf,
  IsStructure,
  Like,
  NpyArray,
  ScalarValues,
  SubArray,
  ValueName,
} from "../decode/npy-array.ts";
import type { RecordArray } from "../decode/record-array.ts";
import type { ArrayInput, ArrayView, NestedArray, Scalar, TypedArray } from "./array-input.ts";

/** What a scalar may be in a record that is appended. Nulls need `nulls: "nan"`; integers of up to 32 bits refuse them even then. */
interface ScalarInputs extends Omit<ScalarValues, "boolean" | "number" | "bigint" | "datetime" | "timedelta" | "complex"> {
  boolean: boolean | 0 | 1;
  number: number | bigint | null;
  bigint: number | bigint;
  datetime: Date | bigint | number | string | null;
  timedelta: bigint | number | null;
  complex: number | ComplexNumber | null;
}

type ValueInputOf<T> =
  Like<T> extends infer Name extends string
    ? ScalarInputs[ValueName<Name>]
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

type ColumnInput = TypedArray | NestedArray | ArrayView | NpyArray;

/** Columns that are appended: one of each field, all of one length. */
export type ColumnsInputOf<D> =
  IsStructure<D> extends true
    ? { readonly [Name in keyof FieldsOf<Like<D>>]: ColumnInputOf<FieldsOf<Like<D>>[Name]> }
    : { readonly [name: string]: unknown };

/** What can be appended to a file whose dtype the compiler knows as a structure. */
export type RecordsInput<D> = NestedRecords<D> | ColumnsInputOf<D> | ArrayView | NpyArray | RecordArray<unknown, unknown>;

/** What can be appended to a file of dtype `D`: its records by name if it is a structure that the compiler knows. */
export type AppendInput<D> = IsStructure<D> extends true ? RecordsInput<D> : ArrayInput;

/** One row, without the growth axis, of a file of dtype `D`: one element of a 1-D file, such as a number or a record, else an array. */
export type RowInput<D> = IsStructure<D> extends true ? RecordInputOf<D> : Scalar | object;
