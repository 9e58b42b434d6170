import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dtype,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  type NpyReaderSync,
  save,
  saveSync,
} from "../src/node.ts";
import { lacksHoles } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

/** A file of ten rows of two numbers: 0 to 19. */
function tenRows(): string {
  const path = temporaryPath();
  saveSync(path, { data: Int32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] });
  return path;
}

describe("read", () => {
  test.each([
    [undefined, undefined],
    [0, 3],
    [3, 3],
    [7, 2],
    [-3, undefined],
    [-3, -1],
    [-99, 2],
    [8, 99],
    [99, 100],
    [0, Number.POSITIVE_INFINITY],
  ])("rows %j to %j are what slice gives", async (start, stop) => {
    const rows = Array.from({ length: 10 }, (_, i) => [2 * i, 2 * i + 1]).slice(start, stop);
    const path = tenRows();
    const expected = { shape: [rows.length, 2], data: Int32Array.from(rows.flat()), fortranOrder: false };
    await using reader = await NpyReader.open(path);
    expect(await reader.read(start, stop)).toMatchObject(expected);
    using sync = NpyReader.openSync(path);
    expect(sync.read(start, stop)).toMatchObject(expected);
  });

  test.each([0.5, Number.NaN, "1"])("%j is no row", async (row) => {
    await using reader = await NpyReader.open(tenRows());
    await expect(reader.read(row as number)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await expect(reader.read(0, row as number)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test("Fortran order: rows are slices of the last axis", async () => {
    const storage = new MemoryStorage();
    await save(storage, { data: new Int8Array([1, 2, 3, 4, 5, 6]), shape: [2, 3], dtype: "i1", fortranOrder: true });
    await using reader = await NpyReader.open(storage);
    expect(reader).toMatchObject({ shape: [2, 3], length: 3, fortranOrder: true });
    expect(await reader.read(1, 3)).toMatchObject({ shape: [2, 2], data: new Int8Array([3, 4, 5, 6]), fortranOrder: true });
  });

  test("reads under way are finished before the file is closed", async () => {
    const path = temporaryPath();
    await save(path, new Float64Array(500_000).fill(3));
    const reader = await NpyReader.open(path, { dtype: "<f8" });
    const reads = Array.from({ length: 8 }, () => reader.read());
    const closing = reader.close();
    for (const { data } of await Promise.all(reads)) expect(data.every((value) => value === 3)).toBe(true);
    await closing;
    await reader.close();
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("sees the rows that were there when it was opened", async () => {
    const path = tenRows();
    await using reader = await NpyReader.open(path);
    await using npaa = await NpyAppendArray.open(path);
    await npaa.append(new Int32Array([20, 21]));
    expect((await reader.read()).shape).toEqual([10, 2]);
    expect((await load(path)).shape).toEqual([11, 2]);
  });
});

describe("chunks", () => {
  test.each([1, 3, 10, 100, undefined])("of %j rows make the whole, as often as asked for", async (rows) => {
    const path = tenRows();
    await using reader = await NpyReader.open(path);
    using sync = NpyReader.openSync(path) as NpyReaderSync;
    const options = rows === undefined ? {} : { rows };
    const chunks = reader.chunks(options);
    for (let turn = 0; turn < 2; turn++) {
      const parts: NpyArray[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      expect(parts.map(({ shape }) => shape[0])).toEqual([...sync.chunks(options)].map(({ shape }) => shape[0]));
      expect(parts.flatMap(({ data }) => Array.from(data as Int32Array))).toEqual(Array.from({ length: 20 }, (_, i) => i));
      if (rows !== undefined) expect(parts.every(({ shape }, i) => shape[0] === Math.min(rows, 10 - i * rows))).toBe(true);
    }
  });

  test("hold about 4 MiB by default", async () => {
    const storage = new MemoryStorage();
    await save(storage, { data: new Float32Array(3 * 2 ** 20 + 1), shape: [3 * 2 ** 20 + 1] });
    await using reader = await NpyReader.open(storage);
    const lengths: number[] = [];
    for await (const { shape } of reader.chunks()) lengths.push(shape[0] as number);
    expect(lengths).toEqual([2 ** 20, 2 ** 20, 2 ** 20, 1]);
  });

  test("of an empty array are none, of a 0-d array one", async () => {
    for (const [array, expected] of [[[], 0] as const, [5, 1] as const]) {
      const storage = new MemoryStorage();
      await save(storage, array);
      using reader = NpyReader.openSync(storage);
      expect([...reader.chunks()]).toHaveLength(expected);
    }
  });

  test("of rows without elements are one, however many rows there are", async () => {
    const storage = new MemoryStorage(formatHeader({ dtype: dtype("f8"), fortranOrder: false, shape: [1e15, 0] }));
    using reader = NpyReader.openSync(storage);
    expect([...reader.chunks()].map(({ shape }) => shape)).toEqual([[1e15, 0]]);
    for await (const { shape } of (await NpyReader.open(storage)).chunks()) expect(shape).toEqual([1e15, 0]);
  });

  test("of more elements without bytes than can be read at once are refused, unless they are of fewer rows", () => {
    const storage = new MemoryStorage(formatHeader({ dtype: dtype("S0"), fortranOrder: false, shape: [1e15] }));
    using reader = NpyReader.openSync(storage);
    expect(() => [...reader.chunks()]).toThrow(
      expect.objectContaining({ code: "ERR_NPY_SHAPE", message: expect.stringMatching(/chunks of fewer rows/) }),
    );
    for (const { data } of reader.chunks({ rows: 3 })) {
      expect(data).toEqual(["", "", ""]);
      break;
    }
  });

  test.each([0, -1, 1.5])("%j rows are refused", async (rows) => {
    await using reader = await NpyReader.open(tenRows());
    expect(() => reader.chunks({ rows })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});

describe("load", () => {
  test("gives 0-d arrays", async () => {
    const storage = new MemoryStorage();
    await save(storage, 7n);
    expect(await load(storage)).toMatchObject({ shape: [], data: new BigInt64Array([7n]) });
    await using reader = await NpyReader.open(storage);
    await expect(reader.read(0, 0)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  });

  test("refuses a file that ends before its last row, and takes one that goes on after it", async () => {
    const path = tenRows();
    writeFileSync(path, "more", { flag: "a" });
    expect((await load(path)).shape).toEqual([10, 2]);
    truncateSync(path, 128 + 79);
    await expect(load(path)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path });
    expect(() => loadSync(path)).toThrow(expect.objectContaining({ code: "ERR_NPY_NEEDS_RECOVERY" }));
    await expect(NpyReader.open(path)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
  });

  test("a file that becomes shorter while it is open is an error, not zeros", async () => {
    const path = tenRows();
    await using reader = await NpyReader.open(path);
    truncateSync(path, 200);
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
  });

  test("expects the dtype that it is told, in either byte order", async () => {
    const storage = new MemoryStorage();
    await save(storage, [1, 2], { dtype: ">f4" });
    expect((await load(storage, { dtype: "float32" })).data).toEqual(new Float32Array([1, 2]));
    await expect(load(storage, { dtype: "float64" })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
  });

  test("refuses options that do not exist", async () => {
    const storage = new MemoryStorage();
    await save(storage, [1, 2]);
    await expect(load(storage, { dtyp: "f4" } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await expect(NpyReader.open(storage, { mmapp: true } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test.skipIf(openDescriptors() === undefined)("leaves no descriptor open", async () => {
    const path = tenRows();
    const before = openDescriptors();
    await load(path);
    loadSync(path);
    await expect(load(path, { dtype: "f8" })).rejects.toThrow();
    truncateSync(path, 130);
    await expect(load(path)).rejects.toThrow();
    expect(() => loadSync(path)).toThrow();
    expect(openDescriptors()).toBe(before);
  });

  test.skipIf(lacksHoles)("an array that is too large for one piece of memory is a clear error", async () => {
    // A header can say anything; the file is as long as it says, and sparse.
    const path = temporaryPath();
    const rows = 2 ** 40;
    writeFileSync(path, formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [rows] }));
    truncateSync(path, 128 + rows);
    await expect(load(path)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", message: expect.stringMatching(/chunks/) });
    await using reader = await NpyReader.open(path);
    expect((await reader.read(rows - 2)).data).toEqual(new Uint8Array(2));
  });
});
