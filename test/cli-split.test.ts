/** `split`: the arrays of a file as files of their own. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { load, MemoryStorage, type SaveOptions, saveSync } from "../src/node.ts";
import { npy } from "./support/command.ts";
import { lacksLinks } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";

function saved(array: Parameters<typeof saveSync>[1], options: SaveOptions = {}): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes() as Uint8Array;
}

/** More than one block, an odd length, and an array without rows. */
const PARTS = [
  saved({ data: Float32Array.from({ length: 600_000 }, (_, i) => i), shape: [300_000, 2] }),
  saved(["a", "bc"], { dtype: "S3" }),
  saved([{ t: 1, id: 2 }], { dtype: { t: "<f8", id: "<i4" } }),
  saved([], { dtype: "int8" }),
];

function directoryWith(bytes: Uint8Array = Buffer.concat(PARTS)): string {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "log.npy"), bytes);
  return cwd;
}

test("writes each array as it is, and says what it wrote", async () => {
  const cwd = directoryWith();
  const { status, stdout, stderr } = npy(["split", "log.npy"], { cwd });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toBe(`file       dtype    shape          bytes
log.0.npy  float32  (300000, 2)  2400128
log.1.npy  bytes24  (2,)             134
log.2.npy  |V12     (1,)             140
log.3.npy  int8     (0,)             128
`);
  expect(readdirSync(cwd).sort()).toEqual(["log.0.npy", "log.1.npy", "log.2.npy", "log.3.npy", "log.npy"]);
  for (const [i, part] of PARTS.entries()) expect(readFileSync(join(cwd, `log.${i}.npy`)).equals(part)).toBe(true);
  expect((await load(join(cwd, "log.1.npy"))).data).toEqual(["a", "bc"]);
  expect(readFileSync(join(cwd, "log.npy")).equals(Buffer.concat(PARTS))).toBe(true);
});

test("names sort in the order of the arrays", () => {
  const cwd = directoryWith(Buffer.concat(Array.from({ length: 11 }, (_, i) => saved([i]))));
  expect(npy(["split", "log.npy", "--out", "parts/of", "--quiet"], { cwd })).toMatchObject({ status: 0, stdout: "" });
  const names = readdirSync(join(cwd, "parts/of")).sort();
  expect(names).toEqual(Array.from({ length: 11 }, (_, i) => `log.${String(i).padStart(2, "0")}.npy`));
  expect(names.map((name) => readFileSync(join(cwd, "parts/of", name)).readDoubleLE(128))).toEqual([...names.keys()]);
});

test("a file of one array gives one, whatever the name", () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "dump"), PARTS[1] as Uint8Array);
  expect(npy(["split", "dump"], { cwd }).status).toBe(0);
  expect(readFileSync(join(cwd, "dump.0.npy")).equals(PARTS[1] as Uint8Array)).toBe(true);
});

test("replaces no file unless it is told to, and then whole", () => {
  const cwd = directoryWith();
  writeFileSync(join(cwd, "log.2.npy"), "mine");
  expect(npy(["split", "log.npy"], { cwd })).toMatchObject({
    status: 1,
    stdout: "",
    stderr: "npy-append-array: log.2.npy: it already exists: name another directory with --out, or pass --overwrite\n",
  });
  expect(readdirSync(cwd).sort()).toEqual(["log.2.npy", "log.npy"]);
  linkSync(join(cwd, "log.2.npy"), join(cwd, "other"));
  expect(npy(["split", "log.npy", "--overwrite"], { cwd }).status).toBe(0);
  expect(readFileSync(join(cwd, "log.2.npy")).equals(PARTS[2] as Uint8Array)).toBe(true);
  expect(readFileSync(join(cwd, "other"), "utf8")).toBe("mine");
});

test.skipIf(lacksLinks)("never replaces the file that is split", () => {
  const cwd = directoryWith();
  mkdirSync(join(cwd, "out"));
  symlinkSync("../log.npy", join(cwd, "out/log.1.npy"));
  const { status, stderr } = npy(["split", "log.npy", "--out", "out", "--overwrite"], { cwd });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "npy-append-array: out/log.1.npy: it is the file that is split: choose another directory\n",
  });
  expect(readFileSync(join(cwd, "log.npy")).equals(Buffer.concat(PARTS))).toBe(true);
});

test.each([
  [
    "bytes that are no array",
    Buffer.concat([...PARTS, Buffer.from("rows")]),
    /^npy-append-array: log\.npy: At byte 2400530, .*found 72 6f 77 73/,
  ],
  [
    "an array that is cut short",
    Buffer.concat([...PARTS, saved([1, 2]).subarray(0, 140)]),
    /At byte 2400530, .*copy the bytes from there on/,
  ],
  ["a file that is cut short", (PARTS[0] as Uint8Array).subarray(0, 1000), /run "npy-append-array recover log\.npy"/],
])("writes nothing because of %s", (_name, bytes, message) => {
  const cwd = directoryWith(bytes);
  const { status, stdout, stderr } = npy(["split", "log.npy", "--out", "parts"], { cwd });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd()).not.toContain("\n");
  expect(readdirSync(cwd)).toEqual(["log.npy"]);
});

test("files and directories that are missing, or no directories", () => {
  const cwd = directoryWith();
  expect(npy(["split", "none.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("none.npy: no such file"),
  });
  expect(npy(["split", "log.npy", "--out", "log.npy"], { cwd })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^npy-append-array: log\.npy: /),
  });
  expect(npy(["split"], { cwd }).status).toBe(2);
});

test("recover refuses such a file, and names the command", () => {
  const cwd = directoryWith();
  const { status, stderr } = npy(["recover", "log.npy"], { cwd });
  expect(status).toBe(1);
  expect(stderr).toContain("npy-append-array split");
});
