/** Columns and tables of flechette become what those of Apache Arrow become. */
import * as f from "@uwdata/flechette";
import * as aq from "arquero";
import { describe, expect, test } from "vitest";
import { type ArrayInput, type DTypeLike, loadSync, MemoryStorage, NpyAppendArray, type RecordArray } from "../src/index.ts";
import { stored } from "./support/stored.ts";

type Values = readonly unknown[];

/** In batches of two. */
function batched(values: Values, type: f.DataType): f.Column<unknown> {
  return f.columnFromArray(values as unknown[], type, { maxBatchRows: 2 }) as f.Column<unknown>;
}

/** As a file or a stream of Arrow holds it. */
function decoded(values: Values, type: f.DataType, batches: number): f.Column<unknown> {
  const column = f.columnFromArray(values as unknown[], type, { maxBatchRows: batches }) as f.Column<unknown>;
  const bytes = f.tableToIPC(f.tableFromColumns({ c: column }), { format: "stream" }) as Uint8Array;
  return f.tableFromIPC(bytes, { useBigInt: true }).getChildAt(0) as f.Column<unknown>;
}

describe("columns", () => {
  test.each<[string, Values, f.DataType, string, Values]>([
    ["int8", [1, -2, 3], f.int8(), "int8", [1, -2, 3]],
    ["uint16", [1, 2, 65535], f.uint16(), "uint16", [1, 2, 65535]],
    ["int64", [1n, -2n, 2n ** 62n], f.int64(), "int64", [1n, -2n, 2n ** 62n]],
    ["uint64", [1n, 2n, 2n ** 64n - 1n], f.uint64(), "uint64", [1n, 2n, 2n ** 64n - 1n]],
    ["float16", [1, 2.5, -3], f.float16(), "float16", [1, 2.5, -3]],
    ["float32", [1, 2.5, -3], f.float32(), "float32", [1, 2.5, -3]],
    ["float64", [0.1, 2.5, -3], f.float64(), "float64", [0.1, 2.5, -3]],
    ["bool", [true, false, true], f.bool(), "bool", [1, 0, 1]],
    ["utf8", ["a", "bcd", "é🎲"], f.utf8(), "str96", ["a", "bcd", "é🎲"]],
    ["large utf8", ["a", "bcd", "é🎲"], f.largeUtf8(), "str96", ["a", "bcd", "é🎲"]],
    ["dictionary of strings", ["a", "bcd", "a"], f.dictionary(f.utf8()), "str96", ["a", "bcd", "a"]],
    ["dictionary of int32", [7, 8, 7], f.dictionary(f.int32()), "int32", [7, 8, 7]],
    ["days", [new Date(86_400_000), new Date(0), new Date(-86_400_000)], f.dateDay(), "datetime64[D]", [1n, 0n, -1n]],
    [
      "dates",
      [new Date(86_400_000), new Date(0), new Date(-86_400_000)],
      f.dateMillisecond(),
      "datetime64[ms]",
      [86_400_000n, 0n, -86_400_000n],
    ],
    ["timestamps", [new Date(5), new Date(0), new Date(-5)], f.timestamp(2), "datetime64[us]", [5000n, 0n, -5000n]],
    ["times of day", [1, 2, 3], f.timeMillisecond(), "timedelta64[ms]", [1n, 2n, 3n]],
    ["durations", [1n, 2n, -3n], f.duration(3), "timedelta64[ns]", [1n, 2n, -3n]],
  ])("%s, whole and in batches, built and decoded", (_, values, type, dtype, expected) => {
    const whole = f.columnFromArray(values as unknown[], type) as f.Column<unknown>;
    for (const column of [whole, batched(values, type), decoded(values, type, 1000), decoded(values, type, 2)]) {
      expect(stored(column)).toEqual({ shape: [3], dtype, values: expected });
    }
    expect(batched(values, type).data).toHaveLength(2);
  });

  test("many bools, whose bitmap has padding", () => {
    const values = Array.from({ length: 41 }, (_, i) => i % 3 === 0);
    for (const column of [f.columnFromArray(values, f.bool()), decoded(values, f.bool(), 9)]) {
      expect(stored(column as f.Column<unknown>)).toEqual({ shape: [41], dtype: "bool", values: values.map(Number) });
    }
  });

  test("lists of a fixed size are axes", () => {
    const rows = [
      [1, 2],
      [3, 4],
      [5, 6],
    ].map((pair) => [pair, [0, 0]]);
    const type = f.fixedSizeList(f.fixedSizeList(f.int16(), 2), 2);
    const expected = { shape: [3, 2, 2], dtype: "int16", values: rows.flat(2) };
    for (const column of [batched(rows, type), decoded(rows, type, 2), decoded(rows, type, 99)]) {
      expect(stored(column)).toEqual(expected);
    }
  });

  test("binary of a fixed size is raw bytes", () => {
    const column = batched(
      [1, 2, 3].map((byte) => Uint8Array.of(byte, 0, 9)),
      f.fixedSizeBinary(3),
    );
    expect(stored(column)).toEqual({ shape: [3], dtype: "void24", values: [1, 0, 9, 2, 0, 9, 3, 0, 9] });
  });

  test("an empty one", () => {
    expect(stored(f.columnFromArray([], f.int32()) as f.Column<unknown>)).toMatchObject({ shape: [0], dtype: "int32" });
    expect(stored(f.columnFromArray([], f.utf8()) as f.Column<unknown>)).toMatchObject({ shape: [0], dtype: "str32" });
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: "float16", rowShape: [] });
    npaa.append(f.columnFromArray([], f.float16()) as unknown as ArrayInput);
    npaa.close();
    expect(loadSync(storage).shape).toEqual([0]);
  });
});

