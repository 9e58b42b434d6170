/** Files that are created without a dtype: the first batch decides, and says clearly what it cannot decide. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  dtype,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyError,
  type OpenOptions,
  type RecordArray,
  save,
  saveSync,
} from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { numpyVersion, python } from "./support/numpy.ts";

/** A file to which batches were appended without a dtype. */
function fileOf(batches: readonly unknown[], options: OpenOptions = {}): MemoryStorage {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, options);
  for (const batch of batches) npaa.append(batch as ArrayInput);
  npaa.close();
  return storage;
}

/** The records of a file. */
function recordsOf(storage: MemoryStorage): unknown[] {
  return [...(loadSync(storage).data as RecordArray)];
}

/** The error of a first append, which creates no file. */
function refusal(input: unknown, options: OpenOptions = {}): NpyError {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, options);
  try {
    npaa.append(input as ArrayInput);
  } catch (error) {
    expect(storage.bytes()).toBeUndefined();
    return error as NpyError;
  }
  throw new Error("appended without an error");
}

class Point {
  readonly x: number;
  readonly label = "p";
  readonly #hidden = 5;
  constructor(x: number) {
    this.x = x;
  }
  get hidden(): number {
    return this.#hidden;
  }
}

describe("records make a structure", () => {
  test.each<[string, unknown[], unknown]>([
    ["a number", [{ a: 1 }, { a: 2.5 }], [["a", "<f8"]]],
    ["a bigint", [{ a: 1n }], [["a", "<i8"]]],
    ["a boolean", [{ a: true }], [["a", "|b1"]]],
    ["a Date", [{ a: new Date(5) }], [["a", "<M8[ms]"]]],
    ["the longest string", [{ a: "x" }, { a: "🙂yz" }, { a: "" }], [["a", "<U3"]]],
    ["empty strings", [{ a: "" }], [["a", "<U1"]]],
    ["a complex number", [{ a: { re: 1, im: 2 } }], [["a", "<c16"]]],
    ["no complex number", [{ a: { re: 1, im: 2n } }], [["a", [["re", "<f8"], ["im", "<i8"]]]]], // biome-ignore format: one case
    ["a list", [{ a: [1, 2] }], [["a", "<f8", [2]]]],
    ["nested lists", [{ a: [["x"], ["yz"]] }], [["a", "<U2", [2, 1]]]],
    ["an empty list", [{ a: [] }], [["a", "<f8", [0]]]],
    ["a typed array", [{ a: Float32Array.of(1, 2) }], [["a", "<f4", [2]]]],
    ["typed arrays in a list", [{ a: [Int8Array.of(1), Int8Array.of(2)] }], [["a", "|i1", [2, 1]]]],
    ["bytes that are no Buffer", [{ a: Uint8Array.of(1, 2) }], [["a", "|u1", [2]]]],
    ["a record", [{ a: { x: 1, y: { z: "ab" } } }], [["a", [["x", "<f8"], ["y", [["z", "<U2"]]]]]]], // biome-ignore format: one case
    ["a list of records", [{ a: [{ k: 1n }, { k: 2n }] }], [["a", [["k", "<i8"]], [2]]]],
    ["the order of the first", [{ b: 1, a: 1n }, { a: 2n, b: 2 }], [["b", "<f8"], ["a", "<i8"]]], // biome-ignore format: one case
    ["any name", [{ data: 1, shape: [1], 日: 2 }], [["data", "<f8"], ["shape", "<f8", [1]], ["日", "<f8"]]], // biome-ignore format: one case
    ["no prototype", [Object.assign(Object.create(null), { a: 1 })], [["a", "<f8"]]],
    ["properties of a class", [new Point(1)], [["x", "<f8"], ["label", "<U1"]]], // biome-ignore format: one case
  ])("%s", async (_, records, descr) => {
    const storage = fileOf([records]);
    expect(loadSync(storage).dtype.descr).toEqual(descr);
    expect(loadSync(storage).shape).toEqual([records.length]);
    const given = fileOf([records], { dtype: dtype(descr as never) });
    expect(storage.bytes()).toEqual(given.bytes());
    const saved = new MemoryStorage();
    await save(saved, records as ArrayInput);
    expect(saved.bytes()).toEqual(storage.bytes());
  });

  test("in arrays within arrays, and with a shape", () => {
    const records = [[{ a: 1 }], [{ a: 2 }]];
    expect(loadSync(fileOf([records]))).toMatchObject({ shape: [2, 1], dtype: { descr: [["a", "<f8"]] } });
    const view = { data: records.flat(), shape: [2, 1] };
    expect(fileOf([view]).bytes()).toEqual(fileOf([records]).bytes());
  });

  test("as columns of lists do", () => {
    const columns = { t: [1, 2], at: [{ x: 1n }, { x: 2n }], pos: [[1, 2], [3, 4]], name: ["a", "bc"] }; // biome-ignore format: one row
    const records = [
      { t: 1, at: { x: 1n }, pos: [1, 2], name: "a" },
      { t: 2, at: { x: 2n }, pos: [3, 4], name: "bc" },
    ];
    expect(fileOf([columns]).bytes()).toEqual(fileOf([records]).bytes());
  });

  test("only for the first append: later ones are stored into what is there", () => {
    const storage = fileOf([[{ a: 1, b: true }], [{ b: 0, a: 2n }], { a: Float32Array.of(3), b: [true] }]);
    expect(recordsOf(storage)).toEqual([
      { a: 1, b: true },
      { a: 2, b: false },
      { a: 3, b: true },
    ]);
  });

  test("again, if the first append was refused", () => {
    const storage = new MemoryStorage();
    const npaa = NpyAppendArray.openSync(storage);
    expect(() => npaa.append([{ a: 1 }, { a: "x" }])).toThrow();
    npaa.append([{ b: "x" }]);
    npaa.close();
    expect(recordsOf(storage)).toEqual([{ b: "x" }]);
  });

  test("from a stream, and in a file that replaces another", async () => {
    const storage = fileOf([[1, 2, 3]]);
    await using npaa = await NpyAppendArray.open(storage, { deleteIfExists: true });
    await npaa.appendFrom([[{ a: 1, b: "x" }], [{ a: 2, b: "y" }]]);
    expect(recordsOf(storage)).toEqual([
      { a: 1, b: "x" },
      { a: 2, b: "y" },
    ]);
  });

  test("what was read makes the same structure", () => {
    const storage = fileOf([[{ a: 1, b: [true, false], c: [{ k: "x" }], d: { re: 1, im: 2 }, e: new Date(7) }]]);
    const [record] = recordsOf(storage) as { b: Uint8Array; e: bigint }[];
    // Reading gives bools of sub-arrays as bytes, and times as counts.
    expect(loadSync(fileOf([[record]])).dtype.descr).toEqual([
      ["a", "<f8"],
      ["b", "|u1", [2]],
      ["c", [["k", "<U1"]], [1]],
      ["d", "<c16"],
      ["e", "<i8"],
    ]);
  });
});

