/** The row count in a mapped header: counts are stored without a system call, each at once. */
import { countPosition } from "../../format/header.ts";
import type { GrowingFile } from "./growing-file.ts";
import { type MappedHeader, WORD } from "./mapped-header.ts";

const ZERO = 0x30;

export class MappedCount {
  readonly #header: MappedHeader;
  readonly #growing: GrowingFile;
  /** Where the digits begin. */
  readonly #start: number;
  /** Where the last digit is, and what it is. */
  #lastAt = 0;
  #last = 0;
  /** The word that it is in. */
  #word = 0;

  constructor(header: MappedHeader, growing: GrowingFile) {
    this.#header = header;
    this.#growing = growing;
    this.#start = countPosition(growing.header);
  }

  /**
   * The first count after `rows` whose digits are not those of `rows` but for one word: no store can put it there at once. Call it after each such
   * count was written, and before the first {@link store}.
   */
  limitAfter(rows: number): number {
    const end = this.#start + String(rows).length;
    this.#lastAt = end - 1;
    this.#last = rows % 10;
    this.#word = Math.floor(this.#lastAt / WORD);
    const step = 10 ** (end - Math.max(this.#start, this.#word * WORD));
    return (Math.floor(rows / step) + 1) * step;
  }

  /** Stores a count that is higher by `added`, and below the limit. Rows that were stored before are in the file when it is. */
  store(rows: number, added: number): void {
    const last = this.#last + added;
    if (last < 10) {
      // JavaScript and processors keep an atomic store after the stores before it.
      Atomics.store(this.#header.bytes, this.#lastAt, ZERO + last);
      this.#last = last;
    } else {
      this.#last = rows % 10;
      this.#header.storeWord(this.#growing.render(rows), this.#word);
    }
  }
}
