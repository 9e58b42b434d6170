/** The text of a file or of stdin. */
import { blocksOf, openBytes } from "./bytes.ts";
import { decoded } from "./encoding.ts";

/** Bytes that are read at a time. */
const BLOCK = 2 ** 18;

/** Characters of a source that are looked at before the dtypes of its columns are decided. */
export const SAMPLE: number = 2 ** 22;

export interface TextSource {
  /** Its size, if that is known. */
  readonly bytes: number | undefined;
  /** Its text, and `InvalidText` where that ends. */
  readonly pieces: AsyncIterable<string>;
  /** The bytes that were read so far. */
  bytesRead(): number;
  /** Reading stops when the signal says so. */
  heed(signal: AbortSignal): void;
}

export function openText(path: string, encoding: string | undefined): TextSource {
  const source = openBytes(path, { mayBeTerminal: true });
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
    pieces: decoded(counted(), encoding),
    bytesRead: () => read,
    heed: (signal) => signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true }),
  };
}
