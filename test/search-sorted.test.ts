/** The place of a value in a sorted array, found in a few reads. */
import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type AsyncStorage,
  type AsyncStorageFile,
  dtype,
  formatHeader,
  MemoryStorage,
  NpyReader,
  type SaveOptions,
  type SearchOptions,
  type SearchValue,
  saveSync,
} from "../src/node.ts";
import { caught } from "./support/caught.ts";
import { range, serve } from "./support/server.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

type Input = Parameters<typeof saveSync>[1];

function saved(array: Input, options: SaveOptions = {}): MemoryStorage {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage;
}

/** The index on the left side and on the right side. */
function sidesOf(array: Input, options: SaveOptions, value: SearchValue, search: SearchOptions = {}): number[] {
  const reader = NpyReader.openSync(saved(array, options));
  return (["left", "right"] as const).map((side) => reader.searchsorted(value, { ...search, side }));
}

const NOT_A_TIME = -(2n ** 63n);
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);

describe("where numpy.searchsorted puts a value", () => {
  const cases: [string, Input, SaveOptions, SearchValue, number, number][] = [
    ["a number among equal ones", [1, 2, 2, 2, 3], {}, 2, 1, 4],
    ["before all", [1, 2], {}, 0, 0, 0],
    ["after all", [1, 2], {}, 3, 2, 2],
    ["in no rows", [], { dtype: "float64" }, 3, 0, 0],
    ["a NaN, which is last", [1, Number.NaN, Number.NaN], {}, Number.NaN, 1, 3],
    ["a number before NaNs", [1, Number.NaN], {}, 5, 1, 1],
    ["infinity", [1, Number.POSITIVE_INFINITY, Number.NaN], {}, Number.POSITIVE_INFINITY, 1, 2],
    ["negative zero", [-1, 0, 1], {}, -0, 1, 2],
    ["a fraction among integers", [1, 2, 3], { dtype: "int8" }, 2.5, 2, 2],
    ["a number that the dtype cannot hold", [1, 2, 255], { dtype: "uint8" }, 1000, 3, 3],
    ["a bigint among 32-bit integers", [1, 2, 3], { dtype: "int32" }, 2n, 1, 2],
    ["a bigint among 64-bit integers", [1n, 2n ** 53n, 2n ** 53n + 1n], {}, 2n ** 53n + 1n, 2, 3],
    ["a number among 64-bit integers, exactly", [1n, 2n ** 53n, 2n ** 53n + 1n], {}, 2 ** 53, 1, 2],
    ["a bigint beyond all", [1n, 2n ** 64n - 1n], { dtype: "uint64" }, 2n ** 70n, 2, 2],
    ["the other byte order", [1, 256, 257], { dtype: ">u2" }, 256, 1, 2],
    ["float16", [0.1, 0.5, 2], { dtype: "float16" }, 0.5, 1, 2],
    ["0.1 among float32, which is a little more there", [0.1, 1], { dtype: "float32" }, 0.1, 0, 0],
    ["bools", [false, false, true], {}, true, 2, 3],
    ["bools, by a number", [false, false, true], {}, 0, 0, 2],
    [
      "complex: real parts first",
      [
        { re: 1, im: 9 },
        { re: 2, im: 0 },
        { re: 2, im: 5 },
      ],
      {},
      { re: 2, im: 0 },
      1,
      2,
    ],
    [
      "complex: a number",
      [
        { re: 1, im: 9 },
        { re: 2, im: 0 },
        { re: 2, im: 5 },
      ],
      {},
      2,
      1,
      2,
    ],
    [
      "complex: NaNs last",
      [
        { re: 1, im: 1 },
        { re: 1, im: Number.NaN },
        { re: Number.NaN, im: 0 },
      ],
      {},
      { re: 9, im: Number.NaN },
      2,
      2,
    ],
    ["text", ["a", "b", "bc"], {}, "b", 1, 2],
    ["text that is longer than all", ["a", "b"], {}, "abcdef", 1, 1],
    ["text by code points, not by halves of pairs", ["\uffff", "\u{1f600}"], {}, "\u{10000}", 1, 1],
    ["text without NULs at its end", ["a", "b"], {}, "b\0\0", 1, 2],
    ["empty text", ["", "", "a"], {}, "", 0, 2],
    ["bytes", ["a", "b\xff"], { dtype: "S2" }, "b\xff", 1, 2],
    ["bytes by a text beyond them", ["a", "\xff"], { dtype: "S2" }, "\u0100", 2, 2],
    ["texts of no length", { data: new ArrayBuffer(0), shape: [3], dtype: "S0" }, {}, "", 0, 3],
    ["times as their counts", [5n, 7n], { dtype: "<M8[ns]" }, 6n, 1, 1],
    ["times as Dates", [day("2024-01-01"), day("2024-01-02")], { dtype: "<M8[D]" }, day("2024-01-02"), 1, 2],
    [
      "a Date between two steps",
      [day("2024-01-01"), day("2024-01-02")],
      { dtype: "<M8[D]" },
      new Date("2024-01-01T12:00:00Z"),
      1,
      1,
    ],
    [
      "a Date between two steps, before 1970",
      [day("1969-12-30"), day("1969-12-31")],
      { dtype: "<M8[D]" },
      new Date("1969-12-30T12:00:00Z"),
      1,
      1,
    ],
    ["a Date beyond the unit", [day("2024-01-01")], { dtype: ">M8[ns]" }, day("9999-01-01"), 1, 1],
    ["a Date before the unit", [day("2024-01-01")], { dtype: "<M8[ns]" }, day("0001-01-01"), 0, 0],
    ["times as text", [day("2024-01-01"), day("2024-01-02")], { dtype: "<M8[s]" }, "2024-01-02T00:00:00Z", 1, 2],
    ["NaT, which is last", { data: BigInt64Array.of(-5n, 5n, NOT_A_TIME), shape: [3], dtype: "<M8[s]" }, {}, NOT_A_TIME, 2, 3],
    ["a time before NaT", { data: BigInt64Array.of(-5n, 5n, NOT_A_TIME), shape: [3], dtype: "<m8[s]" }, {}, 9n, 2, 2],
    ["timedeltas by whole numbers", [1n, 3n], { dtype: "<m8[s]" }, 3, 1, 2],
  ];
  test.each(cases)("%s", async (_name, array, options, value, left, right) => {
    expect(sidesOf(array, options, value)).toEqual([left, right]);
    const reader = await NpyReader.open(saved(array, options));
    expect(await reader.searchsorted(value)).toBe(left);
    expect(await reader.searchsorted(value, { side: "right" })).toBe(right);
  });

  const records = [
    { t: 0.5, pos: { x: 3, y: [1, 2] }, "a.b": 1n },
    { t: 1.5, pos: { x: 5, y: [3, 4] }, "a.b": 1n },
    { t: 1.5, pos: { x: 7, y: [5, 6] }, "a.b": 4n },
  ];
  const type = dtype([
    ["t", ">f8"],
    [
      "pos",
      [
        ["x", "<i2"],
        ["y", "<i4", [2]],
      ],
    ],
    ["a.b", "<i8"],
  ]);
  test.each([
    ["a field", "t", 1.5, 1, 3],
    ["a field of a nested structure", "pos.x", 6, 2, 2],
    ["a field with a dot in its name", "a.b", 1, 0, 2],
  ])("%s", (_name, field, value, left, right) => {
    expect(sidesOf(records, { dtype: type }, value, { field })).toEqual([left, right]);
  });

  const bad: [string, Input, SaveOptions, unknown, SearchOptions, object][] = [
    [
      "no field of a structure",
      records,
      { dtype: type },
      1,
      {},
      { code: "ERR_NPY_OPTION", message: expect.stringContaining("t, pos, a.b") },
    ],
    ["a field that is missing", records, { dtype: type }, 1, { field: "u" }, { code: "ERR_NPY_OPTION", field: "u" }],
    ["a field of several elements", records, { dtype: type }, 1, { field: "pos.y" }, { code: "ERR_NPY_SHAPE", field: "pos.y" }],
    ["a field that is a structure", records, { dtype: type }, 1, { field: "pos" }, { code: "ERR_NPY_OPTION" }],
    ["a field of numbers", [1], {}, 1, { field: "t" }, { code: "ERR_NPY_OPTION" }],
    ["two axes", [[1, 2]], {}, 1, {}, { code: "ERR_NPY_SHAPE", message: expect.stringContaining("(1, 2)") }],
    ["no axis", 5, {}, 1, {}, { code: "ERR_NPY_SHAPE" }],
    ["elements without an order", { data: new Uint8Array(3), shape: [1], dtype: "V3" }, {}, 1, {}, { code: "ERR_NPY_DTYPE" }],
    ["a text among numbers", [1], {}, "1", {}, { code: "ERR_NPY_VALUE", message: expect.stringContaining('"1"') }],
    ["null", [1], {}, null, {}, { code: "ERR_NPY_VALUE" }],
    ["a Date among numbers", [1], {}, new Date(0), {}, { code: "ERR_NPY_VALUE" }],
    ["a number among texts", ["a"], {}, 1, {}, { code: "ERR_NPY_VALUE" }],
    ["a fraction among times", [1n], { dtype: "<M8[s]" }, 1.5, {}, { code: "ERR_NPY_VALUE" }],
    ["an invalid Date", [1n], { dtype: "<M8[s]" }, new Date(Number.NaN), {}, { code: "ERR_NPY_VALUE" }],
    ["a Date among times without a unit", [1n], { dtype: "<M8" }, new Date(0), {}, { code: "ERR_NPY_VALUE" }],
    ["a Date among timedeltas", [1n], { dtype: "<m8[s]" }, new Date(0), {}, { code: "ERR_NPY_VALUE" }],
    ["text that is no time", [1n], { dtype: "<M8[s]" }, "noon", {}, { code: "ERR_NPY_VALUE" }],
    ["text among complex numbers", [{ re: 1, im: 0 }], {}, "1", {}, { code: "ERR_NPY_VALUE" }],
    ["a value of a field", records, { dtype: type }, "1", { field: "t" }, { code: "ERR_NPY_VALUE", field: "t" }],
    ["a side that does not exist", [1], {}, 1, { side: "middle" as never }, { code: "ERR_NPY_OPTION" }],
    ["an option that does not exist", [1], {}, 1, { sied: "left" } as object, { code: "ERR_NPY_OPTION" }],
  ];
  test.each(bad)("an error: %s", async (_name, array, options, value, search, expected) => {
    const storage = saved(array, options);
    expect(caught(() => NpyReader.openSync(storage).searchsorted(value as SearchValue, search))).toMatchObject(expected);
    const reader = await NpyReader.open(storage);
    await expect(reader.searchsorted(value as SearchValue, search)).rejects.toMatchObject(expected);
  });
});

