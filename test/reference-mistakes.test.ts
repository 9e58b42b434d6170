/** What is known to go wrong in the reference, the Python package npy-append-array 0.9.19. */
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Descr,
  dtype,
  ensureAppendable,
  formatHeader,
  inspect,
  load,
  MemoryStorage,
  NpyAppendArray,
  type NpyHeader,
  parseHeader,
  save,
} from "../src/node.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { lacksLinks, lacksModes } from "./support/systems.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

test("an append after close() is refused, and so is everything else but close()", async () => {
  const npaa = await NpyAppendArray.open(temporaryPath());
  await npaa.append([1]);
  await npaa.close();
  await npaa.close();
  await expect(npaa.append([2])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  await expect(npaa.updateHeader()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  await expect(npaa.sync()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  const sync = NpyAppendArray.openSync(temporaryPath());
  sync.append([1]);
  sync.close();
  sync.close();
  for (const call of [() => sync.append([2]), () => sync.updateHeader(), () => sync.sync()]) {
    expect(call).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  }
});

describe("headers padded more than usual keep their length and version", () => {
  const long: Descr = [["x".repeat(66_000), "<f8"]];
  const cases: [string, Descr, Partial<NpyHeader>][] = [
    ["144 bytes", "<f8", { headerLength: 144 }],
    ["192 bytes", "<f8", { headerLength: 192 }],
    ["4096 bytes", "<f8", { headerLength: 4096 }],
    ["version 2.0 though 1.0 would do", "<f8", { version: "2.0" }],
    ["version 3.0 though 1.0 would do", "<f8", { version: "3.0", headerLength: 256 }],
    ["version 2.0 with a long field name", long, {}],
  ];
  for (const [name, descr, extra] of cases) {
    test(name, async () => {
      const path = temporaryPath();
      const header = formatHeader({ dtype: dtype(descr), fortranOrder: false, shape: [2], ...extra });
      const old = Buffer.concat([header, Buffer.from(new Float64Array([1, 2]).buffer)]);
      writeFileSync(path, old);
      const maxHeaderSize = 100_000;
      const npaa = await NpyAppendArray.open(path, { maxHeaderSize });
      const rows = { data: new Float64Array([3, 4, 5]).buffer, shape: [3], dtype: descr };
      for (let i = 0; i < 4; i++) await npaa.append(rows);
      await npaa.close();
      const grown = readFileSync(path);
      const { version, headerLength, shape } = parseHeader(grown, { maxHeaderSize });
      expect({ version, headerLength, shape }).toEqual({
        version: parseHeader(header, { maxHeaderSize }).version,
        headerLength: header.length,
        shape: [14],
      });
      expect(grown.length).toBe(header.length + 14 * 8);
      expect(Array.from(new Float64Array(new Uint8Array(grown.subarray(header.length)).buffer)).slice(0, 6)).toEqual([
        1, 2, 3, 4, 5, 3,
      ]);
    });
  }
});

test("a failed write is taken back, and the next append goes where it belongs", async () => {
  for (const partial of [0, 5]) {
    const storage = new FaultyStorage();
    const npaa = await NpyAppendArray.open(storage);
    await npaa.append([[1, 2]]);
    storage.failNextWrite({ after: partial });
    await expect(npaa.append([[3, 4]])).rejects.toThrow("ENOSPC");
    expect(npaa.shape).toEqual([1, 2]);
    await npaa.append([[5, 6]]);
    await npaa.close();
    const { shape, data } = await load(storage);
    expect(shape).toEqual([2, 2]);
    expect(data).toEqual(new Float64Array([1, 2, 5, 6]));
  }
});

test("a scalar appended to a 1-D file is refused", async () => {
  const npaa = await NpyAppendArray.open(temporaryPath());
  await npaa.append([1, 2]);
  const scalars = [3 as never, { data: new Float64Array([3]), shape: [] }];
  for (const scalar of scalars) await expect(npaa.append(scalar)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  expect(npaa.shape).toEqual([2]);
  await npaa.close();
});

test("an unsafe cast is refused by default, and done when asked for", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  await npaa.append(new Int32Array([1, 2]));
  await expect(npaa.append(new Float64Array([3.5]))).rejects.toMatchObject({ code: "ERR_NPY_CAST" });
  await npaa.append(new BigInt64Array([3n]));
  await npaa.close();
  const unsafe = await NpyAppendArray.open(path, { casting: "unsafe" });
  await unsafe.append(new Float64Array([4.5]));
  await unsafe.close();
  expect((await load(path)).data).toEqual(new Int32Array([1, 2, 3, 4]));
});

test("a Fortran-contiguous first append does not flip the growth axis", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  // Strides of Fortran order: how the array lies in memory says nothing of how the file shall grow.
  await npaa.append({ data: new Float64Array([1, 3, 2, 4]), shape: [2, 2], strides: [1, 2] });
  expect(npaa.fortranOrder).toBe(false);
  await npaa.append([[5, 6]]);
  await npaa.close();
  expect(await load(path)).toMatchObject({ shape: [3, 2], fortranOrder: false, data: new Float64Array([1, 2, 3, 4, 5, 6]) });
});

test("0-d arrays are refused, as input and as a file", async () => {
  const path = temporaryPath();
  await save(path, 7);
  const before = readFileSync(path);
  await expect(NpyAppendArray.open(path)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  await expect(ensureAppendable(path)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  expect(readFileSync(path)).toEqual(before);
  const created = temporaryPath();
  const npaa = await NpyAppendArray.open(created);
  await expect(npaa.append({ data: new Float64Array(1), shape: [] })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  await npaa.close();
  expect(existsSync(created)).toBe(false);
});

test("zero-length data are appended as what they are: no rows", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path, { dtype: "<i4", rowShape: [3] });
  await npaa.append(new Int32Array(0));
  await npaa.append({ data: new Int32Array(0), shape: [0, 3] });
  expect(npaa.shape).toEqual([0, 3]);
  await npaa.append([[1, 2, 3]]);
  await npaa.append(new Int32Array(0));
  await npaa.close();
  expect(await load(path)).toMatchObject({ shape: [1, 3], data: new Int32Array([1, 2, 3]) });
});

test("a zero non-growth dimension: rows without elements are counted", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  await npaa.append({ data: new Float32Array(0), shape: [2, 0] });
  await npaa.append({ data: new Float32Array(0), shape: [3, 0] });
  expect(npaa.shape).toEqual([5, 0]);
  await npaa.close();
  expect(await inspect(path)).toMatchObject({ shape: [5, 0], dataLength: 0, needsRecovery: false });
  const again = await NpyAppendArray.open(path);
  await again.append({ data: new Float32Array(0), shape: [1, 0] });
  await again.close();
  expect((await load(path)).shape).toEqual([6, 0]);
});

test("an invalid first append leaves no file behind, and settles nothing", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  const invalid = [[[1, 2], [3]], [1, "2"], null, { data: new Float64Array(3), shape: [2] }, [{ a: 1 }, { b: 1 }]];
  for (const input of invalid)
    await expect(npaa.append(input as never)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_NPY_/) });
  expect(readdirSync(dirname(path))).toEqual([]);
  await npaa.append([[1n]]);
  await npaa.close();
  expect(await load(path)).toMatchObject({ shape: [1, 1], data: new BigInt64Array([1n]) });
});

