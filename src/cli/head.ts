/** `head`: prints the first rows. */
import { Command } from "commander";
import { rowCountArgument } from "./arguments.ts";
import { readingRows } from "./files.ts";
import { printRows, type RowOptions, withRowOptions } from "./rows.ts";
import { viewOf } from "./view.ts";

export function headCommand(): Command {
  const command = new Command("head")
    .summary("print the first rows")
    .description("Prints the first rows of a file as a table, or in another format.")
    .argument("<file>", "the .npy file")
    .option("-n, --rows <count>", "how many rows", rowCountArgument, 10)
    .action(async (file: string, options: RowOptions & { rows: number }) => {
      await readingRows(file, async (reader) => {
        const rows = { start: 0, count: Math.min(options.rows, reader.length) };
        await printRows(reader, viewOf(reader, options, { rows }), options);
      });
    });
  return withRowOptions(command).addHelpText(
    "after",
    `
Examples:
  npy-append-array head log.npy
  npy-append-array head --columns 0:3,-1 matrix.npy
  npy-append-array head -n 100 --csv log.npy > first.csv`,
  );
}
