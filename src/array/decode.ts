/** The bytes of scalars, as a file has them -> typed arrays and strings. */
import type { DType } from "../format/dtype.ts";
import { needsSwap, swapBytes } from "./byte-order.ts";
import { float16ToFloat32 } from "./conversions/float16.ts";
import { isLongDouble } from "./convert.ts";
import type { NpyScalars } from "./npy-array.ts";

/** The `data` of scalars that were read into `bytes`; in place where the file's bytes are the typed array's. */
export function decodeScalars(type: DType, bytes: Uint8Array<ArrayBuffer>, count: number): NpyScalars {
  if (isLongDouble(type)) return bytes;
  if (needsSwap(type)) swapBytes(bytes, type);
  if (type.kind === "S") return decodeStrings(bytes, count, decodeLatin1);
  if (type.kind === "U") return decodeStrings(bytes, count, decodeUtf32);
  return typedArray(bytes, type);
}

function typedArray(bytes: Uint8Array<ArrayBuffer>, type: DType): NpyScalars {
  const { buffer } = bytes;
  switch (`${type.kind}${type.itemsize}`) {
    case "i1":
      return new Int8Array(buffer);
    case "i2":
      return new Int16Array(buffer);
    case "i4":
      return new Int32Array(buffer);
    case "i8":
    case "M8":
    case "m8":
      return new BigInt64Array(buffer);
    case "u2":
      return new Uint16Array(buffer);
    case "u4":
      return new Uint32Array(buffer);
    case "u8":
      return new BigUint64Array(buffer);
    case "f2":
      return widen(bytes);
    case "f4":
    case "c8":
      return new Float32Array(buffer);
    case "f8":
    case "c16":
      return new Float64Array(buffer);
    default:
      return bytes; // b1, u1, and what JavaScript has no numbers for
  }
}

function widen(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const wide = new Float32Array(bytes.length / 2);
  float16ToFloat32(bytes, new Uint8Array(wide.buffer));
  return wide;
}

function decodeStrings(
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  decode: (element: Uint8Array<ArrayBuffer>) => string,
): string[] {
  const itemsize = count === 0 ? 0 : bytes.length / count;
  return Array.from({ length: count }, (_, i) => decode(bytes.subarray(i * itemsize, (i + 1) * itemsize)));
}

/** NumPy drops the NULs that fill an element up. */
function decodeLatin1(element: Uint8Array): string {
  let end = element.length;
  while (end > 0 && element[end - 1] === 0) end--;
  let text = "";
  for (let i = 0; i < end; i += 4096) text += String.fromCharCode(...element.subarray(i, Math.min(end, i + 4096)));
  return text;
}

function decodeUtf32(element: Uint8Array<ArrayBuffer>): string {
  const codes = new Uint32Array(element.buffer, element.byteOffset, element.length / 4);
  let end = codes.length;
  while (end > 0 && codes[end - 1] === 0) end--;
  let text = "";
  for (let i = 0; i < end; i++) {
    const code = codes[i] as number;
    // NumPy stores any 32 bits; what is no code point has no character.
    text += String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd);
  }
  return text;
}
