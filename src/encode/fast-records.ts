/** A few plain objects that fit the fields of a structure: records of numbers and lists of them. */
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { isPlainObject } from "../input/properties.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";
import { type Fields, RecordStore } from "./record-store.ts";

export function fastRecords(layout: ArrayLayout): ((input: readonly unknown[]) => EncodedRows | undefined) | undefined {
  const { dtype } = layout;
  const { fields = [], itemsize } = dtype;
  const store = new RecordStore(fields);
  if (fields.length === 0 || !store.isComplete || rowShape(layout).length > 0) return undefined;
  // An object with these is an array.
  if (fields.some(({ name }) => name === "data")) return undefined;
  let idle: GrowingBuffer | undefined;

  const storeRecords = (buffer: GrowingBuffer, records: readonly unknown[], count: number): boolean => {
    const { view } = buffer;
    for (let i = 0; i < count; i++) {
      const record = records[i];
      if (typeof record !== "object" || record === null || !isPlainObject(record)) return false;
      if (!store.store(view, i * itemsize, record as Fields)) return false;
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
