/** Writes integers as ASCII digits. All functions return where the text ends. */

/** The two digits of the numbers below 100. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => 48 + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

/** Two digits of a number below 100. */
export function writeDigits2(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = PAIRS[2 * value] as number;
  bytes[at + 1] = PAIRS[2 * value + 1] as number;
  return at + 2;
}

/** Four digits of a number below 10 ** 4. */
export function writeDigits4(bytes: Uint8Array, at: number, value: number): number {
  const high = (value / 100) | 0;
  writeDigits2(bytes, at, high);
  return writeDigits2(bytes, at + 2, value - 100 * high);
}

/** Eight digits of a number below 10 ** 8. */
export function writeDigits8(bytes: Uint8Array, at: number, value: number): number {
  const high = (value / 10_000) | 0;
  writeDigits4(bytes, at, high);
  return writeDigits4(bytes, at + 4, value - 10_000 * high);
}

/** A number from 0 to 2 ** 32 - 1, without leading zeros. */
function writeUnsigned(bytes: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    bytes[at] = 48 + value;
    return at + 1;
  }
  if (value < 100) return writeDigits2(bytes, at, value);
  if (value < 10_000) {
    const high = (value / 100) | 0;
    return writeDigits2(bytes, writeUnsigned(bytes, at, high), value - 100 * high);
  }
  if (value < 100_000_000) {
    const high = (value / 10_000) | 0;
    return writeDigits4(bytes, writeUnsigned(bytes, at, high), value - 10_000 * high);
  }
  const high = (value / 100_000_000) | 0;
  return writeDigits8(bytes, writeUnsigned(bytes, at, high), value - 100_000_000 * high);
}

const MINUS = 0x2d;

/** A number that JavaScript holds exactly. */
export function writeInteger(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  if (value < 0) {
    bytes[at++] = MINUS;
    rest = -value;
  }
  if (rest < 2 ** 32) return writeUnsigned(bytes, at, rest);
  const high = Math.floor(rest / 1e8);
  return writeDigits8(bytes, writeInteger(bytes, at, high), rest - 1e8 * high);
}

/** An integer of 64 bits, from its upper and its lower 32. */
export function writeInteger64(bytes: Uint8Array, start: number, high: number, low: number, isSigned: boolean): number {
  if (high === 0) return writeUnsigned(bytes, start, low);
  if (isSigned && high >= 2 ** 31) {
    bytes[start] = MINUS;
    // Two's complement.
    const negated = (2 ** 32 - low) % 2 ** 32;
    return writeInteger64(bytes, start + 1, 2 ** 32 - high - (low === 0 ? 0 : 1), negated, false);
  }
  if (high < 2 ** 21) return writeInteger(bytes, start, high * 2 ** 32 + low);
  // Divides by 10 ** 8, 16 bits at a time.
  const first = Math.floor(high / 1e8);
  const second = (high - 1e8 * first) * 2 ** 16 + Math.floor(low / 2 ** 16);
  const secondQuotient = Math.floor(second / 1e8);
  const third = (second - 1e8 * secondQuotient) * 2 ** 16 + (low % 2 ** 16);
  const thirdQuotient = Math.floor(third / 1e8);
  const quotient = first * 2 ** 32 + secondQuotient * 2 ** 16 + thirdQuotient;
  return writeDigits8(bytes, writeInteger(bytes, start, quotient), third - 1e8 * thirdQuotient);
}