test.skipIf(lacksLinks || lacksModes)("ensureAppendable goes through a symbolic link and keeps the mode bits", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "file.npy");
  const link = join(directory, "link.npy");
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [1], headerLength: 80 });
  writeFileSync(file, Buffer.concat([header, Buffer.from(new Float64Array([1]).buffer)]));
  chmodSync(file, 0o640);
  symlinkSync("file.npy", link);
  await ensureAppendable(link);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(statSync(file).mode & 0o7777).toBe(0o640);
  expect(await inspect(file)).toMatchObject({ appendable: true, shape: [1] });
  expect(readdirSync(directory).sort()).toEqual(["file.npy", "link.npy"]);
});

test.skipIf(openDescriptors() === undefined)("a failed open leaves no descriptor open", async () => {
  const directory = temporaryDirectory();
  const files: Record<string, Uint8Array> = {
    "no-header.npy": Buffer.from("not a .npy file at all"),
    "half-header.npy": formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [1] }).subarray(0, 50),
    "incomplete.npy": formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [1] }),
    "no-room.npy": formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [0], headerLength: 80 }),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  const before = openDescriptors();
  for (const name of Object.keys(files)) {
    const path = join(directory, name);
    await expect(NpyAppendArray.open(path)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_NPY_/) });
    expect(() => NpyAppendArray.openSync(path)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_NPY_/) }));
    expect(readFileSync(path)).toEqual(Buffer.from(files[name] as Uint8Array));
  }
  await expect(NpyAppendArray.open(directory)).rejects.toMatchObject({ code: "EISDIR" });
  expect(openDescriptors()).toBe(before);
});

test("deleteIfExists with nothing appended leaves the old file alone", async () => {
  const path = temporaryPath();
  await save(path, [1, 2, 3]);
  const before = readFileSync(path);
  const npaa = await NpyAppendArray.open(path, { deleteIfExists: true });
  await npaa.updateHeader();
  await npaa.close();
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
});

test("deleteIfExists with an invalid first append leaves the old file alone", async () => {
  const storage = new MemoryStorage();
  await save(storage, [1, 2, 3]);
  const before = storage.bytes();
  const npaa = await NpyAppendArray.open(storage, { deleteIfExists: true });
  await expect(npaa.append([[1], [2, 3]])).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  expect(storage.bytes()).toEqual(before);
  await npaa.append([["new"]]);
  await npaa.close();
  expect(await load(storage)).toMatchObject({ shape: [1, 1], data: ["new"] });
});
