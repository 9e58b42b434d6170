/** Records as columns that are typed arrays with the file's own elements: they are only put in their places. */
import type { DTypeField } from "../format/dtype.ts";
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { storedClass, type TypedArrayClass } from "../format/scalars.ts";
import type { TypedArray } from "../input/array-input.ts";
import { checkThere, inBlocks } from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { flatten } from "../memory/fields.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { type ColumnOfField, interleave, putColumn } from "./columns.ts";
import { COPY_LIMIT, type FastPath, oneBlock } from "./encoded-rows.ts";

interface FastColumn {
  readonly field: DTypeField;
  readonly Class: TypedArrayClass;
  /** Bytes of an element. Sub-arrays have several. */
  readonly itemsize: number;
  /** The array's elements for each record. */
  readonly perRecord: number;
  readonly areValid: (elements: TypedArray) => boolean;
}

export function fastColumns(layout: ArrayLayout): FastPath | undefined {
  const { dtype } = layout;
  const columns = dtype.fields?.map(columnOf).filter((column) => column !== undefined) ?? [];
  if (columns.length === 0 || columns.length !== dtype.fields?.length || rowShape(layout).length > 0) return undefined;
  /** Few records. What no field covers is never written, and stays zero. */
  const records = new GrowingBuffer();

  return (input) => {
    if (Object.getPrototypeOf(input) !== Object.prototype) return undefined;
    let others = columns.length;
    for (const _ in input) others--;
    if (others !== 0) return undefined;
    const arrays: TypedArray[] = [];
    let rows = 0;
    for (const { field, Class, perRecord, areValid } of columns) {
      const array = (input as { readonly [name: string]: unknown })[field.name];
      if (!ArrayBuffer.isView(array) || Object.getPrototypeOf(array) !== Class.prototype) return undefined;
      const elements = array as TypedArray;
      if (arrays.length === 0) rows = elements.length / perRecord;
      if (elements.length !== rows * perRecord || !areValid(elements)) return undefined;
      arrays.push(elements);
    }
    if (rows === 0 || !Number.isInteger(rows)) return undefined;
    const byteLength = rows * dtype.itemsize;
    const bytesOf = ({ field }: FastColumn, i: number): Uint8Array => {
      const column = arrays[i] as TypedArray;
      // A getter of a later column may have taken the memory away; a transferred buffer allows no view.
      checkThere(column, rows * field.dtype.itemsize);
      return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
    };
    if (byteLength > COPY_LIMIT) {
      const parts = (): ColumnOfField[] =>
        columns.map((column, i) => {
          const bytes = bytesOf(column, i);
          return { field: column.field, blocks: (perBlock) => inBlocks(bytes, perBlock * column.itemsize) };
        });
      return { rows, byteLength, blocks: { [Symbol.iterator]: () => interleave(dtype, parts(), rows) } };
    }
    records.resize(byteLength);
    const bytes = records.bytes();
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as FastColumn;
      putColumn(bytesOf(column, i), column.field, bytes, dtype.itemsize, rows);
    }
    return oneBlock(bytes, rows);
  };
}

function columnOf(field: DTypeField): FastColumn | undefined {
  const { element, count } = flatten(field.dtype);
  const Class = storedClass(element);
  const perRecord = Class === undefined ? 0 : (count * element.itemsize) / Class.BYTES_PER_ELEMENT;
  if (Class === undefined || perRecord === 0) return undefined;
  const areValid = hasBools(element) ? (elements: TypedArray) => areBools(elements as Uint8Array, element) : () => true;
  return { field, Class, itemsize: element.itemsize, perRecord, areValid };
}
