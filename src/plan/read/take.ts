/** Reads rows in any order, as `numpy.take`. */
import { bytesPerRow } from "../../format/layout.ts";
import { BLOCK, borrow, giveBack } from "../../memory/blocks.ts";
import { type Lane, type LaneArray, laneOf, laneView } from "../../memory/lanes.ts";
import type { Part } from "../read-together.ts";
import { type Plan, turn } from "../step.ts";
import { type Limits, limitsOf, PARTS, readAll, type Source } from "./gather.ts";
import type { MappedWindow, MappedWindows } from "./mapped-windows.ts";
import { allocate, presentBytes } from "./rows.ts";

/** Reads the rows into `target`, one after the other, each as it lies in the file. */
export function* takeRows(source: Source, rows: Float64Array, target: Uint8Array, limits: Limits = limitsOf(source)): Plan<void> {
  const width = bytesPerRow(source.header);
  if (rows.length === 0 || width === 0) return;
  if (source.windows !== undefined) yield* copyMapped(source, source.windows, rows, width, target);
  else yield* readTaken(source, inFileOrder(rows), width, target, limits);
}

/** Rows up to this wide are copied by a loop, which takes less time than a call of `set`. */
const NARROW = 64;

/** Rows that are looked at before they are copied: the processor waits for all of them at once, and copying takes two thirds of the time. */
const AHEAD = 32;

function* copyMapped(source: Source, windows: MappedWindows, rows: Float64Array, width: number, target: Uint8Array): Plan<void> {
  let last = 0;
  for (let i = 0; i < rows.length; i++) if ((rows[i] as number) > last) last = rows[i] as number;
  const present = yield* presentBytes(source, (last + 1) * width);
  if (width > NARROW) yield* copyWide(windows, present, rows, width, target);
  else yield* copyNarrow(windows, present, rows, width, target);
}

function holds({ start, window }: MappedWindow, position: number, width: number): boolean {
  return position >= start && position + width <= start + window.length;
}

function* copyWide(windows: MappedWindows, end: number, rows: Float64Array, width: number, target: Uint8Array): Plan<void> {
  const ahead: MappedWindow[] = [];
  let mapped: MappedWindow | undefined;
  let seen = 0;
  for (let first = 0; first < rows.length; first += AHEAD) {
    const count = Math.min(AHEAD, rows.length - first);
    for (let i = 0; i < count; i++) {
      const position = (rows[first + i] as number) * width;
      if (mapped === undefined || !holds(mapped, position, width)) {
        mapped = windows.known(position, width) ?? (yield* windows.around(position, width, end));
      }
      ahead[i] = mapped;
      seen |= mapped.window[position - mapped.start] as number;
    }
    // Never true: a compiler may leave out what is not used.
    if (seen < 0) return;
    for (let i = 0; i < count; i++) {
      const { start, window } = ahead[i] as MappedWindow;
      const at = (rows[first + i] as number) * width - start;
      target.set(window.subarray(at, at + width), (first + i) * width);
    }
  }
}

function* copyNarrow(windows: MappedWindows, end: number, rows: Float64Array, width: number, target: Uint8Array): Plan<void> {
  let mapped: MappedWindow | undefined;
  let from: LaneArray = target;
  let lane: Lane = 1;
  let to: LaneArray = target;
  let words = width;
  for (let i = 0; i < rows.length; i++) {
    const position = (rows[i] as number) * width;
    if (mapped === undefined || !holds(mapped, position, width)) {
      mapped = windows.known(position, width) ?? (yield* windows.around(position, width, end));
      lane = laneOf(width, target.byteOffset, mapped.window.byteOffset, mapped.start);
      from = laneView(mapped.window, lane);
      to = laneView(target, lane);
      words = width / lane;
    }
    const at = (position - mapped.start) / lane;
    for (let word = 0; word < words; word++) to[i * words + word] = from[at + word] as never;
  }
}

/** Rows in the order of the file, and the place of each in the result. */
interface Sorted {
  readonly rows: Float64Array;
  readonly places: Float64Array;
}

function inFileOrder(wanted: Float64Array): Sorted {
  const count = wanted.length;
  let [isSorted, last] = [true, 0];
  for (let i = 0; i < count; i++) {
    const row = wanted[i] as number;
    if (i > 0 && row < (wanted[i - 1] as number)) isSorted = false;
    if (row > last) last = row;
  }
  const places = new Float64Array(count);
  for (let i = 0; i < count; i++) places[i] = i;
  if (isSorted) return { rows: wanted, places };
  if ((last + 1) * count > Number.MAX_SAFE_INTEGER) {
    places.sort((a, b) => (wanted[a] as number) - (wanted[b] as number) || a - b);
    return { rows: places.map((place) => wanted[place] as number), places };
  }
  // A row and its place in one number: numbers are sorted without calls of a function, many times as fast.
  const rows = new Float64Array(count);
  for (let i = 0; i < count; i++) rows[i] = (wanted[i] as number) * count + i;
  rows.sort();
  for (let i = 0; i < count; i++) {
    const key = rows[i] as number;
    const row = Math.floor(key / count);
    rows[i] = row;
    places[i] = key - row * count;
  }
  return { rows, places };
}

