/** A file of the origin private file system, for dedicated workers. */
import type { NpyError } from "../errors.ts";
import { isTaken } from "../plan/writer-lock.ts";
import type { OpenMode, Storage, StorageFile } from "../storage/storage.ts";
import { coded, failure, isNamed } from "./failures.ts";
import { fileAt, nameLock, OpenFile } from "./open-file.ts";
import { needsAnotherHandle, OpfsFile } from "./opfs-file.ts";
import { directoryAt } from "./paths.ts";
import { OpfsPlace } from "./place.ts";
import { type DirectoryHandle, sharesHandles, withLock } from "./platform.ts";

/** How many characters of a name a temporary file keeps in its own, which may have 255 bytes. */
const KEPT = 50;

export class OpfsStorage extends OpfsPlace implements Storage {
  #isPrepared = false;

  /**
   * Opens and locks the file for synchronous verbs, which cannot do that, until an asynchronous one is called, or another tab or worker wants the
   * file. Where there is none, an empty one is made, which counts as none.
   */
  async prepare(): Promise<this> {
    await withLock(nameLock(this.fullName), async () => {
      try {
        const directory = await directoryAt(this.directories, true);
        const isNew = !(await hasFile(directory, this.name)) || fileAt(this.fullName)?.isPlaceholder === true;
        const file = OpenFile.of(this.fullName, directory, await directory.getFileHandle(this.name, { create: true }));
        file.isPlaceholder = isNew;
        await file.prepare({}, () => this.#unprepare());
        this.#isPrepared = true;
      } catch (error) {
        throw coded(error, "open", this.path);
      }
    });
    return this;
  }

  async #unprepare(): Promise<void> {
    if (!this.#isPrepared) return;
    this.#isPrepared = false;
    await fileAt(this.fullName)?.dropSpare();
  }

  async open(mode: OpenMode): Promise<StorageFile> {
    await this.#unprepare();
    let file: OpenFile;
    try {
      const directory = await directoryAt(this.directories, false);
      file = OpenFile.of(this.fullName, directory, await directory.getFileHandle(this.name));
    } catch (error) {
      throw coded(error, "open", this.path);
    }
    const opened = new OpfsFile(file, mode);
    // If others have the file, that is what its lock will say.
    if (mode === "r+" || sharesHandles()) await file.open(mode === "r" ? 0 : undefined);
    return opened;
  }

  openSync(mode: OpenMode): StorageFile {
    const file = fileAt(this.fullName);
    if (file === undefined) throw needsAnotherHandle("Opening a file that opfsFile did not just give", this.path);
    // Where a handle excludes all others.
    if (file.access === undefined) throw isTaken("another tab or worker");
    if (file.isPlaceholder && file.access.getSize() === 0) throw failure("ENOENT", "there is no such file", "open", this.path);
    return new OpfsFile(file, mode);
  }

  /** Directories on the way are created. */
  async create(): Promise<StorageFile> {
    await this.#unprepare();
    return await withLock(nameLock(this.fullName), async () => {
      try {
        const directory = await directoryAt(this.directories, true);
        if (await hasFile(directory, this.name)) throw this.#exists();
        return await this.#create(directory, this.name, this.fullName);
      } catch (error) {
        throw coded(error, "open", this.path);
      }
    });
  }

  createSync(): StorageFile {
    const file = fileAt(this.fullName);
    if (file?.access === undefined) throw needsAnotherHandle("Creating a file", this.path);
    if (!file.isPlaceholder || file.access.getSize() > 0) throw this.#exists();
    file.isPlaceholder = false;
    return new OpfsFile(file, "r+");
  }

  async createTemporary(): Promise<StorageFile> {
    try {
      const directory = await directoryAt(this.directories, true);
      const name = `.${[...this.name].slice(0, KEPT).join("")}.${crypto.randomUUID()}.tmp`;
      return await this.#create(directory, name, [...this.directories, name].join("/"));
    } catch (error) {
      throw coded(error, "open", this.path);
    }
  }

  async #create(directory: DirectoryHandle, name: string, place: string): Promise<OpfsFile> {
    const file = new OpfsFile(OpenFile.of(place, directory, await directory.getFileHandle(name, { create: true })), "r+");
    if (await file.file.open()) return file;
    await file.close();
    throw failure("EBUSY", "another tab or worker opened it as soon as it was created", "open", this.path);
  }

  createTemporarySync(): never {
    throw needsAnotherHandle("Replacing a file", this.path);
  }

  async replace(temporary: StorageFile): Promise<void> {
    await this.#unprepare();
    await (temporary as OpfsFile).file.rename(this.fullName, this.name);
  }

  replaceSync(): never {
    throw needsAnotherHandle("Replacing a file", this.path);
  }

  /** Files are renamed, so the former name is free again. Only within one directory. */
  async place(temporary: StorageFile): Promise<boolean> {
    await this.#unprepare();
    const { file } = temporary as OpfsFile;
    const from = file.path.split("/").slice(0, -1);
    if (from.join("/") !== this.directories.join("/")) return false;
    await withLock(nameLock(this.fullName), async () => {
      try {
        if (await hasFile(await directoryAt(this.directories, false), this.name)) throw this.#exists();
      } catch (error) {
        throw coded(error, "rename", this.path);
      }
      await file.rename(this.fullName, this.name);
    });
    return true;
  }

  async remove(file: StorageFile): Promise<void> {
    await (file as OpfsFile).file.remove();
  }

  /** Nothing is deleted at once: the file is emptied, which counts as no file. */
  removeSync(file: StorageFile): void {
    const { file: opened } = file as OpfsFile;
    opened.access?.truncate(0);
    opened.isPlaceholder = true;
  }

  override async blob(): Promise<Blob> {
    await this.#unprepare();
    return await super.blob();
  }

  #exists(): NpyError | Error {
    return failure("EEXIST", "there is a file already", "open", this.path);
  }
}

/** Whether the name is taken, if only by a directory. */
async function hasFile(directory: DirectoryHandle, name: string): Promise<boolean> {
  try {
    await directory.getFileHandle(name);
    return true;
  } catch (error) {
    if (isNamed(error, "NotFoundError")) return false;
    if (isNamed(error, "TypeMismatchError")) return true;
    throw error;
  }
}
