/** A bool is written as 0 or 1, by whatever way its bytes come in. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type Descr,
  type DTypeLike,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
  NpyReader,
  type OpenOptions,
  saveSync,
} from "../src/index.ts";
import { areBools, hasBools, normalizeBools } from "../src/memory/bools.ts";
import { caught } from "./support/caught.ts";

const ODD = [0, 1, 2, 255];

function appended(type: DTypeLike, input: ArrayInput, options: OpenOptions = {}): number[] {
  const storage = new MemoryStorage();
  const file = NpyAppendArray.openSync(storage, { dtype: type, rowShape: [], ...options });
  // Both the first append and a later one, which may go another way.
  file.append(input as never);
  file.append(input as never);
  file.close();
  return [...dataOf(storage)];
}

function dataOf(storage: MemoryStorage): Uint8Array {
  const { shape, dtype: type } = loadSync(storage);
  const bytes = storage.bytes() as Uint8Array;
  return bytes.subarray(bytes.length - shape.reduce((n, size) => n * size, type.itemsize));
}

/** A file whose bools hold these bytes, as numpy.save writes them of `numpy.frombuffer(bytes, "?")`. */
function fileOf(descr: Descr, bytes: readonly number[]): MemoryStorage {
  const type = dtype(descr);
  const header = formatHeader({ dtype: type, shape: [bytes.length / type.itemsize], fortranOrder: false });
  return new MemoryStorage(new Uint8Array([...header, ...bytes]));
}

const twice = (bytes: readonly number[]): number[] => [...bytes, ...bytes];
const u1 = (...bytes: readonly number[]) => new Uint8Array(bytes);
const RECORD: Descr = [
  ["b", "?"],
  ["n", "<i2"],
];

describe("bytes that are declared as bools are 1 where they are not 0", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  shared.set(ODD);
  const records = fileOf(RECORD, [0, 5, 5, 2, 6, 6]);
  test.each<[name: string, type: DTypeLike, input: ArrayInput, bytes: readonly number[]]>([
    ["a typed array", "?", { data: u1(...ODD), shape: [4], dtype: "?" }, [0, 1, 1, 1]],
    ["a buffer", "?", { data: u1(...ODD).buffer, shape: [4], dtype: "bool" }, [0, 1, 1, 1]],
    ["shared memory", "?", { data: shared, shape: [4], dtype: "bool" }, [0, 1, 1, 1]],
    ["a strided view", "?", { data: u1(2, 0, 1, 0, 3, 0), shape: [3], strides: [2], dtype: "?" }, [1, 1, 1]],
    ["a window", "?", { data: u1(7, 0, 1, 3, 9), shape: [3], offset: 1, dtype: "?" }, [0, 1, 1]],
    ["more than a block", "?", { data: new Uint8Array(70_000).fill(4), shape: [70_000], dtype: "?" }, Array(70_000).fill(1)],
    ["what was read", "?", loadSync(fileOf("|b1", ODD)), [0, 1, 1, 1]],
    ["records that were read", RECORD, loadSync(records), [0, 5, 5, 1, 6, 6]],
    ["records alone", RECORD, loadSync(records).data as ArrayInput, [0, 5, 5, 1, 6, 6]],
    ["records as bytes", RECORD, { data: u1(3, 5, 5), shape: [1], dtype: RECORD }, [1, 5, 5]],
    ["records as bytes alone", RECORD, u1(0, 5, 5, 3, 7, 7), [0, 5, 5, 1, 7, 7]],
    [
      "records of another structure",
      [
        ["b", "?"],
        ["n", "<i4"],
      ],
      loadSync(records),
      [0, 5, 5, 0, 0, 1, 6, 6, 0, 0],
    ],
    ["a column with its dtype", RECORD, { b: { data: u1(2), shape: [1], dtype: "?" }, n: Int16Array.of(1) }, [1, 1, 0]],
    ["into numbers", "u1", { data: u1(...ODD), shape: [4], dtype: "?" }, [0, 1, 1, 1]],
    ["into raw bytes", "V2", { data: u1(0, 2), shape: [2], dtype: "?" }, [0, 0, 1, 0]],
    ["into text", "S5", { data: u1(2), shape: [1], dtype: "?" }, [...Buffer.from("True\0")]],
  ])("%s", (_, type, input, bytes) => {
    expect(appended(type, input, { casting: "unsafe" })).toEqual(twice(bytes));
  });

  test("numpy.save's counterpart", () => {
    const storage = new MemoryStorage();
    saveSync(storage, loadSync(fileOf("|b1", ODD)));
    expect([...dataOf(storage)]).toEqual([0, 1, 1, 1]);
  });

  test("not so where rows go from file to file, as they are", () => {
    const storage = new MemoryStorage();
    const file = NpyAppendArray.openSync(storage);
    const reader = NpyReader.openSync(fileOf("|b1", ODD));
    file.appendFrom(reader);
    reader.close();
    file.close();
    expect([...dataOf(storage)]).toEqual(ODD);
  });
});

