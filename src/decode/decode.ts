/** The bytes of scalars in a file -> typed arrays and strings. */

import { float16ToFloat32 } from "../cast/float16.ts";
import { NpyError } from "../errors.ts";
import { keepCodePoints, moveCodePoints } from "../format/code-points.ts";
import { counted } from "../format/counted.ts";
import type { DType } from "../format/dtype.ts";
import { latin1 } from "../format/latin1.ts";
import {
  dataClass,
  isFloat16,
  isLongDouble,
  isNative,
  NATIVE_BYTE_ORDER,
  storedClass,
  type TypedArrays,
} from "../format/scalars.ts";
import { swapBytes } from "../memory/byte-order.ts";

/** The `data` of every dtype but structures. */
export type NpyScalars = TypedArrays[keyof TypedArrays] | string[];

/** The `data` of scalars that were read into `bytes`, which it shares where the file's bytes are those of the typed array. */
export function decodeScalars(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyScalars {
  makeNative(type, bytes);
  if (type.kind === "S" || type.kind === "U") return decodeStrings(type, bytes, count);
  return typedArray(bytes, type);
}

function makeNative(type: DType, bytes: Uint8Array): void {
  if (!isLongDouble(type) && !isNative(type)) swapBytes(bytes, type);
}

/** The bytes of a caller's array that are read into; for scalars also the typed array over them. */
export interface Room {
  readonly type: DType;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly data: NpyScalars | undefined;
}

/** Callers reuse their arrays, and making a view takes longer than reading a few rows. */
const rooms = new WeakMap<object, Room>();

/**
 * Room for `length` bytes of elements in the array that a caller wants to be read into.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the array is too short, or not of the class that reading `type` gives.
 */
export function roomIn(type: DType, out: ArrayBufferView, length: number): Room {
  const known = rooms.get(out);
  // A transferred array has no memory left.
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
  if (type.fields === undefined && (type.kind === "S" || type.kind === "U" || isFloat16(type))) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `out: elements of dtype ${type.str} are converted when they are read, into new ones: leave it out.`,
    );
  }
  const { name } = dataClass(type);
  if (!ArrayBuffer.isView(out) || (out as Uint8Array)[Symbol.toStringTag] !== name) {
    const found = ArrayBuffer.isView(out) ? `a ${(out as Uint8Array)[Symbol.toStringTag]}` : typeof out;
    throw new NpyError("ERR_NPY_OPTION", `out must be a ${name}, as elements of dtype ${type.str} are read: found ${found}.`);
  }
  if (out.byteLength < length) {
    throw new NpyError(
      "ERR_NPY_OPTION",
      `out has room for ${counted(out.byteLength, "byte")}, and the rows are ${length}: read fewer rows.`,
    );
  }
}

/** Whether decoding leaves `bytes` unchanged, so that they may be mapped or shared. */
export function decodesInPlace(type: DType, bytes: Uint8Array): boolean {
  if (isLongDouble(type)) return true;
  return isNative(type) && bytes.byteOffset % type.alignment === 0;
}

/** The bytes as the typed array that reading gives; `undefined` if they must be converted or are not aligned. */
export function viewOf(type: DType, bytes: Uint8Array<ArrayBuffer>): Exclude<NpyScalars, string[]> | undefined {
  return storedClass(type) === undefined || bytes.byteOffset % 8 !== 0 ? undefined : typedArray(bytes, type);
}

function typedArray(bytes: Uint8Array<ArrayBuffer>, type: DType): Exclude<NpyScalars, string[]> {
  if (isFloat16(type)) return widen(bytes);
  const Class = dataClass(type);
  return new Class(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / Class.BYTES_PER_ELEMENT));
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

/** The text of an `S` at `start`. As in NumPy, trailing NULs are padding. */
export function decodeLatin1(view: DataView, start: number, itemsize: number): string {
  let end = itemsize;
  while (end > 0 && view.getUint8(start + end - 1) === 0) end--;
  return latin1(new Uint8Array(view.buffer, view.byteOffset + start, end));
}

/** The text of a `U` at `start`. It becomes `owner[key]`, for which code points are kept if a string cannot hold them. */
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

/** Replaces what is not a code point. */
const REPLACEMENT = 0xfffd;
