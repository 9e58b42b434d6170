/** A few plain values that fit: a list for 1-D files, a list of lists for 2-D ones. */
import { storeOf } from "../format/fit.ts";
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";

export function fastNumbers(layout: ArrayLayout): ((input: readonly unknown[]) => EncodedRows | undefined) | undefined {
  const { itemsize } = layout.dtype;
  const store = storeOf(layout.dtype);
  const row = rowShape(layout);
  // Nested arrays have the shape of the file: in Fortran order, they are lists of columns.
  if (store === undefined || row.length > 1 || (row.length === 1 && layout.fortranOrder)) return undefined;
  const [perRow] = row;
  let idle: GrowingBuffer | undefined;

  const storeAll = (view: DataView, values: readonly unknown[], count: number, start: number): boolean => {
    // Not up to `length`: a getter may shorten the array.
    for (let i = 0, at = start; i < count; i++, at += itemsize) if (!store(view, at, values[i])) return false;
    return true;
  };
  const storeRows = (view: DataView, rows: readonly unknown[], count: number, width: number): boolean => {
    for (let i = 0; i < count; i++) {
      const values = rows[i];
      if (!Array.isArray(values) || values.length !== width || !storeAll(view, values, width, i * width * itemsize)) return false;
    }
    return true;
  };

  return (input) => {
    const rows = input.length;
    const length = rows * (perRow ?? 1) * itemsize;
    if (length === 0 || length > COPY_LIMIT) return undefined;
    const buffer = idle ?? new GrowingBuffer();
    // A getter or a Proxy among the rows may append to the same file, for which this buffer is not free.
    idle = undefined;
    buffer.resize(length);
    const isStored = perRow === undefined ? storeAll(buffer.view, input, rows, 0) : storeRows(buffer.view, input, rows, perRow);
    idle = buffer;
    return isStored ? oneBlock(buffer.bytes(), rows) : undefined;
  };
}
