/** `ensure-appendable`: gives headers room to grow. */
import { Command } from "commander";
import { ensureAppendable, type FileLike, inspect } from "../node.ts";
import { forEachFile } from "./files/each-file.ts";
import { fileAt } from "./files/places.ts";
import { shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";

export function ensureAppendableCommand(): Command {
  return new Command("ensure-appendable")
    .summary("give files a header with room to grow")
    .description(
      "Gives files from old NumPy versions and other writers a header with room to grow. Writes a copy next to each file, " +
        "which replaces it once it is complete and synced.",
    )
    .argument("<file...>", "the .npy files")
    .option("--inplace", "move the data within the file: needs no space for a copy, and cannot be interrupted")
    .action(async (files: string[], _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ProgressOptions & { inplace?: boolean; debug?: boolean }>();
      await forEachFile(files, options, async (file) => {
        const place = await fileAt(file);
        const { appendable, dataLength } = await inspect(place);
        const progress = await Progress.start(shown(file), dataLength, options);
        if (!appendable) await rewrite(file, place, options.inplace ?? false, progress);
        if (!options.quiet) await print(`${shown(file)}: ${appendable ? "already appendable" : "now appendable"}\n`);
      });
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array ensure-appendable old.npy
  npy-append-array ensure-appendable --inplace huge.npy`,
    );
}

async function rewrite(file: string, place: FileLike, inplace: boolean, progress: Progress): Promise<void> {
  let isDone = false;
  const onProgress = (done: number): void => progress.reach(done);
  try {
    await interruptible(
      async (signal) => {
        isDone = await ensureAppendable(place, { inplace, signal, onProgress });
      },
      { vital: inplace },
    );
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) tell(`interrupted: ${shown(file)} is ${isDone ? "now appendable" : "unchanged"}`);
    throw error;
  } finally {
    progress.stop();
  }
}
