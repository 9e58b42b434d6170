/** Structures appended as objects, as columns and as what was read: all give the same bytes, or an error that says where. */
import { describe, expect, test } from "vitest";
import {
  type DTypeLike,
  dtype,
  formatHeader,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyError,
  NpyReader,
  type RecordArray,
  saveSync,
} from "../src/node.ts";

const LOG = [
  ["t", "<f8"],
  ["id", "<i4"],
  ["pos", "<f4", [3]],
] as const;

/** The bytes of a file that was created for `dtype` and appended to. */
function fileOf(dtype: DTypeLike, ...inputs: unknown[]): Uint8Array {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype, rowShape: [] });
  for (const input of inputs) npaa.append(input as never);
  npaa.close();
  return storage.bytes() as Uint8Array;
}

/** What appending throws; nothing may be written then. */
function refusal(dtype: DTypeLike, input: unknown, casting: "same_kind" | "unsafe" = "same_kind"): NpyError {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype, rowShape: [], casting });
  const before = storage.bytes();
  try {
    npaa.append(input as never);
  } catch (error) {
    expect(storage.bytes()).toEqual(before);
    return error as NpyError;
  } finally {
    npaa.close();
  }
  throw new Error("appended without an error");
}

const RECORDS = [
  { t: 0.5, id: 7, pos: [1, 2, 3] },
  { t: -1, id: -8, pos: [4, 5, 6] },
];

describe("one file, however its records are given", () => {
  const raw = new Uint8Array(48);
  const view = new DataView(raw.buffer);
  RECORDS.forEach(({ t, id, pos }, i) => {
    view.setFloat64(24 * i, t, true);
    view.setInt32(24 * i + 8, id, true);
    for (let k = 0; k < 3; k++) view.setFloat32(24 * i + 12 + 4 * k, pos[k] as number, true);
  });
  const header = formatHeader({ dtype: dtype(LOG), fortranOrder: false, shape: [2] });
  const expected = new Uint8Array([...header, ...raw]);

  test.each<[string, unknown]>([
    ["objects", RECORDS],
    ["objects with their fields in another order", RECORDS.map(({ t, id, pos }) => ({ pos, id, t }))],
    ["objects with typed sub-arrays", RECORDS.map(({ t, id, pos }) => ({ t, id, pos: new Float32Array(pos) }))],
    ["objects with sub-arrays of another type", RECORDS.map(({ t, id, pos }) => ({ t, id, pos: new Int16Array(pos) }))],
    ["objects without a prototype", RECORDS.map((record) => Object.assign(Object.create(null), record))],
    [
      "columns of typed arrays",
      { t: new Float64Array([0.5, -1]), id: new Int32Array([7, -8]), pos: new Float32Array([1, 2, 3, 4, 5, 6]) },
    ],
    [
      "columns in another order",
      { pos: new Float32Array([1, 2, 3, 4, 5, 6]), id: new Int32Array([7, -8]), t: new Float64Array([0.5, -1]) },
    ],
    [
      "columns of plain arrays",
      {
        t: [0.5, -1],
        id: [7, -8],
        pos: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
    [
      "columns that the rule casts",
      { t: new Float32Array([0.5, -1]), id: new Int8Array([7, -8]), pos: new Float64Array([1, 2, 3, 4, 5, 6]) },
    ],
    [
      "columns at strides",
      {
        t: { data: new Float64Array([-1, 9, 0.5]), shape: [2], strides: [-2], offset: 2 },
        id: [7, -8],
        pos: { data: new Float32Array([1, 4, 2, 5, 3, 6]), shape: [2, 3], strides: [1, 2] },
      },
    ],
    ["raw bytes", { data: raw, shape: [2], dtype: LOG }],
    ["what load gives", loadSync(new MemoryStorage(expected))],
    ["a RecordArray", loadSync(new MemoryStorage(expected)).data],
    ["its columns", (loadSync(new MemoryStorage(expected)).data as RecordArray).columns()],
    ["its records", [...(loadSync(new MemoryStorage(expected)).data as RecordArray)]],
  ])("%s", (_, input) => {
    expect(fileOf(LOG, input)).toEqual(expected);
    expect(fileOf({ t: "float64", id: "int32", pos: ["float32", [3]] }, input)).toEqual(expected);
  });

  test("columns of more than one block", () => {
    const rows = 200_001;
    const t = Float64Array.from({ length: rows }, (_, i) => i / 8);
    const id = Int16Array.from({ length: rows }, (_, i) => i % 30_000);
    const pos = Float32Array.from({ length: 3 * rows }, (_, i) => i);
    const storage = new MemoryStorage(fileOf(LOG, { t, id, pos }));
    const { data } = loadSync(storage, { dtype: LOG });
    expect(data.column("t")).toEqual(t);
    expect(data.column("id")).toEqual(Int32Array.from(id));
    expect(data.column("pos")).toEqual(pos);
  });

  test("columns make a file of their own dtypes", () => {
    const storage = new MemoryStorage();
    saveSync(storage, {
      t: new Float64Array(2),
      n: [1n, 2n],
      name: ["a", "bcd"],
      pos: { data: new Float32Array(6), shape: [2, 3] },
    });
    expect(loadSync(storage).dtype.descr).toEqual([
      ["t", "<f8"],
      ["n", "<i8"],
      ["name", "<U3"],
      ["pos", "<f4", [3]],
    ]);
  });

  test("records in an array of more dimensions", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: { a: "int8" } });
    npaa.append([
      [{ a: 1 }, { a: 2 }],
      [{ a: 3 }, { a: 4 }],
    ] as never);
    npaa.close();
    const { data, shape } = loadSync(storage);
    expect(shape).toEqual([2, 2]);
    expect([...(data as RecordArray)]).toEqual([{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]);
  });
});

