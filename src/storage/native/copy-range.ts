/**
 * Bytes that the system copies from file to file itself, in another thread, without their passing through this process: copy_file_range(2) of
 * Linux, through koffi. Whatever is out of the ordinary is left to reading and writing: 0.
 */

import type { Eventually } from "../storage.ts";
import { type AsyncCountFunction, HAS_LONG_POSITIONS, IS_NODE, native } from "./native.ts";

/** koffi calls functions in other threads in Node alone. */
const IS_POSSIBLE = process.platform === "linux" && HAS_LONG_POSITIONS && IS_NODE;

/** To load koffi, and to look after a call, takes as long as to copy some hundred kB. */
const FEW = 2 ** 20;

/** One call copies so much at most, in some milliseconds: a copy can be given up between two. */
const MUCH = 2 ** 25;

let call: AsyncCountFunction | undefined;

function find(): AsyncCountFunction | undefined {
  const prototype =
    "int64_t copy_file_range(int from, void *fromPosition, int to, void *toPosition, size_t length, unsigned int flags)";
  try {
    return native()?.asyncCountFunc(prototype);
  } catch {
    return undefined; // a C library without it
  }
}

/** Copies up to `length` bytes. Gives how many it could; 0 also where the file that is read ends. */
export function copyRange(from: number, start: number, to: number, position: number, length: number): Eventually<number> {
  if (!IS_POSSIBLE || length < FEW) return 0;
  call ??= find();
  if (call === undefined) return 0;
  const positions = BigInt64Array.of(BigInt(start), BigInt(position));
  const [read, written] = [0, 8].map((at) => new Uint8Array(positions.buffer, at, 8)) as [Uint8Array, Uint8Array];
  return call(from, read, to, written, Math.min(length, MUCH), 0).then((count) => Math.max(0, count));
}
