/** Objects in S3 on the command line: `s3://bucket/key`, and `s3://bucket/prefix/` for a folder of shards. */
import type { SourceLike } from "../../node.ts";
import { FileProblem } from "../program/failure.ts";

export function isObject(file: string): boolean {
  return /^s3:\/\//i.test(file);
}

/** What the library takes for a name in S3. The signer and the client are loaded here, so that others start without them. */
export async function locateObject(file: string): Promise<SourceLike> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/is.exec(file) ?? [];
  if (bucket === undefined || key === undefined) throw new FileProblem(file, "it has no bucket and key: write s3://bucket/key");
  const accessKeyId = variable("AWS_ACCESS_KEY_ID");
  const secretAccessKey = variable("AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new FileProblem(file, "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  const region = variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION") ?? "us-east-1";
  const endpoint = variable("AWS_ENDPOINT_URL_S3") ?? variable("AWS_ENDPOINT_URL") ?? `https://s3.${region}.amazonaws.com`;
  const sessionToken = variable("AWS_SESSION_TOKEN");
  const [{ AwsClient }, { s3Folder, s3Object }] = await Promise.all([import("aws4fetch"), import("../../s3.ts")]);
  // What is tried again is the library's affair.
  const given = { accessKeyId, secretAccessKey, region, service: "s3", retries: 0 };
  const client = new AwsClient(sessionToken === undefined ? given : { ...given, sessionToken });
  const fetch = (url: string, init?: RequestInit): Promise<Response> => client.fetch(url, init);
  const url = `${endpoint.replace(/\/+$/, "")}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  return key === "" || key.endsWith("/") ? s3Folder(url, { fetch }) : s3Object(url, { fetch });
}

/** An empty variable counts as none, as for other tools. */
function variable(name: string): string | undefined {
  return process.env[name] || undefined;
}
