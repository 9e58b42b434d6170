/** An input as it is understood: elements of a dtype at strides, plain values, or one input for each field. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { contiguousStrides } from "../format/layout.ts";

/** Elements of `dtype` in a buffer, at strides (in elements). */
export interface StridedBytes {
  readonly bytes: Uint8Array;
  /** The dtype of the bytes. */
  readonly dtype: DType;
  /** The dtype of the elements, if the bytes have another: float16 held in a `Float32Array`. */
  readonly elements?: DType | undefined;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** The first element, in elements. */
  readonly offset: number;
}

/** An input that was understood: `typed` data follow casting rules, `plain` values are converted exactly. */
export type ParsedInput = TypedInput | PlainInput | ColumnsInput;

/** Values, in C order unless a dtype was given with them. */
export interface Values {
  readonly values: readonly unknown[];
  readonly shape: readonly number[];
}

/** Plain values. */
export interface PlainInput extends Values {
  readonly kind: "plain";
  readonly fortranOrder?: boolean | undefined;
  /** The dtype that was given with the values: they are elements of it, and follow casting rules from there. */
  readonly dtype?: DType | undefined;
}

/** One input for each field of a structure. */
export interface ColumnsInput {
  readonly kind: "columns";
  readonly columns: ReadonlyMap<string, ParsedInput>;
  /** A table is always columns; an object with `data` or `shape` may have been meant as an array. */
  readonly isTable: boolean;
  readonly fortranOrder?: undefined;
}

/** Data that have a dtype. */
export interface TypedInput {
  readonly kind: "typed";
  /** The dtype that casting rules see. */
  readonly dtype: DType;
  readonly array: StridedBytes;
  /** The order that an NpyArray gives; `undefined` for arrays with strides. */
  readonly fortranOrder?: boolean | undefined;
  /** A bare typed array has no shape of its own: it is whole rows of the file it is appended to. */
  readonly bare?: boolean;
  /** Whether the data are a `Buffer` without a declared dtype. */
  readonly ofBuffer?: boolean;
}

/** Contiguous elements. */
export function contiguous(bytes: Uint8Array, dtype: DType, shape: readonly number[], fortranOrder: boolean): StridedBytes {
  return { bytes, dtype, shape, strides: contiguousStrides(shape, fortranOrder), offset: 0 };
}

/** V8 ends the process, without an error that could be caught, where a list grows beyond about 112 million elements. */
const MAX_VALUES = 10 ** 8;

/**
 * Refuses more plain values than a list can be made of.
 *
 * @throws NpyError `ERR_NPY_SHAPE`.
 */
export function checkPlainCount(count: number): void {
  if (count <= MAX_VALUES) return;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `${count} plain values are more than the ${MAX_VALUES} that one call takes: pass a typed array, or fewer rows at a time.`,
  );
}
