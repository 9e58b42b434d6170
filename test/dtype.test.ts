/** dtypes: every spelling that NumPy knows, structures as numpy.lib.format reads them, and nothing that holds Python objects. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dtypeToLiteral } from "../src/format/descr.ts";
import {
  type Descr,
  type DescrField,
  type DType,
  dtype,
  dtypeFromLiteral,
  formatDType,
  nativeDType,
  sameDType,
} from "../src/format/dtype.ts";
import { PyBytes, PyTuple, type PyValue, parsePythonLiteral, printPythonLiteral } from "../src/format/python-literal.ts";
import { NATIVE_BYTE_ORDER } from "../src/format/scalars.ts";
import { numpyIsAtLeast, numpyVersion, python } from "./support/numpy.ts";

interface Expected {
  readonly descr: string;
  readonly str: string;
  readonly name: string;
  readonly itemsize: number;
  /** Name, title, offset. */
  readonly fields: readonly (readonly [string, string | null, number])[] | null;
}

const golden = JSON.parse(readFileSync(new URL("./golden/headers.json", import.meta.url), "utf8")) as {
  dtypes: (Expected & { readonly like: Descr })[];
};

/** What NumPy is asked for, of one of ours. */
function describeDType(type: DType): Expected {
  return {
    descr: printPythonLiteral(dtypeToLiteral(type)),
    str: type.str,
    name: type.name,
    itemsize: type.itemsize,
    fields: type.fields?.map(({ name, title, offset }) => [name, title ?? null, offset]) ?? null,
  };
}

const refusal = (message: RegExp): unknown =>
  expect.objectContaining({ name: "NpyError", code: "ERR_NPY_DTYPE", message: expect.stringMatching(message) });

describe("golden: what NumPy saves", () => {
  test.each(golden.dtypes)("$descr", ({ like, ...expected }) => {
    const type = dtype(like);
    expect(describeDType(type)).toEqual(expected);
    expect(sameDType(dtypeFromLiteral(parsePythonLiteral(expected.descr)), type)).toBe(true);
    expect(sameDType(dtype(type.descr), type)).toBe(true);
  });
});

