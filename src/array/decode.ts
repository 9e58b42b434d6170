/** The bytes of scalars, as a file has them -> typed arrays and strings. */
import { type DType, NATIVE_BYTE_ORDER } from "../format/dtype.ts";
import { needsSwap, swapBytes } from "./byte-order.ts";
import { float16ToFloat32 } from "./conversions/float16.ts";
import { isLongDouble } from "./convert.ts";
import type { NpyScalars } from "./npy-array.ts";

/** The `data` of scalars that were read into `bytes`; in place where the file's bytes are the typed array's. */
export function decodeScalars(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyScalars {
  if (isLongDouble(type)) return bytes;
  if (needsSwap(type)) swapBytes(bytes, type);
  if (type.kind === "S" || type.kind === "U") return decodeStrings(type, bytes, count);
  return typedArray(bytes, type);
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
  const decode = kind === "S" ? decodeLatin1 : decodeUtf32;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, i) => decode(view, i * itemsize, itemsize, NATIVE_BYTE_ORDER === "<"));
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

/** The same in code points. */
export function decodeUtf32(view: DataView, start: number, itemsize: number, isLittle: boolean): string {
  let end = start + itemsize;
  while (end > start && view.getUint32(end - 4, isLittle) === 0) end -= 4;
  let text = "";
  for (let at = start; at < end; at += 4) {
    const code = view.getUint32(at, isLittle);
    // NumPy stores any 32 bits; what is no code point has no character.
    text += String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd);
  }
  return text;
}
