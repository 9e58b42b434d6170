/**
 * An array at any strides -> its bytes as a file holds them: in C or Fortran order, in the file's dtype and byte order, block by
 * block, so that no more than three blocks are ever held beside the array.
 */

import { conversionOf, conversionOfHeld } from "../cast/convert.ts";
import type { Conversion } from "../cast/kernel.ts";
import { checkOf, checkOfHeld, type OnOverflow } from "../cast/overflow.ts";
import { NpyError } from "../errors.ts";
import { type DType, nativeDType, sameDType } from "../format/dtype.ts";
import { unravelIndex } from "../format/flat-index.ts";
import { sizeOf } from "../format/layout.ts";
import { isNative } from "../format/scalars.ts";
import type { StridedBytes } from "../input/parsed-input.ts";
import {
  BLOCK,
  borrow,
  checkThere,
  type Division,
  DoubleBuffer,
  dividedFurther,
  divisionAt,
  giveBack,
  inBlocks,
  type Placing,
} from "../memory/blocks.ts";
import { areBools, hasBools, normalizeBools } from "../memory/bools.ts";
import { swapBytes } from "../memory/byte-order.ts";
import { copyElements, copyMatrix, type LaneArray, laneOf, laneView } from "../memory/lanes.ts";

/**
 * The bytes of `array` as elements of `target`, in file order: {@link Blocks}, of the elements that `division` says if it is given. Contiguous data that need no
 * conversion are not copied, and come as one block otherwise.
 */
export function* ravel(
  array: StridedBytes,
  target: DType,
  fortranOrder: boolean,
  { position = 0, division }: Placing = {},
  conversion: Conversion | undefined = conversionFrom(array, target),
): Generator<Uint8Array, void, boolean | undefined> {
  const count = sizeOf(array.shape);
  if (count * target.itemsize === 0) return;
  const source = array.dtype;
  const needed = reachOf(array) * source.itemsize;
  checkThere(array.bytes, needed);
  const asTheyAre = bytesAsTheyAre(array, target, fortranOrder);
  if (asTheyAre !== undefined) {
    if (division === undefined) yield asTheyAre;
    else yield* inBlocks(asTheyAre, source.itemsize, division);
    return;
  }

  const axes = mergeAxes(array, fortranOrder);
  const { sourceSwap, targetSwap, same, swapsCancel } = difference(source, target);
  const start = array.offset * source.itemsize;
  const fitting = Math.max(1, Math.floor(BLOCK / Math.max(source.itemsize, target.itemsize)));
  const { most, after } = division ?? wholeRows(position, target.itemsize, fitting, axes);
  const blockCount = Math.min(most, count);
  // Conversions read aligned data in native order.
  const inPlace = !same && inOnePiece(axes) && !sourceSwap && (array.bytes.byteOffset + start) % 8 === 0;
  const gathered = inPlace || conversion === undefined ? undefined : borrow(blockCount * source.itemsize);
  const buffer = new DoubleBuffer(blockCount * target.itemsize);
  try {
    for (let from = 0, length: number; from < count; from += length) {
      checkThere(array.bytes, needed);
      length = Math.min(after(from), count - from);
      const at = start + from * source.itemsize;
      const output = buffer.take(length * target.itemsize);
      const input = inPlace
        ? array.bytes.subarray(at, at + length * source.itemsize)
        : (gathered?.subarray(0, length * source.itemsize) ?? output);
      if (!inPlace) gather(array, axes, from, input);
      if (sourceSwap && !swapsCancel) swapBytes(input, source);
      conversion?.convert(input, output);
      if (same && hasBools(target)) normalizeBools(output, target);
      if (targetSwap && !swapsCancel) swapBytes(output, target);
      buffer.isBusy(yield output);
    }
  } finally {
    giveBack(gathered);
    buffer.giveBack();
  }
}

/** How many elements the data must have. The array is not empty. */
function reachOf({ shape, strides, offset }: StridedBytes): number {
  let reach = offset + 1;
  for (let axis = 0; axis < shape.length; axis++) {
    reach += ((shape[axis] as number) - 1) * Math.max(0, strides[axis] as number);
  }
  return reach;
}

