/** Makes shards of the private files of writers that are gone. */
import { NpyError } from "../errors.ts";
import { sameDType, showDType } from "../format/dtype.ts";
import { run } from "../plan/run.ts";
import { close, list, open, type Plan, quietly } from "../plan/step.ts";
import { inOrder } from "../reader/shard-names.ts";
import type { Folder } from "../storage/folder.ts";
import { hasCode, type StorageFile } from "../storage/storage.ts";
import { NpyAppendArray } from "../writer/npy-append-array.ts";
import { dropName, nextNumber } from "./give-name.ts";
import { PrivateFile, type ShardLayout } from "./private-file.ts";
import { isDecidedByLock, isPrivate, lockScopeOf, placeOfPrivate } from "./private-files.ts";
import { dropNotes } from "./put-whole.ts";

export interface Adopting {
  /** What a file must hold to be a shard; `undefined`: anything. */
  readonly layout: ShardLayout | undefined;
  /** Whether to take also files of writers of which no lock shows that they are gone, because the user says so. */
  readonly isForced: boolean;
  readonly isSafe: boolean;
  readonly maxHeaderSize: number | undefined;
}

/** What was done with the private files. */
export interface Adopted {
  /** The numbers of the new shards. */
  readonly adopted: number[];
  /** Private files that may be in use. */
  readonly inUse: string[];
}

export async function adoptAll(folder: Folder, options: Adopting): Promise<Adopted> {
  const result: Adopted = { adopted: [], inUse: [] };
  const { whole } = folder;
  // What was in the memory of a writer is gone with it.
  if (whole !== undefined && whole.spool === undefined) return result;
  const place = placeOfPrivate(folder);
  const scope = lockScopeOf(place);
  const listed = await run(list(place));
  const names = listed.filter((name) => isPrivate(name, whole?.tag)).sort();
  if (whole !== undefined) await dropNotes(place, whole.tag, listed);
  let failure: { readonly error: unknown } | undefined;
  for (const name of names) {
    const isDecided = isDecidedByLock(name, scope);
    if (!isDecided && !options.isForced) {
      result.inUse.push(name);
      continue;
    }
    try {
      const found = await adopt(folder, place, name, isDecided, options);
      if (found === "in use") result.inUse.push(name);
      else if (found !== undefined) result.adopted.push(found);
    } catch (error) {
      if (options.isForced) failure ??= { error };
      else result.inUse.push(name);
    }
  }
  if (failure !== undefined) throw failure.error;
  return result;
}

/** Returns the number of the new shard; `undefined` if there were no rows, or it had become a shard already. */
async function adopt(
  folder: Folder,
  place: Folder,
  name: string,
  isDecided: boolean,
  options: Adopting,
): Promise<number | "in use" | undefined> {
  const { layout, isSafe, maxHeaderSize } = options;
  let npaa: NpyAppendArray;
  try {
    npaa = await NpyAppendArray.open(place.file(name), {
      lock: isDecided || "auto",
      onNeedsRecovery: "truncate",
      durability: isSafe ? "full" : "os",
      ...(maxHeaderSize !== undefined && { maxHeaderSize }),
    });
  } catch (error) {
    if (error instanceof NpyError && error.code === "ERR_NPY_LOCKED") return "in use";
    throw error;
  }
  try {
    // Its writer finished it just now, or has not begun to write it.
    if (npaa.dtype === undefined) return undefined;
    const file = await PrivateFile.of(folder, place, name, npaa);
    if (folder === place && (await run(isShard(folder, name)))) return undefined;
    if (npaa.length === 0) return await file.discard().then(() => undefined);
    checkFits(npaa, layout);
    const claimed = await file.claim(await run(nextNumber(folder)), isSafe);
    if (claimed.file !== undefined) await run(quietly(close(claimed.file)));
    return claimed.number;
  } catch (error) {
    if (folder === place && hasCode(error, "ENOENT")) return undefined;
    throw error;
  } finally {
    await npaa.close().catch(() => undefined);
  }
}

/** Whether the file is a shard already: its writer was killed before it removed the private name, which is removed now. */
function* isShard(folder: Folder, name: string): Plan<boolean> {
  const { key, links = 2 } = yield* lookedAt(folder, name);
  if (links < 2) return false;
  // Mostly one of the last.
  for (const shard of inOrder(yield* list(folder)).reverse()) {
    const found = yield* lookedAt(folder, shard);
    if (found.key !== key) continue;
    yield* dropName(folder, name, key);
    return true;
  }
  return false;
}

function* lookedAt(folder: Folder, name: string): Plan<Pick<StorageFile, "key" | "links">> {
  const file = yield* open(folder.file(name), "r");
  yield* quietly(close(file));
  return file;
}

function checkFits({ dtype, shape, fortranOrder, path }: NpyAppendArray, layout: ShardLayout | undefined): void {
  if (layout === undefined || dtype === undefined || shape === undefined) return;
  const row = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
  const isSame =
    sameDType(dtype, layout.dtype) &&
    row.join() === layout.rowShape.join() &&
    (row.length === 0 || fortranOrder === layout.fortranOrder);
  if (isSame) return;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `The file that a writer left has dtype ${showDType(dtype)} and rows of shape (${row.join(", ")}), unlike the shards: move it elsewhere.`,
    { path },
  );
}
