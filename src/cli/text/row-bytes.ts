/** Writes rows as bytes: the elements of each row, and what stands before, between and after them. */
import type { NpyArray, NpyData } from "../../node.ts";
import { type Column, type Place, placesOfData, rowsOf } from "../rows/columns.ts";
import { type CellWriter, MOST_BYTES, type WriterOf, writeBytes } from "./cell-bytes.ts";

/** Checks elements before any is written. `rowOf` gives the number in the file of the row of an element. */
type Check = (column: Column, data: NpyData, rowOf: (element: number) => number) => void;

export type RowBytes = (rows: NpyArray, numberOf: (i: number) => number) => Uint8Array;

/** `between`: the text before, between and after the elements of a row. */
export function rowBytes(
  columns: readonly Column[],
  writerOf: (dtype: Column["dtype"]) => WriterOf,
  between: readonly string[],
  check: Check,
): RowBytes {
  const writers = columns.map(({ dtype }) => writerOf(dtype));
  const pieces = between.map((text) => Buffer.from(text));
  const mostBetween = pieces.reduce((most, { length }) => Math.max(most, length), 0);
  const usual = MOST_BYTES + 2 * mostBetween;
  let capacity = 2 ** 16;
  return (rows, numberOf) => {
    const count = rowsOf(rows);
    const elements: ElementWriter[] = [];
    for (const { data, places } of placesOfData(columns, rows)) {
      const [first] = places as readonly [Place];
      check(columns[first.column] as Column, data, (i) => numberOf(Math.floor(i / first.perRow)));
      const writer = (writers[first.column] as WriterOf)(data);
      for (const { column, offset, perRow } of places) elements[column] = { writer, offset, perRow };
    }
    let bytes: Uint8Array = Buffer.allocUnsafeSlow(capacity);
    let at = 0;
    for (let row = 0; row < count; row++) {
      at = writeBytes(bytes, at, pieces[0] as Buffer);
      for (let column = 0; column < elements.length; column++) {
        const { writer, offset, perRow } = elements[column] as ElementWriter;
        const element = row * perRow + offset;
        // The text before the elements of the next row has room, too.
        const most = writer.mostBytes === undefined ? usual : writer.mostBytes(element) + 2 * mostBetween;
        if (bytes.length - at < most) bytes = grown(bytes, at, most);
        at = writer.write(bytes, at, element);
        const piece = pieces[column + 1] as Buffer;
        if (piece.length === 1) bytes[at++] = piece[0] as number;
        else at = writeBytes(bytes, at, piece);
      }
      if (elements.length === 0 && bytes.length - at < mostBetween) bytes = grown(bytes, at, mostBetween);
    }
    capacity = bytes.length;
    return bytes.subarray(0, at);
  };
}

function grown(bytes: Uint8Array, used: number, needed: number): Uint8Array {
  const larger = Buffer.allocUnsafeSlow(2 * bytes.length + needed);
  larger.set(bytes.subarray(0, used));
  return larger;
}

interface ElementWriter {
  readonly writer: CellWriter;
  readonly offset: number;
  readonly perRow: number;
}
