/** A file behind an http(s) URL, read by range requests: a slice of a huge array costs a slice. */
import { NpyError } from "../errors.ts";
import { RangeStorage, type Ranges } from "./ranges.ts";

/** Requested when a file is opened: nearly every header fits. */
const FIRST_RANGE = 512;

export function httpStorage(url: URL): RangeStorage {
  return new RangeStorage(url.href, url.href, () => HttpRanges.open(url));
}

/** Source: RFC 9110, section 14 (range requests) and 8.8 (validators). */
class HttpRanges implements Ranges {
  readonly size: number;
  readonly #url: URL;
  /** The ETag, or else the date: shows whether the file has changed. */
  readonly #validator: string | undefined;
  readonly #first: Uint8Array;

  private constructor(url: URL, size: number, validator: string | undefined, first: Uint8Array) {
    this.#url = url;
    this.size = size;
    this.#validator = validator;
    this.#first = first;
  }

  /** Equal until the server reports a change. */
  get key(): string {
    return `${this.#url.href} ${this.#validator} ${this.size}`;
  }

  static async open(url: URL): Promise<HttpRanges> {
    const response = await request(url, 0, FIRST_RANGE);
    // An empty file has no range to request.
    if (response.status === 416) return new HttpRanges(url, 0, validatorOf(response), new Uint8Array(0));
    return new HttpRanges(url, sizeOf(response, url), validatorOf(response), await bytesOf(response));
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    const end = Math.min(this.size, position + buffer.length);
    if (position >= end) return 0;
    const isKnown = end <= this.#first.length;
    const bytes = isKnown ? this.#first.subarray(position, end) : await this.#fetch(position, end);
    buffer.set(bytes.subarray(0, buffer.length));
    return Math.min(bytes.length, buffer.length);
  }

  async #fetch(start: number, end: number): Promise<Uint8Array> {
    const response = await request(this.#url, start, end);
    if (response.status === 416 || validatorOf(response) !== this.#validator || sizeOf(response, this.#url) !== this.size) {
      await response.body?.cancel();
      throw new NpyError("ERR_NPY_CHANGED", `The file has changed since it was opened: open it again.`, {
        path: this.#url.href,
      });
    }
    return await bytesOf(response);
  }
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
      { path: url.href },
    );
  }
  const code = response.status === 404 || response.status === 410 ? "ENOENT" : "EIO";
  throw Object.assign(new Error(`${code}: the server answered ${response.status} ${response.statusText}, open '${url.href}'`), {
    code,
  });
}

function validatorOf({ headers }: Response): string | undefined {
  return headers.get("etag") ?? headers.get("last-modified") ?? undefined;
}

/** The size of the whole file, from `Content-Range: bytes 0-511/4096`. */
function sizeOf({ headers }: Response, url: URL): number {
  const size = Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1]);
  if (Number.isSafeInteger(size)) return size;
  throw new NpyError("ERR_NPY_OPTION", `The server of ${url.href} does not say how long the file is: fetch it whole.`, {
    path: url.href,
  });
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}
