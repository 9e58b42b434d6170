/** `tail`: the last rows, and those that come. */
import { Command } from "commander";
import { rowCountArgument } from "./arguments.ts";
import { Interrupted, interruptible } from "./interruption.ts";
import { readingRows } from "./reading.ts";
import { printerFor, type RowOptions, rowsAtOnce, withRowOptions } from "./rows.ts";

export function tailCommand(): Command {
  const command = new Command("tail")
    .summary("print the last rows, and with --follow those that are appended")
    .description("Prints the last rows of a file as a table, or in another form; with --follow also each new one, until Ctrl-C.")
    .argument("<file>", "the .npy file")
    .option("-n, --rows <count>", "how many rows", rowCountArgument, 10)
    .option("-f, --follow", "go on with the rows that other processes append")
    .action(async (file: string, options: RowOptions & { rows: number; follow?: boolean }) => {
      await readingRows(file, async (reader) => {
        const start = Math.max(0, reader.length - options.rows);
        const printer = printerFor(reader, options);
        const rows = rowsAtOnce(reader);
        let next = start;
        const end = reader.length;
        for (; next < end; next += rows) await printer(await reader.read(next, Math.min(end, next + rows)), next);
        if (!options.follow) return;
        await interruptible(async (signal) => {
          next = end;
          for await (const chunk of reader.follow({ from: next, rows, signal })) {
            await printer(chunk, next);
            next += (chunk.fortranOrder ? chunk.shape.at(-1) : chunk.shape[0]) ?? 0;
          }
          throw signal.reason instanceof Interrupted ? signal.reason : new Error("the file was closed");
        });
      });
    });
  return withRowOptions(command).addHelpText(
    "after",
    `
Examples:
  npy-append-array tail -n 3 log.npy
  npy-append-array tail --follow --ndjson log.npy | jq .t`,
  );
}
