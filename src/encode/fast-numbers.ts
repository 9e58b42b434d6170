/** A few plain values that fit: a list for 1-D files, a list of lists for 2-D ones. */
import { storeOf } from "../format/fit.ts";
import { type ArrayLayout, rowShape } from "../format/layout.ts";
import { elementClass } from "../format/scalars.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import { COPY_LIMIT, type EncodedRows, oneBlock } from "./encoded-rows.ts";

interface Numbers {
  [index: number]: number;
}

export function fastNumbers(layout: ArrayLayout): ((input: readonly unknown[]) => EncodedRows | undefined) | undefined {
  const { kind, itemsize } = layout.dtype;
  const store = storeOf(layout.dtype);
  const row = rowShape(layout);
  // Nested arrays have the shape of the file: in Fortran order, they are lists of columns.
  if (store === undefined || row.length > 1 || (row.length === 1 && layout.fortranOrder)) return undefined;
  const [perRow] = row;
  const isFloat = kind === "f";
  // Arrays of 64-bit integers take no numbers.
  const Class = isFloat || itemsize < 8 ? elementClass(layout.dtype) : undefined;
  let idle: GrowingBuffer | undefined;

  const storeAll = (
    view: DataView,
    numbers: Numbers | undefined,
    values: readonly unknown[],
    count: number,
    start: number,
  ): boolean => {
    // Not up to `length`: a getter may shorten the array.
    for (let i = 0, at = start; i < count; i++, at++) {
      const value = values[i];
      if (numbers !== undefined && typeof value === "number") {
        // A number that the typed array holds unchanged fits; so does a float that it rounds to a finite one. This is several times as fast.
        numbers[at] = value;
        if (numbers[at] === value || (isFloat && Number.isFinite(numbers[at]))) continue;
      }
      if (!store(view, at * itemsize, value)) return false;
    }
    return true;
  };
  const storeRows = (buffer: GrowingBuffer, rows: readonly unknown[], count: number): boolean => {
    const { view } = buffer;
    const numbers = Class && (buffer.elementsOf(Class) as unknown as Numbers);
    if (perRow === undefined) return storeAll(view, numbers, rows, count, 0);
    for (let i = 0; i < count; i++) {
      const values = rows[i];
      if (!Array.isArray(values) || values.length !== perRow || !storeAll(view, numbers, values, perRow, i * perRow))
        return false;
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
    const isStored = storeRows(buffer, input, rows);
    idle = buffer;
    return isStored ? oneBlock(buffer.bytes(), rows) : undefined;
  };
}
