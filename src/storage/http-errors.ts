/** What is said of servers and connections that fail. */
import { NpyError } from "../errors.ts";
import { asTransient, isTransientStatus } from "./retry.ts";

/** The time limits of Node's own fetch. */
const RUNTIME_TIMEOUTS: readonly unknown[] = ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"];

/** What a page needs of a server of another origin. */
const CORS =
  "Access-Control-Allow-Origin, Access-Control-Allow-Headers: Range, and Access-Control-Expose-Headers: Content-Range, ETag (CORS)";

/** An error like those of a file system. */
export function runtimeError(code: string, message: string, syscall: string, path: string, cause?: unknown): Error {
  const error = new Error(`${code}: ${message}, ${syscall} '${path}'`, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code, syscall, path });
}

/** A URL as messages show it: a query may hold a signature. */
export function shownUrl({ href }: URL): string {
  return href.replace(/[?#].*/s, "");
}

/** The error for an answer without a file. */
export function statusError({ status, statusText, type, headers }: Response, url: string): Error {
  if (type === "opaqueredirect" || (status >= 300 && status < 400 && status !== 304)) {
    const message = "the server redirects to another address, to which nothing is sent that may be signed: use that address";
    return runtimeError("EIO", message, "open", url);
  }
  const code = status === 404 || status === 410 ? "ENOENT" : "EIO";
  const error = runtimeError(code, `the server answered ${status} ${JSON.stringify(clipped(statusText))}`, "open", url);
  return isTransientStatus(status) ? asTransient(error, headers) : error;
}

/** The error for a body that ended early. */
export function bodyEnded(done: number, length: number, url: string): Error {
  return asTransient(runtimeError("EIO", `the body ended after ${done} of ${length} bytes`, "read", url));
}

/** What fetch says of a connection, with the code that the runtime gives. */
export function connectionError(error: TypeError, url: string): Error {
  const { code, message } = (error.cause ?? error) as { readonly code?: unknown; readonly message?: unknown };
  const known = RUNTIME_TIMEOUTS.includes(code) ? "ETIMEDOUT" : code;
  const isSystems = typeof known === "string" && /^E[A-Z]+$/.test(known);
  const said = typeof message === "string" && message !== "" ? message : error.message;
  const hint = isOfOtherOrigin(url) ? ` (if the server can be reached, its answer may lack ${CORS})` : "";
  return asTransient(runtimeError(isSystems ? known : "EIO", `${said}${hint}`, "connect", url, error));
}

/** Whether this is a page, and the URL is of another origin. A page is not told why a request to one failed. */
function isOfOtherOrigin(url: string): boolean {
  const { location } = globalThis as { location?: { readonly origin?: string } };
  return location?.origin !== undefined && location.origin !== new URL(url).origin;
}

/** The error for another response than the range that was asked for. */
export function refused({ start, end }: { readonly start: number; readonly end: number }, found: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `The server was asked for bytes ${start}-${end - 1}, and answered with ${found}.`);
}

/** The same, with what to do where the file is needed in parts. */
export function refusedRange(wanted: { readonly start: number; readonly end: number }, found: string): NpyError {
  return refused(wanted, `${found}. Fetch the file whole, and pass the response: load(await fetch(url))`);
}

/** A header of a response, as far as messages quote it. */
export function quotedHeader({ headers, type }: Response, name: string): string {
  const text = headers.get(name);
  if (text !== null) return `${name} ${JSON.stringify(clipped(text))}`;
  if (type !== "cors") return `${name} missing`;
  return `no ${name} that this page may read: the server must send Access-Control-Expose-Headers: Content-Range, ETag (CORS)`;
}

function clipped(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
