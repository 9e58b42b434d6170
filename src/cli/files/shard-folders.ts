/** Folders of shards on the command line. */
import { readdirSync } from "node:fs";
import { NpyReader, recoverShards } from "../../node.ts";
import { counted, shown } from "../program/failure.ts";
import { isDirectory } from "./each-file.ts";

export const SHARD: RegExp = /^\d+\.npy$/;
export const PRIVATE: RegExp = /^\.shard\..*\.npy$/;

/** Whether a path is that of a directory with shards, or with files that are to become shards. */
export function isShardFolder(path: string): boolean {
  return isDirectory(path) && readdirSync(path).some((name) => SHARD.test(name) || PRIVATE.test(name));
}

/** The dtype, shape and order of all shards together. */
export async function layoutOf(folder: string): Promise<Pick<NpyReader, "dtype" | "shape" | "fortranOrder">> {
  const reader = await NpyReader.open(folder);
  try {
    const { dtype, shape, fortranOrder } = reader;
    return { dtype, shape, fortranOrder };
  } finally {
    await reader.close();
  }
}

/** Makes shards of what writers left. */
export async function recoverFolder(folder: string): Promise<string> {
  const { adopted, inUse, repaired } = await recoverShards(folder);
  const parts = [
    `${counted(adopted.length, "file")} made shards`,
    ...(Object.keys(repaired).length > 0 ? [`${counted(Object.keys(repaired).length, "file")} repaired`] : []),
    ...(inUse.length > 0 ? [`${counted(inUse.length, "file")} in use`] : []),
  ];
  return `${shown(folder)}: ${parts.join(", ")}\n`;
}
