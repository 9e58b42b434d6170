/** Directories in the file system, for Node, Bun and Deno. */
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { checkFileName, type Folder } from "./folder.ts";
import { realPath } from "./node-names.ts";
import { NodeStorage } from "./node-storage.ts";

/** A directory, which may not exist yet. */
export class NodeFolder implements Folder {
  /** The path as it was given. */
  readonly path: string;
  /** Relative paths start at the directory that was current when they were given. */
  readonly #absolute: string;

  constructor(path: string) {
    this.path = path;
    this.#absolute = resolve(path);
  }

  get key(): unknown {
    try {
      return realPath(this.#absolute);
    } catch {
      return this.#absolute;
    }
  }

  listSync(): readonly string[] {
    const entries = fs.readdirSync(this.#absolute, { withFileTypes: true });
    // What a link leads to is known when it is opened.
    return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) => name);
  }
  list(): readonly string[] {
    return this.listSync();
  }

  /** Messages name the file by the path of the folder, as it was given. */
  file(name: string): NodeStorage {
    checkFileName(name, this.path);
    return new NodeStorage(join(this.path, name), join(this.#absolute, name));
  }

  createSync(): void {
    fs.mkdirSync(this.#absolute, { recursive: true });
  }
  create(): void {
    this.createSync();
  }

  watch(onChange: (name: string | undefined) => void): (() => void) | undefined {
    try {
      const watcher = fs.watch(this.#absolute, { persistent: false }, (_event, name) => onChange(name ?? undefined));
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    } catch {
      return undefined; // no such directory, or too many watchers
    }
  }
}
