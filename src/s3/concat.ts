/** Joins objects in S3. */
import { NpyError, quoted } from "../errors.ts";
import { MAX_HEADER_SIZE } from "../format/header.ts";
import { type JoinReport, joinObjects } from "../objects/join-objects.ts";
import { inOrder } from "../reader/shard-names.ts";
import { attemptLater } from "../verb.ts";
import { hasEqualParts, locateInS3, type S3PartOptions } from "./options.ts";
import { S3Folder } from "./s3-folder.ts";

/** How objects are joined. */
export interface ConcatOptions extends S3PartOptions {
  /**
   * Replace an object that exists.
   *
   * @defaultValue `false`: an object that exists is an error
   * @example overwrite: true
   */
  readonly overwrite?: boolean;
  /**
   * The longest header that is read, in bytes.
   *
   * @defaultValue `10_000`
   * @example maxHeaderSize: 1_000_000
   */
  readonly maxHeaderSize?: number;
  /**
   * Stops joining. The upload is aborted.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal;
  /**
   * Called with the bytes of rows that are in the new object so far, and those of all.
   *
   * @defaultValue none
   * @example onProgress: (done, total) => console.log(done / total)
   */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Writes the rows of several `.npy` objects, or of the shards in a folder, into one object. The store copies them: nothing passes through this process but what
 * the 5 MiB force that a part must have at least, which are the first bytes, and objects or rests that are smaller. The new object appears as a whole.
 *
 * @param target `https://endpoint/bucket/key`.
 * @param sources The URLs of objects in the same bucket, in the order of their rows, or the {@link s3Folder} of shards.
 * @throws NpyError `ERR_NPY_OPTION` for objects of other buckets, and if they would need more parts than an object can have; `ERR_NPY_DTYPE` and `ERR_NPY_SHAPE` if
 * their rows differ; `ERR_NPY_CHANGED` if an object is replaced meanwhile. The runtime's own errors, such as `EEXIST` if there is such an object.
 * @example
 * ```ts
 * const folder = s3Folder("https://s3.eu-central-1.amazonaws.com/bucket/run", { fetch });
 * await concat("https://s3.eu-central-1.amazonaws.com/bucket/run.npy", folder, { fetch });
 * ```
 */
export async function concat(
  target: string | URL,
  sources: readonly (string | URL)[] | S3Folder,
  options: ConcatOptions = {},
): Promise<JoinReport> {
  const { store, key } = locateInS3(target, options);
  return await attemptLater(store.url(key), async () => {
    if (key === "" || key.endsWith("/")) throw notAKey(target);
    const { overwrite = false, maxHeaderSize = MAX_HEADER_SIZE, signal, onProgress } = options;
    const urls = sources instanceof S3Folder ? await shardsOf(sources) : sources;
    if (!Array.isArray(urls)) {
      throw new NpyError("ERR_NPY_OPTION", `Expected a list of URLs, or an s3Folder: found ${quoted(sources)}.`);
    }
    const keys = urls.map((url: string | URL) => {
      const found = locateInS3(url, options);
      if (found.store.name === store.name) return found.key;
      throw new NpyError("ERR_NPY_OPTION", `A store copies within a bucket, here ${store.name}: this object is in another one.`, {
        path: found.store.url(found.key),
      });
    });
    const isEqual = hasEqualParts(store, options);
    return await joinObjects(store, key, keys, { isReplaced: overwrite, isEqual, maxHeaderSize, signal, onProgress });
  });
}

async function shardsOf(folder: S3Folder): Promise<string[]> {
  const names = inOrder(await folder.list());
  if (names.length > 0) return names.map((name) => folder.urlOf(name));
  const message = `ENOENT: there are no shards, whose names are digits alone such as 00000000.npy, in '${folder.path}'`;
  throw Object.assign(new Error(message), { code: "ENOENT", path: folder.path });
}

function notAKey(target: string | URL): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Expected the URL of an object: found ${quoted(String(target))}, which ends with /.`);
}
