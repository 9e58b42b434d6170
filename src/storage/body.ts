/** The body of a response: bytes that come once, from the first to the last. */
import { NpyError, quoted } from "../errors.ts";
import { bytesOf, isBytes } from "./bytes.ts";
import { bodyEnded, connectionError, runtimeError } from "./http-errors.ts";
import type { Ranges } from "./ranges.ts";
import { onAbort } from "./signals.ts";
import type { Watch } from "./watch.ts";

/** The part of a stream's reader that is used. */
interface ChunkReader {
  read(): Promise<{ readonly value?: unknown }>;
  cancel(reason?: unknown): Promise<unknown>;
}

const NOTHING = new Uint8Array(0);

/** The first bytes of a body, which may be read again: see {@link ReadPurpose}. */
const KEPT = 2 ** 9;

/** Reads a body in order. Nothing is asked for before it is needed. */
export class Body {
  /** The bytes of the body; infinite where the response does not say. */
  readonly size: number;
  readonly url: string;
  readonly #watch: Watch;
  readonly #chunks: ChunkReader;
  readonly #forget: () => void;
  /** What was received and not yet asked for. */
  #rest: Uint8Array = NOTHING;

  /** Takes over the response's body, and the watch. */
  constructor(response: Response, watch: Watch, url: string) {
    this.size = lengthOf(response);
    this.url = url;
    this.#watch = watch;
    this.#chunks = chunksOf(response);
    this.#forget = onAbort(watch.signal, () => this.#cancel());
  }

  /** Fills `buffer` with the next bytes; returns how many there were, which are fewer only at the end. */
  async fill(buffer: Uint8Array): Promise<number> {
    let done = 0;
    while (done < buffer.length && !(await this.isAtEnd())) {
      const part = this.#rest.subarray(0, buffer.length - done);
      buffer.set(part, done);
      done += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return done;
  }

  /** Waits for the next bytes, and says whether there are none. */
  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const chunk = await this.#next();
      if (chunk === undefined) return true;
      this.#rest = chunk;
    }
    return false;
  }

  /** The next bytes, however many come at once; `undefined` at the end. */
  async next(): Promise<Uint8Array | undefined> {
    if (await this.isAtEnd()) return undefined;
    const chunk = this.#rest;
    this.#rest = NOTHING;
    return chunk;
  }

  async #next(): Promise<Uint8Array | undefined> {
    const { signal } = this.#watch;
    try {
      const { value } = await this.#chunks.read();
      // Cancelling a stream ends it.
      signal.throwIfAborted();
      if (value === undefined) return undefined;
      if (!isBytes(value)) throw notBytes(value);
      const chunk = bytesOf(value);
      this.#watch.arrived(chunk.length);
      return chunk;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof TypeError ? connectionError(error, this.url) : error;
    }
  }

  /** Gives up what has not arrived yet. Idempotent. */
  end(): void {
    this.#forget();
    this.#watch.end();
    this.#cancel();
  }

  #cancel(): void {
    this.#chunks.cancel().catch(() => undefined);
  }
}

function notBytes(chunk: unknown): NpyError {
  return new NpyError("ERR_NPY_OPTION", `The body of the response must be a stream of bytes: found ${quoted(chunk)}.`);
}

function chunksOf(response: Response): ChunkReader {
  const { body } = response;
  if (body !== null && "getReader" in body) return body.getReader();
  // Responses of node-fetch have streams of Node, and those without a body have no stream.
  let isRead = body === null;
  return {
    async read() {
      if (isRead) return {};
      isRead = true;
      return { value: new Uint8Array(await response.arrayBuffer()) };
    },
    cancel: () => Promise.resolve(),
  };
}

/** The length of a body as it is read. That of a compressed one is not known; and a page may not see that it was compressed elsewhere. */
function lengthOf({ headers, type }: Response): number {
  const length = headers.get("content-length");
  const encoding = headers.get("content-encoding") ?? "identity";
  const isKnown = length !== null && /^\d{1,15}$/.test(length) && encoding.toLowerCase() === "identity" && type !== "cors";
  return isKnown ? Number(length) : Number.POSITIVE_INFINITY;
}

/** A body as a file that is read once, from its beginning to its end: no more of it is held than what is asked for. */
export function bodyRanges(body: Body, key: unknown): Ranges {
  const { size, url } = body;
  const kept = new Uint8Array(KEPT);
  /** The bytes that were taken from the body. */
  let taken = 0;

  async function take(buffer: Uint8Array): Promise<number> {
    const count = await body.fill(buffer);
    if (taken < KEPT) kept.set(buffer.subarray(0, Math.min(count, KEPT - taken)), taken);
    taken += count;
    if (count < buffer.length && taken < size && size !== Number.POSITIVE_INFINITY) throw bodyEnded(taken, size, url);
    // A connection is used again only if the end of the body has been seen.
    if (taken === size) await body.isAtEnd();
    return count;
  }

  async function skip(count: number): Promise<void> {
    const block = new Uint8Array(Math.min(count, 2 ** 16));
    for (let left = count; left > 0; ) {
      const read = await take(block.subarray(0, Math.min(block.length, left)));
      if (read === 0) return;
      left -= read;
    }
  }

  return {
    key,
    size,
    async read(buffer, position) {
      const wanted = Math.min(buffer.length, size - position);
      if (!(wanted > 0)) return 0;
      const known = kept.subarray(position, Math.min(taken, KEPT, position + wanted));
      buffer.set(known);
      if (known.length === wanted) return wanted;
      const from = position + known.length;
      if (from < taken) throw runtimeError("ESPIPE", "the body was read further than this already", "read", url);
      await skip(from - taken);
      return known.length + (await take(buffer.subarray(known.length, wanted)));
    },
    close: () => body.end(),
  };
}
