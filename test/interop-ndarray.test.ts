import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { indices, loaded, memoryOf, stored } from "./support/stored.ts";

const numbers = new Float64Array([1, 2, 3, 4, 5, 6]);
const matrix = ndarray(numbers, [2, 3]);

describe("in", () => {
  test.each([
    ["a matrix", matrix],
    ["transposed", matrix.transpose(1, 0)],
    ["step(-1)", matrix.step(-1, -1)],
    ["every other column", matrix.step(1, 2)],
    ["lo", matrix.lo(1, 1)],
    ["hi", matrix.hi(1, 2)],
    ["a row of it", matrix.pick(1, null)],
    ["a column of it, backwards", matrix.pick(null, 2).step(-1)],
    ["column-major", ndarray(numbers, [2, 3], [1, 2])],
    ["no rows", matrix.hi(0, 3)],
  ])("%s", (_, array) => {
    expect(stored(array)).toEqual({
      shape: array.shape,
      dtype: "float64",
      values: indices(array.shape).map((index) => array.get(...index)),
    });
    expect(memoryOf(array)).toBe(numbers.buffer);
  });

  test.each([
    ["array", ndarray([1, 2, 3]).step(-1), "float64"],
    ["uint8_clamped", ndarray(new Uint8ClampedArray([1, 2, 3])), "uint8"],
    ["bigint64", ndarray(new BigInt64Array([1n, 2n, 3n])).step(-1), "int64"],
    ["biguint64", ndarray(new BigUint64Array([1n, 2n, 3n])), "uint64"],
    ["float32", ndarray(new Float32Array([1, 2, 3])), "float32"],
    ["buffer", ndarray(Buffer.from([1, 2, 3]) as Uint8Array), "uint8"],
    ["generic", ndarray({ length: 3, get: (i: number) => i + 0.5, set: () => 0 }).step(-1), "float64"],
  ] as const)("dtype %s", (name, array, dtype) => {
    expect(array.dtype).toBe(name);
    expect(stored(array)).toEqual({ shape: [3], dtype, values: indices([3]).map((index) => array.get(...index)) });
  });

  test("a view that leaves its data is refused", () => {
    expect(() => stored(ndarray(numbers, [3, 3]))).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
  });
});

test.each([true, false])("out, fortranOrder: %s", async (fortranOrder) => {
  const { data, shape } = await loaded(matrix, { fortranOrder });
  const array = ndarray(data as Float64Array, shape, fortranOrder ? [1, 2] : [3, 1]);
  expect(indices(shape).map((index) => array.get(...index))).toEqual([...numbers]);
});
