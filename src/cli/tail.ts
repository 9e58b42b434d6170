/** `tail`: prints the last rows, and follows new ones. */
import { Command } from "commander";
import { archivedArray } from "./files/archives.ts";
import { readingRows } from "./files/each-file.ts";
import { rowCountArgument } from "./program/arguments.ts";
import { UsageError } from "./program/failure.ts";
import { type FollowOptions, followFile } from "./rows/following.ts";
import { printRows, withArrayOptions, withRowOptions } from "./rows/printing.ts";
import { viewOf } from "./rows/view.ts";

interface TailOptions extends FollowOptions {
  readonly follow?: boolean;
}

export function tailCommand(): Command {
  const command = new Command("tail")
    .summary("print the last rows, and with --follow new ones")
    .description(
      "Prints the last rows of a file as a table, or in another format; with --follow also each new row, until Ctrl-C. " +
        "--follow waits for a file that does not exist yet. -F also goes on when another file takes its name, or another array is written into it.",
    )
    .argument("<file>", "the .npy file, a folder of shards, or FILE.npz:NAME")
    .option("-n, --rows <count>", "how many rows", rowCountArgument, 10)
    .option("-f, --follow", "keep printing rows as other processes append them; wait for the file if there is none")
    .option(
      "-F, --follow-name",
      "like --follow, and go on with the array that takes the place of this one, from its first row on",
    )
    .action(async (file: string, _options: TailOptions, command: Command) => {
      const options = command.optsWithGlobals<TailOptions>();
      if (options.follow || options.followName) {
        if (options.out !== undefined) throw new UsageError("--follow and --out cannot be combined: choose one");
        if (archivedArray(file) !== undefined)
          throw new UsageError("--follow cannot be used here: an array in an archive never grows");
        return await followFile(file, options);
      }
      await readingRows(file, async (reader) => {
        const start = Math.max(0, reader.length - options.rows);
        const view = viewOf(reader, options, { rows: { start, count: reader.length - start } });
        await printRows(reader, view, { ...options, asArray: true });
      });
    });
  return withArrayOptions(withRowOptions(command)).addHelpText(
    "after",
    `
Examples:
  npy-append-array tail -n 3 log.npy
  npy-append-array tail --follow --ndjson log.npy | jq .t
  npy-append-array tail -F rotated.npy`,
  );
}
