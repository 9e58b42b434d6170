/** `pack`: writes `.npy` files into an archive, like `numpy.savez`. */
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Command } from "commander";
import { type FileLike, inspect, NpyGroupReader, NpyReader, type NpzSource, recover, saveNpz } from "../node.ts";
import { isArchive } from "./files/archives.ts";
import { copyBytes } from "./files/copy-bytes.ts";
import { checkFree, type NewFileOptions, writingNew } from "./files/new-file.ts";
import { isObject } from "./files/object-names.ts";
import { fileAt, folderAt, nameIn, openAt } from "./files/places.ts";
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

/** One of the files. */
interface PackedFile {
  /** For messages. */
  readonly path: string;
  readonly place: FileLike;
}

async function pack(paths: readonly string[], out: string, options: PackOptions): Promise<void> {
  await checkFree(out, isNew(options));
  const group = paths.length === 1 ? await openGroup(paths[0] as string) : undefined;
  if (group !== undefined) return await packGroup(group, out, options).finally(() => group.close());
  const files = (await Promise.all(paths.map(filesIn))).flat();
  const arrays = new Map<string, NpzSource>();
  for (const file of files) {
    const name = basename(file.path).replace(SUFFIX, "");
    if (arrays.has(name))
      throw new FileProblem(file.path, `another file is called ${JSON.stringify(name)} as well: rename one of them`);
    arrays.set(name, () => opened(file));
  }
  await save(out, Object.fromEntries(arrays), options);
  if (!options.quiet) await print(`${shown(out)}: ${counted(arrays.size, "array")} of ${counted(files.length, "file")}\n`);
}

function isNew({ overwrite = false }: PackOptions): NewFileOptions {
  return { overwrites: overwrite, advice: "choose another name, or pass --overwrite" };
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
  const folder = await folderAt(path);
  if (folder === undefined) return undefined;
  const files = await filesIn(path);
  const names = files.map((file) => basename(file.path));
  const isRagged = names.some((name) => VALUES.test(name) && names.includes(name.replace(VALUES, ".offsets.npy")));
  try {
    const { rowsAfter } = await recover(folder, { dryRun: true });
    if ((await mostRows(files)) <= rowsAfter) return await NpyGroupReader.open(folder);
  } catch (error) {
    // Unrelated arrays, or more of them than can be open at once.
    if (!isRagged) return undefined;
    throw about(path, error);
  }
  if (!isRagged) return undefined;
  throw new FileProblem(path, `its files do not have the same rows: ${runAdvice("recover", path)}, or pack the files one by one`);
}

/** The most rows that a header counts. Elements of ragged rows are none. */
async function mostRows(files: readonly PackedFile[]): Promise<number> {
  let most = 0;
  for (const { path, place } of files) {
    if (VALUES.test(path)) continue;
    const { shape, fortranOrder } = await inspect(place);
    const rows = (fortranOrder ? shape.at(-1) : shape[0]) ?? 0;
    most = Math.max(most, path.endsWith(".offsets.npy") ? rows - 1 : rows);
  }
  return most;
}

/** A file, or the `.npy` files in a folder, sorted by their names. */
async function filesIn(path: string): Promise<PackedFile[]> {
  const folder = await folderAt(path);
  if (folder === undefined) return [{ path, place: await fileAt(path) }];
  try {
    const names = (await folder.list()).filter((name) => /^[^.].*\.npy$/i.test(name)).sort();
    if (names.length > 0) return names.map((name) => ({ path: nameIn(path, name), place: folder.file(name) }));
  } catch (error) {
    throw about(path, error);
  }
  throw new FileProblem(path, "it has no .npy files: name another directory");
}

async function opened({ path, place }: PackedFile): Promise<NpyReader> {
  return await NpyReader.open(place).catch((error: unknown) => {
    throw about(path, error);
  });
}

async function save(
  out: string,
  arrays: { readonly [name: string]: NpzSource } | NpyGroupReader,
  options: PackOptions,
): Promise<void> {
  const progress = await Progress.start(shown(out), undefined, options);
  try {
    await interruptible(async (signal) => {
      const saving = {
        compress: options.compress,
        signal,
        onProgress: (done: number, total: number) => progress.reach(done, total),
      };
      if (isObject(out)) await upload(out, options, signal, (path) => saveNpz(path, arrays, saving));
      else await saveNpz(out, arrays, saving);
    });
  } catch (error) {
    throw error instanceof Interrupted || error instanceof FileProblem ? error : about(out, error);
  } finally {
    progress.stop();
  }
}

/** Sends an archive that is written on this machine first: the checksum of each array stands before it, and what was sent cannot be changed. */
async function upload(
  out: string,
  options: PackOptions,
  signal: AbortSignal,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "npy-append-array-"));
  try {
    const path = join(directory, "archive.npz");
    await write(path);
    const { size } = await stat(path);
    const progress = await Progress.start(shown(out), size, options);
    const from = await openAt(path);
    try {
      await writingNew(out, isNew(options), async (file) => {
        const to = await file.create();
        await copyBytes(from, 0, size, to, 0, { signal, onProgress: (at) => progress.reach(at) });
        await to.close();
      });
    } finally {
      progress.stop();
      await from.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
