/** Objects in S3 on the command line: `s3://bucket/key`, and `s3://bucket/prefix/` for a folder. */
import type { ConcatOptions, Fetch, JoinReport, ObjectStorage, S3Folder } from "../../s3.ts";
import { FileProblem } from "../program/failure.ts";
import { awsSettings } from "./aws-settings.ts";
import { urlOf } from "./object-names.ts";

/** The store, and what signs for it. */
interface Store {
  readonly endpoint: string;
  readonly fetch: Fetch;
}

let store: Promise<Store> | undefined;

/** The object of a name. */
export async function objectAt(name: string): Promise<ObjectStorage> {
  const { url, fetch } = await locate(name);
  if (url.endsWith("/")) throw new FileProblem(name, "it is a folder: name an object in it");
  return (await import("../../s3.ts")).s3Object(url, { fetch });
}

/** All that is below a name. */
export async function prefixAt(name: string): Promise<S3Folder> {
  const { url, fetch } = await locate(name);
  return (await import("../../s3.ts")).s3Folder(url, { fetch });
}

/** Writes the rows of objects into another one, by copies that the store makes. All must be in one bucket. */
export async function joinObjects(out: string, names: readonly string[], options: ConcatOptions): Promise<JoinReport> {
  const { url, fetch } = await locate(out);
  const urls = await Promise.all(names.map(async (name) => (await locate(name)).url));
  return await (await import("../../s3.ts")).concat(url, urls, { ...options, fetch });
}

async function locate(name: string): Promise<{ readonly url: string; readonly fetch: Fetch }> {
  store ??= openStore(name);
  const { endpoint, fetch } = await store;
  const url = urlOf(name, endpoint);
  if (url === undefined) throw new FileProblem(name, "it has no bucket: write s3://bucket/key");
  return { url, fetch };
}

/** The signer is loaded here, so that commands on files start without it. */
async function openStore(name: string): Promise<Store> {
  const { endpoint, sessionToken, ...keys } = await awsSettings(name);
  const { AwsClient } = await import("aws4fetch");
  // What is tried again is the library's affair.
  const given = { ...keys, service: "s3", retries: 0 };
  const client = new AwsClient(sessionToken === undefined ? given : { ...given, sessionToken });
  return { endpoint, fetch: (url, init) => client.fetch(url, init) };
}
