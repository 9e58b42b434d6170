/** Lines of CSV that are read straight into the bytes of rows become what the general way makes of them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RowLayout } from "../src/cli/rows/columns.ts";
import { planColumns } from "../src/cli/sources/csv-columns.ts";
import { CsvReader } from "../src/cli/sources/csv-records.ts";
import { isHalfway, parsed, parseNumber, VALUE } from "../src/cli/sources/fast-number.ts";
import { floatOf } from "../src/cli/sources/number-of-text.ts";
import { type DTypeLike, dtype, inspectSync, MemoryStorage, NpyAppendArray } from "../src/node.ts";
import { runs } from "./support/effort.ts";

/** The bytes of all rows, or the message of the error. */
function rowsOf(text: string, layout: RowLayout, width: number, isFast: boolean): string {
  const path = "data.csv";
  const reader = new CsvReader(path, ",");
  const columns = planColumns(path, undefined, [new Array<string>(width).fill("1")], layout, {});
  if (isFast) {
    expect(columns.readRows).toBeDefined();
    reader.readRows = columns.readRows;
  }
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, {
    dtype: layout.dtype,
    rowShape: layout.rowShape,
    fortranOrder: layout.fortranOrder,
  });
  try {
    const bytes = Buffer.from(text);
    const read = reader.isReady() ? reader.read(bytes) : 0;
    const { before, cells, lines } = reader.push(bytes.toString("utf8", read));
    const skipped = before?.count ?? 0;
    if (before !== undefined)
      npaa.append({ data: before.bytes, shape: [skipped, ...layout.rowShape], dtype: layout.dtype } as never);
    const bad = cells.find((row) => row.length !== width);
    if (bad !== undefined) return `a line has ${bad.length} cells`;
    npaa.append(columns.convert(cells, (i) => lines[i] as number) as never);
    npaa.close();
  } catch (error) {
    return (error as Error).message.replace(/\[\d+[^\]]*\]|index \d+/g, "");
  }
  const bytes = storage.bytes() as Uint8Array;
  return Buffer.from(bytes.subarray(inspectSync(storage).headerLength)).toString("hex");
}

const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 24 }).map((list) => list.join(""));
const sign = fc.constantFrom("", "", "-", "+");
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer({ min: -300, max: 70_000 }).map(String),
  fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String),
  fc.tuple(sign, digits, digits, fc.integer({ min: -330, max: 310 })).map(([s, a, b, e]) => `${s}${a}.${b}e${e}`),
  fc.tuple(sign, digits, digits).map(([s, a, b]) => `${s}${a}.${b}`),
  fc.tuple(sign, digits).map(([s, a]) => s + a),
);
const word = fc.constantFrom(
  "",
  "nan",
  "inf",
  "-inf",
  "NaT",
  "true",
  "False",
  "1.",
  ".5",
  ".",
  "1e",
  "1e5",
  " 1",
  "1 ",
  "1_0",
  "0x1",
  "-0",
  '"1"',
  '"1" ',
  "é",
  "1\t",
  "1.0",
);
const time = fc.oneof(
  fc
    .date({ noInvalidDate: true, min: new Date("1600-01-01"), max: new Date("2300-01-01") })
    .map((date) => date.toISOString().slice(0, -1)),
  fc
    .tuple(fc.integer({ min: 1670, max: 2270 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
    .map(([y, m, d]) => `${y}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}`),
  fc.constantFrom(
    "2024-01-31T23",
    "2024-01-31 23:59",
    "2024-01-31T23:59:59",
    "2024-02-29T24:00",
    "2023-02-29",
    "2024-01-31T23:59:59.5",
    "2024-01-31T23:59:59.123456789",
    "2024-01-01T00:00:00Z",
    "NaT",
    "",
    "2024-1-1",
    "2024-01-31T23:59:59.",
    "2024-01-31T",
  ),
);
const text = fc
  .string({ unit: fc.constantFrom(..."ab1 \t", "é", "😀", '""'), maxLength: 5 })
  .map((s) => (s.includes('"') ? `"${s}"` : s));
const quoted = fc.oneof(text, fc.constantFrom('"a,b"', '"a\nb"', '"x" ', 'a"b', "abcdef", "\u0000", "a\u0000"));
const lineEnd = fc.constantFrom("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n \n");

function check(type: DTypeLike, rowShape: number[], cells: fc.Arbitrary<string>[], fortranOrder = false): void {
  const layout: RowLayout = { dtype: dtype(type as never), rowShape, fortranOrder };
  const lines = fc.array(fc.tuple(fc.tuple(...cells), lineEnd), { maxLength: 6 });
  fc.assert(
    fc.property(lines, (list) => {
      const csv = list.map(([row, end]) => row.join(",") + end).join("");
      expect(rowsOf(csv, layout, cells.length, true)).toBe(rowsOf(csv, layout, cells.length, false));
    }),
    { numRuns: runs(2000) },
  );
}

const mostly = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: word, weight: 1 });

test.each(["f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i2", ">i4", "u4", "i8", ">i8", "u8", "m8[s]", "bool", "c8", ">c16"])(
  "%s",
  (name) => {
    const small = fc.integer({ min: -150, max: 300 }).map(String);
    const usual = name.includes("f")
      ? number
      : name === "bool"
        ? fc.constantFrom("true", "False", "0", "1")
        : name.includes("c")
          ? fc.constantFrom("1+2j", "(1-2.5e3j)", "2j", "nan+infj", "1")
          : fc.oneof(number, small, small);
    check(name, [], [mostly(usual)]);
    check(name, [2], [mostly(usual), mostly(usual)]);
  },
);

test.each(["D", "h", "m", "s", "ms", "us", "ns"])("datetime64[%s]", (unit) => check(`M8[${unit}]`, [], [time]));

test("text, and structures of several dtypes", () => {
  check("U4", [], [quoted]);
  check(">U3", [2], [quoted, quoted]);
  const structure = [
    ["t", "M8[ms]"],
    ["x", "f4", [2]],
    ["s", ">U4"],
    [
      "n",
      [
        ["a", "i8"],
        ["b", "bool"],
      ],
    ],
  ];
  check(
    structure as never,
    [],
    [time, mostly(number), mostly(number), quoted, fc.integer().map(String), fc.constantFrom("True", "false")],
  );
  check(
    "i2",
    [2, 2],
    Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 99 }).map(String)),
  );
});

