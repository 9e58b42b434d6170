/** Blocks of a file's bytes, and the memory that they are made in. */
import { NpyError } from "../errors.ts";

/** Bytes of a block: enough for a cheap write, few enough for the processor's cache. */
export const BLOCK: number = 2 ** 20;

/** The unit of WebAssembly's memory. */
const WASM_PAGE = 2 ** 16;

/**
 * A file's bytes, block by block. A block is valid until the next call of `next`. `next(true)` says that it is still being written: then it stays
 * valid until the call after that.
 */
export interface Blocks extends Iterable<Uint8Array, unknown, boolean | undefined> {
  /** The same bytes, in blocks for what begins at `position` of a file: see {@link divisionAt}. */
  readonly startingAt?: (position: number) => Iterator<Uint8Array, unknown, boolean | undefined>;
}

/** The blocks that `make` gives for a position. */
export function placed(make: (position: number) => Blocks): Blocks {
  const startingAt = (position: number) => make(position)[Symbol.iterator]();
  return { startingAt, [Symbol.iterator]: () => startingAt(0) };
}

/** How many items each block holds. */
export interface Division {
  /** No block holds more. */
  readonly most: number;
  /** How many the block after the first `done` items holds, if there are as many left. */
  after(done: number): number;
}

/**
 * Blocks of at most `most` items of `size` bytes, for what begins at `position` of a file. They end at multiples of a power of two, or right before:
 * the system then keeps the file in large pieces of its cache, and writes them a tenth faster.
 */
export function divisionAt(position: number, size: number, most: number): Division {
  const unit = 2 ** Math.ceil(Math.log2(most * size));
  const after = (done: number) => {
    const items = Math.floor((unit - ((position + done * size) % unit)) / size);
    // A block that begins a few bytes before a multiple goes on to the next one.
    return items < most / 16 ? most : Math.min(items, most);
  };
  return { most, after };
}

/** Which blocks are wanted: for a position of a file, or of so many items. */
export interface Placing {
  /** Default 0. */
  readonly position?: number | undefined;
  readonly division?: Division | undefined;
}

/** The same blocks for items that are made of `count` smaller ones each. */
export function dividedFurther({ most, after }: Division, count: number): Division {
  return { most: most * count, after: (done) => after(done / count) * count };
}

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

/** The caller's bytes, as items of `size` bytes. */
export function* inBlocks(
  bytes: Uint8Array,
  size: number,
  { after }: Division,
  length: number = bytes.length,
): Generator<Uint8Array, void, unknown> {
  for (let at = 0, end = 0; at < length; at = end) {
    checkThere(bytes, length);
    end = Math.min(at + after(at / size) * size, length);
    yield bytes.subarray(at, end);
  }
}

/** One append needs one to gather in, and two to write alternately. */
const KEPT = 3;

/** Free blocks: allocating one takes as long as filling it. */
let free: Uint8Array<ArrayBuffer>[] | undefined;

/** A block of at least `length` bytes, which may hold anything. Small ones are cheap, and are not kept. */
export function borrow(length: number): Uint8Array<ArrayBuffer> {
  if (length <= BLOCK / 16 || length > BLOCK) return new Uint8Array(length);
  free ??= alignedBlocks();
  return free.pop() ?? new Uint8Array(BLOCK);
}

/**
 * Blocks that begin with a page of memory, as far as there are such: systems copy them into files a fifth faster than the memory of a large
 * `ArrayBuffer`, which begins 16 bytes after one. Only the memory of WebAssembly has a known address.
 */
function alignedBlocks(): Uint8Array<ArrayBuffer>[] {
  const { WebAssembly } = globalThis as {
    WebAssembly?: { Memory?: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } };
  };
  try {
    const pages = (KEPT * BLOCK) / WASM_PAGE;
    const memory = WebAssembly?.Memory && new WebAssembly.Memory({ initial: pages, maximum: pages });
    return memory === undefined ? [] : Array.from({ length: KEPT }, (_, i) => new Uint8Array(memory.buffer, i * BLOCK, BLOCK));
  } catch {
    // The process may not have as many addresses as engines reserve for it.
    return [];
  }
}

export function giveBack(block: Uint8Array<ArrayBuffer> | undefined): void {
  if (block?.length === BLOCK && free !== undefined && free.length < KEPT) free.push(block);
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
