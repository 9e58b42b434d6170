/** Elements print as NumPy prints its scalars, and dates are read as it reads them. */
import { describe, expect, test } from "vitest";
import { numberText, textsOf } from "../src/cli/text/cell.ts";
import { ticksOfTexts, unitOfText } from "../src/cli/text/times.ts";
import { type DatetimeUnit, type DTypeName, dtype, type NpyData } from "../src/node.ts";
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
  expect(numberText(value)).toBe(text);
});

test("64-bit integers print exactly", () => {
  const data = BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) as NpyData;
  expect(textsOf(dtype("int64"))(data)).toEqual(["-9223372036854775808", "9223372036854775807"]);
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
    const data = bits === 64 ? Float64Array.from(values) : Float32Array.from(values);
    expect(textsOf(dtype(name))(data)).toEqual(expected);
  });

  test("complex numbers", () => {
    const parts = [0, -0, 1, -1.5, 1e20, Number.NaN, Number.POSITIVE_INFINITY, 0.1];
    const pairs = parts.flatMap((re) => parts.map((im) => [re, im] as const));
    const expected = python<string[]>(
      "print(json.dumps([str(np.complex128(complex(float(a), float(b)))) for a, b in data]))",
      pairs.map((pair) => pair.map((x) => (Object.is(x, -0) ? "-0.0" : String(x).replace("Infinity", "inf")))),
    );
    expect(textsOf(dtype("complex128"))(Float64Array.from(pairs.flat()))).toEqual(expected);
  });

  const units: DatetimeUnit[] = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"];

  test.each(units)("datetime64[%s], both ways", (unit) => {
    const ticks = [0n, 1n, -1n, 12345n, -54321n, 13n, -3000n].concat(unit === "Y" ? [] : [400_000n]);
    const expected = python<string[]>(
      `print(json.dumps([str(np.datetime64(int(t), "${unit}")) for t in data]))`,
      ticks.map(String),
    );
    const type = dtype(`datetime64[${unit}]`);
    expect(textsOf(type)(BigInt64Array.from(ticks))).toEqual(expected);
    const readable = ticks.filter((_, i) => /^\d{4}/.test(expected[i] as string));
    const texts = textsOf(type)(BigInt64Array.from(readable)) as string[];
    expect([...(ticksOfTexts(texts, type) as BigInt64Array)]).toEqual(readable);
  });
});

test("times are converted to UTC, and refused if they are too fine for the unit", () => {
  const ticksOf = (text: string, name: string) => ticksOfTexts([text], dtype(name as DTypeName))[0];
  expect(ticksOf("1970-01-01T02:00:00+02:00", "datetime64[s]")).toBe(0n);
  expect(ticksOf("1970-01-01T00:00:01.5Z", "datetime64[100ms]")).toBe(15n);
  expect(ticksOf("1970-01-01T00:00:01", "datetime64[m]")).toContain("not a whole number of the unit (m)");
  expect(ticksOf("1970-01-01T00:00:01.5", "datetime64[s]")).toContain("not a whole number of the unit (s)");
  expect(ticksOf("1970-01-01T00:00:01.000", "datetime64[s]")).toBe(1n);
  expect(ticksOf("1970-01-01T01:00+01:00", "datetime64[D]")).toBe(0n);
  expect(ticksOf("1970-01-02", "datetime64[W]")).toContain("not a whole number of the unit (W)");
  expect(ticksOf("2023-02-29", "datetime64[D]")).toContain("cannot be converted to <M8[D]");
  expect(ticksOf("17", "datetime64[D]")).toContain("expected an ISO 8601 date");
  expect(ticksOfTexts(["2024-01-31", "NaT", "", "2024-02-30", "2024-01-01"], dtype("<M8[D]"))[3]).toContain("2024-02-30");
  expect(["2024-01-01", "2024-01-01 10:00", "2024-01-01T10:00:00.1234", "12", "2024-13"].map(unitOfText)).toEqual([
    "D",
    "s",
    "us",
    undefined,
    undefined,
  ]);
});
