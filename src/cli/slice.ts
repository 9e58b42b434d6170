/** `slice`: prints any rows. */
import { Command } from "commander";
import { type RowRange, rangeArgument } from "./arguments.ts";
import { FileProblem } from "./failure.ts";
import { readingRows } from "./files.ts";
import { printRows, type RowOptions, withRowOptions } from "./rows.ts";

export function sliceCommand(): Command {
  const command = new Command("slice")
    .summary("print some rows")
    .description("Prints some rows of a file as a table, or in another format.")
    .argument("<file>", "the .npy file")
    .argument("[range]", "START:STOP as in Python, negative numbers from the end; or the number of one row", rangeArgument)
    .action(async (file: string, range: RowRange | undefined, options: RowOptions) => {
      await readingRows(file, async (reader) => {
        const [start, stop] = rowsIn(range, reader.length, file);
        await printRows(reader, start, stop, options);
      });
    });
  return withRowOptions(command).addHelpText(
    "after",
    `
Examples:
  npy-append-array slice log.npy 100:200
  npy-append-array slice log.npy -5: --csv
  npy-append-array slice --raw log.npy :1000 | npy-append-array append part.npy - --dtype f8`,
  );
}

/** Resolves a range in an array of `length` rows. */
export function rowsIn(range: RowRange | undefined, length: number, file: string): [start: number, stop: number] {
  const { start = 0, stop = length, isIndex = false } = range ?? {};
  const place = (row: number): number => (row < 0 ? Math.max(0, length + row) : Math.min(row, length));
  if (isIndex && (start >= length || start < -length)) {
    throw new FileProblem(file, `there is no row ${start}: it has ${length} rows`);
  }
  const first = place(start);
  return isIndex ? [first, first + 1] : [first, Math.max(first, place(stop))];
}
