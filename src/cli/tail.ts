/** `tail`: prints the last rows, and follows new ones. */
import { Command } from "commander";
import { rowCountArgument } from "./arguments.ts";
import { rowsOf } from "./columns.ts";
import { readingRows } from "./files.ts";
import { Interrupted, interruptible } from "./interruption.ts";
import { printerFor, printPart, type RowOptions, rowsAtOnce, withRowOptions } from "./rows.ts";

export function tailCommand(): Command {
  const command = new Command("tail")
    .summary("print the last rows, and with --follow new ones")
    .description(
      "Prints the last rows of a file as a table, or in another format; with --follow also each new row, until Ctrl-C.",
    )
    .argument("<file>", "the .npy file")
    .option("-n, --rows <count>", "how many rows", rowCountArgument, 10)
    .option("-f, --follow", "keep printing rows as other processes append them")
    .action(async (file: string, options: RowOptions & { rows: number; follow?: boolean }) => {
      await readingRows(file, async (reader) => {
        const printer = printerFor(reader, options);
        let next = reader.length;
        await printPart(reader, printer, Math.max(0, next - options.rows), next);
        if (!options.follow) return;
        await interruptible(async (signal) => {
          for await (const chunk of reader.follow({ from: next, rows: rowsAtOnce(reader), signal })) {
            await printer(chunk, next);
            next += rowsOf(chunk);
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
