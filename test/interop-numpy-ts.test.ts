import * as np from "numpy-ts";
import { describe, expect, test } from "vitest";
import { MemoryStorage, saveSync } from "../src/index.ts";
import { indices, loaded, memoryOf, stored } from "./support/stored.ts";

type NDArray = ReturnType<typeof np.array>;

/** An element as numpy-ts gives it. */
function at(array: NDArray, index: number[]): unknown {
  const value = array.get(index);
  return typeof value === "object" ? [value.re, value.im] : value;
}

const matrix = np.array([
  [1, 2, 3],
  [4, 5, 6],
]);

describe("in", () => {
  test.each<[string, NDArray]>([
    ["a matrix", matrix],
    ["a transposed one", matrix.T],
    ["reversed axes", matrix.slice("::-1", "::-1")],
    ["every other column", matrix.slice(":", "::2")],
    ["a row", matrix.slice("1")],
    ["a view from its middle on", matrix.slice("1:", "1:")],
    ["a broadcast row", np.broadcast_to(np.array([1, 2]), [3, 2])],
    ["no rows", np.zeros([0, 3])],
    ["three axes", np.arange(24).reshape(2, 3, 4).transpose([2, 0, 1])],
  ])("%s", (_, array) => {
    expect(stored(array)).toEqual({
      shape: array.shape,
      dtype: "float64",
      values: indices(array.shape).map((index) => at(array, index)),
    });
  });

  test.each([
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
  ] as const)("%s, also as a view", (dtype) => {
    const array = np.array([0, 1, 2.5, 3]).astype(dtype);
    for (const view of [array, array.slice("1:"), array.slice("::-1")]) {
      expect(stored(view)).toEqual({
        shape: view.shape,
        dtype,
        values: indices(view.shape).map((index) => at(view, index)),
      });
    }
  });

  test("nothing is copied before it is written", () => {
    expect(memoryOf(matrix.slice("1:"))).toBe(matrix.data.buffer);
  });
});

describe("out", () => {
  test.each([true, false])("fortranOrder: %s", async (fortranOrder) => {
    const { data, shape } = await loaded(matrix, { fortranOrder });
    const array = fortranOrder ? np.array(data).reshape(...shape.toReversed()).T : np.array(data).reshape(...shape);
    expect(array.tolist()).toEqual(matrix.tolist());
  });

  test.each(["int64", "bool", "float32"] as const)("%s", async (dtype) => {
    const array = np.array([0, 1, 2, 3]).astype(dtype);
    const { data } = await loaded(array);
    expect(np.frombuffer((data as Float64Array<ArrayBuffer>).buffer, dtype).tolist()).toEqual(array.tolist());
  });

  // Its frombuffer takes complex numbers for twice as many as they are.
  test.each(["complex128", "complex64", "float16", "int64"] as const)("%s, from the file", (dtype) => {
    const storage = new MemoryStorage();
    saveSync(storage, np.array([0, 1, 2, 3]).astype(dtype));
    const array = np.parseNpy((storage.bytes() as Uint8Array<ArrayBuffer>).buffer);
    expect([array.dtype, array.tolist()]).toEqual([dtype, np.array([0, 1, 2, 3]).astype(dtype).tolist()]);
  });
});
