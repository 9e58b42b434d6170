/** A few plain objects that fit the fields of a structure: records of numbers and lists of them. */
import type { DTypeField } from "../format/dtype.ts";
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { isPlainObject } from "../input/properties.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";
import { type FieldStore, type Fields, fieldStore, hasExactly } from "./records.ts";

export function fastRecords(layout: ArrayLayout): ((input: readonly unknown[]) => EncodedRows | undefined) | undefined {
  const { dtype } = layout;
  const stores = (dtype.fields ?? []).map(fieldStore);
  if (stores.length === 0 || stores.includes(undefined) || rowShape(layout).length > 0) return undefined;
  const names = new Set((dtype.fields as readonly DTypeField[]).map(({ name }) => name));
  // An object with these is an array.
  if (names.has("data")) return undefined;
  const { itemsize } = dtype;
  let idle: GrowingBuffer | undefined;

  const storeRecords = (buffer: GrowingBuffer, records: readonly unknown[], count: number): boolean => {
    const { view } = buffer;
    for (let i = 0; i < count; i++) {
      const record = records[i];
      if (typeof record !== "object" || record === null || !isPlainObject(record) || !hasExactly(record as Fields, names))
        return false;
      for (let f = 0; f < stores.length; f++) {
        if (!(stores[f] as FieldStore)(view, i * itemsize, record as Fields)) return false;
      }
    }
    return true;
  };

  return (input) => {
    const rows = input.length;
    const length = rows * itemsize;
    if (length === 0 || length > COPY_LIMIT) return undefined;
    const buffer = idle ?? new GrowingBuffer();
    // A getter of a record may append to the same file, for which this buffer is not free.
    idle = undefined;
    buffer.resize(length);
    // Only fields are ever stored: the padding between them stays zero.
    const isStored = storeRecords(buffer, input, rows);
    idle = buffer;
    return isStored && input.length === rows ? oneBlock(buffer.bytes(), rows) : undefined;
  };
}
