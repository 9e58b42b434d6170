/** An object of a store as the place of a file. */
import { runtimeError } from "../storage/http-errors.ts";
import type { AsyncStorage, AsyncStorageFile, OpenMode, ReadPurpose } from "../storage/storage.ts";
import { GrowingObject } from "./growing-object.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Cutting } from "./tail.ts";

/** A file that is an object. What is written becomes visible when it is published. */
export class ObjectStorage implements AsyncStorage {
  /** The URL, which names the object in messages. */
  readonly path: string;
  readonly key: unknown;
  readonly #store: ObjectStore;
  readonly #name: string;
  readonly #cutting: Cutting;
  /** The ETag of the object when it was last opened or created: only this version is replaced. */
  #seen: string | undefined;

  constructor(store: ObjectStore, name: string, cutting: Cutting) {
    this.path = store.url(name);
    this.key = this.path;
    this.#store = store;
    this.#name = name;
    this.#cutting = cutting;
  }

  async open(mode: OpenMode, purpose: ReadPurpose = {}): Promise<AsyncStorageFile> {
    this.#seen = undefined;
    if (mode === "r") {
      const file = await this.#store.open(this.#name, purpose);
      this.#seen = file.validator ?? (await this.#store.head(this.#name, purpose))?.etag;
      return file;
    }
    const found = await this.#store.head(this.#name, purpose);
    if (found === undefined) throw runtimeError("ENOENT", "there is no such object", "open", this.path);
    this.#seen = found.etag;
    const file = this.#grow(found);
    await file.open();
    return file;
  }

  #grow(version?: { readonly etag: string; readonly size: number }): GrowingObject {
    // Equal for the same version, as of files that are read.
    const key = version === undefined ? Symbol(this.path) : `${this.path} ${version.etag} ${version.size}`;
    return new GrowingObject(this.#store, this.#name, this.#cutting, key, version);
  }

  async create(): Promise<AsyncStorageFile> {
    const etag = await this.#store.put(this.#name, new Uint8Array(0), { isNew: true, id: crypto.randomUUID() });
    if (etag === undefined) throw this.#exists();
    this.#seen = etag;
    return this.#grow({ etag, size: 0 });
  }

  createTemporary(): AsyncStorageFile {
    return this.#grow();
  }

  async replace(temporary: AsyncStorageFile): Promise<void> {
    const etag = await (temporary as GrowingObject).place({ etag: this.#seen });
    if (etag === undefined)
      throw runtimeError("EBUSY", "another program replaced or deleted the object meanwhile", "replace", this.path);
    this.#seen = etag;
  }

  async place(temporary: AsyncStorageFile): Promise<boolean> {
    const file = temporary as GrowingObject;
    if (!file.isShort) return false;
    this.#seen = await file.place({ isNew: true });
    if (this.#seen === undefined) throw this.#exists();
    return true;
  }

  /** Drops what was written. An object that was created here is deleted, unless another program has written to it. */
  async remove(file: AsyncStorageFile): Promise<void> {
    const growing = file as GrowingObject;
    const { version } = growing;
    await growing.abort();
    if (version === undefined || (await this.#store.head(this.#name))?.etag !== version.etag) return;
    await this.#store.delete(this.#name);
  }

  /**
   * Whether the store refuses to replace another version than the one that was continued, so that of two writers only one can succeed. Otherwise the
   * version is only checked right before it is replaced. Found out by a trial beside the object, once.
   */
  async honoursIfMatch(): Promise<boolean> {
    return await this.#store.honoursMatch(this.#name);
  }

  #exists(): Error {
    return runtimeError("EEXIST", "the object already exists", "create", this.path);
  }
}
