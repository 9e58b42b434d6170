import BooleanArray from "@stdlib/array-bool";
import Complex64Array from "@stdlib/array-complex64";
import Complex128Array from "@stdlib/array-complex128";
import ndarray from "@stdlib/ndarray-base-ctor";
import { describe, expect, test } from "vitest";
import { load, MemoryStorage, NpyAppendArray } from "../src/index.ts";
import { indices, loaded, memoryOf, stored } from "./support/stored.ts";

type NDArray = InstanceType<typeof ndarray>;

/** Its declarations know no ndarray of its own arrays. */
function boxed(elements: object): Buffer {
  return elements as Buffer;
}

/** An element as @stdlib gives it. */
function at(array: NDArray, index: number[]): unknown {
  const value: unknown = array.get(...index);
  return typeof value === "object" && value !== null ? [(value as { re: number }).re, (value as { im: number }).im] : value;
}

const numbers = new Float64Array([1, 2, 3, 4, 5, 6]);

describe("in", () => {
  test.each<[string, NDArray]>([
    ["row-major", new ndarray("float64", numbers, [2, 3], [3, 1], 0, "row-major")],
    ["column-major", new ndarray("float64", numbers, [2, 3], [1, 2], 0, "column-major")],
    ["transposed", new ndarray("float64", numbers, [3, 2], [1, 3], 0, "row-major")],
    ["negative strides", new ndarray("float64", numbers, [2, 3], [-3, -1], 5, "row-major")],
    ["an offset", new ndarray("float64", numbers, [2, 2], [3, 1], 1, "row-major")],
    ["no rows", new ndarray("float64", numbers, [0, 3], [3, 1], 0, "row-major")],
    ["an axis repeated", new ndarray("float64", numbers, [2, 3], [0, 1], 0, "row-major")],
  ])("%s", (_, array) => {
    expect(stored(array)).toEqual({
      shape: Array.from(array.shape),
      dtype: "float64",
      values: indices(array.shape).map((index) => at(array, index)),
    });
    expect(memoryOf(array)).toBe(numbers.buffer);
  });

  const two = [2, 1];
  test.each<[string, NDArray, string]>([
    ["int8", new ndarray("int8", new Int8Array(two), [2], [1], 0, "row-major"), "int8"],
    ["uint8c", new ndarray("uint8c", new Uint8ClampedArray(two), [2], [1], 0, "row-major"), "uint8"],
    ["uint16", new ndarray("uint16", new Uint16Array(two), [2], [1], 0, "row-major"), "uint16"],
    ["float32", new ndarray("float32", new Float32Array(two), [2], [1], 0, "row-major"), "float32"],
    ["binary", new ndarray("binary", Buffer.from(two), [2], [1], 0, "row-major"), "uint8"],
    ["generic", new ndarray("generic", two, [2], [-1], 1, "row-major"), "float64"],
    ["complex64", new ndarray("complex64", boxed(new Complex64Array([1, 2, 3, 4])), [2], [-1], 1, "row-major"), "complex64"],
    ["complex128", new ndarray("complex128", boxed(new Complex128Array([1, 2, 3, 4])), [2], [1], 0, "row-major"), "complex128"],
    [
      "complex128 from its second",
      new ndarray("complex128", boxed(new Complex128Array(4)), [2], [1], 2, "row-major"),
      "complex128",
    ],
  ])("%s", (_, array, dtype) => {
    expect(stored(array)).toEqual({ shape: [2], dtype, values: indices([2]).map((index) => at(array, index)) });
  });

  test("bool", () => {
    const array = new ndarray("bool", boxed(new BooleanArray([true, false, true, true])), [2, 2], [1, 2], 0, "column-major");
    expect(stored(array)).toEqual({
      shape: [2, 2],
      dtype: "bool",
      values: indices([2, 2]).map((index) => Number(at(array, index))),
    });
  });

  test("its typed arrays alone", () => {
    const within = new Complex128Array(new Float64Array([9, 9, 1, 2, 3, 4]).buffer, 16);
    expect(stored(within)).toEqual({
      shape: [2],
      dtype: "complex128",
      values: [
        [1, 2],
        [3, 4],
      ],
    });
    expect(stored(new Complex64Array([1, 2]))).toEqual({ shape: [1], dtype: "complex64", values: [[1, 2]] });
    expect(stored(new BooleanArray([true, false]))).toEqual({ shape: [2], dtype: "bool", values: [1, 0] });
  });

  test("an array without axes is refused as one, though it has a stride", () => {
    expect(() => stored(new ndarray("float64", numbers, [], [0], 2, "row-major"))).toThrow("Zero-dimensional");
  });

  test("column-major rows into a file in Fortran order", async () => {
    const array = new ndarray("float64", numbers, [2, 3], [1, 2], 0, "column-major");
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { fortranOrder: true });
    npaa.append(array);
    npaa.append(array);
    npaa.close();
    const { data, shape } = await load(storage);
    expect({ data, shape }).toEqual({ data: new Float64Array([...numbers, ...numbers]), shape: [2, 6] });
  });
});

describe("out", () => {
  test.each([
    [false, [3, 1], "row-major"],
    [true, [1, 2], "column-major"],
  ] as const)("fortranOrder: %s", async (fortranOrder, strides, order) => {
    const { data, shape } = await loaded({ data: numbers, shape: [2, 3] }, { fortranOrder });
    const array = new ndarray("float64", data as Float64Array, shape, [...strides], 0, order);
    expect(indices([2, 3]).map((index) => at(array, index))).toEqual([...numbers]);
  });

  test("complex128", async () => {
    const { data } = await loaded(new Complex128Array([1, 2, 3, 4]));
    const array = new ndarray(
      "complex128",
      boxed(new Complex128Array((data as Float64Array<ArrayBuffer>).buffer)),
      [2],
      [1],
      0,
      "row-major",
    );
    expect([at(array, [0]), at(array, [1])]).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});
