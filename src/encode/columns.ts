/** Structures appended as columns: one array for each field, interleaved into records block by block. */
import type { DType, DTypeField } from "../format/dtype.ts";
import { BLOCK, type Blocks, DoubleBuffer } from "../memory/blocks.ts";
import { copyField, flatten } from "../memory/fields.ts";

/** The bytes of a column, so many elements at a time. */
export type ColumnBlocks = (perBlock: number) => Blocks;

/** A field of the records, and the bytes for it. */
export interface ColumnOfField {
  readonly field: DTypeField;
  readonly blocks: ColumnBlocks;
}

/** Puts the bytes of a field into `count` records of `recordSize` bytes each. */
export function putColumn(column: Uint8Array, field: DTypeField, records: Uint8Array, recordSize: number, count: number): void {
  const { itemsize } = field.dtype;
  copyField(
    { bytes: column, offset: 0, stride: itemsize },
    { bytes: records, offset: field.offset, stride: recordSize },
    itemsize,
    count,
  );
}

/** The bytes of `count` records of `type`, `perBlock` at a time: {@link Blocks}. */
export function* interleave(
  type: DType,
  columns: readonly ColumnOfField[],
  count: number,
  perBlock: number = Math.max(1, Math.floor(BLOCK / Math.max(1, type.itemsize))),
): Generator<Uint8Array, void, boolean | undefined> {
  const parts = columns
    .filter(({ field }) => field.dtype.itemsize > 0)
    .map(({ field, blocks }) => ({ field, blocks: blocks(perBlock * flatten(field.dtype).count)[Symbol.iterator]() }));
  // Padding is zero.
  const buffer = new DoubleBuffer(Math.min(perBlock, count) * type.itemsize, true);
  try {
    for (let from = 0; from < count; from += perBlock) {
      const length = Math.min(perBlock, count - from);
      const bytes = buffer.take(length * type.itemsize);
      for (const { field, blocks } of parts) {
        putColumn(blocks.next(false).value as Uint8Array, field, bytes, type.itemsize, length);
      }
      buffer.isBusy(yield bytes);
    }
  } finally {
    buffer.giveBack();
    for (const { blocks } of parts) blocks.return?.();
  }
}
