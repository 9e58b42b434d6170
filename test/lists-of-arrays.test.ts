/** Lists of arrays are one array with one more axis; Maps are columns. */
import { describe, expect, test } from "vitest";
import { type ArrayInput, loadSync, MemoryStorage, NpyAppendArray, type RecordArray } from "../src/index.ts";
import { stored } from "./support/stored.ts";

const view = (values: readonly number[], extra: object = {}): ArrayInput =>
  ({ data: Int16Array.from(values), shape: [2, 2], ...extra }) as ArrayInput;

describe("lists", () => {
  test.each<[string, unknown, number[], unknown[]]>([
    ["of views", [view([1, 2, 3, 4]), view([5, 6, 7, 8])], [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]],
    ["of one", [view([1, 2, 3, 4])], [1, 2, 2], [1, 2, 3, 4]],
    ["of strided views", [view([1, 2, 3, 4], { strides: [1, 2] }), view([1, 2, 3, 4])], [2, 2, 2], [1, 3, 2, 4, 1, 2, 3, 4]],
    ["of Fortran order", [view([1, 2, 3, 4], { fortranOrder: true })], [1, 2, 2], [1, 3, 2, 4]],
    ["of windows", [view([9, 9, 1, 2, 3, 4], { offset: 2 })], [1, 2, 2], [1, 2, 3, 4]],
    ["of reversed rows", [view([1, 2, 3, 4], { strides: [-2, 1], offset: 2 })], [1, 2, 2], [3, 4, 1, 2]],
    ["within lists", [[view([1, 2, 3, 4])], [view([5, 6, 7, 8])]], [2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]],
    ["of columns of a matrix", [view([1, 9, 2, 9], { shape: [2], stride: [2] })], [1, 2], [1, 2]],
    ["of arrays without axes", [view([1], { shape: [] }), view([2], { shape: [] })], [2], [1, 2]],
    ["of arrays without elements", [view([], { shape: [0, 3] })], [1, 0, 3], []],
  ])("%s", (_, list, shape, values) => {
    expect(stored(list as ArrayInput)).toEqual({ shape, dtype: "int16", values });
  });

  test("of plain values with a shape", () => {
    const strings = (data: string[], extra: object = {}) => ({ data, shape: [2, 2], ...extra });
    expect(stored([strings(["a", "b", "c", "dd"]), strings(["e", "f", "g", "h"])])).toEqual({
      shape: [2, 2, 2],
      dtype: "str64",
      values: ["a", "b", "c", "dd", "e", "f", "g", "h"],
    });
    const turned = strings(["a", "b", "c", "d"], { fortranOrder: true });
    expect(stored([turned]).values).toEqual(["a", "c", "b", "d"]);
  });

  test.each<[string, unknown, number[], string]>([
    [
      "shapes",
      [view([1, 2, 3, 4]), view([1, 2], { shape: [1, 2] })],
      [1],
      "found <i2 of shape (1, 2), and <i2 of shape (2, 2) first",
    ],
    ["dtypes", [view([1, 2, 3, 4]), view([0, 0, 0, 0], { data: new Uint8Array(4) })], [1], "found |u1 of shape (2, 2)"],
    ["depths", [[view([1, 2, 3, 4]), 5]], [0, 1], "found 5"],
    ["kinds", [view([1, 2, 3, 4]), { data: [1, 2], shape: [2] }], [1], "found values of shape (2)"],
    ["tables", [view([1, 2, 3, 4]), new Map([["a", [1]]])], [1], "found a Map"],
  ])("of several %s are refused", (_, list, index, words) => {
    expect(() => stored(list as ArrayInput)).toThrow(
      expect.objectContaining({ code: "ERR_NPY_SHAPE", index, message: expect.stringContaining(words) }),
    );
  });

  test("in a file of records, an object is a record, whatever its fields are called", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: [["data", "<i2", [2]], ["shape", "<f8"]] }); // biome-ignore format: one line
    npaa.append([{ data: Int16Array.of(1, 2), shape: 3 }] as never);
    npaa.close();
    expect((loadSync(storage).data as RecordArray).at(0)).toEqual({ data: Int16Array.of(1, 2), shape: 3 });
  });
});

describe("a Map", () => {
  test("is columns, whatever they are called", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    npaa.append(new Map<string, unknown>([["data", Int16Array.of(1, 2)], ["10", ["a", "bc"]], ["1", [true, false]]])); // biome-ignore format: one line
    npaa.append(new Map<string, unknown>([["1", [true]], ["data", [3]], ["10", [""]]])); // biome-ignore format: one line
    npaa.close();
    const { data, dtype } = loadSync(storage);
    expect(dtype.fields?.map(({ name }) => name)).toEqual(["data", "10", "1"]);
    expect([...(data as RecordArray)].at(-1)).toEqual({ data: 3, "10": "", "1": true });
  });

  test("of one record, of other keys, or of nothing is refused", () => {
    expect(() => stored(new Map([["t", 1]]))).toThrow("for one record pass [{ t: 1 }]");
    expect(() => stored(new Map([[1, [1]]]) as unknown as ArrayInput)).toThrow("expected strings as keys, found 1");
    expect(() => stored(new Map())).toThrow("An object without columns is no array");
  });
});
