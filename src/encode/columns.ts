/** Structures appended as columns: one array for each field, interleaved into records. */
import type { DType, DTypeField } from "../format/dtype.ts";
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { storedClass } from "../format/scalars.ts";
import type { TypedArray } from "../input/array-input.ts";
import {
  BLOCK,
  type Blocks,
  checkThere,
  type Division,
  DoubleBuffer,
  divisionAt,
  inBlocks,
  type Placing,
  placed,
} from "../memory/blocks.ts";
import { areBools, hasBools } from "../memory/bools.ts";
import { copyFields, type FieldCopy, flatten } from "../memory/fields.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";

/** A field of the records, and its bytes in blocks of as many of them. */
export interface ColumnOfField {
  readonly field: DTypeField;
  readonly blocks: (division: Division) => Blocks;
}

/** What puts the bytes of a field into records of `recordSize` bytes each. */
function fieldCopy(bytes: Uint8Array, { dtype, offset }: DTypeField, records: Uint8Array, recordSize: number): FieldCopy {
  const width = dtype.itemsize;
  return { from: { bytes, offset: 0, stride: width }, to: { bytes: records, offset, stride: recordSize }, width };
}

/** The bytes of `count` records of `type`, in blocks for `position` of a file, or of as many records as `division` says: {@link Blocks}. */
export function* interleave(
  type: DType,
  columns: readonly ColumnOfField[],
  count: number,
  { position = 0, division }: Placing = {},
): Generator<Uint8Array, void, boolean | undefined> {
  const size = type.itemsize;
  if (size === 0) return;
  const records = division ?? divisionAt(position, size, Math.max(1, Math.floor(BLOCK / size)));
  const parts = columns
    .filter(({ field }) => field.dtype.itemsize > 0)
    .map(({ field, blocks }) => ({ field, blocks: blocks(records)[Symbol.iterator]() }));
  // Padding is zero.
  const buffer = new DoubleBuffer(Math.min(records.most, count) * size, true);
  try {
    for (let from = 0, length: number; from < count; from += length) {
      length = Math.min(records.after(from), count - from);
      const bytes = buffer.take(length * size);
      const copies = parts.map(({ field, blocks }) => fieldCopy(blocks.next(false).value as Uint8Array, field, bytes, size));
      copyFields(copies, length);
      buffer.isBusy(yield bytes);
    }
  } finally {
    buffer.giveBack();
    for (const { blocks } of parts) blocks.return?.();
  }
}

interface FastColumn {
  readonly field: DTypeField;
  /** The dtype of one element. Sub-arrays have several. */
  readonly element: DType;
  readonly hasBools: boolean;
  /** Of the typed arrays that hold the file's own elements. */
  readonly prototype: object;
  /** The array's elements for each record. */
  readonly perRecord: number;
}

/** Encodes columns that are typed arrays of the file's own elements: they only need to be interleaved. `undefined` for other columns. */
export function fastColumns(layout: ArrayLayout): ((input: object) => EncodedRows | undefined) | undefined {
  const { fields = [], itemsize } = layout.dtype;
  const columns = fields.map(columnOf).filter((column) => column !== undefined);
  if (columns.length === 0 || columns.length !== fields.length || rowShape(layout).length > 0) return undefined;
  /** Few records. Bytes that no field covers are never written, and stay zero. */
  const records = new GrowingBuffer();

  return (input) => {
    let others = columns.length;
    for (const _ in input) others--;
    if (others !== 0) return undefined;
    const arrays: TypedArray[] = [];
    let rows = 0;
    for (let i = 0; i < columns.length; i++) {
      const { field, element, hasBools, prototype, perRecord } = columns[i] as FastColumn;
      const array = (input as { readonly [name: string]: TypedArray })[field.name];
      if (!ArrayBuffer.isView(array) || Object.getPrototypeOf(array) !== prototype) return undefined;
      if (i === 0) rows = array.length / perRecord;
      if (array.length !== rows * perRecord || (hasBools && !areBools(array as Uint8Array, element))) return undefined;
      arrays.push(array);
    }
    if (rows === 0 || !Number.isInteger(rows)) return undefined;
    const byteLength = rows * itemsize;
    if (byteLength > COPY_LIMIT) {
      const parts = () =>
        columns.map(({ field }, i): ColumnOfField => {
          const bytes = bytesOf(arrays[i] as TypedArray, rows * field.dtype.itemsize);
          return { field, blocks: (division) => inBlocks(bytes, field.dtype.itemsize, division) };
        });
      return { rows, byteLength, blocks: placed((position) => interleave(layout.dtype, parts(), rows, { position })) };
    }
    records.resize(byteLength);
    const bytes = records.bytes();
    const copies = columns.map(({ field }, i) =>
      fieldCopy(bytesOf(arrays[i] as TypedArray, rows * field.dtype.itemsize), field, bytes, itemsize),
    );
    copyFields(copies, rows);
    return oneBlock(bytes, rows);
  };
}

/** A getter of a later column may have taken the memory away; a transferred buffer allows no view. */
function bytesOf(column: TypedArray, needed: number): Uint8Array {
  checkThere(column, needed);
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

function columnOf(field: DTypeField): FastColumn | undefined {
  const { element, count } = flatten(field.dtype);
  const Class = storedClass(element);
  const perRecord = Class === undefined ? 0 : (count * element.itemsize) / Class.BYTES_PER_ELEMENT;
  if (Class === undefined || perRecord === 0) return undefined;
  return { field, element, hasBools: hasBools(element), prototype: Class.prototype, perRecord };
}
