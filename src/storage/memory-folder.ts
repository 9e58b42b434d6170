/** A folder in memory: for tests, for browsers, and for building what is sent elsewhere. */
import { checkFileName, type Folder } from "./folder.ts";
import { MemoryStorage } from "./memory.ts";

/**
 * A folder in memory.
 *
 * @example
 * ```ts
 * const folder = new MemoryFolder();
 * saveSync(folder.file("ids.npy"), [1, 2, 3]);
 * folder.listSync(); // ["ids.npy"]
 * ```
 */
export class MemoryFolder implements Folder {
  /** Memory has no path. */
  readonly path: undefined;
  readonly #files = new Map<string, MemoryStorage>();

  get key(): unknown {
    return this;
  }

  listSync(): readonly string[] {
    return [...this.#files].filter(([, file]) => file.isThere).map(([name]) => name);
  }
  list(): readonly string[] {
    return this.listSync();
  }

  file(name: string): MemoryStorage {
    checkFileName(name, this.path);
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new MemoryStorage();
      this.#files.set(name, file);
    }
    return file;
  }

  createSync(): void {}
  create(): void {}
}
