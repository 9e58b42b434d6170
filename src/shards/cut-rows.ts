/** Cuts encoded rows into parts, each for a file of its own. */
import { COPY_LIMIT, type EncodedRows, oneBlock } from "../encode/encoded-rows.ts";

/** Rows that are taken some at a time, in their order. Only the bytes of one part are in memory, beside the caller's. */
export class RowsInParts {
  /** Rows that are left. */
  left: number;
  readonly #rowBytes: number;
  readonly #whole: EncodedRows;
  readonly #blocks: Iterator<Uint8Array, unknown, boolean | undefined>;
  /** What is left of the last block. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(rows: EncodedRows) {
    const whole = kept(rows);
    this.left = whole.rows;
    this.#rowBytes = whole.rows === 0 ? 0 : whole.byteLength / whole.rows;
    this.#whole = whole;
    this.#blocks = whole.blocks[Symbol.iterator]();
  }

  /** The next rows. */
  take(rows: number): EncodedRows {
    const isWhole = rows === this.#whole.rows;
    this.left -= rows;
    return isWhole ? this.#whole : oneBlock(this.#bytes(rows * this.#rowBytes), rows);
  }

  #bytes(length: number): Uint8Array {
    if (this.#rest.length === 0) this.#next();
    if (this.#rest.length >= length) {
      // A view: the block is not asked for another one before these rows are written.
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      return bytes;
    }
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const part = this.#rest.subarray(0, length - done);
      bytes.set(part, done);
      done += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (done < length) this.#next();
    }
    return bytes;
  }

  #next(): void {
    const next = this.#blocks.next();
    if (!next.done) this.#rest = next.value;
  }

  /** No more rows are taken. */
  end(): void {
    this.#blocks.return?.();
  }
}

/** The rows in memory that the next input does not overwrite. */
function kept(rows: EncodedRows): EncodedRows {
  if (rows.byteLength > COPY_LIMIT) return rows;
  const bytes = new Uint8Array(rows.byteLength);
  let done = 0;
  for (const block of rows.blocks) {
    bytes.set(block, done);
    done += block.length;
  }
  return oneBlock(bytes, rows.rows);
}
