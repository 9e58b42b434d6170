/** `pack`: writes `.npy` files into an archive, like `numpy.savez`. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command } from "commander";
import { inspect, NpyGroupReader, NpyReader, type NpzSource, recover, saveNpz } from "../node.ts";
import { isArchive } from "./files/archives.ts";
import { about, counted, FileProblem, runAdvice, shown, UsageError } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print } from "./program/terminal.ts";

const SUFFIX = /\.npy$/i;
const VALUES = /\.values\.npy$/;

interface PackOptions extends ProgressOptions {
  readonly compress?: boolean;
  readonly overwrite?: boolean;
}

export function packCommand(): Command {
  return new Command("pack")
    .summary("write .npy files into an .npz archive")
    .description(
      "Writes .npy files, or all that are in a directory, into an .npz archive, as numpy.savez. Each array has the name of its file, without .npy. " +
        "Loads none into memory. Of a directory of arrays that grow in step, packs the rows that all of them count.",
    )
    .argument("<in...>", "the .npy files or directories, and last the .npz archive to create")
    .option("--compress", "compress the arrays, as numpy.savez_compressed")
    .option("--overwrite", "replace the archive if it exists; it is kept until the new one is complete")
    .action(async (paths: string[], _options: PackOptions, command: Command) => {
      const out = paths.at(-1) as string;
      if (paths.length < 2 || !isArchive(out)) {
        throw new UsageError("the last argument must be the archive to create, such as OUT.npz, after the files or directories");
      }
      await pack(paths.slice(0, -1), out, command.optsWithGlobals<PackOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array pack points.npy labels.npy data.npz
  npy-append-array pack --compress columns/ data.npz`,
    );
}

async function pack(paths: readonly string[], out: string, options: PackOptions): Promise<void> {
  if (!options.overwrite && (await stat(out).catch(() => undefined)) !== undefined) {
    throw new FileProblem(out, "it already exists: choose another name, or pass --overwrite");
  }
  const group = paths.length === 1 ? await openGroup(paths[0] as string) : undefined;
  if (group !== undefined) return await packGroup(group, out, options).finally(() => group.close());
  const files = (await Promise.all(paths.map(filesIn))).flat();
  const arrays = new Map<string, NpzSource>();
  for (const file of files) {
    const name = basename(file).replace(SUFFIX, "");
    if (arrays.has(name))
      throw new FileProblem(file, `another file is called ${JSON.stringify(name)} as well: rename one of them`);
    arrays.set(name, () => opened(file));
  }
  await save(out, Object.fromEntries(arrays), options);
  if (!options.quiet) await print(`${shown(out)}: ${counted(arrays.size, "array")} of ${counted(files.length, "file")}\n`);
}

async function packGroup(group: NpyGroupReader, out: string, options: PackOptions): Promise<void> {
  await save(out, group, options);
  const rows = counted(group.length, "row");
  if (!options.quiet) await print(`${shown(out)}: ${rows} of ${counted(Object.keys(group.arrays).length, "array")} in step\n`);
}

/**
 * The arrays that grow in step in a directory: so they are if there is a ragged one among them, or files differ only as an interrupted append leaves
 * them. `undefined` for anything else.
 */
async function openGroup(path: string): Promise<NpyGroupReader | undefined> {
  const files = await filesIn(path);
  if (files[0] === path) return undefined;
  const isRagged = files.some((file) => VALUES.test(file) && files.includes(file.replace(VALUES, ".offsets.npy")));
  try {
    const { rowsAfter } = await recover(path, { dryRun: true });
    if ((await mostRows(files)) <= rowsAfter) return await NpyGroupReader.open(path);
  } catch (error) {
    // Unrelated arrays, or more of them than can be open at once.
    if (!isRagged) return undefined;
    throw about(path, error);
  }
  if (!isRagged) return undefined;
  throw new FileProblem(path, `its files do not have the same rows: ${runAdvice("recover", path)}, or pack the files one by one`);
}

/** The most rows that a header counts. Elements of ragged rows are none. */
async function mostRows(files: readonly string[]): Promise<number> {
  let most = 0;
  for (const file of files) {
    if (VALUES.test(file)) continue;
    const { shape, fortranOrder } = await inspect(file);
    const rows = (fortranOrder ? shape.at(-1) : shape[0]) ?? 0;
    most = Math.max(most, file.endsWith(".offsets.npy") ? rows - 1 : rows);
  }
  return most;
}

/** A file, or the `.npy` files in a directory, sorted by their names. */
async function filesIn(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /^[^.].*\.npy$/i.test(name)).sort();
    if (names.length > 0) return names.map((name) => join(path, name));
  } catch (error) {
    throw about(path, error);
  }
  throw new FileProblem(path, "it has no .npy files: name another directory");
}

async function opened(file: string): Promise<NpyReader> {
  return await NpyReader.open(file).catch((error: unknown) => {
    throw about(file, error);
  });
}

async function save(
  out: string,
  arrays: { readonly [name: string]: NpzSource } | NpyGroupReader,
  options: PackOptions,
): Promise<void> {
  const progress = await Progress.start(shown(out), undefined, options);
  try {
    await interruptible((signal) =>
      saveNpz(out, arrays, { compress: options.compress, signal, onProgress: (done, total) => progress.reach(done, total) }),
    );
  } catch (error) {
    throw error instanceof Interrupted || error instanceof FileProblem ? error : about(out, error);
  } finally {
    progress.stop();
  }
}
