/** Where the files and folders of a command are: paths of this machine, or names in S3. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type AsyncStorage, type AsyncStorageFile, NodeFolder, NodeStorage, type SourceLike, type Storage } from "../../node.ts";
import type { ObjectStorage, S3Folder } from "../../s3.ts";
import { isObject } from "./object-names.ts";
import { objectAt, prefixAt } from "./objects.ts";

/** A directory, or a prefix of keys. */
export type Place = NodeFolder | S3Folder;

/** What the library takes for the name of a file. */
export async function fileAt(name: string): Promise<string | ObjectStorage> {
  return isObject(name) ? await objectAt(name) : name;
}

/** The place that a file has, or may get. That of an object has no synchronous half. */
export async function storageAt(name: string): Promise<Storage> {
  return isObject(name) ? ((await objectAt(name)) as AsyncStorage as Storage) : new NodeStorage(name);
}

/** Opens a file for reading its bytes. */
export async function openAt(name: string): Promise<AsyncStorageFile> {
  return await (await storageAt(name)).open("r");
}

/** The folder that a name leads to; `undefined` for the name of a file, or of nothing. */
export async function folderAt(name: string): Promise<Place | undefined> {
  if (!isObject(name)) return isDirectory(name) ? new NodeFolder(name) : undefined;
  const [, bucket, last] = /^s3:\/\/[^/]*(\/*)(?:.*\/)?([^/]*)$/is.exec(name) ?? [];
  if (bucket === "" || last === "") return await prefixAt(name);
  // Names of files have extensions: only others are looked for.
  if (last?.includes(".")) return undefined;
  const folder = await prefixAt(name);
  return (await folder.list()).length > 0 ? folder : undefined;
}

/** What the library takes for the name of a file or a folder that is read. */
export async function sourceAt(name: string): Promise<SourceLike> {
  return isObject(name) ? ((await folderAt(name)) ?? (await fileAt(name))) : name;
}

/** The folder of a name that files are written into, whether it exists or not. */
export async function targetFolderAt(name: string): Promise<Place> {
  return isObject(name) ? await prefixAt(name) : new NodeFolder(name);
}

/** The name of a file in a folder. */
export function nameIn(folder: string, file: string): string {
  return isObject(folder) ? `${folder.replace(/\/+$/, "")}/${file}` : join(folder, file);
}

/** Whether there is a file. */
export async function exists(name: string): Promise<boolean> {
  if (!isObject(name)) return existsSync(name);
  try {
    await (await openAt(name)).close();
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return false;
    throw error;
  }
}

/** Whether it is the path of a directory. */
export function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
