/**
 * Reads elements that are not side by side in the file. What is close together is read at once, with the gaps in between, and copied out; what is
 * far apart is read on its own.
 */
import type { NpyHeader } from "../../format/header.ts";
import { BLOCK, borrow, giveBack } from "../../memory/blocks.ts";
import { joinAxes, joinRuns, type StridedAxis, StridedCopy } from "../../memory/strided.ts";
import type { StorageFile } from "../../storage/storage.ts";
import type { Part } from "../read-together.ts";
import { type Plan, readParts, turn } from "../step.ts";
import { dataMissing } from "./header.ts";
import type { MappedWindows } from "./mapped-windows.ts";
import { allocate, mappedBytes, presentBytes } from "./rows.ts";

/** An open file, and the array in it. */
export interface Source {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  /** Given if the file is mapped. */
  readonly windows: MappedWindows | undefined;
  /** Ends all reading when it is aborted. */
  readonly signal: AbortSignal | undefined;
}

/** Bytes that are wanted of each element: their offset in the file's element and in that of the result. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly width: number;
}

/** Elements of the data, and where they go, in bytes. */
export interface Wanted {
  /** Where the first element begins in the data, and in the result. */
  readonly from: number;
  readonly to: number;
  /** From the slowest in the file to the fastest. In the file, all strides are positive. */
  readonly axes: readonly StridedAxis[];
  /** In the order of the file. */
  readonly pieces: readonly Piece[];
}

/** How files are read: gaps of up to `gap` bytes are read with what surrounds them, `span` bytes at once, and `batch`, which is no less, in a step. */
export interface Limits {
  readonly gap: number;
  readonly span: number;
  readonly batch: number;
}

/** Of storages that do not say: see `StorageFile`. */
const READ_OVERHEAD = 2 ** 13;

/** Parts that are read in one step. The event loop has its turn after each step. */
export const PARTS = 1024;

/** With `isWhole` everything is read by one request, if requests it takes. */
export function limitsOf({ file, windows }: Source, isWhole = false): Limits {
  // All of a window is there at once.
  if (windows !== undefined) return { gap: Number.POSITIVE_INFINITY, span: windows.span, batch: windows.span };
  const gap = file.readOverhead ?? READ_OVERHEAD;
  if (!file.isSnapshot) return { gap, span: BLOCK, batch: BLOCK };
  if (isWhole) return { gap, span: Number.POSITIVE_INFINITY, batch: Number.POSITIVE_INFINITY };
  // Several requests are made at the same time.
  return { gap, span: BLOCK, batch: 8 * BLOCK };
}

/** Reads what is wanted into `target`. */
export function* gather(source: Source, wanted: Wanted, target: Uint8Array, limits: Limits = limitsOf(source)): Plan<void> {
  const { windows } = source;
  for (const spans of spansOf(wanted, limits)) {
    if (windows !== undefined) yield* copyMapped(source, windows, spans, target);
    else if (spans.copies === undefined) yield* readDirectly(source, spans, target, limits);
    else yield* readAndCopy(source, spans, spans.copies, target, limits);
  }
}

/** Ranges of bytes at regular distances, each of which is read at once. */
interface Spans {
  readonly from: number;
  readonly to: number;
  readonly axes: readonly StridedAxis[];
  readonly length: number;
  /** How the elements in one of them are copied out; `undefined` if its bytes are those of the result. */
  readonly copies: readonly PieceCopy[] | undefined;
}

interface PieceCopy extends Pick<Piece, "from" | "to"> {
  readonly copy: StridedCopy;
}

function* spansOf({ from, to, axes, pieces }: Wanted, limits: Limits): Generator<Spans, void, void> {
  for (const group of groupsOf(pieces, limits)) {
    const first = (group[0] as Piece).from;
    const within = group.map((piece) => ({ ...piece, from: piece.from - first }));
    const [piece] = within as [Piece, ...Piece[]];
    if (group.length > 1) {
      yield* cut({ from: from + first, to, axes: joinAxes(axes), pieces: within }, limits);
    } else {
      const runs = joinRuns(axes, piece.width);
      yield* cut(
        { from: from + first, to: to + piece.to, axes: runs.axes, pieces: [{ from: 0, to: 0, width: runs.width }] },
        limits,
      );
    }
  }
}

/** Pieces of an element that are read together. */
function groupsOf(pieces: readonly Piece[], { gap, span }: Limits): Piece[][] {
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    const [first, last] = [group?.[0], group?.at(-1)];
    const isNear = first !== undefined && last !== undefined && piece.from - end(last) <= gap && end(piece) - first.from <= span;
    if (isNear) group?.push(piece);
    else groups.push([piece]);
  }
  return groups;
}

function end({ from, width }: Piece): number {
  return from + width;
}

