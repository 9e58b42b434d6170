/** Rows one by one, and where chunks begin. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dtype,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  RecordArray,
  type SaveOptions,
  saveSync,
} from "../src/node.ts";
import { caught } from "./support/caught.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

type Input = Parameters<typeof saveSync>[1];

function saved(array: Input, options: SaveOptions = {}): MemoryStorage {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage;
}

async function collected<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values);
const point = { t: "<f8", id: ">i4" };

describe("a row of a 1-D array is one value", () => {
  const cases: [string, Input, SaveOptions, unknown[]][] = [
    ["float64", [1.5, -2], {}, [1.5, -2]],
    ["float16", [1.5, -2], { dtype: "float16" }, [1.5, -2]],
    ["int16 of the other byte order", [1, 258], { dtype: ">i2" }, [1, 258]],
    ["bool", [true, false], {}, [1, 0]],
    ["int64", [1n, -(2n ** 63n)], {}, [1n, -(2n ** 63n)]],
    ["datetime64", [new Date(86_400_000)], { dtype: "<M8[D]" }, [1n]],
    ["complex64", [{ re: 1, im: -2 }], { dtype: "complex64" }, [{ re: 1, im: -2 }]],
    ["text", ["a", "bcd"], {}, ["a", "bcd"]],
    ["void", { data: bytes(1, 2, 3, 4, 5, 6), shape: [2], dtype: "V3" }, {}, [bytes(1, 2, 3), bytes(4, 5, 6)]],
    ["records", [{ t: 0.5, id: 7 }], { dtype: point }, [{ t: 0.5, id: 7 }]],
    ["nothing", [], { dtype: "int8" }, []],
    ["a 0-d array, which has one", 5, {}, [5]],
  ];
  test.each(cases)("%s", async (_name, array, options, expected) => {
    const storage = saved(array, options);
    expect([...NpyReader.openSync(storage).rows()]).toEqual(expected);
    expect(await collected((await NpyReader.open(storage)).rows())).toEqual(expected);
  });
});

describe("a row of any other array is its data, in the file's order", () => {
  const twelve = { shape: [3, 2, 2] };
  const texts = Array.from({ length: 12 }, (_, i) => `t${i}`);
  const cases: [string, Input, SaveOptions][] = [
    ["float32", { ...twelve, data: Float32Array.from({ length: 12 }, (_, i) => i) }, {}],
    ["float32 in Fortran order", { ...twelve, data: Float32Array.from({ length: 12 }, (_, i) => i) }, { fortranOrder: true }],
    ["float16", { ...twelve, data: Float32Array.from({ length: 12 }, (_, i) => i) }, { dtype: "float16" }],
    ["int64", { ...twelve, data: BigInt64Array.from({ length: 12 }, (_, i) => BigInt(i)) }, { dtype: ">i8" }],
    ["complex128", { shape: [3, 2], data: Float64Array.from({ length: 12 }, (_, i) => i), dtype: "complex128" }, {}],
    ["text", { ...twelve, data: texts }, { dtype: "U3" }],
    ["void", { shape: [2, 2], data: Uint8Array.from({ length: 12 }, (_, i) => i), dtype: "V3" }, {}],
    ["rows without elements", { shape: [3, 0], data: new Int8Array(0) }, {}],
  ];
  test.each(cases)("%s", async (_name, array, options) => {
    const storage = saved(array, options);
    const reader = NpyReader.openSync(storage);
    const expected = Array.from({ length: reader.length }, (_, i) => reader.read(i, i + 1).data);
    expect(expected.length).toBeGreaterThan(1);
    expect([...reader.rows()]).toEqual(expected);
    expect(await collected((await NpyReader.open(storage)).rows())).toEqual(expected);
    if (lacksMappings) return;
    const path = temporaryPath();
    writeFileSync(path, storage.bytes() as Uint8Array);
    const mapped = NpyReader.openSync(path, { mmap: true });
    expect([...mapped.rows()]).toEqual(expected);
    mapped.close();
  });

  test("records: a RecordArray of the row", () => {
    const type = dtype(point);
    const one = loadSync(
      saved(
        [0, 1, 2, 3].map((i) => ({ t: i / 2, id: i })),
        { dtype: type },
      ),
    );
    const storage = saved({ ...one, shape: [2, 2] } as NpyArray);
    const rows = [...NpyReader.openSync(storage).rows()] as RecordArray[];
    expect(rows.every((row) => row instanceof RecordArray)).toBe(true);
    expect(rows.map((row) => [...row.column("id")])).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test("code points that no string can hold are kept with the row", async () => {
    const data = new Uint8Array(Uint32Array.of(0x110000, 0xd800, 0xdc00, 0x61).buffer);
    const storage = saved({ data: data.buffer, shape: [2, 2], dtype: "<U1" });
    const npaa = NpyAppendArray.openSync(storage);
    for (const row of [...NpyReader.openSync(storage).rows()] as string[][]) npaa.append([row]);
    npaa.close();
    const written = storage.bytes() as Uint8Array;
    expect(written.slice(-16)).toEqual(data);
  });
});

/** More than one chunk of 4 MiB. */
const ROWS = 700_000;
const LONG = saved(Float64Array.from({ length: ROWS }, (_, i) => i));

