/** `concat`: many files -> one, as `numpy.concatenate` along the axis that grows. */
import { stat } from "node:fs/promises";
import { Command } from "commander";
import type { Casting, DType, Durability } from "../node.ts";
import { castingOption, durabilityOption } from "./append.ts";
import { dtypeArgument } from "./arguments.ts";
import type { RowLayout } from "./columns.ts";
import { about, counted, FileProblem, shown } from "./failure.ts";
import { checkFits, grow, type NamedSource } from "./growing.ts";
import type { ProgressOptions } from "./progress.ts";
import { openNpy } from "./sources/npy.ts";
import { print } from "./terminal.ts";

interface ConcatOptions extends ProgressOptions {
  readonly overwrite?: boolean;
  readonly dtype?: DType;
  readonly casting?: Casting;
  readonly fortranOrder?: boolean;
  readonly durability?: Durability;
}

export function concatCommand(): Command {
  return new Command("concat")
    .summary("put many .npy files into one")
    .description(
      "Writes the rows of many .npy files into a new one. All are checked before anything is written, none is held in memory.",
    )
    .argument("<out>", "the .npy file that is created")
    .argument("<in...>", "the .npy files, in this order")
    .option("--overwrite", "replace OUT if it is there; it stands until its successor has rows")
    .option("--dtype <dtype>", "dtype of OUT (default: that of the first file)", dtypeArgument)
    .addOption(castingOption())
    .option("--fortran-order", "create OUT in Fortran order: files are put together along their last axis")
    .addOption(durabilityOption())
    .action(async (out: string, paths: string[], _options: ConcatOptions, command: Command) => {
      await concat(out, paths, command.optsWithGlobals<ConcatOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array concat all.npy shard-*.npy
  npy-append-array concat --overwrite --dtype f4 all.npy a.npy b.npy`,
    );
}

async function concat(out: string, paths: readonly string[], options: ConcatOptions): Promise<void> {
  const replaces = await checkOut(out, paths, options);
  const sources: NamedSource[] = [];
  let target: RowLayout | undefined;
  for (const path of paths) {
    const source = await openNpy(path, target, options).catch((error: unknown) => {
      throw about(path, error);
    });
    target ??= { ...source.layout, dtype: options.dtype ?? source.layout.dtype };
    checkFits(path, source.layout, target, options.casting);
    sources.push({ path, source });
  }
  const { dtype, fortranOrder } = target as RowLayout;
  const { casting, durability } = options;
  const { length } = await grow(
    out,
    { dtype, fortranOrder, deleteIfExists: replaces, ...(casting && { casting }), ...(durability && { durability }) },
    sources,
    options,
    { isNew: !replaces },
  );
  if (!options.quiet) await print(`${shown(out)}: ${counted(length, "row")} of ${counted(paths.length, "file")}\n`);
}

/** Whether a file is there that is to be replaced: not unless that is asked for, and never one that is read. */
async function checkOut(out: string, paths: readonly string[], { overwrite }: ConcatOptions): Promise<boolean> {
  const found = await stat(out).catch(() => undefined);
  if (found === undefined) return false;
  if (!overwrite) throw new FileProblem(out, "it is there already: choose another name, or --overwrite");
  for (const path of paths) {
    const { dev, ino } = await stat(path).catch((error: unknown) => {
      throw about(path, error);
    });
    if (dev === found.dev && ino === found.ino)
      throw new FileProblem(out, "it is one of the files that are read: choose another name");
  }
  return true;
}
