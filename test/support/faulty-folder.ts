/** A folder in memory that records every step that is done to any of its files, and fails or stops at whichever a test chooses. */
import { type Folder, MemoryFolder } from "../../src/index.ts";
import { FaultyStorage, type RecordedStep, type StorageOptions, type Tear } from "./faulty-storage.ts";

/** The contents of the files by their names. */
export type Files = ReadonlyMap<string, Uint8Array>;

export class FaultyFolder implements Folder {
  readonly path: undefined;
  /** What was asked for of any file. */
  readonly steps: (RecordedStep & { readonly name: string })[] = [];
  readonly errors: Error[] = [];
  readonly #options: StorageOptions;
  readonly #storages = new Map<string, FolderStorage>();
  #from = Number.POSITIVE_INFINITY;
  #to = Number.POSITIVE_INFINITY;
  #after = 0;
  #message = "";

  constructor(files: Files, options: StorageOptions = {}) {
    this.#options = options;
    for (const [name, bytes] of files) this.#storages.set(name, new FolderStorage(this, name, bytes, options));
  }

  get key(): unknown {
    return this;
  }

  listSync(): readonly string[] {
    return [...this.files().keys()];
  }
  list(): readonly string[] {
    return this.listSync();
  }
  createSync(): void {}
  create(): void {}

  file(name: string): FaultyStorage {
    let storage = this.#storages.get(name);
    if (storage === undefined) {
      storage = new FolderStorage(this, name, undefined, this.#options);
      this.#storages.set(name, storage);
    }
    return storage;
  }

  /** Copies of all files. */
  files(): Map<string, Uint8Array> {
    const files = new Map<string, Uint8Array>();
    for (const [name, storage] of this.#storages) {
      const bytes = storage.bytes();
      if (bytes !== undefined) files.set(name, bytes);
    }
    return files;
  }

  get openFiles(): number {
    let open = 0;
    for (const { openFiles } of this.#storages.values()) open += openFiles;
    return open;
  }

  /** Step `from` fails, and nothing after it. */
  failAt(from: number, { after = 0 }: Tear = {}): void {
    [this.#from, this.#to, this.#after, this.#message] = [from, from + 1, after, "ENOSPC: no space left on device"];
  }
  /** As if the process had been killed at step `from`: of a write some bytes are there, and nothing after it happens. */
  stopAt(from: number, { after = 0 }: Tear = {}): void {
    [this.#from, this.#to, this.#after, this.#message] = [from, Number.POSITIVE_INFINITY, after, "stopped"];
  }
  failNever(): void {
    this.#from = Number.POSITIVE_INFINITY;
  }

  /** @internal */
  perform<Result>(name: string, step: RecordedStep, action: () => Result, tear?: (after: number) => void): Result {
    const index = this.steps.push({ ...step, name }) - 1;
    if (index < this.#from || index >= this.#to) return action();
    tear?.(index === this.#from ? this.#after : 0);
    const [code] = this.#message.split(":");
    const error = Object.assign(new Error(this.#message), { code });
    this.errors.push(error);
    throw error;
  }
}

class FolderStorage extends FaultyStorage {
  readonly #folder: FaultyFolder;
  readonly #name: string;

  constructor(folder: FaultyFolder, name: string, bytes: Uint8Array | undefined, options: StorageOptions) {
    super(bytes, options);
    this.#folder = folder;
    this.#name = name;
  }

  override perform<Result>(step: RecordedStep, action: () => Result, tear?: (after: number) => void): Result {
    return this.#folder.perform(this.#name, step, action, tear);
  }
}

/** A folder with these files, in which nothing fails. */
export function folderOf(files: Files): MemoryFolder {
  const folder = new MemoryFolder();
  for (const [name, bytes] of files) {
    const file = folder.file(name).createSync();
    file.writeSync(bytes, 0);
    file.closeSync();
  }
  return folder;
}
