/** `shard`: writes an array into many files of equal size. */
import { Command } from "commander";
import { NpyReader, NpyShards } from "../node.ts";
import { sourceAt, targetFolderAt } from "./files/places.ts";
import { holdsShards } from "./files/shard-folders.ts";
import { durabilityOption, rowCountArgument } from "./program/arguments.ts";
import { about, counted, FileProblem, shown } from "./program/failure.ts";
import { Interrupted, interruptible } from "./program/interruption.ts";
import { Progress, type ProgressOptions } from "./program/progress.ts";
import { print, tell } from "./program/terminal.ts";
import { layoutOf, sizeOf } from "./rows/columns.ts";

interface ShardOptions extends ProgressOptions {
  readonly rows: number;
  readonly durability?: "os" | "data" | "full";
}

export function shardCommand(): Command {
  return new Command("shard")
    .summary("write an array into many files of equal size")
    .description(
      "Writes the rows of a file, or of a folder of shards, into DIR: 00000000.npy, 00000001.npy ... of so many rows each, the last of " +
        "which may be shorter. IN stays as it is.",
    )
    .argument("<in>", "the .npy file, or the folder of shards")
    .argument("<dir>", "the directory to write into, which is created if it is missing")
    .requiredOption("-n, --rows <count>", "rows of a shard", rowCountArgument)
    .addOption(durabilityOption())
    .action(async (file: string, directory: string, _options: ShardOptions, command: Command) => {
      await shard(file, directory, command.optsWithGlobals<ShardOptions>());
    })
    .addHelpText(
      "after",
      `
Examples:
  npy-append-array shard --rows 100000 log.npy shards
  npy-append-array shard --rows 100000 uneven-shards shards`,
    );
}

/** Bytes that are appended at a time. Progress bars are moved in between. */
const PIECE = 2 ** 26;

async function shard(file: string, directory: string, options: ShardOptions): Promise<void> {
  const folder = await targetFolderAt(directory);
  const isTaken = await holdsShards(folder).catch((error: unknown) => {
    if ((error as { code?: unknown }).code === "ENOENT") return false;
    throw about(directory, error);
  });
  if (isTaken) throw new FileProblem(directory, "it already has shards: choose another directory");
  const reader = await NpyReader.open(await sourceAt(file)).catch((error: unknown) => {
    throw about(file, error);
  });
  try {
    const { length, dtype } = reader;
    if (reader.shape.length === 0) throw new FileProblem(file, "it is a 0-d array, which has no rows");
    const { rowShape, fortranOrder } = layoutOf(reader);
    const rowBytes = sizeOf(rowShape) * dtype.itemsize;
    const shards = await NpyShards.open(folder, {
      rowsPerShard: options.rows,
      dtype: dtype as never,
      rowShape,
      ...(reader.shape.length > 1 && { fortranOrder }),
      ...(options.durability !== undefined && { durability: options.durability }),
    }).catch((error: unknown) => {
      throw about(directory, error);
    });
    const progress = await Progress.start(shown(file), length * rowBytes, options);
    try {
      await interruptible(async (signal) => {
        const atOnce = rowBytes === 0 ? length : Math.max(1, Math.floor(PIECE / rowBytes));
        for (let start = 0; start < length; start += atOnce) {
          const stop = Math.min(length, start + atOnce);
          await shards.appendFrom(reader, { start, stop, signal });
          progress.reach(stop * rowBytes);
        }
      });
    } catch (error) {
      if (error instanceof Interrupted) tell(`interrupted: ${shown(directory)} holds ${counted(shards.length, "row")}`);
      throw error instanceof Interrupted ? error : about(directory, error);
    } finally {
      progress.stop();
      await shards.close();
    }
    const count = Math.ceil(length / options.rows);
    if (!options.quiet) await print(`${shown(directory)}: ${counted(length, "row")} in ${counted(count, "file")}\n`);
  } finally {
    await reader.close();
  }
}
