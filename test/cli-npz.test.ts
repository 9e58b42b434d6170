/** `pack`, `unpack`, and arrays of archives as FILE.npz:NAME. */

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadNpzSync, NpyAppendGroup, saveSync } from "../src/node.ts";
import { archiveOf, npyOf } from "./support/archives.ts";
import { npy } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const ARRAYS = {
  points: { data: Float64Array.from({ length: 12 }, (_, i) => i), shape: [6, 2] },
  scalar: 5,
  words: ["a", "bcd"],
  turned: { data: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], fortranOrder: true, dtype: "<i2" },
} as const;
const compressed = archiveOf(ARRAYS, { compress: true });

function directoryWith(files: { readonly [name: string]: Uint8Array }): string {
  const cwd = temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(cwd, name), bytes);
  return cwd;
}

test("unpack writes each array as save would, and pack gives the archive again", () => {
  const cwd = directoryWith({ "c.npz": compressed });
  expect(npy(["unpack", "c.npz", "parts/of"], { cwd })).toMatchObject({
    status: 0,
    stderr: "",
    stdout: `file                 dtype    shape   bytes
parts/of/points.npy  float64  (6, 2)    224
parts/of/scalar.npy  float64  ()        136
parts/of/words.npy   str96    (2,)      152
parts/of/turned.npy  int16    (2, 3)    140
`,
  });
  for (const [name, array] of Object.entries(ARRAYS)) {
    expect(readFileSync(join(cwd, `parts/of/${name}.npy`)).equals(npyOf(array))).toBe(true);
  }
  expect(npy(["pack", "parts/of", "again.npz"], { cwd })).toMatchObject({
    status: 0,
    stderr: "",
    stdout: "again.npz: 4 arrays of 4 files\n",
  });
  const { points, scalar, turned, words } = ARRAYS;
  expect(readFileSync(join(cwd, "again.npz")).equals(archiveOf({ points, scalar, turned, words }))).toBe(true);
  expect(npy(["pack", "--compress", "parts/of/words.npy", "parts/of/scalar.npy", "two.npz"], { cwd }).status).toBe(0);
  expect(Object.keys(loadNpzSync(join(cwd, "two.npz")))).toEqual(["words", "scalar"]);
});

test("arrays of archives are described and printed like files", () => {
  const cwd = directoryWith({ "a.npz": archiveOf(ARRAYS), "c.npz": compressed });
  for (const name of ["points", "words", "turned"] as const) saveSync(join(cwd, `${name}.npy`), ARRAYS[name]);
  for (const [name, command, ...options] of [
    ["points", "head", "--random", "2", "--seed", "1"],
    ["words", "tail", "-n", "1"],
    ["turned", "slice", "--csv"],
    ["turned", "slice", "--raw"],
  ] as [string, string, ...string[]][]) {
    const { stdout } = npy([command, `${name}.npy`, ...options], { cwd });
    expect(stdout).not.toBe("");
    for (const archive of ["a.npz", "c.npz"]) {
      expect(npy([command, `${archive}:${name}`, ...options], { cwd })).toMatchObject({ status: 0, stderr: "", stdout });
    }
  }
  expect(npy(["slice", "c.npz:points", "1:3, 0"], { cwd }).stdout).toBe("     0\n1  2.0\n2  4.0\n");
  expect(npy(["stats", "c.npz:points"], { cwd }).stdout).toBe(npy(["stats", "points.npy"], { cwd }).stdout);
  expect(npy(["info", "a.npz", "c.npz:points"], { cwd })).toMatchObject({
    status: 0,
    stderr: "",
    stdout: `a.npz
  arrays      4
  size        652 bytes
  array   dtype    shape   order    bytes  storage
  points  float64  (6, 2)  C          224  stored
  scalar  float64  ()      C          136  stored
  words   str96    (2,)    C          152  stored
  turned  int16    (2, 3)  Fortran    140  stored
c.npz:points
  dtype       float64 (<f8)
  shape       (6, 2)
  order       C
  data        96 bytes
`,
  });
  const [archive, array] = npy(["info", "--json", "c.npz", "a.npz:words"], { cwd })
    .stdout.trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { members?: object[] });
  expect(archive?.members?.[0]).toMatchObject({
    name: "points",
    file: "points.npy",
    shape: [6, 2],
    size: 224,
    isCompressed: true,
  });
  expect(array).toEqual({ path: "a.npz:words", dtype: "str96", descr: "<U3", itemsize: 12, shape: [2], fortranOrder: false });
});