/** Divides the axes: a span has all indices of the inner ones, as far as it may be that long. */
function* cut({ from, to, axes, pieces }: Wanted, limits: Limits): Generator<Spans, void, void> {
  const outer = [...axes];
  const inner: StridedAxis[] = [];
  let length = end(pieces.at(-1) as Piece);
  for (let axis = outer.at(-1); axis !== undefined && axis.from - length <= limits.gap; axis = outer.at(-1)) {
    const fitting = Math.floor((limits.span - length) / axis.from) + 1;
    if (fitting >= axis.count) {
      length += (axis.count - 1) * axis.from;
      inner.unshift(axis);
      outer.pop();
      continue;
    }
    if (fitting <= 1) break;
    outer.pop();
    const blocks = Math.floor(axis.count / fitting);
    const block = { count: blocks, from: fitting * axis.from, to: fitting * axis.to };
    const copies = copiesOf([{ ...axis, count: fitting }, ...inner], pieces);
    yield { from, to, axes: [...outer, block], length: length + (fitting - 1) * axis.from, copies };
    const count = axis.count % fitting;
    if (count === 0) return;
    const rest = { from: from + blocks * block.from, to: to + blocks * block.to };
    const restCopies = copiesOf([{ ...axis, count }, ...inner], pieces);
    yield { ...rest, axes: outer, length: length + (count - 1) * axis.from, copies: restCopies };
    return;
  }
  yield { from, to, axes: outer, length, copies: copiesOf(inner, pieces) };
}

function copiesOf(axes: readonly StridedAxis[], pieces: readonly Piece[]): readonly PieceCopy[] | undefined {
  if (axes.length === 0 && pieces.length === 1) return undefined;
  return pieces.map(({ from, to, width }) => ({ from, to, copy: new StridedCopy(axes, width) }));
}

/** Counts through the indices of some axes, the last of which changes fastest. */
class Odometer {
  from: number;
  to: number;
  /** How many combinations there are. */
  readonly count: number;
  readonly #axes: readonly StridedAxis[];
  readonly #index: number[];

  constructor({ from, to, axes }: Spans) {
    this.from = from;
    this.to = to;
    this.#axes = axes;
    this.#index = axes.map(() => 0);
    this.count = axes.reduce((product, axis) => product * axis.count, 1);
  }

  advance(): void {
    for (let i = this.#axes.length - 1; i >= 0; i--) {
      const { count, from, to } = this.#axes[i] as StridedAxis;
      const index = (this.#index[i] as number) + 1;
      if (index < count) {
        this.#index[i] = index;
        this.from += from;
        this.to += to;
        return;
      }
      this.#index[i] = 0;
      this.from -= (count - 1) * from;
      this.to -= (count - 1) * to;
    }
  }
}

function* copyMapped(source: Source, windows: MappedWindows, spans: Spans, target: Uint8Array): Plan<void> {
  const { length, copies } = spans;
  const last = spans.axes.reduce((at, { count, from }) => at + (count - 1) * from, spans.from);
  const present = yield* presentBytes(source, last + length);
  const places = new Odometer(spans);
  for (let i = 0; i < places.count; i++, places.advance()) {
    const bytes = yield* mappedBytes(windows, places.from, length, present);
    if (copies === undefined) target.set(bytes, places.to);
    else for (const { copy, from, to } of copies) copy.copy(bytes, from, target, places.to + to);
  }
}

function* readDirectly(source: Source, spans: Spans, target: Uint8Array, { batch }: Limits): Plan<void> {
  const { length } = spans;
  const { headerLength } = source.header;
  const places = new Odometer(spans);
  const most = Math.max(1, Math.min(PARTS, Math.floor((4 * batch) / length)));
  for (let done = 0; done < places.count; ) {
    const parts: Part[] = [];
    for (; parts.length < most && done < places.count; done++, places.advance()) {
      parts.push({ bytes: target.subarray(places.to, places.to + length), position: headerLength + places.from });
    }
    yield* readAll(source, parts);
    if (done < places.count) yield* turn();
  }
}

function* readAndCopy(
  source: Source,
  spans: Spans,
  copies: readonly PieceCopy[],
  target: Uint8Array,
  { batch }: Limits,
): Plan<void> {
  const { length } = spans;
  const { headerLength } = source.header;
  const places = new Odometer(spans);
  const slot = Math.ceil(length / 8) * 8;
  const slots = Math.max(1, Math.min(PARTS, places.count, Math.floor(batch / slot)));
  const scratch = slots * slot > BLOCK ? allocate(source.file, slots * slot) : borrow(slots * slot);
  const targets = new Float64Array(slots);
  try {
    for (let done = 0; done < places.count; ) {
      const parts: Part[] = [];
      for (; parts.length < slots && done < places.count; done++, places.advance()) {
        const at = parts.length * slot;
        targets[parts.length] = places.to;
        parts.push({ bytes: scratch.subarray(at, at + length), position: headerLength + places.from });
      }
      yield* readAll(source, parts);
      for (let i = 0; i < parts.length; i++) {
        for (const { copy, from, to } of copies) copy.copy(scratch, i * slot + from, target, (targets[i] as number) + to);
      }
      if (done < places.count) yield* turn();
    }
  } finally {
    giveBack(scratch);
  }
}

/** @throws NpyError `ERR_NPY_NEEDS_RECOVERY` if the file ends before them. */
export function* readAll({ file, header, signal }: Source, parts: readonly Part[]): Plan<void> {
  signal?.throwIfAborted();
  const ended = yield* readParts(file, parts);
  if (ended !== undefined) throw dataMissing(header, ended - header.headerLength);
}
