/** `truncate`: keeps the first rows of a file. */
import { Command } from "commander";
import { type Durability, formatHeader, inspect, NodeStorage, NpyAppendArray, NpyError, NpyReader } from "../node.ts";
import { copyBytes } from "./files/copy-bytes.ts";
import { fileAt } from "./files/places.ts";
import { durabilityOption, rowCountArgument } from "./program/arguments.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";

interface TruncateOptions extends ProgressOptions {
  readonly copy?: boolean;
  readonly durability?: Durability;
}

export function truncateCommand(): Command {
  return new Command("truncate")
    .summary("keep the first rows of a file")
    .description(
      "Keeps the first ROWS rows of a file, and cuts the others off. Programs that have mapped those, such as numpy.load with mmap_mode, end when " +
        "they look at them: with --copy the kept rows go into a copy, which replaces the file.",
    )
    .argument("<file>", "the .npy file")
    .argument("<rows>", "the number of rows to keep", rowCountArgument)
    .option("--copy", "replace the file by a copy with these rows: programs that have it mapped keep the old one")
    .addOption(durabilityOption())
    .action(async (file: string, rows: number, _options: TruncateOptions, command: Command) => {
      const options = command.optsWithGlobals<TruncateOptions>();
      const before = await truncate(file, rows, options).catch((error: unknown) => {
        throw error instanceof Interrupted ? error : about(file, error);
      });
      if (options.quiet) return;
      const dropped = before === rows ? "" : `, cut off ${before - rows}`;
      await print(`${shown(file)}: kept ${counted(rows, "row")}${dropped}\n`);
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array truncate log.npy 1000
  npy-append-array truncate --copy log.npy 1000`,
    );
}

/** Returns how many rows there were. */
async function truncate(file: string, rows: number, options: TruncateOptions): Promise<number> {
  // Opening a file for appending would create one.
  const place = await fileAt(file);
  await (await NpyReader.open(place)).close();
  const npaa = await NpyAppendArray.open(place, { durability: options.durability ?? "os" });
  const before = npaa.length;
  try {
    if (options.copy) await replace(file, npaa, rows, options);
    else await npaa.truncate(rows);
  } finally {
    // Once the file is replaced, it is not the one that was opened.
    await npaa.close().catch((error: unknown) => {
      if (!(options.copy && error instanceof NpyError && error.code === "ERR_NPY_CHANGED")) throw error;
    });
  }
  return before;
}

/** Writes the kept rows into a copy, which takes the file's place once it is complete. `npaa` keeps other writers out. */
async function replace(file: string, npaa: NpyAppendArray, rows: number, options: TruncateOptions): Promise<void> {
  if (rows > npaa.length)
    throw new FileProblem(file, `it has ${counted(npaa.length, "row")}, which truncate cannot make ${rows}`);
  const { dtype, fortranOrder, shape, headerLength, dataLength } = await inspect(file);
  const end = headerLength + (npaa.length === 0 ? 0 : (dataLength / npaa.length) * rows);
  const header = formatHeader({
    dtype,
    fortranOrder,
    shape: fortranOrder ? [...shape.slice(0, -1), rows] : [rows, ...shape.slice(1)],
  });
  const storage = new NodeStorage(file);
  const from = storage.openSync("r");
  if ((from.links ?? 1) > 1) {
    from.closeSync();
    throw new FileProblem(
      file,
      `it has ${from.links} names (hard links), and a copy would replace only this one: truncate it without --copy, or delete the other names first`,
    );
  }
  const progress = await Progress.start(shown(file), end, options);
  try {
    await interruptible(async (signal) => {
      const copy = storage.createTemporarySync();
      let isReplaced = false;
      try {
        copy.writeSync(header, 0);
        await copyBytes(from, headerLength, end, copy, header.length, { signal, onProgress: (at) => progress.reach(at) });
        await copy.sync();
        // Rows that another program appended meanwhile would be lost: this finds them.
        await npaa.updateHeader();
        storage.replaceSync(copy);
        isReplaced = true;
        // This time its new name.
        if ((options.durability ?? "os") !== "os") await copy.sync();
      } catch (error) {
        // Once it has the file's name, it is the file.
        if (!isReplaced) storage.removeSync(copy);
        throw error;
      } finally {
        copy.closeSync();
      }
    });
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) tell(`interrupted: ${shown(file)} is unchanged`);
    throw error;
  } finally {
    progress.stop();
    from.closeSync();
  }
}
