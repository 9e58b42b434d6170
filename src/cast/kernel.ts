/** The parts that conversions are made of. */
import { clipped, NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { NATIVE_BYTE_ORDER } from "../format/scalars.ts";

/** The halves of an 8-byte number, as indices of its 32-bit words. */
export const LOW: 0 | 1 = NATIVE_BYTE_ORDER === "<" ? 0 : 1;
export const HIGH: 0 | 1 = NATIVE_BYTE_ORDER === "<" ? 1 : 0;

/** Converts all elements of `source` into `target`; both aligned to 8 bytes and in this machine's byte order. */
export type Kernel = (source: Uint8Array, target: Uint8Array) => void;

/** A kernel, and whether it refuses some values. */
export interface Conversion {
  readonly convert: Kernel;
  readonly canFail: boolean;
}

/** Two kernels, one after the other, with elements of `betweenSize` bytes between them. */
export function chain(first: Kernel, sourceSize: number, betweenSize: number, second: Kernel): Kernel {
  const scratch = makeScratch();
  return (source, target) => {
    const between = scratch((source.length / sourceSize) * betweenSize);
    first(source, between);
    second(between, target);
  };
}

/** Memory that is reused from call to call: all blocks but the last have one size. */
export function makeScratch(): (length: number) => Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(0);
  return (length) => {
    if (bytes.length < length) bytes = new Uint8Array(length);
    return bytes.subarray(0, length);
  };
}

/** Copies the bytes of each element, cut or padded with zeros. */
export function copyBytes(sourceSize: number, targetSize: number): Kernel {
  if (sourceSize === targetSize) return (source, target) => target.set(source);
  const size = Math.min(sourceSize, targetSize);
  return (source, target) => {
    target.fill(0);
    for (let from = 0, to = 0; to < target.length; from += sourceSize, to += targetSize) {
      for (let i = 0; i < size; i++) target[to + i] = source[from + i] as number;
    }
  };
}

/** The error of a value that `to` cannot hold. */
export function unconvertible(value: string, to: DType, expected: string): NpyError {
  return new NpyError("ERR_NPY_VALUE", `${clipped(value)} cannot be converted to ${to.str}: ${expected}.`);
}
