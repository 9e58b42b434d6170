/** `plot`: what is drawn, in any terminal and as SVG. */
import { join } from "node:path";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { styledCells, viridis } from "../src/cli/plot/colors.ts";
import { dateTicks } from "../src/cli/plot/dates.ts";
import { drawing } from "../src/cli/plot/draw.ts";
import type { PlotOptions } from "../src/cli/plot/options.ts";
import { encodePng } from "../src/cli/plot/png.ts";
import { scaleOf } from "../src/cli/plot/scale.ts";
import { isAsciiOnly } from "../src/cli/plot/screen.ts";
import type { Screen } from "../src/cli/plot/text-axes.ts";
import { indexArgument } from "../src/cli/text/index-text.ts";
import { type ArrayInput, type DatetimeUnit, NpyReader, saveSync } from "../src/node.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const SMALL: Screen = { width: 80, height: 23, depth: 1, isAscii: false };

interface Given {
  readonly dtype?: string | readonly (readonly [string, string])[];
  readonly index?: string;
  readonly screen?: Partial<Screen>;
}

/** What `plot` draws of an array. */
async function plotted(array: ArrayInput, options: PlotOptions = {}, { dtype, index, screen }: Given = {}): Promise<string> {
  const path = join(temporaryDirectory(), "a.npy");
  saveSync(path, array as Float64Array, dtype === undefined ? {} : { dtype: dtype as "f8" });
  const reader = await NpyReader.open(path);
  try {
    const found = index === undefined ? undefined : indexArgument(index);
    return (await drawing("a.npy", reader, found, options, { ...SMALL, ...screen })).text;
  } finally {
    await reader.close();
  }
}

function sine(length: number, period = 100): Float64Array {
  return Float64Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * i) / period));
}

/** The rows of a picture that have a dot, counted from the top, for each character across. */
function dots(text: string, column: number): number[] {
  const rows = text.split("\n").filter((line) => /[┤│]/.test(line));
  return rows.flatMap((line, row) => (/[\u2801-\u28ff]/.test(line.split(/[┤│]/)[1]?.[column] ?? " ") ? [row] : []));
}

