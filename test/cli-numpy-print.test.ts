/** `head` and `tail` print arrays as NumPy does. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { sampled } from "./support/effort.ts";
import { numpyVersion, pythonCommand } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** Arrays of all kinds, as Python expressions. */
const ARRAYS = {
  integers: "np.arange(-5, 5)",
  matrix: "np.arange(12).reshape(3, 4) * 1000",
  uint64: "np.array([2**64 - 1, 0], 'u8')",
  bools: "np.array([[True, False], [False, False]])",
  floats: "np.array([[0.5, -17.25, 3.0], [1 / 3, 100.125, 0.0]])",
  nan: "np.array([1.5, np.nan, -np.inf, np.inf])",
  onlyNan: "np.array([np.nan, np.nan])",
  negativeZero: "np.array([-0.0, 0.0, 1e-4])",
  exponents: "np.array([1e-5, 1234.5678901234567, -1e300, np.nan])",
  large: "np.array([1e10, 123456789.123])",
  ties: "np.array([0.5 + 2.0**-9, 1.5 + 2.0**-9, 0.0009765625, 2.5, 3.5])",
  roundedUp: "np.array([0.999999999, 9.999999999])",
  float32: "np.array([0.1, 1 / 3, 12.345678], 'f4')",
  float32Exponents: "np.array([0.1, 1e-7, 12345.678], 'f4')",
  float16: "np.array([0.1, 1 / 3, 65.5], 'f2')",
  float16Exponents: "np.array([0.1, 1e-5, 999.5], 'f2')",
  random: "np.random.default_rng(1).standard_normal((10, 6)) * 100",
  random32: "np.random.default_rng(2).standard_normal((10, 6)).astype('f4')",
  randomExponents: "10.0 ** np.random.default_rng(3).uniform(-20, 20, (10, 3))",
  complex: "np.array([1 + 2j, -0.5 - 1e-3j, complex(np.nan, np.inf)])",
  dates: "np.array(['2024-01-01', 'NaT', '1969-12-31'], 'M8[D]')",
  times: "np.array(['2024-01-01T00:00:00.123', 'NaT'], 'M8[ms]')",
  durations: "np.array([1, -200, 'NaT'], 'm8[s]')",
  text: "np.array(['a', \"it's\", 'both \\' and \"', 'tab\\t, \\\\', '\\u00e9 \\u4e2d', ''])",
  bytes: "np.array([b'ab', b'\\xff\\n'])",
  cube: "np.arange(24).reshape(2, 3, 4)",
  scalar: "np.array(3.25)",
  empty: "np.zeros((0, 3))",
  noColumns: "np.zeros((3, 0))",
  long: "np.arange(40) * 1000",
};

describe.skipIf(numpyVersion === undefined)("as numpy.array2string", () => {
  test.each(["", "--precision 0"])("with %j", (option) => {
    const cwd = temporaryDirectory();
    const precision = option === "" ? 8 : Number(option.slice(-1));
    const arrays = sampled(Object.entries(ARRAYS), 3);
    const lines = arrays.map(([name, code]) => `save(${JSON.stringify(name)}, ${code})`);
    const script = `
import json, numpy as np
texts = {}
def save(name, a):
    np.save(name + ".npy", a)
    width = 75 if a.ndim < 2 else 10**6
    texts[name] = np.array2string(a[:60] if a.ndim else a, precision=${precision}, threshold=10**6, max_line_width=width)
${lines.join("\n")}
print(json.dumps(texts))`;
    const expected = JSON.parse(execFileSync(pythonCommand, ["-W", "ignore", "-c", script], { cwd, encoding: "utf8" }));
    const found = Object.fromEntries(
      arrays.map(([name]) => {
        const { stdout, stderr } = npy(["head", "-n", "60", ...option.split(" ").filter(Boolean), `${name}.npy`], { cwd });
        return [name, stdout.slice(0, -1) + stderr];
      }),
    );
    expect(found).toEqual(expected);
  });
});

describe("rows that are longer than a line", () => {
  function head(data: Float64Array | Uint8Array, shape: number[], ...args: string[]): string {
    const cwd = temporaryDirectory();
    saveSync(join(cwd, "a.npy"), { data, shape });
    const { status, stdout, stderr } = npy(["head", ...args, "a.npy"], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  }

  test("have ... in their middle", () => {
    const data = Float64Array.from({ length: 200 }, (_, i) => i / 8);
    expect(head(data, [2, 100], "--width", "40")).toBe(
      "[[ 0.     0.125 ... 12.25  12.375]\n [12.5   12.625 ... 24.75  24.875]]\n",
    );
  });

  test("of images have ... in their other axes, too", () => {
    const data = Uint8Array.from({ length: 2 * 28 * 28 }, (_, i) => i % 10);
    const lines = head(data, [2, 28, 28], "--width", "42").split("\n");
    expect(lines[0]).toBe("[[[0 1 2 3 4 5 6 7 ... 0 1 2 3 4 5 6 7]");
    expect(lines[3]).toBe("  ...");
    expect(lines).toHaveLength(2 * 7 + 1 + 1);
    expect(head(data, [2, 28, 28], "-n", "1", "--width", "80").split("\n")).toHaveLength(28 + 1);
  });

  test("as a table, with the numbers of rows and columns", () => {
    const data = Float64Array.from({ length: 6 }, (_, i) => i / 8);
    expect(head(data, [2, 3], "--table")).toBe("       0      1      2\n0    0.0  0.125   0.25\n1  0.375    0.5  0.625\n");
    expect(head(data, [2, 3], "--table", "--precision", "1")).toBe("     0    1    2\n0  0.   0.1  0.2\n1  0.4  0.5  0.6\n");
  });
});

test.each<[args: string[], problem: string]>([
  [["--csv", "--precision", "3"], "--precision is for tables and arrays: the other formats have all digits"],
  [["--columns", "5"], "--columns: there is no column 5: there are 2"],
  [["--fields", "t"], 'there is no field "t": the dtype is float64, which has none'],
])("%j is refused", (args, problem) => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "a.npy"), [[1, 2]]);
  expect(npy(["head", ...args, "a.npy"], { cwd })).toMatchObject({
    status: 2,
    stdout: "",
    stderr: `npy-append-array: ${problem}\n`,
  });
});
