/** Structures at their edges: elements without bytes, elements without values, names that mean something else to JavaScript, errors. */
import { describe, expect, test } from "vitest";
import { type DTypeLike, dtype, loadSync, MemoryStorage, NpyAppendArray, type NpyError, RecordArray } from "../src/node.ts";

function fileOf(like: DTypeLike, ...inputs: unknown[]): MemoryStorage {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: like, rowShape: [], casting: "unsafe" });
  for (const input of inputs) npaa.append(input as never);
  npaa.close();
  return storage;
}

const bytesOf = (like: DTypeLike, ...inputs: unknown[]): Uint8Array => fileOf(like, ...inputs).bytes() as Uint8Array;

const read = (like: DTypeLike, ...inputs: unknown[]): RecordArray => loadSync(fileOf(like, ...inputs)).data as RecordArray;

function refusal(like: DTypeLike, input: unknown): NpyError {
  try {
    fileOf(like, input);
  } catch (error) {
    return error as NpyError;
  }
  throw new Error("appended without an error");
}

describe("what was read goes back as records and as columns", () => {
  const raw = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
  const long = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => first + i);

  test.each<[string, DTypeLike, readonly object[]]>([
    ["sub-arrays of void", { a: ["V2", [2]] }, [{ a: [raw(1, 2), raw(3, 4)] }, { a: [raw(5, 6), raw(7, 8)] }]],
    ["sub-arrays of single bytes", { a: ["V1", [2]] }, [{ a: [raw(1), raw(2)] }]],
    [
      "long doubles of either order",
      { a: [">f16", [2]], b: "<f16", c: ">f16" },
      [{ a: [long(0), long(20)], b: long(40), c: long(60) }],
    ],
    [
      "sub-arrays without elements",
      { t: "f8", a: ["f4", [0]], b: ["U3", [2, 0]] },
      [
        { t: 1, a: [], b: [[], []] },
        { t: 2, a: [], b: [] },
      ],
    ],
    ["no structures", { t: "f8", a: [{ x: "i4" }, [0]] }, [{ t: 1, a: [] }]],
    ["structures without fields", { t: "f8", e: [], f: [[], [2]] }, [{ t: 1, e: {}, f: [{}, {}] }]],
    ["text and void without a length", { t: "f8", s: "S0", u: "U0", v: "V0" }, [{ t: 1, s: "", u: "", v: raw() }]],
    ["lone surrogates", { u: "U2" }, [{ u: "\ud800a" }, { u: "a\udfff" }]],
    ["no records", { t: "f8", a: ["f4", [3]], n: { x: "i1" } }, []],
  ])("%s", (_, like, records) => {
    const expected = bytesOf(like, records);
    const data = read(like, records);
    expect(data.length).toBe(records.length);
    expect(bytesOf(like, [...data])).toEqual(expected);
    expect(bytesOf(like, data.columns())).toEqual(expected);
  });

  test.each([1, 3, 5000])("numbers at the limits of each type, in %i records that list them in another order each", (count) => {
    const limits: readonly [string, new (numbers: number[]) => unknown, readonly number[]][] = [
      ["i1", Int8Array, [-128, 127, -0]],
      ["u1", Uint8Array, [0, 255, 7]],
      ["i2", Int16Array, [-32768, 32767, 1]],
      ["u2", Uint16Array, [0, 65535, 256]],
      ["i4", Int32Array, [-(2 ** 31), 2 ** 31 - 1, 65536]],
      ["u4", Uint32Array, [0, 2 ** 32 - 1, 2 ** 31]],
      ["f4", Float32Array, [3.4028234663852886e38, Number.NaN, Number.NEGATIVE_INFINITY]],
      ["f8", Float64Array, [Number.MAX_VALUE, -0, Number.POSITIVE_INFINITY]],
    ];
    const fields = limits.flatMap(([code]) => [
      [`little ${code}`, `<${code}`],
      [`big ${code}`, `>${code}`, [2]],
    ]) as unknown as DTypeLike;
    const numberAt = (numbers: readonly number[], i: number): number => numbers[i % 3] as number;
    const records = Array.from({ length: count }, (_, i) => {
      const entries = limits.flatMap(([code, , numbers]) => [
        [`little ${code}`, numberAt(numbers, i)],
        [`big ${code}`, [numberAt(numbers, i + 1), numberAt(numbers, i)]],
      ]);
      const first = i % entries.length;
      return Object.fromEntries([...entries.slice(first), ...entries.slice(0, first)]);
    });
    const rows = Array.from({ length: count }, (_, i) => i);
    const columns = Object.fromEntries(
      limits.flatMap(([code, Class, numbers]) => [
        [`little ${code}`, new Class(rows.map((i) => numberAt(numbers, i)))],
        [`big ${code}`, new Class(rows.flatMap((i) => [numberAt(numbers, i + 1), numberAt(numbers, i)]))],
      ]),
    );
    expect(bytesOf(fields, records)).toEqual(bytesOf(fields, columns));
    for (const [code, , numbers] of limits.slice(0, 7)) {
      const tooLarge = 2 * Math.max(...numbers.filter(Number.isFinite)) + 1;
      const refused = [...records.slice(1), { ...records[0], [`little ${code}`]: tooLarge }];
      expect(refusal(fields, refused)).toMatchObject({ code: "ERR_NPY_VALUE", field: `little ${code}`, index: [count - 1] });
    }
  });

  test("a getter may append to the same file", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage, { dtype: { a: "i4", b: "i4" }, rowShape: [] });
    const record = {
      a: 1,
      get b() {
        npaa.append([{ b: 4, a: 3 }]);
        return 2;
      },
    };
    npaa.append([record, { b: 6, a: 5 }]);
    npaa.close();
    expect([...(loadSync(storage).data as RecordArray)]).toEqual([
      { a: 3, b: 4 },
      { a: 1, b: 2 },
      { a: 5, b: 6 },
    ]);
  });

  test("records without bytes become records with bytes", () => {
    const given = loadSync(fileOf({ s: "S0" }, [{ s: "" }, { s: "" }]));
    expect([...read({ s: "S3" }, given)]).toEqual([{ s: "" }, { s: "" }]);
  });

  test("a structure without fields has nothing but its number", () => {
    const data = read([], [{}, {}, {}]);
    expect([...data]).toEqual([{}, {}, {}]);
    expect(data.columns()).toEqual({});
  });

  test("the bytes of long doubles are the file's", () => {
    expect(bytesOf({ a: ">f16" }, [{ a: long(1) }]).slice(-16)).toEqual(long(1));
  });

  test("void as columns: bytes one after the other, or an array of elements", () => {
    const expected = bytesOf({ v: "V2", w: [">f16", [1]] }, [
      { v: raw(1, 2), w: [long(0)] },
      { v: raw(3, 4), w: [long(16)] },
    ]);
    const w = Uint8Array.from({ length: 32 }, (_, i) => i);
    expect(bytesOf({ v: "V2", w: [">f16", [1]] }, { v: raw(1, 2, 3, 4), w })).toEqual(expected);
    expect(bytesOf({ v: "V2", w: [">f16", [1]] }, { v: [raw(1, 2), raw(3, 4)], w: [[long(0)], [long(16)]] })).toEqual(expected);
    const view = { data: raw(9, 9, 1, 2, 3, 4), shape: [2, 2], strides: [2, 1], offset: 2 };
    expect(bytesOf({ v: "V2", w: [">f16", [1]] }, { v: view, w })).toEqual(expected);
  });
});

