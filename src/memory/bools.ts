/**
 * Bools as bytes. NumPy writes 0 and 1, and takes any other byte for true. Data that a user declares as bool may have such bytes; they are
 * written as 1, so that files stay byte for byte what NumPy would write.
 */
import type { DType } from "../format/dtype.ts";
import { flatten } from "./fields.ts";

/** The bools of one field within an element: the offset of the first one, and the axes along which they repeat, from outer to inner. */
interface Run {
  readonly offset: number;
  readonly axes: readonly { readonly count: number; readonly stride: number }[];
}

/** Cached: walking a structure's fields takes longer than writing a small record. */
const known = new WeakMap<DType, readonly Run[]>();

function runsOf(type: DType): readonly Run[] {
  const found = known.get(type);
  if (found !== undefined) return found;
  const { element, count } = flatten(type);
  const own: readonly Run[] = element.kind === "b" ? [{ offset: 0, axes: [] }] : [];
  const within = element.fields?.flatMap((field) =>
    runsOf(field.dtype).map(({ offset, axes }) => ({ offset: field.offset + offset, axes })),
  );
  const axis = count === 1 ? [] : [{ count, stride: element.itemsize }];
  const runs = count === 0 ? [] : (within ?? own).map(({ offset, axes }) => ({ offset, axes: [...axis, ...axes] }));
  known.set(type, runs);
  return runs;
}

/** Whether elements of a dtype are bools, or have fields that are. */
export function hasBools(type: DType): boolean {
  return type.kind === "b" || (type.kind === "V" && runsOf(type).length > 0);
}

/** Whether all bools of these elements are 0 or 1. Bytes after the last whole element are ignored. */
export function areBools(bytes: Uint8Array, type: DType): boolean {
  return type.kind === "b" ? isZeroOrOne(bytes, 0, bytes.length, 1) : eachRun(bytes, type, isZeroOrOne);
}

/** Sets every bool of these elements that is not 0 to 1. */
export function normalizeBools(bytes: Uint8Array, type: DType): void {
  if (!areBools(bytes, type)) eachRun(bytes, type, makeZeroOrOne);
}

/** Visits `count` bools, `stride` bytes apart; returns `false` to stop. */
type Visit = (bytes: Uint8Array, start: number, count: number, stride: number) => boolean;

function eachRun(bytes: Uint8Array, type: DType, visit: Visit): boolean {
  const runs = runsOf(type);
  const count = runs.length === 0 ? 0 : Math.floor(bytes.length / type.itemsize);
  for (let i = 0; i < runs.length; i++) {
    const { offset, axes } = runs[i] as Run;
    if (!walk(bytes, offset, count, type.itemsize, axes, 0, visit)) return false;
  }
  return true;
}

/** Visits the bools at `count` places, `stride` bytes apart, along the axes from `depth` on. */
function walk(
  bytes: Uint8Array,
  start: number,
  count: number,
  stride: number,
  axes: Run["axes"],
  depth: number,
  visit: Visit,
): boolean {
  const inner = axes[depth];
  if (inner === undefined) return visit(bytes, start, count, stride);
  if (stride === inner.count * inner.stride) return walk(bytes, start, count * inner.count, inner.stride, axes, depth + 1, visit);
  for (let i = 0; i < count; i++) {
    if (!walk(bytes, start + i * stride, inner.count, inner.stride, axes, depth + 1, visit)) return false;
  }
  return true;
}

/** For fewer bytes than this, a view of words costs more than it saves. */
const FEW_BYTES = 128;

/** All bits of four bytes but the lowest of each. */
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

/** The bitwise OR of all bytes. */
function orOf(bytes: Uint8Array, start: number, count: number, stride: number): number {
  let bits = 0;
  for (let i = 0, at = start; i < count; i++, at += stride) bits |= bytes[at] as number;
  return bits;
}

function makeZeroOrOne(bytes: Uint8Array, start: number, count: number, stride: number): boolean {
  for (let i = 0, at = start; i < count; i++, at += stride) if ((bytes[at] as number) > 1) bytes[at] = 1;
  return true;
}