describe("values of every kind", () => {
  const type = {
    flag: "bool",
    i: ">i8",
    u: "u8",
    half: "f2",
    wide: "c16",
    when: "M8[ms]",
    span: "m8[s]",
    name: "U3",
    code: "S2",
    raw: "V2",
    long: "f16",
    inner: { x: ">u2", y: ["S1", [2]] },
    many: [{ k: "i1" }, [2]],
    table: ["u1", [2, 2]],
    waves: ["c8", [2]],
  } as const;
  const record = {
    flag: true,
    i: -(2n ** 63n),
    u: 2n ** 64n - 1n,
    half: 1.5,
    wide: { re: 1, im: -2 },
    when: 1_700_000_000_123n,
    span: 5n,
    name: "日本\u{1F600}",
    code: "é",
    raw: new Uint8Array([1, 2]),
    long: Uint8Array.from({ length: 16 }, (_, i) => i),
    inner: { x: 513, y: ["a", "b"] },
    many: [{ k: 1 }, { k: -1 }],
    table: new Uint8Array([1, 2, 3, 4]),
    waves: new Float32Array([1, 2, 3, 4]),
  };

  test("round-trip as records and as columns", () => {
    const bytes = fileOf(type, [record, record]);
    const { data } = loadSync(new MemoryStorage(bytes)) as unknown as { data: RecordArray };
    expect(data.at(1)).toEqual(record);
    expect(fileOf(type, [...data])).toEqual(bytes);
    expect(fileOf(type, data.columns())).toEqual(bytes);
    expect(fileOf(type, data)).toEqual(bytes);
  });

  test("nested columns, and nested arrays in sub-arrays", () => {
    const nested = {
      ...record,
      table: [
        [1, 2],
        [3, 4],
      ],
      waves: [
        { re: 1, im: 2 },
        { re: 3, im: 4 },
      ],
      when: new Date(1_700_000_000_123),
      wide: { re: 1, im: -2 },
    };
    expect(fileOf(type, [nested])).toEqual(fileOf(type, [record]));
    const dtypes = { p: { x: "f8", y: "i4" } } as const;
    expect(fileOf(dtypes, { p: { y: [1, 2], x: [3, 4] } })).toEqual(
      fileOf(dtypes, [{ p: { x: 3, y: 1 } }, { p: { x: 4, y: 2 } }]),
    );
    expect(fileOf(dtypes, { p: [{ x: 3, y: 1 }] })).toEqual(fileOf(dtypes, [{ p: { x: 3, y: 1 } }]));
  });
});

