/** One range request: its time limit, and the check that the range that came is the one that was asked for. */
import { NpyError } from "../errors.ts";
import { onAbort } from "./signals.ts";

/** A URL, and what is sent with each request to it. */
export interface Target {
  /** Without user name and password. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What ends a request before its time. */
export interface RequestLimits {
  readonly signals: readonly AbortSignal[];
  /** Milliseconds in which {@link PROGRESS} bytes, or the rest of the range, must arrive. */
  readonly timeout: number;
}

/** Bytes `start` to `end` (not included). */
export interface Wanted {
  readonly start: number;
  readonly end: number;
}

/** What a response says of the whole file. */
export interface Found {
  readonly size: number;
  /** The ETag, or else the date: shows whether the file has changed. */
  readonly validator: string | undefined;
}

/** A slower transfer is given up, even if a byte arrives now and then. */
const PROGRESS = 2 ** 14;

/** A time limit is counted in ticks, so that a thread that was busy for long reads what has arrived before it gives up. */
const TICKS = 10;

/** The longest delay of a timer. */
const MAX_DELAY = 2 ** 31 - 1;

/** The time limits of Node's own fetch. */
const RUNTIME_TIMEOUTS: readonly unknown[] = ["UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"];

/**
 * Requests a range, and reads into the memory that `accept` gives for it. `accept` is called once the response has been checked, and may refuse it.
 * Returns `undefined` if the file ends before the range.
 *
 * Source: RFC 9110, section 14 (range requests) and 8.8 (validators).
 *
 * @throws NpyError `ERR_NPY_OPTION` for any other response than that range; runtime errors with the codes `ENOENT`, `EIO`, `ETIMEDOUT` and those
 * of connections; the reason of a signal.
 */
export async function requestRange(
  target: Target,
  wanted: Wanted,
  limits: RequestLimits,
  accept: (found: Found) => Uint8Array,
): Promise<Found | undefined> {
  const { url, headers } = target;
  const watch = new Watch(url, limits);
  let response: Response | undefined;
  try {
    response = await fetch(url, {
      headers: { ...headers, Range: `bytes=${wanted.start}-${wanted.end - 1}`, "Accept-Encoding": "identity" },
      signal: watch.signal,
    });
    const found = checkResponse(response, wanted, url);
    if (found !== undefined) await readBody(response, bytesIn(wanted, found), accept(found), watch, url);
    return found;
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof TypeError ? connectionError(error, url) : error;
  } finally {
    watch.end();
    // Otherwise the connection would stay open until the rest of the body has arrived.
    if (response?.body?.locked === false) response.body.cancel().catch(() => undefined);
  }
}

/** Aborts a request that a signal stops, or that brings too little for too long. */
class Watch {
  readonly #controller = new AbortController();
  readonly #forget: readonly (() => void)[];
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #ticks = 0;
  #bytes = 0;

  constructor(url: string, { signals, timeout }: RequestLimits) {
    this.#forget = signals.map((signal) => onAbort(signal, () => this.#controller.abort(signal.reason)));
    if (timeout > MAX_DELAY) return;
    this.#timer = setInterval(() => {
      if (++this.#ticks > TICKS) this.#controller.abort(timedOut(url, timeout));
    }, timeout / TICKS);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  arrived(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < PROGRESS) return;
    this.#bytes = 0;
    this.#ticks = 0;
  }

  end(): void {
    clearInterval(this.#timer);
    for (const forget of this.#forget) forget();
  }
}

/** Checks that a response is the range that was asked for; `undefined`: the file ends before it. */
function checkResponse(response: Response, wanted: Wanted, url: string): Found | undefined {
  const { status, statusText, headers } = response;
  const contentRange = headers.get("content-range");
  if (status === 416) {
    const size = numberOf(/^bytes \*\/(\d+)$/i.exec(contentRange ?? "")?.[1]);
    if (size !== undefined ? size <= wanted.start : contentRange === null && wanted.start > 0) return undefined;
    throw refused(wanted, `status 416, and Content-Range ${quoted(contentRange)}`);
  }
  if (status !== 206) {
    if (response.ok) throw refused(wanted, `status ${status} where 206 was expected: it ignores range requests`);
    const code = status === 404 || status === 410 ? "ENOENT" : "EIO";
    throw runtimeError(code, `the server answered ${status} ${quoted(statusText)}`, "open", url);
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw refused(wanted, `Content-Encoding ${quoted(encoding)}, of which ranges say nothing about the file`);
  }
  const type = headers.get("content-type");
  if (type !== null && /^multipart\/byteranges\b/i.test(type)) throw refused(wanted, `Content-Type ${quoted(type)}`);
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(contentRange ?? "") ?? [];
  const size = numberOf(total);
  const isWanted =
    size !== undefined &&
    wanted.start < size &&
    Number(first) === wanted.start &&
    Number(last) === Math.min(wanted.end, size) - 1;
  if (!isWanted) throw refused(wanted, `Content-Range ${quoted(contentRange)}`);
  return { size, validator: headers.get("etag") ?? headers.get("last-modified") ?? undefined };
}

function numberOf(digits: string | undefined): number | undefined {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** The bytes of a range that the file has. */
function bytesIn({ start, end }: Wanted, { size }: Found): number {
  return Math.min(end, size) - start;
}

/** Reads a body of exactly `length` bytes, to its end: only then is the connection used again. Nothing beyond them is kept. */
async function readBody(response: Response, length: number, buffer: Uint8Array, watch: Watch, url: string): Promise<void> {
  const reader = response.body?.getReader();
  let done = 0;
  try {
    while (reader !== undefined) {
      const { value } = await reader.read();
      if (value === undefined) break;
      if (done + value.length > length) {
        throw runtimeError("EIO", `the body is longer than its range of ${length} bytes`, "read", url);
      }
      buffer.set(value, done);
      done += value.length;
      watch.arrived(value.length);
    }
  } finally {
    reader?.cancel().catch(() => undefined);
  }
  if (done < length) throw runtimeError("EIO", `the body ended after ${done} of ${length} bytes`, "read", url);
}

function refused({ start, end }: Wanted, found: string): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    `The server was asked for bytes ${start}-${end - 1}, and answered with ${found}. Fetch the file whole, and read it from a MemoryStorage.`,
  );
}

/** A header, as far as messages quote it. */
function quoted(text: string | null): string {
  if (text === null) return "missing (or, in a browser, not exposed to this page)";
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function timedOut(url: string, timeout: number): Error {
  return runtimeError("ETIMEDOUT", `less than ${PROGRESS} bytes arrived in ${timeout} ms`, "read", url);
}

/** What fetch says of a connection, with the code that the runtime gives. */
function connectionError(error: TypeError, url: string): Error {
  const { code, message } = (error.cause ?? error) as { readonly code?: unknown; readonly message?: unknown };
  const known = RUNTIME_TIMEOUTS.includes(code) ? "ETIMEDOUT" : code;
  const isSystems = typeof known === "string" && /^E[A-Z]+$/.test(known);
  const said = typeof message === "string" && message !== "" ? message : error.message;
  return runtimeError(isSystems ? known : "EIO", said, "connect", url, error);
}

/** An error like those of a file system. */
function runtimeError(code: string, message: string, syscall: string, path: string, cause?: unknown): Error {
  const error = new Error(`${code}: ${message}, ${syscall} '${path}'`, cause === undefined ? undefined : { cause });
  return Object.assign(error, { code, syscall, path });
}
