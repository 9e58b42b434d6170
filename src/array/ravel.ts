/**
 * An array at any strides -> its bytes as a file holds them: in C or Fortran order, in the file's dtype and byte order, block by
 * block, so that no more than two blocks are ever held beside the array.
 */
import { type DType, nativeDType, sameDType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { needsSwap, swapBytes } from "./byte-order.ts";
import { conversionOf } from "./convert.ts";
import type { StridedBytes } from "./input.ts";
import { copyElements, laneOf, laneView } from "./lanes.ts";

/** Bytes of a block: enough to make a write cheap, little enough to stay in the processor's cache. */
export const BLOCK: number = 2 ** 20;

/**
 * The bytes of `array` as elements of `target`, in file order. Each block is valid until the next one is asked for. Contiguous data
 * that need no conversion are not copied, and come as one block. With `wanted`, blocks have so many elements.
 */
export function* ravel(
  array: StridedBytes,
  target: DType,
  fortranOrder: boolean,
  wanted?: number,
): Generator<Uint8Array, void, void> {
  const count = sizeOf(array.shape);
  if (count * target.itemsize === 0) return;
  const axes = mergeAxes(array, fortranOrder);
  const isContiguous = axes.length === 0 || (axes.length === 1 && axes[0]?.stride === 1);
  const source = array.dtype;
  const isStructure = source.fields !== undefined || target.fields !== undefined;
  // Structures are handed to the conversion as they are; it swaps field by field.
  const sourceSwap = !isStructure && needsSwap(source);
  const targetSwap = !isStructure && needsSwap(target);
  const same = isStructure ? sameDType(source, target) : sameDType(nativeDType(source), nativeDType(target));
  const swapsCancel = same && sourceSwap === targetSwap;
  const start = array.offset * source.itemsize;
  if (swapsCancel && isContiguous) {
    for (let from = 0; from < count; from += wanted ?? count) {
      yield array.bytes.subarray(
        start + from * source.itemsize,
        start + Math.min(count, from + (wanted ?? count)) * source.itemsize,
      );
    }
    return;
  }

  const perBlock = wanted ?? Math.max(1, Math.floor(BLOCK / Math.max(source.itemsize, target.itemsize)));
  const blockCount = Math.min(perBlock, count);
  // Conversions read aligned data in native order.
  const inPlace = !same && isContiguous && !sourceSwap && (array.bytes.byteOffset + start) % 8 === 0;
  const gathered = inPlace ? undefined : new Uint8Array(blockCount * source.itemsize);
  const conversion = same ? undefined : conversionOf(isStructure ? source : nativeDType(source), target);
  const converted = conversion && new Uint8Array(blockCount * target.itemsize);
  for (let from = 0; from < count; from += perBlock) {
    const length = Math.min(perBlock, count - from);
    const at = start + from * source.itemsize;
    const input = gathered?.subarray(0, length * source.itemsize) ?? array.bytes.subarray(at, at + length * source.itemsize);
    if (gathered !== undefined) gather(array, axes, from, input);
    if (sourceSwap && !swapsCancel) swapBytes(input, source);
    const output = converted?.subarray(0, length * target.itemsize) ?? input;
    conversion?.convert(input, output);
    if (targetSwap && !swapsCancel) swapBytes(output, target);
    yield output;
  }
}

/**
 * Goes through all elements of an array whose conversion can be refused (a text that is no number), so that this happens before
 * anything is written.
 *
 * @throws NpyError of the first element that cannot be converted.
 */
export function checkConvertible(array: StridedBytes, target: DType): void {
  if (sameDType(nativeDType(array.dtype), nativeDType(target))) return;
  const source = array.dtype.fields === undefined ? nativeDType(array.dtype) : array.dtype;
  if (conversionOf(source, target).canFail) for (const _ of ravel(array, target, false));
}

/** One axis of the walk over the array. */
interface Axis {
  readonly size: number;
  readonly stride: number;
}

/** The axes from slowest to fastest in file order, with those joined that lie one after the other. */
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

/** Copies elements, counted in file order from `from`, until `out` is full. */
function gather(array: StridedBytes, axes: readonly Axis[], from: number, out: Uint8Array): void {
  const { itemsize } = array.dtype;
  const lane = laneOf(array.bytes.byteOffset, itemsize);
  const source = laneView(array.bytes, lane);
  const target = laneView(out, lane);
  const width = itemsize / lane;
  const inner = axes.at(-1) ?? { size: 1, stride: 1 };
  const outer = axes.slice(0, -1);
  const index = unravel(from, axes);
  let within = index.pop() ?? 0;
  let base = array.offset;
  for (let i = 0; i < outer.length; i++) base += (index[i] as number) * (outer[i] as Axis).stride;
  const count = out.length / itemsize;
  for (let done = 0; done < count; ) {
    const length = Math.min(inner.size - within, count - done);
    const run = { lanes: source, start: (base + within * inner.stride) * width, stride: inner.stride * width };
    copyElements(run, { lanes: target, start: done * width, stride: width }, width, length);
    done += length;
    within = 0;
    for (let i = outer.length - 1; i >= 0; i--) {
      const { size, stride } = outer[i] as Axis;
      base += stride;
      index[i] = (index[i] as number) + 1;
      if ((index[i] as number) < size) break;
      base -= size * stride;
      index[i] = 0;
    }
  }
}

/** The position on each axis of the element `at`. */
function unravel(at: number, axes: readonly Axis[]): number[] {
  let rest = at;
  return axes
    .toReversed()
    .map(({ size }) => {
      const position = rest % size;
      rest = Math.floor(rest / size);
      return position;
    })
    .toReversed();
}
