/**
 * Copies of elements at strides. Elements are moved as unsigned integers: as floats, signalling NaNs could lose their bits. The widest
 * integer is taken that divides an element and to which the data are aligned.
 */

export type Lane = 1 | 2 | 4;
export type LaneArray = Uint8Array | Uint16Array | Uint32Array;

/** The widest lane that divides all of these numbers of bytes. */
export function laneOf(...lengths: readonly number[]): Lane {
  const bits = lengths.reduce((all, length) => all | (length % 4), 0);
  if (bits % 4 === 0) return 4;
  return bits % 2 === 0 ? 2 : 1;
}

export function laneView(bytes: Uint8Array, lane: Lane): LaneArray {
  if (lane === 1) return bytes;
  const length = Math.floor(bytes.length / lane);
  return lane === 2
    ? new Uint16Array(bytes.buffer, bytes.byteOffset, length)
    : new Uint32Array(bytes.buffer, bytes.byteOffset, length);
}

/** Where elements lie in an array: the first one, and how far it is from one to the next. In lanes. */
export interface Places {
  readonly lanes: LaneArray;
  readonly start: number;
  readonly stride: number;
}

/** Copies `count` elements of `width` lanes each. */
export function copyElements(source: Places, target: Places, width: number, count: number): void {
  const { lanes: from, start, stride } = source;
  const { lanes: to, start: put, stride: step } = target;
  if (stride === width && step === width) {
    to.set(from.subarray(start, start + count * width), put);
  } else if (width === 1) {
    for (let i = 0, at = start, out = put; i < count; i++, at += stride, out += step) to[out] = from[at] as number;
  } else if (width === 2) {
    for (let i = 0, at = start, out = put; i < count; i++, at += stride, out += step) {
      to[out] = from[at] as number;
      to[out + 1] = from[at + 1] as number;
    }
  } else {
    for (let i = 0, at = start, out = put; i < count; i++, at += stride, out += step) {
      for (let lane = 0; lane < width; lane++) to[out + lane] = from[at + lane] as number;
    }
  }
}
