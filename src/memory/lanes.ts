/**
 * Copies elements at strides, as unsigned integers: as floats, signalling NaNs could lose bits. A lane is the widest integer that divides the
 * itemsize and to which the data are aligned.
 */
import { NATIVE_BYTE_ORDER } from "../format/scalars.ts";

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

/** From this many elements on, treating them as a matrix of eight columns takes half the time. */
const LONG_RUN = 256;

/** Copies `count` elements of `width` lanes each. */
export function copyElements(source: Places, target: Places, width: number, count: number): void {
  if (source.stride === width && target.stride === width) {
    const run = source.lanes.subarray(source.start, source.start + count * width);
    (target.lanes as Uint8Array).set(run as Uint8Array, target.start);
  } else if (width === 1 && count >= LONG_RUN) {
    const [stride, step] = [source.stride, target.stride];
    const rest = count % 8;
    copyMatrix({ ...source, rowStride: 8 * stride }, { ...target, rowStride: 8 * step }, (count - rest) / 8, 8);
    const [start, put] = [source.start + (count - rest) * stride, target.start + (count - rest) * step];
    if (rest > 0) copyMatrix({ ...source, start, rowStride: 1 }, { ...target, start: put, rowStride: 1 }, 1, rest);
  } else {
    copyMatrix({ ...source, rowStride: 1 }, { ...target, rowStride: 1 }, width, count);
  }
}

/** Where the elements of a matrix lie: those of a row at `stride`, the rows at `rowStride`, in lanes. */
export interface MatrixPlaces extends Places {
  readonly rowStride: number;
}

/**
 * Copies a matrix of elements of one lane each, eight columns at a time. This takes half the time of one by one; in a transpose, where the
 * rows are adjacent in the source, a cache line then serves several rows.
 */
export function copyMatrix(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  if (columns < 8 && rows >= 8) copyMatrix(turned(source), turned(target), columns, rows);
  else if (inWords(target, columns)) copyBytes(source, target, rows, columns);
  else if (source.lanes instanceof BigUint64Array) copyLongs(source, target, rows, columns);
  else copyNumbers(source, target, rows, columns);
}

function turned({ lanes, start, stride, rowStride }: MatrixPlaces): MatrixPlaces {
  return { lanes, start, stride: rowStride, rowStride: stride };
}

/** Whether the target has adjacent bytes that are aligned for words of four. */
function inWords({ lanes, start, stride, rowStride }: MatrixPlaces, columns: number): boolean {
  return (
    lanes instanceof Uint8Array &&
    NATIVE_BYTE_ORDER === "<" &&
    stride === 1 &&
    columns >= 8 &&
    rowStride % 4 === 0 &&
    (lanes.byteOffset + start) % 4 === 0
  );
}

/** Stores four bytes at a time, which takes less than half the time. */
function copyBytes(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  const { start, stride, rowStride } = source;
  const { start: put, rowStride: rowStep } = target;
  const from = source.lanes as Uint8Array;
  const to = target.lanes as Uint8Array;
  const whole = columns - (columns % 8);
  const words = new Uint32Array(to.buffer, to.byteOffset + put, ((rows - 1) * rowStep + whole) / 4);
  for (let column = 0; column < whole; column += 8) {
    let at = start + column * stride;
    let out = column / 4;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep / 4) {
      words[out] =
        (from[at] as number) |
        ((from[at + stride] as number) << 8) |
        ((from[at + 2 * stride] as number) << 16) |
        ((from[at + 3 * stride] as number) << 24);
      words[out + 1] =
        (from[at + 4 * stride] as number) |
        ((from[at + 5 * stride] as number) << 8) |
        ((from[at + 6 * stride] as number) << 16) |
        ((from[at + 7 * stride] as number) << 24);
    }
  }
  for (let column = whole; column < columns; column++) {
    let at = start + column * stride;
    let out = put + column;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep) to[out] = from[at] as number;
  }
}

// Duplicated on purpose: mixing numbers and bigints in one loop is five times slower.

function copyLongs(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  const { start, stride, rowStride } = source;
  const { start: put, stride: step, rowStride: rowStep } = target;
  const from = source.lanes as BigUint64Array;
  const to = target.lanes as BigUint64Array;
  const whole = columns - (columns % 8);
  for (let column = 0; column < whole; column += 8) {
    let at = start + column * stride;
    let out = put + column * step;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep) {
      to[out] = from[at] as bigint;
      to[out + step] = from[at + stride] as bigint;
      to[out + 2 * step] = from[at + 2 * stride] as bigint;
      to[out + 3 * step] = from[at + 3 * stride] as bigint;
      to[out + 4 * step] = from[at + 4 * stride] as bigint;
      to[out + 5 * step] = from[at + 5 * stride] as bigint;
      to[out + 6 * step] = from[at + 6 * stride] as bigint;
      to[out + 7 * step] = from[at + 7 * stride] as bigint;
    }
  }
  for (let column = whole; column < columns; column++) {
    let at = start + column * stride;
    let out = put + column * step;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep) to[out] = from[at] as bigint;
  }
}

function copyNumbers(source: MatrixPlaces, target: MatrixPlaces, rows: number, columns: number): void {
  const { start, stride, rowStride } = source;
  const { start: put, stride: step, rowStride: rowStep } = target;
  const from = source.lanes as Uint32Array;
  const to = target.lanes as Uint32Array;
  const whole = columns - (columns % 8);
  for (let column = 0; column < whole; column += 8) {
    let at = start + column * stride;
    let out = put + column * step;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep) {
      to[out] = from[at] as number;
      to[out + step] = from[at + stride] as number;
      to[out + 2 * step] = from[at + 2 * stride] as number;
      to[out + 3 * step] = from[at + 3 * stride] as number;
      to[out + 4 * step] = from[at + 4 * stride] as number;
      to[out + 5 * step] = from[at + 5 * stride] as number;
      to[out + 6 * step] = from[at + 6 * stride] as number;
      to[out + 7 * step] = from[at + 7 * stride] as number;
    }
  }
  for (let column = whole; column < columns; column++) {
    let at = start + column * stride;
    let out = put + column * step;
    for (let row = 0; row < rows; row++, at += rowStride, out += rowStep) to[out] = from[at] as number;
  }
}
