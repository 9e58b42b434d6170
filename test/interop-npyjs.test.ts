import { dump, load as loadNpyjs, parse } from "npyjs";
import { describe, expect, test } from "vitest";
import { dtype, MemoryStorage, NpyAppendArray, saveSync } from "../src/index.ts";
import { loaded, stored } from "./support/stored.ts";

/** A file of ours. */
function file(array: Parameters<typeof saveSync>[1], options: Parameters<typeof saveSync>[2] = {}): ArrayBuffer {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return (storage.bytes() as Uint8Array<ArrayBuffer>).buffer;
}

describe("in", () => {
  test.each(["<f4", "<f8", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "|b1", "<f2"])("%s", (like) => {
    const array = parse(file([[0, 1]], { dtype: like }));
    const values = Array.from(array.data as unknown as ArrayLike<unknown>, (value) =>
      value === Boolean(value) ? +value : value,
    );
    expect(stored(array)).toEqual({ shape: [1, 2], dtype: dtype(like).name, values });
  });

  test("float16, converted and as bits", () => {
    const bytes = file([1, 2.5, 65504, 6e-8], { dtype: "<f2" });
    const converted = parse(bytes);
    expect(stored(converted)).toEqual({ shape: [4], dtype: "float16", values: Array.from(converted.data as Float32Array) });
    const bits = parse(bytes, { convertFloat16: false });
    expect(bits.data).toBeInstanceOf(Uint16Array);
    expect(stored(bits)).toEqual(stored(converted));
  });

  test("complex numbers and strings", () => {
    const complex = parse(dump([1, 2, 3, 4], [2], { dtype: "c16" }));
    expect(stored(complex)).toEqual({
      shape: [2],
      dtype: "complex128",
      values: [
        [1, 2],
        [3, 4],
      ],
    });
    const strings = parse(dump(["ab", "cde"], [2]));
    expect(stored(strings)).toEqual({ shape: [2], dtype: "str96", values: ["ab", "cde"] });
  });

  test("its Fortran order becomes a new file's", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    const bytes = file(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { fortranOrder: true },
    );
    npaa.append(parse(bytes));
    npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(bytes));
  });
});

describe("out", () => {
  test("what is written, npyjs parses", async () => {
    const array = await loadNpyjs(file([[1, 2, 3]], { dtype: "float32" }));
    expect(array).toEqual({ data: new Float32Array([1, 2, 3]), shape: [1, 3], dtype: "f4", fortranOrder: false });
  });

  test("what is loaded, npyjs dumps", async () => {
    const { data, shape } = await loaded([[1, 2, 3]]);
    expect(parse(dump(data as Float64Array, shape))).toMatchObject({ data: new Float64Array([1, 2, 3]), shape: [1, 3] });
  });
});
