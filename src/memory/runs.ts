/** Copies elements of one lane each, `stride` apart, to places that are `step` apart. One loop for each type of lane: see tiles.ts. */

export function runLongs(
  from: BigUint64Array,
  to: BigUint64Array,
  start: number,
  stride: number,
  put: number,
  step: number,
  count: number,
): void {
  const [right, rightTo] = [stride | 0, step | 0];
  let [at, out, left] = [start | 0, put | 0, count | 0];
  if (rightTo === 1) {
    for (; left >= 8; left -= 8) {
      to[out] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 1) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 2) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 3) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 4) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 5) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 6) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      to[(out + 7) | 0] = from[at] as bigint;
      at = (at + right) | 0;
      out = (out + 8) | 0;
    }
  }
  for (; left >= 4; left -= 4) {
    to[out] = from[at] as bigint;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as bigint;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as bigint;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as bigint;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
  for (; left > 0; left--) {
    to[out] = from[at] as bigint;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
}

export function runWords(
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  stride: number,
  put: number,
  step: number,
  count: number,
): void {
  const [right, rightTo] = [stride | 0, step | 0];
  let [at, out, left] = [start | 0, put | 0, count | 0];
  if (rightTo === 1) {
    for (; left >= 8; left -= 8) {
      to[out] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 1) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 2) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 3) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 4) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 5) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 6) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 7) | 0] = from[at] as number;
      at = (at + right) | 0;
      out = (out + 8) | 0;
    }
  }
  for (; left >= 4; left -= 4) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
  for (; left > 0; left--) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
}

export function runShorts(
  from: Uint16Array,
  to: Uint16Array,
  start: number,
  stride: number,
  put: number,
  step: number,
  count: number,
): void {
  const [right, rightTo] = [stride | 0, step | 0];
  let [at, out, left] = [start | 0, put | 0, count | 0];
  if (rightTo === 1) {
    for (; left >= 8; left -= 8) {
      to[out] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 1) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 2) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 3) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 4) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 5) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 6) | 0] = from[at] as number;
      at = (at + right) | 0;
      to[(out + 7) | 0] = from[at] as number;
      at = (at + right) | 0;
      out = (out + 8) | 0;
    }
  }
  for (; left >= 4; left -= 4) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
  for (; left > 0; left--) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
}

export function runBytes(
  from: Uint8Array,
  to: Uint8Array,
  start: number,
  stride: number,
  put: number,
  step: number,
  count: number,
): void {
  const [right, rightTo] = [stride | 0, step | 0];
  let [at, out, left] = [start | 0, put | 0, count | 0];
  for (; left >= 4; left -= 4) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
  for (; left > 0; left--) {
    to[out] = from[at] as number;
    at = (at + right) | 0;
    out = (out + rightTo) | 0;
  }
}
