/** `split`: writes the arrays of a file into files of their own. */
import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Command } from "commander";
import { arraysOf, NodeStorage, type NpyError, type NpyReader, type StorageFile } from "../node.ts";
import { copyBytes } from "./files/copy-bytes.ts";
import { isSameFile } from "./files/each-file.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";
import { shapeText } from "./rows/columns.ts";
import { Table } from "./text/table.ts";

interface SplitOptions extends ProgressOptions {
  readonly out?: string;
  readonly overwrite?: boolean;
}

export function splitCommand(): Command {
  return new Command("split")
    .summary("write the arrays of one file into files of their own")
    .description(
      "Writes each array of a file into which several were saved, one after the other, into a file of its own: of log.npy into log.0.npy, log.1.npy ... " +
        "FILE stays as it is. Checks all of it before anything is written.",
    )
    .argument("<file>", "the .npy file")
    .option("--out <dir>", "the directory to write into, which is created if it is missing (default: that of FILE)")
    .option("--overwrite", "replace files that exist")
    .action(async (file: string, _options: SplitOptions, command: Command) => {
      await split(file, command.optsWithGlobals<SplitOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array split several.npy
  npy-append-array split --out parts several.npy`,
    );
}

/** One array, and where it goes. */
interface Part {
  readonly path: string;
  readonly start: number;
  readonly end: number;
  readonly dtype: NpyReader["dtype"];
  readonly shape: readonly number[];
}

async function split(file: string, options: SplitOptions): Promise<void> {
  const { out = dirname(file), overwrite = false } = options;
  const from = openFile(file);
  let written: Part[];
  try {
    const parts = await partsOf(file, from, out).catch((error: unknown) => {
      throw problemOf(file, error);
    });
    for (const { path } of parts) await checkTarget(path, file, overwrite);
    await mkdir(out, { recursive: true }).catch((error: unknown) => {
      throw about(out, error);
    });
    written = await writeParts(file, from, parts, options);
  } finally {
    from.closeSync();
  }
  if (options.quiet) return;
  const table = new Table(["file", "dtype", "shape", "bytes"], [false, false, false, true]);
  const lines = written.map(({ path, dtype, shape, start, end }) => [
    shown(path),
    dtype.fields === undefined ? dtype.name : dtype.str,
    shapeText(shape),
    String(end - start),
  ]);
  await print(table.lines(lines, true));
}

function openFile(file: string): StorageFile {
  try {
    return new NodeStorage(file).openSync("r");
  } catch (error) {
    throw about(file, error);
  }
}

/** An array among others cannot be recovered where it is, as the usual advice says. */
function problemOf(file: string, error: unknown): Error {
  const { offset, reason } = error as Partial<NpyError>;
  return offset === undefined || reason === undefined ? about(file, error) : new FileProblem(file, reason, { cause: error });
}

/** All arrays of a file. Their names have as many digits as the last one: so they sort in their order. */
async function partsOf(file: string, from: StorageFile, directory: string): Promise<Part[]> {
  const size = from.sizeSync();
  const found: { readonly start: number; readonly dtype: Part["dtype"]; readonly shape: readonly number[] }[] = [];
  for await (const reader of arraysOf(file)) {
    const { offset, dtype, shape } = reader;
    found.push({ start: offset, dtype, shape });
    await reader.close();
  }
  if (from.currentSizeSync?.() !== size) throw new FileProblem(file, "it changed while it was read: run the command again");
  const name = basename(file).replace(/\.npy$/i, "");
  const digits = String(found.length - 1).length;
  return found.map((array, i) => ({
    ...array,
    path: join(directory, `${name}.${String(i).padStart(digits, "0")}.npy`),
    end: found[i + 1]?.start ?? size,
  }));
}

async function checkTarget(path: string, file: string, overwrites: boolean): Promise<void> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  if (found === undefined) return;
  if (!overwrites) throw exists(path);
  if (isSameFile(found, await stat(file, { bigint: true })))
    throw new FileProblem(path, "it is the file that is split: choose another directory");
}

function exists(path: string): FileProblem {
  return new FileProblem(path, "it already exists: name another directory with --out, or pass --overwrite");
}

/** Copies the parts, and returns those that are complete. */
async function writeParts(file: string, from: StorageFile, parts: readonly Part[], options: SplitOptions): Promise<Part[]> {
  const written: Part[] = [];
  const total = parts[parts.length - 1]?.end ?? 0;
  const progress = await Progress.start(shown(file), total, options);
  try {
    await interruptible(async (signal) => {
      for (const part of parts) {
        await writePart(from, part, options.overwrite ?? false, progress, signal);
        written.push(part);
      }
    });
  } catch (error) {
    progress.stop();
    if (error instanceof Interrupted) tell(`interrupted: ${written.length} of ${counted(parts.length, "file")} are written`);
    throw error;
  } finally {
    progress.stop();
  }
  return written;
}

/** Copies a part into a temporary file, which gets its name once it is complete. */
async function writePart(
  from: StorageFile,
  { path, start, end }: Part,
  overwrites: boolean,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const storage = new NodeStorage(path);
  try {
    const to = storage.createTemporarySync();
    try {
      await copyBytes(from, start, end, to, 0, { signal, onProgress: (at) => progress.reach(at) });
      place(storage, to, path, overwrites);
    } catch (error) {
      storage.removeSync(to);
      throw error;
    } finally {
      to.closeSync();
    }
  } catch (error) {
    throw error instanceof Interrupted ? error : about(path, error);
  }
}

/** Gives a complete file its name. */
function place(storage: NodeStorage, file: StorageFile, path: string, overwrites: boolean): void {
  try {
    if (!overwrites && storage.placeSync(file)) return;
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === "EEXIST" ? exists(path) : error;
  }
  // Also where there are no hard links: then no step gives a name only if it is free.
  storage.replaceSync(file);
}
