import { describe, expect, test } from "vitest";
import * as zarr from "zarrita";
import { indices, loaded, stored } from "./support/stored.ts";

const root = zarr.root(new Map());

/** Element `index` of a chunk, as zarrita's own arrays give it. */
function at({ data, stride }: { data: unknown; stride: number[] }, index: number[]): unknown {
  const position = index.reduce((sum, i, axis) => sum + i * (stride[axis] as number), 0);
  return "get" in (data as object) ? (data as { get(i: number): unknown }).get(position) : (data as ArrayLike<unknown>)[position];
}

const transposed = [
  { name: "transpose", configuration: { order: [1, 0] } },
  { name: "bytes", configuration: { endian: "little" } },
];

describe("in", () => {
  test.each([
    ["float64", new Float64Array([1, 2, 3, 4, 5, 6]), "float64"],
    ["int32", new Int32Array([1, 2, 3, 4, 5, 6]), "int32"],
    ["int64", new BigInt64Array([1n, 2n, 3n, 4n, 5n, 6n]), "int64"],
    ["bool", new zarr.BoolArray([true, false, true, true, false, false]), "bool"],
    ["v2:U2", new zarr.UnicodeStringArray(2, ["a", "bc", "", "d", "🎲", "ef"]), "str64"],
    ["v2:S3", new zarr.ByteStringArray(3, ["a", "bc", "", "d", "e", "fgh"]), "bytes24"],
  ] as const)("%s: what get() gives, and the chunks", async (dtype, data, stores) => {
    const isText = dtype.startsWith("v2:");
    const array = await zarr.create(root.resolve(`/${dtype.replace(":", "")}`), {
      shape: [2, 3],
      chunkShape: [2, 3],
      dtype: dtype as zarr.DataType,
      ...(isText ? {} : { codecs: transposed }),
    });
    await zarr.set(array, null, { data, shape: [2, 3], stride: [3, 1] } as never);
    for (const chunk of [await zarr.get(array), await array.getChunk([0, 0]), await zarr.get(array, [null, zarr.slice(1, 3)])]) {
      const values = indices(chunk.shape).map((index) => at(chunk, index));
      expect(stored(chunk)).toEqual({
        shape: chunk.shape,
        dtype: stores,
        values: dtype === "bool" ? values.map(Number) : values,
      });
    }
    if (!isText) expect((await array.getChunk([0, 0])).stride).toEqual([1, 2]);
  });

  test("string, which it reads and does not write", async () => {
    const store = new Map<string, Uint8Array>();
    await zarr.create(zarr.root(store).resolve("/text"), {
      shape: [2],
      chunkShape: [2],
      dtype: "string",
      codecs: [{ name: "vlen-utf8", configuration: {} }],
    });
    store.set("/text/c/0", Uint8Array.from(Buffer.from("\x02\0\0\0\x01\0\0\0a\x03\0\0\0bcd")));
    const chunk = await zarr.get(await zarr.open.v3(zarr.root(store).resolve("/text"), { kind: "array" }));
    expect(stored(chunk as { data: string[]; shape: number[]; stride: number[] })).toEqual({
      shape: [2],
      dtype: "str96",
      values: ["a", "bcd"],
    });
  });

  test("its arrays alone", () => {
    expect(stored(new zarr.BoolArray([true, false]))).toEqual({ shape: [2], dtype: "bool", values: [1, 0] });
    expect(stored(new zarr.UnicodeStringArray(3, ["abc", "d"]))).toEqual({ shape: [2], dtype: "str96", values: ["abc", "d"] });
    expect(stored(new zarr.ByteStringArray(1, ["a", "d"]))).toEqual({ shape: [2], dtype: "bytes8", values: ["a", "d"] });
  });
});

test.each([true, false])("out, fortranOrder: %s", async (fortranOrder) => {
  const { data, shape } = await loaded({ data: new Float64Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] }, { fortranOrder });
  const array = await zarr.create(root.resolve(`/out-${fortranOrder}`), { shape, chunkShape: shape, dtype: "float64" });
  await zarr.set(array, null, { data: data as Float64Array<ArrayBuffer>, shape, stride: fortranOrder ? [1, 2] : [3, 1] });
  expect((await zarr.get(array)).data).toEqual(new Float64Array([1, 2, 3, 4, 5, 6]));
});
