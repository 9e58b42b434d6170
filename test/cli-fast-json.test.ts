/** Lines of NDJSON that are read straight into the bytes of rows become what `JSON.parse` makes of them. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { fastJson } from "../src/cli/sources/fast-json.ts";
import { type DTypeLike, dtype, inspectSync, loadSync, saveSync } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { ran } from "./support/in-process.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let directory = "";
let count = 0;

beforeEach(() => {
  directory = temporaryDirectory();
});

/** The bytes of all rows after an append, or the message of its error. Only UTF-8 is read without decoding it. */
async function appended(text: string, type: DTypeLike, rowShape: number[], encoding: "utf-8" | "utf-16le"): Promise<string> {
  const file = join(directory, `${count++}.npy`);
  const source = `${file}.ndjson`;
  saveSync(file, { data: [], shape: [0, ...rowShape] } as never, { dtype: type as never });
  writeFileSync(source, Buffer.from(text, encoding === "utf-8" ? "utf8" : "utf16le"));
  const { problem } = await ran("append", file, source, "--encoding", encoding);
  if (problem !== undefined) return problem.replaceAll(source, "");
  return readFileSync(file).subarray(inspectSync(file).headerLength).toString("hex");
}

/** Of many lines, those that are read the fast way become the same bytes in the general one. Returns how many of the lines they are. */
async function check(type: DTypeLike, rowShape: number[], line: fc.Arbitrary<string>): Promise<number> {
  const read = fastJson({ dtype: dtype(type as never), rowShape, fortranOrder: false }, false);
  if (read === undefined) throw new Error("there is no fast reader");
  const lines = fc.sample(line, runs(2000));
  const taken: string[] = [];
  let bytes = "";
  for (const one of lines) {
    const text = Buffer.from(`${one}\n`);
    const found = read(text);
    if (found.count === 0) continue;
    expect([one, found.count, found.read]).toEqual([one, 1, text.length]);
    taken.push(one);
    bytes += Buffer.from(found.bytes).toString("hex");
  }
  const expected = await appended(taken.join("\n"), type, rowShape, "utf-16le");
  if (bytes !== expected) {
    for (const one of taken) {
      const hex = Buffer.from(read(Buffer.from(`${one}\n`)).bytes).toString("hex");
      expect([one, hex]).toEqual([one, await appended(one, type, rowShape, "utf-16le")]);
    }
  }
  expect(bytes).toBe(expected);
  return taken.length / lines.length;
}

const digits = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 22 }).map((list) => list.join(""));
const odd = fc.constantFrom(
  ..."null nan NaN Infinity -Infinity +1 .5 1. 1.e5 01 -01 00 0 -0 -0.0 1e5 1E+2 1e-2 1e 1e+ - -. 1_0 0x1 1.0 true false inf".split(
    " ",
  ),
  ...[
    "",
    "1 2",
    "1\t",
    "1\f",
    "1\u00a0",
    "1,",
    "[1]",
    "{}",
    '"1"',
    '""',
    "1e999",
    "-1e999",
    "1e400",
    "true1",
    "nullx",
    " 1",
    "1  ",
  ],
);
const number = fc.oneof(
  { arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String), weight: 3 },
  { arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String), weight: 3 },
  { arbitrary: fc.integer({ min: -300, max: 70_000 }).map(String), weight: 3 },
  { arbitrary: fc.integer({ min: 0, max: 100 }).map(String), weight: 6 },
  { arbitrary: fc.bigInt(-(2n ** 64n), 2n ** 64n).map(String), weight: 3 },
  {
    arbitrary: fc
      .tuple(fc.constantFrom("", "-", "+"), digits, digits, fc.constantFrom("", "e3", "E-20", "e+300", "e-310"))
      .map(([sign, whole, fraction, power]) => `${sign}${whole}.${fraction}${power}`),
    weight: 3,
  },
  { arbitrary: odd, weight: 4 },
);
const middles = fc
  .tuple(
    fc.constantFrom("1.000000059604644775390625", "1.00048828125", "16777217.0", "2049.0"),
    fc.constantFrom("", "0".repeat(30)),
  )
  .chain(([middle, zeros]) => fc.constantFrom(middle, `${middle}${zeros}1`, `-${middle}${zeros}1`));
const text = fc
  .string({ unit: fc.constantFrom(..."ab1 ", "\t", "\\", "é", "😀", '"', "\u0000", "\u2028", "{", ","), maxLength: 5 })
  .map((value) => JSON.stringify(value));
const string = fc.oneof({ arbitrary: text, weight: 6 }, { arbitrary: odd, weight: 1 });
const time = fc
  .oneof(
    fc
      .date({ noInvalidDate: true, min: new Date("1600-01-01"), max: new Date("2300-01-01") })
      .map((date) => date.toISOString().slice(0, -1)),
    fc.constantFrom(
      "2024-01-31",
      "2024-01-31T23",
      "2024-01-31 23:59",
      "2024-02-29T24:00",
      "NaT",
      "",
      "2024-1-1",
      " 2024-01-01",
      "x",
    ),
  )
  .map((value) => JSON.stringify(value));
const space = fc.oneof({ arbitrary: fc.constantFrom("", " ", "  "), weight: 40 }, { arbitrary: fc.constant("\t"), weight: 1 });

