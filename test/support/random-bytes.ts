/** Elements of any dtype, as the bytes that a file would hold. */
import type { DType } from "../../src/format/dtype.ts";
import { NATIVE_BYTE_ORDER } from "../../src/format/scalars.ts";

/** A small generator of numbers below 2^32 (mulberry32): the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** `count` elements: any bits, but for bools (0 and 1) and `U` (code points; surrogates only if asked for, since no string holds pairs of them). */
export function randomBytes(dtype: DType, count: number, random: () => number, hasSurrogates = false): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: count * dtype.itemsize }, () => random() & 0xff);
  for (let i = 0; i < count; i++)
    tame(dtype, new DataView(bytes.buffer, i * dtype.itemsize, dtype.itemsize), random, hasSurrogates);
  return bytes;
}

function tame(dtype: DType, element: DataView, random: () => number, hasSurrogates: boolean): void {
  const { subdtype, fields } = dtype;
  if (fields !== undefined) {
    for (const { dtype: type, offset } of fields) tame(type, part(element, offset, type.itemsize), random, hasSurrogates);
  } else if (subdtype !== undefined) {
    const { itemsize } = subdtype.dtype;
    for (let at = 0; at < dtype.itemsize; at += itemsize)
      tame(subdtype.dtype, part(element, at, itemsize), random, hasSurrogates);
  } else if (dtype.kind === "b") {
    element.setUint8(0, random() & 1);
  } else if (dtype.kind === "U") {
    const length = random() % (dtype.itemsize / 4 + 1);
    for (let at = 0; at < dtype.itemsize; at += 4) {
      element.setUint32(
        at,
        at / 4 >= length ? 0 : codePoint(random, hasSurrogates),
        (dtype.byteOrder === "|" ? NATIVE_BYTE_ORDER : dtype.byteOrder) === "<",
      );
    }
  }
}

function codePoint(random: () => number, hasSurrogates: boolean): number {
  const choice = random() % 6;
  if (choice < 2) return 0x10000 + (random() % 0xffff);
  return choice === 2 && hasSurrogates ? 0xd800 + (random() % 0x800) : 1 + (random() % 0xd000);
}

function part(view: DataView, offset: number, length: number): DataView {
  return new DataView(view.buffer, view.byteOffset + offset, length);
}