test("rows come in order through all chunks, from `start` to `stop`", async () => {
  const reader = NpyReader.openSync(LONG);
  let next = 0;
  for (const row of reader.rows()) if (row !== next++) break;
  expect(next).toBe(ROWS);
  const later = await NpyReader.open(LONG);
  next = 0;
  for await (const row of later.rows()) if (row !== next++) break;
  expect(next).toBe(ROWS);
  expect([...reader.rows({ start: -2 })]).toEqual([ROWS - 2, ROWS - 1]);
  expect([...reader.rows({ start: 3, stop: 5 })]).toEqual([3, 4]);
  expect([...reader.rows({ start: 5, stop: 3 })]).toEqual([]);
  expect([...reader.rows({ start: ROWS + 5 })]).toEqual([]);
  expect(await collected(later.rows({ start: 3, stop: -ROWS + 5 }))).toEqual([3, 4]);
});

test("rows are views of one chunk, and each stays as it is", async () => {
  const reader = NpyReader.openSync(saved({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }));
  const [first, second] = [...reader.rows()] as Float32Array[];
  expect(first?.buffer).toBe(second?.buffer);
  expect([first, second]).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
});

test("each loop begins again, and sees the rows that the reader has then", async () => {
  const storage = saved([1, 2]);
  const reader = await NpyReader.open(storage);
  const rows = reader.rows();
  expect(await collected(rows)).toEqual([1, 2]);
  const npaa = NpyAppendArray.openSync(storage);
  npaa.append([3]);
  npaa.close();
  await reader.refresh();
  expect(await collected(rows)).toEqual([1, 2, 3]);
});

test("calls that do not wait for each other get rows in their order, and then the end", async () => {
  const reader = await NpyReader.open(new Blob([LONG.bytes() as Uint8Array<ArrayBuffer>]));
  const start = 524_286;
  const rows = reader.rows({ start, stop: start + 4 })[Symbol.asyncIterator]();
  const results = await Promise.all(Array.from({ length: 6 }, () => rows.next()));
  expect(results.map(({ value }) => value)).toEqual([start, start + 1, start + 2, start + 3, undefined, undefined]);
  expect(results.map(({ done }) => done)).toEqual([false, false, false, false, true, true]);
});

test("an iteration that ends early, or is returned, has ended", async () => {
  const sync = NpyReader.openSync(LONG).rows()[Symbol.iterator]();
  expect([sync.next().value, sync.return?.().done, sync.next().done]).toEqual([0, true, true]);
  const later = (await NpyReader.open(LONG)).rows()[Symbol.asyncIterator]();
  const results = await Promise.all([later.next(), later.return?.(), later.next()]);
  expect(results.map((result) => result?.done)).toEqual([false, true, true]);
});