describe("RecordArray", () => {
  const type = [
    ["a.b", "<i2"],
    [
      "a",
      [
        ["b", ">i4"],
        ["c", "<f4", [2]],
      ],
    ],
    ["rows", [["v", "<u1"]], [2]],
    ["__proto__", "<i1"],
  ] as const;
  const storage = new MemoryStorage(
    fileOf(type, [
      { "a.b": 1, a: { b: 2, c: [3, 4] }, rows: [{ v: 5 }, { v: 6 }], ["__proto__"]: 7 },
      { "a.b": 8, a: { b: 9, c: [10, 11] }, rows: [{ v: 12 }, { v: 13 }], ["__proto__"]: 14 },
    ]),
  );
  const { data } = loadSync(storage) as unknown as { data: RecordArray };

  test("at counts from either end", () => {
    expect(data.length).toBe(2);
    expect(data.at(-1)).toEqual(data.at(1));
    expect(data.at(2)).toBeUndefined();
    expect(data.at(-3)).toBeUndefined();
    expect((data.at(0) as { a: unknown }).a).toEqual({ b: 2, c: new Float32Array([3, 4]) });
  });

  test("names of prototypes are names as others", () => {
    expect(Object.keys(data.at(0) as object)).toEqual(["a.b", "a", "rows", "__proto__"]);
    expect(Object.getPrototypeOf(data.at(0))).toBe(Object.prototype);
    expect(data.column("__proto__")).toEqual(new Int8Array([7, 14]));
    expect(Object.keys(data.columns())).toEqual(["a.b", "a", "rows", "__proto__"]);
  });

  test("columns by the way to them, the longest name first", () => {
    expect(data.column("a.b")).toEqual(new Int16Array([1, 8]));
    expect(data.column("a.c")).toEqual(new Float32Array([3, 4, 10, 11]));
    expect(data.column("rows.v")).toEqual(new Uint8Array([5, 6, 12, 13]));
    expect([...(data.column("a") as RecordArray)]).toHaveLength(2);
    expect(() => data.column("a.x")).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION", field: "a.x" }));
    expect(() => data.column("b")).toThrow('Field "b": There is no such field: there are "a.b", "a", "rows", "__proto__".');
  });

  test("slices and chunks", () => {
    using reader = NpyReader.openSync(storage);
    expect((reader.read(1).data as RecordArray).column("a.b")).toEqual(new Int16Array([8]));
    expect([...reader.chunks({ rows: 1 })].map((chunk) => (chunk.data as RecordArray).column("a.b"))).toEqual([
      new Int16Array([1]),
      new Int16Array([8]),
    ]);
  });
});

