/** Matrices of ml-matrix and mathjs, and attributes of three.js. */
import * as math from "mathjs";
import { Matrix, MatrixTransposeView, SymmetricMatrix, WrapperMatrix1D } from "ml-matrix";
import * as THREE from "three";
import { describe, expect, test } from "vitest";
import { type ArrayInput, MemoryStorage, NpyAppendArray } from "../src/index.ts";
import { memoryOf, stored } from "./support/stored.ts";

describe("ml-matrix", () => {
  const matrix = new Matrix([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test.each([
    ["a matrix", matrix, [2, 3], [1, 2, 3, 4, 5, 6]],
    ["a transposed view", new MatrixTransposeView(matrix), [3, 2], [1, 4, 2, 5, 3, 6]],
    ["a symmetric matrix", new SymmetricMatrix([[1, 2], [2, 3]]), [2, 2], [1, 2, 2, 3]], // biome-ignore format: one line
    ["a list as a matrix", new WrapperMatrix1D([1, 2, 3, 4], { rows: 2 }), [2, 2], [1, 2, 3, 4]],
    ["no rows", new Matrix(0, 3), [0, 3], []],
    ["no columns", new Matrix(2, 0), [2, 0], []],
  ])("%s", (_, input, shape, values) => {
    expect(stored(input)).toEqual({ shape, dtype: "float64", values });
  });

  test("its elements are float64: casting rules apply", () => {
    const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: "int32", rowShape: [3] });
    expect(() => npaa.append(matrix)).toThrow(expect.objectContaining({ code: "ERR_NPY_CAST" }));
    npaa.close();
  });
});

describe("mathjs", () => {
  test.each<[string, ArrayInput, number[], string, unknown[]]>([
    ["a matrix", math.matrix([[1, 2, 3], [4, 5, 6]]), [2, 3], "float64", [1, 2, 3, 4, 5, 6]], // biome-ignore format: one line
    ["a vector", math.matrix([1, 2.5]), [2], "float64", [1, 2.5]],
    ["three axes", math.matrix([[[1, 2]], [[3, 4]]]), [2, 1, 2], "float64", [1, 2, 3, 4]],
    ["no rows", math.zeros(0, 3) as math.Matrix, [0, 3], "float64", []],
    ["booleans", math.matrix([[true, false]] as never), [1, 2], "bool", [1, 0]],
    ["strings", math.matrix(["a", "bc"] as never), [2], "str64", ["a", "bc"]],
  ])("%s", (_, input, shape, dtype, values) => {
    expect(stored(input)).toEqual({ shape, dtype, values });
  });

  test("complex numbers", () => {
    const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: "complex128", rowShape: [] });
    npaa.append(math.matrix([math.complex(1, 2), math.complex(3, -4)]));
    expect(npaa.length).toBe(2);
    npaa.close();
  });

  test("sparse matrices and other numbers are refused, by their names", () => {
    expect(() => stored(math.sparse([[1, 0]]) as ArrayInput)).toThrow(
      "a SparseMatrix is not an array: pass what its toArray() returns.",
    );
    expect(() => stored(math.matrix([math.bignumber(1)]))).toThrow("a Decimal");
  });
});

describe("three.js", () => {
  const array = Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

  test("an attribute", () => {
    const attribute = new THREE.BufferAttribute(array.subarray(0, 6), 3);
    expect(stored(attribute)).toEqual({ shape: [2, 3], dtype: "float32", values: [1, 2, 3, 4, 5, 6] });
    expect(memoryOf(attribute)).toBe(array.buffer);
  });

  test("an attribute of single numbers", () => {
    const attribute = new THREE.BufferAttribute(Uint16Array.of(0, 1, 2), 1);
    expect(stored(attribute)).toEqual({ shape: [3], dtype: "uint16", values: [0, 1, 2] });
  });

  test("float16", () => {
    const attribute = new THREE.Float16BufferAttribute(Uint16Array.of(0x3c00, 0xc000), 1);
    expect(stored(attribute)).toEqual({ shape: [2], dtype: "float16", values: [1, -2] });
  });

  test.each([
    [new THREE.InterleavedBufferAttribute(new THREE.InterleavedBuffer(array, 4), 2, 1), [2, 2], [2, 3, 6, 7]],
    [new THREE.InterleavedBufferAttribute(new THREE.InterleavedBuffer(array, 4), 1, 3), [2], [4, 8]],
  ])("attributes that are interleaved with others: %#", (attribute, shape, values) => {
    expect(stored(attribute)).toEqual({ shape, dtype: "float32", values });
  });

  test("what is no array of numbers says what to pass", () => {
    expect(() => stored(new THREE.Vector3() as unknown as ArrayInput)).toThrow(
      "a Vector3 is not an array: pass what its toArray() returns.",
    );
  });
});
