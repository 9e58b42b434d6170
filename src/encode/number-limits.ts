/** Which numbers a dtype can hold. */

/** The least number that would become infinite as a float of 2, 4 or 8 bytes: half a last place beyond the largest finite one. */
export const FLOAT_OVERFLOW: Readonly<Record<number, number>> = {
  2: 65520,
  4: 2 ** 128 - 2 ** 103,
  8: Number.POSITIVE_INFINITY,
};

export function integerRange(signed: boolean, bits: number): [min: bigint, max: bigint] {
  return signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] : [0n, 2n ** BigInt(bits) - 1n];
}
