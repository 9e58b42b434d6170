/** The shortest decimals of floats are those that a search by exact decimals finds. */
import { expect, test } from "vitest";
import { decimal, shortestFloat16, shortestFloat32 } from "../src/cast/shortest-float.ts";
import { DOUBLE } from "../src/cli/text/powers-of-ten.ts";
import { decimal64, shortestFloat64 } from "../src/cli/text/shortest-float64.ts";
import { float16FromBits } from "../src/format/float16.ts";
import { runs } from "./support/effort.ts";

/** A fraction: `numerator * 2 ** -152`. Every float16 and float32, and the number halfway to the next, is one. */
const SCALE = 2n ** 152n;
const exact = (value: number): bigint => BigInt(value * 2 ** 152);

/** The shortest decimal between two numbers, or at one of them if they belong to the interval; of several, the nearest to `value`. */
function searched(value: number, lower: number, upper: number, isInclusive: boolean): string {
  const [wanted, least, most] = [value, lower, upper].map(exact) as [bigint, bigint, bigint];
  const first = Number(value.toExponential().split("e")[1]);
  for (let digits = 1; ; digits++) {
    const exponent = first - digits + 1;
    const [factor, unit] = exponent < 0 ? [10n ** BigInt(-exponent), SCALE] : [1n, SCALE * 10n ** BigInt(exponent)];
    const floor = (wanted * factor) / unit;
    const inside = [floor, floor + 1n].filter((candidate) => {
      const number = candidate * unit;
      const isBetween = number > least * factor && number < most * factor;
      return isBetween || (isInclusive && (number === least * factor || number === most * factor));
    });
    const distance = (candidate: bigint): bigint => {
      const difference = candidate * unit - wanted * factor;
      return difference < 0n ? -difference : difference;
    };
    inside.sort((a, b) => Number(distance(a) - distance(b)) || Number(a % 2n) - Number(b % 2n));
    if (inside[0] !== undefined)
      return `${inside[0]}e${exponent}`.replace(/(0*)e(.*)/, (_, zeros: string, e: string) => `e${Number(e) + zeros.length}`);
  }
}

function found(): string {
  const text = String(decimal.digits);
  expect(text).toHaveLength(9);
  const digits = text.replace(/0+$/, "");
  return `${digits}e${decimal.exponent + 9 - digits.length}`;
}

test("every float16", () => {
  const wrong: string[] = [];
  for (let bits = 1; bits < 0x7c00; bits++) {
    const value = float16FromBits(bits);
    const next = bits === 0x7bff ? 65_536 : float16FromBits(bits + 1);
    const expected = searched(value, (value + float16FromBits(bits - 1)) / 2, (value + next) / 2, bits % 2 === 0);
    shortestFloat16(value);
    if (found() !== expected) wrong.push(`${bits}: ${found()}, expected ${expected}`);
  }
  expect(wrong).toEqual([]);
});

const bits32 = new Uint32Array(1);
const float32 = new Float32Array(bits32.buffer);

function fromBits(bits: number): number {
  bits32[0] = bits;
  return float32[0] as number;
}

/** Bits of float32: around powers of two and of ten, subnormal, whole numbers, and any. */
function* bitsOfFloat32(): Generator<number, void, void> {
  for (let exponent = 0; exponent < 255; exponent++) for (const i of [-1, 0, 1, 2]) yield Math.max(1, exponent * 2 ** 23 + i);
  for (let i = 1; i < 300; i++) yield i;
  for (let exponent = -45; exponent <= 38; exponent++) {
    float32[0] = Number(`1e${exponent}`);
    const [bits = 0] = bits32;
    for (const i of [-1, 0, 1]) yield Math.max(1, bits + i);
  }
  for (let i = 0; i < runs(20_000); i++) {
    float32[0] = Math.floor(Math.random() * 2 ** (1 + (i % 40))) + 1;
    yield bits32[0] as number;
    yield 1 + Math.floor(Math.random() * (0x7f800000 - 1));
  }
}

test("float32 of all magnitudes", () => {
  const wrong: string[] = [];
  for (const bits of bitsOfFloat32()) {
    const value = fromBits(bits);
    const next = bits === 0x7f7fffff ? 2 ** 128 : fromBits(bits + 1);
    const expected = searched(value, (value + fromBits(bits - 1)) / 2, (value + next) / 2, bits % 2 === 0);
    shortestFloat32(value);
    if (found() !== expected) wrong.push(`${bits}: ${found()}, expected ${expected}`);
  }
  expect(wrong).toEqual([]);
});

test("float64 has the digits that JavaScript gives it", () => {
  const bits = new Uint32Array(2);
  const double = new Float64Array(bits.buffer);
  const values = [Number.MIN_VALUE, Number.MAX_VALUE, 2 ** -1022, 1e23, 9.5367431640625e-7, 2 ** 53 + 2];
  for (let exponent = -1074; exponent < 1024; exponent++)
    values.push(2 ** exponent, 2 ** exponent * (1 + 2 ** -52), 2 ** exponent * (2 - 2 ** -52));
  for (let exponent = -323; exponent < 309; exponent++)
    values.push(Number(`1e${exponent}`), Number(`9.999999999999999e${exponent - 1}`));
  for (let i = 0; i < runs(50_000); i++) {
    bits.set([Math.random() * 2 ** 32, Math.random() * 0x7ff00000]);
    values.push(
      double[0] as number,
      Math.random(),
      Math.floor(Math.random() * 2 ** (i % 64)) + 1,
      Math.round(Math.random() * 1e6 + 1) / 1000,
    );
  }
  const wrong: unknown[] = [];
  for (const value of values) {
    const [mantissa = "", exponent] = value.toExponential().split("e");
    const digits = mantissa.replace(".", "").padEnd(17, "0");
    DOUBLE[0] = value;
    shortestFloat64();
    const { high, low, exponent: last } = decimal64;
    if (`${high}${String(low).padStart(8, "0")}` !== digits || last !== Number(exponent) - 16)
      wrong.push([value, { ...decimal64 }]);
  }
  expect(wrong).toEqual([]);
});