describe("RecordArray over any bytes", () => {
  const type = dtype([
    ["a", "u1"],
    ["v", "<f4", [2]],
    ["half", ">f2"],
    ["u", ">U2"],
    ["w", [["x", "<u2", [2]]], [2]],
  ]);
  const record = {
    a: 7,
    v: new Float32Array([1.5, -2]),
    half: 0.5,
    u: "é🙂",
    w: [1, 3].map((x) => ({ x: new Uint16Array([x, x + 1]) })),
  };
  const bytes = bytesOf(type, [record, record, record]).slice(-3 * type.itemsize);

  test.each([0, 1, 2, 8])("from byte %i of a buffer on", (offset) => {
    const buffer = new Uint8Array(offset + bytes.length);
    buffer.set(bytes, offset);
    const data = new RecordArray(type, buffer.subarray(offset), 3);
    expect([...data]).toEqual([record, record, record]);
    expect(data.column("v")).toEqual(new Float32Array([1.5, -2, 1.5, -2, 1.5, -2]));
    expect(data.column("w.x")).toEqual(new Uint16Array([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]));
  });

  test("what a record holds is its own", () => {
    const data = new RecordArray<{ v: Float32Array }>(type, bytes.slice(), 3);
    (data.at(0) as { v: Float32Array }).v[0] = 99;
    expect(data.at(0)).toEqual(record);
  });

  test("the bits of NaN stay in sub-arrays", () => {
    const signalling = new Uint8Array([1, 0, 0xa0, 0x7f]);
    const data = new RecordArray<{ v: Float32Array }>(dtype([["v", "<f4", [1]]]), signalling, 1);
    expect(new Uint8Array((data.at(0) as { v: Float32Array }).v.buffer)).toEqual(signalling);
  });
});

