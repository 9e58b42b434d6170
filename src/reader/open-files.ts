/** Few of many files, open: the others are opened when they are read. */
import { NpyError, within } from "../errors.ts";
import { run, runSync } from "../plan/run.ts";
import { close, open, type Plan, quietly } from "../plan/step.ts";
import { type Eventually, isPending, type ReadLimits, type Storage, type StorageFile } from "../storage/storage.ts";

/** The most files that are open at once. A process may have 256 on macOS, and 1024 on many Linux systems. */
const MOST_OPEN = 32;

/** A file that is known, whether it is open or not. */
export interface KnownFile {
  readonly storage: Storage;
  /** Of the file that was found when it was first opened. */
  readonly key: unknown;
}

interface Entry {
  /** `undefined` while it is being opened. */
  file: StorageFile | undefined;
  opening: Promise<unknown> | undefined;
  /** How many read from it. */
  users: number;
}

/** Checks, each time that a file is opened again, that it holds what it held. */
type Check<Known> = (known: Known, file: StorageFile) => Plan<void>;

export class OpenFiles<Known extends KnownFile> {
  readonly #limits: ReadLimits;
  readonly #check: Check<Known>;
  /** The file that was used last is the last one. */
  readonly #entries = new Map<Known, Entry>();
  /** Called when a file is no longer used. */
  readonly #waiting: (() => void)[] = [];

  constructor(limits: ReadLimits, check: Check<Known>) {
    this.#limits = limits;
    this.#check = check;
  }

  /** Uses a file, and opens it first if it is not open. Returns a promise only where that takes time, or all files that may be open are in use. */
  use<Result>(known: Known, action: (file: StorageFile) => Eventually<Result>): Eventually<Result> {
    const entry = this.#entries.get(known);
    if (entry?.file !== undefined) return this.#useOpen(known, entry, entry.file, action);
    if (entry !== undefined || !this.#makeRoom()) return this.#useLater(known, action);
    const opening = this.#open(known);
    if (isPending(opening)) return opening.then(() => this.use(known, action));
    return this.use(known, action);
  }

  /** {@link use}, synchronously. */
  useSync<Result>(known: Known, action: (file: StorageFile) => Result): Result {
    const file = this.#entries.get(known)?.file;
    if (file !== undefined) {
      this.#touch(known);
      return action(file);
    }
    this.#makeRoom();
    const opened = runSync(this.#opening(known));
    this.#entries.set(known, { file: opened, opening: undefined, users: 0 });
    return action(opened);
  }

  /** Takes a file that is open already. */
  adopt(known: Known, file: StorageFile): void {
    this.#makeRoom();
    this.#entries.set(known, { file, opening: undefined, users: 0 });
  }

  async #useLater<Result>(known: Known, action: (file: StorageFile) => Eventually<Result>): Promise<Result> {
    for (;;) {
      const entry = this.#entries.get(known);
      if (entry?.opening !== undefined) await entry.opening;
      else if (entry !== undefined || this.#makeRoom()) return await this.use(known, action);
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #useOpen<Result>(
    known: Known,
    entry: Entry,
    file: StorageFile,
    action: (file: StorageFile) => Eventually<Result>,
  ): Eventually<Result> {
    this.#touch(known);
    entry.users++;
    let result: Eventually<Result>;
    try {
      result = action(file);
    } catch (error) {
      this.#release(entry);
      throw error;
    }
    if (isPending(result)) return Promise.resolve(result).finally(() => this.#release(entry));
    this.#release(entry);
    return result;
  }

  #release(entry: Entry): void {
    if (--entry.users === 0) this.#waiting.shift()?.();
  }

  #touch(known: Known): void {
    const entry = this.#entries.get(known) as Entry;
    this.#entries.delete(known);
    this.#entries.set(known, entry);
  }

  #open(known: Known): Eventually<void> {
    const entry: Entry = { file: undefined, opening: undefined, users: 0 };
    this.#entries.set(known, entry);
    const failed = (error: unknown): never => {
      this.#entries.delete(known);
      this.#waiting.shift()?.();
      throw error;
    };
    const opened = (file: StorageFile): void => {
      entry.file = file;
      entry.opening = undefined;
    };
    try {
      const found = run(this.#opening(known));
      if (!isPending(found)) return opened(found);
      const pending = Promise.resolve(found).then(opened, failed);
      entry.opening = pending;
      return pending;
    } catch (error) {
      return failed(error);
    }
  }

  *#opening(known: Known): Plan<StorageFile> {
    const { storage, key } = known;
    const file = yield* open(storage, "r", this.#limits);
    try {
      if (file.key !== key) throw changed();
      yield* this.#check(known, file);
      return file;
    } catch (error) {
      yield* quietly(close(file));
      throw within(error, { path: storage.path });
    }
  }

  /** Closes the file that was not used for the longest time, if there are too many. Returns `false` if all are in use. */
  #makeRoom(): boolean {
    if (this.#entries.size < MOST_OPEN) return true;
    for (const [known, { file, users }] of this.#entries) {
      if (file === undefined || users > 0) continue;
      this.#entries.delete(known);
      closeUnused(file);
      return true;
    }
    return false;
  }

  /** Closes all files. Nothing reads from them any more. */
  *close(): Plan<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { file } of entries) if (file !== undefined) yield* quietly(close(file));
  }
}

/** The error for a file that is another one, or holds other rows. */
export function changed(): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    "Another array took the place of this one since it was first read: open all files again.",
  );
}

/** At once where that is possible: a file that was only read is closed without waiting for a disk. */
function closeUnused(file: StorageFile): void {
  if ("closeSync" in file) file.closeSync();
  else void Promise.resolve((file as StorageFile).close()).catch(() => undefined);
}
