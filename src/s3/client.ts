/** One request to S3 and its answer, made again if it failed by no fault of its own. */
import { connectionError, runtimeError, statusError } from "../storage/http-errors.ts";
import { asTransient, retrying } from "../storage/retry.ts";
import type { Fetch } from "../storage/storage.ts";
import { Watch } from "../storage/watch.ts";
import { textOf } from "./xml.ts";

/** How requests are made. */
export interface ClientOptions {
  readonly fetch: Fetch;
  readonly timeout: number;
  readonly retries: number;
}

export interface S3Request {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Blob | string;
  /** The bytes that the server has to move before it answers. */
  readonly moved?: number;
  /** The statuses other than 2xx that the caller takes as an answer. */
  readonly accepted?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A server moves at least so many bytes in the time of the limit. */
const SLOWEST = 2 ** 20;

/** Conflicts and time limits of the server, after which the same request may succeed. Source: Amazon S3 API Reference, "Error responses". */
const TRANSIENT_CODES =
  /^(InternalError|SlowDown|ServiceUnavailable|RequestTimeout|ConditionalRequestConflict|OperationAborted)$/;

/**
 * @throws runtime errors with the codes `ENOENT`, `EIO`, `ETIMEDOUT` and those of connections, which name the URL without its query; the reason of
 * the signal; whatever `fetch` throws itself.
 */
export async function send(request: S3Request, { fetch, timeout, retries }: ClientOptions): Promise<S3Answer> {
  const { signal } = request;
  const signals = signal === undefined ? [] : [signal];
  return await retrying(() => once(request, fetch, { signals, timeout }), retries, signals);
}

async function once(
  { method, url, headers = {}, body, moved = sizeOf(body), accepted = [] }: S3Request,
  fetch: Fetch,
  { signals, timeout }: { readonly signals: readonly AbortSignal[]; readonly timeout: number },
): Promise<S3Answer> {
  const shown = url.replace(/\?.*/s, "");
  for (const signal of signals) signal.throwIfAborted();
  const watch = new Watch(shown, { signals, timeout: timeout * (1 + moved / SLOWEST) });
  try {
    const sent = fetch(url, {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> | Blob | string }),
      // What is signed for one server must not reach another.
      redirect: "manual",
      signal: watch.signal,
    });
    const response = await watch.until(sent);
    // Read to its end, whatever it says: only then is the connection used again.
    const text = await watch.until(response.text());
    const answer = { status: response.status, headers: response.headers, text };
    const code = textOf(text.slice(0, 2 ** 16), "Code");
    if (TRANSIENT_CODES.test(code)) throw asTransient(failure(response, code, shown), response.headers);
    if (response.ok || accepted.includes(response.status)) return answer;
    throw code === "" ? statusError(response, shown) : failure(response, code, shown);
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof TypeError ? connectionError(error, shown) : error;
  } finally {
    watch.end();
  }
}

function sizeOf(body: Uint8Array | Blob | string | undefined): number {
  if (body === undefined) return 0;
  return typeof body === "string" || body instanceof Uint8Array ? body.length : body.size;
}

/** Quotes only the code of S3's errors: their other elements hold keys and signatures. */
function failure({ status }: Response, code: string, url: string): Error {
  const known = /^\w{1,80}$/.test(code) ? ` (${code})` : "";
  return runtimeError(status === 404 ? "ENOENT" : "EIO", `the store answered ${status}${known}`, "request", url);
}

/** The error for an answer that lacks what it must have. */
export function senseless(url: string, lacking: string): Error {
  return runtimeError(
    "EIO",
    `the store's answer has no ${lacking}: is this an S3 endpoint?`,
    "request",
    url.replace(/\?.*/s, ""),
  );
}

/** The error of an answer that was accepted by its status, after all. */
export function answered({ status, text }: S3Answer, url: string): Error {
  return failure({ status } as Response, textOf(text, "Code"), url.replace(/\?.*/s, ""));
}
