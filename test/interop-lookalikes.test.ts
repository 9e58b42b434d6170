/** What is an array of another library, and what only looks like one. */
import { describe, expect, test } from "vitest";
import { type ArrayInput, loadSync, MemoryStorage, type RecordArray, saveSync } from "../src/index.ts";
import { fromForeign } from "../src/input/foreign.ts";
import { loaded, stored } from "./support/stored.ts";

const numbers = new Float64Array([1, 2]);

describe("an object of columns is one, whatever its fields are called", () => {
  test.each<[string, readonly string[]]>([
    ["numpy-ts", ["storage", "dtype", "strides", "tolist"]],
    ["TensorFlow.js", ["dtype", "size", "dataSync"]],
    ["onnxruntime", ["dims", "type", "cpuData", "location"]],
    ["Arrow's tables", ["schema", "batches", "getChildAt"]],
    ["Arrow's vectors", ["type", "length", "numChildren", "getChildAt"]],
    ["arquero's tables", ["columnNames", "toArrow"]],
    ["three.js", ["array", "itemSize", "count", "isBufferAttribute"]],
    ["ml-matrix", ["rows", "columns", "to1DArray", "to2DArray"]],
    ["mathjs", ["isDenseMatrix", "size", "valueOf"]],
    ["arrays of elements", ["buffer", "byteOffset", "byteLength", "BYTES_PER_ELEMENT", "length", "get"]],
  ])("as those of %s", async (_, names) => {
    const columns = Object.fromEntries(names.map((name) => [name, numbers]));
    const { data, shape } = await loaded(columns as ArrayInput);
    expect(shape).toEqual([2]);
    expect((data as RecordArray).columns()).toEqual(columns);
  });
});

test.each([[["data", "width", "height"]], [["data", "info"]]])(
  "as those of images, in a file that has such fields: %s",
  (names) => {
    const storage = new MemoryStorage();
    saveSync(storage, Object.fromEntries(names.map((name) => [name, numbers])), {
      dtype: names.map((name) => [name, "<f8"] as const),
    });
    expect(loadSync(storage).shape).toEqual([2]);
  },
);

test("no getter is touched before an object is recognised", () => {
  const touched: string[] = [];
  const names =
    "storage dtype tolist dataSync shape dims type schema getChildAt numChildren BYTES_PER_ELEMENT buffer byteOffset get " +
    "data width height info array itemSize count isBufferAttribute columns to2DArray isDenseMatrix size columnNames toArrow";
  const trap = {};
  for (const name of names.split(" ")) {
    Object.defineProperty(trap, name, { enumerable: true, get: () => touched.push(name) });
  }
  expect(fromForeign(trap)).toBeUndefined();
  expect(touched).toEqual([]);
});

test.each<[string, unknown, string]>([
  ["storage that is none", { storage: {}, tolist: () => [] }, "ERR_NPY_SHAPE"],
  ["a tensor without data", { shape: [1], dtype: "float32", dataSync: () => undefined }, "ERR_NPY_VALUE"],
  ["a tensor of an unknown type", { dims: [1], type: "float4", data: new Uint8Array(1) }, "ERR_NPY_DTYPE"],
  ["data of another type than said", { dims: [1], type: "float32", data: new Float64Array(1) }, "ERR_NPY_DTYPE"],
  ["a shape that the data have not", { dims: [3], type: "float64", data: numbers }, "ERR_NPY_SHAPE"],
  ["strides that leave the data", { data: numbers, shape: [2], stride: [2], offset: 0, dtype: "float64" }, "ERR_NPY_SHAPE"],
  ["a shape that is none", { data: numbers, shape: null, strides: [1] }, "ERR_NPY_SHAPE"],
  ["data that are none", { data: 5, shape: [2], stride: [2], offset: 0 }, "ERR_NPY_VALUE"],
  ["data without elements", { data: new Map(), shape: [2], stride: [2], offset: 0 }, "ERR_NPY_VALUE"],
  ["a dtype that is none", { data: numbers, shape: [2], strides: [1], offset: 0, dtype: "complex32" }, "ERR_NPY_DTYPE"],
])("refused: %s", (_, input, code) => {
  expect(() => stored(input as ArrayInput)).toThrow(expect.objectContaining({ name: "NpyError", code }));
});

test("the order that an array says counts, also beside strides that are not there", async () => {
  const array = { data: new Float64Array(6), shape: [2, 3], strides: undefined, fortranOrder: true };
  expect((await loaded(array)).fortranOrder).toBe(true);
});

test("elements of an unknown kind are raw bytes", async () => {
  const halves = { buffer: new ArrayBuffer(4), byteOffset: 0, byteLength: 4, BYTES_PER_ELEMENT: 2, length: 2, get: () => 0 };
  expect((await loaded(halves)).dtype.str).toBe("|V2");
});
