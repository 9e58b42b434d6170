/** Elements print as NumPy prints its scalars, and dates are read as it reads them. */
import { describe, expect, test } from "vitest";
import { textOf } from "../src/cli/cell.ts";
import { datetimeText, datetimeTicks, unitOfText } from "../src/cli/datetime.ts";
import { complexText, floatText } from "../src/cli/number-text.ts";
import { type DatetimeUnit, dtype, type NpyData } from "../src/index.ts";
import { numpyIsAtLeast, numpyVersion, python } from "./support/numpy.ts";

test.each([
  [0.1, "0.1"],
  [-0, "-0.0"],
  [1e16, "1e+16"],
  [2 ** 53, "9007199254740992.0"],
  [1e-5, "1e-05"],
  [123456.789e3, "123456789.0"],
  [5e-324, "5e-324"],
  [Number.NaN, "nan"],
  [Number.NEGATIVE_INFINITY, "-inf"],
])("float64 %d is %s", (value, text) => {
  expect(floatText(value, 8)).toBe(text);
});

test("64-bit integers print exactly", () => {
  const data = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) as NpyData;
  expect([0, 1].map((i) => textOf(dtype("int64"))(data, i))).toEqual(["-9223372036854775808", "9223372036854775807"]);
});

describe.skipIf(numpyVersion === undefined)("as NumPy", () => {
  /** Bit patterns of all magnitudes, and powers of two, whose neighbours lie at two distances. */
  function samples(bits: 16 | 32 | 64): number[] {
    const random = python<string[]>(
      `import random
rng = random.Random(${bits})
n = ${bits}
bits = [rng.getrandbits(n) for _ in range(2000)]
kind = {16: "f2", 32: "f4", 64: "f8"}[n]
values = np.array(bits, dtype=f"u{n // 8}").view(kind)
powers = (2.0 ** np.arange(-140, 120)).astype(kind)
decimals = (np.arange(-500, 500) / 1000).astype(kind)
print(json.dumps([repr(float(x)) for x in np.concatenate([values, powers, decimals]) if np.isfinite(x)]))`,
    );
    return random.map(Number);
  }

  // NumPy 2.3 moved the place where exponents begin for the smaller floats: before it only the middle is the same.
  const isNew = numpyIsAtLeast(2, 4);

  test.each([
    [16, "float16"],
    [32, "float32"],
    [64, "float64"],
  ] as const)("floats of %i bits", (bits, name) => {
    const values = samples(bits).filter((x) => isNew || bits === 64 || (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e3));
    expect(values.length).toBeGreaterThan(500);
    const expected = python<string[]>(`print(json.dumps([str(np.${name}(float(x))) for x in data]))`, values.map(String));
    expect(values.map((x) => floatText(x, bits / 8))).toEqual(expected);
  });

  test("complex numbers", () => {
    const parts = [0, -0, 1, -1.5, 1e20, Number.NaN, Number.POSITIVE_INFINITY, 0.1];
    const pairs = parts.flatMap((re) => parts.map((im) => [re, im] as const));
    const expected = python<string[]>(
      "print(json.dumps([str(np.complex128(complex(float(a), float(b)))) for a, b in data]))",
      pairs.map((pair) => pair.map((x) => (Object.is(x, -0) ? "-0.0" : String(x).replace("Infinity", "inf")))),
    );
    expect(pairs.map(([re, im]) => complexText(re, im, 16))).toEqual(expected);
  });

  const units: DatetimeUnit[] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];

  test.each(units)("datetime64[%s], both ways", (unit) => {
    const ticks = [0n, 1n, -1n, 12345n, -54321n, 13n, -3000n].concat(unit === "Y" ? [] : [400_000n]);
    const expected = python<string[]>(
      `print(json.dumps([str(np.datetime64(int(t), "${unit}")) for t in data]))`,
      ticks.map(String),
    );
    const datetime = { unit, count: 1 };
    expect(ticks.map((tick) => datetimeText(tick, datetime))).toEqual(expected);
    const readable = ticks.filter((_, i) => /^\d{4}/.test(expected[i] as string));
    expect(readable.map((tick) => datetimeTicks(datetimeText(tick, datetime), datetime))).toEqual(readable);
  });
});

test("a time zone is taken into account, and a time too fine for its unit refused", () => {
  expect(datetimeTicks("1970-01-01T02:00:00+02:00", { unit: "s", count: 1 })).toBe(0n);
  expect(datetimeTicks("1970-01-01T00:00:01.5Z", { unit: "ms", count: 100 })).toBe(15n);
  expect(() => datetimeTicks("1970-01-01T00:00:01", { unit: "m", count: 1 })).toThrow("not a whole number of its unit (m)");
  expect(() => datetimeTicks("2023-02-29", { unit: "D", count: 1 })).toThrow("there is no such date");
  expect(["2024-01-01", "2024-01-01 10:00", "2024-01-01T10:00:00.1234", "12", "2024-13"].map(unitOfText)).toEqual([
    "D",
    "s",
    "us",
    undefined,
    undefined,
  ]);
});
