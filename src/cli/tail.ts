/** `tail`: prints the last rows, and follows new ones. */
import { Command } from "commander";
import { rowCountArgument } from "./arguments.ts";
import { rowsOf } from "./columns.ts";
import { readingRows } from "./files.ts";
import { Interrupted, interruptible } from "./interruption.ts";
import { printerFor, printPart, printRows, type RowOptions, withRowOptions } from "./rows.ts";
import { viewOf } from "./view.ts";

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
        let next = reader.length;
        const start = Math.max(0, next - options.rows);
        const view = viewOf(reader, options, { rows: { start, count: next - start }, isWhole: options.follow === true });
        if (!options.follow) return await printRows(reader, view, options);
        const printer = printerFor(reader, view, options);
        await printPart(view, printer);
        await interruptible(async (signal) => {
          for await (const chunk of reader.follow({ from: next, rows: printer.atOnce, signal })) {
            const first = next;
            await printer.print(chunk, (i) => first + i);
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