describe("lines", () => {
  test("fill the screen, with round ticks below and at the left", async () => {
    const text = await plotted(sine(1000, 250));
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(23);
    expect(Math.max(...lines.map((line) => line.length))).toBe(80);
    expect(lines.filter((line) => line.includes("┤")).map((line) => line.trim().split(" ")[0])).toEqual([
      "1.0",
      "0.5",
      "0.0",
      "-0.5",
      "-1.0",
    ]);
    expect(lines.at(-1)?.trim().split(/ +/)).toEqual(["0", "100", "200", "300", "400", "500", "600", "700", "800", "900"]);
  });

  test("show one spike in two million rows", async () => {
    const values = new Float32Array(2_000_000);
    values[1_000_000] = 5;
    const text = await plotted(values);
    expect(text.split("\n")[1]).toMatch(/^ *5 ┤ {38}[\u2801-\u28ff]$/);
  });

  test("have gaps for NaN and infinities, which are counted", async () => {
    const values = new Float64Array(100).fill(1);
    values.fill(Number.NaN, 40, 60);
    values[70] = Number.POSITIVE_INFINITY;
    const text = await plotted(values);
    expect(dots(text, 10)).toHaveLength(1);
    expect(dots(text, 38)).toEqual([]);
    expect(text).toMatch(/\nNot drawn: 20 NaN, 1 infinite\n$/);
  });

  test("have gaps for NaT, which is no number far below all others", async () => {
    const times = BigInt64Array.from({ length: 10 }, (_, i) => BigInt(i));
    times[4] = -(2n ** 63n);
    const text = await plotted(times, {}, { dtype: "m8[s]" });
    expect(text).toContain("⠤⠤ [s]");
    expect(text).toMatch(/^8 ┤/m);
    expect(text).toContain("Not drawn: 1 NaT");
  });

  test("have exact labels beyond 2 ** 53", async () => {
    const values = BigInt64Array.from({ length: 11 }, (_, i) => 2n ** 62n + BigInt(i));
    const text = await plotted(values);
    const labels = text.match(/^\d+(?= ┤)/gm) ?? [];
    expect(labels).toEqual([
      "4611686018427387914",
      "4611686018427387912",
      "4611686018427387910",
      "4611686018427387908",
      "4611686018427387906",
      "4611686018427387904",
    ]);
    const unsigned = await plotted(BigUint64Array.of(2n ** 64n - 1n, 2n ** 64n - 3n));
    expect(unsigned).toMatch(/^18446744073709551615 ┤/m);
  });

  test.each<[string, ArrayInput, RegExp]>([
    ["a constant", new Float64Array(10).fill(3), /┤/],
    ["one row", Float64Array.of(4.5), /[\u2801-\u28ff]/],
    ["the largest numbers", Float64Array.of(-Number.MAX_VALUE, Number.MAX_VALUE), / 1e308 ┤/],
    ["the smallest numbers", Float64Array.of(0, Number.MIN_VALUE, 3 * Number.MIN_VALUE), /e-32[34] ┤/],
    ["bools", { data: Uint8Array.of(0, 1, 1), shape: [3], dtype: "bool" } as never, /^1 ┤/m],
  ])("of %s", async (_name, array, expected) => {
    const text = await plotted(array);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    expect(text.trimEnd().split("\n")).toHaveLength(23);
  });

  test("of complex numbers are their magnitudes, or a part of them", async () => {
    const values = { data: Float64Array.of(3, 4, 6, 8, 0, 0), shape: [3], dtype: "complex128" } as never;
    const text = await plotted(values);
    expect(text).toContain("magnitudes of complex numbers");
    expect(text).toMatch(/^10 ┤/m);
    expect(await plotted(values, { columns: "imag" })).toMatch(/^8 ┤/m);
  });

  test("of a single row run over its elements", async () => {
    const text = await plotted({ data: sine(2 * 784), shape: [2, 784] } as never, {}, { index: "1" });
    expect(text).toMatch(/^a\.npy, row 1\n/);
    expect(text.trimEnd()).toMatch(/ 0 +100 +200 .* 700$/);
  });

  test("of rows in reverse order run backwards", async () => {
    const text = await plotted(
      Float64Array.from({ length: 100 }, (_, i) => i),
      {},
      { index: "::-1" },
    );
    expect(text).toContain("rows 99::-1");
    expect(dots(text, 0)).toEqual([0]);
    expect(text.trimEnd().split("\n").at(-1)?.trim().split(/ +/).slice(0, 2)).toEqual(["90", "80"]);
  });

  test.each([
    ["no rows", new Float64Array(0), "there is nothing to draw: there are no rows"],
    ["NaN alone", new Float64Array(3).fill(Number.NaN), "there is nothing to draw: all values are NaN, NaT or infinite"],
    ["text", ["a", "b"], "there is nothing to draw: no column holds numbers"],
  ])("of %s are refused", async (_name, array, message) => {
    await expect(plotted(array as never, {}, typeof array[0] === "string" ? { dtype: "U1" } : {})).rejects.toThrow(message);
  });
});

const LOG = [
  ["t", "<M8[s]"],
  ["level", "<f8"],
  ["speed", "<f8"],
] as const;

const NAMES = [..."abcdefgh"];

/** From 2024-03-14 22:00, a row each minute. */
function logRows(length: number): { t: bigint; level: number; speed: number }[] {
  return Array.from({ length }, (_, i) => ({
    t: 1710453600n + 60n * BigInt(i),
    level: Math.sin(i / 9),
    speed: 1000 * Math.cos(i / 9),
  }));
}

