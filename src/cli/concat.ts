/** `concat`: joins many files into one, like `numpy.concatenate` along the growth axis. */
import { stat } from "node:fs/promises";
import { Command } from "commander";
import { isSameFile } from "./files/each-file.ts";
import { castingOption, dtypeArgument, durabilityOption, overflowOption } from "./program/arguments.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { print } from "./program/terminal.ts";
import { type GrowOptions, grow, openSources } from "./rows/growing.ts";
import { openNpy } from "./sources/npy.ts";

interface ConcatOptions extends GrowOptions {
  readonly overwrite?: boolean;
}

export function concatCommand(): Command {
  return new Command("concat")
    .summary("join many .npy files into one")
    .description(
      "Writes the rows of many .npy files into a new one. Checks all files before it writes, and loads none into memory.",
    )
    .argument("<out>", "the .npy file to create")
    .argument("<in...>", "the .npy files, or folders of shards, in this order")
    .option("--overwrite", "replace OUT if it exists; it is kept until the new file has rows")
    .option("--dtype <dtype>", "dtype of OUT (default: that of the first file)", dtypeArgument)
    .addOption(castingOption())
    .addOption(overflowOption())
    .option("--fortran-order", "create OUT in Fortran order: files are joined along their last axis")
    .addOption(durabilityOption())
    .action(async (out: string, paths: string[], _options: ConcatOptions, command: Command) => {
      await concat(out, paths, command.optsWithGlobals<ConcatOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array concat all.npy shard-*.npy
  npy-append-array concat all.npy shards
  npy-append-array concat --overwrite --dtype f4 all.npy a.npy b.npy`,
    );
}

async function concat(out: string, paths: readonly string[], options: ConcatOptions): Promise<void> {
  const replaces = await checkOut(out, paths, options);
  const files = paths.map((path) => ({ path, open: openNpy }));
  const { sources, layout } = await openSources(files, undefined, options);
  const { dtype, fortranOrder } = layout;
  const { length } = await grow(out, { dtype, fortranOrder, deleteIfExists: replaces }, sources, options, { isNew: !replaces });
  if (!options.quiet) await print(`${shown(out)}: ${counted(length, "row")} of ${counted(paths.length, "file")}\n`);
}

/** Whether OUT exists and is replaced. Refuses that without --overwrite, and if OUT is also a source. */
async function checkOut(out: string, paths: readonly string[], { overwrite }: ConcatOptions): Promise<boolean> {
  const found = await stat(out, { bigint: true }).catch(() => undefined);
  if (found === undefined) return false;
  if (!overwrite) throw new FileProblem(out, "it already exists: choose another name, or pass --overwrite");
  for (const path of paths) {
    const source = await stat(path, { bigint: true }).catch((error: unknown) => {
      throw about(path, error);
    });
    if (isSameFile(source, found)) throw new FileProblem(out, "it is also one of the sources: choose another name");
  }
  return true;
}
