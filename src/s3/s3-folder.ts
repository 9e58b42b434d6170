/** A prefix of keys in S3 as a folder of files. */
import { NpyError } from "../errors.ts";
import { type AsyncFolder, checkFileName, type Folder, type WholeFiles } from "../storage/folder.ts";
import { type FolderLike, locateFolder } from "../storage/locate.ts";
import type { AsyncStorage } from "../storage/storage.ts";
import { locateInS3, type S3Options } from "./options.ts";
import { s3Object } from "./s3-object.ts";
import type { S3Store } from "./s3-store.ts";

/** How a folder in S3 is used. */
export interface S3FolderOptions extends S3Options {
  /**
   * A folder on this machine where `NpyShards` keeps rows until their shard is in the store: the path of a directory, which is created, or a folder.
   *
   * A writer that is opened again with the same `spool`, after its process was killed, sends what is left there.
   *
   * @defaultValue in memory
   * @example spool: "spool-of-this-machine"
   */
  readonly spool?: FolderLike;
}

/** What every store is asked whether it overwrites. It stays there, empty. */
const PROBE = ".npy-append-array";

/**
 * The objects below a prefix, as {@link s3Folder} gives them.
 *
 * @internal
 */
export class S3Folder implements AsyncFolder {
  /** The URL, with `/` at its end. */
  readonly path: string;
  /** Files are sent whole, each in one request. */
  readonly whole: WholeFiles;
  readonly #store: S3Store;
  readonly #prefix: string;
  readonly #options: S3Options;

  constructor(url: string | URL, { spool, ...options }: S3FolderOptions) {
    const { store, key } = locateInS3(url, options);
    this.#store = store;
    this.#options = options;
    this.#prefix = key === "" || key.endsWith("/") ? key : `${key}/`;
    this.path = store.url(this.#prefix);
    this.whole = {
      maxBytes: store.limits.most,
      spool: spool === undefined ? undefined : spoolOf(spool),
      tag: tagOf(this.path),
      check: () => this.#check(),
      listAfter: (name) => this.#names(name),
      putIfAbsent: async (name, content, id) =>
        (await this.#store.put(this.#keyOf(name), content, { id, isNew: true })) !== undefined,
    };
  }

  get key(): unknown {
    return this.path;
  }

  #keyOf(name: string): string {
    return `${this.#prefix}${name}`;
  }

  list(): Promise<readonly string[]> {
    return this.#names(undefined);
  }

  async #names(after: string | undefined): Promise<string[]> {
    const names: string[] = [];
    const options = { isFlat: true, ...(after !== undefined && { after: this.#keyOf(after) }) };
    for await (const page of this.#store.list(this.#prefix, options)) {
      // Tools that show folders make an object of the prefix itself.
      for (const { key } of page) if (key !== this.#prefix) names.push(key.slice(this.#prefix.length));
    }
    return names;
  }

  /** The URL of a file, which has no query. */
  urlOf(name: string): string {
    return this.#store.url(this.#keyOf(name));
  }

  file(name: string): AsyncStorage {
    checkFileName(name, this.path);
    return s3Object(this.urlOf(name), this.#options);
  }

  /** A prefix needs not be made. */
  async create(): Promise<void> {
    await this.whole.spool?.create();
  }

  /** Some stores ignore conditions they do not know: there, writers would overwrite each other's shards. */
  async #check(): Promise<void> {
    for (let tries = 0; tries < 2; tries++) {
      const etag = await this.#store.put(this.#keyOf(PROBE), new Uint8Array(0), { isNew: true });
      if (etag === undefined) return;
    }
    throw new NpyError(
      "ERR_NPY_OPTION",
      "This store ignores If-None-Match: *, so that writers would overwrite each other's shards: use another store, or write one object each.",
      { path: this.path },
    );
  }
}

/**
 * The objects below a prefix as a folder: of shards for `NpyShards`, which any number of machines fill with nothing but the store, and to be read as one
 * array by `NpyReader.open`. Rows are safe once their shard is in the store: when it is full, or after `sync` or `close`, which send a shorter one. With `spool` they
 * are on the local disk until then, else in memory. A shard is sent in one request, which takes up to 5 GiB.
 *
 * @throws NpyError `ERR_NPY_OPTION` for what is not the URL of a bucket or of keys in it, and for wrong options.
 */
export function s3Folder(url: string | URL, options: S3FolderOptions = {}): S3Folder {
  return new S3Folder(url, options);
}

function spoolOf(spool: FolderLike): Folder {
  const folder = locateFolder(spool);
  if (folder.whole === undefined) return folder;
  throw new NpyError("ERR_NPY_OPTION", "Invalid options: spool must be a folder on this machine, not one of a store.", {
    path: folder.path,
  });
}

/** Source: FNV-1a with 64 bits, RFC 9923. */
function tagOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of encodeURI(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char.charCodeAt(0))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}
