/** Objects of S3 as files. */

import { NpyError, quoted } from "../errors.ts";
import { ObjectStorage } from "../objects/object-storage.ts";
import { hasEqualParts, locateInS3, type S3Options, type S3PartOptions } from "./options.ts";

/** How an object is written. */
export interface S3ObjectOptions extends S3PartOptions {
  /**
   * The bytes of a part, 5 MiB to 5 GiB: up to nine parts are held in memory.
   *
   * Parts are larger if the option `expectedRows` of `open` asks for it, and become larger if an object turns out to need many.
   *
   * @defaultValue 8 MiB
   * @example partSize: 32 * 2 ** 20
   */
  readonly partSize?: number;
}

const PART = 2 ** 23;

/**
 * An object of S3, or of a server that speaks its language, as a file: for reading, and for appending. Asynchronous only.
 *
 * What is appended is in memory, and in parts that nobody sees, until `sync()` or `close()` makes it visible, all at once; a process that is killed
 * loses what was not synced. An existing object is not downloaded: the store copies what it holds into the next version.
 *
 * @param url `https://endpoint/bucket/key`, or of AWS also `https://bucket.s3.region.amazonaws.com/key`.
 * @throws NpyError `ERR_NPY_OPTION`.
 * @example
 * ```ts
 * const client = new AwsClient({ accessKeyId, secretAccessKey, service: "s3", region, retries: 0 });
 * const object = s3Object("https://s3.eu-central-1.amazonaws.com/bucket/log.npy", { fetch: (url, init) => client.fetch(url, init) });
 * await using npaa = await NpyAppendArray.open(object);
 * await npaa.append(rows);
 * await npaa.sync();
 * ```
 */
export function s3Object(url: string | URL, options: S3ObjectOptions = {}): ObjectStorage {
  const { store, key } = locateInS3(url, options);
  if (key === "" || key.endsWith("/"))
    throw invalid("The URL of an object must end with its key, and this one ends with /: for a folder there is s3Folder.");
  const { partSize = PART } = options;
  const { limits } = store;
  if (!Number.isSafeInteger(partSize) || partSize < limits.least || partSize > limits.most) {
    throw invalid(`Invalid options: partSize must be ${limits.least} to ${limits.most} bytes: found ${quoted(partSize)}.`);
  }
  return new ObjectStorage(store, key, { size: partSize, isEqual: hasEqualParts(store, options), limits });
}

/** Which uploads are dropped. */
export interface AbortStaleOptions extends S3Options {
  /**
   * Only those that began more than so many milliseconds ago.
   *
   * @defaultValue `0`: all, also those of writers that are at work
   * @example olderThan: 24 * 3600 * 1000
   */
  readonly olderThan?: number;
  /**
   * Stops; what was aborted before stays so.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal;
}

/**
 * Drops uploads that killed processes left: stores keep the parts of such uploads, and charge for them, but show them to nobody. A writer whose upload is
 * dropped cannot publish what it has sent: let none be at work, or say `olderThan`.
 *
 * @param prefix The URL with which those of the objects begin, such as `https://endpoint/bucket/logs/`.
 * @returns How many were dropped.
 * @throws NpyError `ERR_NPY_OPTION`; the runtime's own errors.
 * @example
 * ```ts
 * await abortStale("https://s3.eu-central-1.amazonaws.com/bucket/logs/", { fetch, olderThan: 24 * 3600 * 1000 });
 * ```
 */
export async function abortStale(prefix: string | URL, options: AbortStaleOptions = {}): Promise<number> {
  const { store, key } = locateInS3(prefix, options);
  const { olderThan = 0, signal } = options;
  if (!(typeof olderThan === "number" && olderThan >= 0)) {
    throw invalid(`Invalid options: olderThan must be milliseconds, 0 or more: found ${quoted(olderThan)}.`);
  }
  const latest = olderThan === 0 ? Number.POSITIVE_INFINITY : Date.now() - olderThan;
  let count = 0;
  for await (const page of store.listUploads(key, { signal })) {
    for (const upload of page) {
      // Where the store does not say when it began, it is kept.
      if (!(upload.began < latest) && olderThan > 0) continue;
      await store.abort(upload, { signal });
      count++;
    }
  }
  return count;
}

function invalid(message: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", message);
}