test("a signal ends the iteration, also between two rows of a chunk", async () => {
  for (const isLater of [false, true]) {
    const controller = new AbortController();
    const { signal } = controller;
    const seen: unknown[] = [];
    const iterate = async (): Promise<void> => {
      const rows = isLater ? (await NpyReader.open(LONG)).rows({ signal }) : NpyReader.openSync(LONG).rows({ signal });
      for await (const row of rows) {
        seen.push(row);
        if (row === 2) controller.abort(new Error("enough"));
      }
    };
    await expect(iterate()).rejects.toThrow("enough");
    expect(seen).toEqual([0, 1, 2]);
  }
});

test("errors: options, and a reader that was closed", async () => {
  const reader = NpyReader.openSync(LONG);
  expect(caught(() => reader.rows({ first: 1 } as object))).toMatchObject({ code: "ERR_NPY_OPTION" });
  expect(caught(() => reader.rows({ start: 0.5 }))).toMatchObject({ code: "ERR_NPY_OPTION" });
  const rows = reader.rows()[Symbol.iterator]();
  reader.close();
  expect(caught(() => rows.next())).toMatchObject({ code: "ERR_NPY_CLOSED" });
  expect(rows.next().done).toBe(true);
  const later = await NpyReader.open(LONG);
  const iterator = later.rows()[Symbol.asyncIterator]();
  await later.close();
  await expect(iterator.next()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  expect((await iterator.next()).done).toBe(true);
});

test.each([
  ["records", [{ t: 0.5, id: 7 }], { dtype: point }],
  ["lists", { data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, {}],
  ["bools", [true, false], {}],
  ["complex numbers", [{ re: 1, im: 2 }], { dtype: "complex128" }],
] as [string, Input, SaveOptions][])("rows can be appended one by one: %s", async (_name, array, options) => {
  const source = saved(array, options);
  const reader = await NpyReader.open(source);
  const storage = new MemoryStorage();
  const { dtype: type, shape } = reader;
  const npaa = await NpyAppendArray.open(storage, { dtype: type, rowShape: shape.slice(1) });
  await npaa.appendFrom(reader.rows() as AsyncIterable<never>, { each: "row" });
  await npaa.close();
  expect(storage.bytes()).toEqual(source.bytes());
});

describe("chunks say where they begin", () => {
  test("chunks, readable and follow", async () => {
    const storage = saved([0, 1, 2, 3, 4]);
    const reader = await NpyReader.open(storage);
    const sync = NpyReader.openSync(storage);
    expect([...sync.chunks({ rows: 2 })].map(({ start, data }) => [start, [...data]])).toEqual([
      [0, [0, 1]],
      [2, [2, 3]],
      [4, [4]],
    ]);
    expect((await collected(reader.chunks({ rows: 3 }))).map(({ start }) => start)).toEqual([0, 3]);
    const out = new Float64Array(2);
    expect((await collected(reader.chunks({ out }))).map(({ start }) => start)).toEqual([0, 2, 4]);
    expect((await collected(reader.readable({ rows: 2 }))).map(({ start }) => start)).toEqual([0, 2, 4]);
    const npaa = NpyAppendArray.openSync(storage);
    npaa.append([5]);
    npaa.close();
    const starts: number[] = [];
    for await (const { start } of reader.follow({ from: 1, rows: 2 })) {
      starts.push(start);
      if (start === 5) break;
    }
    expect(starts).toEqual([1, 3, 5]);
  });

  test.each([
    ["float64", { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] }, {}],
    ["Fortran order", { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] }, { fortranOrder: true }],
    ["text", ["a", "b"], {}],
    ["records", [{ t: 0.5, id: 7 }], { dtype: point }],
    ["records with fields of the same names", [{ data: 1, start: 2 }], { dtype: { data: "<f8", start: "<i4" } }],
  ] as [string, Input, SaveOptions][])("and can be appended: %s", async (_name, array, options) => {
    const source = saved(array, options);
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    for (const chunk of NpyReader.openSync(source).chunks({ rows: 1 })) npaa.append(chunk);
    npaa.close();
    expect(storage.bytes()).toEqual(source.bytes());
    expect((await load(storage)).shape).toEqual((await load(source)).shape);
  });
});
