/** `pack`: writes `.npy` files into an archive, like `numpy.savez`. */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command } from "commander";
import { NpyReader, saveNpz } from "../node.ts";
import { about, counted, FileProblem, shown, UsageError } from "./failure.ts";
import { Interrupted, interruptible } from "./interruption.ts";
import { isArchive } from "./npz.ts";
import { Progress, type ProgressOptions } from "./progress.ts";
import { print } from "./terminal.ts";

interface PackOptions extends ProgressOptions {
  readonly compress?: boolean;
  readonly overwrite?: boolean;
}

export function packCommand(): Command {
  return new Command("pack")
    .summary("write .npy files into an .npz archive")
    .description(
      "Writes .npy files, or all that are in a directory, into an .npz archive, as numpy.savez. Each array has the name of its file, without .npy. " +
        "Loads none into memory.",
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
  const files = (await Promise.all(paths.map(filesIn))).flat();
  const readers = new Map<string, NpyReader>();
  try {
    for (const file of files) await openInto(readers, file);
    await save(out, Object.fromEntries(readers), options);
  } finally {
    for (const reader of readers.values()) await reader.close();
  }
  if (!options.quiet) await print(`${shown(out)}: ${counted(readers.size, "array")} of ${counted(files.length, "file")}\n`);
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

async function openInto(readers: Map<string, NpyReader>, file: string): Promise<void> {
  const name = basename(file).replace(/\.npy$/i, "");
  if (readers.has(name))
    throw new FileProblem(file, `another file is called ${JSON.stringify(name)} as well: rename one of them`);
  readers.set(
    name,
    await NpyReader.open(file).catch((error: unknown) => {
      throw about(file, error);
    }),
  );
}

async function save(out: string, arrays: { readonly [name: string]: NpyReader }, options: PackOptions): Promise<void> {
  const sizes = Object.values(arrays).map(({ shape, dtype }) => shape.reduce((product, size) => product * size, dtype.itemsize));
  const progress = await Progress.start(
    shown(out),
    sizes.reduce((sum, size) => sum + size, 0),
    options,
  );
  try {
    await interruptible((signal) =>
      saveNpz(out, arrays, { compress: options.compress, signal, onProgress: (done) => progress.reach(done) }),
    );
  } catch (error) {
    throw error instanceof Interrupted ? error : about(out, error);
  } finally {
    progress.stop();
  }
}
