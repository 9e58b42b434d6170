/** Rows and axes of an array that is open. */
import type { NpyArray } from "../decode/npy-array.ts";
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { rowShape, shapeOf, sizeOf } from "../format/layout.ts";
import { checkedRows, type Selection, selectAxes } from "../format/selection.ts";
import { withOnly } from "../format/structure.ts";
import { joinRuns, type StridedAxis, StridedCopy } from "../memory/strided.ts";
import { gather, type Piece, type Source } from "../plan/read/gather.ts";
import { allocate, mapBytes } from "../plan/read/rows.ts";
import { takeRows } from "../plan/read/take.ts";
import type { Plan } from "../plan/step.ts";
import { decoded, fill, inFileOrder, isFortran, isInBothOrders, type Placing, strides, wantedOf } from "./ordered.ts";

export interface Choosing extends Placing {
  readonly fields?: readonly string[] | undefined;
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
