/**
 * The private files of writers: each fills one, which becomes a shard. Their names never match those of shards, begin with a dot, so that patterns
 * such as `*.npy` leave them out, and say who can tell whether their writer is gone.
 */
import type { Folder } from "../storage/folder.ts";
import { MemoryFolder } from "../storage/memory-folder.ts";

/** Of files whose writer has no lock: nothing shows whether it is gone. */
const NO_LOCK = "none";

const PRIVATE = /^\.shard\.([a-z0-9]+)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.([0-9a-f]{16}))?\.npy$/;

/** Where the private files of a folder are: in it, unless it takes files whole. Each time in other memory, if that is in memory. */
export function placeOfPrivate(folder: Folder): Folder {
  const { whole } = folder;
  return whole === undefined ? folder : (whole.spool ?? new MemoryFolder());
}

/** Where locks of a folder's files exclude each other; `undefined` where there are none, or only part of the writers see them. */
export function lockScopeOf(folder: Folder): string | undefined {
  const storage = folder.file(privateName(undefined));
  return storage.lockProblem === undefined || storage.lockProblem() !== undefined ? undefined : storage.lockScope?.();
}

/** A new name. `scope` is that of the lock that the writer holds, `tag` that of the folder that takes the file whole. */
export function privateName(scope: string | undefined, tag?: string): string {
  return `.shard.${scope ?? NO_LOCK}.${globalThis.crypto.randomUUID()}${tag === undefined ? "" : `.${tag}`}.npy`;
}

/** Whether it is the name of a file for the folder with that tag. */
export function isPrivate(name: string, tag?: string): boolean {
  const found = PRIVATE.exec(name);
  return found !== null && found[3] === tag;
}

/** What tells the file from all others. */
export function idOf(name: string): string {
  return PRIVATE.exec(name)?.[2] as string;
}

/** Whether a lock shows that the writer of the file is gone, here where locks have this scope. */
export function isDecidedByLock(name: string, scope: string | undefined): boolean {
  const found = PRIVATE.exec(name)?.[1];
  return found !== undefined && found !== NO_LOCK && found === scope;
}
