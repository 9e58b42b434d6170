/** A file at an http(s) URL, read by range requests: a slice of a huge array costs a slice. */
import { NpyError } from "../errors.ts";
import { Body, bodyRanges } from "./body.ts";
import { shownUrl } from "./http-errors.ts";
import { type Found, hasChanged, requestRange, type Target } from "./http-request.ts";
import { RangeStorage, type Ranges } from "./ranges.ts";
import { RETRIES, retrying } from "./retry.ts";
import type { Fetch, ReadPurpose } from "./storage.ts";
import { type RequestLimits, TIMEOUT } from "./watch.ts";

/** Requested when a file is opened: nearly every header fits. */
const FIRST_RANGE = 2 ** 9;

/** The same for a file that is read whole: a small one arrives with its header. */
const FIRST_RANGE_OF_WHOLE = 2 ** 20;

/** Requests under way while a file is read from its beginning to its end: one alone would wait for the server most of the time. */
const READS_AHEAD = 4;

/** Up to this many first bytes are kept. A long header is read in two parts. */
const KEPT = 2 ** 16;

/** How the requests of one file are made. */
export interface HttpOptions {
  readonly fetch?: Fetch | undefined;
  readonly retries?: number | undefined;
}

/**
 * With `fetch`, requests that a server or a connection failed are made again, and none is redirected.
 *
 * @throws NpyError `ERR_NPY_OPTION` if it is not a URL.
 */
export function httpStorage(text: string, options: HttpOptions = {}): RangeStorage {
  const target = { ...targetOf(text), ...options };
  return new RangeStorage(target.shown, target.url, (purpose) =>
    openRanges(purpose.fetch === undefined ? target : { ...target, fetch: purpose.fetch }, purpose),
  );
}

/** Moves user name and password, which `fetch` refuses in URLs, into a header, which it drops where it is redirected to another origin. */
function targetOf(text: string): Target {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // Not quoted, and without a cause: it may hold a password.
    throw new NpyError("ERR_NPY_OPTION", "Expected a URL such as https://example.org/log.npy: found one that is not valid.");
  }
  const { username, password } = url;
  url.username = "";
  url.password = "";
  const target = { url: url.href, shown: shownUrl(url), headers: {} };
  if (username === "" && password === "") return target;
  return { ...target, headers: { Authorization: `Basic ${base64(`${decoded(username)}:${decoded(password)}`)}` } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Source: RFC 7617, section 2.1 (UTF-8). */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

async function openRanges(
  target: Target & HttpOptions,
  { signal, timeout = TIMEOUT, isWhole = false, position: base = 0 }: ReadPurpose,
): Promise<Ranges> {
  const opening: RequestLimits = { signals: signal === undefined ? [] : [signal], timeout };
  const end = base + (isWhole ? FIRST_RANGE_OF_WHOLE : FIRST_RANGE);
  /** The first bytes from `base` on, which are not asked for again. */
  let start: Uint8Array = new Uint8Array(0);
  const accept = (found: { readonly size: number }): Uint8Array => {
    start = new Uint8Array(Math.min(end, found.size) - base);
    return start;
  };
  const { retries = target.fetch === undefined ? 0 : RETRIES } = target;
  const found = await retrying(
    () => requestRange(target, { start: base, end }, opening, accept, isWhole),
    retries,
    opening.signals,
  );
  if (found instanceof Body) return bodyRanges(found, `${target.url} whole`);
  // An empty file has no range to request.
  const { size, validator } = found ?? { size: 0, validator: undefined };
  const pinned = pinnedTo(target, validator);

  return {
    // Equal until the server reports a change.
    key: `${target.url} ${validator} ${size}`,
    size,
    validator,
    readsAhead: target.fetch === undefined ? 1 : READS_AHEAD,
    async read(buffer, position, signals) {
      const end = Math.min(size, position + buffer.length);
      if (position >= end) return 0;
      const known = position < base ? start.subarray(0, 0) : start.subarray(position - base, end - base);
      buffer.set(known);
      const first = position + known.length;
      if (first === end) return end - position;
      const accept = (found: Found): Uint8Array => {
        if (found.validator !== validator || found.size !== size) throw hasChanged();
        return buffer.subarray(known.length);
      };
      const now = await retrying(
        () => requestRange(pinned, { start: first, end }, { signals, timeout }, accept),
        retries,
        signals,
      );
      if (now === undefined) throw hasChanged();
      const length = end - base;
      if (position === base && length > start.length && length <= KEPT) start = buffer.slice(0, length);
      return end - position;
    },
  };
}

/** Asks the server to refuse ranges of another file. Not without a `fetch` of the caller: pages would have to ask each server whether they may. */
function pinnedTo(target: Target, validator: string | undefined): Target {
  // Source: RFC 9110, section 13.1.1: only strong ETags can match.
  if (target.fetch === undefined || validator === undefined || !validator.startsWith('"')) return target;
  return { ...target, headers: { ...target.headers, "If-Match": validator } };
}