describe("names", () => {
  test("with dots: the longest that leads to a field", () => {
    const like: DTypeLike = [
      ["a.b", [["d", "i4"]]],
      [
        "a",
        [
          ["b.c", "i4"],
          [
            "b",
            [
              ["c", "i4"],
              ["d", "i4"],
            ],
          ],
        ],
      ],
    ];
    const data = read(like, [{ "a.b": { d: 1 }, a: { "b.c": 2, b: { c: 3, d: 4 } } }]);
    expect(data.column("a.b.c")).toEqual(new Int32Array([2]));
    expect(data.column("a.b.d")).toEqual(new Int32Array([1]));
  });

  test("that every object has are missing where it has not its own", () => {
    const twoNames: DTypeLike = [
      ["a", "i4"],
      ["toString", "S1"],
    ];
    expect(refusal(twoNames, [{ a: 1, b: 2 }])).toMatchObject({ code: "ERR_NPY_VALUE", field: "b", index: [0] });
    const prototype: DTypeLike = [
      ["a", "i4"],
      ["__proto__", []],
    ];
    expect(refusal(prototype, [{ a: 1, b: 2 }])).toMatchObject({ code: "ERR_NPY_VALUE", field: "b", index: [0] });
    expect(refusal(prototype, { a: [1] })).toMatchObject({ code: "ERR_NPY_VALUE", field: "__proto__" });
    expect(Object.keys(read(prototype, [{ a: 1, ["__proto__"]: {} }]).at(0) as object)).toEqual(["a", "__proto__"]);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  test("of a dtype's own properties are fields as others", () => {
    expect(dtype({ descr: "f8", kind: "i4", itemsize: "u8" }).fields?.map(({ name }) => name)).toEqual([
      "descr",
      "kind",
      "itemsize",
    ]);
  });

  test("are matched within arrays of structures, too", () => {
    const given = fileOf(
      [
        [
          "r",
          [
            ["a", "<i2"],
            ["b", "<i2"],
          ],
          [2],
        ],
      ],
      [
        {
          r: [
            { a: 1, b: 2 },
            { a: 3, b: 4 },
          ],
        },
      ],
    );
    const data = read(
      [
        [
          "r",
          [
            ["b", "<i2"],
            ["a", "<f4"],
          ],
          [2],
        ],
      ],
      loadSync(given),
    );
    expect(data.at(0)).toEqual({
      r: [
        { b: 2, a: 1 },
        { b: 4, a: 3 },
      ],
    });
    expect(
      refusal(
        [
          [
            "r",
            [
              ["b", "<i2"],
              ["c", "<i2"],
            ],
            [2],
          ],
        ],
        loadSync(given),
      ),
    ).toMatchObject({ code: "ERR_NPY_CAST", field: "a" });
  });
});

describe("errors name the record, and the whole way to the field", () => {
  test.each<[string, DTypeLike, unknown, { field: string; index?: number[] }, string]>([
    [
      "a sub-array's elements one after the other",
      { pos: ["f4", [3]] },
      { pos: [1, 2, 3, 4, "x", 6] },
      { field: "pos", index: [1, 1] },
      "x",
    ],
    [
      "structures in a sub-array",
      { r: [{ a: "i1" }, [2]] },
      { r: [1, 2, 300, 4].map((a) => ({ a })) },
      { field: "r.a", index: [1, 0] },
      "300",
    ],
    [
      "columns in columns",
      { p: { q: { x: "i1" } } },
      { p: { q: { x: [1, 300] } } },
      { field: "p.q.x", index: [1] },
      'Field "p.q.x" at [1]: 300',
    ],
    [
      "a record far behind",
      { a: "i1" },
      Array.from({ length: 10_000 }, (_, i) => ({ a: i === 9000 ? 300 : 1 })),
      { field: "a", index: [9000] },
      "at [9000]: 300",
    ],
    [
      "a column that cannot be converted",
      { when: "M8[ns]" },
      {
        when: {
          data: BigInt64Array.from({ length: 300_000 }, (_, i) => (i === 271_828 ? 2n ** 60n : 1n)),
          shape: [300_000],
          dtype: "M8[s]",
        },
      },
      { field: "when", index: [271_828] },
      "beyond 64 bits",
    ],
    [
      "a sub-array in a column that cannot be converted",
      { n: ["i4", [2]] },
      { n: { data: ["1", "2", "3", "x"], shape: [4], dtype: "U1" } },
      { field: "n", index: [1, 1] },
      "at [1, 1]",
    ],
    [
      "a record where columns are expected",
      { t: "f8", id: "i4" },
      { t: 1, id: 2 },
      { field: "t" },
      "for one record pass [{ t: 1, id: 2 }]",
    ],
  ])("%s", (_, like, input, expected, message) => {
    const error = refusal(like, input);
    expect(error).toMatchObject({ name: "NpyError", ...expected });
    expect(error.message).toContain(message);
  });

  test("records that cannot be converted", () => {
    const given = loadSync(fileOf({ id: "i4", at: { s: "S1" } }, { id: [1, 2, 3], at: { s: ["1", "2", "x"] } }));
    expect(refusal({ id: "i4", at: { s: "i4" } }, given)).toMatchObject({ code: "ERR_NPY_VALUE", field: "at.s", index: [2] });
  });

  test("an array that holds itself", () => {
    const array: unknown[] = [];
    array.push(array);
    expect(refusal("f8", array)).toMatchObject({ code: "ERR_NPY_SHAPE" });
  });

  test("holes in arrays are no values", () => {
    const records = [{ a: 1 }];
    records[2] = { a: 3 };
    expect(refusal({ a: "i4" }, records)).toMatchObject({ code: "ERR_NPY_VALUE", index: [1] });
    expect(refusal({ a: "i4" }, { a: records.map(({ a }) => a) })).toMatchObject({
      code: "ERR_NPY_VALUE",
      index: [1],
      field: "a",
    });
  });
});

test("Dates of every unit are exact, or refused", () => {
  const at = (like: DTypeLike, ...dates: Date[]): unknown[] =>
    Array.from(
      read(
        { when: like },
        dates.map((when) => ({ when })),
      ).column("when") as BigInt64Array,
    );
  expect(at("M8[25us]", new Date(1), new Date(2))).toEqual([40n, 80n]);
  expect(at(">M8[Y]", new Date("2024-01-01"), new Date("1969-01-01"))).toEqual([54n, -1n]);
  expect(at("M8[W]", new Date("1970-01-08"))).toEqual([1n]);
  const nested = read({ when: ["M8[s]", [2, 1]] }, [{ when: [[new Date(1000)], [new Date(2000)]] }]);
  expect(nested.column("when")).toEqual(new BigInt64Array([1n, 2n]));
  for (const [unit, date] of [
    ["M8[Y]", new Date("2024-01-02")],
    ["M8[25s]", new Date(26_000)],
    ["M8[as]", new Date(1e5)],
  ] as const) {
    expect(refusal({ when: unit }, [{ when: new Date(0) }, { when: date }])).toMatchObject({
      code: "ERR_NPY_VALUE",
      field: "when",
      index: [1],
    });
  }
});
