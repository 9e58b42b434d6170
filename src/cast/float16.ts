/** IEEE 754 half precision. NaNs keep their sign and the upper bits of their payload, as in NumPy. */
import { widenFloat16 } from "../format/float16.ts";
import { elementsOf } from "../format/scalars.ts";
import { HIGH, type Kernel, LOW } from "./kernel.ts";

/** float16 -> float32, exactly. */
export const float16ToFloat32: Kernel = (source, target) => {
  const halves = elementsOf(source, "u2");
  const singles = elementsOf(target, "u4");
  const table = widened();
  for (let i = 0; i < halves.length; i++) singles[i] = table[halves[i] as number] as number;
};

/** float16 -> float64, exactly. Not via float32, which would quiet signalling NaNs. */
export const float16ToFloat64: Kernel = (source, target) => {
  const halves = elementsOf(source, "u2");
  const words = elementsOf(target, "u4");
  const table = widened();
  for (let i = 0; i < halves.length; i++) {
    const single = table[halves[i] as number] as number;
    const exponent = (single >>> 23) & 0xff;
    // Only the bias differs: every float16 is a normal float32, with at most 10 bits of fraction.
    const bias = exponent === 0 ? 0 : exponent === 0xff ? 0x380 * 2 : 0x380;
    words[2 * i + HIGH] = (single & 0x80000000) | ((exponent + bias) << 20) | ((single >>> 3) & 0xfffff);
    words[2 * i + LOW] = 0;
  }
};

let table: Uint32Array | undefined;

/** The bits of a float32 for those of each float16. */
function widened(): Uint32Array {
  table ??= Uint32Array.from({ length: 2 ** 16 }, (_, bits) => widenFloat16(bits));
  return table;
}

/**
 * float32 -> float16, to the nearest, half to even. Nearly all numbers are normal: two neighbours at a time make one word. The exponent's bias
 * goes from 127 to 15. Half of the last place, less one if that place is even, is added before the rest is cut off; it may carry into the
 * exponent, up to infinity.
 */
export const float32ToFloat16: Kernel = (source, target) => {
  const singles = elementsOf(source, "i4");
  const halves = elementsOf(target, "u2");
  const pairs = halves.length >> 1;
  const words = new Int32Array(target.buffer, target.byteOffset, pairs);
  for (let i = 0; i < pairs; i++) {
    const a = singles[2 * i + LOW] as number;
    const b = singles[2 * i + HIGH] as number;
    const low = (a & 0x7fffffff) - SMALLEST_NORMAL;
    const high = (b & 0x7fffffff) - SMALLEST_NORMAL;
    if (low >>> 0 < NORMALS && high >>> 0 < NORMALS) {
      const lower = ((a >>> 16) & 0x8000) | ((low + 0x800fff + ((low >>> 13) & 1)) >>> 13);
      words[i] = lower | (b & 0x80000000) | (((high + 0x800fff + ((high >>> 13) & 1)) >>> 13) << 16);
    } else {
      words[i] = roundSingle(a) | (roundSingle(b) << 16);
    }
  }
  if (2 * pairs < halves.length) halves[2 * pairs] = roundSingle(singles[2 * pairs] as number);
};

/** The bits of the smallest float32 that is a normal float16, and the number of floats from there to 65536. */
const SMALLEST_NORMAL = 0x38800000;
const NORMALS = 0x47800000 - SMALLEST_NORMAL;

/** The bits of the float16 nearest to a float32. */
function roundSingle(bits: number): number {
  const magnitude = bits & 0x7fffffff;
  const sign = (bits >>> 16) & 0x8000;
  const offset = magnitude - SMALLEST_NORMAL;
  if (offset >>> 0 < NORMALS) return sign | ((offset + 0x800fff + ((offset >>> 13) & 1)) >>> 13);
  return sign | roundMagnitude(magnitude);
}

/** The bits of the float16 nearest to a non-negative float32 that is too large or too small for a normal one. */
function roundMagnitude(bits: number): number {
  if (bits >= 0x7f800000) return bits === 0x7f800000 ? 0x7c00 : nan(0x7c00 | ((bits >>> 13) & 0x3ff));
  if (bits >= 0x47800000) return 0x7c00; // 65536 and beyond
  if (bits <= 0x33000000) return 0; // 2^-25, half of the smallest, and below
  const shift = 126 - (bits >>> 23);
  const significand = (bits & 0x7fffff) | 0x800000;
  return roundShift(significand, shift);
}

/** `significand` without its last `shift` bits (at most 24), to the nearest, half to even. */
function roundShift(significand: number, shift: number): number {
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

/** A NaN whose upper payload is empty must not become infinity. */
function nan(bits: number): number {
  return bits === 0x7c00 ? 0x7c01 : bits;
}

/** float64 -> float16, rounded once: via float32 it would be rounded twice. */
export const float64ToFloat16: Kernel = (source, target) => {
  const words = elementsOf(source, "u4");
  const halves = elementsOf(target, "u2");
  for (let i = 0; i < halves.length; i++) {
    const high = words[2 * i + HIGH] as number;
    const low = words[2 * i + LOW] as number;
    const magnitude = high & 0x7fffffff;
    const sign = (high >>> 16) & 0x8000;
    // As above, with a bias of 1023. The lower half matters only if the upper half is exactly a tie.
    if (magnitude >= 0x3f100000 && magnitude < 0x40f00000) {
      halves[i] = sign | ((magnitude - 0x3f000000 + 0x1ff + (((magnitude >>> 10) & 1) | (low === 0 ? 0 : 1))) >>> 10);
    } else halves[i] = sign | roundDouble(magnitude, low);
  }
};

/** The bits of the float16 nearest to a non-negative float64, given by its halves, that is too large or too small for a normal one. */
function roundDouble(high: number, low: number): number {
  if (high >= 0x7ff00000) {
    return high === 0x7ff00000 && low === 0 ? 0x7c00 : nan(0x7c00 | ((high >>> 10) & 0x3ff));
  }
  if (high >= 0x40f00000) return 0x7c00; // 65536 and beyond
  const sticky = low === 0 ? 0 : 1;
  if (high < 0x3e600000 || (high === 0x3e600000 && low === 0)) return 0; // 2^-25 and below
  const shift = 1019 - (high >>> 20);
  const significand = (((high & 0xfffff) | 0x100000) << 1) | sticky;
  return roundShift(significand, shift + 1);
}
