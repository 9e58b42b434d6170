/** `append` reads what `slice` prints exactly, or one of the two refuses. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { type ArrayInput, type DTypeLike, inspectSync, NpyAppendArray, saveSync } from "../src/node.ts";
import { ran } from "./support/in-process.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let directory = "";
let count = 0;

beforeEach(() => {
  directory = temporaryDirectory();
});

type Form = "csv" | "ndjson";

/** A dtype as Python writes it. */
function pythonDescr(descr: unknown): string {
  if (typeof descr === "string") return `'${descr}'`;
  const fields = (descr as readonly (readonly unknown[])[]).map(([name, type, shape]) => {
    const text = `'${(name as string).replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}'`;
    return `(${text}, ${pythonDescr(type)}${shape === undefined ? "" : `, (${(shape as number[]).map((n) => `${n},`).join(" ")})`})`;
  });
  return `[${fields.join(", ")}]`;
}

interface Outcome {
  readonly refused: string | undefined;
  readonly isExact: boolean;
}

/** Prints a file, and appends the output to an existing file without rows, and to a new one of the same dtype. */
async function roundTrips(source: string, form: Form, onlyThere = false): Promise<Outcome[]> {
  const printed = await ran("slice", source, `--${form}`);
  if (printed.problem !== undefined) return [{ refused: printed.problem, isExact: false }];
  const text = join(directory, `${count++}.${form}`);
  writeFileSync(text, printed.stdout);
  const { dtype: type, shape, fortranOrder } = inspectSync(source);
  const rowShape = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
  const outcomes: Outcome[] = [];
  const there = join(directory, `${count++}.npy`);
  NpyAppendArray.openSync(there, { dtype: type, rowShape, fortranOrder }).close();
  const fresh = join(directory, `${count++}.npy`);
  const literal = type.fields === undefined ? type.str : pythonDescr(type.descr);
  const how = ["--dtype", literal, "--row-shape", rowShape.join(","), ...(fortranOrder ? ["--fortran-order"] : [])];
  for (const [target, options] of [
    [there, []],
    [fresh, how],
  ].slice(0, onlyThere ? 1 : 2) as [string, string[]][]) {
    const { problem } = await ran("append", target, text, ...options);
    const isExact = problem === undefined && readFileSync(target).equals(readFileSync(source));
    outcomes.push({ refused: problem, isExact });
  }
  return outcomes;
}

async function file(rows: ArrayInput, type: DTypeLike): Promise<string> {
  const path = join(directory, `${count++}.npy`);
  saveSync(path, rows, { dtype: type });
  return path;
}

