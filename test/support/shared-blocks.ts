/** A disk on which every block of a file is shared with a copy of it (`cp --reflink`): whatever is written to needs a block of its own first. */
import { MemoryStorage } from "../../src/index.ts";
import type { StorageFile } from "../../src/storage/storage.ts";

const BLOCK = 64;

export class SharedBlocks extends MemoryStorage {
  /** Blocks that are free. */
  free = 0;
  /** Whether blocks can be unshared before they are written to. */
  readonly #unshares: boolean;
  readonly #own: Set<number> = new Set();

  constructor(bytes: Uint8Array, unshares: boolean) {
    super();
    const file = super.createSync();
    file.writeSync(bytes, 0);
    this.#unshares = unshares;
  }

  override openSync(mode: "r" | "r+"): StorageFile {
    const file = super.openSync(mode);
    const overrides: Partial<StorageFile> = {
      writeSync: (bytes, position) => {
        this.#take(position, position + bytes.length);
        file.writeSync(bytes, position);
      },
      // The rest of the last block becomes zeros, even if the file has that size already.
      truncateSync: (size) => {
        this.#take(size - (size % BLOCK === 0 ? 0 : 1), size);
        for (const block of this.#own) if (block * BLOCK >= size && this.#own.delete(block)) this.free++;
        file.truncateSync(size);
      },
      unshareSync: (length) => {
        if (this.#unshares) this.#take(0, length);
        return this.#unshares;
      },
    };
    overrides.write = (bytes, position) => overrides.writeSync?.(bytes, position);
    overrides.truncate = (size) => overrides.truncateSync?.(size);
    return new Proxy(file, {
      get(target, name) {
        if (name in overrides) return overrides[name as keyof StorageFile];
        const value = Reflect.get(target, name, target) as unknown;
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  override open(mode: "r" | "r+"): StorageFile {
    return this.openSync(mode);
  }

  /** All blocks of these bytes, or none. */
  #take(start: number, end: number): void {
    const shared: number[] = [];
    for (let block = Math.floor(start / BLOCK); block * BLOCK < end; block++) if (!this.#own.has(block)) shared.push(block);
    if (shared.length > this.free) throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
    this.free -= shared.length;
    for (const block of shared) this.#own.add(block);
  }
}