const itself: { a: number; self?: object } = { a: 1 };
itself.self = itself;

describe("what cannot be inferred is refused, with the place and what to do", () => {
  test.each<[string, unknown, object, string]>([
    ["number and string", [{ a: 1 }, { a: "x" }], { code: "ERR_NPY_VALUE", index: [1], field: "a" }, "give a dtype"],
    ["number and bigint", [{ a: 1 }, { a: 2n }], { code: "ERR_NPY_VALUE", index: [1], field: "a" }, "2n (bigint) is not"],
    ["number and list", [{ a: 1 }, { a: [1] }], { code: "ERR_NPY_VALUE", index: [1], field: "a" }, "[1] (array)"],
    ["list and number", [{ a: [1] }, { a: 1 }], { code: "ERR_NPY_SHAPE", index: [1], field: "a" }, "lists of one shape"],
    ["record and Date", [{ a: { x: 1 } }, { a: new Date(0) }], { index: [1], field: "a" }, "(Date)"],
    ["record and number", [{ a: 1 }, 5], { code: "ERR_NPY_VALUE", index: [1] }, "5 (number)"],
    ["in a list", [{ a: [1, "x"] }], { code: "ERR_NPY_VALUE", index: [0, 1], field: "a" }, '"x" (string)'],
    ["in a nested record", [{ a: { x: 1 } }, { a: { x: "y" } }], { index: [1], field: "a.x" }, '"y" (string)'],
    ["in records in a list", [{ a: [{ y: [1, 2] }, { y: [1, true] }] }], { index: [0, 1, 1], field: "a.y" }, "true (boolean)"],
    ["in records of two axes", [[{ a: 1 }], [{ a: "x" }]], { index: [1, 0], field: "a" }, '"x" (string)'],
    ["in columns", { a: [{ x: 1 }, { x: "y" }] }, { index: [1], field: "a.x" }, '"y" (string)'],
    ["a missing field", [{ a: 1, b: 2 }, { a: 1 }], { index: [1], field: "b" }, '"b" is missing'],
    ["an extra field", [{ a: 1 }, { a: 1, b: 2 }], { index: [1], field: "b" }, "the first record says which"],
    ["no fields among records", [{ a: 1 }, {}], { index: [1], field: "a" }, '"a" is missing'],
    ["a missing nested field", [{ a: { x: 1 } }, { a: { y: 1 } }], { index: [1], field: "a.y" }, 'no field "y"'],
    ["no fields", [{}], { code: "ERR_NPY_VALUE", index: [0] }, "No dtype for {}"],
    ["no fields in a field", [{ a: {} }], { code: "ERR_NPY_VALUE", index: [0], field: "a" }, "No dtype for {}"],
    ["a field without a name", [{ "": 1 }], { code: "ERR_NPY_DTYPE", field: "" }, "needs a name"],
    ["ragged lists", [{ a: [1, 2] }, { a: [1] }], { code: "ERR_NPY_SHAPE", index: [1], field: "a" }, "pad them"],
    ["ragged nested lists", [{ a: [[1], [2, 3]] }], { code: "ERR_NPY_SHAPE", index: [0, 1], field: "a" }, "pad them"],
    ["ragged typed arrays", [{ a: new Uint8Array(1) }, { a: new Uint8Array(2) }], { code: "ERR_NPY_SHAPE", index: [1] }, "pad"],
    ["a Buffer", [{ a: Buffer.from("ab") }], { code: "ERR_NPY_DTYPE", index: [0], field: "a" }, 'such as "V2"'],
    ["Buffers in a list", [{ a: [Buffer.from("ab")] }], { code: "ERR_NPY_DTYPE", index: [0], field: "a" }, "bytes"],
    ["an ArrayBuffer", [{ a: new ArrayBuffer(2) }], { code: "ERR_NPY_DTYPE", index: [0], field: "a" }, 'such as "V2"'],
    ["a function", [{ a: () => 1 }], { code: "ERR_NPY_VALUE", index: [0], field: "a" }, "a function"],
    ["a symbol", [{ a: Symbol("s") }], { code: "ERR_NPY_VALUE", index: [0], field: "a" }, "No dtype"],
    ["a Map", [new Map([["a", 1]])], { code: "ERR_NPY_VALUE", index: [0] }, "No dtype"],
    ["an invalid Date", [{ a: new Date(NaN) }], { code: "ERR_NPY_VALUE", index: [0], field: "a" }, "invalid Date"],
    ["a bigint of more than 64 bits", [{ a: 1n }, { a: 2n ** 64n }], { index: [1], field: "a" }, "9223372036854775807"],
    ["a record in itself", [itself], { code: "ERR_NPY_VALUE", index: [0] }, "64 levels"],
    ["null", [{ a: 1 }, { a: null }], { code: "ERR_NPY_VALUE", index: [1], field: "a" }, 'nulls: "nan"'],
    ["undefined", [{ a: undefined }], { code: "ERR_NPY_VALUE", index: [0], field: "a" }, 'nulls: "nan"'],
    ["null in a list", [{ a: [1, null] }], { code: "ERR_NPY_VALUE", index: [0, 1], field: "a" }, 'nulls: "nan"'],
    ["null for a list", [{ a: [1] }, { a: null }], { code: "ERR_NPY_VALUE", index: [1], field: "a" }, "null is no list"],
    ["null for a record", [{ a: 1 }, null], { code: "ERR_NPY_VALUE", index: [1] }, "null has no dtype"],
    ["null among numbers", [1, null], { code: "ERR_NPY_VALUE", index: [1] }, 'nulls: "nan"'],
  ])("%s", (_, input, found, message) => {
    expect(refusal(input)).toMatchObject({ ...found, message: expect.stringContaining(message) });
  });
});

