/**
 * A header that is mapped into memory: counting one more row means storing a few digits, without a system call. Rows written before that are in
 * the file by then.
 */
import type { StorageFile } from "../../storage/storage.ts";

/** Bytes that a processor stores at once: all or none, whenever this process ends. */
export const WORD = 8;

/** Comparing a longer header takes as long as writing it. */
const LONGEST = 1024;

/** The first bytes of an open file, all of them its header. */
export class MappedHeader {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: BigUint64Array;
  readonly #stored: Uint8Array = new Uint8Array(WORD);
  readonly #storedWord: BigUint64Array = new BigUint64Array(this.#stored.buffer);

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.bytes = bytes;
    this.#words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD);
  }

  /** `undefined` if the file cannot be mapped, or the header is long, or not a whole number of words. NumPy's always is one. */
  static of(file: StorageFile, headerLength: number): MappedHeader | undefined {
    if (headerLength % WORD !== 0 || headerLength > LONGEST) return undefined;
    try {
      const bytes = file.mapStart?.(headerLength);
      return bytes && new MappedHeader(bytes);
    } catch {
      return undefined;
    }
  }

  /**
   * Makes this the header if it differs from the present one in at most one word, so that no reader sees anything between the two. Otherwise does
   * nothing, and gives `false`. The file must reach beyond its header: storing where there is no file, or no space for it, kills the process.
   */
  store(header: Uint8Array): boolean {
    const { length } = header;
    let first = 0;
    while (first < length && header[first] === this.bytes[first]) first++;
    if (first === length) return true;
    let last = length - 1;
    while (header[last] === this.bytes[last]) last--;
    const word = Math.floor(first / WORD);
    if (last >= (word + 1) * WORD) return false;
    this.storeWord(header, word);
    return true;
  }

  /** Stores one word of a header, all at once. */
  storeWord(header: Uint8Array, word: number): void {
    for (let i = 0; i < WORD; i++) this.#stored[i] = header[word * WORD + i] as number;
    // Of all stores, only those of `Atomics` are certain to be whole, and to come after what was written before.
    Atomics.store(this.#words, word, this.#storedWord[0] as bigint);
  }
}
