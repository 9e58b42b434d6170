/** `slice`: prints any part of an array. */
import { Command } from "commander";
import { readingRows } from "./files/each-file.ts";
import type { RowRange } from "./program/arguments.ts";
import { counted, FileProblem } from "./program/failure.ts";
import { printRows, type RowOptions, withRowOptions } from "./rows/printing.ts";
import { viewOf } from "./rows/view.ts";
import { type IndexText, indexArgument } from "./text/index-text.ts";

export function sliceCommand(): Command {
  const command = new Command("slice")
    .summary("print some rows, or any part of an array by NumPy's index")
    .description(
      "Prints some rows of a file, or any part of them, as a table or in another format. Reads little more than what it prints. " +
        "A single number or slice is an index of rows; with a comma or ..., the entries are those of the axes, as in NumPy.",
    )
    .argument("<file>", "the .npy file, or FILE.npz:NAME")
    .argument(
      "[index]",
      "what stands between the brackets in NumPy, such as 100:200, -1, '::-1' or '0:10, ..., ::2'",
      indexArgument,
    )
    .action(async (file: string, index: IndexText | undefined, options: RowOptions) => {
      await readingRows(file, (reader) => printRows(reader, viewOf(reader, options, { index }), options));
    });
  return withRowOptions(command).addHelpText(
    "after",
    `
Examples:
  npy-append-array slice log.npy 100:200
  npy-append-array slice log.npy -5: --csv --fields t,level
  npy-append-array slice video.npy '0:10, 100:200, ::2' --ndjson
  npy-append-array slice --raw log.npy :1000 | npy-append-array append part.npy - --dtype f8`,
  );
}

/** Resolves a range in an array of `length` rows. */
export function rowsIn(range: RowRange | undefined, length: number, file: string): [start: number, stop: number] {
  const { start = 0, stop = length, isIndex = false } = range ?? {};
  const place = (row: number): number => (row < 0 ? Math.max(0, length + row) : Math.min(row, length));
  if (isIndex && (start >= length || start < -length)) {
    throw new FileProblem(file, `there is no row ${start}: it has ${counted(length, "row")}`);
  }
  const first = place(start);
  return isIndex ? [first, first + 1] : [first, Math.max(first, place(stop))];
}
