/** The parts of the viewer that need no browser: what it reads, computes and writes. */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { textsOf } from "../site/shared/texts.ts";
import { placesOf, rangesText } from "../site/viewer/column-choice.ts";
import { csvParts } from "../site/viewer/export-csv.ts";
import { npyParts } from "../site/viewer/export-npy.ts";
import { heat } from "../site/viewer/heat.ts";
import { histogram } from "../site/viewer/histogram.ts";
import { image } from "../site/viewer/image.ts";
import { lines } from "../site/viewer/lines.ts";
import { motionOf } from "../site/viewer/motion.ts";
import type { ArraySpec } from "../site/viewer/opening.ts";
import { type Parts, partOf } from "../site/viewer/part.ts";
import { pythonText } from "../site/viewer/python.ts";
import { clamped } from "../site/viewer/row-range.ts";
import { planOf, type Scanning } from "../site/viewer/scan.ts";
import { Scrolling } from "../site/viewer/scrolling.ts";
import { Sheet, type Slicing, slicingOf } from "../site/viewer/sheet.ts";
import { lineOf } from "../site/viewer/stat-texts.ts";
import { stats } from "../site/viewer/stats.ts";
import { dtype, load, loadSync, MemoryStorage, NpyReader, type SaveOptions, saveSync } from "../src/node.ts";

async function readerOf(array: unknown, options: SaveOptions = {}): Promise<NpyReader> {
  const storage = new MemoryStorage();
  saveSync(storage, array as never, options);
  return await NpyReader.open(storage);
}

async function scanningOf(
  array: unknown,
  options: SaveOptions = {},
  slicing?: Slicing,
): Promise<Scanning & { reader: NpyReader }> {
  const reader = await readerOf(array, options);
  const sheet = new Sheet(reader, slicing ?? slicingOf(reader.shape));
  return { reader, sheet, distance: "file", signal: new AbortController().signal, progress: () => {} };
}

async function bytesOf(parts: Parts): Promise<Buffer> {
  const found: Uint8Array[] = [];
  for await (const { bytes } of parts) found.push(bytes);
  return Buffer.concat(found);
}

const signal = new AbortController().signal;

describe("scrolling", () => {
  const ROW = 26;
  const scrolling = (rows: number): Scrolling => {
    const made = new Scrolling();
    made.resize(rows * ROW, 600);
    return made;
  };

  test("is exact where the element can be as high as the content", () => {
    const made = scrolling(1000);
    expect(made.extent).toBe(26_000);
    made.scrolled(1234);
    expect(made.offset).toBe(1234);
    expect(made.settle()).toBe(1234);
  });

  test("moves by pixels for small movements, and by parts for large ones", () => {
    const made = scrolling(1e9);
    expect(made.extent).toBe(8_000_000);
    made.scrolled(made.moveTo(5e8 * ROW) + 100);
    expect(made.offset).toBe(5e8 * ROW + 100);
    const at = made.settle();
    // Once it has settled, the same place is seen.
    made.scrolled(at);
    expect(made.offset).toBe(5e8 * ROW + 100);
    made.scrolled(2_000_000);
    expect(made.offset / (1e9 * ROW)).toBeCloseTo(0.25, 3);
  });

  test("reaches both ends, and every row between them", () => {
    const made = scrolling(1e9);
    const last = made.extent - 600;
    made.scrolled(last);
    expect(made.offset).toBe(1e9 * ROW - 600);
    // Up from the end by small movements: the element never sticks at its end.
    for (let i = 0; i < 1000; i++) made.scrolled(made.settle() - 100);
    expect(made.offset).toBe(1e9 * ROW - 600 - 100_000);
    made.scrolled(0);
    expect(made.offset).toBe(0);
    for (let i = 0; i < 10; i++) made.scrolled(made.settle() + 100);
    expect(made.offset).toBe(1000);
  });
});

test("keys lead to cells", () => {
  const size = { rows: 100, columns: 5 };
  const to = (key: string, ctrlKey = false): unknown =>
    motionOf({ key, ctrlKey, metaKey: false, altKey: false }, { row: 50, column: 2 }, size, 20);
  expect(to("ArrowDown")).toEqual({ row: 51, column: 2 });
  expect(to("PageUp")).toEqual({ row: 30, column: 2 });
  expect(to("PageDown", true)).toEqual({ row: 70, column: 2 });
  expect(to("End")).toEqual({ row: 99, column: 2 });
  expect(to("Home", true)).toEqual({ row: 0, column: 0 });
  expect(to("ArrowRight", true)).toEqual({ row: 50, column: 4 });
  expect(to("a", true)).toBe("all");
  expect(to("a")).toBeUndefined();
});

