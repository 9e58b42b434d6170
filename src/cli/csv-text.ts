/** Elements and rows as CSV (RFC 4180, lines end in a line feed). */
import type { DType } from "../node.ts";
import { type CellText, textOf } from "./cell.ts";

/** Spaces around a cell may be lost, and a byte order mark at the beginning of a file is. */
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/;

const HALF_PAIR = /\p{Surrogate}/u;

/** Text as a cell. */
export function csvCell(text: string): string {
  if (HALF_PAIR.test(text))
    throw new Error(
      `${JSON.stringify(text)} holds half a surrogate pair, which CSV, being UTF-8, cannot say: print it with --ndjson`,
    );
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** How elements become cells: only text needs quotes. */
export function csvCellOf(dtype: DType): CellText {
  const text = textOf(dtype);
  return "SU".includes(dtype.kind) ? (data, index) => csvCell(text(data, index)) : text;
}

/** Cells as a line. One empty cell alone would be a blank line, which is no row. */
export function csvLine(cells: readonly string[]): string {
  return cells.length === 1 && cells[0] === "" ? '""' : cells.join(",");
}
