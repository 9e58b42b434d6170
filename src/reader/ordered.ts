/** Rows that are read in the order that the caller asks for. */
import { decodeRoom, roomIn } from "../decode/decode.ts";
import type { DataOf, NpyArray } from "../decode/npy-array.ts";
import { decodeElements } from "../decode/record-array.ts";
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { contiguousStrides, rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import type { SelectedAxis } from "../format/selection.ts";
import { isThere } from "../memory/blocks.ts";
import { gather, limitsOf, type Piece, type Source, type Wanted } from "../plan/read/gather.ts";
import { allocate, readRows } from "../plan/read/rows.ts";
import type { Plan } from "../plan/step.ts";
import type { Order } from "./reader-options.ts";

/** What is read. */
interface Result {
  readonly dtype: DType;
  readonly shape: number[];
  readonly fortranOrder: boolean;
}

/** Where it is put, and how. */
export interface Placing {
  readonly out?: ArrayBufferView | undefined;
  readonly order?: Order | undefined;
}

/** Memory for a result, which `read` fills. */
export function* fill<D>(
  result: Result,
  source: Source,
  out: ArrayBufferView | undefined,
  read: (bytes: Uint8Array) => Plan<void>,
): Plan<NpyArray<D>> {
  const { dtype, shape } = result;
  const elements = sizeOf(shape);
  const length = elements * dtype.itemsize;
  if (out === undefined) {
    const bytes = allocate(source.file, length);
    if (length > 0) yield* read(bytes);
    return decoded(result, bytes);
  }
  const room = roomIn(dtype, out, length);
  try {
    if (length > 0) yield* read(room.bytes);
  } catch (error) {
    throw isThere(room.bytes, length) ? error : roomGone(error);
  }
  if (!isThere(room.bytes, length)) throw roomGone();
  const data = decodeRoom(room) ?? decodeElements(dtype, room.bytes, elements);
  return { ...result, data: data as DataOf<D>, dtype: dtype as DType<D> };
}

export function decoded<D>(result: Result, bytes: Uint8Array<ArrayBuffer>): NpyArray<D> {
  const data = decodeElements(result.dtype, bytes, sizeOf(result.shape));
  return { data: data as DataOf<D>, shape: result.shape, dtype: result.dtype as DType<D>, fortranOrder: result.fortranOrder };
}

/** The error for memory of the caller that is gone. */
export function roomGone(cause?: unknown): NpyError {
  return new NpyError(
    "ERR_NPY_OPTION",
    "out became shorter while rows were read into it: do not resize or transfer its buffer before the promise resolves.",
    { cause },
  );
}

/** Whether the elements of an array are in the same places in either order. */
export function isInBothOrders(shape: readonly number[]): boolean {
  return sizeOf(shape) === 0 || shape.filter((size) => size > 1).length < 2;
}

/** Arrays of one axis are in both orders, which headers call C. */
export function isFortran(order: Order, shape: readonly number[]): boolean {
  return order === "F" && shape.length > 1;
}

/** The rows `start` to `stop` (not included) in an order of their own. With `isWhole` nothing of the file is read before or after. */
export function* readOrdered<D>(
  source: Source,
  start: number,
  stop: number,
  { out, order = "C" }: Placing,
  isWhole = false,
): Plan<NpyArray<D>> {
  const { header, file, windows } = source;
  const { dtype } = header;
  const shape = header.shape.length === 0 ? [] : shapeOf(stop - start, rowShape(header), header.fortranOrder);
  const fortranOrder = isFortran(order, shape);
  if (out === undefined && (fortranOrder === header.fortranOrder || isInBothOrders(shape))) {
    return { ...(yield* readRows<D>(file, header, start, stop, windows)), fortranOrder };
  }
  const growth = header.fortranOrder ? shape.length - 1 : 0;
  const axes = shape.map((count, axis) => ({ start: axis === growth ? start : 0, step: 1, count, isDropped: false }));
  const wanted = wantedOf(source, axes, [{ from: 0, to: 0, width: dtype.itemsize }], dtype.itemsize, fortranOrder);
  const read = (bytes: Uint8Array): Plan<void> => gather(source, wanted, bytes, limitsOf(source, isWhole));
  return yield* fill<D>({ dtype, shape, fortranOrder }, source, out, read);
}

/** The distances, in bytes, between elements along each axis. */
export function strides(shape: readonly number[], itemsize: number, fortranOrder: boolean): number[] {
  return contiguousStrides(shape, fortranOrder).map((stride) => stride * itemsize);
}

/** Axes of an array from the slowest in its file to the fastest. */
export function inFileOrder<Axis>(axes: Axis[], fortranOrder: boolean): Axis[] {
  return fortranOrder ? axes.toReversed() : axes;
}

/** Where the selected elements lie, and where they go. A backward step is a forward one that fills the result from its end. */
export function wantedOf(
  { header }: Source,
  selected: readonly SelectedAxis[],
  pieces: readonly Piece[],
  itemsize: number,
  fortranOrder: boolean,
): Wanted {
  const shape = selected.map(({ count }) => count);
  const from = strides(header.shape, header.dtype.itemsize, header.fortranOrder);
  const to = strides(shape, itemsize, fortranOrder);
  let [first, put] = [0, 0];
  const axes = selected.map(({ start, step, count }, axis) => {
    const [stride, target] = [from[axis] as number, to[axis] as number];
    const isBackward = step < 0 && count > 0;
    first += (isBackward ? start + (count - 1) * step : start) * stride;
    if (isBackward) put += (count - 1) * target;
    return { count, from: Math.abs(step) * stride, to: isBackward ? -target : target };
  });
  return { from: first, to: put, axes: inFileOrder(axes, header.fortranOrder), pieces };
}
