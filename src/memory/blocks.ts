/** Blocks of memory in which a file's bytes are put together. */
import { NpyError } from "../errors.ts";

/** Bytes of a block: enough to make a write cheap, little enough to stay in the processor's cache. */
export const BLOCK: number = 2 ** 20;

/**
 * A file's bytes, block by block. A block is valid until the next one is asked for; if that is done by `next(true)`, it is still being written, and
 * is valid until the one after that is asked for.
 */
export type Blocks = Iterable<Uint8Array, unknown, boolean | undefined>;

/**
 * Whether memory still has the bytes that it had. The caller's can be resized or transferred at any moment that this thread does something else;
 * then its views have no elements at all. The buffer is asked as well: code that V8 has optimised for resizable buffers takes the length of a view for
 * what it was before another buffer was transferred (seen in Node 20).
 */
export function isThere({ byteLength, buffer }: ArrayBufferView, needed: number): boolean {
  return byteLength >= needed && buffer.byteLength >= needed;
}

/** Refuses to go on with memory of which less is there than was checked. */
export function checkThere(bytes: ArrayBufferView, needed: number): void {
  if (!isThere(bytes, needed)) throw shrunk();
}

/** What is said where the caller's memory has gone while it was being written, or before. */
export function shrunk(cause?: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    "The data became shorter before all of them were written, and nothing of them is kept: do not resize or transfer their buffer, nor let the " +
      "WebAssembly memory grow that they are in, before the promise resolves.",
    cause === undefined ? {} : { cause },
  );
}

/** Blocks that are free: the system takes as long to make a new one as a conversion to fill it. */
const free: Uint8Array<ArrayBuffer>[] = [];

/** What one append needs: one to gather in, and two to be written in turns. */
const KEPT = 3;

/** A block of at least so many bytes, with whatever is in it. Small ones cost little, and are made when they are needed. */
export function borrow(length: number): Uint8Array<ArrayBuffer> {
  if (length <= BLOCK / 16 || length > BLOCK) return new Uint8Array(length);
  return free.pop() ?? new Uint8Array(BLOCK);
}

export function giveBack(block: Uint8Array<ArrayBuffer> | undefined): void {
  if (block?.length === BLOCK && free.length < KEPT) free.push(block);
}

/** The memory of {@link Blocks}: one block, and a second one while the first is still being written. */
export class DoubleBuffer {
  readonly #length: number;
  readonly #isCleared: boolean;
  #block: Uint8Array<ArrayBuffer>;
  #other: Uint8Array<ArrayBuffer> | undefined;
  #busy: Uint8Array<ArrayBuffer> | undefined;

  /** For blocks of up to `length` bytes; with `isCleared` they begin as zeros, and stay so where nothing is written. */
  constructor(length: number, isCleared = false) {
    this.#length = length;
    this.#isCleared = isCleared;
    this.#block = this.#make();
  }

  #make(): Uint8Array<ArrayBuffer> {
    const block = borrow(this.#length);
    if (this.#isCleared) block.fill(0, 0, this.#length);
    return block;
  }

  /** Memory for the next block. */
  take(length: number): Uint8Array<ArrayBuffer> {
    if (this.#busy === this.#block) [this.#block, this.#other] = [this.#other ?? this.#make(), this.#block];
    return this.#block.subarray(0, length);
  }

  /** Says whether the block that was taken last is still being written. */
  isBusy(is: boolean | undefined): void {
    this.#busy = is ? this.#block : undefined;
  }

  /** Gives the memory back, but for a block that is still being written. */
  giveBack(): void {
    for (const block of [this.#block, this.#other]) if (block !== this.#busy) giveBack(block);
  }
}
