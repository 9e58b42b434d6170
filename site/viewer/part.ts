/** The part of an array that leaves the page. */
import type { Selected } from "./grid.ts";
import type { Sheet, Span } from "./sheet.ts";

/** Rows, and columns of the sheet. */
export interface Part {
  readonly rows: Span;
  readonly columns: Span;
}

/** What comes out, in parts that fit into memory, and how much of it is done: 0 to 1. */
export type Parts = AsyncIterable<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly done: number }>;

/** The cells that are selected; everything if it is only one. */
export function partOf(sheet: Sheet, { firstRow, lastRow, firstColumn, lastColumn }: Selected): Part {
  if (firstRow === lastRow && firstColumn === lastColumn) {
    return { rows: { start: 0, stop: sheet.rowCount }, columns: { start: 0, stop: sheet.columnCount } };
  }
  return { rows: { start: firstRow, stop: lastRow + 1 }, columns: { start: firstColumn, stop: lastColumn + 1 } };
}

/** The indices of the axis of columns that a part needs, and of a structure its fields. */
export function takenOf(
  sheet: Sheet,
  { columns }: Part,
): { readonly indices: Span; readonly fields: readonly string[] | undefined } {
  const { length } = sheet.leaves;
  const indices = { start: sheet.indexOf(columns.start), stop: sheet.indexOf(columns.stop - 1) + 1 };
  if (sheet.dtype.fields === undefined || columns.stop - columns.start >= length || indices.stop - indices.start > 1) {
    return { indices, fields: undefined };
  }
  const names = new Set<string>();
  for (let column = columns.start; column < columns.stop; column++) names.add(sheet.leafOf(column).path?.[0] as string);
  return { indices, fields: [...names] };
}
