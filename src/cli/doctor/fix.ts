/** Does what `doctor` proposes: all of it or nothing, and with a copy of what was there. */
import { constants, type Stats } from "node:fs";
import { copyFile, cp, link, mkdir, realpath, rm, stat, utimes } from "node:fs/promises";
import { NodeStorage, recover, type StorageFile } from "../../node.ts";
import { isDirectory } from "../files/places.ts";
import { FileProblem } from "../program/failure.ts";
import { isInUse } from "./classify.ts";
import type { Finding, Fix } from "./finding.ts";

/** Fixes a file or folder. Returns the name of the copy of what was there, if one is kept. */
export async function fixed({ path, fix }: Finding, keepsCopy: boolean): Promise<string | undefined> {
  if (fix === undefined) return undefined;
  if (fix.kind === "replace") return await replaced(path, fix, keepsCopy);
  const copy = keepsCopy ? await copied(path) : undefined;
  try {
    await recover(path);
  } catch (error) {
    if (copy !== undefined) await rm(copy, { recursive: true });
    throw error;
  }
  return copy;
}

/** Writes the content into a temporary file, which takes the place of the old one once it is complete. */
async function replaced(path: string, fix: Fix & { readonly kind: "replace" }, keepsCopy: boolean): Promise<string | undefined> {
  const before = await stat(path);
  if (before.nlink > 1)
    throw new FileProblem(
      path,
      `it has ${before.nlink} names (hard links), and only this one would be fixed: delete the others first`,
    );
  if (isInUse(path)) throw new FileProblem(path, "another process has it locked: try again once that has ended");
  const storage = new NodeStorage(path);
  const temporary = storage.createTemporarySync();
  let copy: string | undefined;
  let isDone = false;
  try {
    await written(path, fix, temporary);
    checkSame(path, before, await stat(path));
    copy = keepsCopy ? await linked(path) : undefined;
    await storage.replace(temporary);
    isDone = true;
  } finally {
    if (!isDone) {
      storage.removeSync(temporary);
      if (copy !== undefined) await rm(copy);
    }
    temporary.closeSync();
  }
  return copy;
}

async function written(path: string, fix: Fix & { readonly kind: "replace" }, file: StorageFile): Promise<void> {
  let size = 0;
  for await (const part of fix.content()) {
    await file.write(part, size);
    size += part.length;
  }
  if (size !== fix.size) throw changed(path);
  await file.sync();
}

function checkSame(path: string, before: Stats, after: Stats): void {
  if (before.size !== after.size || before.mtimeMs !== after.mtimeMs || before.ino !== after.ino) throw changed(path);
}

function changed(path: string): FileProblem {
  return new FileProblem(path, "it changed while it was fixed, and was left as it is: run doctor again");
}

/** Gives a file that will be replaced a second name, which needs no space. */
async function linked(path: string): Promise<string> {
  const file = await realpath(path);
  try {
    return await underFreeName(path, (copy) => link(file, copy));
  } catch {
    // There are no hard links here.
    return await copied(path);
  }
}

/** Copies a file or folder. */
async function copied(path: string): Promise<string> {
  if (isDirectory(path)) {
    const copy = await underFreeName(path, (name) => mkdir(name));
    try {
      await cp(path, copy, { recursive: true, preserveTimestamps: true });
    } catch (error) {
      await rm(copy, { recursive: true });
      throw error;
    }
    return copy;
  }
  const copy = await underFreeName(path, (name) => copyFile(path, name, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE));
  const { atime, mtime } = await stat(path);
  await utimes(copy, atime, mtime);
  return copy;
}

/** Makes something under the first of the names NAME.bak, NAME.bak2 ... that is free. */
async function underFreeName(path: string, make: (name: string) => Promise<unknown>): Promise<string> {
  const base = `${path.replace(/[\\/]+$/, "")}.bak`;
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : base + i;
    try {
      await make(name);
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
