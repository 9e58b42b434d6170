/** `diff`: compares two arrays in the words of `numpy.testing`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type SaveOptions, save, saveNpz } from "../src/node.ts";
import { type Finished, npy } from "./support/command.ts";
import { sampled } from "./support/effort.ts";
import { numpyIsAtLeast, pythonPrints } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

type Input = Parameters<typeof save>[1];

/** Saves two arrays, and compares them. */
async function diff(a: Input, b: Input, args: readonly string[] = [], options: readonly SaveOptions[] = []): Promise<Finished> {
  const cwd = temporaryDirectory();
  await save(join(cwd, "a.npy"), a, options[0] ?? {});
  await save(join(cwd, "b.npy"), b, options[1] ?? options[0] ?? {});
  return npy(["diff", "a.npy", "b.npy", ...args], { cwd });
}

test("says how many elements differ, the first of them, and by how much", async () => {
  expect(await diff(Int32Array.of(1, 2, 3), Int32Array.of(1, 2, 4))).toMatchObject({
    status: 1,
    stderr: "",
    stdout: `Arrays are not equal
Mismatched elements: 1 / 3 (33.3%)
Mismatch at index:
 [2]: 3 (ACTUAL), 4 (DESIRED)
Max absolute difference among violations: 1
Max relative difference among violations: 0.25
 ACTUAL: a.npy: int32 (3,)
 DESIRED: b.npy: int32 (3,)
`,
  });
});

test("NaN equals NaN, NaT equals NaT, and -0.0 equals 0.0, unless it is told otherwise", async () => {
  const floats = [Float64Array.of(1, Number.NaN, -0), Float64Array.of(1, Number.NaN, 0)] as const;
  expect(await diff(...floats)).toMatchObject({
    status: 0,
    stdout: "Arrays are equal\n ACTUAL: a.npy: float64 (3,)\n DESIRED: b.npy: float64 (3,)\n",
  });
  const strict = await diff(...floats, ["--no-equal-nan"]);
  expect(strict.status).toBe(1);
  expect(strict.stdout).toContain("Mismatched elements: 1 / 3 (33.3%)\nMismatch at index:\n [1]: nan (ACTUAL), nan (DESIRED)\n");
  const times = { data: BigInt64Array.of(5n, -(2n ** 63n)), shape: [2], dtype: "<M8[D]" } as Input;
  expect((await diff(times, times)).status).toBe(0);
  expect((await diff(times, times, ["--no-equal-nan"])).stdout).toContain(" [1]: NaT (ACTUAL), NaT (DESIRED)\n");
});

test("counts a NaN or NaT that only one array has, but measures no difference from it", async () => {
  const { stdout } = await diff(Float64Array.of(1, 2, Number.NaN), Float64Array.of(1, Number.NaN, 4));
  expect(stdout).toContain(`Mismatched elements: 2 / 3 (66.7%)
Mismatch at indices:
 [1]: 2.0 (ACTUAL), nan (DESIRED)
 [2]: nan (ACTUAL), 4.0 (DESIRED)
nan location mismatch: 2 of them
 ACTUAL`);
});

test("64-bit integers are exact, also in JSON", async () => {
  const [a, b] = [BigInt64Array.of(2n ** 53n, -(2n ** 63n)), BigInt64Array.of(2n ** 53n + 1n, 2n ** 63n - 1n)];
  const { stdout, status } = await diff(a, b, ["--json"]);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toEqual({
    equal: false,
    actual: { path: "a.npy", dtype: "<i8", shape: [2] },
    desired: { path: "b.npy", dtype: "<i8", shape: [2] },
    sameShape: true,
    sameDtype: true,
    elements: 2,
    mismatched: 2,
    first: { index: [0], actual: "9007199254740992", desired: "9007199254740993" },
    maxAbsolute: "18446744073709551615",
    maxRelative: 2,
  });
});

test("structures are compared by their fields", async () => {
  const dtype = [
    ["t", "<f8"],
    ["pos", "<f4", [2]],
    ["name", "<U3"],
  ] as never;
  const { stdout } = await diff(
    [
      { t: 1, pos: [1, 2], name: "a" },
      { t: 2, pos: [3, 4], name: "b" },
    ],
    [
      { t: 1, pos: [1, 2], name: "a" },
      { t: 2.5, pos: [3, 5], name: "c" },
    ],
    [],
    [{ dtype }],
  );
  expect(stdout).toContain(`Mismatched elements: 1 / 2 (50%)
Field t: 1 / 2 (50%)
  Mismatch at index:
   [1]: 2.0 (ACTUAL), 2.5 (DESIRED)
  Max absolute difference among violations: 0.5
  Max relative difference among violations: 0.2
Field pos: 1 / 4 (25%)
  Mismatch at index:
   [1] element 1: 4.0 (ACTUAL), 5.0 (DESIRED)
  Max absolute difference among violations: 1.
  Max relative difference among violations: 0.2
Field name: 1 / 2 (50%)
  Mismatch at index:
   [1]: "b" (ACTUAL), "c" (DESIRED)
`);
});

