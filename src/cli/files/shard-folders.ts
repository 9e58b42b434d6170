/** Folders of shards on the command line. */
import { NpyReader, recoverShards } from "../../node.ts";
import { counted, shown } from "../program/failure.ts";
import { folderAt, type Place } from "./places.ts";

const SHARD: RegExp = /^\d+\.npy$/;
export const PRIVATE: RegExp = /^\.shard\..*\.npy$/;

/** The folder that a name leads to, if shards are in it, or files that are to become shards. */
export async function shardFolderAt(name: string): Promise<Place | undefined> {
  const folder = await folderAt(name);
  return folder !== undefined && (await holdsShards(folder)) ? folder : undefined;
}

export async function holdsShards(folder: Place): Promise<boolean> {
  return (await folder.list()).some((name) => SHARD.test(name) || PRIVATE.test(name));
}

/** The names of shards, in their order. */
export function shardsAmong(names: readonly string[]): string[] {
  return names.filter((name) => SHARD.test(name)).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** The dtype, shape and order of all shards together. */
export async function layoutOf(folder: Place): Promise<Pick<NpyReader, "dtype" | "shape" | "fortranOrder">> {
  const reader = await NpyReader.open(folder);
  try {
    const { dtype, shape, fortranOrder } = reader;
    return { dtype, shape, fortranOrder };
  } finally {
    await reader.close();
  }
}

/** Makes shards of what writers left. */
export async function recoverFolder(name: string, folder: Place): Promise<string> {
  const { adopted, inUse, repaired } = await recoverShards(folder);
  const parts = [
    `${counted(adopted.length, "file")} made shards`,
    ...(Object.keys(repaired).length > 0 ? [`${counted(Object.keys(repaired).length, "file")} repaired`] : []),
    ...(inUse.length > 0 ? [`${counted(inUse.length, "file")} in use`] : []),
  ];
  return `${shown(name)}: ${parts.join(", ")}\n`;
}