describe("scalars", () => {
  test.each([
    ["bool bool_ ? b1 |b1 <b1 >b1 =b1 <?", "|b1"],
    ["int8 byte b i1 |i1 <i1 >i1 =i1 <b", "|i1"],
    ["uint8 ubyte B u1 |u1 <u1 >u1 =u1 >B", "|u1"],
    ["S0 S bytes bytes_ a |S0 <S >S0 S00", "|S0"],
    ["S5 |S5 <S5 >S5 =S5 a5 S05", "|S5"],
    ["c S1", "|S1"],
    ["V void V0 |V0 <V0", "|V0"],
    ["V12 |V12 >V12", "|V12"],
    ["<i2 <h", "<i2"],
    [">i2 >h", ">i2"],
    ["<u4 <I", "<u4"],
    [">i8 >l >q >p >n >i08", ">i8"],
    [">u8 >L >Q >P >N", ">u8"],
    ["<f2 <e", "<f2"],
    [">f4 >f", ">f4"],
    [">f8 >d", ">f8"],
    [">f16 >g", ">f16"],
    [">c8 >F", ">c8"],
    [">c16 >D", ">c16"],
    [">c32 >G", ">c32"],
    // The long doubles of 32-bit machines, which NumPy itself knows there only.
    ["<f12", "<f12"],
    ["<c24", "<c24"],
    [">U3", ">U3"],
    ["<U0 <U", "<U0"],
    [">M8 >M >M8[generic] >datetime64", ">M8"],
    ["<m8 <m <timedelta64[generic]", "<m8"],
    ["<M8[us] <M8[μs] <M8[1us] <datetime64[us] <M8[01us]", "<M8[us]"],
    [">m8[15m] >timedelta64[15m]", ">m8[15m]"],
    ["<M8[2147483647as]", "<M8[2147483647as]"],
  ])("%s", (spellings, str) => {
    for (const spelling of spellings.split(" ")) expect(dtype(spelling).str, spelling).toBe(str);
  });

  test.each([
    ["int16 short h i2 =i2 |i2", "i2"],
    ["uint16 ushort H u2", "u2"],
    ["int32 intc i i4", "i4"],
    ["uint32 uintc I u4", "u4"],
    ["int64 int int_ intp long longlong l q p n i8", "i8"],
    ["uint64 uint uintp ulong ulonglong L Q P N u8", "u8"],
    ["float16 half e f2", "f2"],
    ["float32 single f f4", "f4"],
    ["float64 double float d f8 =f8 |f8", "f8"],
    ["float128 longdouble g f16", "f16"],
    ["complex64 csingle F c8", "c8"],
    ["complex128 cdouble complex D c16", "c16"],
    ["complex256 clongdouble G c32", "c32"],
    ["str str_ unicode U U0", "U0"],
    ["U7 |U7 =U7", "U7"],
    ["datetime64 M M8 |M8 =M", "M8"],
    ["timedelta64[ns] m8[ns] =m8[ns]", "m8[ns]"],
  ])("in this machine's byte order: %s", (spellings, str) => {
    for (const spelling of spellings.split(" ")) expect(dtype(spelling).str, spelling).toBe(NATIVE_BYTE_ORDER + str);
  });

  test("know their kind, size, order, name and unit", () => {
    expect(dtype(">M8[25us]")).toMatchObject({
      kind: "M",
      itemsize: 8,
      byteOrder: ">",
      name: "datetime64[25us]",
      str: ">M8[25us]",
      descr: ">M8[25us]",
      datetime: { unit: "us", count: 25 },
      fields: undefined,
      subdtype: undefined,
    });
    expect(dtype("m8").datetime).toEqual({ unit: "generic", count: 1 });
    expect(dtype("<U3")).toMatchObject({ kind: "U", itemsize: 12, byteOrder: "<", name: "str96", datetime: undefined });
    expect(dtype("S")).toMatchObject({ kind: "S", itemsize: 0, byteOrder: "|", name: "bytes" });
    expect(dtype("f12")).toMatchObject({ kind: "f", itemsize: 12, name: "float96" });
    expect(dtype("c24")).toMatchObject({ kind: "c", itemsize: 24, name: "complex192" });
  });

  test.each([
    ...["", " ", "<", "|", "nope", "Float64", "f8 ", " f8", "!i4", "<>i4", "<float64", "|bool", "f8\n", "i4,f8", "2f4", "(3,)f4"],
    ...[
      "i3",
      "i16",
      "f1",
      "f10",
      "c4",
      "b2",
      "?1",
      "B1",
      "h2",
      "S-1",
      "S+1",
      "S 1",
      "S1.5",
      "Sx",
      "U1_0",
      "V5[2]",
      "float96",
      "string",
    ],
    ...["T", "StringDType()", "x", "E", "constructor", "__proto__", "toString", "<hasOwnProperty", "|"],
    ...[
      "M8[]",
      "M8[B]",
      "M8[min]",
      "M8[NS]",
      "M8[-1s]",
      "M8[1.5s]",
      "M8[0s]",
      "M8[2147483648s]",
      "M8[25generic]",
      "M8[s]x",
      "M[s]",
    ],
    ...["M4[s]", "m8[ns", "M8ns", "M8[ns]]", "M8[D/24]", "datetime64[]", "datetime32[s]"],
    ...["S2147483648", "V99999999999999999999", "U536870912"],
  ])("%j is none", (like) => {
    expect(() => dtype(like)).toThrow(refusal(/is not a dtype: expected a name/));
  });

  test.each([undefined, null, 5, 5n, true, Symbol("f8"), () => "f8", { descr: 5 }, [5n], [["a", 5n]]])("%o is none", (like) => {
    expect(() => dtype(like as never)).toThrow(refusal(/is not a (dtype|field)/));
  });

  test("the largest elements are as large as NumPy's", () => {
    expect(dtype("S2147483647").itemsize).toBe(2 ** 31 - 1);
    expect(dtype("<U536870911").itemsize).toBe(2 ** 31 - 4);
  });
});

