import { describe, expect, test } from "vitest";
import { castInput } from "../src/encode/cast-input.ts";
import { dtype } from "../src/format/dtype.ts";
import type { ArrayInput } from "../src/input/array-input.ts";
import { parseInput } from "../src/input/input.ts";

/** What an input counts as, and its elements as float64 in C order. */
function seen(input: unknown): { shape: readonly number[]; dtype: string; values: number[] } {
  const parsed = parseInput(input);
  const like = parsed.kind === "typed" ? parsed.dtype : dtype("<f8");
  const { shape, blocks } = castInput(parsed, dtype("<f8"), { casting: "unsafe", onOverflow: "wrap", nulls: "error" });
  const bytes = Buffer.concat([...blocks(false)].map((block) => Buffer.from(block)));
  return { shape, dtype: like.str, values: Array.from(new Float64Array(new Uint8Array(bytes).buffer)) };
}

const big = new Uint8Array([0, 1, 0, 2]);

test.each<[string, unknown, { shape: number[]; dtype: string; values: number[] }]>([
  ["a typed array", new Int16Array([1, 2]), { shape: [2], dtype: "<i2", values: [1, 2] }],
  ["a typed array within a buffer", new Int16Array([9, 1, 2]).subarray(1), { shape: [2], dtype: "<i2", values: [1, 2] }],
  ["a Uint8ClampedArray", new Uint8ClampedArray([255]), { shape: [1], dtype: "|u1", values: [255] }],
  ["shared memory", new Int8Array(new SharedArrayBuffer(2)).fill(3), { shape: [2], dtype: "|i1", values: [3, 3] }],
  [
    "npyjs",
    { data: new Float32Array([1, 2]), shape: [1, 2], dtype: "f4", fortranOrder: false },
    { shape: [1, 2], dtype: "<f4", values: [1, 2] },
  ],
  [
    "Fortran order",
    { data: new Int8Array([1, 2, 3, 4]), shape: [2, 2], fortranOrder: true },
    { shape: [2, 2], dtype: "|i1", values: [1, 3, 2, 4] },
  ],
  [
    "ndarray",
    { data: new Int8Array([1, 2, 3, 4]), shape: [2], stride: [2], offset: 1 },
    { shape: [2], dtype: "|i1", values: [2, 4] },
  ],
  [
    "negative strides",
    { data: new Int8Array([1, 2, 3]), shape: [3], strides: [-1], offset: 2 },
    { shape: [3], dtype: "|i1", values: [3, 2, 1] },
  ],
  [
    "zero strides",
    { data: new Int8Array([5]), shape: [2, 2], strides: [0, 0] },
    { shape: [2, 2], dtype: "|i1", values: [5, 5, 5, 5] },
  ],
  [
    "shapes in typed arrays",
    { data: new Int8Array([1, 2]), shape: new Int32Array([2, 1]), strides: new Int32Array([1, 1]) },
    { shape: [2, 1], dtype: "|i1", values: [1, 2] },
  ],
  ["raw bytes in an ArrayBuffer", { data: big.buffer, shape: [2], dtype: ">i2" }, { shape: [2], dtype: ">i2", values: [1, 2] }],
  [
    "raw bytes in a DataView",
    { data: new DataView(big.buffer, 2), shape: [1], dtype: ">i2" },
    { shape: [1], dtype: ">i2", values: [2] },
  ],
  ["raw bytes in a Uint8Array", { data: big, shape: [2], dtype: ">i2" }, { shape: [2], dtype: ">i2", values: [1, 2] }],
  [
    "raw bytes, unaligned",
    { data: new Uint8Array([9, 1, 0]).subarray(1), shape: [1], dtype: "<i2" },
    { shape: [1], dtype: "<i2", values: [1] },
  ],
  [
    "native data of a file's dtype",
    { data: new Int16Array([1, 2]), shape: [2], dtype: ">i2" },
    { shape: [2], dtype: ">i2", values: [1, 2] },
  ],
  [
    "float16 as it is read",
    { data: new Float32Array([0.5]), shape: [1], dtype: "<f2" },
    { shape: [1], dtype: "<f2", values: [0.5] },
  ],
  ["float16 as bits", { data: new Uint16Array([0x3c00]), shape: [1], dtype: "<f2" }, { shape: [1], dtype: "<f2", values: [1] }],
  ["bools", { data: new Uint8Array([0, 1]), shape: [2], dtype: "bool" }, { shape: [2], dtype: "|b1", values: [0, 1] }],
  [
    "typed arrays in an array",
    [new Int8Array([1, 2]), new Int8Array([3, 4])],
    { shape: [2, 2], dtype: "|i1", values: [1, 2, 3, 4] },
  ],
  ["nested arrays", [[[1, 2]], [[3, 4]]], { shape: [2, 1, 2], dtype: "<f8", values: [1, 2, 3, 4] }],
  ["empty arrays", [[], []], { shape: [2, 0], dtype: "<f8", values: [] }],
  [
    "plain data with a shape",
    { data: [1, 2, 3, 4], shape: [2, 2], strides: [1, 2] },
    { shape: [2, 2], dtype: "<f8", values: [1, 3, 2, 4] },
  ],
  ["a scalar", 5, { shape: [], dtype: "<f8", values: [5] }],
])("%s", (_, input, expected) => {
  expect(seen(input)).toEqual(expected);
});

