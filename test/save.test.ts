import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { dtype, load, loadSync, MemoryStorage, parseHeader, save, saveSync } from "../src/node.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { lacksLinks, lacksModes } from "./support/systems.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

test("save and load give back what was saved", async () => {
  const arrays = [
    { data: new Float64Array([1, 2, 3, 4, 5, 6]), shape: [2, 3], dtype: "<f8", fortranOrder: true },
    { data: ["a", "bé🙂", ""], shape: [3], dtype: "<U3", fortranOrder: false },
    { data: new Uint8Array([1, 0, 1]), shape: [3, 1], dtype: "|b1", fortranOrder: false },
    { data: new Float32Array([1, 2, 3, 4]), shape: [2], dtype: ">c8", fortranOrder: false },
  ];
  for (const array of arrays) {
    const path = temporaryPath();
    await save(path, array as never);
    const expected = { ...array, dtype: dtype(array.dtype) };
    expect(await load(path)).toEqual(expected);
    const again = new MemoryStorage();
    saveSync(again, loadSync(path));
    expect(again.bytes()).toEqual(new Uint8Array(readFileSync(path)));
  }
});

test("an array that is in both orders is written as C, as numpy.save does; the option overrules that", async () => {
  const array = { data: new Float64Array([1, 2]), shape: [1, 2], dtype: "<f8", fortranOrder: true };
  const storage = new MemoryStorage();
  await save(storage, array);
  expect(parseHeader(storage.bytes() as Uint8Array).fortranOrder).toBe(false);
  await save(storage, array, { fortranOrder: true });
  expect(parseHeader(storage.bytes() as Uint8Array).fortranOrder).toBe(true);
});

test("the dtype is cast to by the rule same_kind", async () => {
  const storage = new MemoryStorage();
  await save(storage, new Float64Array([1.1]), { dtype: "f4" });
  expect((await load(storage)).data).toEqual(new Float32Array([1.1]));
  await expect(save(storage, new Float64Array([1.1]), { dtype: "i4" })).rejects.toMatchObject({ code: "ERR_NPY_CAST" });
  await expect(save(storage, [1.5], { dtype: "i4" })).rejects.toMatchObject({ code: "ERR_NPY_VALUE" });
  await expect(save(storage, [1.5], { order: "F" } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  expect((await load(storage)).data).toEqual(new Float32Array([1.1]));
});

test.skipIf(lacksLinks || lacksModes)("an existing file is replaced whole, through symbolic links, with its mode", async () => {
  const directory = temporaryDirectory();
  const file = join(directory, "a.npy");
  await save(file, [1]);
  chmodSync(file, 0o604);
  symlinkSync("a.npy", join(directory, "link.npy"));
  await save(join(directory, "link.npy"), [1, 2]);
  expect((await load(file)).shape).toEqual([2]);
  expect(statSync(file).mode & 0o7777).toBe(0o604);
  expect(readdirSync(directory).sort()).toEqual(["a.npy", "link.npy"]);
});

test("if it fails the old file stands and nothing is left beside it", async () => {
  const storage = new FaultyStorage();
  await save(storage, [1, 2, 3]);
  const before = storage.bytes();
  storage.failNextWrite({ after: 10 });
  await expect(save(storage, [4])).rejects.toThrow("ENOSPC");
  expect(storage.bytes()).toEqual(before);
  const missing = join(dirname(temporaryPath()), "missing", "a.npy");
  await expect(save(missing, [1])).rejects.toMatchObject({ code: "ENOENT" });
});
