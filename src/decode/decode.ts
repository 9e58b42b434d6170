/** The bytes of scalars, as a file has them -> typed arrays and strings. */

import { isLongDouble } from "../cast/convert.ts";
import { float16ToFloat32 } from "../cast/float16.ts";
import { NpyError } from "../errors.ts";
import { keepCodePoints, moveCodePoints } from "../format/code-points.ts";
import type { DType } from "../format/dtype.ts";
import { NATIVE_BYTE_ORDER } from "../format/scalars.ts";
import { needsSwap, swapBytes } from "../memory/byte-order.ts";
import type { NpyScalars } from "./npy-array.ts";

/** The `data` of scalars that were read into `bytes`; in place where the file's bytes are the typed array's. */
export function decodeScalars(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyScalars {
  makeNative(type, bytes);
  if (type.kind === "S" || type.kind === "U") return decodeStrings(type, bytes, count);
  return typedArray(bytes, type);
}

/** Long doubles, which JavaScript has no numbers for, stay the bytes of the file. */
function makeNative(type: DType, bytes: Uint8Array): void {
  if (!isLongDouble(type) && needsSwap(type)) swapBytes(bytes, type);
}

/** The first bytes of an array that is read into, and of scalars the array that they are then. */
export interface Room {
  readonly type: DType;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly data: NpyScalars | undefined;
}

/** Most of what is read into is read into again, and views take longer to make than few rows to read. */
const rooms = new WeakMap<object, Room>();

/**
 * Room for elements that have `length` bytes, in an array that is to be read into.
 *
 * @throws NpyError `ERR_NPY_OPTION` if it is not the typed array that elements of `type` are read as, or too short.
 */
export function roomIn(type: DType, out: ArrayBufferView, length: number): Room {
  const known = rooms.get(out);
  // The memory may have been transferred: then there is none.
  if (known?.type === type && known.bytes.length === length && length > 0) return known;
  checkRoom(type, out, length);
  const bytes = new Uint8Array(out.buffer as ArrayBuffer, out.byteOffset, length);
  const room = { type, bytes, data: type.fields === undefined ? typedArray(bytes, type) : undefined };
  rooms.set(out, room);
  return room;
}

/** The `data` of elements that were read into a room. */
export function decodeRoom({ type, bytes, data }: Room): NpyScalars | undefined {
  if (data !== undefined) makeNative(type, bytes);
  return data;
}

function checkRoom(type: DType, out: unknown, length: number): void {
  if (type.fields === undefined && (type.kind === "S" || type.kind === "U" || type.str.endsWith("f2"))) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `out: elements of dtype ${type.str} are converted when they are read, into new ones: leave it out.`,
    );
  }
  const none = new Uint8Array(0);
  const name = (type.fields === undefined ? typedArray(none, type) : none)[Symbol.toStringTag];
  if (!ArrayBuffer.isView(out) || (out as Uint8Array)[Symbol.toStringTag] !== name) {
    const found = ArrayBuffer.isView(out) ? `a ${(out as Uint8Array)[Symbol.toStringTag]}` : typeof out;
    throw new NpyError("ERR_NPY_OPTION", `out must be a ${name}, as elements of dtype ${type.str} are read: found ${found}.`);
  }
  if (out.byteLength < length) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `out has room for ${out.byteLength} bytes, and the rows are ${length}: read fewer rows.`,
    );
  }
}

/** Whether decoding leaves `bytes` as they are: they may then be those of a file, or what others look at, too. */
export function decodesInPlace(type: DType, bytes: Uint8Array): boolean {
  if (isLongDouble(type)) return true;
  return !needsSwap(type) && bytes.byteOffset % alignmentOf(type) === 0;
}

/** What a typed array of these elements asks of its place in its buffer. */
function alignmentOf({ kind, itemsize }: DType): number {
  if (kind === "c") return itemsize / 2;
  return "iufMm".includes(kind) ? itemsize : 1;
}

