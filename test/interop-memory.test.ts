import { describe, expect, test } from "vitest";
import { type ArrayInput, load, NpyAppendArray } from "../src/node.ts";
import { loaded, memoryOf, stored } from "./support/stored.ts";
import { temporaryPath } from "./support/temporary.ts";
import { resizable } from "./support/vanishing-memory.ts";

/** The types of the web that Node's declarations lack. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Memory: new (descriptor: {
      initial: number;
      maximum?: number;
      shared?: boolean;
    }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  };
};

const bytes = Uint8Array.from([0, 1, 0, 2, 0, 3]);

describe("in", () => {
  test("a Buffer, also one within Node's pool", () => {
    const pooled = Buffer.from("abc");
    expect(pooled.buffer.byteLength).toBeGreaterThan(3);
    expect(stored(pooled)).toEqual({ shape: [3], dtype: "uint8", values: [97, 98, 99] });
    expect(stored({ data: pooled, shape: [3, 1] })).toEqual({ shape: [3, 1], dtype: "uint8", values: [97, 98, 99] });
    expect(stored({ data: Buffer.from(bytes), shape: [3], dtype: ">i2" })).toEqual({
      shape: [3],
      dtype: "int16",
      values: [1, 2, 3],
    });
  });

  test("a DataView, an ArrayBuffer and a SharedArrayBuffer of a dtype", () => {
    const shared = new SharedArrayBuffer(6);
    new Uint8Array(shared).set(bytes);
    for (const data of [new DataView(bytes.buffer), new DataView(shared), bytes.buffer, shared]) {
      expect(stored({ data, shape: [3], dtype: ">i2" })).toEqual({ shape: [3], dtype: "int16", values: [1, 2, 3] });
      expect(() => stored(data as unknown as ArrayInput)).toThrow(expect.objectContaining({ code: "ERR_NPY_DTYPE" }));
    }
    const within = { data: new DataView(bytes.buffer, 2), shape: [2], dtype: ">i2" };
    expect(stored(within).values).toEqual([2, 3]);
    expect(memoryOf(within)).toBe(bytes.buffer);
  });

  const memory = new WebAssembly.Memory({ initial: 1 });
  const shared = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

  test.each<[string, ArrayBufferLike]>([
    ["a SharedArrayBuffer", new SharedArrayBuffer(65536)],
    ["WebAssembly's memory", memory.buffer],
    ["WebAssembly's shared memory", shared.buffer],
  ])("views over %s, into a real file", async (_, buffer) => {
    const path = temporaryPath();
    const view = new Float64Array(buffer, 1024, 6);
    view.set([1, 2, 3, 4, 5, 6]);
    const large = new Float64Array(buffer).fill(7);
    view.set([1, 2, 3, 4, 5, 6]);
    const npaa = await NpyAppendArray.open(path);
    await npaa.append({ data: view, shape: [3, 2], strides: [1, 3] });
    await npaa.append(view);
    await npaa.append(large);
    await npaa.close();
    const { data, shape } = await load(path);
    expect(shape).toEqual([6 + 4096, 2]);
    expect(Array.from((data as Float64Array).subarray(0, 12))).toEqual([1, 4, 2, 5, 3, 6, 1, 2, 3, 4, 5, 6]);
    expect((data as Float64Array).subarray(12)).toEqual(Float64Array.from(large));
  });

  test("a view of WebAssembly memory that has grown since is no array any more", () => {
    const growing = new WebAssembly.Memory({ initial: 1 });
    const view = new Float64Array(growing.buffer, 0, 2);
    growing.grow(1);
    expect(() => stored(view)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE" }));
    expect(() => stored({ data: view, shape: [0] })).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE" }));
  });

  test("nor is one whose buffer was resized, or transferred, even where it would pass for one without elements", () => {
    const resized = resizable(16);
    const posted = new ArrayBuffer(16);
    const views = [
      new Float64Array(resized, 0, 2),
      new Float64Array(resized, 8, 1),
      new Float32Array(resized, 8),
      new DataView(resized, 0, 16),
      new Float64Array(posted),
      posted,
    ];
    resized.resize(4);
    structuredClone(posted, { transfer: [posted] });
    for (const data of views) {
      expect(() => stored({ data, shape: [0], dtype: "uint8" })).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE" }));
    }
    expect(stored(new Uint8Array(resized)).values).toEqual([0, 0, 0, 0]);
  });
});

describe("out", () => {
  test("a Buffer and a DataView of what was loaded", async () => {
    const { data } = await loaded([1, 2.5], { dtype: ">f4" });
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    expect(Buffer.from(buffer, byteOffset, byteLength).readFloatLE(4)).toBe(2.5);
    expect(new DataView(buffer, byteOffset, byteLength).getFloat32(4, true)).toBe(2.5);
  });

  test("WebAssembly's memory", async () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { data } = await loaded([1, 2.5]);
    new Float64Array(memory.buffer, 64, 2).set(data as Float64Array);
    expect(new DataView(memory.buffer).getFloat64(72, true)).toBe(2.5);
  });
});