test("rows are kept within the array", () => {
  expect(clamped(-10, 10, 100)).toEqual({ start: 0, stop: 20 });
  expect(clamped(95, 120, 100)).toEqual({ start: 75, stop: 100 });
  expect(clamped(5, 5, 100)).toEqual({ start: 5, stop: 6 });
  expect(clamped(0, 10, 0)).toEqual({ start: 0, stop: 0 });
});

test("columns are chosen by numbers and ranges", () => {
  expect(placesOf("0:3, 7, -1", 10)).toEqual([0, 1, 2, 7, 9]);
  expect(placesOf(":", 3)).toEqual([0, 1, 2]);
  expect(placesOf("x, 99, ", 3)).toEqual([]);
  expect(rangesText([0, 1, 2, 7, 9])).toBe("0:3, 7, 9");
});

describe("plans", () => {
  test("read everything if that is little, or asked for", () => {
    expect(planOf({ start: 5, stop: 100 }, 8, false, "net")).toMatchObject({
      rowsRead: 95,
      samples: undefined,
      parts: [{ start: 5, stop: 100 }],
    });
    const all = planOf({ start: 0, stop: 2 ** 30 }, 8, true, "net");
    expect(all.rowsRead).toBe(2 ** 30);
    expect(all.parts.reduce((sum, { start, stop }) => sum + stop - start, 0)).toBe(2 ** 30);
  });

  test.each(["file", "machine", "net"] as const)("sample what is much: %s", (distance) => {
    for (const [rows, bytes] of [
      [2 ** 30, 8],
      [1000, 2 ** 20],
      [10, 2 ** 28],
    ] as const) {
      const { parts, rowsRead } = planOf({ start: 0, stop: rows }, bytes, false, distance);
      expect(rowsRead).toBe(parts.reduce((sum, { start, stop }) => sum + stop - start, 0));
      expect(rowsRead * bytes).toBeLessThanOrEqual(Math.max(bytes, 2 ** 23));
      for (const [i, { start, stop }] of parts.entries()) {
        expect(start).toBeGreaterThanOrEqual(parts[i - 1]?.stop ?? 0);
        expect(stop).toBeLessThanOrEqual(rows);
      }
    }
  });
});

describe("lines", () => {
  test("keep every spike of many rows", async () => {
    const data = new Float64Array(100_000).fill(1);
    data[54_321] = 99;
    data[77_777] = Number.NaN;
    data[99_999] = -7;
    const {
      lines: found,
      x,
      perPlace,
    } = await lines(await scanningOf(data), {
      kind: "lines",
      rows: { start: 0, stop: 100_000 },
      columns: [0],
      isWhole: false,
      groups: 500,
      x: undefined,
    });
    const { values = new Float64Array() } = found[0] ?? {};
    expect(Math.max(...values)).toBe(99);
    expect(Math.min(...values)).toBe(-7);
    expect(perPlace).toBe(200);
    expect(x[values.indexOf(99)]).toBeCloseTo(54_321, -3);
  });

  test("show few rows one by one, over dates too, and say if those do not ascend", async () => {
    const times = ["2024-01-01", "2024-01-02", "NaT", "2024-01-05"];
    const records = { t: times, v: [1, 2, 3, Number.NaN] };
    const types = {
      dtype: [
        ["t", "<M8[D]"],
        ["v", "<f4"],
      ],
    } as never;
    const scanning = await scanningOf(records, types);
    const task = { kind: "lines", rows: { start: 0, stop: 4 }, columns: [1], isWhole: false, groups: 500, x: 0 } as const;
    const found = await lines(scanning, task);
    expect([...found.x]).toEqual(["2024-01-01", "2024-01-02", "2024-01-05"].map((day) => Date.parse(day)));
    expect([...(found.lines[0]?.values ?? [])]).toEqual([1, 2, Number.NaN]);
    const turned = await lines(await scanningOf({ ...records, t: times.toReversed() }, types), task);
    expect(turned.xProblem).toBe("The values of t do not ascend, so the numbers of the rows are along the x axis.");
    expect([...turned.x]).toEqual([0, 1, 2, 3]);
  });
});