describe('with nulls: "nan"', () => {
  test("null says nothing about a field", () => {
    const storage = fileOf(
      [
        [
          { a: null, when: undefined, none: null, pos: [null, 1] },
          { a: 1, when: new Date(5), none: undefined, pos: [2, 3] },
        ],
      ],
      { nulls: "nan" },
    );
    expect(loadSync(storage).dtype.descr).toEqual([
      ["a", "<f8"],
      ["when", "<M8[ms]"],
      ["none", "<f8"],
      ["pos", "<f8", [2]],
    ]);
    expect(recordsOf(storage)).toEqual([
      { a: NaN, when: -(2n ** 63n), none: NaN, pos: Float64Array.of(NaN, 1) },
      { a: 1, when: 5n, none: NaN, pos: Float64Array.of(2, 3) },
    ]);
  });

  test("plain lists and columns, too", () => {
    expect(loadSync(fileOf([[null, 1]], { nulls: "nan" })).data).toEqual(Float64Array.of(NaN, 1));
    expect(loadSync(fileOf([[[null], [undefined]]], { nulls: "nan" })).data).toEqual(Float64Array.of(NaN, NaN));
    expect(recordsOf(fileOf([{ a: [null, 1] }], { nulls: "nan" }))).toEqual([{ a: NaN }, { a: 1 }]);
  });

  test.each<[string, unknown, object]>([
    ["a bigint", [{ a: 1n }, { a: null }], { index: [1], field: "a" }],
    ["a boolean", [{ a: null }, { a: true }], { index: [0], field: "a" }],
    ["a string", [{ a: "x" }, { a: null }], { index: [1], field: "a" }],
    ["a record", [{ a: { x: 1 } }, { a: null }], { index: [1], field: "a" }],
    ["a list", [{ a: [1] }, { a: null }], { index: [1], field: "a" }],
    ["a row", [null, { a: 1 }], { index: [0] }],
    ["a bigint alone", [1n, null], { index: [1] }],
  ])("%s is never null", (_, input, found) => {
    expect(refusal(input, { nulls: "nan" })).toMatchObject({ code: "ERR_NPY_VALUE", ...found });
  });
});

