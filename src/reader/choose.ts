/** Rows and axes of an array that is open, and the order of their elements. */
import { decodeRoom, roomIn } from "../decode/decode.ts";
import type { DataOf, NpyArray } from "../decode/npy-array.ts";
import { decodeElements } from "../decode/record-array.ts";
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { contiguousStrides, rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import { checkedRows, type SelectedAxis, type Selection, selectAxes } from "../format/selection.ts";
import { withOnly } from "../format/structure.ts";
import { isThere } from "../memory/blocks.ts";
import { joinRuns, type StridedAxis, StridedCopy } from "../memory/strided.ts";
import { gather, limitsOf, type Piece, type Source, type Wanted } from "../plan/read/gather.ts";
import { allocate, mapBytes, readRows } from "../plan/read/rows.ts";
import { takeRows } from "../plan/read/take.ts";
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

export interface Choosing extends Placing {
  readonly fields?: readonly string[] | undefined;
}

/** Memory for a result, which `read` fills. */
function* fill<D>(
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

function decoded<D>(result: Result, bytes: Uint8Array<ArrayBuffer>): NpyArray<D> {
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
function isInBothOrders(shape: readonly number[]): boolean {
  return sizeOf(shape) === 0 || shape.filter((size) => size > 1).length < 2;
}

/** Arrays of one axis are in both orders, which headers call C. */
function isFortran(order: Order, shape: readonly number[]): boolean {
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

/** Rows in any order. */
export function* takeFrom<D>(source: Source, rows: ArrayLike<number | bigint>, { out, order }: Placing): Plan<NpyArray<D>> {
  const { header } = source;
  const { dtype } = header;
  if (header.shape.length === 0) {
    throw new NpyError("ERR_NPY_SHAPE", "A 0-d array has no rows to choose from: read it whole.");
  }
  const growth = header.fortranOrder ? header.shape.length - 1 : 0;
  const taken = checkedRows(rows, header.shape[growth] as number);
  const shape = shapeOf(taken.length, rowShape(header), header.fortranOrder);
  const fortranOrder = order === undefined ? header.fortranOrder : isFortran(order, shape);
  const isTurned = fortranOrder !== header.fortranOrder && !isInBothOrders(shape);
  const read = (bytes: Uint8Array): Plan<void> =>
    isTurned ? takeTurned(source, taken, shape, fortranOrder, bytes) : takeRows(source, taken, bytes);
  return yield* fill<D>({ dtype, shape, fortranOrder }, source, out, read);
}

/** Bytes of rows that are turned at once. */
const TURNED = 2 ** 20;

/** Takes rows into the other order, some at a time. */
function* takeTurned(source: Source, rows: Float64Array, shape: number[], fortranOrder: boolean, target: Uint8Array): Plan<void> {
  const { header } = source;
  const { itemsize } = header.dtype;
  const from = strides(header.shape, itemsize, header.fortranOrder);
  const to = strides(shape, itemsize, fortranOrder);
  const growth = header.fortranOrder ? shape.length - 1 : 0;
  const width = from[growth] as number;
  const most = Math.max(8, Math.floor(TURNED / width));
  const scratch = allocate(source.file, Math.min(most, rows.length) * width);
  const axes = inFileOrder(
    shape.map((count, axis) => ({ count, from: from[axis] as number, to: to[axis] as number })),
    header.fortranOrder,
  );
  for (let start = 0; start < rows.length; start += most) {
    const part = rows.subarray(start, start + most);
    yield* takeRows(source, part, scratch.subarray(0, part.length * width));
    const copied = axes.with(0, { ...(axes[0] as StridedAxis), count: part.length });
    new StridedCopy(copied, itemsize).copy(scratch, 0, target, start * (to[growth] as number));
  }
}

/** The elements of a selection. */
export function* selectFrom<D>(source: Source, selection: Selection, { out, order, fields }: Choosing): Plan<NpyArray<D>> {
  const { header, file, windows } = source;
  const axes = selectAxes(header.shape, selection);
  const { dtype, pieces } = fields === undefined ? wholeElements(header.dtype) : chosenFields(header.dtype, fields);
  const shape = axes.filter(({ isDropped }) => !isDropped).map(({ count }) => count);
  const fortranOrder = isFortran(order ?? (header.fortranOrder ? "F" : "C"), shape);
  const wanted = wantedOf(source, axes, pieces, dtype.itemsize, fortranOrder);
  const length = sizeOf(shape) * dtype.itemsize;
  if (windows !== undefined && out === undefined && length > 0 && pieces.length === 1) {
    const [piece] = pieces as [Piece];
    const run = joinRuns(wanted.axes, piece.width);
    // The file's own bytes, as `read` gives them.
    if (run.axes.length === 0) {
      const bytes = yield* mapBytes(file, header, wanted.from + piece.from, length, windows, dtype);
      return decoded({ dtype, shape, fortranOrder }, bytes);
    }
  }
  return yield* fill<D>({ dtype, shape, fortranOrder }, source, out, (bytes) => gather(source, wanted, bytes));
}

function wholeElements(dtype: DType): { dtype: DType; pieces: Piece[] } {
  return { dtype, pieces: [{ from: 0, to: 0, width: dtype.itemsize }] };
}

/** A structure of some fields, and where they lie; neighbours that stay neighbours are one piece. */
function chosenFields(type: DType, names: readonly string[]): { dtype: DType; pieces: Piece[] } {
  const { dtype, chosen } = withOnly(type, names);
  const packed = dtype.fields ?? [];
  const places = chosen
    .map(({ offset, dtype: { itemsize } }, i) => ({ from: offset, to: packed[i]?.offset ?? 0, width: itemsize }))
    .filter(({ width }) => width > 0)
    .toSorted((a, b) => a.from - b.from);
  const pieces: Piece[] = [];
  for (const place of places) {
    const last = pieces.at(-1);
    const isNext = last !== undefined && last.from + last.width === place.from && last.to + last.width === place.to;
    if (isNext) pieces[pieces.length - 1] = { ...last, width: last.width + place.width };
    else pieces.push(place);
  }
  return { dtype, pieces };
}

/** The distances, in bytes, between elements along each axis. */
function strides(shape: readonly number[], itemsize: number, fortranOrder: boolean): number[] {
  return contiguousStrides(shape, fortranOrder).map((stride) => stride * itemsize);
}

/** Axes of an array from the slowest in its file to the fastest. */
function inFileOrder<Axis>(axes: Axis[], fortranOrder: boolean): Axis[] {
  return fortranOrder ? axes.toReversed() : axes;
}

/** Where the selected elements lie, and where they go. A backward step is a forward one that fills the result from its end. */
function wantedOf(
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
