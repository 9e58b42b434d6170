/** Plain values: stored exactly, or refused with the index of the first that does not fit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { conversionOf } from "../src/cast/convert.ts";
import { formatDatetime } from "../src/cast/datetime.ts";
import { dtypeOfValues } from "../src/encode/infer-dtype.ts";
import { encodeValues } from "../src/encode/values.ts";
import { dtype } from "../src/format/dtype.ts";
import { type ArrayInput, type DType, type DTypeLike, loadSync, MemoryStorage, NpyAppendArray, saveSync } from "../src/index.ts";
import { runs } from "./support/effort.ts";

/** What a file that holds the values gives back. */
function stored(values: readonly unknown[], like: string): unknown[] {
  const storage = new MemoryStorage();
  saveSync(storage, values as never, { dtype: like });
  return Array.from(loadSync(storage).data as ArrayLike<unknown>);
}

test.each([
  ["bool", [true, false, 1, 0, 1n], [1, 0, 1, 0, 1]],
  ["int8", [-128, 127, 5n, true], [-128, 127, 5, 1]],
  ["uint32", [0, 2 ** 32 - 1], [0, 2 ** 32 - 1]],
  ["int64", [-(2n ** 63n), 2 ** 53, true], [-(2n ** 63n), 2n ** 53n, 1n]],
  ["uint64", [2n ** 64n - 1n, 0], [2n ** 64n - 1n, 0n]],
  ["float16", [0.1, 65504, 65519, -Infinity, 2n], [0.0999755859375, 65504, 65504, -Infinity, 2]],
  ["float32", [0.1, Number.NaN, 2n ** 30n], [Math.fround(0.1), Number.NaN, 2 ** 30]],
  ["float64", [0.1, -0, 2n ** 80n], [0.1, -0, 2 ** 80]],
  ["complex64", [1.5, { re: 1, im: -2 }], [1.5, 0, 1, -2]],
  ["complex128", [{ re: 0.1, im: Infinity }], [0.1, Infinity]],
  ["datetime64[ms]", [new Date(1234), 5n, 6], [1234n, 5n, 6n]],
  ["datetime64[s]", [new Date(86_400_000)], [86_400n]],
  ["datetime64[D]", [new Date("1969-12-31")], [-1n]],
  ["datetime64[M]", [new Date("2024-03-01")], [650n]],
  ["datetime64[15m]", [new Date("1970-01-01T00:30Z")], [2n]],
  ["datetime64[ns]", [new Date("2026-01-02T03:04:05.678Z"), -(2n ** 63n)], [1767323045678000000n, -(2n ** 63n)]],
  ["datetime64[ms]", ["2024-01-01T00:00:00Z", "2024-01-01", "1969-12-31 23:59:59.999"], [1704067200000n, 1704067200000n, -1n]],
  ["datetime64[s]", ["2024-01-01T02:30+02:30", "2023-12-31T18:00:00.000-06", new Date(0)], [1704067200n, 1704067200n, 0n]],
  ["datetime64[us]", ["2026-01-02T03:04:05.678901+00:00", "NaT", "nat"], [1767323045678901n, -(2n ** 63n), -(2n ** 63n)]],
  ["datetime64[D]", ["2024-02-29T00:00:00.000Z", "+012024-02-29", "-000001-12-31"], [19782n, 3672207n, -719529n]],
  ["datetime64[M]", ["2024-03", "2024-03-01T00:00Z"], [650n, 650n]],
  ["datetime64[Y]", ["2024", "1969"], [54n, -1n]],
  ["datetime64[15m]", ["1970-01-01T00:30Z"], [2n]],
  ["timedelta64[s]", [-5, 5n], [-5n, 5n]],
  ["S4", ["abc", "é"], ["abc", "é"]],
  ["U3", ["abc", "🙂é", ""], ["abc", "🙂é", ""]],
])("%s", (like, values, expected) => {
  expect(stored(values, like)).toEqual(expected);
});

describe("refused, with the index of the value and what was expected", () => {
  test.each<[string, unknown, RegExp]>([
    ["bool", 2, /true or false/],
    ["bool", "true", /true or false/],
    ["int8", 128, /-128 to 127/],
    ["uint8", -1, /0 to 255/],
    ["int32", 1.5, /whole number/],
    ["int32", Number.NaN, /whole number/],
    ["int32", "1", /whole number/],
    ["int64", 2n ** 63n, /-9223372036854775808 to 9223372036854775807/],
    ["uint64", -1n, /0 to 18446744073709551615/],
    ["int64", 0.5, /whole number/],
    ["float16", 65520, /largest finite/],
    ["float32", 3.5e38, /largest finite/],
    ["float32", 2n ** 24n + 1n, /exact/],
    ["float64", 2n ** 53n + 1n, /exact/],
    ["float64", 2n ** 200_000n + 1n, /exact/], // work in proportion to its length
    ["float64", 2n ** 200_000n, /exact/],
    ["float64", "1", /expected a number/],
    ["float64", null, /expected a number/],
    ["complex64", { re: 1 }, /re, im/],
    ["complex128", "1", /re, im/],
    ["datetime64[s]", new Date(1), /whole number of its units/],
    ["datetime64[ns]", new Date(8.64e15), /range/],
    ["datetime64", new Date(1), /without a unit/],
    ["datetime64[ns]", new Date(Number.NaN), /invalid Date/],
    ["datetime64[D]", new Date("tomorrow"), /invalid Date/],
    ["datetime64[s]", {}, /Date/],
    ["datetime64[s]", "01/02/2020", /ISO 8601/],
    ["datetime64[s]", "", /ISO 8601/],
    ["datetime64[s]", "1700000000", /ISO 8601/], // in NumPy, a year
    ["datetime64[s]", "2023-02-29", /ISO 8601/],
    ["datetime64[s]", "2020-01-01T00:00:00.5Z", /whole number of its units/],
    ["datetime64[D]", "2020-01-01T01:00+02:00", /whole number of its units/],
    ["datetime64[M]", "2020-01-02", /whole number of its units/],
    ["datetime64[2Y]", "2021", /whole number of its units/],
    ["datetime64[ns]", "2300-01-01", /range/],
    ["datetime64", "2020-01-01", /without a unit/],
    ["timedelta64[s]", "2020-01-01", /whole number/],
    ["timedelta64[s]", new Date(1), /whole number/],
    ["timedelta64[s]", true, /whole number/],
    ["S2", "abc", /3 bytes, expected at most 2/],
    ["S2", "€", /latin-1/],
    ["U2", "a🙂b", /3 characters, expected at most 2/],
    ["U2", 5, /expected a string/],
  ])("%s from %o", (like, value, message) => {
    const good = encodable(like);
    const values = [good, good, good, value];
    expect(() => encodeValues({ values, shape: [2, 2] }, dtype(like), { nulls: "error" })).toThrow(
      expect.objectContaining({ code: "ERR_NPY_VALUE", index: [1, 1], message: expect.stringMatching(message) }),
    );
  });

  test.each(["V4", "float128"])("%s takes no plain values", (like) => {
    expect(() => encodeValues({ values: [1], shape: [1] }, dtype(like), { nulls: "error" })).toThrow(
      expect.objectContaining({ code: "ERR_NPY_VALUE" }),
    );
  });
});

