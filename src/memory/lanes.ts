/**
 * Copies elements at strides, as unsigned integers: as floats, signalling NaNs could lose bits. A lane is the widest integer that divides the
 * itemsize and to which the data are aligned.
 */
import { runBytes, runLongs, runShorts, runWords } from "./runs.ts";
import { tileBytes, tileLongs, tileShorts, tileWords, tripleBytes, tripleLongs, tripleShorts, tripleWords } from "./tiles.ts";

export type Lane = 1 | 2 | 4 | 8;
export type LaneArray = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The widest lane that divides all of these byte counts. */
export function laneOf(...lengths: readonly number[]): Lane {
  const bits = lengths.reduce((all, length) => all | (length % 8), 0);
  if (bits % 8 === 0) return 8;
  if (bits % 4 === 0) return 4;
  return bits % 2 === 0 ? 2 : 1;
}

export function laneView(bytes: Uint8Array, lane: Lane): LaneArray {
  if (lane === 1) return bytes;
  const { buffer, byteOffset } = bytes;
  const length = Math.floor(bytes.length / lane);
  if (lane === 2) return new Uint16Array(buffer, byteOffset, length);
  return lane === 4 ? new Uint32Array(buffer, byteOffset, length) : new BigUint64Array(buffer, byteOffset, length);
}

/** Where elements lie: the first one, and the distance from one to the next, in lanes. */
export interface Places {
  readonly lanes: LaneArray;
  readonly start: number;
  readonly stride: number;
}

/** From this many bytes on, treating them as a matrix of four columns is faster. */
const LONG_RUN = 32;

/** Copies `count` elements of `width` lanes each. */
export function copyElements(source: Places, target: Places, width: number, count: number): void {
  const [stride, step] = [source.stride, target.stride];
  if (stride === width && step === width) {
    const run = source.lanes.subarray(source.start, source.start + count * width);
    (target.lanes as Uint8Array).set(run as Uint8Array, target.start);
  } else if (width === 1 && step === 1 && count >= LONG_RUN && source.lanes instanceof Uint8Array) {
    const rest = count % 4;
    const whole = count - rest;
    copyMatrix({ ...source, rowStride: 4 * stride }, { ...target, rowStride: 4 }, whole / 4, 4);
    const last = { ...source, start: source.start + whole * stride };
    copyMatrix(rowsOf(last), rowsOf({ ...target, start: target.start + whole }), rest, 1);
  } else copyMatrix(rowsOf(source), rowsOf(target), count, width);
}

/** Elements as the rows of a matrix, whose columns are their lanes. */
function rowsOf({ lanes, start, stride }: Places): MatrixPlaces {
  return { lanes, start, stride: 1, rowStride: stride };
}

/** Where the elements of a matrix lie: those of a row at `stride`, the rows at `rowStride`, in lanes. */
export interface MatrixPlaces extends Places {
  readonly rowStride: number;
}

/** Elements that are copied before the next columns are: few enough for the processor's first cache. */
const PART = 4096;

/** In a transpose of many columns, so many rows are made at a time: more of them would displace each other's cache lines. */
const ROWS = 16;

/** Copies a matrix of elements of one lane each. */
export function copyMatrix(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  if (target.stride === 1 && rows < 4 && columns >= LONG_RUN) {
    for (let row = 0; row < rows; row++) copyElements(rowAt(source, row), rowAt(target, row), 1, columns);
    return;
  }
  const isTurned = target.stride === 1 ? rows === 1 : target.rowStride === 1 || rows < columns;
  if (isTurned) copyParts([{ source: turned(source), target: turned(target), columns: rows }], columns, rows);
  else copyParts([{ source, target, columns }], rows, columns);
}

function rowAt({ lanes, start, stride, rowStride }: MatrixPlaces, row: number): Places {
  return { lanes, start: start + row * rowStride, stride };
}

function turned({ lanes, start, stride, rowStride }: MatrixPlaces): MatrixPlaces {
  return { lanes, start, stride: rowStride, rowStride: stride };
}

/** Some columns of a matrix, and where they come from. */
export interface ColumnsCopy {
  readonly source: MatrixPlaces;
  readonly target: MatrixPlaces;
  readonly columns: number;
}

