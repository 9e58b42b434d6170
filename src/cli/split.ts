/** `split`: writes the arrays of a file into files of their own. */
import { mkdir, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Command } from "commander";
import { type AsyncStorageFile, arraysOf, type NpyError, type NpyReader } from "../node.ts";
import { copyBytes } from "./files/copy-bytes.ts";
import { isSameFile } from "./files/each-file.ts";
import { checkFree, type NewFileOptions, writingNew } from "./files/new-file.ts";
import { isObject } from "./files/object-names.ts";
import { fileAt, nameIn, openAt } from "./files/places.ts";
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
  const isNew = { overwrites: overwrite, advice: "name another directory with --out, or pass --overwrite" };
  const from = await openAt(file).catch((error: unknown) => {
    throw about(file, error);
  });
  let written: Part[];
  try {
    const parts = await partsOf(file, from, out).catch((error: unknown) => {
      throw problemOf(file, error);
    });
    for (const { path } of parts) {
      await checkFree(path, isNew);
      if (await isSame(path, file)) throw new FileProblem(path, "it is the file that is split: choose another directory");
    }
    if (!isObject(out)) {
      await mkdir(out, { recursive: true }).catch((error: unknown) => {
        throw about(out, error);
      });
    }
    written = await writeParts(file, from, parts, isNew, options);
  } finally {
    await from.close();
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

async function isSame(path: string, file: string): Promise<boolean> {
  if (isObject(path) || isObject(file)) return path === file;
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found !== undefined && isSameFile(found, await stat(file, { bigint: true }));
}

/** An array among others cannot be recovered where it is, as the usual advice says. */
function problemOf(file: string, error: unknown): Error {
  const { offset, reason } = error as Partial<NpyError>;
  return offset === undefined || reason === undefined ? about(file, error) : new FileProblem(file, reason, { cause: error });
}

/** All arrays of a file. Their names have as many digits as the last one: so they sort in their order. */
async function partsOf(file: string, from: AsyncStorageFile, directory: string): Promise<Part[]> {
  const size = await from.size();
  const found: { readonly start: number; readonly dtype: Part["dtype"]; readonly shape: readonly number[] }[] = [];
  for await (const reader of arraysOf(await fileAt(file))) {
    const { offset, dtype, shape } = reader;
    found.push({ start: offset, dtype, shape });
    await reader.close();
  }
  if (!(await isUnchanged(file, from, size))) throw new FileProblem(file, "it changed while it was read: run the command again");
  const name = basename(file).replace(/\.npy$/i, "");
  const digits = String(found.length - 1).length;
  return found.map((array, i) => ({
    ...array,
    path: nameIn(directory, `${name}.${String(i).padStart(digits, "0")}.npy`),
    end: found[i + 1]?.start ?? size,
  }));
}

/** Whether a file is the one that was opened, and has this size. */
async function isUnchanged(file: string, opened: AsyncStorageFile, size: number): Promise<boolean> {
  const now = await openAt(file);
  try {
    return now.key === opened.key && (await now.size()) === size;
  } finally {
    await now.close();
  }
}

/** Copies the parts, and returns those that are complete. */
async function writeParts(
  file: string,
  from: AsyncStorageFile,
  parts: readonly Part[],
  isNew: NewFileOptions,
  options: SplitOptions,
): Promise<Part[]> {
  const written: Part[] = [];
  const total = parts[parts.length - 1]?.end ?? 0;
  const progress = await Progress.start(shown(file), total, options);
  try {
    await interruptible(async (signal) => {
      for (const part of parts) {
        await writePart(from, part, isNew, progress, signal);
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

/** Copies a part into a new file. */
async function writePart(
  from: AsyncStorageFile,
  { path, start, end }: Part,
  options: NewFileOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  try {
    await writingNew(path, options, async (file) => {
      const to = await file.create();
      try {
        await copyBytes(from, start, end, to, 0, { signal, onProgress: (at) => progress.reach(at) });
      } finally {
        await to.close();
      }
    });
  } catch (error) {
    throw error instanceof Interrupted ? error : about(path, error);
  }
}
