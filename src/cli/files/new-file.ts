/** Files that get their names once they are complete, on this machine and in S3. */
import type { AsyncStorage, Storage, StorageFile } from "../../node.ts";
import { FileProblem } from "../program/failure.ts";
import { exists, storageAt } from "./places.ts";

/** The place of a file that has no name yet: what is created there is a temporary file of the place that it gets. */
class NewFile implements AsyncStorage {
  readonly path: string | undefined;
  readonly key: unknown = Symbol("new file");
  readonly #target: Storage;
  #file: StorageFile | undefined;

  constructor(target: Storage) {
    this.path = target.path;
    this.#target = target;
  }

  open(): StorageFile {
    if (this.#file !== undefined) return this.#file;
    throw Object.assign(new Error("ENOENT: the file is not there yet"), { code: "ENOENT", path: this.path });
  }

  async create(): Promise<StorageFile> {
    this.#file = await this.createTemporary();
    return this.#file;
  }

  async createTemporary(): Promise<StorageFile> {
    try {
      return await this.#target.createTemporary();
    } catch (error) {
      // Nobody knows the name of the temporary file.
      throw Object.assign(error as object, { path: this.path });
    }
  }

  replace(temporary: StorageFile): void {
    this.#file = temporary;
  }

  async remove(file: StorageFile): Promise<void> {
    await this.#target.remove(file);
  }

  /** Gives the file its name. Returns `false` if another file has it, unless that is replaced. */
  async finish(name: string, overwrites: boolean): Promise<boolean> {
    const file = this.open();
    try {
      if (!overwrites && (await this.#target.place?.(file))) return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
    // Also where no step gives a name only if it is free: on disks without hard links, and to objects of many parts.
    if (!overwrites && (await exists(name))) return false;
    await this.#target.replace(file);
    return true;
  }

  /** Drops what was written. */
  async drop(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) await this.#target.remove(file);
  }
}

/** How a new file is written. */
export interface NewFileOptions {
  /** Whether a file of this name is replaced. */
  readonly overwrites: boolean;
  /** What to do if it is not. */
  readonly advice: string;
}

/** Refuses a name that is taken, before anything is written. */
export async function checkFree(name: string, { overwrites, advice }: NewFileOptions): Promise<void> {
  if (!overwrites && (await exists(name))) throw isTaken(name, advice);
}

/** Lets `write` create a file and close it, and gives it its name. After an error nothing is left of it. */
export async function writingNew(
  name: string,
  { overwrites, advice }: NewFileOptions,
  write: (file: AsyncStorage) => Promise<void>,
): Promise<void> {
  const file = new NewFile(await storageAt(name));
  try {
    await write(file);
    if (!(await file.finish(name, overwrites))) throw isTaken(name, advice);
  } catch (error) {
    await file.drop();
    throw error;
  }
}

function isTaken(name: string, advice: string): FileProblem {
  return new FileProblem(name, `it already exists: ${advice}`);
}