describe("refused before anything is written", () => {
  const bad = (change: object): unknown[] => [RECORDS[0], { ...RECORDS[1], ...change }];

  test.each<[string, unknown, Partial<NpyError>, string]>([
    ["a missing field", [{ t: 1, id: 2 }], { code: "ERR_NPY_VALUE", field: "pos", index: [0] }, '"pos" is missing'],
    ["an undefined field", bad({ id: undefined }), { code: "ERR_NPY_VALUE", field: "id", index: [1] }, '"id" is missing'],
    ["an extra field", bad({ speed: 1 }), { code: "ERR_NPY_VALUE", field: "speed", index: [1] }, 'no field "speed"'],
    [
      "a misspelt field",
      [{ t: 1, ID: 2, pos: [1, 2, 3] }],
      { code: "ERR_NPY_VALUE", field: "ID", index: [0] },
      'no field "ID", but "id" is missing',
    ],
    ["no record", [RECORDS[0], 5], { code: "ERR_NPY_VALUE", index: [1] }, "expected an object"],
    ["null", [null], { code: "ERR_NPY_VALUE", index: [0] }, "expected an object"],
    ["a fraction for an integer", bad({ id: 1.5 }), { code: "ERR_NPY_VALUE", field: "id", index: [1] }, 'Field "id" at [1]: 1.5'],
    [
      "a value in a sub-array",
      bad({ pos: [1, "x", 3] }),
      { code: "ERR_NPY_VALUE", field: "pos", index: [1, 1] },
      'Field "pos" at [1, 1]: "x"',
    ],
    ["a sub-array of another length", bad({ pos: [1, 2] }), { code: "ERR_NPY_VALUE", field: "pos", index: [1] }, "shape (3)"],
    [
      "a typed sub-array of another length",
      bad({ pos: new Float32Array(4) }),
      { code: "ERR_NPY_VALUE", field: "pos", index: [1] },
      "shape (3), found 4",
    ],
    ["a missing column", { t: [1], id: [1] }, { code: "ERR_NPY_VALUE", field: "pos" }, '"pos" is missing'],
    ["an extra column", { t: [1], id: [1], pos: [[1, 2, 3]], n: [1] }, { code: "ERR_NPY_VALUE", field: "n" }, 'no field "n"'],
    [
      "columns of two lengths",
      { t: [1, 2], id: [1], pos: [[1, 2, 3]] },
      { code: "ERR_NPY_SHAPE", field: "id" },
      '"t" has 2 rows, "id" has 1',
    ],
    ["a column of another shape", { t: [1], id: [1], pos: [[1, 2]] }, { code: "ERR_NPY_SHAPE", field: "pos" }, "(n, 3)"],
    [
      "a column that the rule does not cast",
      { t: [1], id: new Float64Array(1), pos: new Float32Array(3) },
      { code: "ERR_NPY_CAST", field: "id" },
      "same_kind",
    ],
    [
      "a value in a column",
      { t: [1, 2], id: [1, 300e9], pos: new Float32Array(6) },
      { code: "ERR_NPY_VALUE", field: "id", index: [1] },
      "at [1]",
    ],
    ["a null column", { t: null, id: [1], pos: [[1, 2, 3]] }, { code: "ERR_NPY_VALUE", field: "t" }, "null is not an array"],
    ["numbers", [1, 2], { code: "ERR_NPY_VALUE", index: [0] }, "expected an object"],
    ["typed numbers", new Float64Array(2), { code: "ERR_NPY_CAST" }, "Cannot cast"],
  ])("%s", (_, input, expected, message) => {
    const error = refusal(LOG, input);
    expect(error).toMatchObject({ name: "NpyError", ...expected });
    expect(error.message).toContain(message);
  });

  test("a value in a nested structure", () => {
    const type = { id: "i4", at: { x: "i1", y: ["i1", [2]] } } as const;
    expect(refusal(type, [{ id: 1, at: { x: 1, y: [1, 200] } }])).toMatchObject({ field: "at.y", index: [0, 1] });
    expect(refusal(type, [{ id: 1, at: { x: 1 } }])).toMatchObject({ field: "at.y", index: [0] });
    expect(refusal(type, { id: [1], at: { x: [200], y: [1, 2] } })).toMatchObject({ field: "at.x", index: [0] });
  });

  test("a Date between the steps of a datetime64", () => {
    const type = { when: "M8[D]" } as const;
    expect(refusal(type, [{ when: new Date(1) }])).toMatchObject({ code: "ERR_NPY_VALUE", field: "when", index: [0] });
    expect(fileOf(type, [{ when: new Date(86_400_000) }])).toEqual(fileOf(type, [{ when: 1n }]));
  });

  test("columns for a file without fields, or of more dimensions", () => {
    expect(refusal("<f8", { t: [1] })).toMatchObject({ code: "ERR_NPY_DTYPE" });
    const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: { t: "f8" }, rowShape: [2] });
    expect(() => npaa.append({ t: [1] })).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
  });

  test("an object that is almost an array", () => {
    for (const input of [{ data: new Float64Array(2) }, { shape: [2] }, {}]) {
      expect(() => saveSync(new MemoryStorage(), input as never)).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE" }));
    }
  });
});

describe("records of another structure", () => {
  const source = loadSync(
    new MemoryStorage(
      fileOf(
        [
          ["a", "<i2"],
          ["b", ">f4"],
        ],
        [{ a: 1, b: 2.5 }],
      ),
    ),
  );

  test("are matched by name", () => {
    const bytes = fileOf(
      [
        ["b", "<f8"],
        ["a", "<i4"],
      ],
      source,
    );
    expect([...(loadSync(new MemoryStorage(bytes)).data as RecordArray)]).toEqual([{ b: 2.5, a: 1 }]);
  });

  test("are refused if the names differ, whatever the rule", () => {
    expect(
      refusal(
        [
          ["a", "<i2"],
          ["c", ">f4"],
        ],
        source,
        "unsafe",
      ),
    ).toMatchObject({ code: "ERR_NPY_CAST", field: "b" });
    expect(refusal([["a", "<i2"]], source, "unsafe")).toMatchObject({ code: "ERR_NPY_CAST", field: "b" });
  });

  test("are refused if the rule forbids a field", () => {
    expect(
      refusal(
        [
          ["a", "<i2"],
          ["b", "<i4"],
        ],
        source,
      ),
    ).toMatchObject({ code: "ERR_NPY_CAST" });
  });
});
