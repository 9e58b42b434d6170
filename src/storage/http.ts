/** A file at an http(s) URL, read by range requests: a slice of a huge array costs a slice. */
import { NpyError } from "../errors.ts";
import { type Found, type RequestLimits, requestRange, type Target } from "./http-request.ts";
import { RangeStorage, type Ranges } from "./ranges.ts";
import type { ReadLimits } from "./storage.ts";

/** Requested when a file is opened: nearly every header fits. */
const FIRST_RANGE = 512;

/** A time limit, where none is given. */
export const TIMEOUT = 30_000;

/** @throws NpyError `ERR_NPY_OPTION` if it is not a URL. */
export function httpStorage(text: string): RangeStorage {
  const target = targetOf(text);
  return new RangeStorage(target.url, target.url, (limits) => openRanges(target, limits));
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
  if (username === "" && password === "") return { url: url.href, headers: {} };
  return { url: url.href, headers: { Authorization: `Basic ${base64(`${decoded(username)}:${decoded(password)}`)}` } };
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

async function openRanges(target: Target, { signal, timeout = TIMEOUT }: ReadLimits): Promise<Ranges> {
  const opening: RequestLimits = { signals: signal === undefined ? [] : [signal], timeout };
  let first: Uint8Array = new Uint8Array(FIRST_RANGE);
  const found = await requestRange(target, { start: 0, end: FIRST_RANGE }, opening, ({ size }) => {
    first = first.subarray(0, Math.min(FIRST_RANGE, size));
    return first;
  });
  // An empty file has no range to request.
  if (found === undefined) first = first.subarray(0, 0);
  const { size, validator }: Found = found ?? { size: 0, validator: undefined };

  return {
    // Equal until the server reports a change.
    key: `${target.url} ${validator} ${size}`,
    size,
    async read(buffer, position, signals) {
      const end = Math.min(size, position + buffer.length);
      if (position >= end) return 0;
      if (end <= first.length) {
        buffer.set(first.subarray(position, end));
      } else {
        const now = await requestRange(target, { start: position, end }, { signals, timeout }, (found) => {
          if (found.validator !== validator || found.size !== size) throw hasChanged();
          return buffer;
        });
        if (now === undefined) throw hasChanged();
      }
      return end - position;
    },
  };
}

function hasChanged(): NpyError {
  return new NpyError("ERR_NPY_CHANGED", "The file has changed since it was opened: open it again.");
}
