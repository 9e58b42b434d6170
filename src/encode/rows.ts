/** Rows that are to be appended, and passed every check. */

import type { DType } from "../format/dtype.ts";
import { type ArrayLayout, rowShape, sizeOf } from "../format/layout.ts";
import type { TypedArray } from "../input/array-input.ts";
import { typedArrayBytes } from "../input/typed-arrays.ts";
import type { Blocks } from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { ColumnRows } from "./column-rows.ts";
import { NumberRows } from "./number-rows.ts";
import { RowBuffer } from "./row-buffer.ts";
import { ViewRows } from "./view-rows.ts";

/** Up to this many bytes rows are copied, and the caller's memory free again; copying more costs more than it is worth. */
export const COPY_LIMIT: number = 2 ** 16;

/** Rows that passed every check. Their blocks are read from the caller's memory, each time they are asked for. */
export interface CheckedRows {
  readonly dtype: DType;
  readonly rows: number;
  /** Their bytes as the file holds them. */
  readonly blocks: Blocks;
  /** The same, if it is one block that is in memory already. */
  readonly onlyBlock?: Uint8Array | undefined;
  readonly byteLength: number;
  /** All of the rows as the typed array that they are, if its elements are as in the file, and they are few. */
  readonly elements?: TypedArray;
}

/**
 * Typed arrays whose elements are as in the file need no more than to be copied, or not even that; those that are columns of records, to be put
 * together; few numbers, to be stored.
 */
export class ElementInputs {
  readonly dtype: DType;
  readonly #rowBytes: number;
  readonly #hasBools: boolean;
  /** Where small ones are copied, to be written from there. */
  readonly #buffer: RowBuffer;
  readonly #numbers: NumberRows | undefined;
  readonly #views: ViewRows | undefined;
  readonly #columns: ColumnRows | undefined;

  constructor(layout: ArrayLayout) {
    const { dtype, fortranOrder } = layout;
    const row = rowShape(layout);
    this.dtype = dtype;
    this.#rowBytes = sizeOf(row) * dtype.itemsize;
    this.#hasBools = hasBools(dtype);
    this.#buffer = new RowBuffer(dtype, 0);
    this.#views = ViewRows.of(layout);
    this.#columns = ColumnRows.of(dtype, row);
    // Nested arrays have the shape of the file, and rows of Fortran order are their columns.
    if (!fortranOrder) this.#numbers = NumberRows.of(dtype, row, COPY_LIMIT);
  }

  /** The rows of an input that is such an array, and holds whole ones. */
  rowsOf(input: unknown): CheckedRows | undefined {
    if (this.#rowBytes === 0 || typeof input !== "object" || input === null) return undefined;
    if (this.#buffer.holds(input)) return this.#elementRows(input);
    if (Array.isArray(input)) return this.#elementRows(this.#numbers?.elementsOf(input));
    if (Object.getPrototypeOf(input) !== Object.prototype) return undefined;
    return this.#elementRows(this.#views?.dataOf(input)) ?? this.#recordRows(input);
  }

  #elementRows(elements: TypedArray | undefined): CheckedRows | undefined {
    if (elements === undefined || elements.length === 0) return undefined;
    const rows = elements.byteLength / this.#rowBytes;
    if (!Number.isInteger(rows)) return undefined;
    // Other bytes than 0 and 1 must be refused, or converted.
    if (this.#hasBools && !areBools(elements as Uint8Array, this.dtype)) return undefined;
    return elements.byteLength > COPY_LIMIT ? large(this.dtype, elements, rows) : new ElementRows(this, elements, rows);
  }

  #recordRows(input: object): CheckedRows | undefined {
    const inputs = this.#columns;
    const found = inputs?.columnsOf(input);
    return inputs && found && new RecordRows(this.dtype, inputs, found.columns, found.rows);
  }

  copyOf(elements: TypedArray): Uint8Array {
    this.#buffer.length = 0;
    this.#buffer.pushElements(elements);
    return this.#buffer.bytes();
  }
}

function large(dtype: DType, elements: TypedArray, rows: number): CheckedRows {
  const { bytes: onlyBlock } = typedArrayBytes(elements);
  return { dtype, rows, byteLength: onlyBlock.length, blocks: [onlyBlock], onlyBlock };
}

class ElementRows implements CheckedRows {
  readonly rows: number;
  readonly elements: TypedArray;
  readonly #inputs: ElementInputs;

  constructor(inputs: ElementInputs, elements: TypedArray, rows: number) {
    this.#inputs = inputs;
    this.elements = elements;
    this.rows = rows;
  }

  get dtype(): DType {
    return this.#inputs.dtype;
  }
  get byteLength(): number {
    return this.elements.byteLength;
  }
  get blocks(): Blocks {
    return [this.onlyBlock];
  }
  get onlyBlock(): Uint8Array {
    return this.#inputs.copyOf(this.elements);
  }
}

class RecordRows implements CheckedRows {
  readonly dtype: DType;
  readonly rows: number;
  readonly byteLength: number;
  readonly #inputs: ColumnRows;
  readonly #columns: readonly TypedArray[];

  constructor(dtype: DType, inputs: ColumnRows, columns: readonly TypedArray[], rows: number) {
    this.dtype = dtype;
    this.rows = rows;
    this.byteLength = rows * dtype.itemsize;
    this.#inputs = inputs;
    this.#columns = columns;
  }

  get blocks(): Blocks {
    const { onlyBlock } = this;
    return onlyBlock === undefined ? this.#inputs.blocksOf(this.#columns, this.rows) : [onlyBlock];
  }
  get onlyBlock(): Uint8Array | undefined {
    return this.byteLength > COPY_LIMIT ? undefined : this.#inputs.recordsOf(this.#columns, this.rows);
  }
}