describe("Python objects are refused", () => {
  test.each<[string, Descr]>([
    ["alone", "O"],
    ["of any size", "|O8"],
    ["by name", "object"],
    [
      "in a field",
      [
        ["a", "<i4"],
        ["b", "|O"],
      ],
    ],
    ["in a padding", [["", "|O"]]],
    ["in a nested structure", [["a", [["b", [["c", "O4"]], [2]]]]]],
    ["in a sub-array", ["|O", [3]]],
    ["in no elements of a sub-array", [["a", "O", [0]]]],
  ])("%s", (_name, like) => {
    expect(() => dtype(like)).toThrow(refusal(/holds Python objects.*Convert the array/));
  });
});

describe("structures", () => {
  test("know their fields' names, titles, dtypes and offsets", () => {
    const type = dtype([
      ["t", ">f8"],
      ["", "V3"],
      [["Position", "pos"], "<f4", [3]],
      [
        "n",
        [
          ["x", "u1"],
          ["", "V1"],
        ],
        2,
      ],
    ]);
    expect(type).toMatchObject({ kind: "V", itemsize: 27, byteOrder: "|", name: "void216", str: "|V27", subdtype: undefined });
    const [t, pos, n] = type.fields ?? [];
    expect(type.fields).toHaveLength(3);
    expect(t).toEqual({ name: "t", title: undefined, dtype: dtype(">f8"), offset: 0 });
    expect(pos).toMatchObject({ name: "pos", title: "Position", offset: 11, dtype: { itemsize: 12, str: "|V12" } });
    expect(pos?.dtype.subdtype).toEqual({ dtype: dtype("<f4"), shape: [3] });
    expect(n).toMatchObject({ name: "n", offset: 23, dtype: { subdtype: { shape: [2], dtype: { itemsize: 2 } } } });
    expect(formatDType(type)).toBe(
      "[('t', '>f8'), ('', '|V3'), (('Position', 'pos'), '<f4', (3,)), ('n', [('x', '|u1'), ('', '|V1')], (2,))]",
    );
  });

  test("spell out their fields in the order and size that a header needs", () => {
    expect(
      dtype([
        ["a", "int8"],
        ["b", "=i2"],
        ["", "V2"],
        ["", "V2"],
      ]).descr,
    ).toEqual([
      ["a", "|i1"],
      ["b", `${NATIVE_BYTE_ORDER}i2`],
      ["", "|V4"],
    ]);
  });

  test("an unnamed field is padding if it is void, of any shape; else it is a field without a name", () => {
    expect(
      dtype([
        ["", "V4"],
        ["a", "u1"],
      ]).fields,
    ).toMatchObject([{ name: "a", offset: 4 }]);
    expect(
      dtype([
        ["", "f4", [3]],
        ["a", "u1"],
      ]).fields,
    ).toMatchObject([{ name: "a", offset: 12 }]);
    expect(
      dtype([
        ["", "f4"],
        ["a", "u1"],
      ]).fields,
    ).toMatchObject([{ name: "" }, { name: "a", offset: 4 }]);
    expect(
      dtype([
        ["", [["x", "u1"]]],
        ["a", "u1"],
      ]).fields,
    ).toMatchObject([{ name: "" }, { name: "a", offset: 1 }]);
    expect(dtype([[["title", ""], "V4"]]).fields).toMatchObject([{ name: "", title: "title" }]);
  });

  test("fields may have the names of JavaScript's own properties", () => {
    const names = ["__proto__", "constructor", "length", "0", "toString"];
    const type = dtype(names.map((name): DescrField => [name, "<i2"]));
    expect(type.fields?.map(({ name }) => name)).toEqual(names);
    expect(sameDType(dtypeFromLiteral(parsePythonLiteral(formatDType(type))), type)).toBe(true);
  });

  test("a shape of no axes is no sub-array, and a number is one axis", () => {
    expect(dtype(["<f4", []])).toBe(dtype("<f4"));
    expect(dtype([["a", "<f4", []]]).fields?.[0]?.dtype).toBe(dtype("<f4"));
    expect(dtype([["a", "<f4", 1]]).descr).toEqual([["a", "<f4", [1]]]);
  });

  test.each<[string, unknown, RegExp]>([
    [
      "a name twice",
      [
        ["a", "u1"],
        ["a", "u2"],
      ],
      /"a" is used twice/,
    ],
    [
      "no name twice",
      [
        ["", "u1"],
        ["", "u2"],
      ],
      /"" is used twice/,
    ],
    [
      "a title twice",
      [
        [["t", "a"], "u1"],
        [["t", "b"], "u1"],
      ],
      /"t" is used twice/,
    ],
    ["a title that is its name", [[["a", "a"], "u1"]], /"a" is used twice/],
    [
      "a title that is a later name",
      [
        [["b", "a"], "u1"],
        ["b", "u1"],
      ],
      /"b" is used twice/,
    ],
    [
      "a name twice, within",
      [
        [
          "x",
          [
            ["a", "u1"],
            ["a", "u2"],
          ],
        ],
      ],
      /"a" is used twice/,
    ],
    ["a field of one", [["a"]], /\["a"\] is not a field/],
    ["a field of four", [["a", "u1", [2], 5]], /is not a field/],
    ["a field that is none", ["a", "u1"], /"a" is not a field/],
    ["a name that is a number", [[5, "u1"]], /is not a field/],
    ["a title that is a number", [[[5, "a"], "u1"]], /is not a field/],
    ["a field of no known dtype", [["a", "nope"]], /"nope" is not a dtype/],
    ["a field of no dtype", [["a", null]], /null is not a dtype/],
    ["a negative shape", [["a", "u1", [-1]]], /\[-1\] is not the shape of a sub-array/],
    ["a fractional shape", [["a", "u1", 1.5]], /1\.5 is not the shape/],
    ["a shape of bigints", [["a", "u1", [2n]]], /\[2n\] is not the shape/],
    ["a shape of text", [["a", "u1", "2"]], /"2" is not the shape/],
    ["a shape beyond a C int, without elements", [["a", "u1", [0, 2 ** 31]]], /is not the shape/],
    ["a shape of 65 axes", [["a", "u1", Array(65).fill(1)]], /is not the shape/],
    ["a sub-array of elements without a size", [["a", "S0", [3]]], /of \|S0, whose elements have no size/],
    ["a sub-array of sub-arrays without a size", [["a", ["<f4", [0]], [3]]], /of \('<f4', \(0,\)\), whose elements/],
    ["a sub-array that is too large", [["a", "<f4", [2 ** 29]]], /2147483648 bytes is larger/],
    [
      "a structure that is too large",
      [
        ["a", "V2147483647"],
        ["b", "u1"],
      ],
      /2147483648 bytes is larger/,
    ],
  ])("%s is refused", (_name, like, message) => {
    expect(() => dtype(like as Descr)).toThrow(refusal(message));
  });

  test("64 axes, and nesting as deep as a header's brackets, are allowed", () => {
    expect(dtype(["u1", Array(64).fill(1)]).subdtype?.shape).toHaveLength(64);
    let like: Descr = "u1";
    for (let depth = 0; depth < 90; depth++) like = [["a", like]];
    const type = dtype(like);
    expect(sameDType(dtypeFromLiteral(parsePythonLiteral(formatDType(type))), type)).toBe(true);
  });
});

