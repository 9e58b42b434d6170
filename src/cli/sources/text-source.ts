/** Reads text from a file or stdin. */
import { blocksOf, openBytes } from "./bytes.ts";
import { decoded, type LineReader } from "./encoding.ts";

/** Bytes read at a time. */
const BLOCK = 2 ** 18;

/** Characters read before dtypes are inferred. */
export const SAMPLE: number = 2 ** 22;

export interface TextSource {
  /** Its size, if known. */
  readonly bytes: number | undefined;
  /** Its text; throws `InvalidText` at the first invalid byte. */
  readonly pieces: AsyncIterable<string>;
  /** The number of bytes read so far. */
  bytesRead(): number;
  /** Stops reading when the signal aborts. */
  heed(signal: AbortSignal): void;
}

/** `lines` reads lines of UTF-8 before they are decoded. */
export async function openText(path: string, encoding: string | undefined, lines?: LineReader): Promise<TextSource> {
  const source = await openBytes(path, { mayBeTerminal: true });
  const controller = new AbortController();
  let read = 0;
  async function* counted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const block of blocksOf(source, BLOCK, controller.signal, { asTheyCome: true })) {
      yield block;
      read += block.length;
    }
  }
  return {
    bytes: source.size,
    pieces: decoded(counted(), encoding, lines),
    bytesRead: () => read,
    heed: (signal) => signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true }),
  };
}