/** Copies columns from several places into the same `rows`, which have `width` lanes in all. */
export function copyParts(copies: readonly ColumnsCopy[], rows: number, width: number): void {
  const isWide = width >= ROWS && copies[0]?.source.lanes instanceof BigUint64Array;
  const perPart = isWide ? rows : Math.max(ROWS, Math.floor(PART / width));
  for (let row = 0; row < rows; row += perPart) {
    for (const copy of copies) copyPart(copy, row, Math.min(perPart, rows - row));
  }
}

/** Copies `rows` rows, from the row `first` on: four columns at a time where those are adjacent, the others one by one. */
function copyPart({ source, target, columns }: ColumnsCopy, first: number, rows: number): void {
  const { stride, rowStride } = source;
  const { stride: step, rowStride: rowStep } = target;
  const at = source.start + first * rowStride;
  const put = target.start + first * rowStep;
  if (source.lanes.length > LONGEST || target.lanes.length > LONGEST) {
    copyFar({ ...source, start: at }, { ...target, start: put }, rows, columns);
    return;
  }
  const whole = step === 1 && rows > 1 ? columns - (columns % 4) : 0;
  if (whole > 0) {
    const even = rows - (rows % 2);
    copyTiles(source.lanes, target.lanes, at, stride, rowStride, put, rowStep, even, whole);
    if (even < rows) copyLanes(source.lanes, target.lanes, at + even * rowStride, stride, put + even * rowStep, 1, whole);
  }
  if (step === 1 && columns - whole === 3) {
    copyTriples(source.lanes, target.lanes, at + whole * stride, stride, rowStride, put + whole, rowStep, rows);
    return;
  }
  for (let column = whole; column < columns; column++) {
    copyLanes(source.lanes, target.lanes, at + column * stride, rowStride, put + column * step, rowStep, rows);
  }
}

/** The places of all lanes are 32-bit integers in arrays of up to so many. */
const LONGEST = 2 ** 31 - 1;

/** Copies a matrix of a longer array. */
function copyFar(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  const [from, to] = [source.lanes as Uint8Array, target.lanes as Uint8Array];
  for (let row = 0; row < rows; row++) {
    const at = source.start + row * source.rowStride;
    const put = target.start + row * target.rowStride;
    for (let column = 0; column < columns; column++)
      to[put + column * target.stride] = from[at + column * source.stride] as number;
  }
}

function copyTiles(
  from: LaneArray,
  to: LaneArray,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
  columns: number,
): void {
  if (from instanceof BigUint64Array)
    tileLongs(from, to as BigUint64Array, start, stride, rowStride, put, rowStep, rows, columns);
  else if (from instanceof Uint32Array) tileWords(from, to as Uint32Array, start, stride, rowStride, put, rowStep, rows, columns);
  else if (from instanceof Uint16Array)
    tileShorts(from, to as Uint16Array, start, stride, rowStride, put, rowStep, rows, columns);
  else tileBytes(from, to as Uint8Array, start, stride, rowStride, put, rowStep, rows, columns);
}

function copyTriples(
  from: LaneArray,
  to: LaneArray,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
): void {
  if (from instanceof BigUint64Array) tripleLongs(from, to as BigUint64Array, start, stride, rowStride, put, rowStep, rows);
  else if (from instanceof Uint32Array) tripleWords(from, to as Uint32Array, start, stride, rowStride, put, rowStep, rows);
  else if (from instanceof Uint16Array) tripleShorts(from, to as Uint16Array, start, stride, rowStride, put, rowStep, rows);
  else tripleBytes(from, to as Uint8Array, start, stride, rowStride, put, rowStep, rows);
}

function copyLanes(
  from: LaneArray,
  to: LaneArray,
  start: number,
  stride: number,
  put: number,
  step: number,
  count: number,
): void {
  if (from instanceof BigUint64Array) runLongs(from, to as BigUint64Array, start, stride, put, step, count);
  else if (from instanceof Uint32Array) runWords(from, to as Uint32Array, start, stride, put, step, count);
  else if (from instanceof Uint16Array) runShorts(from, to as Uint16Array, start, stride, put, step, count);
  else runBytes(from, to as Uint8Array, start, stride, put, step, count);
}
