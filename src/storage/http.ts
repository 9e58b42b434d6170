/** A file at an http(s) URL, read by range requests: a slice of a huge array costs a slice. */
import { NpyError } from "../errors.ts";
import { RangeStorage, type Ranges } from "./ranges.ts";

/** Requested when a file is opened: nearly every header fits. */
const FIRST_RANGE = 512;

export function httpStorage(url: URL): RangeStorage {
  return new RangeStorage(url.href, url.href, () => openRanges(url));
}

/** Source: RFC 9110, section 14 (range requests) and 8.8 (validators). */
async function openRanges(url: URL): Promise<Ranges> {
  const response = await request(url, 0, FIRST_RANGE);
  const validator = validatorOf(response);
  // An empty file has no range to request.
  const size = response.status === 416 ? 0 : sizeOf(response);
  const first = response.status === 416 ? new Uint8Array(0) : await bytesOf(response);

  async function fetchRange(start: number, end: number): Promise<Uint8Array> {
    const response = await request(url, start, end);
    if (response.status === 416 || validatorOf(response) !== validator || sizeOf(response) !== size) {
      await response.body?.cancel();
      throw new NpyError("ERR_NPY_CHANGED", "The file has changed since it was opened: open it again.");
    }
    return await bytesOf(response);
  }

  return {
    // Equal until the server reports a change.
    key: `${url.href} ${validator} ${size}`,
    size,
    async read(buffer, position) {
      const end = Math.min(size, position + buffer.length);
      if (position >= end) return 0;
      const bytes = end <= first.length ? first.subarray(position, end) : await fetchRange(position, end);
      buffer.set(bytes.subarray(0, buffer.length));
      return Math.min(bytes.length, buffer.length);
    },
  };
}

/** Bytes `start` to `end` (not included). */
async function request(url: URL, start: number, end: number): Promise<Response> {
  const response = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}`, "Accept-Encoding": "identity" } });
  if (response.status === 206 || response.status === 416) return response;
  await response.body?.cancel();
  if (response.ok) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `The server of ${url.href} ignores range requests (it answered ${response.status} where 206 was expected): fetch the file whole, and ` +
        "read it from a MemoryStorage.",
    );
  }
  const code = response.status === 404 || response.status === 410 ? "ENOENT" : "EIO";
  throw Object.assign(new Error(`${code}: the server answered ${response.status} ${response.statusText}, open '${url.href}'`), {
    code,
  });
}

/** The ETag, or else the date: shows whether the file has changed. */
function validatorOf({ headers }: Response): string | undefined {
  return headers.get("etag") ?? headers.get("last-modified") ?? undefined;
}

/** The size of the whole file, from `Content-Range: bytes 0-511/4096`. */
function sizeOf({ headers }: Response): number {
  const size = Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1]);
  if (Number.isSafeInteger(size)) return size;
  throw new NpyError("ERR_NPY_OPTION", "The server does not report the size of the file: fetch it whole.");
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}
