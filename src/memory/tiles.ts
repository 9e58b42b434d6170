/**
 * The loops of strided copies, one of each kind for each type of lane. Duplicated on purpose: in a loop that has seen several types V8 asks for
 * the type at every element, which takes two to five times as long. `| 0` keeps places integers: a place that once was the result of a division is
 * calculated as a float from then on, and every other sum is checked for overflow. So arrays must have fewer than 2^31 lanes.
 *
 * A tile is a matrix whose columns are adjacent in the target: `rows` is even, and `columns` a multiple of four. A triple has three columns.
 */

export function tileLongs(
  from: BigUint64Array,
  to: BigUint64Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
  columns: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  for (let column = 0; column < (columns | 0); column += 4) {
    let a = (start + column * stride) | 0;
    let out = (put + column) | 0;
    for (let row = 0; row < (rows | 0); row += 2) {
      const b = (a + right) | 0;
      const c = (b + right) | 0;
      const d = (c + right) | 0;
      to[out] = from[a] as bigint;
      to[(out + 1) | 0] = from[b] as bigint;
      to[(out + 2) | 0] = from[c] as bigint;
      to[(out + 3) | 0] = from[d] as bigint;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
      to[out] = from[a] as bigint;
      to[(out + 1) | 0] = from[(b + down) | 0] as bigint;
      to[(out + 2) | 0] = from[(c + down) | 0] as bigint;
      to[(out + 3) | 0] = from[(d + down) | 0] as bigint;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
    }
  }
}

export function tripleLongs(
  from: BigUint64Array,
  to: BigUint64Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  let [at, out] = [start | 0, put | 0];
  for (let row = 0; row < (rows | 0); row++) {
    const second = (at + right) | 0;
    to[out] = from[at] as bigint;
    to[(out + 1) | 0] = from[second] as bigint;
    to[(out + 2) | 0] = from[(second + right) | 0] as bigint;
    at = (at + down) | 0;
    out = (out + downTo) | 0;
  }
}

export function tileWords(
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
  columns: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  for (let column = 0; column < (columns | 0); column += 4) {
    let a = (start + column * stride) | 0;
    let out = (put + column) | 0;
    for (let row = 0; row < (rows | 0); row += 2) {
      const b = (a + right) | 0;
      const c = (b + right) | 0;
      const d = (c + right) | 0;
      to[out] = from[a] as number;
      to[(out + 1) | 0] = from[b] as number;
      to[(out + 2) | 0] = from[c] as number;
      to[(out + 3) | 0] = from[d] as number;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
      to[out] = from[a] as number;
      to[(out + 1) | 0] = from[(b + down) | 0] as number;
      to[(out + 2) | 0] = from[(c + down) | 0] as number;
      to[(out + 3) | 0] = from[(d + down) | 0] as number;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
    }
  }
}

export function tripleWords(
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  let [at, out] = [start | 0, put | 0];
  for (let row = 0; row < (rows | 0); row++) {
    const second = (at + right) | 0;
    to[out] = from[at] as number;
    to[(out + 1) | 0] = from[second] as number;
    to[(out + 2) | 0] = from[(second + right) | 0] as number;
    at = (at + down) | 0;
    out = (out + downTo) | 0;
  }
}

export function tileShorts(
  from: Uint16Array,
  to: Uint16Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
  columns: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  for (let column = 0; column < (columns | 0); column += 4) {
    let a = (start + column * stride) | 0;
    let out = (put + column) | 0;
    for (let row = 0; row < (rows | 0); row += 2) {
      const b = (a + right) | 0;
      const c = (b + right) | 0;
      const d = (c + right) | 0;
      to[out] = from[a] as number;
      to[(out + 1) | 0] = from[b] as number;
      to[(out + 2) | 0] = from[c] as number;
      to[(out + 3) | 0] = from[d] as number;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
      to[out] = from[a] as number;
      to[(out + 1) | 0] = from[(b + down) | 0] as number;
      to[(out + 2) | 0] = from[(c + down) | 0] as number;
      to[(out + 3) | 0] = from[(d + down) | 0] as number;
      a = (a + down) | 0;
      out = (out + downTo) | 0;
    }
  }
}

export function tripleShorts(
  from: Uint16Array,
  to: Uint16Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  let [at, out] = [start | 0, put | 0];
  for (let row = 0; row < (rows | 0); row++) {
    const second = (at + right) | 0;
    to[out] = from[at] as number;
    to[(out + 1) | 0] = from[second] as number;
    to[(out + 2) | 0] = from[(second + right) | 0] as number;
    at = (at + down) | 0;
    out = (out + downTo) | 0;
  }
}

/** Stores four bytes at a time. */
export function tileBytes(
  from: Uint8Array,
  to: Uint8Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
  columns: number,
): void {
  const source = new DataView(from.buffer, from.byteOffset, from.length);
  const target = new DataView(to.buffer, to.byteOffset, to.length);
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  const [two, three] = [(2 * right) | 0, (3 * right) | 0];
  for (let column = 0; column < (columns | 0); column += 4) {
    let at = (start + column * stride) | 0;
    let out = (put + column) | 0;
    for (let row = 0; row < (rows | 0); row++) {
      const low = source.getUint8(at) | (source.getUint8((at + right) | 0) << 8);
      const high = source.getUint8((at + two) | 0) | (source.getUint8((at + three) | 0) << 8);
      target.setInt32(out, low | (high << 16), true);
      at = (at + down) | 0;
      out = (out + downTo) | 0;
    }
  }
}

export function tripleBytes(
  from: Uint8Array,
  to: Uint8Array,
  start: number,
  stride: number,
  rowStride: number,
  put: number,
  rowStep: number,
  rows: number,
): void {
  const [right, down, downTo] = [stride | 0, rowStride | 0, rowStep | 0];
  let [at, out] = [start | 0, put | 0];
  for (let row = 0; row < (rows | 0); row++) {
    const second = (at + right) | 0;
    to[out] = from[at] as number;
    to[(out + 1) | 0] = from[second] as number;
    to[(out + 2) | 0] = from[(second + right) | 0] as number;
    at = (at + down) | 0;
    out = (out + downTo) | 0;
  }
}
