/** Rows described by data and a shape, the short way: where elements and order are those of the file, the data are all that is needed. */
import { type DType, sameDType } from "../format/dtype.ts";
import { type ArrayLayout, rowShape, sizeOf } from "../format/layout.ts";
import { isDType } from "../format/structure.ts";
import type { ArrayView, TypedArray } from "../input/array-input.ts";
import { elementClass, isOfClass, storedClass, type TypedArrayClass } from "./row-buffer.ts";

/** What such an input has. Any other property may change what these mean. */
const PARTS: ReadonlySet<string> = new Set(["data", "shape", "dtype", "fortranOrder"]);

/** Understands what reading gives of the same dtype, and typed arrays with a shape. */
export class ViewRows {
  readonly #dtype: DType;
  readonly #fortranOrder: boolean;
  readonly #rowShape: readonly number[];
  /** Of what reading gives for the dtype. */
  readonly #class: TypedArrayClass;
  readonly #perRow: number;
  /** Whether such an array needs no dtype beside it. */
  readonly #isOwn: boolean;

  private constructor(dtype: DType, fortranOrder: boolean, row: readonly number[], Class: TypedArrayClass) {
    this.#dtype = dtype;
    this.#fortranOrder = fortranOrder;
    this.#rowShape = row;
    this.#class = Class;
    this.#perRow = (sizeOf(row) * dtype.itemsize) / Class.BYTES_PER_ELEMENT;
    this.#isOwn = elementClass(dtype) === Class;
  }

  /** For a file; `undefined` where this way is not for it. */
  static of(layout: ArrayLayout): ViewRows | undefined {
    const { dtype, fortranOrder } = layout;
    const Class = storedClass(dtype);
    return Class && new ViewRows(dtype, fortranOrder, rowShape(layout), Class);
  }

  /** The data of a plain object, which are whole rows. `undefined` says nothing but that it was not simple: there may be a mistake. */
  dataOf(input: object): TypedArray | undefined {
    for (const name in input) if (!PARTS.has(name)) return undefined;
    const { data, shape, dtype, fortranOrder = false } = input as ArrayView;
    if (!isOfClass(data, this.#class) || !this.#isDType(dtype)) return undefined;
    const rows = Array.isArray(shape) ? this.#rowsOf(shape) : undefined;
    if (rows === undefined || rows * this.#perRow !== data.length) return undefined;
    return fortranOrder === this.#fortranOrder || shape.length === 1 ? data : undefined;
  }

  #isDType(like: ArrayView["dtype"]): boolean {
    const { str, name, kind } = this.#dtype;
    if (like === undefined) return this.#isOwn;
    if (typeof like === "string") return kind !== "V" && (like === str || like === name);
    return isDType(like) && sameDType(like, this.#dtype);
  }

  /** How many rows an array of this shape has, if they are those of the file. */
  #rowsOf(shape: readonly unknown[]): number | undefined {
    const row = this.#rowShape;
    if (shape.length !== row.length + 1) return undefined;
    const first = this.#fortranOrder ? 0 : 1;
    for (let i = 0; i < row.length; i++) if (shape[i + first] !== row[i]) return undefined;
    const rows = shape[this.#fortranOrder ? row.length : 0];
    return typeof rows === "number" ? rows : undefined;
  }
}
