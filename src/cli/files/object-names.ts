/** Names of objects in S3 on the command line, `s3://bucket/key`, and the URLs that they stand for. */

/** Where the store answers, without a slash at its end, once an object was looked for. */
let endpoint: string | undefined;

export function isObject(file: string): boolean {
  return /^s3:\/\//i.test(file);
}

/** The bucket of a name; `undefined` for paths. */
export function bucketOf(name: string): string | undefined {
  return /^s3:\/\/([^/]+)/i.exec(name)?.[1];
}

/** The URL of an object, or of all that is below a prefix; `undefined` if the name has no bucket. */
export function urlOf(name: string, at: string): string | undefined {
  const [, bucket, key = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/is.exec(name) ?? [];
  if (bucket === undefined) return undefined;
  endpoint = at;
  return `${at}/${[bucket, ...key.split("/")].map(encodeURIComponent).join("/")}`;
}

/** A path, or the name that stands for a URL of the store. */
export function nameOf(path: string): string {
  if (endpoint === undefined || !path.startsWith(`${endpoint}/`)) return path;
  return `s3://${decodeURIComponent(path.slice(endpoint.length + 1))}`;
}