/** A file of any length whose row `i` is the number `i`, and the reads of it. */
function numbers(rows: number, isSnapshot: boolean): { readonly storage: AsyncStorage; readonly reads: number[] } {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [rows] });
  const reads: number[] = [];
  const file = {
    key: header,
    isSnapshot,
    size: () => header.length + rows * 8,
    async read(buffer: Uint8Array, position: number) {
      reads.push(buffer.length);
      if (position < header.length) {
        buffer.set(header.subarray(position, position + buffer.length));
        return buffer.length;
      }
      const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
      for (let at = 0; at < buffer.length; at += 8) view.setFloat64(at, (position - header.length + at) / 8, true);
      return buffer.length;
    },
    close: async () => undefined,
  } as unknown as AsyncStorageFile;
  return { storage: { path: "numbers", key: header, open: () => file } as unknown as AsyncStorage, reads };
}

test.each([
  ["files: 16 small reads and one of 16 KiB at most", false, 16, 2 ** 14],
  ["what is read by requests: 12, and one of 256 KiB at most", true, 12, 2 ** 18],
])("of 1 GiB little is read, of %s", async (_name, isSnapshot, most, block) => {
  const rows = 2 ** 27;
  const { storage, reads } = numbers(rows, isSnapshot);
  const reader = await NpyReader.open(storage);
  for (const value of [0, 1, 12_345_678, rows / 2, rows - 1, rows, -1, 0.5, 87_654_321.5]) {
    reads.length = 0;
    expect(await reader.searchsorted(value)).toBe(Math.min(rows, Math.max(0, Math.ceil(value))));
    expect(reads.length).toBeLessThanOrEqual(most + 1);
    expect(reads.slice(0, -1).every((length) => length === 8)).toBe(true);
    expect(Math.max(...reads)).toBeLessThanOrEqual(block);
  }
});

