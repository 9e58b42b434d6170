import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { loaded, memoryOf, stored } from "./support/stored.ts";

describe("in", () => {
  test.each([
    ["float32", tf.tensor2d([[1, 2.5, 3]]), "float32"],
    ["int32", tf.tensor2d([[1, 2, 3]], [1, 3], "int32"), "int32"],
    ["bool", tf.tensor2d([[true, false, true]], [1, 3], "bool"), "bool"],
    ["string", tf.tensor2d([["a", "bcd", ""]]), "str96"],
    ["a variable", tf.variable(tf.tensor2d([[1, 2, 3]])), "float32"],
    ["what an operation gives", tf.transpose(tf.tensor2d([[1], [2], [3]])), "float32"],
  ] as const)("%s", (_, tensor, dtype) => {
    expect(stored(tensor)).toEqual({ shape: [1, 3], dtype, values: Array.from(tensor.dataSync() as ArrayLike<unknown>) });
  });

  test("complex64", () => {
    const tensor = tf.complex([1, 2], [3, 4]);
    expect(stored(tensor)).toEqual({
      shape: [2],
      dtype: "complex64",
      values: [
        [1, 3],
        [2, 4],
      ],
    });
  });

  test("no strings", () => {
    expect(stored(tf.tensor1d([], "string"))).toEqual({ shape: [0], dtype: "str32", values: [] });
  });

  test("nothing is copied before it is written", () => {
    const tensor = tf.tensor1d([1, 2]);
    expect(memoryOf(tensor)).toBe(tensor.dataSync().buffer);
  });

  test("the error of a tensor that was disposed is its own", () => {
    const tensor = tf.tensor1d([1, 2]);
    tensor.dispose();
    expect(() => stored(tensor)).toThrow("Tensor is disposed.");
  });
});

describe("out", () => {
  test.each(["float32", "int32", "bool"] as const)("%s", async (dtype) => {
    const { data, shape } = await loaded([[0, 1, 1]], { dtype });
    const tensor = tf.tensor(data as Float32Array, shape, dtype);
    expect(Array.from(tensor.dataSync())).toEqual([0, 1, 1]);
    expect(tensor.shape).toEqual([1, 3]);
  });

  test("Fortran order", async () => {
    const { data, shape } = await loaded(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: "float32", fortranOrder: true },
    );
    const tensor = tf.transpose(tf.tensor(data as Float32Array, shape.toReversed()));
    expect(tensor.arraySync()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test("strings", async () => {
    const { data } = await loaded(["a", "bc"]);
    expect(Array.from(tf.tensor1d(data as string[]).dataSync() as unknown as string[])).toEqual(["a", "bc"]);
  });
});