const NAT = -(2n ** 63n);
const I64 = [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n) + 1n];
const F = [0, -0, 1, -1.5, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const TEXT = [
  ...'a| |  |\t|,|a,b|"|""|\'|a"b|1|1.0|-0|nan|NaN|null|NA|true|False|2020-01-01|#|# x|\'|0x10|1_000|1,5|;| a|a |é|😀|\ufeff|\ufeffa|\u2028|\u00a0|\u0085|a\u0000b|\\|\\n|\u0000integer:5|(1+2j)|{}|[1]'.split(
    "|",
  ),
  "",
  "\n",
  "\r",
  "\r\n",
  "a\nb",
  "a\rb",
  "\na",
  "a\r\n",
  '"\n"',
  "",
];

/** Values of each family, and its dtypes. */
const FAMILIES: readonly (readonly [string, readonly unknown[]])[] = [
  ["bool", [true, false, true]],
  ...["int8", "int16", "int32", ">i2", "uint8", "uint16", "uint32"].map((name): [string, unknown[]] => [
    name,
    [0, 1, name.includes("u") ? 255 : -128, 127],
  ]),
  ["int64", [...I64, NAT]],
  [">i8", I64],
  ["uint64", [0n, 2n ** 64n - 1n, 2n ** 53n + 1n]],
  ["float64", [...F, 5e-324, 1.7976931348623157e308, 1e16, 123456789012345680]],
  [">f8", F],
  ["float32", [...F.map(Math.fround), 2 ** -149, 3.4028234663852886e38, 16777216]],
  ["float16", [...F.filter((x) => x !== 0.1), 2 ** -24, 65504, 0.0999755859375, 2049 - 1]],
  ["complex128", F.flatMap((re) => F.slice(1, 7).map((im) => ({ re, im })))],
  ["complex64", F.slice(4).flatMap((re) => F.slice(0, 6).map((im) => ({ re: Math.fround(re), im: Math.fround(im) })))],
  ...["Y", "M", "W", "D", "m", "s", "us", "as", "25s", "7D"].flatMap((unit): [string, unknown[]][] => [
    [`datetime64[${unit}]`, [0n, 1n, -1n, -1971n, 12345n, NAT, ...(unit.endsWith("s") ? [2n ** 62n] : [-20_000n])]],
    [`timedelta64[${unit}]`, [0n, -1n, 2n ** 63n - 1n, NAT]],
  ]),
  ["U12", TEXT],
  [">U12", TEXT],
  ["S5", ["a", "", " ", "a ", "\u0080\u00ff", "\u0085", "\u00a0", '"', ",", "\r", "\n", "1", "a\u0000b"]],
];

test.each(FAMILIES)("%s: one column, several, and within structures", async (name, values) => {
  const n = values.length;
  const rotated = values.map((_, i) => [values[i], values[(i + 1) % n]]);
  const files: [string, boolean][] = [];
  for (const form of ["csv", "ndjson"] as const) {
    const sources = [
      await file({ data: values, shape: [n] } as unknown as ArrayInput, name),
      await file({ data: values, shape: [n, 1] } as unknown as ArrayInput, name),
      await file({ data: rotated.flat(), shape: [n, 2] } as unknown as ArrayInput, name),
      await file({ data: [], shape: [0] } as unknown as ArrayInput, name),
      await file({ data: values.slice(0, 1), shape: [1] } as unknown as ArrayInput, name),
      await file(values.map((v) => ({ v })) as unknown as ArrayInput, [["v", name]] as never),
      await file(
        rotated.map((v, i) => ({ v, n: { w: values[i] } })) as unknown as ArrayInput,
        [
          ["v", name, [2]],
          ["n", [["w", name]]],
        ] as never,
      ),
    ];
    for (const source of sources) {
      for (const { refused, isExact } of await roundTrips(source, form)) files.push([`${form} ${refused}`, isExact]);
    }
  }
  // Each value comes first once, where it could be taken for a header.
  for (const value of values) {
    const source = await file({ data: [value, values[0]], shape: [2] } as unknown as ArrayInput, name);
    const [there] = await roundTrips(source, "csv", true);
    files.push([`first row ${there?.refused}`, there?.isExact ?? false]);
  }
  expect(files.filter(([, isExact]) => !isExact)).toEqual([]);
});

const NAMES = [
  " a",
  "a ",
  "a,b",
  "a\nb",
  'a"b',
  "a.b",
  "a[0]",
  "1",
  "2",
  "nan",
  "true",
  "é",
  "'",
  "#",
  "__proto__",
  "toString",
  "re",
  "im",
  "\ufeffx",
  "2020-01-01",
  "a\rb",
];

test("odd field names round-trip or are refused", async () => {
  const outcomes: [string, string][] = [];
  for (const form of ["csv", "ndjson"] as const) {
    for (const first of NAMES) {
      for (const second of [undefined, "a", "A ", "3"]) {
        const type = [[first, "<i4"], ...(second === undefined ? [] : [[second, "<U4"]])];
        const records = [1, 2].map((i) => Object.fromEntries(type.map(([field, t]) => [field, t === "<i4" ? i : `x${i}`])));
        const source = await file(records as unknown as ArrayInput, type as never);
        for (const { refused, isExact } of await roundTrips(source, form)) {
          if (!isExact) outcomes.push([`${form} ${JSON.stringify(type)}`, refused ?? "DIFFERENT"]);
        }
      }
    }
  }
  expect(outcomes).toEqual([]);
});

test("floats and integers of any bits round-trip", async () => {
  const anyText = fc.array(
    fc.record({
      f: fc.double(),
      g: fc.float(),
      i: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      u: fc.bigInt(0n, 2n ** 64n - 1n),
      s: fc.string({ unit: fc.constantFrom(..."a,\" \n\r\t\u0000é'#"), maxLength: 4 }).map((s) => s.replace(/\0+$/, "")),
    }),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(anyText, fc.constantFrom<Form>("csv", "ndjson"), async (records, form) => {
      const source = await file(
        records as unknown as ArrayInput,
        [
          ["f", "<f8"],
          ["g", "<f4"],
          ["i", "<i8"],
          ["u", "<u8"],
          ["s", "<U4"],
        ] as never,
      );
      expect(await roundTrips(source, form)).toEqual([{ isExact: true }, { isExact: true }]);
    }),
    { numRuns: 40 },
  );
});

test("every float16 round-trips", async () => {
  const bits = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i).filter(
    (i) => (i & 0x7c00) !== 0x7c00 || (i & 0x3ff) === 0 || i === 0x7e00,
  );
  const source = await file({ data: bits.buffer, shape: [bits.length], dtype: "<f2" } as unknown as ArrayInput, "<f2");
  expect(await roundTrips(source, "csv")).toEqual([{ isExact: true }, { isExact: true }]);
});