test("an object of another realm's typed array is one by its tag", () => {
  const { data, shape } = { data: new Float64Array([1.5]), shape: [1] };
  Object.setPrototypeOf(data, Object.create(Object.getPrototypeOf(data)));
  expect(seen({ data, shape } as ArrayInput)).toMatchObject({ dtype: "<f8", values: [1.5] });
});

test("a Buffer is uint8, and its bytes are elements of nothing wider", () => {
  const parsed = parseInput(Buffer.from([7]));
  const { shape, blocks } = castInput(parsed, dtype("u1"), { casting: "no", onOverflow: "wrap", nulls: "error" });
  expect(shape).toEqual([1]);
  expect([...blocks(false)].map((block) => Array.from(block))).toEqual([[7]]);
  expect(() => castInput(parsed, dtype("<f8"), { casting: "unsafe", onOverflow: "wrap", nulls: "error" })).toThrow(
    expect.objectContaining({ code: "ERR_NPY_DTYPE" }),
  );
});

describe("refused", () => {
  test.each<[string, unknown, string]>([
    ["nothing", undefined, "ERR_NPY_VALUE"],
    ["null", null, "ERR_NPY_VALUE"],
    ["a function", () => 1, "ERR_NPY_VALUE"],
    ["an object without data", { shape: [1] }, "ERR_NPY_VALUE"],
    ["data that are none", { data: "abc", shape: [3] }, "ERR_NPY_VALUE"],
    ["an ArrayBuffer alone", new ArrayBuffer(8), "ERR_NPY_DTYPE"],
    ["a DataView alone", new DataView(new ArrayBuffer(8)), "ERR_NPY_DTYPE"],
    ["an ArrayBuffer without dtype", { data: new ArrayBuffer(8), shape: [1] }, "ERR_NPY_DTYPE"],
    ["data that cannot be of the dtype", { data: new Float64Array(1), shape: [1], dtype: "<i8" }, "ERR_NPY_DTYPE"],
    ["an object dtype", { data: new Uint8Array(8), shape: [1], dtype: "|O" }, "ERR_NPY_DTYPE"],
    ["a shape that is too small", { data: new Int8Array(3), shape: [2] }, "ERR_NPY_SHAPE"],
    ["a shape that is too large", { data: new Int8Array(3), shape: [4] }, "ERR_NPY_SHAPE"],
    ["a shape that is none", { data: new Int8Array(3), shape: 3 }, "ERR_NPY_SHAPE"],
    ["a fractional size", { data: new Int8Array(3), shape: [1.5] }, "ERR_NPY_SHAPE"],
    ["a negative size", { data: new Int8Array(3), shape: [-3] }, "ERR_NPY_SHAPE"],
    ["too few strides", { data: new Int8Array(4), shape: [2, 2], strides: [1] }, "ERR_NPY_SHAPE"],
    ["strides beyond the end", { data: new Int8Array(4), shape: [2, 2], strides: [3, 1] }, "ERR_NPY_SHAPE"],
    ["strides before the beginning", { data: new Int8Array(4), shape: [2], strides: [-1] }, "ERR_NPY_SHAPE"],
    ["an offset beyond the end", { data: new Int8Array(4), shape: [1], strides: [1], offset: 4 }, "ERR_NPY_SHAPE"],
    ["bytes that are no whole elements", { data: new Uint8Array(7), shape: [1], dtype: "<f8" }, "ERR_NPY_SHAPE"],
    ["ragged nesting", [[1, 2], [3]], "ERR_NPY_SHAPE"],
    ["uneven depth", [[1], 2], "ERR_NPY_SHAPE"],
    ["uneven depth, the other way", [1, [2]], "ERR_NPY_SHAPE"],
    ["typed arrays of two lengths", [new Int8Array(2), new Int8Array(1)], "ERR_NPY_SHAPE"],
    ["typed arrays of two types", [new Int8Array(2), new Uint8Array(2)], "ERR_NPY_SHAPE"],
    // biome-ignore lint/suspicious/noSparseArray: it is the case
    ["a hole", [1, , 3], "ERR_NPY_VALUE"],
    ["mixed values", [1, 2n], "ERR_NPY_VALUE"],
    ["null among values", [[1, null]], "ERR_NPY_VALUE"],
    ["objects without fields", [{}], "ERR_NPY_VALUE"],
    ["objects of other fields than the first", [{ a: 1 }, { b: 1 }], "ERR_NPY_VALUE"],
  ])("%s", async (_, input, code) => {
    const { NpyAppendArray, MemoryStorage } = await import("../src/index.ts");
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    expect(() => npaa.append(input as ArrayInput)).toThrow(expect.objectContaining({ name: "NpyError", code }));
    expect(storage.bytes()).toBeUndefined();
    npaa.close();
  });
});

// V8 ends the process where a list grows too long.
test.each<[string, unknown]>([
  ["in a window", { data: [1], shape: [3e8], strides: [0] }],
  ["in a nested list", [new Array(2e8), new Array(2e8)]],
])("more plain values than a list can hold, %s, are refused", (_, input) => {
  expect(() => parseInput(input)).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
});
