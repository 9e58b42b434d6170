/** A folder that takes files whole, as an object store does, of a process whose every request can fail or be lost. */
import type { Folder, WholeFiles } from "../../src/storage/folder.ts";
import { MemoryFolder } from "../../src/storage/memory-folder.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** What is in the store. */
export class Store {
  readonly files: MemoryFolder = new MemoryFolder();
  readonly ids: Map<string, string> = new Map();
}

/** What becomes of a request. `isDone`: the store does what is asked. Its error reaches the process. */
export type Perform = <Result>(name: string, action: () => Result) => Result;

export class StoreFolder implements Folder {
  readonly path: string = "store";
  readonly whole: WholeFiles;
  readonly #store: Store;
  readonly #perform: Perform;

  constructor(
    store: Store,
    spool?: Folder,
    perform: Perform = <Result>(_: string, action: () => Result): Result => action(),
    rules: Partial<WholeFiles> = {},
  ) {
    this.#store = store;
    this.#perform = perform;
    this.whole = {
      maxBytes: 2 ** 20,
      spool,
      tag: "0123456789abcdef",
      ...rules,
      check: async () => undefined,
      listAfter: async (name) => this.listSync().filter((found) => found > name),
      putIfAbsent: async (name, content, id) => {
        const bytes = new Uint8Array(await content.arrayBuffer());
        return perform("put", () => {
          if (store.ids.has(name)) return store.ids.get(name) === id;
          store.ids.set(name, id);
          store.files.file(name).createSync().writeSync(bytes, 0);
          return true;
        });
      },
    };
  }

  get key(): unknown {
    return this.#store;
  }
  list(): readonly string[] {
    return this.listSync();
  }
  listSync(): readonly string[] {
    return this.#perform("list", () => this.#store.files.listSync());
  }
  file(name: string): Storage {
    return this.#store.files.file(name);
  }
  create(): void {}
  createSync(): void {}
}