/** The typed array of scalars that `bytes` hold as JavaScript does; `undefined` if they must be converted, or are not aligned. */
export function viewOf(type: DType, bytes: Uint8Array<ArrayBuffer>): Exclude<NpyScalars, string[]> | undefined {
  const isConverted = "SU".includes(type.kind) || type.str.endsWith("f2") || needsSwap(type);
  return isConverted || bytes.byteOffset % 8 !== 0 ? undefined : typedArray(bytes, type);
}

function typedArray(bytes: Uint8Array<ArrayBuffer>, type: DType): Exclude<NpyScalars, string[]> {
  const { buffer, byteOffset: start, length } = bytes;
  switch (`${type.kind}${type.itemsize}`) {
    case "i1":
      return new Int8Array(buffer, start, length);
    case "i2":
      return new Int16Array(buffer, start, Math.floor(length / 2));
    case "i4":
      return new Int32Array(buffer, start, Math.floor(length / 4));
    case "i8":
    case "M8":
    case "m8":
      return new BigInt64Array(buffer, start, Math.floor(length / 8));
    case "u2":
      return new Uint16Array(buffer, start, Math.floor(length / 2));
    case "u4":
      return new Uint32Array(buffer, start, Math.floor(length / 4));
    case "u8":
      return new BigUint64Array(buffer, start, Math.floor(length / 8));
    case "f2":
      return widen(bytes);
    case "f4":
    case "c8":
      return new Float32Array(buffer, start, Math.floor(length / 4));
    case "f8":
    case "c16":
      return new Float64Array(buffer, start, Math.floor(length / 8));
    default:
      return bytes; // b1, u1, and what JavaScript has no numbers for
  }
}

function widen(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const wide = new Float32Array(bytes.length / 2);
  float16ToFloat32(bytes, new Uint8Array(wide.buffer));
  return wide;
}

function decodeStrings({ kind, itemsize }: DType, bytes: Uint8Array<ArrayBuffer>, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (kind === "S") return Array.from({ length: count }, (_, i) => decodeLatin1(view, i * itemsize, itemsize));
  const isLittle = NATIVE_BYTE_ORDER === "<";
  const owner = {};
  const texts = Array.from({ length: count }, (_, i) => decodeUtf32(view, i * itemsize, itemsize, isLittle, owner, i));
  moveCodePoints(owner, texts);
  return texts;
}

/** The text of `itemsize` bytes from `start` on. NumPy drops the NULs that fill it up. */
export function decodeLatin1(view: DataView, start: number, itemsize: number): string {
  let end = itemsize;
  while (end > 0 && view.getUint8(start + end - 1) === 0) end--;
  const codes = new Uint8Array(view.buffer, view.byteOffset + start, end);
  let text = "";
  for (let i = 0; i < end; i += 4096) text += String.fromCharCode(...codes.subarray(i, i + 4096));
  return text;
}

/** The same in code points; it becomes `owner[key]`, for which those are kept that a string cannot hold. */
export function decodeUtf32(
  view: DataView,
  start: number,
  itemsize: number,
  isLittle: boolean,
  owner: object,
  key: string | number,
): string {
  let end = start + itemsize;
  while (end > start && view.getUint32(end - 4, isLittle) === 0) end -= 4;
  let text = "";
  let isPlain = true;
  for (let at = start; at < end; at += 4) {
    const code = view.getUint32(at, isLittle);
    if (code < FIRST_SURROGATE) {
      text += String.fromCharCode(code);
      continue;
    }
    if (code <= LAST_SURROGATE || code > MAX_CODE_POINT) isPlain = false;
    text += String.fromCodePoint(code <= MAX_CODE_POINT ? code : REPLACEMENT);
  }
  if (!isPlain) {
    const codes = Uint32Array.from({ length: (end - start) / 4 }, (_, i) => view.getUint32(start + 4 * i, isLittle));
    keepCodePoints(owner, key, text, codes);
  }
  return text;
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;
const MAX_CODE_POINT = 0x10ffff;

/** Shown for what is no code point. */
const REPLACEMENT = 0xfffd;