describe("room for text", () => {
  test("textLength is the length of all text", () => {
    const first = [{ a: "x", b: { c: ["", "yz"] }, n: 1 }];
    const storage = fileOf([first, [{ a: "12345", b: { c: ["🙂🙂🙂🙂🙂", ""] }, n: 2 }]], { textLength: 5 });
    expect(loadSync(storage).dtype.descr).toEqual([
      ["a", "<U5"],
      ["b", [["c", "<U5", [2]]]],
      ["n", "<f8"],
    ]);
    expect(loadSync(fileOf([["a"], ["bcd"]], { textLength: 3 })).data).toEqual(["a", "bcd"]);
    expect(loadSync(fileOf([{ a: ["a"] }], { textLength: 3 })).dtype.descr).toEqual([["a", "<U3"]]);
    expect(refusal([{ a: "123456" }], { textLength: 5 })).toMatchObject({ code: "ERR_NPY_VALUE", index: [0], field: "a" });
  });

  test.each(FILE_FORMS)("%s: a later text that is longer says how to give room", async (_, { open }) => {
    const npaa = await open(new MemoryStorage());
    await npaa.append([{ name: "ab" }] as never);
    await expect(attempt(() => npaa.append([{ name: "x" }, { name: "abcd" }] as never))).rejects.toMatchObject({
      code: "ERR_NPY_VALUE",
      index: [1],
      field: "name",
      message: expect.stringContaining(
        '4 characters, expected at most 2 (a file that is created with dtype "U4" or textLength: 4 has room for it)',
      ),
    });
    expect(npaa.length).toBe(1);
    await npaa.close();
  });

  test("textLength is checked, and means nothing to a file that is there or has a dtype", () => {
    const open = (options: object) => () => NpyAppendArray.openSync(new MemoryStorage(), options);
    expect(open({ textLength: 0 })).toThrow("textLength must be a number of characters, 1 or more: found 0");
    expect(open({ textLength: "5" })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    expect(open({ textLength: 5, dtype: "U3" })).toThrow('give the room in the dtype, as in "U5"');
    const storage = fileOf([["ab"]]);
    const npaa = NpyAppendArray.openSync(storage, { textLength: 5 });
    npaa.append(["cd"]);
    expect(() => npaa.append(["cde"])).toThrow('expected at most 2 (a file that is created with dtype "U3" has room for it)');
    npaa.close();
    expect(loadSync(storage).dtype.str).toBe("<U2");
  });
});

test("text in ISO 8601 goes into datetime64 of a file that has a dtype", async () => {
  const storage = new MemoryStorage();
  await save(storage, [{ when: "2024-01-01T00:00:00Z", span: ["2024-01-02", "NaT"] }], {
    dtype: { when: ">M8[s]", span: ["M8[D]", [2]] },
  });
  expect((await load(storage)).data.at(0)).toEqual({
    when: 1704067200n,
    span: BigInt64Array.of(19724n, -(2n ** 63n)),
  });
  const refused = () => saveSync(storage, [{ when: "2024-01-01" }, { when: "soon" }], { dtype: { when: "M8[s]" } });
  expect(refused).toThrow(expect.objectContaining({ code: "ERR_NPY_VALUE", index: [1], field: "when" }));
});

/** A kind of value: how to make one, and what reading gives for it. */
interface Kind {
  readonly value: fc.Arbitrary<unknown>;
  read(value: never): unknown;
  /** What reading gives for a sub-array, from what it gives for each element. */
  list(elements: unknown[]): unknown;
}

const TEXT_LENGTH = 4;

const KINDS: readonly Kind[] = [
  { value: fc.double(), read: (value) => value, list: (elements) => Float64Array.from(elements as number[]) },
  {
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    read: (value) => value,
    list: (elements) => BigInt64Array.from(elements as bigint[]),
  },
  { value: fc.boolean(), read: (value) => value, list: (elements) => Uint8Array.from(elements as number[]) },
  {
    value: fc.date({ noInvalidDate: true }),
    read: (value: Date) => BigInt(value.getTime()),
    list: (elements) => BigInt64Array.from(elements as bigint[]),
  },
  {
    value: fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 1 }), { maxLength: TEXT_LENGTH }).map((chars) => {
      return chars.map((char) => (char === "\0" ? "0" : char)).join("");
    }),
    read: (value) => value,
    list: (elements) => elements,
  },
  {
    value: fc.record({ re: fc.double(), im: fc.double() }),
    read: (value) => value,
    list: (elements) => Float64Array.from((elements as { re: number; im: number }[]).flatMap(({ re, im }) => [re, im])),
  },
];