test("a short array at a URL takes one request", async () => {
  const file = saved(Float64Array.from({ length: 10_000 }, (_, i) => i)).bytes() as Uint8Array;
  let requests = 0;
  const url = await serve((request, response) => {
    requests++;
    range(file, '"1"', request, response);
  });
  const reader = await NpyReader.open(url);
  requests = 0;
  expect(await reader.searchsorted(5000)).toBe(5000);
  expect(requests).toBe(1);
  await reader.close();
});

test("records longer than a block, of which only the field is read", async () => {
  const count = 5;
  const records = Array.from({ length: count }, (_, i) => ({ image: new Uint8Array(20_000), t: i }));
  const storage = saved(records, { dtype: { image: ["u1", [20_000]], t: "<f8" } });
  const reader = NpyReader.openSync(storage);
  for (let i = -1; i <= count; i++) expect(reader.searchsorted(i, { field: "t" })).toBe(Math.max(0, i));
});

test.skipIf(lacksMappings)("a mapped file is searched as well", () => {
  const path = temporaryPath();
  writeFileSync(path, saved(Float64Array.from({ length: 100_000 }, (_, i) => i)).bytes() as Uint8Array);
  using reader = NpyReader.openSync(path, { mmap: true });
  expect(reader.searchsorted(77_777)).toBe(77_777);
});