describe("several columns", () => {
  test("that differ in range get panels, over the first column of dates", async () => {
    const text = await plotted(logRows(300) as never, {}, { dtype: LOG });
    expect(text).toMatch(/^a\.npy, rows 0:300 over t\n +level\n/);
    expect(text).toMatch(/^ +speed$/m);
    expect(text).toMatch(/ 23:00 +00:00 +01:00 +02:00\n +2024-03-14 +2024-03-15\n$/);
    expect(text.trimEnd().split("\n")).toHaveLength(23);
  });

  test("share a chart and have a legend if their ranges are alike, or with --no-panels", async () => {
    const pair = { data: Float64Array.of(0, 1, 1, 2, 2, 0), shape: [3, 2] } as never;
    expect(await plotted(pair)).toMatch(/^a\.npy, rows 0:3 {2}\* 0 {2}o 1\n/);
    expect(await plotted(pair, { panels: true })).toMatch(/^a\.npy, rows 0:3\n +0\n/);
    expect(await plotted(logRows(30) as never, { columns: "level,speed", panels: false }, { dtype: LOG })).toContain(
      "* level  o speed",
    );
    await expect(plotted(logRows(30) as never, { panels: false, x: false }, { dtype: LOG })).rejects.toThrow("no common scale");
  });

  test("with --normalize reach from 0 to 1, and the legend says the ranges", async () => {
    const text = await plotted(
      [
        [0, 500],
        [1, 700],
      ] as never,
      { normalize: true },
    );
    expect(text).toContain("* 0 (0.0 to 1.0)  o 1 (500.0 to 700.0)");
    expect(text).toMatch(/^1\.0 ┤/m);
  });

  test("over another column, in its order or as points", async () => {
    const text = await plotted(
      [
        [0, 1],
        [5, 2],
        [10, 4],
      ] as never,
      { x: "0" },
    );
    expect(text).toMatch(/^a\.npy, rows 0:3 over 0 {2}⠤⠤ 1\n/);
    expect(dots(text, 60)).not.toEqual([]);
    const points = await plotted(
      [
        [5, 1],
        [0, 2],
        [10, 4],
      ] as never,
      { x: "0" },
    );
    expect(dots(points, 60)).toEqual([]);
    await expect(plotted([[5, 1]] as never, { x: "7" })).rejects.toThrow('there is no column "7": the columns are 0, 1');
  });

  test("over dates in no order go over the numbers of the rows, unless --x names the dates", async () => {
    const rows = logRows(20).reverse();
    expect(await plotted(rows as never, {}, { dtype: LOG })).toMatch(/^a\.npy, rows 0:20\n +t\n/);
    expect(await plotted(rows as never, { x: "t" }, { dtype: LOG })).toMatch(/^a\.npy, rows 0:20 over t\n/);
    expect(await plotted(logRows(20) as never, { x: false }, { dtype: LOG })).toMatch(/^a\.npy, rows 0:20\n +t\n/);
  });
});

