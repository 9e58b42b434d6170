/** Byte order: between a file's and this machine's. */
import type { DType } from "../format/dtype.ts";
import { partSize } from "../format/scalars.ts";
import { vectorSwap } from "./vector-swap.ts";

/** The swaps of Node, Bun and Deno: ten times as fast as a loop for many elements. That of 4 bytes is the slowest of them. */
interface Swapper {
  swap16(): unknown;
  swap64(): unknown;
}

const SWAPPERS = { 2: "swap16", 8: "swap64" } as const;

/** Fewer bytes are swapped before any of these functions begins. */
const MANY = 256;

/** The bytes as the runtime's `Buffer`, if it has one. */
function swapperOf({ buffer, byteOffset, length }: Uint8Array): Swapper | undefined {
  const { Buffer } = globalThis as { Buffer?: { from?(buffer: ArrayBufferLike, byteOffset: number, length: number): Swapper } };
  return Buffer?.from?.(buffer, byteOffset, length);
}

/** Swaps the bytes of all elements, in place: of both parts of complex numbers, and of each character of a text. */
export function swapBytes(bytes: Uint8Array, type: DType): void {
  const size = partSize(type);
  if (bytes.length >= MANY && swapMany(bytes, size)) return;
  if (size === 2) swap2(bytes);
  else if (size === 4) swap4(bytes);
  else if (size === 8) swap8(bytes);
  else swapAny(bytes, size);
}

/** Returns `false` where nothing is faster than a loop. */
function swapMany(bytes: Uint8Array, size: number): boolean {
  const swapper = size === 2 || size === 8 ? swapperOf(bytes) : undefined;
  if (swapper !== undefined) {
    swapper[SWAPPERS[size as 2 | 8]]();
    return true;
  }
  const swap = size === 2 || size === 4 || size === 8 || size === 16 ? vectorSwap() : undefined;
  swap?.(bytes, size);
  return swap !== undefined;
}

function swap2(bytes: Uint8Array): void {
  const words = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    words[i] = (word << 8) | (word >>> 8);
  }
}

/** A 32-bit word with its four bytes reversed. */
function reversed(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function swap4(bytes: Uint8Array): void {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < words.length; i++) words[i] = reversed(words[i] as number);
}

function swap8(bytes: Uint8Array): void {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let i = 0; i < words.length; i += 2) {
    const first = words[i] as number;
    words[i] = reversed(words[i + 1] as number);
    words[i + 1] = reversed(first);
  }
}

/** Long doubles, of 12 or 16 bytes. */
function swapAny(bytes: Uint8Array, size: number): void {
  for (let start = 0; start < bytes.length; start += size) bytes.subarray(start, start + size).reverse();
}