test("histograms count each value once, those of integers in bins of as many integers", async () => {
  const task = { kind: "histogram", columns: [0], isWhole: false, bins: 10 } as const;
  const days = Array.from({ length: 1000 }, (_, i) => i);
  const integers = await histogram(await scanningOf(Int32Array.from(days)), { ...task, rows: { start: 0, stop: 1000 } });
  expect(integers).toMatchObject({ first: 0, width: 100, min: 0, max: 999, count: 1000, notFinite: 0 });
  expect([...integers.counts]).toEqual(new Array(10).fill(100));
  const few = await histogram(await scanningOf(Uint8Array.of(3, 4, 4, 6)), { ...task, rows: { start: 0, stop: 4 } });
  expect([few.first, few.width, ...few.counts]).toEqual([3, 1, 1, 2, 0, 1]);
  const floats = Float64Array.of(-1e308, 1e308, Number.NaN, Number.POSITIVE_INFINITY, 0);
  const wide = await histogram(await scanningOf(floats), { ...task, rows: { start: 0, stop: 5 } });
  expect(wide).toMatchObject({ count: 3, notFinite: 2 });
  expect([...wide.counts]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  const same = await histogram(await scanningOf(Float32Array.of(2, 2)), { ...task, rows: { start: 0, stop: 2 } });
  expect([same.first, ...same.counts]).toEqual([2, 2]);
});

test("heat maps hold means, and gaps where there are none", async () => {
  const data = Float32Array.of(1, 10, 3, 20, Number.NaN, 30, Number.NaN, 50);
  const found = await heat(await scanningOf({ data, shape: [4, 2] }), {
    kind: "heat",
    rows: { start: 0, stop: 4 },
    columns: [0, 1],
    isWhole: false,
    width: 2,
    height: 9,
  });
  expect({ ...found, values: [...found.values] }).toMatchObject({ width: 2, height: 2, values: [2, Number.NaN, 15, 40] });
});

test("pictures take any axes in any order, every n-th index, and colours from an axis", async () => {
  const data = Uint8Array.from({ length: 2 * 4 * 6 * 3 }, (_, i) => i);
  for (const fortranOrder of [false, true]) {
    const scanning = await scanningOf(
      { data, shape: [2, 4, 6, 3] },
      { fortranOrder },
      { rows: 2, columns: 1, fixed: [1, 0, 0, 0] },
    );
    const found = await image(
      scanning,
      { kind: "image", rows: { start: 0, stop: 6, step: 2 }, indices: { start: 0, stop: 4 }, channels: 3 },
      scanning.reader,
    );
    expect(found).toMatchObject({ height: 3, width: 4, isBytes: true });
    for (let channel = 0; channel < 3; channel++) {
      const wanted = [0, 2, 4].flatMap((y) => [0, 1, 2, 3].map((x) => 72 + x * 18 + y * 3 + channel));
      expect([...(found.channels[channel] as Float64Array)]).toEqual(wanted);
    }
  }
});

test("statistics are those of the command stats", async () => {
  const records = {
    t: [new Date(0), new Date(2000)],
    z: [
      { re: 3, im: -1 },
      { re: 5, im: 1 },
    ],
    n: [2n ** 62n, 0n],
  };
  const scanning = await scanningOf(records, {
    dtype: [
      ["t", "<M8[s]"],
      ["z", "<c8"],
      ["n", "<i8"],
    ] as never,
  });
  const { columns } = await stats(scanning, {
    kind: "stats",
    rows: { start: 0, stop: 2 },
    columns: [0, 1, 2],
    isWhole: true,
    bins: 4,
    hasTotal: false,
  });
  const texts = columns.map((column) => [column.label, ...lineOf(column).texts]);
  expect(texts).toEqual([
    ["t", "datetime64[s]", "1970-01-01T00:00:00", "1970-01-01T00:00:02", "1970-01-01T00:00:01", "", "", "", "", ""],
    ["z.real", "float32", "3.0", "5.0", "4", "1", "", "", "0", ""],
    ["z.imag", "float32", "-1.0", "1.0", "0", "1", "", "", "0", ""],
    ["n", "int64", "0", "4611686018427387904", "2305840000000000000", "2305840000000000000", "", "", "1", "2"],
  ]);
});

test("texts are those of NumPy's scalars", () => {
  const text = (data: unknown, type: string): string[] => textsOf(data as never, dtype(type as "f8"));
  expect(text(Float64Array.of(0.1, 1e300, Number.NaN, Number.NEGATIVE_INFINITY), "<f8")).toEqual([
    "0.1",
    "1e+300",
    "nan",
    "-inf",
  ]);
  expect(text(Uint8Array.of(0, 1), "|b1")).toEqual(["False", "True"]);
  expect(text(BigInt64Array.of(5n, -(2n ** 63n)), "<m8[us]")).toEqual(["5 microseconds", "NaT"]);
  expect(text(Uint8Array.of(1, 2, 255, 0), "|V2")).toEqual(["0x0102", "0xff00"]);
  expect(text(["a\tb", "\u2028"], "<U3")).toEqual(["a\\tb", "\\x2028"]);
});

const SPEC: ArraySpec = { source: { kind: "url", url: "https://example.org/data/log.npy" }, label: "log.npy" };

describe("exports", () => {
  test.each([false, true])("of any part are what NumPy gives for the same index, fortranOrder: %s", async (fortranOrder) => {
    const data = Int16Array.from({ length: 60 }, (_, i) => i);
    const reader = await readerOf({ data, shape: [3, 4, 5] }, { fortranOrder });
    for (const slicing of [
      { rows: 0, columns: 2, fixed: [0, 1, 0] },
      { rows: 2, columns: 1, fixed: [2, 0, 0] },
    ]) {
      const sheet = new Sheet(reader, slicing);
      const part = { rows: { start: 1, stop: 3 }, columns: { start: 2, stop: 4 } };
      const shown = { spec: SPEC, sheet, opened: { reader, readable: reader } } as never;
      const found = loadSync(await bytesOf(npyParts(shown, part, signal)));
      const selection = slicing.fixed.map((at, axis) =>
        axis === slicing.rows ? part.rows : axis === slicing.columns ? part.columns : at,
      );
      const wanted = await reader.select(selection, { order: "C" });
      expect([found.shape, [...(found.data as Int16Array)]]).toEqual([wanted.shape, [...(wanted.data as Int16Array)]]);
      const csv = (await bytesOf(csvParts(sheet, part, signal))).toString();
      const block = [1, 2].map((row) =>
        [2, 3].map((column) => (slicing.rows === 0 ? row * 20 + 5 + column : 40 + column * 5 + row)),
      );
      expect(csv).toBe(`2,3\n${block.map((line) => `${line.join(",")}\n`).join("")}`);
    }
  });

  test("of some fields of a structure are those fields, in the file's byte order", async () => {
    const reader = await readerOf(
      { a: [1, 2], b: ["x,y", 'q"'], c: [0.5, 1] },
      {
        dtype: [
          ["a", ">i4"],
          ["b", "<U3"],
          ["c", "<f8"],
        ] as never,
      },
    );
    const sheet = new Sheet(reader, slicingOf(reader.shape));
    const part = { rows: { start: 0, stop: 2 }, columns: { start: 0, stop: 2 } };
    const found = await load(
      await bytesOf(npyParts({ spec: SPEC, sheet, opened: { reader, readable: reader } } as never, part, signal)),
    );
    expect(found.dtype.descr).toEqual([
      ["a", ">i4"],
      ["b", "<U3"],
    ]);
    expect((await bytesOf(csvParts(sheet, part, signal))).toString()).toBe('a,b\n1,"x,y"\n2,"q"""\n');
    expect(partOf(sheet, { firstRow: 1, lastRow: 1, firstColumn: 1, lastColumn: 1 })).toEqual({
      rows: { start: 0, stop: 2 },
      columns: { start: 0, stop: 3 },
    });
  });

  test.each([
    ["0-d", 3.5],
    ["empty", { data: new Float32Array(0), shape: [0, 3] }],
  ])("of an array that is %s are the array", async (_, array) => {
    const reader = await readerOf(array);
    const sheet = new Sheet(reader, slicingOf(reader.shape));
    const part = { rows: { start: 0, stop: sheet.rowCount }, columns: { start: 0, stop: sheet.columnCount } };
    const found = loadSync(
      await bytesOf(npyParts({ spec: SPEC, sheet, opened: { reader, readable: reader } } as never, part, signal)),
    );
    expect(found.shape).toEqual(reader.shape);
  });
});

test("Python gives the same part", async () => {
  const reader = await readerOf({ data: new Float32Array(60), shape: [3, 4, 5] });
  const sheet = new Sheet(reader, { rows: 0, columns: 2, fixed: [0, 1, 0] });
  const text = (spec: ArraySpec, fields?: string[]): string =>
    pythonText(spec, sheet, { start: 1, stop: 3 }, { start: 0, stop: 2 }, fields);
  expect(text(SPEC)).toBe(
    'import io\nimport urllib.request\nimport numpy as np\n\na = np.load(io.BytesIO(urllib.request.urlopen("https://example.org/data/log.npy").read()))\na[1:, 1, :2]',
  );
  const file = new File([], 'a "b"\\ü.npz');
  expect(text({ source: { kind: "file", file }, member: "x", label: "x" }, ["t", "v"])).toBe(
    'import numpy as np\n\na = np.load("a \\"b\\"\\\\\\u00fc.npz")["x"]\na[["t", "v"]][1:, 1, :2]',
  );
  const python = spawnSync("python3", [
    "-c",
    `import ast, sys; [ast.parse(text) for text in sys.argv[1:]]`,
    text(SPEC),
    text({ source: { kind: "shards", name: "d", files: [] }, label: "d" }),
  ]);
  // Where there is no Python, the texts above are what is tested.
  if (python.error === undefined) expect(python.status).toBe(0);
});