describe("from a header", () => {
  test.each<[string, PyValue]>([
    ["None", null],
    ["an int", 8],
    ["a bool", true],
    ["bytes", new PyBytes(Uint8Array.of(0x3c, 0x66, 0x38))],
    ["a dict", new Map([["names", ["a"]]])],
    ["a name of bytes", [new PyTuple([new PyBytes(Uint8Array.of(0x61)), "u1"])]],
    ["a shape of bools", [new PyTuple(["a", "u1", new PyTuple([true])])]],
    ["a shape beyond 2^53", [new PyTuple(["a", "u1", new PyTuple([2n ** 53n])])]],
    ["a tuple of nothing and a shape", new PyTuple([null, new PyTuple([2])])],
    ["a sub-array", new PyTuple(["<f4", new PyTuple([2])])],
  ])("%s is no dtype of an array", (_name, descr) => {
    expect(() => dtypeFromLiteral(descr)).toThrow(refusal(/./));
  });
});

test("dtypes are made once, and never change", () => {
  const type = dtype([
    [["title", "a"], "<f4", [2]],
    ["", "V2"],
    ["n", [["x", "u1"]]],
    ["when", "<M8[15m]"],
  ]);
  expect(dtype(type)).toBe(type);
  expect(dtype("<f8")).toBe(dtype("<f8"));
  const seen = new Set<unknown>();
  const check = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    expect(value).toSatisfy(Object.isFrozen);
    Object.values(value).forEach(check);
  };
  check(type);
  expect(seen.size).toBeGreaterThan(20);
});

