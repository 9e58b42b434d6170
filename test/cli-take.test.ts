/** `take`: rows by their numbers. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { inspect, load, save, saveNpz } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { numpyVersion, pythonPrints } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

let cwd = "";

beforeEach(async () => {
  cwd = temporaryDirectory();
  await save(join(cwd, "log.npy"), { data: Int32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] });
});

test("prints rows in the given order, as often as they are named", () => {
  expect(npy(["take", "log.npy", "3", "-1", "0:2", "5,5"], { cwd })).toMatchObject({
    status: 0,
    stderr: "",
    stdout: `    0   1
3   6   7
9  18  19
0   0   1
1   2   3
5  10  11
5  10  11
`,
  });
  expect(npy(["take", "log.npy", "-2:", "::-4", "--ndjson"], { cwd }).stdout).toBe("[16,17]\n[18,19]\n[18,19]\n[10,11]\n[2,3]\n");
});

test("reads numbers from stdin, also where a number is cut by the end of a block", () => {
  const input = Array.from({ length: 40_000 }, (_, i) => i % 10).join(", \n");
  const { status, stdout } = npy(["take", "log.npy", "9", "-", "--csv"], { cwd, input });
  const lines = stdout.trimEnd().split("\n");
  expect({ status, count: lines.length, first: lines.slice(0, 3), last: lines.at(-1) }).toEqual({
    status: 0,
    count: 40_001,
    first: ["18,19", "0,1", "2,3"],
    last: "18,19",
  });
  expect(npy(["take", "log.npy", "-", "--csv"], { cwd, input: "" })).toMatchObject({ status: 0, stdout: "" });
});

test("takes numbers from a .npy file of integers", async () => {
  await save(join(cwd, "best.npy"), [3n, -1n, 3n], { dtype: "int64" });
  expect(npy(["take", "log.npy", "--from", "best.npy", "--csv"], { cwd }).stdout).toBe("6,7\n18,19\n6,7\n");
  await save(join(cwd, "floats.npy"), [1, 2]);
  expect(npy(["take", "log.npy", "--from", "floats.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: "npy-append-array: floats.npy: it holds float64: expected integers, the numbers of rows\n",
  });
  expect(npy(["take", "log.npy", "--from", "log.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: "npy-append-array: log.npy: it has 2 axes: expected 1, a list of the numbers of rows\n",
  });
});

test("writes a new .npy file, and never replaces one", async () => {
  expect(npy(["take", "log.npy", "-1", "2", "2", "--out", "some.npy"], { cwd })).toMatchObject({
    status: 0,
    stdout: "some.npy: 3 rows\n",
  });
  expect(await load(join(cwd, "some.npy"))).toMatchObject({ shape: [3, 2], data: Int32Array.of(18, 19, 4, 5, 4, 5) });
  const before = readFileSync(join(cwd, "some.npy"));
  expect(npy(["take", "log.npy", "0", "--out", "some.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: "npy-append-array: some.npy: it already exists: choose another name\n",
  });
  expect(readFileSync(join(cwd, "some.npy")).equals(before)).toBe(true);
  expect(npy(["take", "log.npy", "0", "--out", "no/some.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: "npy-append-array: no/some.npy: no such file or directory: check its name\n",
  });
  expect(npy(["take", "log.npy", "1", "1", "--raw", "--out", "some.bin"], { cwd }).status).toBe(0);
  expect(readFileSync(join(cwd, "some.bin"))).toEqual(Buffer.from(Int32Array.of(2, 3, 2, 3).buffer));
  expect(readdirSync(cwd).sort()).toEqual(["log.npy", "some.bin", "some.npy"]);
});

test("an empty list of rows makes a file without rows", async () => {
  expect(npy(["take", "log.npy", "5:5", "--out", "none.npy"], { cwd }).status).toBe(0);
  expect((await inspect(join(cwd, "none.npy"))).shape).toEqual([0, 2]);
});

test("takes rows of an archive", async () => {
  await saveNpz(join(cwd, "all.npz"), { x: [1.5, 2.5, 3.5] });
  expect(npy(["take", "all.npz:x", "2", "0", "--csv"], { cwd }).stdout).toBe("3.5\n1.5\n");
});

test("an error names the row and how many there are, before anything is printed or written", async () => {
  for (const args of [["10"], ["-11"], ["10", "--out", "some.npy"]]) {
    expect(npy(["take", "log.npy", "0", ...args], { cwd })).toMatchObject({
      status: 1,
      stdout: "",
      stderr: `npy-append-array: log.npy: there is no row ${args[0]}: the array has 10 rows\n`,
    });
  }
  expect(npy(["take", "log.npy", "-"], { cwd, input: "1 two" })).toMatchObject({
    status: 1,
    stderr: 'npy-append-array: stdin: expected the numbers of rows, found "two"\n',
  });
  await save(join(cwd, "single.npy"), { data: Float64Array.of(1), shape: [] });
  expect(npy(["take", "single.npy", "0"], { cwd })).toMatchObject({
    status: 1,
    stderr: "npy-append-array: single.npy: it is a 0-d array, which has no rows\n",
  });
  expect(existsSync(join(cwd, "some.npy"))).toBe(false);
});

test.each([
  [["log.npy"], /no rows are named/],
  [["log.npy", "-", "-"], /- is stdin, which can be read once/],
  [["log.npy", "..."], /must be numbers and slices of rows/],
  [["log.npy", "x"], /At character 1/],
  [["log.npy", "1", "--out", "x.npy", "--csv"], /--csv and --out cannot be combined/],
])("%j is a mistake on the command line", (args, message) => {
  const { status, stderr } = npy(["take", ...args], { cwd });
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
});

test.skipIf(numpyVersion === undefined)("takes what numpy.take takes, in either order and of structures", () => {
  const make = `import numpy as np
np.save("f.npy", np.asfortranarray(np.arange(24.0, dtype="<f4").reshape(2, 3, 4)))
np.save("s.npy", np.array([(i, (i, -i), "é" * i) for i in range(5)], dtype=np.dtype([("t", ">f8"), ("p", "i2", (2,)), ("n", "U4")], align=True)))`;
  pythonPrints(make, cwd);
  for (const file of ["f", "s"]) {
    expect(npy(["take", `${file}.npy`, "3", "-1", "3", "--out", `${file}.out.npy`], { cwd }).status).toBe(0);
  }
  const compare = `import numpy as np
f, s = np.load("f.npy"), np.load("s.npy")
print(np.array_equal(np.load("f.out.npy"), np.take(f, [3, -1, 3], axis=-1)), np.load("f.out.npy").dtype == f.dtype)
print(np.array_equal(np.load("s.out.npy"), np.take(s, [3, -1, 3])), np.load("s.out.npy").dtype == s.dtype)`;
  expect(pythonPrints(compare, cwd).split(/\s+/).filter(Boolean)).toEqual(["True", "True", "True", "True"]);
});