/** Some value that a dtype takes. */
function encodable(like: string): unknown {
  return /^[SU]/.test(like) ? "a" : like === "bool" ? true : 1;
}

test("a date as NumPy writes it is taken for what it is, in every unit", () => {
  const units = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "7D", "15m", "3M", "250ms"];
  const seconds = fc.integer({ min: -5_000_000_000, max: 5_000_000_000 });
  fc.assert(
    fc.property(fc.constantFrom(...units), seconds, fc.integer({ min: 0, max: 10 ** 6 - 1 }), (unit, whole, rest) => {
      const type = dtype(`M8[${unit}]` as DTypeLike);
      const time = dtype("M8[us]");
      const convert = (from: DType, to: DType, ticks: bigint): bigint => {
        const result = new BigInt64Array(1);
        const source = new Uint8Array(BigInt64Array.of(ticks).buffer);
        conversionOf(from, to).convert(source, new Uint8Array(result.buffer));
        return result[0] as bigint;
      };
      fc.pre(unit !== "ps" || Math.abs(whole) < 9_000_000);
      const microseconds = BigInt(whole) * 1_000_000n + BigInt(rest);
      const ticks = convert(time, type, microseconds);
      expect(stored([formatDatetime(ticks, type)], type.str)).toEqual([ticks]);
      const fits = convert(type, time, ticks) === microseconds;
      const text = `${formatDatetime(microseconds, time)}Z`;
      if (fits) expect(stored([text], type.str)).toEqual([ticks]);
      else expect(() => stored([text], type.str)).toThrow("whole number of its units");
    }),
    { numRuns: runs(5000) },
  );
});

test("NUL bytes within strings are kept, those at the end cannot be", () => {
  expect(stored(["a\0b"], "U4")).toEqual(["a\0b"]);
  expect(stored(["a\0"], "U4")).toEqual(["a"]);
});

test("the dtype of values is that of their type", () => {
  const typeOf = (values: unknown[]): string => dtypeOfValues({ values, shape: [values.length] }, { nulls: "error" }).str;
  expect(typeOf([1, 2.5])).toBe("<f8");
  expect(typeOf([1n])).toBe("<i8");
  expect(typeOf([false])).toBe("|b1");
  expect(typeOf(["", ""])).toBe("<U1");
  expect(typeOf(["a", "🙂🙂"])).toBe("<U2");
  expect(typeOf([])).toBe("<f8");
});

test("an invalid Date is refused wherever a Date may stand", () => {
  const invalid = new Date("no date");
  const open = (like?: DTypeLike) => NpyAppendArray.openSync(new MemoryStorage(), like === undefined ? {} : { dtype: like });
  const refused = (like: DTypeLike | undefined, input: unknown, found: object) => {
    expect(() => open(like).append(input as ArrayInput)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE", ...found }));
  };
  refused(undefined, [new Date(0), invalid], { index: [1] });
  refused("M8[ns]", [[new Date(0)], [invalid]], { index: [1, 0] });
  refused(">M8[Y]", { data: [invalid], shape: [1] }, { index: [0] });
  refused("M8[s]", { data: [new Date(0), invalid], shape: [2], dtype: "M8[ms]" }, { index: [1] });
  refused({ when: "M8[ms]" }, [{ when: new Date(0) }, { when: invalid }], { index: [1], field: "when" });
  refused({ at: { when: "M8[ms]" } }, [{ at: { when: invalid } }], { index: [0], field: "at.when" });
  refused({ when: ["M8[D]", [2]] }, [{ when: [new Date(0), invalid] }], { index: [0, 1], field: "when" });
  refused({ when: "M8[ms]" }, { when: [new Date(0), invalid] }, { index: [1], field: "when" });
  refused(undefined, { when: [invalid] }, { index: [0], field: "when" });
  refused("U30", [invalid], { index: [0], message: expect.stringContaining("expected a string") });
  expect(() => saveSync(new MemoryStorage(), invalid)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE", index: [] }));
});
