/** Compression by deflate, and the CRC-32 that archives have: the contract of a runtime's own, and what every runtime has. */
import { NpyError } from "../errors.ts";

/** Compresses bytes. What it returns may be more or fewer bytes than it was given. */
export interface Deflater {
  /** The bytes may be changed once the promise resolves. */
  push(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
  finish(): Promise<readonly Uint8Array[]>;
  /** Gives up before `finish`. */
  end(): void;
}

/** A runtime's own library. Formats: raw deflate, without a header. Errors are the runtime's. */
export interface Deflate {
  /** The checksum of more bytes, after those that gave `value`. */
  readonly crc32?: ((bytes: Uint8Array, value: number) => number) | undefined;
  /** Decompresses, without reading ahead of what is asked for by more than a few blocks. */
  inflate(compressed: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
  /** Decompresses to at most `most` bytes; fails if there are more. With `isStart` the compressed bytes may be only the first of all. */
  inflateSync?(compressed: Uint8Array, most: number, isStart: boolean): Uint8Array;
  deflater(): Deflater;
  deflateSync?(bytes: Uint8Array): Uint8Array;
}

const FORMAT = "deflate-raw";

/** By streams, as in browsers. */
export const webDeflate: Deflate = {
  async *inflate(compressed) {
    const { readable, writable } = streamOf(() => new DecompressionStream(FORMAT));
    const writer = writable.getWriter();
    const reader = readable.getReader();
    const writing = pump(compressed, writer);
    // The reader fails as well.
    writing.catch(() => undefined);
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        yield value;
      }
      await writing;
    } finally {
      await Promise.allSettled([reader.cancel(), writer.abort()]);
    }
  },

  deflater() {
    const { readable, writable } = streamOf(() => new CompressionStream(FORMAT));
    const writer = writable.getWriter();
    const reader = readable.getReader();
    let made: Uint8Array[] = [];
    const reading = (async () => {
      for (let next = await reader.read(); !next.done; next = await reader.read()) made.push(next.value);
    })();
    reading.catch(() => undefined);
    const take = (): Uint8Array[] => {
      const taken = made;
      made = [];
      return taken;
    };
    return {
      async push(bytes) {
        await writer.write(bytes as Uint8Array<ArrayBuffer>);
        return take();
      },
      async finish() {
        await writer.close();
        await reading;
        return take();
      },
      end() {
        writer.abort().catch(() => undefined);
      },
    };
  },
};

async function pump(blocks: AsyncIterable<Uint8Array>, writer: WritableStreamDefaultWriter): Promise<void> {
  try {
    for await (const block of blocks) await writer.write(block as Uint8Array<ArrayBuffer>);
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => undefined);
    throw error;
  }
}

function streamOf<Stream>(make: () => Stream): Stream {
  try {
    return make();
  } catch (error) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      "This runtime has no streams that compress by deflate-raw: use arrays that are not compressed.",
      {
        cause: error,
      },
    );
  }
}

let library: Deflate = webDeflate;

/** Called by the entry points of runtimes that have a library of their own. */
export function setDeflate(found: Deflate): void {
  library = found;
}

/** What this runtime compresses with. */
export function runtimeDeflate(): Deflate {
  return library;
}
