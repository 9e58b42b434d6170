/** `stats`: what the command prints. */
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let cwd: string;

beforeEach(() => {
  cwd = temporaryDirectory();
  const data = Uint8Array.from({ length: 3 * 784 }, (_, i) =>
    i % 784 === 57 ? 250 : i % 784 === 9 ? 0 : 100 + Math.floor(i / 784),
  );
  saveSync(join(cwd, "digits.npy"), { data, shape: [3, 28, 28] });
  const log = [
    { t: "2024-01-01", level: 17, station: "north", id: 2n ** 53n + 1n },
    { t: "2024-01-03", level: 19, station: "south", id: 2n ** 53n + 5n },
    { t: "NaT", level: Number.NaN, station: "north", id: 2n ** 53n + 3n },
    { t: "2024-01-02", level: Number.POSITIVE_INFINITY, station: "east", id: 0n },
  ];
  const dtype: [string, string][] = [
    ["t", "M8[D]"],
    ["level", "f8"],
    ["station", "U5"],
    ["id", "i8"],
  ];
  saveSync(join(cwd, "log.npy"), log as never, { dtype: dtype as never });
});

function stats(...args: string[]): string {
  const { status, stdout, stderr } = npy(["stats", ...args], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("of images are those of all pixels, and name the pixels with the least and the greatest", () => {
  const [rows, , all, , ...extremes] = stats("digits.npy").split("\n");
  expect(rows).toBe("3 rows, uint8 (3, 28, 28)");
  expect(all).toMatch(/^all +0 +3 +0 +250 +101\.06\d+ /);
  expect(extremes.join("\n")).toBe(`784 columns  least  in          greatest  in
min              0  column 0,9       250  column 2,1
max              0  column 0,9       250  column 2,1
mean           0.0  column 0,9     250.0  column 2,1
std            0.0  column 0,9  0.816497  column 0,0

Each column: --all
`);
});

test("--all lists each column", () => {
  const lines = stats("--all", "digits.npy").split("\n");
  expect(lines).toHaveLength(2 + 784 + 1);
  expect(lines[2 + 57]).toMatch(/^2,1 +0 +0 +1 +250 +250 +250\.0 +0\.0 +█$/);
});

test("--by groups the rows by the values of a column, in their order", () => {
  expect(stats("--by", "station", "--columns", "level,id", "log.npy")).toBe(
    `4 rows, 4 fields
station  rows  column  nan  inf  zeros  distinct               min               max                mean  std  histogram
east        1  level     0    1      0                         inf               inf                 inf  nan
               id        0    0      1         1                 0                 0                 0.0  0.0  █
north       2  level     1    0      0                        17.0              17.0                17.0  0.0  █
               id        0    0      0         2  9007199254740993  9007199254740995  9007199254740994.0  1.0  █              █
south       1  level     0    0      0                        19.0              19.0                19.0  0.0  █
               id        0    0      0         1  9007199254740997  9007199254740997  9007199254740996.0  0.0  █
`,
  );
});

test("--json has all digits, and the counts of the histogram", () => {
  const found = JSON.parse(stats("--json", "log.npy"));
  expect(found).toMatchObject({ path: "log.npy", rows: 4, shape: [4] });
  const [t, level, station, id] = found.columns;
  expect(t).toMatchObject({ column: "t", nan: 1, min: "2024-01-01", max: "2024-01-03", mean: "2024-01-02" });
  expect(level).toMatchObject({ nan: 1, inf: 1, min: 17, max: Number.POSITIVE_INFINITY, std: null });
  expect(station).toEqual({ column: "station", dtype: "str160", rows: 4 });
  expect(id).toMatchObject({ zeros: 1, distinct: 4, distinctIsAll: true });
  expect(id.histogram).toEqual([1, ...new Array(14).fill(0), 3]);
  expect(stats("--json", "log.npy")).toContain('"min":0,"max":9007199254740997,');
  const grouped = JSON.parse(stats("--json", "--by", "station", "log.npy"));
  expect(grouped.groups.map(({ value, rows }: { value: string; rows: number }) => [value, rows])).toEqual([
    ["east", 1],
    ["north", 2],
    ["south", 1],
  ]);
});

describe("mistakes", () => {
  test.each<[args: string[], problem: string]>([
    [["--by", "place", "log.npy"], 'there is no column "place": the columns are t, level, station, id'],
    [["--columns", "x", "log.npy"], 'there is no column "x": the columns are t, level, station, id'],
    [["--by", "0,0", "digits.npy"], "--by 0,0: there are 783 other columns: choose some with --columns, or show --all"],
    [["--by", "station", "--columns", "station", "log.npy"], 'there is no column "station": the columns are t, level, id'],
  ])("%j", (args, problem) => {
    const { status, stdout, stderr } = npy(["stats", ...args], { cwd });
    expect([status, stdout, stderr]).toEqual([2, "", `npy-append-array: ${problem}\n`]);
  });
});
