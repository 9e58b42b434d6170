/** Where an object lies: from the URL that users write to the bucket and the key. */
import { NpyError } from "../errors.ts";

/** A bucket, and a key or a prefix of keys in it. */
export interface Address {
  /** The URL of the bucket, without a slash at its end. */
  readonly root: string;
  readonly bucket: string;
  readonly key: string;
}

/** The bucket in the host's name. Source: Amazon S3 User Guide, "Virtual hosting of general purpose buckets". */
const IN_HOST = /^(.+?)\.s3[.-](?:[a-z\d-]+\.)*amazonaws\.com(?:\.cn)?$/;

/**
 * Reads `https://endpoint/bucket/key` and, of AWS, `https://bucket.s3.region.amazonaws.com/key`.
 *
 * @throws NpyError `ERR_NPY_OPTION`. The URL is not quoted: it may hold a password or a signature.
 */
export function addressOf(text: string | URL): Address {
  let url: URL;
  try {
    url = new URL(String(text));
  } catch {
    throw notAnObject("one that is not valid");
  }
  if (!/^https?:$/.test(url.protocol)) throw notAnObject(`${url.protocol}//`);
  if (url.username !== "" || url.password !== "")
    throw notAnObject("one with a user name or a password: pass a fetch that signs");
  if (url.search !== "" || url.hash !== "") throw notAnObject("one with a query or a fragment: pass a fetch that signs instead");
  const [, inHost] = IN_HOST.exec(url.hostname) ?? [];
  if (inHost !== undefined) return { root: url.origin, bucket: inHost, key: decoded(url.pathname.slice(1)) };
  const [bucket = "", ...rest] = url.pathname.slice(1).split("/");
  if (bucket === "") throw notAnObject("one without a bucket");
  return { root: `${url.origin}/${bucket}`, bucket: decoded(bucket), key: decoded(rest.join("/")) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notAnObject("one whose percent signs are not followed by hexadecimal digits of UTF-8");
  }
}

function notAnObject(found: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Expected the URL of an object, such as https://endpoint/bucket/key: found ${found}.`);
}

/** Part of a URL as signatures want it. Source: AWS Signature Version 4, `UriEncode`. */
export function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The path of a key. */
export function encodedKey(key: string): string {
  return encoded(key).replaceAll("%2F", "/");
}