test("rows of all shapes and orders round-trip", async () => {
  const data = (length: number): unknown[] => Array.from({ length }, (_, i) => i - 7);
  for (const form of ["csv", "ndjson"] as const) {
    for (const shape of [
      [2, 3, 2],
      [1, 1, 1],
      [4, 1],
      [0, 2, 2],
      [3, 2],
    ]) {
      const length = shape.reduce((product, size) => product * size, 1);
      for (const fortranOrder of [false, true]) {
        const path = join(directory, `${count++}.npy`);
        const whole = fortranOrder ? shape.toReversed() : shape;
        saveSync(path, { data: data(length), shape: whole } as unknown as ArrayInput, { dtype: "int16", fortranOrder });
        expect(await roundTrips(path, form)).toEqual([{ isExact: true }, { isExact: true }]);
      }
    }
    const records = data(6).map((i) => ({ i, pos: [i, -0], in: { s: ` ${i}`, t: [[i], [0]] } }));
    const source = await file(
      { data: records, shape: [3, 2] } as unknown as ArrayInput,
      [
        ["i", ">i4"],
        ["pos", "<f4", [2]],
        [
          "in",
          [
            ["s", "<U4"],
            ["t", "i1", [2, 1]],
          ],
        ],
      ] as never,
    );
    expect(await roundTrips(source, form)).toEqual([{ isExact: true }, { isExact: true }]);
  }
});

test("what a format cannot represent is refused by printing or by reading", async () => {
  const refused = async (rows: unknown, type: unknown, form: Form, reason: RegExp): Promise<void> => {
    for (const outcome of await roundTrips(await file(rows as ArrayInput, type as DTypeLike), form)) {
      expect([outcome.isExact, outcome.refused]).toEqual([false, expect.stringMatching(reason)]);
    }
  };
  await refused(["ok", "\ud83d"], "U2", "csv", /half a surrogate pair/);
  await refused([{ s: "\ude00" }], [["s", "U2"]], "csv", /half a surrogate pair/);
  await refused([new Uint8Array(3)], "V3", "csv", /text cannot become/);
  await refused([{ v: new Uint8Array(3) }], [["v", "V3"]], "ndjson", /JSON cannot become/);
  await refused({ data: [], shape: [3, 0] }, "f8", "csv", /no elements/);
  const twins = [
    ["a.b", "<i4"],
    ["a", [["b", "<i4"]]],
  ];
  await refused([{ "a.b": 1, a: { b: 2 } }], twins, "csv", /two of its elements would be called "a\.b"/);
  expect(await roundTrips(await file([{ "a.b": 1, a: { b: 2 } }] as never, twins as never), "ndjson")).toMatchObject([
    { isExact: true },
    { isExact: true },
  ]);
  expect(await roundTrips(await file(["\ud83d", "\ude00a"] as never, "U2"), "ndjson")).toMatchObject([
    { isExact: true },
    { isExact: true },
  ]);
  expect(await roundTrips(await file({ data: [], shape: [3, 0] } as never, "f8"), "ndjson")).toMatchObject([
    { isExact: true },
    {},
  ]);
});

test("text whose code points no string holds is refused, with its row; the same characters round-trip", async () => {
  const codes = (...rows: number[][]): ArrayBuffer => Uint32Array.from(rows.flat()).buffer;
  const [pair, beyond] = [
    [0xd83d, 0xde00],
    [0x110000, 0],
  ] as const;
  const nested = [["n", [["s", "<U2", [2]]]]];
  const emoji = [0x1f600, 0];
  for (const form of ["csv", "ndjson"] as const) {
    for (const [data, shape, type, row] of [
      [codes(emoji, [...pair]), [2], "<U2", 1],
      [codes([...beyond], emoji), [2], "<U2", 0],
      [codes(emoji, emoji, [0xfffd, 0], [...beyond]), [2, 2], "<U2", 1],
      [codes(emoji, emoji, [...pair], emoji), [2], nested, 1],
    ] as const) {
      const source = await file({ data, shape, dtype: type } as unknown as ArrayInput, type as DTypeLike);
      const [outcome] = await roundTrips(source, form);
      expect(outcome?.refused).toMatch(new RegExp(`^${source}: row ${row} has text with the halves of a surrogate pair`));
    }
    const held = await file({ data: codes(emoji, [0xfffd, 0x1f600]), shape: [2], dtype: "<U2" } as unknown as ArrayInput, "<U2");
    expect(await roundTrips(held, form)).toEqual([{ isExact: true }, { isExact: true }]);
  }
});

test("the header of structures of text with more dimensions is not taken for data", async () => {
  const data = ["a", "b", "c", "d"].map((s) => ({ s, t: [s, s] }));
  const type = [
    ["s", "<U9"],
    ["t", "<U9", [2]],
  ] as unknown as DTypeLike;
  for (const fortranOrder of [false, true]) {
    const path = join(directory, `${count++}.npy`);
    saveSync(path, { data, shape: fortranOrder ? [1, 4] : [4, 1] } as unknown as ArrayInput, { dtype: type, fortranOrder });
    expect(await roundTrips(path, "csv")).toEqual([{ isExact: true }, { isExact: true }]);
  }
});