test("what describes itself by a descr is taken at its word", () => {
  const copy = structuredClone(dtype([["a", "<f4", [2]]]));
  expect(sameDType(dtype(copy), dtype([["a", "<f4", [2]]]))).toBe(true);
});

test("dtypes are the same if every name, title, offset, order and size is", () => {
  const base: Descr = [
    ["a", "<i2"],
    ["", "|V2"],
    ["b", "<f4", [2]],
  ];
  expect(sameDType(dtype(base), dtype(structuredClone(base)))).toBe(true);
  const others: Descr[] = [
    [
      ["A", "<i2"],
      ["", "|V2"],
      ["b", "<f4", [2]],
    ],
    [
      [["t", "a"], "<i2"],
      ["", "|V2"],
      ["b", "<f4", [2]],
    ],
    [
      ["", "|V2"],
      ["a", "<i2"],
      ["b", "<f4", [2]],
    ],
    [
      ["a", ">i2"],
      ["", "|V2"],
      ["b", "<f4", [2]],
    ],
    [
      ["a", "<i2"],
      ["c", "|V2"],
      ["b", "<f4", [2]],
    ],
    [
      ["a", "<i2"],
      ["", "|V2"],
      ["b", "<f4", [2, 1]],
    ],
    [
      ["a", "<i2"],
      ["", "|V2"],
      ["b", "<f8"],
    ],
    "|V12",
  ];
  for (const other of others) {
    expect(dtype(other).itemsize).toBe(12);
    expect(sameDType(dtype(base), dtype(other)), formatDType(dtype(other))).toBe(false);
  }
  expect(sameDType(dtype("<M8[s]"), dtype("<M8[ms]"))).toBe(false);
});

test("the native dtype differs in its byte order alone", () => {
  for (const str of ["i2", "f16", "U3", "M8[25us]", "c8"]) {
    expect(nativeDType(dtype(`<${str}`)).str).toBe(NATIVE_BYTE_ORDER + str);
    expect(nativeDType(dtype(`>${str}`)).str).toBe(NATIVE_BYTE_ORDER + str);
  }
  for (const type of [dtype("u1"), dtype("S3"), dtype("V4"), dtype([["a", ">i2"]])]) expect(nativeDType(type)).toBe(type);
});

const leaf = fc.oneof(
  fc.constantFrom("|b1", "|i1", "|u1", "<i2", ">i4", "<u8", "<f2", ">f8", "<f16", "<c8", ">c32", "<M8", ">M8[15m]", "<m8[ns]"),
  fc.tuple(fc.constantFrom("|S", "<U", ">U", "|V"), fc.nat({ max: 9 })).map(([code, size]) => `${code}${size}`),
);
const fieldName = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 4 }) },
  { weight: 2, arbitrary: fc.constantFrom("a", "b", "é", "名", "🙂", "it's", "\\", "\n", "\ud800", "__proto__") },
  { weight: 2, arbitrary: fc.constant("") },
);
const anyDescr: fc.Arbitrary<Descr> = fc.letrec<{ descr: Descr; field: DescrField }>((tie) => ({
  field: fc
    .tuple(
      fc.oneof({ weight: 5, arbitrary: fieldName }, { weight: 1, arbitrary: fc.tuple(fieldName, fieldName) }),
      tie("descr"),
      fc.option(fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), { freq: 2, nil: undefined }),
    )
    .map(([label, descr, shape]): DescrField => (shape === undefined ? [label, descr] : [label, descr, shape])),
  descr: fc.oneof(
    { maxDepth: 3 },
    leaf,
    leaf,
    fc.array(tie("field"), { maxLength: 4 }),
    fc.tuple(tie("descr"), fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 2 })),
  ),
})).descr;