describe("scales", () => {
  test.each([
    [{ min: -1, max: 1 }, 5, ["-1.0", "-0.5", "0.0", "0.5", "1.0"]],
    [{ min: 0, max: 99 }, 11, ["0", "10", "20", "30", "40", "50", "60", "70", "80", "90"]],
    [{ min: 0, max: 0.0004 }, 5, ["0", "1e-4", "2e-4", "3e-4", "4e-4"]],
    [{ min: 1e9, max: 3e9 }, 3, ["1e9", "2e9", "3e9"]],
  ])("have ticks at 1, 2 and 5 times powers of ten: %o", (range, most, expected) => {
    expect(
      scaleOf(range, {})
        .ticks(most)
        .map(({ text }) => text),
    ).toEqual(expected);
  });

  test("are logarithmic with --log, which leaves out and counts numbers that are not above 0", async () => {
    const text = await plotted(Float64Array.of(1, 10, 0, -5, 100, 1000), { log: true });
    expect(text).toMatch(/^a\.npy, rows 0:6: logarithmic\n/);
    expect((text.match(/^ *\d+(?= ┤)/gm) ?? []).map(Number)).toEqual([1000, 100, 10, 1]);
    expect(text).toMatch(/Not drawn: 2 not above 0\n$/);
    await expect(plotted(Float64Array.of(-1, 0), { log: true })).rejects.toThrow("no number is above 0: leave out --log");
  });

  test.each<[DatetimeUnit, number, bigint, bigint, readonly string[]]>([
    ["s", 1, 0n, 40n, ["00:00:00", "00:00:10", "00:00:20", "00:00:30", "00:00:40"]],
    ["m", 1, 0n, 60n, ["00:00", "00:15", "00:30", "00:45", "01:00"]],
    ["D", 1, 0n, 3n, ["01-01", "01-02", "01-03", "01-04"]],
    ["D", 1, 19723n, 19723n + 366n, ["2024-01", "2024-04", "2024-07", "2024-10", "2025-01"]],
    ["D", 1, -719528n, 0n, ["0000", "0500", "1000", "1500"]],
    ["M", 1, 600n, 612n, ["2020-01", "2020-04", "2020-07", "2020-10", "2021-01"]],
    ["Y", 10, 0n, 4n, ["1970", "1980", "1990", "2000", "2010"]],
    ["ns", 1, 0n, 4n, ["00.000000000", "00.000000001", "00.000000002", "00.000000003", "00.000000004"]],
    ["ms", 1, 0n, 400n, ["00:00:00.0", "00:00:00.1", "00:00:00.2", "00:00:00.3", "00:00:00.4"]],
    ["W", 1, 0n, 4n, ["01-05", "01-12", "01-19", "01-26"]],
  ])("of datetime64 in %s (%i) have round ticks", (unit, count, low, high, expected) => {
    const ticks = dateTicks({ min: 0, max: Number(high - low) }, low, { unit, count }, 5);
    const texts = ticks.map(({ text }) => text);
    expect(texts).toEqual(expected);
    for (const { value } of ticks) expect(value >= 0 && value <= Number(high - low)).toBe(true);
  });

  test("of dates as far as datetime64 reaches have ticks", () => {
    for (const unit of ["Y", "D", "s", "as"] as const) {
      const ticks = dateTicks({ min: -(2 ** 63) + 2048, max: 2 ** 63 - 2048 }, 0n, { unit, count: 1 }, 6);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThan(7);
    }
  });
});

describe("histograms", () => {
  test("count all values in bins of equal width", async () => {
    const svg = await plotted(Float64Array.of(0, 1, 1, 9, 10), { bins: 10, svg: "-" });
    // Bars of height 1, 2 and 2, the last with the largest value.
    expect(svg.match(/M[\d.]+,380V[\d.]+h/g)).toHaveLength(3);
    expect(await plotted(Float64Array.of(0, 1, 1, 9, 10), { bins: 10 })).toMatch(/^a\.npy, rows 0:5: 10 bins of 1\.0\n/);
  });

  test("of integers have bins of whole numbers", async () => {
    const values = Uint8Array.from({ length: 256 }, (_, i) => i);
    const text = await plotted(values, { bins: 100 });
    expect(text).toMatch(/: 86 bins of 3\.0\n/);
  });

  test("of many columns are of all elements, of few one for each", async () => {
    const data = sine(700);
    expect(await plotted({ data, shape: [70, 10] } as never, { bins: 5 })).toContain("all elements, 5 bins");
    const few = await plotted({ data, shape: [350, 2] } as never, { bins: 5 });
    expect(few.match(/└/g)).toHaveLength(2);
  });
});

