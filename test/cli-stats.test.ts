/** `stats`: against exact arithmetic on fractions. */
import { describe, expect, test } from "vitest";
import { Moments } from "../src/cli/stats/moments.ts";
import type { Summary } from "../src/cli/stats/summary.ts";
import { totalOf } from "../src/cli/stats/totals.ts";
import type { NpyData } from "../src/node.ts";

/** The smallest float64 is 2 ** -1074: in units of it, every float64 is an integer. */
const UNIT = 1074n;

function unitsOf(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0] as bigint;
  const exponent = (bits >> 52n) & 0x7ffn;
  const digits = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? digits : (digits | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -size : size;
}

/** The float64 nearest to `numerator / denominator` units. */
function nearest(numerator: bigint, denominator: bigint): number {
  const size = numerator < 0n ? -numerator : numerator;
  // At most 55 bits, and whether anything follows them.
  const shift = BigInt(Math.max(0, (size / denominator).toString(2).length - 55));
  const divisor = denominator << shift;
  const found = Number((size / divisor) | (size % divisor === 0n ? 0n : 1n));
  const value = scaled(found, Number(shift - UNIT));
  return numerator < 0n ? -value : value;
}

/** `value * 2 ** exponent`, in steps that neither overflow nor vanish. */
function scaled(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}

