/** Node's zlib, which is several times as fast as streams of the web, and works synchronously as well. Loaded when it is first used. */
import { once } from "node:events";
import { createRequire } from "node:module";
import type * as Zlib from "node:zlib";
import type { Deflate } from "./deflate.ts";

/** Bytes that zlib gives at a time. */
const CHUNK = 2 ** 18;

/** The same where all is made at once: into one piece of memory, if it is not larger. */
const LARGEST = 2 ** 30;

let loaded: typeof Zlib | undefined;

function zlib(): typeof Zlib {
  loaded ??= createRequire(import.meta.url)("node:zlib") as typeof Zlib;
  return loaded;
}

export const nodeDeflate: Deflate = {
  /** Older versions of Bun and Deno have none. */
  get crc32() {
    return zlib().crc32 as typeof Zlib.crc32 | undefined;
  },

  async *inflate(compressed) {
    const stream = zlib().createInflateRaw({ chunkSize: CHUNK });
    const feeding = feed(compressed, stream);
    // Reading the stream fails as well.
    feeding.catch(() => undefined);
    try {
      yield* stream as AsyncIterable<Uint8Array>;
      await feeding;
    } finally {
      stream.destroy();
    }
  },

  inflateSync(compressed, most, isStart) {
    const { constants, inflateRawSync } = zlib();
    const finishFlush = isStart ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
    return inflateRawSync(compressed, {
      chunkSize: Math.max(64, Math.min(most + 1, LARGEST)),
      finishFlush,
      maxOutputLength: Math.max(1, most),
    });
  },

  deflater() {
    const stream = zlib().createDeflateRaw({ chunkSize: CHUNK });
    let made: Uint8Array[] = [];
    stream.on("data", (chunk: Uint8Array) => made.push(chunk));
    const take = (): Uint8Array[] => {
      const taken = made;
      made = [];
      return taken;
    };
    return {
      async push(bytes) {
        await new Promise<void>((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve())));
        return take();
      },
      async finish() {
        const ended = once(stream, "end");
        stream.end();
        await ended;
        return take();
      },
      end() {
        stream.destroy();
      },
    };
  },

  deflateSync(bytes) {
    return zlib().deflateRawSync(bytes);
  },
};

async function feed(blocks: AsyncIterable<Uint8Array>, stream: Zlib.InflateRaw): Promise<void> {
  try {
    for await (const block of blocks) {
      // After the end of what is compressed, or after an error, nothing is read any more.
      if (stream.destroyed || stream.readableEnded) break;
      if (!stream.write(block)) await drained(stream);
    }
    stream.end();
  } catch (error) {
    stream.destroy(error as Error);
    throw error;
  }
}

function drained(stream: Zlib.InflateRaw): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ["drain", "close", "end"]) stream.off(event, done);
      resolve();
    };
    for (const event of ["drain", "close", "end"]) stream.once(event, done);
  });
}