test("fields that only one array has, or that cannot be compared, are a difference", async () => {
  const { status, stdout } = await diff([{ t: 1, id: 2, x: 3 }], [{ t: 1, id: "2", y: 3 }], [], [
    { dtype: { t: "<f8", id: "<i4", x: "<f8" } },
    { dtype: { t: "<f8", id: "<U3", y: "<f8" } },
  ] as never);
  expect(status).toBe(1);
  expect(stdout).toContain(`Mismatched elements: 0 / 1
Field id: the dtypes cannot be compared
Field x: only in ACTUAL
Field y: only in DESIRED
`);
});

test("shapes that differ in their rows are compared as far as both have rows", async () => {
  const a = { data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] };
  const b = { data: Float64Array.of(1, 2, 3, 5, 6, 7), shape: [3, 2] };
  const { status, stdout } = await diff(a, b);
  expect(status).toBe(1);
  expect(stdout).toContain(`Arrays are not equal
(shapes (2, 2), (3, 2) mismatch)
Mismatched elements: 1 / 4 (25%), in the 2 rows that both have
Mismatch at index:
 [1, 1]: 4.0 (ACTUAL), 5.0 (DESIRED)
`);
  const { stdout: others } = await diff(a, { data: Float64Array.of(1, 2, 3, 4), shape: [4] });
  expect(others).toBe(`Arrays are not equal
(shapes (2, 2), (4,) mismatch)
 ACTUAL: a.npy: float64 (2, 2)
 DESIRED: b.npy: float64 (4,)
`);
});

test("another dtype is a difference only if it is strict; another byte order or order of elements never", async () => {
  const types = [{ dtype: "<i4" }, { dtype: ">f8" }] as const;
  expect(await diff([1, 2], [1, 2], [], types)).toMatchObject({
    status: 0,
    stdout: "Arrays are equal\n(dtypes int32, float64 mismatch)\n ACTUAL: a.npy: int32 (2,)\n DESIRED: b.npy: float64 (2,)\n",
  });
  expect((await diff([1, 2], [1, 2], ["--strict"], types)).status).toBe(1);
  expect((await diff([1, 2], [1, 2], ["--strict"], [{ dtype: "<i4" }, { dtype: ">i4" }])).status).toBe(0);
  const c = { data: Int32Array.of(0, 1, 2, 3, 4, 5), shape: [2, 3] };
  const f = { data: Int32Array.of(0, 3, 1, 4, 2, 9), shape: [2, 3], fortranOrder: true };
  for (const [a, b, values] of [
    [c, f, "5 (ACTUAL), 9 (DESIRED)"],
    [f, c, "9 (ACTUAL), 5 (DESIRED)"],
  ] as const) {
    const { stdout } = await diff(a, b);
    expect(stdout).toContain(`Mismatched elements: 1 / 6 (16.7%)\nMismatch at index:\n [1, 2]: ${values}\n`);
  }
  const { stdout } = await diff([1], ["1"]);
  expect(stdout).toContain("Values of these dtypes cannot be compared\n");
});

test("tolerances are those of numpy.testing.assert_allclose", async () => {
  const arrays = [Float64Array.of(1, 2, 3), Float64Array.of(1, 2.1, 4)] as const;
  expect((await diff(...arrays, ["--rtol", "0.25"])).status).toBe(0);
  const { stdout } = await diff(...arrays, ["--rtol", "0.1", "--atol", "1e-5"]);
  expect(stdout).toMatch(/^Not equal to tolerance rtol=0.1, atol=1e-05\nMismatched elements: 1 \/ 3 \(33.3%\)\n/);
  expect((await diff(...arrays, ["--rtol", "-1"])).status).toBe(2);
});