test("a signal, and a reader that was closed", async () => {
  const { storage } = numbers(2 ** 27, true);
  const reader = await NpyReader.open(storage);
  const controller = new AbortController();
  const searching = reader.searchsorted(5, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await expect(searching).rejects.toThrow("enough");
  const sync = NpyReader.openSync(saved([1]));
  expect(caught(() => sync.searchsorted(1, { signal: AbortSignal.abort(new Error("before")) }))).toMatchObject({
    message: "before",
  });
  await reader.close();
  await expect(reader.searchsorted(5)).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  sync.close();
  expect(caught(() => sync.searchsorted(1))).toMatchObject({ code: "ERR_NPY_CLOSED" });
});

test("what it gives is what counting gives", () => {
  const element = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.double());
  fc.assert(
    fc.property(fc.array(element, { maxLength: 60 }), element, fc.integer({ min: 0, max: 3000 }), (list, value, padding) => {
      // NaNs last, as NumPy sorts.
      const sorted = [...new Float64Array(list).sort(), ...new Float64Array(padding).fill(Number.NaN)];
      const before = (a: number): boolean => a < value || (Number.isNaN(value) && !Number.isNaN(a));
      const equal = (a: number): boolean => a === value || (Number.isNaN(value) && Number.isNaN(a));
      const left = sorted.filter(before).length;
      expect(sidesOf(sorted, { dtype: "<f8" }, value)).toEqual([left, left + sorted.filter(equal).length]);
    }),
  );
});