/** The array's own bytes, if those are what the file holds. Bools must be 0 or 1 for that. */
export function bytesAsTheyAre(array: StridedBytes, target: DType, fortranOrder: boolean): Uint8Array | undefined {
  const { itemsize } = target;
  const length = sizeOf(array.shape) * itemsize;
  if (length === 0 || !difference(array.dtype, target).swapsCancel || !inOnePiece(mergeAxes(array, fortranOrder))) {
    return undefined;
  }
  const bytes = array.bytes.subarray(array.offset * itemsize, array.offset * itemsize + length);
  return hasBools(target) && !areBools(bytes, target) ? undefined : bytes;
}

/** How two dtypes differ. */
function difference(source: DType, target: DType) {
  const isStructure = isStructural(source, target);
  const sourceSwap = !isStructure && !isNative(source);
  const targetSwap = !isStructure && !isNative(target);
  const same = isStructure ? sameDType(source, target) : sameDType(nativeDType(source), nativeDType(target));
  return { sourceSwap, targetSwap, same, swapsCancel: same && sourceSwap === targetSwap };
}

/** The dtype of elements as a conversion sees them. */
function orderedFor(target: DType, source: DType): DType {
  return isStructural(source, target) ? source : nativeDType(source);
}

/** Conversions of structures swap field by field. */
function isStructural(source: DType, target: DType): boolean {
  return source.fields !== undefined || target.fields !== undefined;
}

/** `undefined` if the elements are those of `target`, whatever the byte order. */
function conversionFrom({ dtype, elements }: StridedBytes, target: DType): Conversion | undefined {
  if (difference(dtype, target).same) return undefined;
  const source = orderedFor(target, dtype);
  return elements === undefined ? conversionOf(source, target) : conversionOfHeld(source, elements, target);
}

/**
 * Looks at all elements once, if any of them may be refused (text that is no number; with `"throw"`, numbers that do not fit): errors must come
 * before anything is written.
 *
 * @throws NpyError of the first element that cannot be converted, with its `index`.
 */
export function checkConvertible(array: StridedBytes, target: DType, onOverflow: OnOverflow): void {
  const { dtype, elements } = array;
  if (sameDType(nativeDType(dtype), nativeDType(target))) return;
  const source = orderedFor(target, dtype);
  const check = elements === undefined ? checkOf(source, target, onOverflow) : checkOfHeld(source, elements, target, onOverflow);
  if (!check.canFail) return;
  let error = failureOf(array, target, check);
  if (error === undefined) return;
  // Kernels know no indices: this bisects, axis by axis.
  let part = array;
  const index = array.shape.map((size, axis) => {
    let start = 0;
    for (let rest = size; rest > 1; ) {
      const half = Math.floor(rest / 2);
      const first = slice(part, axis, 0, half);
      const failure = failureOf(first, target, check);
      error = failure ?? error;
      part = failure === undefined ? slice(part, axis, half, rest) : first;
      start += failure === undefined ? half : 0;
      rest = failure === undefined ? rest - half : half;
    }
    return start;
  });
  throw error.within({ index });
}

function failureOf(array: StridedBytes, target: DType, check: Conversion): NpyError | undefined {
  try {
    for (const _ of ravel(array, target, false, {}, check));
    return undefined;
  } catch (error) {
    if (error instanceof NpyError) return error;
    throw error;
  }
}

/** The elements `start` to `stop` (not included) of an axis. */
function slice(array: StridedBytes, axis: number, start: number, stop: number): StridedBytes {
  const offset = array.offset + start * (array.strides[axis] as number);
  return { ...array, offset, shape: array.shape.with(axis, stop - start) };
}

/** One axis of the walk over the array. */
interface Axis {
  readonly size: number;
  readonly stride: number;
}

function sizesOf(axes: readonly Axis[]): number[] {
  return axes.map(({ size }) => size);
}

/** The axes from slowest to fastest in file order. Axes that one stride covers are joined. */
function mergeAxes({ shape, strides }: StridedBytes, fortranOrder: boolean): Axis[] {
  const axes: Axis[] = [];
  for (let i = 0; i < shape.length; i++) {
    const axis = fortranOrder ? shape.length - 1 - i : i;
    const size = shape[axis] as number;
    const stride = strides[axis] as number;
    const outer = axes.at(-1);
    if (size === 1) continue;
    if (outer !== undefined && outer.stride === stride * size) axes[axes.length - 1] = { size: outer.size * size, stride };
    else axes.push({ size, stride });
  }
  return axes;
}

function inOnePiece(axes: readonly Axis[]): boolean {
  return axes.length === 0 || (axes.length === 1 && axes[0]?.stride === 1);
}

