/** One range request, and the check that the range that came is the one that was asked for. */
import { NpyError } from "../errors.ts";
import { Body } from "./body.ts";
import { bodyEnded, connectionError, quotedHeader, refused, refusedRange, runtimeError, statusError } from "./http-errors.ts";
import type { Fetch } from "./storage.ts";
import { type RequestLimits, Watch } from "./watch.ts";

/** A URL, and what is sent with each request to it. */
export interface Target {
  /** Without user name and password. */
  readonly url: string;
  /** The same for messages, where it has no query either: that may hold a signature. */
  readonly shown: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Default: that of the runtime. */
  readonly fetch?: Fetch | undefined;
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

/**
 * Requests a range, and reads into the memory that `accept` gives for it. `accept` is called once the response has been checked, and may refuse it.
 * Returns `undefined` if the file ends before the range. With `isWhole`, the caller also takes the whole file, which servers without ranges send:
 * then its body is returned, for the caller to read and end.
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
  isWhole = false,
): Promise<Found | Body | undefined> {
  const { headers, shown: url } = target;
  const watch = new Watch(url, limits);
  let response: Response | undefined;
  let whole: Body | undefined;
  try {
    const sent = (target.fetch ?? fetch)(target.url, {
      headers: {
        ...headers,
        Range: `bytes=${wanted.start}-${wanted.end - 1}`,
        // Runtimes add it to ranges themselves, after a signature was made of what is here.
        ...(target.fetch === undefined ? { "Accept-Encoding": "identity" } : {}),
      },
      // What is signed for one server must not reach another.
      redirect: target.fetch === undefined ? "follow" : "manual",
      signal: watch.signal,
    });
    response = await watch.until(sent);
    if (isWhole && response.status === 200) {
      whole = new Body(response, watch, url);
      return whole;
    }
    const found = checkResponse(response, wanted, url);
    if (found !== undefined) await readBody(response, bytesIn(wanted, found), accept(found), watch, url);
    return found;
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    throw error instanceof TypeError ? connectionError(error, url) : error;
  } finally {
    if (whole === undefined) {
      watch.end();
      // Otherwise the connection would stay open until the rest of the body has arrived.
      if (response?.body?.locked === false) response.body.cancel().catch(() => undefined);
    }
  }
}

/** Checks that a response is the range that was asked for; `undefined`: the file ends before it. */
function checkResponse(response: Response, wanted: Wanted, url: string): Found | undefined {
  const { status, headers } = response;
  const contentRange = headers.get("content-range");
  if (status === 416) {
    const size = numberOf(/^bytes \*\/(\d+)$/i.exec(contentRange ?? "")?.[1]);
    if (size !== undefined ? size <= wanted.start : contentRange === null && wanted.start > 0) return undefined;
    throw refusedRange(wanted, `status 416, and ${quotedHeader(response, "Content-Range")}`);
  }
  if (status !== 206) {
    if (response.ok) throw ignoresRanges(wanted, status);
    if (status === 412) throw hasChanged();
    throw statusError(response, url);
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw refusedRange(wanted, `${quotedHeader(response, "Content-Encoding")}, of which ranges say nothing about the file`);
  }
  const type = headers.get("content-type");
  if (type !== null && /^multipart\/byteranges\b/i.test(type)) throw refusedRange(wanted, quotedHeader(response, "Content-Type"));
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(contentRange ?? "") ?? [];
  const size = numberOf(total);
  const isWanted =
    size !== undefined &&
    wanted.start < size &&
    Number(first) === wanted.start &&
    Number(last) === Math.min(wanted.end, size) - 1;
  if (!isWanted) throw refusedRange(wanted, quotedHeader(response, "Content-Range"));
  return { size, validator: headers.get("etag") ?? headers.get("last-modified") ?? undefined };
}

/** The error for a file whose ETag or size is no longer what it was. */
export function hasChanged(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file has changed since it was opened: open it again.");
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
  const body = new Body(response, watch, url);
  try {
    const done = await body.fill(buffer.subarray(0, length));
    if (done < length) throw bodyEnded(done, length, url);
    if (await body.isAtEnd()) return;
    throw runtimeError("EIO", `the body is longer than its range of ${length} bytes`, "read", url);
  } finally {
    body.end();
  }
}

function ignoresRanges(wanted: Wanted, status: number): Error {
  return refused(
    wanted,
    `status ${status} where 206 was expected: it ignores range requests. load(url) takes the whole file; to read slices or chunks of it, pass ` +
      "the response, which is held in memory: NpyReader.open(await fetch(url))",
  );
}
