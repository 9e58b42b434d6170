/** `unpack`: writes the arrays of an archive into files of their own. */
import { mkdir } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";
import { Command } from "commander";
import { type AsyncStorage, NpyAppendArray, type NpyReader, type NpzMember, type NpzReader, save } from "../node.ts";
import { withArchive } from "./files/archives.ts";
import { checkFree, type NewFileOptions, writingNew } from "./files/new-file.ts";
import { isObject } from "./files/object-names.ts";
import { nameIn } from "./files/places.ts";
import { about, FileProblem, shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";
import { shapeText } from "./rows/columns.ts";
import { Table } from "./text/table.ts";

interface UnpackOptions extends ProgressOptions {
  readonly overwrite?: boolean;
}

export function unpackCommand(): Command {
  return new Command("unpack")
    .summary("write the arrays of an .npz archive into .npy files")
    .description(
      "Writes each array of an .npz archive into a file DIR/NAME.npy, and verifies its checksum. Other members are left out. Loads no array into memory.",
    )
    .argument("<file>", "the .npz archive")
    .argument("<dir>", "the directory to write into, which is created if it is missing")
    .option("--overwrite", "replace files that exist")
    .action(async (file: string, directory: string, _options: UnpackOptions, command: Command) => {
      await unpack(file, directory, command.optsWithGlobals<UnpackOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array unpack data.npz columns`,
    );
}

/** An array, and where it goes. */
interface Target {
  readonly member: NpzMember;
  readonly path: string;
}

async function unpack(file: string, directory: string, options: UnpackOptions): Promise<void> {
  const lines: string[][] = [];
  try {
    await withArchive(file, async (npz) => {
      const targets = npz.members
        .filter((member) => member.file.endsWith(".npy"))
        .map((member) => targetOf(file, directory, member));
      const others = npz.members.length - targets.length;
      const isNew = { overwrites: options.overwrite ?? false, advice: "name another directory, or pass --overwrite" };
      for (const { path } of targets) await checkFree(path, isNew);
      if (!isObject(directory)) await mkdir(directory, { recursive: true });
      const progress = await Progress.start(
        shown(file),
        targets.reduce((sum, { member }) => sum + member.size, 0),
        options,
      );
      try {
        await interruptible(async (signal) => {
          for (const { member, path } of targets) {
            signal.throwIfAborted();
            const line = await unpackArray(npz, { member, path }, isNew, signal).catch((error: unknown) => {
              throw error instanceof Interrupted ? error : about(`${file}:${member.name}`, error);
            });
            lines.push(line);
            progress.advance(member.size);
          }
        });
      } finally {
        progress.stop();
      }
      if (others > 0 && !options.quiet) tell(`${shown(file)}: ${others} of its members are no .npy files, and left out`);
    });
  } catch (error) {
    throw error instanceof Interrupted ? error : about(file, error);
  }
  if (options.quiet) return;
  await print(new Table(["file", "dtype", "shape", "bytes"], [false, false, false, true]).lines(lines, true));
}

/** Where an array goes: never out of the directory, whatever an archive says. */
function targetOf(file: string, directory: string, member: NpzMember): Target {
  const isWithin = !isAbsolute(member.file) && !/(?:^|\/)\.\.?(?:\/|$)|[\\:\0]/.test(member.file);
  if (isWithin) return { member, path: nameIn(directory, member.file) };
  throw new FileProblem(
    file,
    `it names an array ${JSON.stringify(member.name)}, which would be written elsewhere: nothing was unpacked`,
  );
}

/** Writes an array into a new file. Returns its line of the table. */
async function unpackArray(
  npz: NpzReader,
  { member, path }: Target,
  options: NewFileOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const reader = await npz.open(member.file, { signal });
  const { dtype, shape } = reader;
  if (!isObject(path)) await mkdir(dirname(path), { recursive: true });
  try {
    await writingNew(path, options, (file) => copy(npz, member, reader, file));
  } finally {
    await reader.close();
  }
  return [shown(path), dtype.fields === undefined ? dtype.name : dtype.str, shapeText(shape), String(member.size)];
}

async function copy(npz: NpzReader, member: NpzMember, reader: NpyReader, file: AsyncStorage): Promise<void> {
  // A file that grows has rows, which an array without axes has not.
  if (reader.shape.length === 0) return await save(file, await npz.load(member.file));
  const npaa = await NpyAppendArray.open(file, { lock: false });
  try {
    await npaa.appendFrom(reader);
  } finally {
    await npaa.close();
  }
}