describe("heat maps", () => {
  test("have a bar of colours, and the numbers of columns and rows", async () => {
    const data = Float32Array.from({ length: 500 * 100 }, (_, i) => i % 100);
    const text = await plotted({ data, shape: [500, 100] } as never, {}, { screen: { depth: 24 } });
    const lines = text.trimEnd().split("\n");
    expect(lines).toHaveLength(23);
    expect(lines[0]).toMatch(/^a\.npy, rows 0:500: means of 9 rows x 3 columns$/);
    expect(lines.join("\n")).toContain("▀");
    expect(lines[1]).toMatch(/^ +0 ┤/);
    expect(lines[1]).toContain("\u001b[49m");
    expect(lines.at(-1)?.trim().split(/ +/)).toEqual(["0", "50", "100", "150", "200", "250", "300", "350", "400", "450"]);
  });

  test("of 5,000 x 768 are below 1 MB as SVG, with the right colours", async () => {
    const data = Float32Array.from({ length: 5000 * 768 }, (_, i) =>
      Math.fround(((i * 2654435761) % 4294967296) / 4294967296 + (i % 768)),
    );
    const svg = await plotted({ data, shape: [5000, 768] } as never, { svg: "-" });
    expect(svg.length).toBeLessThan(2 ** 20);
    const [, encoded = ""] = /href="data:image\/png;base64,([^"]+)"/.exec(svg) ?? [];
    const { width, height, data: pixels } = PNG.sync.read(Buffer.from(encoded, "base64"));
    expect([width, height]).toEqual([800, 384]);
    const colorAt = (x: number, y: number): number => Buffer.from(pixels).readUIntBE(4 * (y * width + x), 3);
    expect([colorAt(0, 0), colorAt(799, 383)]).toEqual([0x440154, 0xfde725]);
    expect(svg).toContain("@media (prefers-color-scheme:dark)");
  });

  test("of structures are normalized", async () => {
    const dtype = Array.from({ length: 8 }, (_, i) => [`c${i}`, "<f4"] as const);
    const rows = Array.from({ length: 9 }, (_, r) => Object.fromEntries(dtype.map(([name], i) => [name, r * 10 ** i])));
    expect(await plotted(rows as never, {}, { dtype })).toMatch(/^a\.npy, rows 0:9: normalized\n/);
  });
});

