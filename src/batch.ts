/** Appends that are written together, with one header: group commit. */
import type { Rows } from "./plan/grow.ts";
import type { CheckedRows } from "./writer.ts";

/** Up to this many bytes an append is copied, and the caller's memory free again; copying more costs more than it is worth. */
const COPY_LIMIT = 2 ** 16;

/** A buffer of copies grows up to this size; then another one is begun. */
const BUFFER_LIMIT = 2 ** 20;

/** The rows of several appends, in their order. */
export class Batch implements Rows {
  rows = 0;
  /** Settles when all of them are in the file, or none. */
  readonly done: Promise<void>;
  readonly #parts: Iterable<Uint8Array>[] = [];
  #copies: Copies | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  add(added: CheckedRows): void {
    if (added.byteLength > COPY_LIMIT) {
      this.#parts.push(added.blocks);
      this.#copies = undefined;
    } else if (added.byteLength > 0) {
      if (this.#copies === undefined || this.#copies.length + added.byteLength > BUFFER_LIMIT) {
        this.#copies = new Copies(added.byteLength);
        this.#parts.push(this.#copies);
      }
      for (const block of added.blocks) this.#copies.push(block);
    }
    this.rows += added.rows;
  }

  get blocks(): Iterable<Uint8Array> {
    return concatenate(this.#parts);
  }

  settle(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

function* concatenate(parts: readonly Iterable<Uint8Array>[]): Generator<Uint8Array, void, void> {
  for (const part of parts) yield* part;
}

/** Bytes copied one behind the other. */
class Copies {
  length = 0;
  #buffer: Uint8Array<ArrayBuffer>;

  constructor(capacity: number) {
    this.#buffer = new Uint8Array(capacity);
  }

  push(bytes: Uint8Array): void {
    const end = this.length + bytes.length;
    if (end > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#buffer.length));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.length);
    this.length = end;
  }

  *[Symbol.iterator](): Generator<Uint8Array, void, void> {
    yield this.#buffer.subarray(0, this.length);
  }
}
