/**
 * An array at any strides -> its bytes as a file holds them: in C or Fortran order, in the file's dtype and byte order, block by
 * block, so that no more than two blocks are ever held beside the array.
 */
import { type DType, nativeDType, sameDType } from "../format/dtype.ts";
import { sizeOf } from "../format/layout.ts";
import { converter, needsSwap, swapBytes } from "./convert.ts";
import type { StridedBytes } from "./input.ts";

/** Bytes of a block: enough to make a write cheap, little enough to stay in the processor's cache. */
const BLOCK = 2 ** 20;

/**
 * The bytes of `array` as elements of `target`, in file order. Each block is valid until the next one is asked for. Contiguous data
 * that need no conversion come as one block, uncopied.
 */
export function* ravel(array: StridedBytes, target: DType, fortranOrder: boolean): Generator<Uint8Array, void, void> {
  const count = sizeOf(array.shape);
  if (count * target.itemsize === 0) return;
  const axes = mergeAxes(array, fortranOrder);
  const isContiguous = axes.length === 0 || (axes.length === 1 && axes[0]?.stride === 1);
  const source = array.dtype;
  const isStructure = source.fields !== undefined || target.fields !== undefined;
  // Structures are handed to the converter as they are; it swaps field by field.
  const sourceSwap = !isStructure && needsSwap(source);
  const targetSwap = !isStructure && needsSwap(target);
  const same = isStructure ? sameDType(source, target) : sameDType(nativeDType(source), nativeDType(target));
  const swapsCancel = same && sourceSwap === targetSwap;
  const start = array.offset * source.itemsize;
  if (swapsCancel && isContiguous) {
    yield array.bytes.subarray(start, start + count * source.itemsize);
    return;
  }

  const perBlock = Math.max(1, Math.floor(BLOCK / Math.max(source.itemsize, target.itemsize)));
  const blockCount = Math.min(perBlock, count);
  // The converters read aligned data in native order.
  const inPlace = !same && isContiguous && !sourceSwap && (array.bytes.byteOffset + start) % 8 === 0;
  const gathered = inPlace ? undefined : new Uint8Array(blockCount * source.itemsize);
  const conversion = same ? undefined : converter(isStructure ? source : nativeDType(source), target);
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
  if (converter(source, target).canFail) for (const _ of ravel(array, target, false));
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
    copyRun(source, (base + within * inner.stride) * width, inner.stride * width, width, target, done * width, length);
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

type Lane = 1 | 2 | 4;
type LaneArray = Uint8Array | Uint16Array | Uint32Array;

/**
 * Elements are moved as unsigned integers: as floats, signalling NaNs could lose their bits. The widest unit that divides the element
 * and to which the data are aligned.
 */
function laneOf(byteOffset: number, itemsize: number): Lane {
  const bits = byteOffset | itemsize;
  if (bits % 4 === 0) return 4;
  return bits % 2 === 0 ? 2 : 1;
}

function laneView(bytes: Uint8Array, lane: Lane): LaneArray {
  if (lane === 1) return bytes;
  const length = Math.floor(bytes.length / lane);
  return lane === 2
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, length)
    : new Uint32Array(bytes.buffer, bytes.byteOffset, length);
}

/** Copies `count` elements of `width` lanes each; positions and the stride are in lanes. */
function copyRun(
  source: LaneArray,
  from: number,
  stride: number,
  width: number,
  target: LaneArray,
  to: number,
  count: number,
): void {
  if (stride === width) {
    target.set(source.subarray(from, from + count * width), to);
  } else if (width === 1) {
    for (let i = 0, at = from; i < count; i++, at += stride) target[to + i] = source[at] as number;
  } else if (width === 2) {
    for (let i = 0, at = from, put = to; i < count; i++, at += stride, put += 2) {
      target[put] = source[at] as number;
      target[put + 1] = source[at + 1] as number;
    }
  } else {
    for (let i = 0, at = from, put = to; i < count; i++, at += stride, put += width) {
      for (let lane = 0; lane < width; lane++) target[put + lane] = source[at + lane] as number;
    }
  }
}
