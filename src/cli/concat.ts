/** `concat`: joins many files into one, like `numpy.concatenate` along the growth axis. */
import { stat } from "node:fs/promises";
import { Command } from "commander";
import { isSameFile } from "./files/each-file.ts";
import { bucketOf, isObject, nameOf } from "./files/object-names.ts";
import { joinObjects } from "./files/objects.ts";
import { exists, folderAt, nameIn } from "./files/places.ts";
import { shardsAmong } from "./files/shard-folders.ts";
import { castingOption, dtypeArgument, durabilityOption, overflowOption } from "./program/arguments.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";
import { type GrowOptions, grow, openSources } from "./rows/growing.ts";
import { openNpy } from "./sources/npy.ts";

interface ConcatOptions extends GrowOptions {
  readonly overwrite?: boolean;
}

export function concatCommand(): Command {
  return new Command("concat")
    .summary("join many .npy files into one")
    .description(
      "Writes the rows of many .npy files into a new one. Checks all files before it writes, and loads none into memory. Objects of one bucket in S3 are " +
        "joined by the store, which sends nothing here.",
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

async function concat(out: string, paths: readonly string[], given: ConcatOptions): Promise<void> {
  const options = { ...given, isAsync: [out, ...paths].some(isObject) };
  const replaces = await checkOut(out, paths, options);
  const length = (await joined(out, paths, options)) ?? (await copied(out, paths, replaces, options));
  if (!options.quiet) await print(`${shown(out)}: ${counted(length, "row")} of ${counted(paths.length, "file")}\n`);
}

/** Lets the store join objects of one bucket, and returns the rows; `undefined` if that is not possible, because rows have to be cast or pass through here. */
async function joined(out: string, paths: readonly string[], options: ConcatOptions): Promise<number | undefined> {
  const { overwrite = false, dtype, fortranOrder } = options;
  const bucket = isObject(out) ? bucketOf(out) : undefined;
  if (dtype !== undefined || fortranOrder || bucket === undefined || paths.some((path) => bucketOf(path) !== bucket))
    return undefined;
  const progress = await Progress.start(shown(out), undefined, options);
  const names = (await Promise.all(paths.map(objectsOf))).flat();
  try {
    const { rows } = await interruptible((signal) =>
      joinObjects(out, names, { overwrite, signal, onProgress: (done, total) => progress.reach(done, total) }),
    );
    return rows;
  } catch (error) {
    if (error instanceof Interrupted) {
      tell(`interrupted: ${shown(out)} is ${overwrite ? "unchanged" : "not there"}`);
      throw error;
    }
    const { code, path = out } = error as NodeJS.ErrnoException;
    if (code === "ERR_NPY_DTYPE" || code === "ERR_NPY_SHAPE") return undefined;
    throw about(nameOf(path), error);
  } finally {
    progress.stop();
  }
}

/** An object, or the shards in a folder in their order. */
async function objectsOf(name: string): Promise<string[]> {
  const folder = await folderAt(name);
  if (folder === undefined) return [name];
  return shardsAmong(await folder.list()).map((file) => nameIn(name, file));
}

/** Appends the rows of all files to a new one, and returns how many it has. */
async function copied(out: string, paths: readonly string[], replaces: boolean, options: ConcatOptions): Promise<number> {
  const files = paths.map((path) => ({ path, open: openNpy }));
  const { sources, layout } = await openSources(files, undefined, options);
  const { dtype, fortranOrder } = layout;
  const { length } = await grow(out, { dtype, fortranOrder, deleteIfExists: replaces }, sources, options, { isNew: !replaces });
  return length;
}

/** Whether OUT exists and is replaced. Refuses that without --overwrite, and if OUT is also a source. */
async function checkOut(out: string, paths: readonly string[], { overwrite }: ConcatOptions): Promise<boolean> {
  if (!(await exists(out))) return false;
  if (!overwrite) throw new FileProblem(out, "it already exists: choose another name, or pass --overwrite");
  for (const path of paths) {
    if (await isSame(path, out)) throw new FileProblem(out, "it is also one of the sources: choose another name");
  }
  return true;
}

async function isSame(path: string, out: string): Promise<boolean> {
  if (isObject(path) || isObject(out)) return path === out;
  const source = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw about(path, error);
  });
  return isSameFile(source, await stat(out, { bigint: true }));
}
