import * as arrow from "apache-arrow";
import { describe, expect, test } from "vitest";
import { load, loadSync, MemoryStorage, NpyAppendArray, type RecordArray, saveSync } from "../src/index.ts";
import { loaded, memoryOf, stored } from "./support/stored.ts";

const { vectorFromArray } = arrow;

/** In two chunks. */
function chunked(vector: arrow.Vector): arrow.Vector {
  return vector.slice(0, 2).concat(vector.slice(2));
}

function list(type: arrow.DataType, size: number): arrow.FixedSizeList {
  return new arrow.FixedSizeList(size, new arrow.Field("item", type));
}

describe("vectors in", () => {
  test.each<[string, arrow.Vector, string]>([
    ["int8", vectorFromArray([1, -2, 3], new arrow.Int8()), "int8"],
    ["uint16", vectorFromArray([1, 2, 3], new arrow.Uint16()), "uint16"],
    ["int32", vectorFromArray([1, -2, 3], new arrow.Int32()), "int32"],
    ["int64", vectorFromArray([1n, -2n, 3n], new arrow.Int64()), "int64"],
    ["uint64", vectorFromArray([1n, 2n, 2n ** 64n - 1n], new arrow.Uint64()), "uint64"],
    ["float16", vectorFromArray([1, 2.5, -3], new arrow.Float16()), "float16"],
    ["float32", vectorFromArray([1, 2.5, -3], new arrow.Float32()), "float32"],
    ["float64", vectorFromArray([1, 2.5, -3]), "float64"],
    ["utf8", vectorFromArray(["a", "bcd", "é🎲"], new arrow.Utf8()), "str96"],
    ["large utf8", vectorFromArray(["a", "bcd", "é🎲"], new arrow.LargeUtf8()), "str96"],
    ["dictionary of strings", vectorFromArray(["a", "bcd", "a"]), "str96"],
    ["dictionary of int8", vectorFromArray([7, 8, 7], new arrow.Dictionary(new arrow.Int8(), new arrow.Int32())), "int8"],
    [
      "dictionary of float16",
      vectorFromArray([2.5, 8, 2.5], new arrow.Dictionary(new arrow.Float16(), new arrow.Int8())),
      "float16",
    ],
  ])("%s, whole, sliced and in chunks", (_, vector, dtype) => {
    for (const part of [vector, vector.slice(1), vector.slice(1, 2), chunked(vector), chunked(vector).slice(1)]) {
      expect(stored(part)).toMatchObject({ shape: [part.length], values: [...part] });
    }
    expect(stored(vector).dtype).toBe(dtype);
  });

  test("bool, whose bitmap begins at any bit", () => {
    const vector = vectorFromArray(Array.from({ length: 40 }, (_, i) => i % 3 === 0 || i % 7 === 0));
    for (const part of [vector, vector.slice(1), vector.slice(13, 29), chunked(vector.slice(3))]) {
      expect(stored(part)).toEqual({ shape: [part.length], dtype: "bool", values: Array.from(part, Number) });
    }
  });

  test.each<[string, arrow.DataType, string, bigint]>([
    ["seconds", new arrow.TimestampSecond(), "datetime64[s]", 1n],
    ["milliseconds", new arrow.TimestampMillisecond(), "datetime64[ms]", 1000n],
    ["microseconds", new arrow.TimestampMicrosecond(), "datetime64[us]", 1_000_000n],
    ["nanoseconds", new arrow.TimestampNanosecond(), "datetime64[ns]", 1_000_000_000n],
    ["milliseconds of a date", new arrow.DateMillisecond(), "datetime64[ms]", 1000n],
  ])("times in %s", (_, type, dtype, perSecond) => {
    const dates = [new Date(86_400_000), new Date(-2000), new Date(3000)];
    const vector = vectorFromArray(dates, type);
    expect(stored(vector)).toEqual({ shape: [3], dtype, values: [86_400n * perSecond, -2n * perSecond, 3n * perSecond] });
    expect(stored(chunked(vector))).toEqual(stored(vector));
  });

  test("days, which Arrow counts in 32 bits", () => {
    const vector = vectorFromArray([new Date(86_400_000 * 3), new Date(-86_400_000)], new arrow.DateDay());
    expect(stored(vector)).toEqual({ shape: [2], dtype: "datetime64[D]", values: [3n, -1n] });
  });

  test.each<[string, arrow.Vector, string]>([
    ["durations", vectorFromArray([1n, -2n], new arrow.DurationNanosecond()), "timedelta64[ns]"],
    ["times of day in 32 bits", vectorFromArray([1, 2], new arrow.TimeMillisecond()), "timedelta64[ms]"],
    ["times of day in 64 bits", vectorFromArray([1n, 2n], new arrow.TimeMicrosecond()), "timedelta64[us]"],
  ])("%s", (_, vector, dtype) => {
    expect(stored(vector)).toEqual({ shape: [2], dtype, values: Array.from(vector, BigInt) });
  });

  test("lists of a fixed size are axes", () => {
    const rows = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const vector = vectorFromArray(rows, list(new arrow.Float32(), 2));
    for (const part of [vector, vector.slice(1), chunked(vector)]) {
      expect(stored(part)).toEqual({ shape: [part.length, 2], dtype: "float32", values: [...part].flatMap((row) => [...row]) });
    }
    const nested = vectorFromArray([rows, rows], list(list(new arrow.Int16(), 2), 3));
    expect(stored(nested)).toEqual({ shape: [2, 3, 2], dtype: "int16", values: [rows, rows].flat(2) });
    const words = vectorFromArray([["a", "bc"]], list(new arrow.Utf8(), 2));
    expect(stored(words)).toEqual({ shape: [1, 2], dtype: "str64", values: ["a", "bc"] });
  });

  test("bytes of a fixed size are void", () => {
    const storage = new MemoryStorage();
    saveSync(storage, vectorFromArray([new Uint8Array([1, 2]), new Uint8Array([3, 4])], new arrow.FixedSizeBinary(2)));
    expect(loadSync(storage)).toMatchObject({ shape: [2], dtype: { str: "|V2" }, data: new Uint8Array([1, 2, 3, 4]) });
  });

  test("no elements", () => {
    expect(stored(vectorFromArray(["a"], new arrow.Utf8()).slice(0, 0))).toEqual({ shape: [0], dtype: "str32", values: [] });
    expect(stored(vectorFromArray(["a"]).slice(0, 0))).toEqual({ shape: [0], dtype: "str32", values: [] });
    const ints = arrow.makeVector({
      type: new arrow.Dictionary(new arrow.Int8(), new arrow.Int32()),
      data: new Int32Array(0),
      dictionary: vectorFromArray([7], new arrow.Int8()),
    });
    expect(stored(ints)).toEqual({ shape: [0], dtype: "int8", values: [] });
  });

  test("nothing is copied of a vector in one chunk", () => {
    const values = new Float64Array([1, 2, 3]);
    expect(memoryOf(arrow.makeVector(values).slice(1))).toBe(values.buffer);
  });
});

