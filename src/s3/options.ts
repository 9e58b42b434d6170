/** The options of what is opened in S3. */
import { NpyError, quoted } from "../errors.ts";
import { RETRIES } from "../storage/retry.ts";
import type { Fetch } from "../storage/storage.ts";
import { TIMEOUT } from "../storage/watch.ts";
import { type Address, addressOf } from "./address.ts";
import { S3Store } from "./s3-store.ts";

/** How a store is reached. */
export interface S3Options {
  /**
   * Sends requests, and signs them, such as that of an `AwsClient` of aws4fetch.
   *
   * It must not repeat requests itself, and must heed `init.signal` and `init.redirect`.
   *
   * @defaultValue the runtime's `fetch`, for buckets that anybody may use
   * @example fetch: (url, init) => client.fetch(url, init)
   */
  readonly fetch?: Fetch;
  /**
   * The milliseconds in which a request must bring an answer, or 16 KiB of it; as many more for each MiB that is sent. Otherwise it is made again.
   *
   * @defaultValue `30_000`
   * @example timeout: 5000
   */
  readonly timeout?: number;
  /**
   * How often a request that a server or a connection failed is made again before it is an error.
   *
   * @defaultValue `5`
   * @example retries: 10
   */
  readonly retries?: number;
}

/** How objects are sent to a store. */
export interface S3PartOptions extends S3Options {
  /**
   * Whether all parts of an object but the last must have one size, as Cloudflare R2 wants it. Copies then take one request for each part.
   *
   * @defaultValue `true` for hosts of Cloudflare R2, else `false`
   * @example equalParts: true
   */
  readonly equalParts?: boolean;
}

/** Looked up at each call: tests and tools replace it. */
const runtimeFetch: Fetch = (url, init) => globalThis.fetch(url, init);

/**
 * The store that a URL leads to, and the key in it.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function locateInS3(url: string | URL, options: S3Options): { readonly store: S3Store; readonly key: string } {
  const { root, bucket, key }: Address = addressOf(url);
  const { fetch = runtimeFetch, timeout = TIMEOUT, retries = RETRIES } = options ?? {};
  if (typeof fetch !== "function") throw notValid("fetch", "a function", fetch);
  if (!(typeof timeout === "number" && timeout > 0)) throw notValid("timeout", "milliseconds, more than 0", timeout);
  if (!(Number.isSafeInteger(retries) && retries >= 0)) throw notValid("retries", "a number of repetitions, 0 or more", retries);
  return { store: new S3Store(root, bucket, { fetch, timeout, retries }), key };
}

/**
 * Whether parts have one size.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function hasEqualParts(store: S3Store, options: S3PartOptions): boolean {
  const { equalParts = new URL(store.name).hostname.endsWith(".r2.cloudflarestorage.com") } = options;
  if (typeof equalParts !== "boolean") throw notValid("equalParts", "true or false", equalParts);
  return equalParts;
}

function notValid(name: string, expected: string, found: unknown): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Invalid options: ${name} must be ${expected}: found ${quoted(found)}.`);
}
