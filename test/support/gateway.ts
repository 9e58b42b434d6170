/**
 * A real S3 server for tests: the one of `AWS_ENDPOINT_URL`, if it is on this machine, or the one that `scripts/gateway.sh up` started. Tests that need it
 * are skipped where there is none; `REQUIRE_GATEWAY=1` (CI) makes its absence a failure.
 */
import { spawnSync } from "node:child_process";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { signingFetchOf } from "./signing-fetch.ts";

/** What tools know the server by: `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and so on. */
export type GatewayVariables = Readonly<Record<string, string>>;

const NAMES = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"];

/** The variables of the server, for processes that tests start; `undefined` if there is none. */
export const gatewayVariables: GatewayVariables | undefined = ofEnvironment() ?? ofScript();

if (gatewayVariables === undefined && process.env["REQUIRE_GATEWAY"] === "1") {
  throw new Error("REQUIRE_GATEWAY=1, but there is no S3 server: start it with scripts/gateway.sh up");
}

/** Tests write only to a server of this machine, whatever store the developer works with. */
function ofEnvironment(): GatewayVariables | undefined {
  const endpoint = process.env["AWS_ENDPOINT_URL"];
  if (endpoint === undefined || !["127.0.0.1", "localhost"].includes(new URL(endpoint).hostname)) return undefined;
  return Object.fromEntries(NAMES.map((name) => [name, process.env[name] ?? "us-east-1"]));
}

function ofScript(): GatewayVariables | undefined {
  if (process.platform !== "linux") return undefined;
  const { status, stdout } = spawnSync(join("scripts", "gateway.sh"), ["env"], { encoding: "utf8", timeout: 300_000 });
  if (status !== 0) return undefined;
  return Object.fromEntries(
    stdout
      .trim()
      .split("\n")
      .map((line) => line.split("=", 2) as [string, string]),
  );
}

/** A `fetch` that signs with the keys of the server. */
export function signingFetch(variables: GatewayVariables = gatewayVariables as GatewayVariables): typeof fetch {
  return signingFetchOf(variables);
}

/** A new, empty bucket; removed with all that is in it when the test ends. Its URL has no `/` at the end. */
export async function newBucket(): Promise<string> {
  const url = `${gatewayVariables?.["AWS_ENDPOINT_URL"]}/npy-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  await answered(url, { method: "PUT" });
  onTestFinished(() => removeBucket(url));
  return url;
}

/** Lets everybody read the objects of a bucket, as engines do that sign nothing. */
export async function publish(bucket: string): Promise<void> {
  const name = new URL(bucket).pathname.slice(1);
  const statement = { Effect: "Allow", Principal: "*", Action: ["s3:GetObject"], Resource: [`arn:aws:s3:::${name}/*`] };
  await answered(`${bucket}?policy`, { method: "PUT", body: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) });
}

/** What a request that must succeed answers. */
export async function answered(url: string, init?: RequestInit): Promise<string> {
  const response = await signingFetch()(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init?.method ?? "GET"} ${url}: ${response.status} ${text}`);
  return text;
}

/** The keys in a bucket, in their order. */
export async function keysOf(bucket: string): Promise<string[]> {
  return await listed(`${bucket}?list-type=2`, "Key", "NextContinuationToken", "continuation-token");
}

/** The uploads that are under way in a bucket, as keys and ids. */
export async function uploadsOf(bucket: string): Promise<[key: string, id: string][]> {
  const text = await answered(`${bucket}?uploads`);
  const keys = values(text, "Key");
  return values(text, "UploadId").map((id, i) => [keys[i] as string, id]);
}

async function listed(url: string, name: string, next: string, parameter: string): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const text = await answered(token === undefined ? url : `${url}&${parameter}=${encodeURIComponent(token)}`);
    for (const value of values(text, name)) found.push(value);
    token = values(text, next)[0];
  } while (token !== undefined);
  return found;
}

function values(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, value]) =>
    (value as string)
      .replaceAll("&quot;", '"')
      .replaceAll("&apos;", "'")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&"),
  );
}

async function removeBucket(url: string): Promise<void> {
  const path = (key: string): string => `${url}/${key.split("/").map(encodeURIComponent).join("/")}`;
  for (const [key, id] of await uploadsOf(url)) {
    await answered(`${path(key)}?uploadId=${encodeURIComponent(id)}`, { method: "DELETE" });
  }
  const keys = await keysOf(url);
  for (let i = 0; i < keys.length; i += 16) {
    await Promise.all(keys.slice(i, i + 16).map((key) => answered(path(key), { method: "DELETE" })));
  }
  await answered(url, { method: "DELETE" });
}

/**
 * What happens to a request. `"lose"`: the server does its work, and its answer is lost with the connection. `"drop"`: the connection is lost before the server
 * sees the request. `"hang"`: there is never an answer. A number: the server answers with this status and does nothing.
 */
export type Fate = "pass" | "lose" | "drop" | "hang" | number;

/** A way to the server on which requests come to grief. */
export interface FaultyWay {
  /** The same URL, by this way. */
  via(url: string): string;
  /** What became of all requests, as `"PUT /key lose"`, without queries. */
  readonly log: string[];
}

/** Starts a proxy before the server; `fate` decides on each request. It ends with the test. */
export async function faultyWay(fate: (request: IncomingMessage) => Fate): Promise<FaultyWay> {
  const target = new URL(gatewayVariables?.["AWS_ENDPOINT_URL"] as string);
  const log: string[] = [];
  const server = createServer((request, response) => {
    const happens = fate(request);
    log.push(`${request.method} ${request.url?.replace(/\?.*/, "")} ${happens}`);
    if (happens === "drop") {
      request.socket.destroy();
      return;
    }
    if (happens === "hang") {
      request.resume();
      return;
    }
    if (typeof happens === "number") {
      request.resume().on("end", () => {
        response.writeHead(happens, { "Content-Type": "application/xml" });
        response.end(`<?xml version="1.0"?><Error><Code>${happens === 503 ? "SlowDown" : "InternalError"}</Code></Error>`);
      });
      return;
    }
    // The signature covers the name of the host, which stays as the client has it.
    const { method, url: path, headers } = request;
    const forwarded = httpRequest({ host: target.hostname, port: target.port, method, path, headers }, (answer) => {
      if (happens === "lose") {
        answer.resume().on("end", () => request.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on("error", () => request.socket.destroy());
    response.on("close", () => forwarded.destroy());
    request.pipe(forwarded);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { log, via: (url) => url.replace(target.origin, `http://127.0.0.1:${port}`) };
}

/** A `fetch` that signs, and counts the bytes of bodies. */
export interface CountingFetch {
  readonly fetch: typeof fetch;
  received: number;
  sent: number;
  requests: number;
}

export function countingFetch(): CountingFetch {
  const sign = signingFetch();
  const counts: CountingFetch = { fetch: counted, received: 0, sent: 0, requests: 0 };
  async function counted(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
    const { body } = init ?? {};
    counts.requests++;
    counts.sent += body instanceof Uint8Array ? body.length : body instanceof Blob ? body.size : String(body ?? "").length;
    const response = await sign(input, init);
    if (init?.method !== "HEAD") counts.received += Number(response.headers.get("content-length") ?? 0);
    return response;
  }
  return counts;
}
