/** `verify`: checks that files match their headers. */
import { Command } from "commander";
import { inspect } from "../node.ts";
import { forEachFile } from "./files/each-file.ts";
import { fileAt } from "./files/places.ts";
import { counted, FileProblem, runAdvice, shown } from "./program/failure.ts";
import { print } from "./program/terminal.ts";

export function verifyCommand(): Command {
  return new Command("verify")
    .summary("exit with 0 if all files are complete and consistent")
    .description(
      "Checks that headers are valid and data have the length they state. For scripts and CI: exits with 1 if a file does not pass.",
    )
    .argument("<file...>", "the .npy files")
    .action(async (files: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<{ quiet?: boolean; debug?: boolean }>();
      await forEachFile(files, options, async (file) => {
        const { needsRecovery, dataLength, expectedDataLength, reservedLength } = await inspect(await fileAt(file));
        if (needsRecovery) {
          const isComplete = dataLength === expectedDataLength;
          const lengths = isComplete
            ? `a writer has reserved ${counted(reservedLength, "byte")} after the rows, or was killed`
            : `${counted(dataLength, "byte")} of data, its header says ${expectedDataLength}`;
          throw new FileProblem(file, `${lengths}: ${runAdvice("recover", file)}`);
        }
        if (!options.quiet) await print(`${shown(file)}: ok\n`);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array verify *.npy
  npy-append-array verify --quiet log.npy && echo complete`,
    );
}