/** The records of a file that was created for an input. */
function records(input: ArrayInput, dtype?: DTypeLike): unknown[] {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, dtype === undefined ? {} : { dtype });
  npaa.append(input);
  npaa.close();
  return [...(loadSync(storage).data as Iterable<unknown>)];
}

describe("tables", () => {
  const columns = {
    id: [1, 2, 3],
    name: ["a", "b", "cc"],
    at: [
      { x: 1.5, y: 1n },
      { x: 2.5, y: 2n },
      { x: 3.5, y: 3n },
    ],
  };
  const types = { id: f.int32(), name: f.dictionary(f.utf8()), at: f.struct({ x: f.float64(), y: f.int64() }) };
  const expected = columns.id.map((id, i) => ({ id, name: columns.name[i], at: columns.at[i] }));

  test.each([2, 99])("become records, structures within them, too, in batches of %i", (maxBatchRows) => {
    const table = f.tableFromArrays(columns, { types, maxBatchRows });
    expect(records(table)).toEqual(expected);
    const bytes = f.tableToIPC(table, { format: "stream" }) as Uint8Array;
    expect(records(f.tableFromIPC(bytes))).toEqual(expected);
    expect(records(f.tableFromIPC(bytes, { useProxy: true, useDate: true, useBigInt: true }))).toEqual(expected);
    expect(records(table.select(["id"]))).toEqual(columns.id.map((id) => ({ id })));
  });

  test("are cast to the file's dtype, by name", () => {
    const table = f.tableFromArrays({ b: [1.5, 2.5], a: [1, 2] }, { types: { b: f.float64(), a: f.int16() } });
    expect(records(table, { a: "int64", b: "float32" })).toEqual([
      { a: 1n, b: 1.5 },
      { a: 2n, b: 2.5 },
    ]);
  });
});

describe("refused", () => {
  const append = (input: unknown) => () => NpyAppendArray.openSync(new MemoryStorage()).append(input as ArrayInput);

  test.each<[string, Values, f.DataType, number[]]>([
    ["a number", [1, 2, null], f.int32(), [2]],
    ["a bool", [true, null, true], f.bool(), [1]],
    ["a string", ["a", null, "b"], f.utf8(), [1]],
    ["a word of a dictionary", ["a", "b", null], f.dictionary(f.utf8()), [2]],
    ["a list", [[1, 2], [3, 4], null], f.fixedSizeList(f.int8(), 2), [2]],
    [
      "an element of a list",
      [
        [1, 2],
        [3, 4],
        [5, null],
      ],
      f.fixedSizeList(f.int8(), 2),
      [2, 1],
    ],
    ["all of them", [null, null, null], f.nullType(), [0]],
  ])("null as %s, with its index", (_, values, type, index) => {
    for (const column of [batched(values, type), decoded(values, type, 2), decoded(values, type, 99)]) {
      expect(append(column)).toThrow(
        expect.objectContaining({ code: "ERR_NPY_VALUE", index, message: expect.stringMatching(/no null/) }),
      );
    }
  });

  test("null in a column of a table names it", () => {
    const table = f.tableFromArrays({ a: [1, 2], b: [1, null] }, { types: { a: f.int8(), b: f.int8() } });
    expect(append(table)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE", field: "b", index: [1] }));
  });

  test.each<[string, Values, f.DataType]>([
    ["Decimal", [1, 2], f.decimal128(5, 2)],
    ["List", [[1], [2, 3]], f.list(f.int8())],
    ["Binary", [Uint8Array.of(1)], f.binary()],
  ])("what NumPy has no dtype for, by its name: %s", (name, values, type) => {
    const column = f.columnFromArray(values as unknown[], type);
    expect(append(column)).toThrow(`NumPy has no dtype for Arrow's ${name}: convert the column, or leave it out.`);
  });

  test("two columns of one name", () => {
    const table = f.tableFromArrays([
      ["a", [1]],
      ["a", [2]],
    ] as [string, number[]][]);
    expect(append(table)).toThrow(/Two columns are named "a"/);
  });
});

describe("tables of arquero", () => {
  const table = aq.table({ x: [3, 1, 2], name: ["c", "a", "b"] });

  test("are what their toArrow() is", () => {
    const { data } = loadedTable(table);
    expect(data).toEqual([
      { x: 3, name: "c" },
      { x: 1, name: "a" },
      { x: 2, name: "b" },
    ]);
  });

  test("filtered and sorted ones have their rows in their order", () => {
    const { data } = loadedTable(table.filter((row: { x: number }) => row.x > 1).orderby("x"));
    expect(data).toEqual([
      { x: 2, name: "b" },
      { x: 3, name: "c" },
    ]);
  });

  test("their objects() go into a file of a dtype", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: { x: "int8", name: "U1" } });
    npaa.append(table.objects() as { x: number; name: string }[]);
    npaa.close();
    expect(loadSync(storage).shape).toEqual([3]);
  });

  function loadedTable(input: aq.ColumnTable): { readonly data: unknown[] } {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    npaa.append(input);
    npaa.close();
    return { data: [...(loadSync(storage).data as RecordArray)] };
  }
});