/** Rows of fewer elements are copied together: one by one they would take longer to begin than to copy. */
const SHORT_ROW = 64;

/**
 * The axis with the least stride, if it is not the fastest in file order: elements along it are neighbours in memory, and are read together. If the
 * fastest axis has few elements, the one before it. `slab` is the number of elements in the file from one of its positions to the next.
 */
function nearestAxis(axes: readonly Axis[]): { at: number; slab: number } | undefined {
  const near = Math.min(...axes.map(({ stride }) => Math.abs(stride)));
  const inner = axes.at(-1);
  let at = axes.findIndex(({ stride }) => Math.abs(stride) === near);
  if (inner !== undefined && Math.abs(inner.stride) === near) at = inner.size < SHORT_ROW ? axes.length - 2 : -1;
  return at < 0 ? undefined : { at, slab: sizeOf(sizesOf(axes.slice(at + 1))) };
}

/** Blocks of at most `fitting` elements of `size` bytes, in whole slabs if a block has room for one. */
function wholeRows(position: number, size: number, fitting: number, axes: readonly Axis[]): Division {
  const slab = nearestAxis(axes)?.slab ?? 1;
  if (slab > fitting) return divisionAt(position, size, fitting);
  return dividedFurther(divisionAt(position, size * slab, Math.floor(fitting / slab)), slab);
}

/** Copies elements, counted in file order from `from`, until `out` is full. */
function gather(array: StridedBytes, elementAxes: readonly Axis[], from: number, out: Uint8Array): void {
  const { itemsize } = array.dtype;
  const lane = laneOf(array.bytes.byteOffset, itemsize);
  const source = laneView(array.bytes, lane);
  const target = laneView(out, lane);
  const width = itemsize / lane;
  // The lanes of an element are one more axis.
  const wide = elementAxes.map(({ size, stride }) => ({ size, stride: stride * width }));
  const axes = width === 1 ? elementAxes : [...wide, { size: width, stride: 1 }];
  const inner = axes.at(-1) ?? { size: 1, stride: 1 };
  const outer = axes.slice(0, -1);
  const near = nearestAxis(axes);
  const index = unravelIndex(from * width, sizesOf(axes));
  let within = index.pop() ?? 0;
  let base = array.offset * width;
  for (let i = 0; i < outer.length; i++) base += (index[i] as number) * (outer[i] as Axis).stride;
  const count = out.length / lane;
  /** Moves on by `steps` along an outer axis. */
  const advance = (axis: number, steps: number): void => {
    for (let i = axis, by = steps; i >= 0; i--, by = 1) {
      const { size, stride } = outer[i] as Axis;
      base += by * stride;
      index[i] = (index[i] as number) + by;
      if ((index[i] as number) < size) break;
      base -= size * stride;
      index[i] = 0;
    }
  };
  for (let done = 0; done < count; ) {
    if (near !== undefined && within === 0 && index.every((position, i) => i <= near.at || position === 0)) {
      const { size } = outer[near.at] as Axis;
      const rows = Math.min(size - (index[near.at] as number), Math.floor((count - done) / near.slab));
      if (rows > 1) {
        copySlabs(source, base, axes.slice(near.at), target, done, rows);
        done += rows * near.slab;
        advance(near.at, rows);
        continue;
      }
    }
    const length = Math.min(inner.size - within, count - done);
    const run = { lanes: source, start: base + within * inner.stride, stride: inner.stride };
    copyElements(run, { lanes: target, start: done, stride: 1 }, 1, length);
    done += length;
    within = 0;
    advance(outer.length - 1, 1);
  }
}

/** Copies the slabs of `rows` positions of the first axis. */
function copySlabs(from: LaneArray, base: number, axes: readonly Axis[], to: LaneArray, put: number, rows: number): void {
  const [near, ...rest] = axes as [Axis, ...Axis[]];
  const inner = rest.pop() as Axis;
  const sizes = sizesOf(rest);
  const matrices = sizeOf(sizes);
  for (let i = 0; i < matrices; i++) {
    const start = unravelIndex(i, sizes).reduce((at, position, axis) => at + position * (rest[axis] as Axis).stride, base);
    copyMatrix(
      { lanes: from, start, stride: inner.stride, rowStride: near.stride },
      { lanes: to, start: put + i * inner.size, stride: 1, rowStride: matrices * inner.size },
      rows,
      inner.size,
    );
  }
}