test("a file that is called like an array of an archive is that file", () => {
  const cwd = directoryWith({ "a.npz:points": npyOf([7]), "a.npz": archiveOf(ARRAYS) });
  expect(npy(["head", "a.npz:points"], { cwd }).stdout).toBe("[7.]\n");
});

test("members that are no .npy files are left out", () => {
  const cwd = directoryWith({
    "other.npz": readFileSync(new URL("golden/archives/other-members.npz", import.meta.url)),
  });
  const { status, stderr } = npy(["unpack", "other.npz", "out"], { cwd });
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: "npy-append-array: other.npz: 3 of its members are no .npy files, and left out\n",
  });
  expect(readdirSync(join(cwd, "out"), { recursive: true }).sort()).toEqual([
    "folder",
    expect.stringMatching(/^folder.[\w-]+\.npy$/),
    "größe",
    expect.stringMatching(/^größe.行\.npy$/),
  ]);
});

test.each(["../out", "/tmp/out", "a/../../out", "C:out", "a\\b"])("nothing is unpacked out of the directory: %s", (name) => {
  const cwd = directoryWith({ "bad.npz": archiveOf({ good: [1], [name]: [2] }) });
  const { status, stderr } = npy(["unpack", "bad.npz", "sub"], { cwd });
  expect(status).toBe(1);
  expect(stderr).toMatch(/bad\.npz: it names an array .*, which would be written elsewhere: nothing was unpacked/);
  expect(readdirSync(cwd)).toEqual(["bad.npz"]);
});

test("of a folder of arrays that grow in step, pack takes the rows that all of them count", () => {
  const cwd = directoryWith({});
  const arrays = { id: { dtype: "int32" }, text: { dtype: "utf8" }, x: { dtype: "float64" } } as const;
  const group = NpyAppendGroup.openSync(join(cwd, "group"), { arrays });
  group.append({ id: [1, 2], text: ["a", "b"], x: [1, 2] });
  const before = readFileSync(join(cwd, "group/id.npy")).subarray(0, 128);
  group.append({ id: [3], text: ["c"], x: [3] });
  group.close();
  const id = readFileSync(join(cwd, "group/id.npy"));
  expect(npy(["pack", "group", "whole.npz"], { cwd })).toMatchObject({
    status: 0,
    stderr: "",
    stdout: "whole.npz: 3 rows of 3 arrays in step\n",
  });
  expect(loadNpzSync(join(cwd, "whole.npz"))["text.offsets"]?.data).toEqual(BigInt64Array.of(0n, 1n, 2n, 3n));
  // An append was interrupted between two headers.
  writeFileSync(join(cwd, "group/id.npy"), Buffer.concat([before, id.subarray(128)]));
  expect(npy(["pack", "group", "two.npz"], { cwd })).toMatchObject({
    status: 0,
    stdout: "two.npz: 2 rows of 3 arrays in step\n",
  });
  const lengths = Object.entries(loadNpzSync(join(cwd, "two.npz"))).map(([name, { shape }]) => [name, shape[0]]);
  expect(Object.fromEntries(lengths)).toEqual({ id: 2, "text.values": 2, "text.offsets": 3, x: 2 });
  // Rows were lost: whichever is right, they are not in step.
  writeFileSync(join(cwd, "group/id.npy"), npyOf(Int32Array.of(1)));
  const { status, stderr } = npy(["pack", "group", "bad.npz"], { cwd });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/group.*id\.npy/) });
  expect(readdirSync(cwd).sort()).toEqual(["group", "two.npz", "whole.npz"]);
});

