/** The checksum of archives: CRC-32, as of zlib and gzip. Source: PKWARE APPNOTE 6.3.10, section 4.4.7. */
import { runtimeDeflate } from "../storage/deflate.ts";

/** x^32 + x^26 + ... + 1, with the highest power in the lowest bit and without x^32. */
const POLYNOMIAL = 0xedb88320;

/** Bytes that are looked up together: four words. */
const SLICES = 16;

const IS_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** `tables[k * 256 + byte]`: the checksum of a byte that k zeros follow. */
const tables: Int32Array = makeTables();

function makeTables(): Int32Array {
  const made = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    made[byte] = value;
  }
  for (let i = 256; i < made.length; i++) {
    const before = made[i - 256] as number;
    made[i] = (before >>> 8) ^ (made[before & 0xff] as number);
  }
  return made;
}

/** The checksum of bytes, or of bytes that follow those with the checksum `value`. */
export function crc32(bytes: Uint8Array, value = 0): number {
  const own = runtimeDeflate().crc32;
  return own === undefined ? portableCrc32(bytes, value) : own(bytes, value);
}

/** {@link crc32}, where the runtime has none. */
export function portableCrc32(bytes: Uint8Array, value: number): number {
  const { buffer, byteOffset, length } = bytes;
  // The tables are those of little-endian words.
  if (!IS_LITTLE_ENDIAN || length < 2 * SLICES) return ~ofBytes(~value, bytes) >>> 0;
  const first = -byteOffset & 3;
  const words = new Int32Array(buffer, byteOffset + first, ((length - first) >>> 4) * 4);
  const crc = ofWords(ofBytes(~value, bytes.subarray(0, first)), words);
  return ~ofBytes(crc, bytes.subarray(first + words.byteLength)) >>> 0;
}

function ofBytes(before: number, bytes: Uint8Array): number {
  const t = tables;
  let crc = before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return crc;
}

/** Four words at a time, each byte by a table of its own. */
function ofWords(before: number, words: Int32Array): number {
  const t = tables;
  const { length } = words;
  let crc = before;
  for (let i = 0; i < length; i += 4) {
    const a = crc ^ (words[i] as number);
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    crc =
      (t[0xf00 | (a & 0xff)] as number) ^
      (t[0xe00 | ((a >>> 8) & 0xff)] as number) ^
      (t[0xd00 | ((a >>> 16) & 0xff)] as number) ^
      (t[0xc00 | (a >>> 24)] as number) ^
      (t[0xb00 | (b & 0xff)] as number) ^
      (t[0xa00 | ((b >>> 8) & 0xff)] as number) ^
      (t[0x900 | ((b >>> 16) & 0xff)] as number) ^
      (t[0x800 | (b >>> 24)] as number) ^
      (t[0x700 | (c & 0xff)] as number) ^
      (t[0x600 | ((c >>> 8) & 0xff)] as number) ^
      (t[0x500 | ((c >>> 16) & 0xff)] as number) ^
      (t[0x400 | (c >>> 24)] as number) ^
      (t[0x300 | (d & 0xff)] as number) ^
      (t[0x200 | ((d >>> 8) & 0xff)] as number) ^
      (t[0x100 | ((d >>> 16) & 0xff)] as number) ^
      (t[d >>> 24] as number);
  }
  return crc;
}

/** The product of two polynomials modulo {@link POLYNOMIAL}. */
function multiply(a: number, b: number): number {
  let product = 0;
  let power = b;
  for (let bit = 1 << 31; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= power;
    power = power & 1 ? (power >>> 1) ^ POLYNOMIAL : power >>> 1;
  }
  return product;
}

/** x^8, the factor by which a byte that follows changes a checksum. */
const BYTE = 1 << 23;

/** The checksum of two texts of bytes, one after the other, from the checksums of each and the length of the second. */
export function combineCrc32(first: number, second: number, secondLength: number): number {
  let factor = BYTE;
  let shifted = first;
  for (let left = secondLength; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shifted = multiply(factor, shifted);
    factor = multiply(factor, factor);
  }
  return (shifted ^ second) >>> 0;
}