describe("tables in", () => {
  const table = new arrow.Table({
    t: vectorFromArray([new Date(1), new Date(2), new Date(3)], new arrow.TimestampMillisecond()),
    "1": vectorFromArray([1n, 2n, 3n]),
    name: vectorFromArray(["a", "bc", "a"]),
    pos: vectorFromArray(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      list(new arrow.Float32(), 2),
    ),
    inner: vectorFromArray([
      { x: 1, ok: true },
      { x: 2, ok: false },
      { x: 3, ok: true },
    ]),
  });
  const records = [
    { t: 1n, "1": 1n, name: "a", pos: new Float32Array([1, 2]), inner: { x: 1, ok: true } },
    { t: 2n, "1": 2n, name: "bc", pos: new Float32Array([3, 4]), inner: { x: 2, ok: false } },
    { t: 3n, "1": 3n, name: "a", pos: new Float32Array([5, 6]), inner: { x: 3, ok: true } },
  ];

  test.each([
    ["a table", table, records],
    ["a slice of one", table.slice(1), records.slice(1)],
    ["one of two batches", table.slice(0, 1).concat(table.slice(1)), records],
    ["one that was read", arrow.tableFromIPC(arrow.tableToIPC(table)), records],
    ["a batch", table.batches[0] as arrow.RecordBatch, records],
    ["a slice of a batch", (table.batches[0] as arrow.RecordBatch).slice(1, 2), records.slice(1, 2)],
    ["a vector of structures", vectorFromArray(records.map(({ inner }) => inner)), records.map(({ inner }) => inner)],
  ])("%s", async (_, columns, expected) => {
    const { data } = await loaded(columns);
    expect([...(data as RecordArray)]).toEqual(expected);
  });

  test("its columns keep their order, whatever they are called", async () => {
    const { dtype } = await loaded(table.selectAt([1, 0, 2, 3, 4]));
    expect(dtype.fields?.map(({ name }) => name)).toEqual(["t", "1", "name", "pos", "inner"]);
    expect(dtype.descr).toMatchObject([
      ["t", "<M8[ms]"],
      ["1", "<i8"],
      ["name", "<U2"],
      ["pos", "<f4", [2]],
      [
        "inner",
        [
          ["x", "<f8"],
          ["ok", "|b1"],
        ],
      ],
    ]);
  });

  test("columns called data and shape", async () => {
    const { data } = await loaded(arrow.tableFromArrays({ data: new Float64Array([1, 2]), shape: new Int32Array([3, 4]) }));
    expect([...(data as RecordArray)]).toEqual([
      { data: 1, shape: 3 },
      { data: 2, shape: 4 },
    ]);
  });

  test("batch by batch, into a file of a known structure", async () => {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, {
      dtype: [
        ["id", "<i4"],
        ["x", "<f4"],
      ],
      rowShape: [],
    });
    const part = arrow.tableFromArrays({ x: new Float32Array([0.5, 1.5]), id: new Int32Array([1, 2]) });
    for (const batch of part.concat(part).batches) await npaa.append(batch as never);
    await npaa.close();
    const { data } = await load(storage);
    expect((data as RecordArray).columns()).toEqual({
      id: new Int32Array([1, 2, 1, 2]),
      x: new Float32Array([0.5, 1.5, 0.5, 1.5]),
    });
  });

  test("no rows, and no batches", async () => {
    const { shape, dtype } = await loaded(new arrow.Table(table.selectAt([0, 1, 2, 3]).schema));
    expect({ shape, fields: dtype.fields?.length }).toEqual({ shape: [0], fields: 4 });
  });
});

describe("out", () => {
  test("a vector of what was loaded, not copied", async () => {
    const { data } = await loaded([1n, 2n]);
    const vector = arrow.makeVector(data as BigInt64Array);
    expect(vector.toArray()).toEqual(new BigInt64Array([1n, 2n]));
    expect((vector.toArray() as BigInt64Array).buffer).toBe((data as BigInt64Array).buffer);
  });

  test("strings", async () => {
    const { data } = await loaded(["a", "bc"]);
    expect([...vectorFromArray(data as string[], new arrow.Utf8())]).toEqual(["a", "bc"]);
  });

  test("a table of the columns of records", async () => {
    const { data } = await loaded({ x: new Float64Array([1, 2]), id: new Int32Array([3, 4]) });
    const table = arrow.tableFromArrays((data as RecordArray).columns() as Record<string, Float64Array>);
    expect(table.toArray().map((row) => ({ ...row }))).toEqual([
      { x: 1, id: 3 },
      { x: 2, id: 4 },
    ]);
  });
});