const arrayOf = (item: fc.Arbitrary<string>, size: number): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.oneof(
        { arbitrary: fc.array(item, { minLength: size, maxLength: size }), weight: 9 },
        { arbitrary: fc.array(item, { maxLength: size + 1 }), weight: 1 },
      ),
      space,
      space,
    )
    .map(([items, a, b]) => `[${a}${items.join(`${b},${a}`)}${b}]`);

test.each(["f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i2", ">i4", "u4", "i8", ">i8", "u8", "m8[s]"])("%s", async (name) => {
  const usual = name.includes("f") ? fc.oneof(number, middles) : number;
  expect(await check(name, [], usual)).toBeGreaterThan(0.1);
  expect(await check(name, [2], arrayOf(usual, 2))).toBeGreaterThan(0.005);
});

test("bool, texts and times", async () => {
  expect(await check("bool", [], fc.oneof(odd, fc.constantFrom("true", "false")))).toBeGreaterThan(0.2);
  expect(await check("U4", [], string)).toBeGreaterThan(0.2);
  expect(await check(">U3", [], string)).toBeGreaterThan(0.2);
  expect(await check("M8[ms]", [], fc.oneof(time, odd))).toBeGreaterThan(0.2);
  expect(await check("M8[D]", [], fc.oneof(time, odd))).toBeGreaterThan(0.02);
});

const STRUCTURE = [
  ["t", "M8[ms]"],
  ['é"', "f4", [2]],
  ["n", [["a", "i8"], ["b", "bool"], ["s", "U3"]]], // biome-ignore format: as it is read
];

test("structures, within arrays too", async () => {
  const usual = fc.integer({ min: -9, max: 9 }).map(String);
  const member = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(value, space, space).map(([found, a, b]) => `${JSON.stringify(name)}${a}:${b}${found}`);
  const object = (members: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc
      .tuple(fc.tuple(...members), fc.constantFrom(...new Array<string>(12).fill("same"), "swap", "drop", "twice"), space)
      .map(([found, order, a]) => {
        const list =
          order === "swap"
            ? found.toReversed()
            : order === "drop"
              ? found.slice(1)
              : order === "twice"
                ? [...found, found[0]]
                : found;
        return `{${a}${list.join(`,${a}`)}${a}}`;
      });
  const mostly = fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: number, weight: 1 });
  const inner = object([
    member("a", mostly),
    member("b", fc.constantFrom("true", "false", "true", "1")),
    member("s", fc.oneof({ arbitrary: fc.constantFrom('"ab"', '""', '"é"'), weight: 5 }, { arbitrary: string, weight: 1 })),
  ]);
  const row = object([
    member(
      "t",
      fc.oneof(
        { arbitrary: fc.constantFrom('"2024-02-29"', '"2024-02-29T12:30:00.125"'), weight: 5 },
        { arbitrary: time, weight: 1 },
      ),
    ),
    member('é"', arrayOf(mostly, 2)),
    member("n", inner),
  ]);
  expect(await check(STRUCTURE as never, [], row)).toBeGreaterThan(0.05);
  expect(await check("i2", [2, 2], arrayOf(arrayOf(usual, 2), 2))).toBeGreaterThan(0.1);
  expect(
    await check(
      [["a", "i8"]] as never,
      [2],
      arrayOf(
        usual.map((value) => `{"a":${value}}`),
        2,
      ),
    ),
  ).toBeGreaterThan(0.1);
});

test("long files: lines of both ways keep their order, and problems name their line", async () => {
  const line = (i: number): string =>
    i % 1000 === 7 ? `{"b":"x\\u0041${i % 10}","a":${i}}` : i % 5000 === 11 ? "" : `{"a":${i},"b":"y${i % 100}"}`;
  const lines = Array.from({ length: 60_000 }, (_, i) => line(i));
  const type = [["a", "f4"], ["b", "U4"]]; // biome-ignore format: short
  for (const end of ["\n", "\r\n", "\r"]) {
    const whole = lines.join(end) + end;
    const bytes = await appended(whole, type as never, [], "utf-8");
    expect(bytes.length).toBe(2 * 20 * (60_000 - 12));
    expect(bytes).toBe(await appended(whole, type as never, [], "utf-16le"));
    expect(await appended(`${whole}{"a":1,"b":2}${end}`, type as never, [], "utf-8")).toMatch(/line 60001/);
    expect(await appended(`${whole}{"a":1,${end}`, type as never, [], "utf-8")).toMatch(/^: line 60001 is not JSON/);
  }
});

test("with a dtype that is told, and rows of a Fortran-ordered file", async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) => `[[${i},1],[2,3.5]]`);
  const source = join(directory, "rows.ndjson");
  writeFileSync(source, rows.join("\n"));
  for (const order of [[], ["--fortran-order"]]) {
    const file = `${source}${order.length}.npy`;
    expect((await ran("append", file, source, "--dtype", "f4", ...order)).problem).toBeUndefined();
    const { shape, fortranOrder } = inspectSync(file);
    expect([...shape].sort((a, b) => a - b)).toEqual([2, 2, 40_000]);
    expect(fortranOrder).toBe(order.length > 0);
    const data = loadSync(file).data as Float32Array;
    // Rows follow each other in both orders, because a Fortran-ordered file grows along its last axis.
    expect(data[4 * 39_999]).toBe(39_999);
  }
});
