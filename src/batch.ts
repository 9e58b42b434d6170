/** Appends that are written together, with one header: group commit. */

import { RowBuffer } from "./encode/row-buffer.ts";
import { type CheckedRows, COPY_LIMIT } from "./encode/rows.ts";
import type { Blocks } from "./memory/blocks.ts";
import type { Rows } from "./plan/grow/growth.ts";

/** A buffer of copies grows up to this size; then another one is begun. */
const BUFFER_LIMIT = 2 ** 20;

/** The rows of several appends, in their order. */
export class Batch implements Rows {
  rows = 0;
  /** Settles when all of them are in the file, or none. */
  readonly done: Promise<void>;
  readonly #parts: Blocks[] = [];
  #copies: RowBuffer | undefined;
  #spare: RowBuffer | undefined;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  /** `spare` is an empty buffer to begin with, if there is one. */
  constructor(spare: RowBuffer | undefined) {
    this.#spare = spare;
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
      const copies = this.#room(added);
      if (added.elements !== undefined) copies.pushElements(added.elements);
      else for (const block of added.blocks) copies.push(block);
    }
    this.rows += added.rows;
  }

  #room({ dtype, byteLength }: CheckedRows): RowBuffer {
    if (this.#copies === undefined || this.#copies.length + byteLength > BUFFER_LIMIT) {
      const copies = this.#spare ?? new RowBuffer(dtype, byteLength);
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
  takeBuffer(): RowBuffer | undefined {
    const buffer = this.#spare ?? this.#copies;
    this.#spare = undefined;
    this.#copies = undefined;
    if (buffer !== undefined) buffer.length = 0;
    return buffer;
  }

  get blocks(): Blocks {
    return concatenate(this.#parts);
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
