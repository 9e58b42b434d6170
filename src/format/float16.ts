/** The bits of float16, which few runtimes have numbers for. */

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The bits of the float32 that equals a float16. */
export function widenFloat16(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent > 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  single[0] = fraction * 2 ** -24;
  return (sign | (singleBits[0] as number)) >>> 0;
}

/** The number that the bits of a float16 stand for. */
export function float16FromBits(bits: number): number {
  singleBits[0] = widenFloat16(bits);
  return single[0] as number;
}
