/** The recordings of this browser. One that has not been finished has a marker, an empty file beside it. */
import { inspect, type NpyInfo, type OpfsFileFolder, opfsFolder, recover } from "../shared/library.ts";
import { RECORDINGS } from "../shared/recordings.ts";

/** What the marker's name adds to that of the recording. */
const UNFINISHED = ".unfinished";

export interface Entry {
  readonly name: string;
  readonly size: number;
  /** When it was last written to. */
  readonly date: Date;
  /** `undefined` if its header was not read. */
  readonly info: NpyInfo | undefined;
  /** Why it was not. */
  readonly problem: unknown;
  readonly state: "finished" | "unfinished" | "recording";
}

/** The Web Lock of a recording, which ends with its tab. */
const lockName = (name: string): string => `npy-recorder ${name}`;

export class Catalog {
  readonly #folder: OpfsFileFolder;

  private constructor(folder: OpfsFileFolder) {
    this.#folder = folder;
  }

  /** @throws NpyError if the browser keeps no files for this page. */
  static async open(): Promise<Catalog> {
    const folder = await opfsFolder(RECORDINGS);
    await folder.create();
    return new Catalog(folder);
  }

  /** The file of a recording. */
  file(name: string): ReturnType<OpfsFileFolder["file"]> {
    return this.#folder.file(name);
  }

  async names(): Promise<string[]> {
    return (await this.#folder.list()).filter((name) => name.endsWith(".npy"));
  }

  /** All recordings: those that are not finished first, then the newest first. */
  async entries(): Promise<Entry[]> {
    const [names, { held }] = await Promise.all([this.#folder.list(), navigator.locks.query()]);
    const locks = new Set(held?.map(({ name }) => name));
    const entries = await Promise.all(
      names
        .filter((name) => name.endsWith(".npy"))
        .map((name) => {
          const isUnfinished = names.includes(name + UNFINISHED);
          return this.#entry(name, locks.has(lockName(name)) ? "recording" : isUnfinished ? "unfinished" : "finished");
        }),
    );
    const rank = ({ state }: Entry): number => (state === "finished" ? 0 : 1);
    return entries
      .filter((entry) => entry !== undefined)
      .toSorted((a, b) => rank(b) - rank(a) || b.date.getTime() - a.date.getTime() || (a.name < b.name ? 1 : -1));
  }

  async #entry(name: string, state: Entry["state"]): Promise<Entry | undefined> {
    let [info, problem]: [NpyInfo | undefined, unknown] = [undefined, undefined];
    try {
      info = await inspect(this.file(name));
    } catch (error) {
      problem = error;
    }
    try {
      const { size, lastModified } = (await this.file(name).blob()) as File;
      return { name, size, date: new Date(lastModified), info, problem, state };
    } catch (error) {
      // Another tab has deleted it.
      if ((error as { code?: unknown }).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Holds a recording for this tab, and marks it as not finished. Call what it returns at the end, with whether it is finished now. */
  async hold(name: string): Promise<(isFinished: boolean) => Promise<void>> {
    const release = await new Promise<() => void>((resolve, reject) => {
      const held = navigator.locks.request(lockName(name), { ifAvailable: true }, (lock) => {
        if (lock === null) throw new Error("Another tab records into this file: stop it there.");
        return new Promise<void>((release) => resolve(release));
      });
      held.catch(reject);
    });
    const directory = await this.#directory();
    await directory.getFileHandle(name + UNFINISHED, { create: true });
    return async (isFinished) => {
      if (isFinished) await directory.removeEntry(name + UNFINISHED);
      release();
    };
  }

  /** Finishes a recording that was interrupted: whole rows that its header does not count yet become rows. Returns the number of rows. */
  async finish(name: string): Promise<number> {
    const release = await this.hold(name);
    let isFinished = false;
    try {
      const { rowsAfter } = await recover(this.file(name));
      isFinished = true;
      return rowsAfter;
    } finally {
      await release(isFinished);
    }
  }

  /** Deletes a recording. Viewers of other tabs let go of it. */
  async delete(name: string): Promise<void> {
    const storage = this.file(name);
    const file = await storage.open("r+");
    try {
      await storage.remove(file);
    } finally {
      await file.close();
    }
    const directory = await this.#directory();
    await directory.removeEntry(name + UNFINISHED).catch(() => undefined);
  }

  async #directory(): Promise<FileSystemDirectoryHandle> {
    return await (await navigator.storage.getDirectory()).getDirectoryHandle(RECORDINGS);
  }
}
