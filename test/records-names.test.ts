/** Fields may be called what the parts of an array are called: the dtype of the file decides what an object is. */
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  dtype,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  type RecordArray,
  save,
  saveSync,
} from "../src/index.ts";

const WORDS = [
  ...["data", "shape", "dtype", "strides", "stride", "offset", "fortranOrder", "storage", "dims", "type", "schema"],
  ...["length", "width", "buffer", "byteOffset", "byteLength", "BYTES_PER_ELEMENT", "get", "tolist", "then", "constructor"],
  ...["__proto__", "toString", "hasOwnProperty", "valueOf", "columns", "column", "re", "im", "0"],
];

/** An object of its own properties, `__proto__` among them. */
function objectOf<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  const object = {};
  for (const [name, value] of entries) Object.defineProperty(object, name, { value, enumerable: true, writable: true });
  return object;
}

const GROUPS = [
  ["data", "shape"],
  ["shape", "data"],
  ["data"],
  ["shape"],
  ["data", "shape", "dtype"],
  ["data", "shape", "strides"],
  ["data", "shape", "stride", "offset"],
  ["data", "shape", "dtype", "fortranOrder"],
  ["dims", "type", "data"],
  ["shape", "dtype", "dataSync"],
  ["buffer", "byteOffset", "byteLength", "BYTES_PER_ELEMENT", "length", "get"],
  ...WORDS.map((word) => [word]),
  WORDS,
];

describe.each(GROUPS)("fields %s", (...names) => {
  const fields = names.map((name, i) => [name, i % 2 === 0 ? "<f8" : "<i4"] as const);
  const type = dtype(fields);
  const columns = objectOf(names.map((name, i) => [name, i % 2 === 0 ? Float64Array.of(i, 0.5) : Int32Array.of(2, i)] as const));
  const records = [0, 1].map((at) => objectOf(names.map((name) => [name, (columns[name] as Float64Array)[at] as number])));
  const saved = new MemoryStorage();
  saveSync(saved, records as ArrayInput, { dtype: fields });
  const { data: read } = loadSync(saved) as { data: RecordArray };

  test.each<[string, unknown]>([
    ["columns", columns],
    ["columns of plain numbers", objectOf(names.map((name) => [name, [...(columns[name] as Float64Array)]]))],
    ["columns as they were read", read.columns()],
    ["columns that say their dtype", objectOf(names.map((name) => [name, { data: columns[name], shape: [2] }]))],
    ["records", records],
    ["records as they were read", [...read]],
    ["what was read", loadSync(saved)],
    ["a RecordArray", read],
    ["a view of records", { data: read, shape: [2] }],
    ["a strided view of records", { data: read, shape: [2], strides: [1], offset: 0 }],
    ["plain records with a shape", { data: records, shape: [2] }],
    ["bytes", { data: read.bytes, shape: [2], dtype: fields }],
    ["bytes of a dtype object", { data: read.bytes.slice().buffer, shape: [2], dtype: type, fortranOrder: false }],
  ])("%s", async (_, input) => {
    const storage = new MemoryStorage();
    await using npaa = await NpyAppendArray.open(storage, { dtype: fields });
    for (let i = 0; i < 2; i++) await npaa.append(input as never);
    const { data, shape } = (await load(storage)) as NpyArray & { data: RecordArray };
    expect(shape).toEqual([4]);
    expect([...data]).toEqual([...records, ...records]);
    expect(data.columns()).toEqual(objectOf(names.map((name) => [name, twice(columns[name] as Float64Array)])));
    const whole = new MemoryStorage();
    await save(whole, input as ArrayInput, { dtype: fields });
    expect(whole.bytes()).toEqual(saved.bytes());
  });

  test("to a file that is there", () => {
    const storage = new MemoryStorage(saved.bytes() as Uint8Array<ArrayBuffer>);
    const npaa = NpyAppendArray.openSync(storage);
    npaa.append(columns as never);
    npaa.append(records as never);
    npaa.close();
    expect([...(loadSync(storage).data as RecordArray)]).toEqual([...records, ...records, ...records]);
  });

  test("within another structure", () => {
    const outer = [
      ["id", "u1"],
      ["inner", fields],
    ] as const;
    const expected = records.map((inner, id) => ({ id, inner }));
    for (const input of [{ id: Uint8Array.of(0, 1), inner: columns }, expected, { id: [0, 1], inner: loadSync(saved) }]) {
      const storage = new MemoryStorage();
      const npaa = NpyAppendArray.openSync(storage, { dtype: outer });
      npaa.append(input as never);
      npaa.close();
      expect([...(loadSync(storage).data as RecordArray)]).toEqual(expected);
    }
  });
});

function twice(column: Float64Array): Float64Array {
  const doubled = new (column.constructor as Float64ArrayConstructor)(2 * column.length);
  doubled.set(column);
  doubled.set(column, column.length);
  return doubled;
}

test("a field called data may be a structure, or complex", () => {
  const inner = { data: "f8", shape: "i4" } as const;
  for (const [like, column, values] of [
    [
      inner,
      { data: [1, 2], shape: [3, 4] },
      [
        { data: 1, shape: 3 },
        { data: 2, shape: 4 },
      ],
    ],
    [
      "c16",
      [{ re: 1, im: 2 }, 3],
      [
        { re: 1, im: 2 },
        { re: 3, im: 0 },
      ],
    ],
    [
      ["U1", [2]],
      [
        ["a", "b"],
        ["c", "d"],
      ],
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
  ] as const) {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: { data: like, shape: "u1" } as never });
    npaa.append({ data: column, shape: [5, 6] } as never);
    npaa.close();
    expect([...(loadSync(storage).data as RecordArray)]).toEqual(values.map((data, i) => ({ data, shape: 5 + i })));
  }
});

test("a missing and an extra column are refused by their names", () => {
  const open = (dtypeOfFile: never) => NpyAppendArray.openSync(new MemoryStorage(), { dtype: dtypeOfFile });
  const npaa = open({ data: "f8", x: "f8" } as never);
  expect(() => npaa.append({ data: [1] } as never)).toThrow(/"x" is missing/);
  expect(() => npaa.append({ data: [1], x: [1], y: [2] } as never)).toThrow(/no field "y"/);
  npaa.close();
});

test("without a dtype, an object with data and shape is an array", async () => {
  const storage = new MemoryStorage();
  await save(storage, { data: Float64Array.of(1, 2), shape: [2] });
  await using reader = await NpyReader.open(storage);
  expect(reader.dtype.str).toBe("<f8");
});
