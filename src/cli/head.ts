/** `head`: prints the first rows, or some at random. */
import { Command } from "commander";
import { readingRows } from "./files/each-file.ts";
import { rowCountArgument, seedArgument } from "./program/arguments.ts";
import { UsageError } from "./program/failure.ts";
import { printRows, printTaken, type RowOptions, withArrayOptions, withRowOptions } from "./rows/printing.ts";
import { sample } from "./rows/sample.ts";
import { viewOf } from "./rows/view.ts";

interface HeadOptions extends RowOptions {
  readonly rows?: number;
  readonly random?: number;
  readonly seed?: number;
}

export function headCommand(): Command {
  const command = new Command("head")
    .summary("print the first rows, or some at random")
    .description("Prints the first rows of a file, or a sample of its rows, as a table or in another format.")
    .argument("<file>", "the .npy file, a folder of shards, or FILE.npz:NAME")
    .option("-n, --rows <count>", "how many rows (default: 10)", rowCountArgument)
    .option(
      "--random <count>",
      "so many rows at random instead, none of them twice, in their order in the file",
      rowCountArgument,
    )
    .option("--seed <number>", "makes --random choose the same rows each time", seedArgument)
    .action(async (file: string, options: HeadOptions) => {
      const { rows = 10, random, seed } = options;
      if (random !== undefined && options.rows !== undefined)
        throw new UsageError("--random and --rows cannot be combined: choose one");
      if (random !== undefined && options.out !== undefined)
        throw new UsageError("--random and --out cannot be combined: choose one");
      if (seed !== undefined && random === undefined) throw new UsageError("--seed is for --random: add that, or leave it out");
      await readingRows(file, async (reader) => {
        if (random === undefined || reader.shape.length === 0) {
          const first = { start: 0, count: Math.min(rows, reader.length) };
          return await printRows(reader, viewOf(reader, options, { rows: first }), { ...options, asArray: true });
        }
        const taken = sample(reader.length, random, seed);
        await printTaken(reader, taken, viewOf(reader, options, { isWhole: true }), options);
      });
    });
  return withArrayOptions(withRowOptions(command)).addHelpText(
    "after",
    `
Examples:
  npy-append-array head log.npy
  npy-append-array head data.npz:points
  npy-append-array head --columns 0:3,-1 matrix.npy
  npy-append-array head --random 1000 --seed 1 --csv log.npy > sample.csv`,
  );
}