describe("pictures", () => {
  const photo = { data: Uint8Array.from({ length: 8 * 6 * 3 }, (_, i) => (i * 37) % 256), shape: [8, 6, 3] } as never;

  test("have two pixels in a character", async () => {
    const text = await plotted(Uint8Array.of(0, 255) as never, { image: true }, { screen: { depth: 24, height: 4 } });
    expect(text).toMatch(/^a\.npy: 2 x 1 pixels, 0 \(black\) to 255 \(white\)\n/);
    const checks = { data: Uint8Array.of(0, 255, 255, 0), shape: [2, 2] } as never;
    const small = await plotted(checks, { image: true }, { screen: { depth: 24, width: 2, height: 3 } });
    expect(small.split("\n")[1]).not.toBe("");
  });

  test("are embedded as they are in an SVG", async () => {
    const svg = await plotted(photo, { image: true, svg: "-" });
    const { width, height, data } = PNG.sync.read(Buffer.from(/base64,([^"]+)"/.exec(svg)?.[1] ?? "", "base64"));
    expect([width, height]).toEqual([6, 8]);
    expect([...data.subarray(0, 8)]).toEqual([0, 37, 74, 255, 111, 148, 185, 255]);
  });

  test.each([
    ["the first of several", [5, 28, 28], undefined, "a.npy, row 0 of 5: 28 x 28 pixels"],
    ["one by its index", [5, 28, 28], "3", "a.npy: 28 x 28 pixels"],
    ["several beside each other", [5, 28, 28], "1:4", "a.npy: 3 pictures of 28 x 28 pixels"],
    ["a row that is a square", [5, 784], "-1", "a.npy: 28 x 28 pixels"],
    ["a row with colours first", [2, 3, 28, 20], "1", "a.npy: 20 x 28 pixels"],
    ["all of two axes", [30, 20], undefined, "a.npy: 20 x 30 pixels"],
  ])("show %s", async (_name, shape, index, title) => {
    const size = shape.reduce((product, length) => product * length, 1);
    const array = { data: Uint8Array.from({ length: size }, (_, i) => i), shape } as never;
    const text = await plotted(array, { image: true }, index === undefined ? {} : { index });
    expect(text.startsWith(title)).toBe(true);
    expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(23);
  });

  test.each([
    ["text", ["a"], "U1", "elements of dtype str32 are no pixels"],
    ["NaN alone", new Float64Array(4).fill(Number.NaN), undefined, "all values are NaN or infinite"],
    ["five axes", { data: new Uint8Array(32), shape: [2, 2, 2, 2, 2] }, undefined, "is no picture"],
  ])("refuse %s", async (_name, array, dtype, message) => {
    await expect(plotted(array as never, { image: true }, dtype === undefined ? { index: "..." } : { dtype })).rejects.toThrow(
      message,
    );
  });

  test("are PNG files that others read", () => {
    const bytes = Uint8Array.from({ length: 5 * 7 * 4 }, (_, i) => (i * 91) % 256);
    const { data } = PNG.sync.read(encodePng({ width: 5, height: 7, type: "rgba", bytes }));
    expect([...data]).toEqual([...bytes]);
  });
});

describe("terminals", () => {
  test.each([
    [20, 6],
    [80, 23],
    [200, 49],
  ])("of %i x %i are filled and not left", async (width, height) => {
    const wide = { data: sine(30 * 40), shape: [30, 40] } as never;
    for (const options of [{}, { bins: 9 }, { panels: true, columns: "0:3" }, { image: true }, { columns: "0,1", ascii: true }]) {
      const isAscii = options.ascii === true;
      const lines = (await plotted(wide, options, { screen: { width, height, isAscii } })).trimEnd().split("\n");
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      if (!("panels" in options) || height > 6) expect(lines.length).toBeLessThanOrEqual(height);
      if (isAscii) expect(lines.join("")).toMatch(/^[ -~]*$/);
    }
  });

  test("have 16777216, 256, 16 colours or none", () => {
    const cells = [
      { char: "a", color: 0xe69f00 },
      { char: "b", color: 0xe69f00 },
      { char: "c", ground: 0x0000ff },
    ];
    expect(styledCells(cells, 24)).toBe("\u001b[38;2;230;159;0mab\u001b[39m\u001b[48;2;0;0;255mc\u001b[49m");
    expect(styledCells(cells, 8)).toBe("\u001b[38;5;178mab\u001b[39m\u001b[48;5;21mc\u001b[49m");
    expect(styledCells(cells, 4)).toBe("\u001b[33mab\u001b[39m\u001b[44mc\u001b[49m");
    expect(styledCells(cells, 1)).toBe("abc");
  });

  test.each([24, 60, 100, 183, 200])("of %i characters have as many lines for dates of any length", async (width) => {
    for (const hours of [1, 20, 500, 9000]) {
      const rows = Array.from({ length: 50 }, (_, i) => ({
        t: BigInt(i * hours * 70),
        ...Object.fromEntries(NAMES.map((name) => [name, i])),
      }));
      const dtype = [["t", "<M8[s]"], ...NAMES.map((name) => [name, "<f4"] as const)] as const;
      for (const options of [{}, { columns: "a" }]) {
        const text = await plotted(rows as never, options, { dtype, screen: { width } });
        expect(text.split("\n")).toHaveLength(24);
      }
    }
  });

  test("without UTF-8 or braille get ASCII", () => {
    expect(isAsciiOnly({ LANG: "en_US.UTF-8" })).toBe(false);
    expect(isAsciiOnly({ LANG: "en_US.UTF-8", LC_ALL: "C" })).toBe(true);
    expect(isAsciiOnly({ LANG: "de_DE.ISO-8859-1" })).toBe(true);
    expect(isAsciiOnly({ LANG: "C.utf8", TERM: "linux" })).toBe(true);
    expect(isAsciiOnly({})).toBe(false);
  });

  test("show viridis", () => {
    expect([viridis(0), viridis(1), viridis(Number.POSITIVE_INFINITY)]).toEqual([0x440154, 0xfde725, 0xfde725]);
    // matplotlib has 0x21918c in the middle.
    expect(viridis(0.5)).toSatisfy((color: number) => Math.abs((color & 255) - 0x8c) < 4 && Math.abs((color >> 16) - 0x21) < 4);
  });
});

test.each<[PlotOptions, string]>([
  [{ log: true, normalize: true }, "--log and --normalize cannot be combined: choose one"],
  [{ bins: 3, heatmap: true }, "--bins and --heatmap cannot be combined: choose one"],
  [{ panels: true, normalize: true }, "--panels and --normalize cannot be combined: choose one"],
  [{ image: true, columns: "0" }, "--image shows all elements"],
  [{ bins: 3, x: "0" }, "--bins and --x cannot be combined"],
])("%o is refused", async (options, message) => {
  await expect(plotted([[1, 2]] as never, options)).rejects.toThrow(message);
});
