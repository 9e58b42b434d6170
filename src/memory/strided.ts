/** Copies elements of arrays of any number of axes between two layouts. */
import { copyElements, copyMatrix, type Lane, laneOf, laneView } from "./lanes.ts";

/** One axis of a copy: how many indices it has, and the distance in bytes from one to the next in the source and in the target. */
export interface StridedAxis {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

/** The same axes, outermost first, with those joined that one pair of strides covers, and without those of one index. */
export function joinAxes(axes: readonly StridedAxis[]): StridedAxis[] {
  const joined: StridedAxis[] = [];
  for (const axis of axes) {
    const outer = joined.at(-1);
    if (axis.count === 1) continue;
    if (outer !== undefined && outer.from === axis.from * axis.count && outer.to === axis.to * axis.count) {
      joined[joined.length - 1] = { ...axis, count: outer.count * axis.count };
    } else joined.push(axis);
  }
  return joined;
}

/** Joins axes as {@link joinAxes}, and takes adjacent elements for wider ones. */
export function joinRuns(axes: readonly StridedAxis[], width: number): { axes: StridedAxis[]; width: number } {
  const joined = joinAxes(axes);
  const inner = joined.at(-1);
  if (inner === undefined || inner.from !== width || inner.to !== width) return { axes: joined, width };
  return { axes: joined.slice(0, -1), width: inner.count * width };
}

/** Elements at least this wide are copied one by one by the runtime. */
const WIDE = 96;

/** A layout is analysed once, and copied any number of times. */
export class StridedCopy {
  readonly #width: number;
  /** Their strides in the target are positive. */
  readonly #axes: readonly StridedAxis[];
  /** The element with the lowest position in the target, from the first element of the copy. */
  readonly #from: number = 0;
  readonly #to: number = 0;
  readonly #lane: Lane;

  constructor(axes: readonly StridedAxis[], elementWidth: number) {
    const runs = joinRuns(axes, elementWidth);
    this.#width = runs.width;
    const forward: StridedAxis[] = [];
    for (const axis of runs.axes) {
      if (axis.to < 0) {
        this.#from += (axis.count - 1) * axis.from;
        this.#to += (axis.count - 1) * axis.to;
      }
      forward.push(axis.to < 0 ? { count: axis.count, from: -axis.from, to: -axis.to } : axis);
    }
    this.#lane = laneOf(this.#width, this.#from, this.#to, ...forward.flatMap(({ from, to }) => [from, to]));
    this.#axes = ordered(forward);
  }

  /** Copies from the element at `start` on to `put` on. */
  copy(from: Uint8Array, start: number, to: Uint8Array, put: number): void {
    const first = start + this.#from;
    const target = put + this.#to;
    if (this.#axes.length === 0 || this.#width >= WIDE) {
      this.#copyWide(0, from, first, to, target);
      return;
    }
    const [source, at] = rebased(from, first);
    const [sink, out] = rebased(to, target);
    const lane = laneOf(this.#lane, at, out);
    this.#copyLanes(0, { from: laneView(source, lane), to: laneView(sink, lane), lane }, at / lane, out / lane);
  }

  #copyWide(depth: number, from: Uint8Array, start: number, to: Uint8Array, put: number): void {
    const axis = this.#axes[depth];
    if (axis === undefined) to.set(from.subarray(start, start + this.#width), put);
    else for (let i = 0; i < axis.count; i++) this.#copyWide(depth + 1, from, start + i * axis.from, to, put + i * axis.to);
  }

  #copyLanes(depth: number, copied: Copied, start: number, put: number): void {
    const axes = this.#axes;
    const { lane } = copied;
    const axis = axes[depth] as StridedAxis;
    const [from, to] = [axis.from / lane, axis.to / lane];
    const left = axes.length - depth;
    if (left > 2 || (left === 2 && this.#width > lane)) {
      for (let i = 0; i < axis.count; i++) this.#copyLanes(depth + 1, copied, start + i * from, put + i * to);
      return;
    }
    const inner = axes[axes.length - 1] as StridedAxis;
    const source = { lanes: copied.from, start, stride: inner.from / lane };
    const target = { lanes: copied.to, start: put, stride: inner.to / lane };
    if (left === 1 || this.#width > lane) copyElements(source, target, this.#width / lane, inner.count);
    else copyMatrix({ ...source, rowStride: from }, { ...target, rowStride: to }, axis.count, inner.count);
  }
}

interface Copied {
  readonly from: ReturnType<typeof laneView>;
  readonly to: ReturnType<typeof laneView>;
  readonly lane: Lane;
}

/** The innermost axis has the nearest elements in the target; the next one those that are nearest in the source, if it is another. */
function ordered(axes: readonly StridedAxis[]): StridedAxis[] {
  const outer = [...axes];
  const inner = taken(outer, ({ to }) => to);
  const near = taken(outer, ({ from }) => Math.abs(from));
  return [...outer, ...near, ...inner];
}

/** Takes the axis of the least distance out of a list, if there is any. */
function taken(axes: StridedAxis[], distance: (axis: StridedAxis) => number): StridedAxis[] {
  const least = Math.min(...axes.map(distance));
  return axes.splice(
    axes.findIndex((axis) => distance(axis) === least),
    1,
  );
}

/** The same position in a view that begins at a multiple of eight. */
function rebased(bytes: Uint8Array, at: number): [bytes: Uint8Array, at: number] {
  const { buffer, byteOffset, length } = bytes;
  const before = byteOffset % 8;
  return before === 0 ? [bytes, at] : [new Uint8Array(buffer, byteOffset - before, length + before), at + before];
}
