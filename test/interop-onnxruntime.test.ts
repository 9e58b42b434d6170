import { Tensor } from "onnxruntime-common";
import { describe, expect, test } from "vitest";
import { loaded, memoryOf, stored } from "./support/stored.ts";

describe("in", () => {
  test.each<[string, Tensor, string]>([
    ["float32", new Tensor("float32", [1, 2.5], [1, 2]), "float32"],
    ["float64", new Tensor("float64", [1, 2.5], [1, 2]), "float64"],
    ["int8", new Tensor("int8", [1, -2], [1, 2]), "int8"],
    ["int32", new Tensor("int32", [1, -2], [1, 2]), "int32"],
    ["int64", new Tensor("int64", [1n, -2n], [1, 2]), "int64"],
    ["uint64", new Tensor("uint64", [1n, 2n], [1, 2]), "uint64"],
    ["uint8", new Tensor(new Uint8ClampedArray([1, 2]), [1, 2]), "uint8"],
    ["bool", new Tensor([true, false], [1, 2]), "bool"],
    ["string", new Tensor(["a", "bcd"], [1, 2]), "str96"],
  ])("%s", (type, tensor, dtype) => {
    expect(tensor.type).toBe(type);
    expect(stored(tensor)).toEqual({ shape: [1, 2], dtype, values: Array.from(tensor.data as ArrayLike<unknown>) });
  });

  test("float16, as bits or as a Float16Array where there is one", () => {
    const tensor = new Tensor("float16", new Uint16Array([0x3c00, 0xc100]), [2]);
    expect(stored(tensor)).toEqual({ shape: [2], dtype: "float16", values: [1, -2.5] });
  });

  test("no strings", () => {
    expect(stored(new Tensor("string", [], [0]))).toEqual({ shape: [0], dtype: "str32", values: [] });
  });

  test("nothing is copied before it is written", () => {
    const data = new Float32Array(4);
    expect(memoryOf(new Tensor(data, [2, 2]))).toBe(data.buffer);
  });

  test("one that another thread posted", () => {
    const posted = structuredClone({ ...new Tensor("bool", [true, false], [2]) }) as unknown as Tensor;
    expect(posted).not.toHaveProperty("data");
    expect(stored(posted)).toEqual({ shape: [2], dtype: "bool", values: [1, 0] });
  });

  test("the error of one whose data are on another device, or gone, is its own", () => {
    const elsewhere = Tensor.fromGpuBuffer({} as never, { dims: [2], dataType: "float32" });
    expect(() => stored(elsewhere)).toThrow("The data is not on CPU. Use `getData()`");
    const gone = new Tensor([true]);
    gone.dispose();
    expect(() => stored(gone)).toThrow("disposed");
  });

  test("4-bit integers are refused", () => {
    expect(() => stored(new Tensor("uint4", new Uint8Array(2), [4]))).toThrow(
      expect.objectContaining({ code: "ERR_NPY_DTYPE", message: expect.stringContaining("uint4") }),
    );
  });
});

describe("out", () => {
  test.each(["float32", "int64", "bool", "uint8"] as const)("%s", async (type) => {
    const { data, shape } = await loaded([[0, 1, 1]], { dtype: type });
    const tensor = new Tensor(type, data as never, shape);
    expect(tensor.data).toEqual(data);
    expect(tensor.dims).toEqual([1, 3]);
  });

  test("strings", async () => {
    const { data, shape } = await loaded(["a", "bc"]);
    expect(new Tensor("string", data as string[], shape).data).toEqual(["a", "bc"]);
  });
});

/** As transformers.js makes it: a `Proxy` of an object whose parts are getters of its class. */
class WrappedTensor {
  readonly ort_tensor: Tensor;
  constructor(tensor: Tensor) {
    this.ort_tensor = tensor;
    // biome-ignore lint/correctness/noConstructorReturn: as the library does
    return new Proxy(this, { get: (wrapped, name) => Reflect.get(wrapped, name) });
  }
  get dims(): readonly number[] {
    return this.ort_tensor.dims;
  }
  get type(): string {
    return this.ort_tensor.type;
  }
  get data(): unknown {
    return this.ort_tensor.data;
  }
}

describe("tensors of transformers.js", () => {
  test.each([
    ["float32", new Tensor("float32", [1, 2.5, 3, 4], [2, 2]), [1, 2.5, 3, 4]],
    ["int64", new Tensor("int64", [1n, 2n, 3n, 4n], [2, 2]), [1n, 2n, 3n, 4n]],
    ["bool", new Tensor("bool", [true, false, true, true], [2, 2]), [1, 0, 1, 1]],
  ])("%s", (dtype, tensor, values) => {
    const wrapped = new WrappedTensor(tensor);
    expect(stored(wrapped)).toEqual({ shape: [2, 2], dtype, values });
    expect(memoryOf(wrapped)).toBe((tensor.data as Float32Array).buffer);
  });

  test("in a list they are the rows of a new axis", () => {
    const embedding = (x: number): WrappedTensor => new WrappedTensor(new Tensor("float32", [x, x + 1], [2]));
    expect(stored([embedding(1), embedding(3)])).toEqual({ shape: [2, 2], dtype: "float32", values: [1, 2, 3, 4] });
  });
});