function rootOf(square: bigint): bigint {
  if (square < 2n) return square;
  let root = 1n << BigInt((square.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + square / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The mean and the standard deviation of integers of a unit, rounded once. */
function exactly(units: readonly bigint[]): { mean: number; deviation: number } {
  const count = BigInt(units.length);
  const sum = units.reduce((total, value) => total + value, 0n);
  const squares = units.reduce((total, value) => total + value * value, 0n);
  const variance = count * squares - sum * sum;
  const digits = 256n;
  return {
    mean: nearest(sum, count),
    deviation: nearest(rootOf(variance << (2n * digits)), count << digits),
  };
}

function summaryOf(data: NpyData, parts = 1, isTime = false): Summary {
  const moments = new Moments(1, data.length);
  const size = Math.ceil(data.length / parts);
  for (let offset = 0; offset < data.length; offset += size) {
    moments.add(0, { data, offset, step: 1, count: Math.min(size, data.length - offset) }, isTime);
  }
  return moments.of(0, 16);
}

function ulpOf(value: number): number {
  return Math.max(Number.MIN_VALUE, 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52));
}

/** The same numbers in every run, between -1 and 1. */
function numbers(count: number): number[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const NOISE = numbers(5000);

describe.each<[name: string, values: readonly number[]]>([
  ["numbers around 0", NOISE],
  ["a large offset and little noise", NOISE.map((value) => 1e15 + value)],
  ["an offset at the last digit", NOISE.map((value) => 2 ** 52 + Math.round(value))],
  ["equal numbers", NOISE.map(() => 0.1)],
  ["equal large numbers", NOISE.map(() => 1e308)],
  ["numbers whose sum overflows", NOISE.map((value) => 1e308 + value * 1e294)],
  ["the largest numbers", [Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE, -Number.MAX_VALUE]],
  ["numbers whose squares overflow", NOISE.map((value) => value * 1e200)],
  ["numbers whose squares vanish", NOISE.map((value) => value * 1e-200)],
  ["the smallest numbers", [0, 5e-324, 1e-323, 5e-323]],
  ["small numbers, then large ones", [0, 1e-300, 2e-300, 1, 2, 1e300, 1.5e300]],
  ["large numbers that cancel", [1e16, 1, -1e16, 1e16, 1, -1e16]],
  ["one outlier before others", [0, ...NOISE.map((value) => 1.7e18 + 1000 * value)]],
  ["a slope", NOISE.map((value, i) => i + value)],
  ["one number", [0.1]],
])("%s", (_name, values) => {
  const expected = exactly(values.map(unitsOf));

  test.each([1, 2, 7, 5000])("in %i parts", (parts) => {
    const { missing, min, max, mean, deviation } = summaryOf(Float64Array.from(values), parts);
    expect({ missing, min, max }).toEqual({ missing: 0, min: Math.min(...values), max: Math.max(...values) });
    expect(Math.abs(mean - expected.mean)).toBeLessThanOrEqual(ulpOf(expected.mean));
    expect(Math.abs(deviation - expected.deviation)).toBeLessThanOrEqual(2 * ulpOf(expected.deviation));
  });
});

describe.each<
  [
    name: string,
    values: readonly bigint[],
    make: (values: readonly bigint[]) => BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
  ]
>([
  ["all int64", NOISE.map((value) => BigInt(Math.round(value * 2 ** 62)) * 2n - 1n), (values) => BigInt64Array.from(values)],
  ["int64 whose sum is beyond 64 bits", NOISE.map((_, i) => 2n ** 63n - 1n - BigInt(i)), (values) => BigInt64Array.from(values)],
  ["negative int64", NOISE.map((_, i) => BigInt(i) - 2n ** 63n), (values) => BigInt64Array.from(values)],
  ["uint64", NOISE.map((_, i) => 2n ** 64n - 1n - BigInt(i % 2)), (values) => BigUint64Array.from(values)],
  ["small integers", [0n, 0n, 1n], (values) => BigInt64Array.from(values)],
  ["zeros", [0n, 0n, 0n], (values) => BigUint64Array.from(values)],
])("%s", (_name, values, make) => {
  const expected = exactly(values.map((value) => value << UNIT));

  test.each([1, 2, 7])("in %i parts", (parts) => {
    const { min, max, mean, deviation, tick } = summaryOf(make(values), parts);
    const sorted = values.toSorted((a, b) => (a < b ? -1 : 1));
    expect([min, max, mean]).toEqual([sorted[0], sorted.at(-1), expected.mean]);
    expect(Math.abs(deviation - expected.deviation)).toBeLessThanOrEqual(2 * ulpOf(expected.deviation));
    const count = BigInt(values.length);
    const twice = 2n * values.reduce((sum, value) => sum + value, 0n);
    expect(2n * (tick as bigint) * count - twice).toBeLessThanOrEqual(count);
    expect(2n * (tick as bigint) * count - twice).toBeGreaterThan(-count);
  });
});

test.each<[name: string, data: NpyData, mean: number, deviation: number]>([
  ["bools", Uint8Array.of(0, 1, 1, 1), 0.75, Math.sqrt(0.1875)],
  ["uint8", Uint8Array.of(255, 255, 0, 0), 127.5, 127.5],
  ["int32", Int32Array.of(-(2 ** 31), 2 ** 31 - 1), -0.5, 2 ** 31 - 0.5],
  ["float32", Float32Array.of(0.5, 1.5), 1, 0.5],
])("%s", (_name, data, mean, deviation) => {
  expect(summaryOf(data)).toMatchObject({ mean, deviation });
});

test.each<[name: string, values: number[], expected: Partial<Summary>]>([
  ["NaNs are only counted", [Number.NaN, 1, Number.NaN, 3], { missing: 2, min: 1, max: 3, mean: 2, deviation: 1 }],
  [
    "nothing but NaNs",
    [Number.NaN],
    { missing: 1, min: undefined, max: undefined, mean: Number.NaN, deviation: Number.NaN, bars: "" },
  ],
  [
    "an infinity",
    [1, Number.POSITIVE_INFINITY, 2],
    { min: 1, max: Number.POSITIVE_INFINITY, mean: Number.POSITIVE_INFINITY, deviation: Number.NaN },
  ],
  [
    "a negative infinity",
    [1, Number.NEGATIVE_INFINITY],
    { min: Number.NEGATIVE_INFINITY, max: 1, mean: Number.NEGATIVE_INFINITY, deviation: Number.NaN },
  ],
  [
    "both infinities",
    [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY],
    { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, mean: Number.NaN, deviation: Number.NaN },
  ],
  [
    "nothing but an infinity",
    [Number.POSITIVE_INFINITY],
    { min: Number.POSITIVE_INFINITY, max: Number.POSITIVE_INFINITY, mean: Number.POSITIVE_INFINITY, bars: "" },
  ],
])("%s", (_name, values, expected) => {
  expect(summaryOf(Float64Array.from(values))).toMatchObject(expected);
});

test("the mean of times is the nearest time, and NaT is only counted", () => {
  const start = 1_700_000_000_000_000_001n;
  const data = BigInt64Array.of(start, -(2n ** 63n), start + 1n, start + 4n);
  expect(summaryOf(data, 1, true)).toMatchObject({ missing: 1, min: start, max: start + 4n, tick: start + 2n });
  expect(summaryOf(data, 4, true)).toMatchObject({ missing: 1, min: start, max: start + 4n, tick: start + 2n });
  expect(summaryOf(BigInt64Array.of(-2n, -1n), 1, true).tick).toBe(-1n);
});

describe("the histogram", () => {
  const uniform = Float64Array.from({ length: 16_000 }, (_, i) => (i * 7) % 16_000);

  test.each<[name: string, change: (value: number) => number]>([
    ["around 0", (value) => value - 8000],
    ["far from 0", (value) => value + 1e12],
    ["of large numbers", (value) => value * 1e304],
    ["of small numbers", (value) => value * 1e-320],
  ])("%s shows equal bars for a uniform distribution", (_name, change) => {
    for (const parts of [1, 160, 8000]) expect(summaryOf(uniform.map(change), parts).bars).toMatch(/^[▇█]{16}$/);
  });

  test("covers values that come late, below and above", () => {
    const values = [4.4e5, 4.4e5, 4.4e5, 440_001, -1e6, 1e6, 4.4e5, 1e6];
    for (const parts of [1, 3, 8]) expect(summaryOf(Float64Array.from(values), parts).bars).toBe("▂          █   ▄");
  });

  test("of equal values is one bar, and leaves out infinities", () => {
    expect(summaryOf(Float64Array.of(7, 7, 7), 2).bars).toBe("█");
    expect(summaryOf(Float64Array.of(0, Number.POSITIVE_INFINITY, 1)).bars).toBe("█              █");
  });

  test("counts 2 ** 16 rows in one bar", () => {
    expect(summaryOf(new Uint8Array(2 ** 16 + 2).fill(1, 1), 3).bars).toBe("▁              █");
    expect(summaryOf(new Uint8Array(255).fill(1, 1), 3).bars).toBe("▁              █");
  });
});

describe("integers", () => {
  test.each<[name: string, data: NpyData, zeros: number, distinct: Summary["distinct"]]>([
    ["uint8", Uint8Array.of(0, 1, 1, 0), 2, { count: 2, isAll: true }],
    ["int16", Int16Array.of(-1, 1, 65, -65), 0, { count: 4, isAll: true }],
    ["int64 that float64 cannot tell apart", BigInt64Array.of(2n ** 53n, 2n ** 53n + 1n, 0n), 1, { count: 3, isAll: true }],
    ["int64 with equal halves", BigInt64Array.of(1n, 2n ** 32n, -1n, -(2n ** 63n)), 0, { count: 4, isAll: true }],
    ["uint64", BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 2n, 2n ** 64n - 1n), 0, { count: 2, isAll: true }],
    ["1,000 values", Int32Array.from({ length: 3000 }, (_, i) => (i % 1000) - 500), 3, { count: 1000, isAll: true }],
    ["more values", Int32Array.from({ length: 3000 }, (_, i) => i % 1001), 3, { count: 1000, isAll: false }],
  ])("%s", (_name, data, zeros, distinct) => {
    for (const parts of [1, 2, 3]) expect(summaryOf(data, parts)).toMatchObject({ zeros, distinct });
  });

  test("of a million columns are counted as far as memory is bounded", () => {
    const columns = 300_000;
    const moments = new Moments(columns, 1);
    const data = new Uint8Array(columns);
    for (let i = 0; i < columns; i++) moments.add(i, { data, offset: i, step: columns, count: 1 }, false);
    expect([moments.of(0, 1).distinct, moments.of(columns - 1, 1).distinct]).toEqual([{ count: 1, isAll: true }, undefined]);
  });
});

test("zeros and infinities of floats are counted, and floats have no distinct values", () => {
  const data = Float64Array.of(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  expect(summaryOf(data)).toMatchObject({ count: 3, missing: 1, infinities: 2, zeros: 2, distinct: undefined });
});

describe("the total of columns", () => {
  test.each<[name: string, columns: number[][]]>([
    ["numbers", [NOISE, NOISE.map((value) => 100 + value)]],
    ["numbers far apart", [NOISE.map((value) => 1e200 * value), NOISE.map((value) => 1e-200 * value)]],
    ["columns with nothing but NaNs", [NOISE, NOISE.map(() => Number.NaN)]],
    [
      "equal numbers",
      [
        [0.1, 0.1],
        [0.1, 0.1],
      ],
    ],
  ])("of %s is that of all values", (_name, columns) => {
    const moments = new Moments(columns.length, NOISE.length);
    for (const [i, values] of columns.entries())
      moments.add(i, { data: Float64Array.from(values), offset: 0, step: 1, count: values.length }, false);
    const places = [...columns.keys()];
    const total = totalOf(
      places.map((place) => moments.of(place, 16)),
      places,
      moments,
      16,
    );
    const all = summaryOf(Float64Array.from(columns.flat()));
    const { count, missing, zeros, min, max, bars } = total;
    expect({ count, missing, zeros, min, max }).toEqual({
      count: all.count,
      missing: all.missing,
      zeros: all.zeros,
      min: all.min,
      max: all.max,
    });
    expect(total.mean / all.mean).toBeCloseTo(1, 12);
    expect(all.deviation === 0 ? total.deviation : total.deviation / all.deviation - 1).toBeCloseTo(0, 12);
    expect(bars).toHaveLength(all.bars.length);
  });

  test("of 64-bit integers has exact extremes", () => {
    const moments = new Moments(2, 2);
    moments.add(0, { data: BigInt64Array.of(2n ** 53n, 5n), offset: 0, step: 1, count: 2 }, false);
    moments.add(1, { data: BigInt64Array.of(2n ** 53n + 1n, -7n), offset: 0, step: 1, count: 2 }, false);
    const total = totalOf([moments.of(0, 4), moments.of(1, 4)], [0, 1], moments, 4);
    expect(total).toMatchObject({ min: -7n, max: 2n ** 53n + 1n, count: 4 });
    expect([...(total.parts as Float64Array)]).toEqual([2, 0, 0, 2]);
  });
});