test("a difference after the first block of 4 MiB is found, in files, archives and folders alike", async () => {
  const cwd = temporaryDirectory();
  const data = Float32Array.from({ length: 1_500_000 }, (_, i) => i);
  const a = { data, shape: [500_000, 3] };
  const b = { data: data.with(1_400_001, -1), shape: [500_000, 3] };
  await save(join(cwd, "a.npy"), a);
  await save(join(cwd, "same.npy"), a);
  await save(join(cwd, "b.npy"), b);
  await saveNpz(join(cwd, "both.npz"), { a, b });
  const line = "\n [466667, 0]: 1.400001e+06 (ACTUAL), -1.0 (DESIRED)\n";
  expect(npy(["diff", "a.npy", "b.npy"], { cwd }).stdout).toContain(line);
  expect(npy(["diff", "both.npz:a", "both.npz:b"], { cwd }).stdout).toContain(line);
  expect(npy(["diff", "a.npy", "both.npz:b"], { cwd }).stdout).toContain(line);
  expect(npy(["shard", "b.npy", "shards", "--rows", "100000"], { cwd }).status).toBe(0);
  expect(npy(["diff", "a.npy", "shards"], { cwd }).stdout).toContain(line);
  expect(npy(["diff", "a.npy", "same.npy", "--quiet"], { cwd })).toMatchObject({ status: 0, stdout: "" });
});

test("what cannot be read exits with 2, as a mistake on the command line does", async () => {
  const cwd = temporaryDirectory();
  await save(join(cwd, "a.npy"), [1, 2]);
  writeFileSync(join(cwd, "cut.npy"), readFileSync(join(cwd, "a.npy")).subarray(0, -3));
  expect(npy(["diff", "a.npy", "gone.npy"], { cwd })).toMatchObject({
    status: 2,
    stderr: "npy-append-array: gone.npy: no such file or directory: check its name\n",
  });
  expect(npy(["diff", "cut.npy", "a.npy"], { cwd })).toMatchObject({
    status: 2,
    stderr: 'npy-append-array: cut.npy: its data do not match its header: run "npy-append-array recover cut.npy"\n',
  });
  expect(npy(["diff", "a.npy"], { cwd }).status).toBe(2);
});

test.skipIf(!numpyIsAtLeast(2, 4))("says what numpy.testing says, word by word", () => {
  const cwd = temporaryDirectory();
  const cases = pythonPrints(
    `import json, numpy as np
random = np.random.default_rng(7)
def noisy(dtype, scale):
    a = (random.normal(size=(6, 5)) * scale).astype(dtype)
    return a, np.where(random.random((6, 5)) < 0.2, a + (random.normal(size=(6, 5)) * scale / 8).astype(dtype), a).astype(dtype)
pairs = [
    (np.array([1, 2, 3]), np.array([1, 2, 4])), (np.array([1.0, 5, 3]), np.array([1, 0, 3.0])), (np.array([True]), np.array([False])),
    (np.array([1, 2], "m8[s]"), np.array([1, 5], "m8[s]")), (np.array(["2020-01-01", "NaT"], "M8[D]"), np.array(["2020-01-05", "NaT"], "M8[D]")),
    (np.array([1 + 2j, 2]), np.array([1 + 3j, 2])), (np.array([2**53]), np.array([2**53 + 1])), (np.array([1, 2, 3]), np.array([1, 2, 4.0])),
    (np.array([3], "u1"), np.array([2], "u1")), (np.array([1.0, np.nan]), np.array([2.0, np.nan])),
] + [noisy(d, s) for d in ("f2", "f4", "f8", ">f8", "c8", "i2", "i8") for s in (100, 1e-5, 1e4) if not (d[0] == "i" and s < 1)]
out = []
for i, (a, b) in enumerate(pairs):
    np.save(f"{i}a.npy", a); np.save(f"{i}b.npy", b)
    try:
        np.testing.assert_array_equal(a, b)
        out.append(None)
    except AssertionError as error:
        out.append([line for line in str(error).split("\\n") if line.startswith(("Mis", "First", " [", "Max"))])
print(json.dumps(out))`,
    cwd,
  );
  for (const [i, lines] of sampled([...(JSON.parse(cases) as (string[] | null)[]).entries()], 3)) {
    const { stdout } = npy(["diff", `${i}a.npy`, `${i}b.npy`], { cwd });
    const found = stdout.split("\n").filter((line) => /^(Mis|First| \[|Max)/.test(line));
    // NumPy prints short floats there with the digits of a float64.
    const isExact = i < 10;
    const comparable = (line: string): string => (isExact ? line : line.replace(/(?<=^ \[.*\]):.*/, ""));
    expect({ i, lines: found.map(comparable) }).toEqual({ i, lines: (lines ?? []).map(comparable) });
  }
});
