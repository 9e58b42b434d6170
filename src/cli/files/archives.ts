/** Archives on the command line: `file.npz`, and `file.npz:name` for one of its arrays. */
import { existsSync } from "node:fs";
import { NpyReader, type NpzReader, openNpz } from "../../node.ts";
import { fileAt, sourceAt } from "./places.ts";

export function isArchive(file: string): boolean {
  return /\.npz$/i.test(file);
}

interface ArchivedArray {
  readonly archive: string;
  readonly name: string;
}

/** The archive and the name in `file.npz:name`; `undefined` for anything else, also for a file that is called so. */
export function archivedArray(file: string): ArchivedArray | undefined {
  const [, archive, name] = /^(.*?\.npz):(.+)$/is.exec(file) ?? [];
  return archive === undefined || name === undefined || existsSync(file) ? undefined : { archive, name };
}

/** Opens a file, a folder of shards, or an array of an archive. */
export async function openReader(file: string): Promise<NpyReader> {
  const found = archivedArray(file);
  if (found === undefined) return await NpyReader.open(await sourceAt(file));
  return await withArchive(found.archive, (npz) => npz.open(found.name));
}

export async function withArchive<Result>(file: string, use: (npz: NpzReader) => Promise<Result>): Promise<Result> {
  const npz = await openNpz(await fileAt(file));
  return await use(npz).finally(() => npz.close());
}