describe("a Uint8Array alone is bools if its bytes are 0 and 1, and numbers if not", () => {
  const SUB: Descr = [["b", "?", [2]]];
  test.each<[name: string, type: DTypeLike, input: (...bytes: number[]) => ArrayInput]>([
    ["an array", "?", (...bytes) => u1(...bytes)],
    ["a long one", "?", (...bytes) => u1(...new Array(70_000).fill(0), ...bytes)],
    ["a column", { b: "?" }, (...bytes) => ({ b: u1(...bytes) })],
    ["a column of sub-arrays", SUB, (...bytes) => ({ b: u1(...bytes) })],
    ["a clamped one", "?", (...bytes) => new Uint8ClampedArray(bytes)],
  ])("%s", (_, type, input) => {
    const [good, bad] = [input(1, 0), input(1, 2)];
    expect(appended(type, good, { casting: "no" }).slice(-2)).toEqual([1, 0]);
    expect(appended(type, bad, { casting: "unsafe" }).slice(-2)).toEqual([1, 1]);
    const storage = new MemoryStorage();
    const file = NpyAppendArray.openSync(storage, { dtype: type, rowShape: [] });
    for (const rows of [0, 1]) {
      const error = caught(() => file.append(bad as never));
      expect(error).toBeInstanceOf(NpyError);
      expect(error).toMatchObject({ code: "ERR_NPY_CAST", message: expect.stringContaining("0 or 1") });
      expect(file.length > 0).toBe(rows === 1);
      if (rows === 0) file.append(good as never);
    }
    file.close();
  });

  test("in a record, other numbers than 0 and 1 are refused", () => {
    const file = NpyAppendArray.openSync(new MemoryStorage(), { dtype: [["b", "?", [2]]], rowShape: [] });
    expect(() => file.append([{ b: u1(1, 2) }] as never)).toThrow(/at \[0, 1\]: 2 does not fit/);
    file.close();
  });
});

describe("looking for bytes that are no bools", () => {
  const STRUCTURE = dtype([
    ["n", "<i4"],
    ["b", "?"],
    [
      "inner",
      [
        ["", "|V2"],
        ["c", "?", [3]],
      ],
      [2],
    ],
    ["mask", "?", [5]],
  ]);

  test("one that is anywhere is found, others do not count", () => {
    const places = new Set([4, ...[7, 8, 9], ...[12, 13, 14], ...[15, 16, 17, 18, 19]]);
    expect(STRUCTURE.itemsize).toBe(20);
    for (let at = 0; at < 60; at++) {
      const bytes = new Uint8Array(60);
      bytes[at] = 2;
      const isBool = places.has(at % 20);
      expect([at, areBools(bytes, STRUCTURE)]).toEqual([at, !isBool]);
      normalizeBools(bytes, STRUCTURE);
      expect([at, bytes[at]]).toEqual([at, isBool ? 1 : 2]);
    }
  });

  test("at any length and alignment", () => {
    const type = dtype("bool");
    fc.assert(
      fc.property(fc.nat(15), fc.nat(300), fc.nat(), fc.integer({ min: 2, max: 255 }), (offset, length, at, byte) => {
        const bytes = new Uint8Array(offset + length + 9).fill(0xff).subarray(offset, offset + length);
        for (let i = 0; i < length; i++) bytes[i] = i & 1;
        expect(areBools(bytes, type)).toBe(true);
        if (length === 0) return;
        bytes[at % length] = byte;
        expect(areBools(bytes, type)).toBe(false);
        normalizeBools(bytes, type);
        expect(bytes[at % length]).toBe(1);
        expect(areBools(bytes, type)).toBe(true);
      }),
    );
  });

  test("which dtypes have any", () => {
    const types: DTypeLike[] = ["?", "u1", "V3", { a: "i4" }, { a: [{ b: "?" }, 2] }, { a: ["?", [0]] }];
    expect(types.map((like) => hasBools(dtype(like)))).toEqual([true, false, false, false, true, false]);
  });
});
