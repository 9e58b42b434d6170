/** Reads lines straight into the bytes of rows, up to the first line that needs more care: those of CSV that of `CsvReader`. */
import type { DType } from "../../node.ts";
import { type RowLayout, sizeOf } from "../rows/columns.ts";
import { cellReader, type ReadCell } from "./fast-cells.ts";

/** Rows that were read from the start of UTF-8. */
export interface FastRows {
  /** Their bytes, valid until more is read. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** The number of bytes that were read. A line follows that needs more care, or one that has no end. */
  readonly read: number;
}

export type ReadRows = (text: Buffer) => FastRows;

/** How the cells of a line become the elements of a row. */
export interface FastColumns {
  readonly layout: RowLayout;
  /** The number of cells in a line. */
  readonly width: number;
  readonly delimiter: string;
  /** For each element of a row, in C order, the index of its cell. */
  readonly cells: readonly number[];
  /** Whether the dtype of an element was inferred. */
  isInferred(element: number): boolean;
}

const [LINE_FEED, RETURN, SPACE] = [0x0a, 0x0d, 0x20];

/** `undefined` if some column has no fast reader. */
export function fastRows({ layout, width, delimiter, cells, isInferred }: FastColumns): ReadRows | undefined {
  const places = placesOf(layout);
  const delimiterCode = delimiter.charCodeAt(0);
  if (delimiter.length > 1 || delimiterCode >= 0x80 || places.length !== cells.length) return undefined;
  const readers: ReadCell[] = Array.from({ length: width }, () => (bytes, at) => skipCell(bytes, at, delimiterCode));
  const offsets = new Array<number>(width).fill(0);
  const used = new Set<number>();
  for (const [element, { dtype, offset }] of places.entries()) {
    const cell = cells[element] as number;
    const reader = cellReader(dtype, delimiterCode, isInferred(element));
    if (reader === undefined || used.has(cell)) return undefined;
    used.add(cell);
    readers[cell] = reader;
    offsets[cell] = offset;
  }
  return rowReader(sizeOf(layout.rowShape) * layout.dtype.itemsize, (bytes, line, view, row) => {
    // A line of one cell that is blank, or holds only spaces, is not a row.
    if (width === 1 && ((bytes[line] as number) <= SPACE || (bytes[line] as number) >= 0x80)) return -1;
    let at = line;
    for (let cell = 0; cell < width; cell++) {
      at = (readers[cell] as ReadCell)(bytes, at, view, row + (offsets[cell] as number));
      if (at < 0 || (cell + 1 < width && bytes[at++] !== delimiterCode)) return -1;
    }
    return at;
  });
}

/** Reads rows of so many bytes, each from a line. `readRow` returns where the line ends, or -1 for one that it leaves to others. */
export function rowReader(rowBytes: number, readRow: ReadCell): ReadRows {
  let rows = new Uint8Array(Math.max(2 ** 18, rowBytes));
  return (bytes) => {
    let view = new DataView(rows.buffer);
    const lastEnd = bytes.lastIndexOf(LINE_FEED);
    let count = 0;
    let line = 0;
    while (line <= lastEnd) {
      if ((count + 1) * rowBytes > rows.length) {
        const larger = new Uint8Array(2 * rows.length);
        larger.set(rows);
        rows = larger;
        view = new DataView(rows.buffer);
      }
      let at = readRow(bytes, line, view, count * rowBytes);
      if (at < 0) break;
      if (bytes[at] === RETURN) at++;
      if (bytes[at] !== LINE_FEED) break;
      line = at + 1;
      count++;
    }
    return { bytes: rows.subarray(0, count * rowBytes), count, read: line };
  };
}

/** The end of a cell that is not read. */
function skipCell(bytes: Uint8Array, start: number, delimiter: number): number {
  for (let at = start; ; at++) {
    const byte = bytes[at];
    if (byte === delimiter || byte === LINE_FEED || byte === RETURN) return at;
    if (byte === 0x22) return -1;
  }
}

interface ElementPlace {
  readonly dtype: DType;
  /** In bytes, from the start of the row. */
  readonly offset: number;
}

/** The elements of a row, in C order. */
function placesOf({ dtype, rowShape }: RowLayout): ElementPlace[] {
  const places: ElementPlace[] = [];
  for (let i = 0; i < sizeOf(rowShape); i++) addPlaces(dtype, i * dtype.itemsize, places);
  return places;
}

function addPlaces(dtype: DType, offset: number, places: ElementPlace[]): void {
  if (dtype.subdtype !== undefined) {
    const { dtype: element, shape } = dtype.subdtype;
    for (let i = 0; i < sizeOf(shape); i++) addPlaces(element, offset + i * element.itemsize, places);
  } else if (dtype.fields === undefined) places.push({ dtype, offset });
  else for (const field of dtype.fields) addPlaces(field.dtype, offset + field.offset, places);
}
