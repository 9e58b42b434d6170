/** A part of an array as CSV (RFC 4180, but lines end with a line feed). */
import { csvCell } from "../shared/library.ts";
import { type Part, type Parts, takenOf } from "./part.ts";
import type { Sheet } from "./sheet.ts";

/** Cells that are turned into text at a time. */
const CELLS = 2 ** 17;

/** @throws Error for text that UTF-8, and so CSV, cannot hold. */
function cell(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new Error(`${JSON.stringify(text)} holds half a surrogate pair, which CSV cannot hold: save the part as .npy.`);
  }
  return csvCell(text);
}

export async function* csvParts(sheet: Sheet, part: Part, signal: AbortSignal): Parts {
  const encoder = new TextEncoder();
  const { rows, columns } = part;
  const { indices } = takenOf(sheet, part);
  const list = Array.from({ length: columns.stop - columns.start }, (_, i) => columns.start + i);
  const labels = list.map((column) => cell(sheet.label(column)));
  if (labels.some((label) => label !== "")) yield { bytes: encoder.encode(`${labels.join(",")}\n`), done: 0 };
  const step = Math.max(1, Math.floor(CELLS / Math.max(1, list.length)));
  for (let start = rows.start; start < rows.stop; start += step) {
    const stop = Math.min(rows.stop, start + step);
    const block = await sheet.read({ start, stop }, indices, signal);
    const texts = list.map((column) => block.texts(sheet.leafOf(column), sheet.indexOf(column) - indices.start, true));
    let text = "";
    for (let row = 0; row < stop - start; row++) text += `${texts.map((column) => cell(column[row] as string)).join(",")}\n`;
    yield { bytes: encoder.encode(text), done: (stop - rows.start) / (rows.stop - rows.start) };
  }
}
