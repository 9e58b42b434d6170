/**
 * Bools as bytes. NumPy's are 0 and 1; any other byte is true to it, but equal to no `True` byte for byte. What a user declares as bool may hold
 * such bytes, and is written as 0 and 1.
 */
import type { DType } from "../format/dtype.ts";
import { flatten } from "./fields.ts";

/** Going through a structure's fields takes longer than writing a small record. */
const known = new WeakMap<DType, boolean>();

/** Whether elements of a dtype are bools, or have fields that are. */
export function hasBools(type: DType): boolean {
  if (type.kind !== "V") return type.kind === "b";
  let has = known.get(type);
  if (has === undefined) {
    const { element } = flatten(type);
    has = element.fields?.some((field) => hasBools(field.dtype)) ?? element.kind === "b";
    known.set(type, has);
  }
  return has;
}

/** Whether all bools of these elements are 0 or 1. Bytes after the last whole element do not count. */
export function areBools(bytes: Uint8Array, type: DType): boolean {
  return type.itemsize === 0 || eachRun(bytes, type, 0, type.itemsize, Math.floor(bytes.length / type.itemsize), isZeroOrOne);
}

/** Makes 1 of every bool of these elements that is neither 0 nor 1. */
export function normalizeBools(bytes: Uint8Array, type: DType): void {
  if (!areBools(bytes, type)) eachRun(bytes, type, 0, type.itemsize, Math.floor(bytes.length / type.itemsize), makeZeroOrOne);
}

/** Looks at `count` bools, `stride` bytes apart; `false` to look at no others. */
type Visit = (bytes: Uint8Array, start: number, count: number, stride: number) => boolean;

/** Visits the bools of `count` elements, which begin at `start`, `stride` bytes apart. */
function eachRun(bytes: Uint8Array, type: DType, start: number, stride: number, count: number, visit: Visit): boolean {
  if (!hasBools(type)) return true;
  const { element, count: within } = flatten(type);
  const { fields, itemsize } = element;
  if (within === 1 || stride === within * itemsize) {
    const [step, all] = within === 1 ? [stride, count] : [itemsize, count * within];
    if (fields === undefined) return visit(bytes, start, all, step);
    return fields.every((field) => eachRun(bytes, field.dtype, start + field.offset, step, all, visit));
  }
  for (let i = 0; i < count; i++) {
    if (!eachRun(bytes, element, start + i * stride, itemsize, within, visit)) return false;
  }
  return true;
}

/** To look at fewer bytes one by one costs less than to make a view of them as words. */
const FEW_BYTES = 128;

/** Every bit of four bytes but the lowest of each. */
const OTHER_BITS = 0xfefefefe | 0;

/** Whether `count` bytes, `stride` apart, are 0 or 1. */
export function isZeroOrOne(bytes: Uint8Array, start: number, count: number, stride: number): boolean {
  if (stride !== 1 || count < FEW_BYTES) return orOf(bytes, start, count, stride) <= 1;
  const head = -(bytes.byteOffset + start) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start + head, (count - head) >> 2);
  const { length } = words;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  // Four at a time are twice as fast.
  for (; i + 3 < length; i += 4) {
    a |= words[i] as number;
    b |= words[i + 1] as number;
    c |= words[i + 2] as number;
    d |= words[i + 3] as number;
  }
  for (; i < length; i++) a |= words[i] as number;
  const tail = head + 4 * length;
  return ((a | b | c | d) & OTHER_BITS) === 0 && (orOf(bytes, start, head, 1) | orOf(bytes, start + tail, count - tail, 1)) <= 1;
}

/** All bits that any of the bytes has. */
function orOf(bytes: Uint8Array, start: number, count: number, stride: number): number {
  let bits = 0;
  for (let i = 0, at = start; i < count; i++, at += stride) bits |= bytes[at] as number;
  return bits;
}

function makeZeroOrOne(bytes: Uint8Array, start: number, count: number, stride: number): boolean {
  for (let i = 0, at = start; i < count; i++, at += stride) if ((bytes[at] as number) > 1) bytes[at] = 1;
  return true;
}