describe.skipIf(numpyVersion === undefined)("NumPy says the same", () => {
  // NumPy 1 had other aliases.
  test.skipIf(!numpyIsAtLeast(2, 0))("of every short type string", () => {
    const characters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));
    const bodies = [
      ...characters,
      ...characters.flatMap((a) => characters.map((b) => a + b)),
      ...[..."biufcSUVOMm?aTdg"].flatMap((kind) => Array.from({ length: 70 }, (_, size) => kind + size)),
      ...["M8", "m8", "datetime64", "timedelta64", "M", "m"].flatMap((word) =>
        "Y M W D h m s ms us μs ns ps fs as generic B min NS 2s 15m 010D 2147483647as 2147483648as -1s"
          .split(" ")
          .map((unit) => `${word}[${unit}]`),
      ),
    ];
    const words =
      "bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 float128 complex64 complex128 " +
      "complex256 byte ubyte short ushort intc uintc int int_ uint intp uintp long ulong longlong ulonglong half single double " +
      "float longdouble csingle cdouble complex clongdouble str str_ unicode bytes bytes_ void object object_ datetime64 " +
      "timedelta64 float_ string_ unicode_ cfloat longfloat singlecomplex clongfloat string Float64 int128 float96 complex192";
    // NumPy also takes counts and commas ("2f4", "i4,f8"), spaces and signs before sizes; long doubles depend on its machine.
    const isOdd = /^[<>=|!]?[\d(]|,|[ +]\d|f12|c24/;
    const texts = [
      ...bodies,
      ...words.split(" "),
      ...[..."<>=|!"].flatMap((mark) =>
        [...bodies.filter((body) => /^\w/.test(body)), ...words.split(" ")].map((body) => mark + body),
      ),
    ].filter((text) => !isOdd.test(text));
    const theirs = python<(string | null)[]>(
      `def spelled(text):
    try:
        dtype = np.dtype(text)
    except Exception:
        return None
    return "object" if dtype.char == "O" else None if dtype.hasobject else dtype.str
print(json.dumps([spelled(text) for text in data]))`,
      texts,
    );
    const differences: unknown[] = [];
    for (const [i, text] of texts.entries()) {
      let ours: string | null;
      try {
        ours = dtype(text).str;
      } catch (error) {
        ours = /Python objects/.test((error as Error).message) ? "object" : null;
      }
      if (ours !== theirs[i]) differences.push([text, ours, theirs[i]]);
    }
    expect(differences).toEqual([]);
  });

  test("of random structures", () => {
    // dtype_to_descr does not know sub-arrays but in fields.
    const likes = fc.sample(anyDescr, { numRuns: 3000, seed: 1 }).map((like): Descr => [["outer", like]]);
    const theirs = python<(Expected | null)[]>(
      `from numpy.lib.format import descr_to_dtype, dtype_to_descr
def from_json(like):
    if isinstance(like, str):
        return like
    if len(like) == 2 and all(isinstance(n, int) for n in like[1]) and like[1]:
        return (from_json(like[0]), tuple(like[1]))
    return [
        (tuple(label) if isinstance(label, list) else label, from_json(descr), *map(tuple, shape))
        for label, descr, *shape in like
    ]
def described(like):
    try:
        dtype = descr_to_dtype(from_json(like))
    except ValueError:
        return None
    fields = dtype.names and [[n, (dtype.fields[n] + (None,))[2], dtype.fields[n][1]] for n in dtype.names]
    return {
        "descr": repr(dtype_to_descr(dtype)),
        "str": dtype.str,
        "name": dtype.name,
        "itemsize": dtype.itemsize,
        "fields": None if dtype.names is None else list(fields or []),
    }
print(json.dumps([described(like) for like in data]))`,
      likes,
    );
    let valid = 0;
    for (const [i, like] of likes.entries()) {
      const expected = theirs[i];
      if (expected === null || expected === undefined) {
        expect(() => dtype(like), JSON.stringify(like)).toThrow(refusal(/./));
        continue;
      }
      const type = dtype(like);
      expect(describeDType(type)).toEqual(expected);
      valid += 1;
    }
    expect(valid).toBeGreaterThan(1000);
  });
});
