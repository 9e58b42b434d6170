/** Blocks of a file's bytes, and the memory that they are made in. */
import { NpyError } from "../errors.ts";

/** Bytes of a block: enough for a cheap write, few enough for the processor's cache. */
export const BLOCK: number = 2 ** 20;

/**
 * A file's bytes, block by block. A block is valid until the next call of `next`. `next(true)` says that it is still being written: then it stays
 * valid until the call after that.
 */
export type Blocks = Iterable<Uint8Array, unknown, boolean | undefined>;

/**
 * Whether memory still has the bytes needed. The caller may resize or transfer it between two steps, which leaves its views empty. The buffer is
 * checked as well: code that V8 optimised for resizable buffers may see a view's old length after a transfer (seen in Node 20).
 */
export function isThere({ byteLength, buffer }: ArrayBufferView, needed: number): boolean {
  return byteLength >= needed && buffer.byteLength >= needed;
}

/** Refuses memory that became shorter after it was checked. */
export function checkThere(bytes: ArrayBufferView, needed: number): void {
  if (!isThere(bytes, needed)) throw shrunk();
}

/** The error for the caller's memory that shrank before all of it was written. */
export function shrunk(cause?: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_SHAPE",
    "The data became shorter before all of them were written, and nothing of them is kept: do not resize or transfer their buffer, nor let the " +
      "WebAssembly memory grow that they are in, before the promise resolves.",
    cause === undefined ? {} : { cause },
  );
}

/** The caller's bytes, `size` at a time. */
export function* inBlocks(bytes: Uint8Array, size: number, length: number = bytes.length): Generator<Uint8Array, void, unknown> {
  for (let at = 0; at < length; at += size) {
    checkThere(bytes, length);
    yield bytes.subarray(at, at + size);
  }
}

/** Free blocks: allocating one takes as long as filling it. */
const free: Uint8Array<ArrayBuffer>[] = [];

/** One append needs one to gather in, and two to write alternately. */
const KEPT = 3;

/** A block of at least `length` bytes, which may hold anything. Small ones are cheap, and are not kept. */
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

  /** Gives the memory back, except for a block that is still being written. */
  giveBack(): void {
    for (const block of [this.#block, this.#other]) if (block !== this.#busy) giveBack(block);
  }
}
