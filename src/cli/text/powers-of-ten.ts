/** Powers of ten as sums of two float64, for products of twice the precision of float64. */

/** Powers of ten from `10 ** -LOWEST`: the nearest float64, its upper and its lower half, and what the power has more. 0 until one is needed. */
const LOWEST = 290;
export const POWERS: Float64Array = new Float64Array(4 * (2 * LOWEST + 1));

/** Splits a float64 into two parts of 26 bits, whose products are exact. */
export const SPLITTER: number = 2 ** 27 + 1;

/** For looking at the bits of a float64, whose halves are at {@link LOW} and {@link HIGH}. */
export const DOUBLE: Float64Array = new Float64Array(1);
export const DOUBLE_BITS: Uint32Array = new Uint32Array(DOUBLE.buffer);
export const LOW: number = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 0 : 1;
export const HIGH: number = 1 - LOW;

/** The index of a power of ten in {@link POWERS}. */
export function powerAt(exponent: number): number {
  const at = 4 * (exponent + LOWEST);
  if (POWERS[at] === 0) makePower(exponent, at);
  return at;
}

function makePower(exponent: number, at: number): void {
  const nearest = Number(`1e${exponent}`);
  const split = SPLITTER * nearest;
  const upper = split - (split - nearest);
  DOUBLE[0] = nearest;
  const high = DOUBLE_BITS[HIGH] as number;
  const significand = (BigInt((high & 0xfffff) | 0x100000) << 32n) | BigInt(DOUBLE_BITS[LOW] as number);
  // In units of 2 ** -1200.
  const scale = 1n << 1200n;
  const power = exponent < 0 ? scale / 10n ** BigInt(-exponent) : scale * 10n ** BigInt(exponent);
  const rest = power - (significand << BigInt((high >>> 20) - 1075 + 1200));
  POWERS[at + 1] = upper;
  POWERS[at + 2] = nearest - upper;
  // In two steps: 2 ** -1060 is no longer precise.
  POWERS[at + 3] = exponent < 0 ? Number(rest >> 140n) * 2 ** -530 * 2 ** -530 : Number(rest / scale);
  POWERS[at] = nearest;
}
