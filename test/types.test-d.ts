/** What the compiler knows. */
import { expectTypeOf, test } from "vitest";
import { type DataOf, dtype, load, loadSync, NpyAppendArray, type NpyArray, type NpyData, NpyReader } from "../src/node.ts";

test("a dtype gives its typed array", () => {
  expectTypeOf<DataOf<"float32">>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<f8">>().toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<">i8">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"bool">>().toEqualTypeOf<Uint8Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"float16">>().toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"complex128">>().toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<M8[ns]">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"datetime64[ms]">>().toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  expectTypeOf<DataOf<"<U10">>().toEqualTypeOf<string[]>();
  expectTypeOf<DataOf<"|S5">>().toEqualTypeOf<string[]>();
  expectTypeOf<DataOf<string>>().toEqualTypeOf<NpyData>();
});

test("load and NpyReader give data of the dtype that they are told", async () => {
  expectTypeOf(load("a.npy", { dtype: "float32" })).resolves.toEqualTypeOf<NpyArray<"float32">>();
  expectTypeOf((await load("a.npy", { dtype: "float32" })).data).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf(loadSync("a.npy", { dtype: dtype("uint16") }).data).toEqualTypeOf<Uint16Array<ArrayBuffer>>();
  expectTypeOf((await load("a.npy")).data).toEqualTypeOf<NpyData>();
  const reader = await NpyReader.open("a.npy", { dtype: "int64" });
  expectTypeOf((await reader.read()).data).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
  for await (const { data } of reader.chunks()) expectTypeOf(data).toEqualTypeOf<BigInt64Array<ArrayBuffer>>();
});

test("a misspelt option is refused", () => {
  void NpyAppendArray.open("a.npy", { deleteIfExists: true, dtype: "float32", rowShape: [3] });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { deleteIfExist: true });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { casting: "samekind" });
  // @ts-expect-error
  void NpyAppendArray.open("a.npy", { dtype: "float32", rowShape: 3 });
  // @ts-expect-error
  void NpyReader.open("a.npy", { mmapp: true });
});

test("arrays of other shapes than rows are refused", () => {
  const npaa = NpyAppendArray.openSync("a.npy");
  npaa.append([[1, 2]]);
  npaa.append([new Float32Array(3)]);
  npaa.append({ data: new Float64Array(6), shape: [2, 3], strides: [1, 2], offset: 0 });
  npaa.append({ data: new ArrayBuffer(8), shape: [1], dtype: ">f8" });
  npaa.append([new Date(), new Date()]);
  // @ts-expect-error
  npaa.append({ data: new Float64Array(6) });
  // @ts-expect-error
  npaa.append(undefined);
});