test("arrays of a directory that are not in step are packed whole", () => {
  const cwd = directoryWith({});
  mkdirSync(join(cwd, "sub"));
  writeFileSync(join(cwd, "sub/a.npy"), npyOf([1, 2, 3]));
  writeFileSync(join(cwd, "sub/b.npy"), npyOf([1]));
  writeFileSync(join(cwd, "sub/scalar.npy"), npyOf(1));
  expect(npy(["pack", "sub", "a.npz"], { cwd })).toMatchObject({ status: 0, stdout: "a.npz: 3 arrays of 3 files\n" });
  expect(Object.values(loadNpzSync(join(cwd, "a.npz"))).map(({ shape }) => shape)).toEqual([[3], [1], []]);
});

test.skipIf(process.platform === "win32")("more files are packed than can be open at once", () => {
  const cwd = directoryWith({});
  mkdirSync(join(cwd, "many"));
  const one = npyOf([1]);
  for (let i = 0; i < 300; i++) writeFileSync(join(cwd, `many/${i}.npy`), one);
  const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
  const command = `ulimit -n 256 && exec "${process.execPath}" "${main}" pack many many.npz`;
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd, encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "many.npz: 300 arrays of 300 files\n", stderr: "" });
  expect(Object.keys(loadNpzSync(join(cwd, "many.npz")))).toHaveLength(300);
});

test("a damaged array leaves no file", () => {
  const damaged = archiveOf({ x: [1, 2, 3] });
  damaged[damaged.indexOf(0xf0)] = 0x00; // the 1.0
  const cwd = directoryWith({ "bad.npz": damaged });
  const { status, stderr } = npy(["unpack", "bad.npz", "out"], { cwd });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^npy-append-array: bad\.npz:x: .*checksum/) });
  expect(readdirSync(join(cwd, "out"))).toEqual([]);
});

test("mistakes are told", () => {
  const cwd = directoryWith({ "a.npy": npyOf([1]), "a.npz": archiveOf({ x: [1] }) });
  mkdirSync(join(cwd, "empty"));
  mkdirSync(join(cwd, "sub"));
  writeFileSync(join(cwd, "sub/a.npy"), npyOf([2]));
  const stderrOf = (...args: string[]): string => {
    const { status, stderr } = npy(args, { cwd });
    expect(status).not.toBe(0);
    return stderr;
  };
  expect(stderrOf("pack", "a.npy", "b.npy")).toMatch(/the last argument must be the archive to create, such as OUT\.npz/);
  expect(stderrOf("pack", "a.npy", "a.npz")).toMatch(/a\.npz: it already exists: .*--overwrite/);
  expect(stderrOf("pack", "a.npy", "sub", "b.npz")).toMatch(/sub\/a\.npy: another file is called "a" as well/);
  expect(stderrOf("pack", "empty", "b.npz")).toMatch(/empty: it has no \.npy files/);
  expect(stderrOf("pack", "none.npy", "b.npz")).toMatch(/none\.npy: no such file/);
  expect(stderrOf("unpack", "a.npy", "out")).toMatch(/a\.npy: Not a readable \.npz archive: .*It is a \.npy file/);
  expect(stderrOf("tail", "-f", "a.npz:x")).toMatch(/an array in an archive never grows/);
  expect(stderrOf("head", "a.npz:y")).toMatch(/a\.npz:y: The archive has no array "y"/);
  expect(stderrOf("head", "a.npz")).toMatch(/FILE\.npz:NAME/);
  expect(npy(["unpack", "a.npz", "out"], { cwd }).status).toBe(0);
  expect(stderrOf("unpack", "a.npz", "out")).toMatch(/out\/x\.npy: it already exists/);
  expect(npy(["unpack", "a.npz", "out", "--overwrite", "--quiet"], { cwd })).toMatchObject({ status: 0, stdout: "" });
  expect(readdirSync(cwd).sort()).toEqual(["a.npy", "a.npz", "empty", "out", "sub"]);
});
