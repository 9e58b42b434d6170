/** Reads lines of NDJSON straight into the bytes of rows, up to the first line that needs the care of `JSON.parse`. */
import type { DType } from "../../node.ts";
import { type RowLayout, sizeOf } from "../rows/columns.ts";
import { cellReader, type ReadCell } from "./fast-cells.ts";
import { type ReadRows, rowReader } from "./fast-rows.ts";

const [LINE_FEED, RETURN, SPACE, QUOTE, COMMA, COLON] = [0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a];
const [MINUS, PLUS, POINT, ZERO, LOWER, E, BACKSLASH] = [0x2d, 0x2b, 0x2e, 0x30, 0x20, 0x65, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Lines with keys in the order of the fields. `undefined` if some dtype has no fast reader. */
export function fastJson({ rowShape, dtype }: RowLayout, isInferred: boolean): ReadRows | undefined {
  const readRow = nested(rowShape, dtype, LINE_FEED, isInferred);
  if (readRow === undefined) return undefined;
  return rowReader(sizeOf(rowShape) * dtype.itemsize, readRow);
}

/** `after`: the byte that follows the value, or a line feed for the end of the line. */
function valueReader(dtype: DType, after: number, isInferred: boolean): ReadCell | undefined {
  if (dtype.subdtype !== undefined) return nested(dtype.subdtype.shape, dtype.subdtype.dtype, after, isInferred);
  if (dtype.fields !== undefined) return objectReader(dtype.fields, isInferred);
  switch (dtype.kind) {
    case "b":
      return readBoolean;
    case "f":
    case "m":
    case "i":
    case "u": {
      const read = cellReader(dtype, after, isInferred);
      return read && numberReader(read, after, dtype.kind === "f" || dtype.kind === "m");
    }
    case "U":
    case "M": {
      const read = cellReader(dtype, QUOTE, isInferred);
      return read && stringReader(read, dtype.kind === "U" ? dtype.itemsize : undefined);
    }
    default:
      return undefined;
  }
}

function nested(shape: readonly number[], dtype: DType, after: number, isInferred: boolean): ReadCell | undefined {
  const [size, ...inner] = shape;
  if (size === undefined) return valueReader(dtype, after, isInferred);
  if (size === 0) return undefined;
  const step = sizeOf(inner) * dtype.itemsize;
  const readItem = nested(inner, dtype, COMMA, isInferred);
  const readLast = nested(inner, dtype, CLOSE_ARRAY, isInferred);
  if (readItem === undefined || readLast === undefined) return undefined;
  return (bytes, start, view, target) => {
    let at = afterMark(bytes, start, OPEN_ARRAY);
    for (let i = 0; i + 1 < size; i++) {
      if (at < 0) return -1;
      at = afterMark(bytes, readItem(bytes, at, view, target + i * step), COMMA);
    }
    return at < 0 ? -1 : afterMark(bytes, readLast(bytes, at, view, target + (size - 1) * step), CLOSE_ARRAY);
  };
}

function objectReader(fields: NonNullable<DType["fields"]>, isInferred: boolean): ReadCell | undefined {
  const members: { readonly key: Buffer; readonly offset: number; readonly after: number; readonly read: ReadCell }[] = [];
  for (const [i, { name, dtype, offset }] of fields.entries()) {
    const after = i + 1 < fields.length ? COMMA : CLOSE_OBJECT;
    const read = valueReader(dtype, after, isInferred);
    if (read === undefined) return undefined;
    members.push({ key: Buffer.from(JSON.stringify(name)), offset, after, read });
  }
  if (members.length === 0) return undefined;
  return (bytes, start, view, target) => {
    let at = afterMark(bytes, start, OPEN_OBJECT);
    for (const { key, offset, after, read } of members) {
      if (at < 0) return -1;
      for (let i = 0; i < key.length; i++) if (bytes[at + i] !== key[i]) return -1;
      at = afterMark(bytes, at + key.length, COLON);
      if (at < 0) return -1;
      at = afterMark(bytes, read(bytes, at, view, target + offset), after);
    }
    return at;
  };
}

/** After a punctuation mark and the spaces around it; -1 if it is not there, or nothing was read before it. */
function afterMark(bytes: Uint8Array, start: number, mark: number): number {
  if (start < 0) return -1;
  let at = start;
  while (bytes[at] === SPACE) at++;
  if (bytes[at++] !== mark) return -1;
  while (bytes[at] === SPACE) at++;
  return at;
}

/** Readers of cells take more than JSON allows, such as `+1`, so they see only what is a number in JSON, or null. */
function numberReader(read: ReadCell, after: number, hasNull: boolean): ReadCell {
  return (bytes, start, view, target) => {
    let end = hasNull && isWord(bytes, start, NULL) ? start + NULL.length : numberEnd(bytes, start);
    if (end < 0) return -1;
    while (bytes[end] === SPACE) end++;
    if (bytes[end] !== after && !(after === LINE_FEED && bytes[end] === RETURN)) return -1;
    return read(bytes, start, view, target) === end ? end : -1;
  };
}

/** Where the number of JSON ends that begins at `start`; -1 if there is none. */
function numberEnd(bytes: Uint8Array, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const whole = digitsEnd(bytes, at);
  if (whole === at || (bytes[at] === ZERO && whole > at + 1)) return -1;
  at = whole;
  if (bytes[at] === POINT) {
    const end = digitsEnd(bytes, at + 1);
    if (end === at + 1) return -1;
    at = end;
  }
  if (((bytes[at] as number) | LOWER) !== E) return at;
  at++;
  if (bytes[at] === MINUS || bytes[at] === PLUS) at++;
  const end = digitsEnd(bytes, at);
  return end === at ? -1 : end;
}

function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] as number) >= ZERO && (bytes[at] as number) <= ZERO + 9) at++;
  return at;
}

const [NULL, TRUE, FALSE] = [Buffer.from("null"), Buffer.from("true"), Buffer.from("false")];

function isWord(bytes: Uint8Array, start: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word[i]) return false;
  return true;
}

const readBoolean: ReadCell = (bytes, start, view, target) => {
  const isTrue = isWord(bytes, start, TRUE);
  if (!isTrue && !isWord(bytes, start, FALSE)) return -1;
  view.setUint8(target, isTrue ? 1 : 0);
  return start + (isTrue ? TRUE.length : FALSE.length);
};

/** Strings without escapes. `emptyBytes`: the bytes of an empty one; `undefined` where it is left to others. */
function stringReader(read: ReadCell, emptyBytes: number | undefined): ReadCell {
  return (bytes, start, view, target) => {
    if (bytes[start] !== QUOTE) return -1;
    let close = start + 1;
    for (let byte = bytes[close] as number; byte !== QUOTE; byte = bytes[++close] as number) {
      if (byte < SPACE || byte === BACKSLASH) return -1;
    }
    if (close > start + 1) return read(bytes, start + 1, view, target) === close ? close + 1 : -1;
    if (emptyBytes === undefined) return -1;
    for (let i = 0; i < emptyBytes; i++) view.setUint8(target + i, 0);
    return close + 1;
  };
}