const nested = (value: fc.Arbitrary<unknown>, shape: readonly number[]): fc.Arbitrary<unknown> =>
  shape.reduceRight((element: fc.Arbitrary<unknown>, size) => fc.array(element, { minLength: size, maxLength: size }), value);

const listOf = (kind: Kind): fc.Arbitrary<Kind> =>
  fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }).map((shape) => ({
    value: nested(kind.value, shape),
    read: (value: unknown[]) => kind.list(value.flat(shape.length - 1).map((element) => kind.read(element as never))),
    list: (elements) => elements,
  }));

const recordOf = (kind: fc.Arbitrary<Kind>): fc.Arbitrary<Kind> =>
  fc.dictionary(fc.string({ minLength: 1, maxLength: 6 }), kind, { minKeys: 1, maxKeys: 4 }).map((fields) => ({
    value: fc.record(Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]))),
    read: (record: { [name: string]: never }) =>
      Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.read(record[name] as never)])),
    list: (elements) => elements,
  }));

const scalar = fc.constantFrom(...KINDS);
const field = fc.oneof(scalar, scalar.chain(listOf));
const inner = recordOf(field);
const batches = recordOf(fc.oneof(field, inner, inner.chain(listOf))).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    batches: fc.array(fc.array(kind.value, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
  }),
);

test("any records: what was appended is what is read", () => {
  fc.assert(
    fc.property(batches, ({ kind, batches }) => {
      const storage = fileOf(batches, { textLength: TEXT_LENGTH });
      expect(recordsOf(storage)).toEqual(batches.flat().map((record) => kind.read(record as never)));
      expect(Object.keys(loadSync(storage).data.at(0) as object)).toEqual(Object.keys(batches[0]?.[0] as object));
    }),
    { numRuns: runs(2000) },
  );
});

test.skipIf(numpyVersion === undefined)("the file is the one that NumPy saves", () => {
  const rows = [
    [
      { t: 0.5, id: 7n, ok: true, name: "añb", when: new Date(1_700_000_000_123), pos: [[1, 2, 3]], at: { x: 1, tag: "p" }, z: { re: 1, im: -2 } },
      { t: null, id: -(2n ** 63n), ok: false, name: "🙂", when: null, pos: [[4, null, 6]], at: { x: null, tag: "q" }, z: { re: 3, im: 4 } },
    ],
    [{ t: -0, id: 0n, ok: true, name: "", when: new Date(0), pos: [[7, 8, 9]], at: { x: 5, tag: "r" }, z: { re: 0, im: 0 } }],
  ]; // biome-ignore format: rows
  const storage = fileOf(rows, { nulls: "nan" });
  const expected = python<string>(`
import io
dtype = [("t", "f8"), ("id", "i8"), ("ok", "?"), ("name", "U3"), ("when", "M8[ms]"), ("pos", "f8", (1, 3)),
         ("at", [("x", "f8"), ("tag", "U1")]), ("z", "c16")]
file = io.BytesIO()
np.save(file, np.array([
    (0.5, 7, True, "añb", "2023-11-14T22:13:20.123", [[1, 2, 3]], (1, "p"), 1 - 2j),
    (None, -2**63, False, "🙂", None, [[4, None, 6]], (None, "q"), 3 + 4j),
    (-0.0, 0, True, "", "1970-01-01", [[7, 8, 9]], (5, "r"), 0j)], dtype=dtype))
print(json.dumps(file.getvalue().hex()))`);
  expect(Buffer.from(storage.bytes() as Uint8Array).toString("hex")).toBe(expected);
});