/** Some rows that are read at once: from one index of the sorted ones to another. */
interface Cluster {
  readonly first: number;
  readonly end: number;
  /** The bytes from the first row to the last. */
  readonly length: number;
  /** Whether they follow each other in the result as well, or are one and the same row: then they are read into the result. */
  readonly isRun: boolean;
  readonly isRepeated: boolean;
}

function clusterAt({ rows, places }: Sorted, first: number, width: number, { gap, span }: Limits): Cluster {
  const start = rows[first] as number;
  let last = start;
  let isRun = true;
  let end = first + 1;
  for (; end < rows.length; end++) {
    const row = rows[end] as number;
    const isNear = (row - last - 1) * width <= gap && (row - start + 1) * width <= span;
    if (row !== last && !isNear) break;
    if (row !== last + 1 || places[end] !== (places[end - 1] as number) + 1) isRun = false;
    last = row;
  }
  return { first, end, length: (last - start + 1) * width, isRun, isRepeated: last === start && end > first + 1 };
}

function* readTaken(source: Source, sorted: Sorted, width: number, target: Uint8Array, limits: Limits): Plan<void> {
  const { headerLength } = source.header;
  const { rows, places } = sorted;
  const { batch, gap } = limits;
  const extent = ((rows.at(-1) as number) - (rows[0] as number) + 1) * width;
  /** For clusters that are copied out of it. */
  let scratch: Uint8Array<ArrayBuffer> | undefined;
  try {
    for (let next = 0; next < rows.length; ) {
      const parts: Part[] = [];
      const copies: [from: Uint8Array, at: number, cluster: Cluster][] = [];
      let used = 0;
      let total = 0;
      while (next < rows.length && parts.length < PARTS && total < 4 * batch) {
        const row = rows[next] as number;
        if (next + 1 === rows.length || ((rows[next + 1] as number) - row - 1) * width > gap) {
          const at = (places[next] as number) * width;
          parts.push({ bytes: target.subarray(at, at + width), position: headerLength + row * width });
          total += width;
          next++;
          continue;
        }
        const cluster = clusterAt(sorted, next, width, limits);
        const { length, isRun, isRepeated } = cluster;
        const isDirect = isRun || isRepeated;
        if (!isDirect && used + length > batch) break;
        if (!isDirect) scratch ??= roomFor(source, Math.min(batch, extent + 8 * PARTS));
        const into = isDirect ? target : (scratch as Uint8Array);
        const at = isDirect ? (places[next] as number) * width : used;
        parts.push({ bytes: into.subarray(at, at + length), position: headerLength + row * width });
        if (!isRun) copies.push([into, at, cluster]);
        if (!isDirect) used += Math.ceil(length / 8) * 8;
        total += length;
        next = cluster.end;
      }
      yield* readAll(source, parts);
      for (const [from, at, cluster] of copies) copyOut(from, at, sorted, cluster, width, target);
      if (next < rows.length) yield* turn();
    }
  } finally {
    giveBack(scratch);
  }
}

function roomFor({ file }: Source, length: number): Uint8Array<ArrayBuffer> {
  return length > BLOCK ? allocate(file, length) : borrow(length);
}

/** Copies the rows of a cluster, which begins at `at`, to their places. */
function copyOut(
  from: Uint8Array,
  at: number,
  { rows, places }: Sorted,
  cluster: Cluster,
  width: number,
  target: Uint8Array,
): void {
  const start = rows[cluster.first] as number;
  // The first of repeated rows is there already.
  const first = cluster.first + (cluster.isRepeated ? 1 : 0);
  if (width > NARROW) {
    for (let i = first; i < cluster.end; i++) {
      const row = at + ((rows[i] as number) - start) * width;
      target.set(from.subarray(row, row + width), (places[i] as number) * width);
    }
    return;
  }
  const lane = laneOf(width, from.byteOffset, at, target.byteOffset);
  const source = laneView(from, lane);
  const to = laneView(target, lane);
  const words = width / lane;
  for (let i = first; i < cluster.end; i++) {
    const row = at / lane + ((rows[i] as number) - start) * words;
    const put = (places[i] as number) * words;
    for (let word = 0; word < words; word++) to[put + word] = source[row + word] as never;
  }
}
