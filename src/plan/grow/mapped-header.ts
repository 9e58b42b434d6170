/**
 * A header that is mapped into memory: to count a row more is to store a few digits, for which the system need not be called. What was
 * written behind it before is in the file by then.
 */
import type { StorageFile } from "../../storage/storage.ts";

/** Bytes that processors store at once: all of them are there or none, whenever this process ends. */
const WORD = 8;

/** A longer header takes as long to be compared as to be written. */
const LONGEST = 1024;

/** The first bytes of an open file, all of them its header. */
export class MappedHeader {
  readonly #bytes: Uint8Array;
  readonly #words: BigUint64Array;
  readonly #stored: Uint8Array = new Uint8Array(WORD);
  readonly #storedWord: BigUint64Array = new BigUint64Array(this.#stored.buffer);

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#words = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD);
  }

  /** `undefined` where the file system maps no files, or the header is long, or no whole number of words, as NumPy's always is. */
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
   * Makes this the header, if it differs from the one that is there in no more than one word, so that there is nothing between the two;
   * else does nothing, and gives `false`. The file must reach beyond its header: to store where no file is, or no space for it, ends the process.
   */
  store(header: Uint8Array): boolean {
    const { length } = header;
    let first = 0;
    while (first < length && header[first] === this.#bytes[first]) first++;
    if (first === length) return true;
    let last = length - 1;
    while (header[last] === this.#bytes[last]) last--;
    const word = Math.floor(first / WORD);
    if (last >= (word + 1) * WORD) return false;
    for (let i = 0; i < WORD; i++) this.#stored[i] = header[word * WORD + i] as number;
    // Not before what was written until now, and whole, as of all stores only those of `Atomics` are bound to be.
    Atomics.store(this.#words, word, this.#storedWord[0] as bigint);
    return true;
  }
}
