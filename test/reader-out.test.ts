/** Rows that are read into memory which the caller has already. */
import { describe, expect, test } from "vitest";
import { MemoryStorage, NpyAppendArray, type NpyData, NpyReader, type RecordArray, save, saveSync } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const ROWS = 1000;

function stored(dtype: string): MemoryStorage {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype, casting: "unsafe" });
  npaa.append({ data: Float64Array.from({ length: 3 * ROWS }, (_, i) => i % 100), shape: [ROWS, 3] });
  npaa.close();
  return storage;
}

/** A typed array of the class that an array was read as, with room for so many rows. */
function room(data: NpyData, rows: number): Float64Array<ArrayBuffer> {
  const { constructor: TypedArray } = data as Float64Array;
  return new (TypedArray as Float64ArrayConstructor)(3 * rows);
}

describe.each(["?", "|i1", "|u1", "<i2", ">i2", "<u4", ">u4", "<i8", ">i8", "<f4", ">f4", "<f8", ">f8"])("%s", (dtype) => {
  test("read gives a view of out that holds the same as a new array", async () => {
    const storage = stored(dtype);
    const sync = NpyReader.openSync(storage);
    const reader = await NpyReader.open(storage);
    const out = room(sync.read(0, 1).data, 20);
    for (const [start, stop] of [
      [0, 20],
      [5, 8],
      [-20, undefined],
      [7, 7],
    ] as const) {
      const expected = sync.read(start, stop);
      for (const found of [sync.read(start, stop, { out }), await reader.read(start, stop, { out })]) {
        expect(found).toEqual(expected);
        expect((found.data as Float64Array).buffer).toBe(out.buffer);
      }
    }
    await reader.close();
  });

  test("chunks fill out, one after the other", async () => {
    const storage = stored(dtype);
    const sync = NpyReader.openSync(storage);
    const all = sync.read().data as Float64Array<ArrayBuffer>;
    const out = room(all, 64);
    const reader = await NpyReader.open(storage);
    for (const rows of [undefined, 10]) {
      const options = rows === undefined ? { out } : { out, rows };
      let at = 0;
      for (const { data, shape } of sync.chunks(options)) {
        expect(shape[0]).toBe(Math.min(rows ?? 64, ROWS - at / 3));
        expect(data).toEqual(all.subarray(at, at + 3 * (shape[0] as number)));
        at += (data as Float64Array).length;
      }
      expect(at).toBe(3 * ROWS);
      let count = 0;
      for await (const { data } of reader.chunks(options)) {
        expect((data as Float64Array).buffer).toBe(out.buffer);
        count += (data as Float64Array).length;
      }
      expect(count).toBe(3 * ROWS);
    }
    await reader.close();
  });
});

test("a file, a part of a larger array, and records", async () => {
  const path = temporaryPath();
  await save(
    path,
    Float64Array.from({ length: ROWS }, (_, i) => i),
  );
  const reader = await NpyReader.open(path, { dtype: "float64" });
  const larger = new Float64Array(30).fill(-1);
  const { data } = await reader.read(10, 20, { out: larger.subarray(10, 20) });
  expect(data).toEqual(Float64Array.from({ length: 10 }, (_, i) => 10 + i));
  expect([...larger]).toEqual([...Array(10).fill(-1), ...data, ...Array(10).fill(-1)]);
  await reader.close();

  const records = new MemoryStorage();
  saveSync(
    records,
    [
      { t: 1.5, n: "a" },
      { t: 2.5, n: "b" },
    ],
    {
      dtype: [
        ["t", ">f8"],
        ["n", "<U1"],
      ],
    },
  );
  const found = NpyReader.openSync(records).read(1, 2, { out: Buffer.alloc(100) });
  expect((found.data as RecordArray).at(0)).toEqual({ t: 2.5, n: "b" });
});

test.each([
  ["of another type", "<f8", new Float32Array(3000), /out must be a Float64Array.*found a Float32Array/],
  ["that is none", "<f8", [1, 2, 3], /out must be a Float64Array.*found object/],
  ["that is too short", "<f8", new Float64Array(5), /out has room for 40 bytes, and the rows are 24000/],
  ["for float16", "<f2", new Float32Array(3000), /converted/],
  ["for strings", "<U3", new Uint8Array(30000), /converted/],
])("an array %s is refused, and nothing is written to it", async (_name, dtype, out, message) => {
  const storage = stored(dtype);
  const refusal = expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringMatching(message) });
  const reader = NpyReader.openSync(storage);
  expect(() => reader.read(0, ROWS, { out: out as Float64Array })).toThrow(refusal);
  expect(new Set(out)).not.toContain(99);
  const other = await NpyReader.open(storage);
  await expect(other.read(0, ROWS, { out: out as Float64Array })).rejects.toEqual(refusal);
  expect(() => other.readable({ out } as object)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  await other.close();
});
