/** Records as columns, the short way: typed arrays whose elements are as in the file are only put in their places. */
import type { DType, DTypeField } from "../format/dtype.ts";
import type { TypedArray } from "../input/array-input.ts";
import { type Blocks, checkThere } from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { flatten } from "../memory/fields.ts";
import { type ColumnOfField, interleave, putColumn } from "./columns.ts";
import { isOfClass, storedClass, type TypedArrayClass } from "./row-buffer.ts";

interface Column {
  readonly field: DTypeField;
  /** What its elements are in memory. */
  readonly class: TypedArrayClass;
  /** Bytes of an element: sub-arrays have several. */
  readonly itemsize: number;
  /** The array's elements for each record. */
  readonly perRecord: number;
  /** What the column is one of, if its bools must be looked at. */
  readonly bools: DType | undefined;
}

/** Understands columns of the typed arrays that reading gives. */
export class ColumnRows {
  readonly #dtype: DType;
  readonly #columns: readonly Column[];
  /** Where few records are put together. What no field covers stays zero. */
  #records = new Uint8Array(0);

  private constructor(dtype: DType, columns: readonly Column[]) {
    this.#dtype = dtype;
    this.#columns = columns;
  }

  /** For a file of records; `undefined` where this way is not for them. */
  static of(dtype: DType, rowShape: readonly number[]): ColumnRows | undefined {
    const columns = dtype.fields?.map(columnOf) ?? [];
    if (rowShape.length > 0 || columns.length === 0 || columns.includes(undefined)) return undefined;
    return new ColumnRows(dtype, columns as Column[]);
  }

  /** The columns of a plain object in the order of the fields, and how many records they make. `undefined` says nothing but that it was not simple. */
  columnsOf(input: object): { readonly columns: readonly TypedArray[]; readonly rows: number } | undefined {
    let others = this.#columns.length;
    for (const _ in input) others--;
    if (others !== 0) return undefined;
    const columns: TypedArray[] = [];
    let rows = -1;
    for (const { field, class: Class, perRecord, bools } of this.#columns) {
      const column = (input as { readonly [name: string]: unknown })[field.name];
      if (!isOfClass(column, Class)) return undefined;
      if (rows < 0) rows = column.length / perRecord;
      if (column.length !== rows * perRecord) return undefined;
      if (bools !== undefined && !areBools(column as Uint8Array, bools)) return undefined;
      columns.push(column);
    }
    return rows > 0 && Number.isInteger(rows) ? { columns, rows } : undefined;
  }

  /** Few records, until the next call. */
  recordsOf(columns: readonly TypedArray[], rows: number): Uint8Array {
    const { itemsize } = this.#dtype;
    const length = rows * itemsize;
    if (length > this.#records.length) this.#records = new Uint8Array(Math.max(length, 2 * this.#records.length));
    for (let i = 0; i < columns.length; i++) {
      const column = this.#columns[i] as Column;
      const bytes = bytesOf(columns[i] as TypedArray, rows * column.field.dtype.itemsize);
      putColumn(bytes, column.field, this.#records, itemsize, rows);
    }
    return this.#records.subarray(0, length);
  }

  /** Any number of records. */
  blocksOf(columns: readonly TypedArray[], rows: number): Blocks {
    const parts = this.#columns.map(({ field, itemsize }, i): ColumnOfField => {
      const size = rows * field.dtype.itemsize;
      const bytes = bytesOf(columns[i] as TypedArray, size);
      return { field, blocks: (perBlock) => inParts(bytes, size, perBlock * itemsize) };
    });
    return { [Symbol.iterator]: () => interleave(this.#dtype, parts, rows) };
  }
}

function columnOf(field: DTypeField): Column | undefined {
  const { element, count } = flatten(field.dtype);
  const Class = storedClass(element);
  const perRecord = Class === undefined ? 0 : (count * element.itemsize) / Class.BYTES_PER_ELEMENT;
  if (Class === undefined || perRecord === 0) return undefined;
  return { field, class: Class, itemsize: element.itemsize, perRecord, bools: hasBools(element) ? element : undefined };
}

/** A getter of the columns after it may have taken the memory away, and no view of what was transferred can be made. */
function bytesOf(column: TypedArray, needed: number): Uint8Array {
  checkThere(column, needed);
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

function* inParts(bytes: Uint8Array, size: number, length: number): Generator<Uint8Array, void, unknown> {
  for (let at = 0; at < size; at += length) {
    checkThere(bytes, size);
    yield bytes.subarray(at, at + length);
  }
}
