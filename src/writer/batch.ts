/** Appends that are written together, with one header: group commit. */

import { COPY_LIMIT, type EncodedRows } from "../encode/encoded-rows.ts";
import type { Blocks } from "../memory/blocks.ts";
import { GrowingBuffer } from "../memory/growing-buffer.ts";
import type { Rows } from "../plan/grow/growth.ts";

/** A buffer of copies grows up to this size; then the next one begins. */
const BUFFER_LIMIT = 2 ** 20;

/** The rows of several appends, in their order. */
export class Batch implements Rows {
  rows = 0;
  /** Settles when all of them are in the file, or none. */
  readonly done: Promise<void>;
  readonly #parts: Blocks[] = [];
  #copies: GrowingBuffer | undefined;
  #spare: GrowingBuffer | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** `spare` is an empty buffer to begin with, if there is one. */
  constructor(spare: GrowingBuffer | undefined) {
    this.#spare = spare;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  add(added: EncodedRows): void {
    if (added.byteLength > COPY_LIMIT) {
      this.#parts.push(added.blocks);
      this.#copies = undefined;
    } else if (added.byteLength > 0) {
      const copies = this.#room(added.byteLength);
      if (added.elements !== undefined) copies.pushElements(added.elements);
      else for (const block of added.blocks) copies.push(block);
    }
    this.rows += added.rows;
  }

  #room(byteLength: number): GrowingBuffer {
    if (this.#copies === undefined || this.#copies.length + byteLength > BUFFER_LIMIT) {
      const copies = this.#spare ?? new GrowingBuffer();
      this.#spare = undefined;
      this.#parts.push(copies);
      this.#copies = copies;
    }
    return this.#copies;
  }

  get onlyBlock(): Uint8Array | undefined {
    return this.#parts.length === 1 ? this.#copies?.bytes() : undefined;
  }

  /** An empty buffer, once the rows were written: the next batch need not make one. */
  takeBuffer(): GrowingBuffer | undefined {
    const buffer = this.#spare ?? this.#copies;
    this.#spare = undefined;
    this.#copies = undefined;
    if (buffer !== undefined) buffer.length = 0;
    return buffer;
  }

  get blocks(): Blocks {
    const [first, ...others] = this.#parts;
    return first === undefined || others.length > 0 ? concatenate(this.#parts) : first;
  }

  settle(): void {
    this.#resolve();
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

function* concatenate(parts: readonly Blocks[]): Generator<Uint8Array, void, boolean | undefined> {
  for (const part of parts) yield* part;
}