test("the float64 is the one that Number gives, or none is given", () => {
  let known = 0;
  fc.assert(
    fc.property(number, (cell) => {
      parseNumber(Buffer.from(`${cell},`), 0);
      if (parsed.end < 0) return;
      known++;
      expect([parsed.end, VALUE[0]]).toEqual([cell.length, Number(cell)]);
    }),
    { numRuns: runs(100_000) },
  );
  expect(known).toBeGreaterThan(runs(100_000) / 3);
});

test("decimals next to the middle of two float64, and of two float32 or float16", () => {
  const bits = new BigUint64Array(1);
  const double = new Float64Array(bits.buffer);
  for (let i = 0; i < runs(20_000); i++) {
    bits[0] = BigInt(Math.floor((0.25 + Math.random() / 2) * 2 ** 31)) * 2n ** 32n + BigInt(Math.floor(Math.random() * 2 ** 32));
    for (const cell of [double[0] as number, (double[0] as number) * (1 + 2 ** -52)].flatMap((x) => [
      String(x),
      x.toPrecision(17),
      x.toPrecision(18),
      x.toPrecision(19),
    ])) {
      parseNumber(Buffer.from(`${cell}\n`), 0);
      if (parsed.end >= 0) expect(VALUE[0]).toBe(Number(cell));
    }
  }
  for (const [size, middle, lower, upper] of [
    [4, "1.000000059604644775390625", 1, 1 + 2 ** -23],
    [4, "16777217", 2 ** 24, 2 ** 24 + 2],
    [2, "1.00048828125", 1, 1 + 2 ** -10],
    [2, "2049", 2048, 2050],
  ] as const) {
    const round = (text: string): number => {
      const value = floatOf(text, size);
      const step = upper - lower;
      // To the nearer, and of two equally near to the even one, the lower here.
      return value - lower > step / 2 ? upper : lower;
    };
    expect(isHalfway(Number(middle), size)).toBe(true);
    const point = middle.includes(".") ? "" : ".";
    expect([round(middle), round(`${middle}${point}${"0".repeat(30)}1`), round(`-${middle}`.slice(1))]).toEqual([
      lower,
      upper,
      lower,
    ]);
    expect(round(`${middle.slice(0, -1)}${Number(middle.at(-1)) - 1}${point}${"9".repeat(40)}`)).toBe(lower);
  }
  expect(floatOf("-1.00000005960464477539062500000000001", 4)).toBeLessThan(-1 - 2 ** -24);
  for (const [value, size] of [
    [2 ** -150, 4],
    [3 * 2 ** -150, 4],
    [2 ** -25, 2],
    [5 * 2 ** -25, 2],
    [-(2 ** -25), 2],
  ] as const)
    expect(isHalfway(value, size)).toBe(true);
  for (const [value, size] of [
    [2 ** -149, 4],
    [0, 4],
    [1, 4],
    [2 ** -24, 2],
    [1.5, 2],
    [Number.NaN, 4],
    [Number.POSITIVE_INFINITY, 2],
  ] as const)
    expect(isHalfway(value, size)).toBe(false);
});
