/** Every option of `open`. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import {
  dtype,
  formatHeader,
  inspect,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
  recover,
  save,
} from "../src/node.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { lacksLinks } from "./support/systems.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

test.each([
  ["an unknown name", { deleteIfExist: true }, /no option "deleteIfExist"/],
  ["a number for a boolean", { deleteIfExists: 1 }, /deleteIfExists must be true or false: found 1/],
  ["an unknown casting", { casting: "samekind" }, /casting must be "no" or .*: found "samekind"/],
  ["an unknown durability", { durability: "disk" }, /durability/],
  ["an unknown onNeedsRecovery", { onNeedsRecovery: true }, /onNeedsRecovery/],
  ["an unknown onNotAppendable", { onNotAppendable: "copy" }, /onNotAppendable/],
  ["rowShape without dtype", { rowShape: [2] }, /rowShape needs dtype/],
  ["a negative rowShape", { dtype: "f8", rowShape: [-1] }, /rowShape must be/],
  ["an unknown lock", { lock: "yes" }, /lock must be/],
  ["maxHeaderSize that is none", { maxHeaderSize: "10" }, /maxHeaderSize/],
  ["options that are none", null, /options must be an object/],
])("%s is refused", async (_, options, message) => {
  const path = temporaryPath();
  const open = () => NpyAppendArray.openSync(path, options as OpenOptions);
  expect(open).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringMatching(message) }));
  await expect(NpyAppendArray.open(path, options as OpenOptions)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  expect(() => readFileSync(path)).toThrow("ENOENT");
});

test.each(["float63", "|O", "S", [["a", "|O"]]])("dtype %j is refused", async (like) => {
  await expect(NpyAppendArray.open(temporaryPath(), { dtype: like as string })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
});

test("a file may be given as a path, a file: URL or a storage, and nothing else", async () => {
  const path = temporaryPath("with space.npy");
  const npaa = await NpyAppendArray.open(pathToFileURL(path));
  await npaa.append([1]);
  expect(npaa.path).toBe(path);
  await npaa.close();
  expect((await load(path)).shape).toEqual([1]);
  await expect(NpyAppendArray.open(new URL("https://example.org/a.npy"))).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(NpyAppendArray.open(7 as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
});

describe("dtype and rowShape", () => {
  test("create the file at once", async () => {
    for (const [fortranOrder, shape] of [
      [false, [0, 2, 3]],
      [true, [2, 3, 0]],
    ] as const) {
      const path = temporaryPath();
      const npaa = await NpyAppendArray.open(path, { dtype: ">f4", rowShape: [2, 3], fortranOrder });
      expect(loadSync(path)).toMatchObject({ shape, fortranOrder });
      expect(npaa).toMatchObject({ shape, fortranOrder, length: 0, dtype: dtype(">f4") });
      await npaa.close();
    }
  });

  test("must be those of a file that is there; either byte order will do", async () => {
    const path = temporaryPath();
    await save(path, [[1, 2]], { dtype: ">f8" });
    const before = readFileSync(path);
    for (const options of [{ dtype: "f4" }, { dtype: "f8", rowShape: [3] }, { fortranOrder: true }] as const) {
      await expect(NpyAppendArray.open(path, options)).rejects.toMatchObject({
        code: expect.stringMatching(/DTYPE|SHAPE|OPTION/),
      });
    }
    expect(readFileSync(path)).toEqual(before);
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [2], fortranOrder: false });
    await npaa.append([[3, 4]]);
    await npaa.close();
    expect(await load(path)).toMatchObject({ dtype: dtype(">f8"), data: new Float64Array([1, 2, 3, 4]) });
  });

  test("a file that is there and empty counts as absent", async () => {
    const path = temporaryPath();
    writeFileSync(path, "");
    const npaa = await NpyAppendArray.open(path);
    expect(npaa.shape).toBeUndefined();
    await npaa.append([1]);
    await npaa.close();
    expect((await load(path)).data).toEqual(new Float64Array([1]));
  });
});

test("fortranOrder: the option, else what the first NpyArray says, else C", async () => {
  const array = { data: new Float64Array([1, 2, 3, 4]), shape: [2, 2], dtype: "<f8", fortranOrder: true };
  const cases = [
    [{}, array, true],
    [{ fortranOrder: false }, array, false],
    [{ fortranOrder: true }, [[1, 2]], true],
    [{}, [[1, 2]], false],
    [{ fortranOrder: true }, [1, 2], false],
  ] as const;
  for (const [options, first, expected] of cases) {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), options);
    await npaa.append(first);
    expect(npaa.fortranOrder).toBe(expected);
    await npaa.close();
  }
});

describe("casting", () => {
  test.each([
    ["no", false, false, false],
    ["equiv", true, false, false],
    ["safe", true, true, false],
    ["same_kind", true, true, true],
  ] as const)("%s", async (casting, swapped, widening, narrowing) => {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "<i4", rowShape: [], casting });
    const attempt = (like: string, itemsize: number) =>
      npaa.append({ data: new Uint8Array(itemsize), shape: [1], dtype: like }).then(
        () => true,
        (error) => {
          expect(error).toMatchObject({ code: "ERR_NPY_CAST" });
          return false;
        },
      );
    expect(await attempt("<i4", 4)).toBe(true);
    expect(await attempt(">i4", 4)).toBe(swapped);
    expect(await attempt("<i2", 2)).toBe(widening);
    expect(await attempt("<i8", 8)).toBe(narrowing);
    expect(await attempt("<f8", 8)).toBe(false);
    await npaa.close();
  });
});

describe("plain values are converted exactly, or refused with their index", () => {
  test.each([
    ["<i4", [[1, 2.5]], [0, 1]],
    ["|i1", [[300]], [0, 0]],
    ["|u1", [[1], [-1]], [1, 0]],
    ["<i8", [[2n ** 63n]], [0, 0]],
    ["<U2", [["ab", "abc"]], [0, 1]],
    ["|S3", [["é", "€"]], [0, 1]],
    ["<f4", [[1e39]], [0, 0]],
    ["|b1", [[true, 2]], [0, 1]],
    ["<f8", [["1"]], [0, 0]],
    ["<M8[D]", [[new Date(1)]], [0, 0]],
  ])("%s from %o", async (like, rows, index) => {
    const storage = new MemoryStorage();
    const width = (rows[0] as unknown[]).length;
    const npaa = await NpyAppendArray.open(storage, { dtype: like, rowShape: [width], casting: "unsafe" });
    const before = storage.bytes();
    await expect(npaa.append(rows as never)).rejects.toMatchObject({ code: "ERR_NPY_VALUE", index });
    expect(storage.bytes()).toEqual(before);
    await npaa.close();
  });

  test.each([
    [[1, 2], "<f8"],
    [[1n, 2n], "<i8"],
    [[true, false], "|b1"],
    [["a", "bcd", "🙂"], "<U3"],
    [[new Date(5)], "<M8[ms]"],
    [[], "<f8"],
  ])("without a dtype: %o", async (rows, str) => {
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    await npaa.append(rows as never);
    expect(npaa.dtype?.str).toBe(str);
    await npaa.close();
  });
});

describe("onNeedsRecovery", () => {
  const bytes = (): Uint8Array => {
    const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [1, 2] });
    return Buffer.concat([header, Buffer.from([1, 0, 2, 0, 3, 0])]);
  };

  test("throw is the default, and changes nothing", async () => {
    const storage = new MemoryStorage(bytes());
    await expect(NpyAppendArray.open(storage)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    expect(storage.bytes()).toEqual(new Uint8Array(bytes()));
  });

  test.each([
    ["truncate", [1, 2, 9, 9]],
    ["zerofill", [1, 2, 3, 0, 9, 9]],
  ] as const)("%s", async (onNeedsRecovery, data) => {
    const storage = new MemoryStorage(bytes());
    const npaa = await NpyAppendArray.open(storage, { onNeedsRecovery });
    await npaa.append(new Int16Array([9, 9]));
    await npaa.close();
    expect((await load(storage)).data).toEqual(new Int16Array(data));
  });
});

test("onNotAppendable: throw by default, or rewrite", async () => {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [1], headerLength: 80 });
  const bytes = Buffer.concat([header, Buffer.from(new Float64Array([1]).buffer)]);
  const path = temporaryPath();
  writeFileSync(path, bytes);
  await expect(NpyAppendArray.open(path)).rejects.toMatchObject({ code: "ERR_NPY_NOT_APPENDABLE" });
  expect(readFileSync(path)).toEqual(bytes);
  const npaa = await NpyAppendArray.open(path, { onNotAppendable: "rewrite" });
  await npaa.append([2]);
  await npaa.close();
  expect((await load(path)).data).toEqual(new Float64Array([1, 2]));
  expect(await inspect(path)).toMatchObject({ headerLength: 128, appendable: true });
});

describe("durability", () => {
  test.each([
    ["os", ["write", "write"]],
    ["data", ["write", "sync", "write"]],
    ["full", ["write", "sync", "write", "sync"]],
  ] as const)("%s: data and header are synced in this order", async (durability, expected) => {
    const storage = new FaultyStorage();
    const npaa = await NpyAppendArray.open(storage, { durability, dtype: "f8", rowShape: [] });
    storage.steps.length = 0;
    await npaa.append([1]);
    const steps = storage.steps.map(({ op }) => op);
    expect(steps.filter((op) => op === "write" || op === "sync")).toEqual(expected);
    await npaa.close();
  });

  test("a file is created and replaced durably", async () => {
    const storage = new FaultyStorage();
    await save(storage, [1]);
    storage.steps.length = 0;
    const npaa = await NpyAppendArray.open(storage, { durability: "full", deleteIfExists: true });
    await npaa.append([2]);
    // Without those of looking once more at what has the name.
    const steps = storage.steps.map(({ op }) => op).filter((op) => op !== "open" && op !== "close");
    // Nothing is named as the file before it is safe, and the new name is made safe, too.
    expect(steps.slice(steps.indexOf("replace") - 1)).toEqual(["sync", "replace", "sync"]);
    await npaa.close();
  });
});

describe("two writers of one file within a process are refused", () => {
  test.skipIf(lacksLinks)("through whatever name", async () => {
    const directory = temporaryDirectory();
    const file = join(directory, "a.npy");
    await save(file, [1]);
    symlinkSync("a.npy", join(directory, "symbolic.npy"));
    linkSync(file, join(directory, "hard.npy"));
    mkdirSync(join(directory, "sub"));
    const names = [file, join(directory, "sub", "..", "a.npy"), join(directory, "symbolic.npy"), join(directory, "hard.npy")];
    const npaa = await NpyAppendArray.open(file);
    for (const name of names) {
      await expect(NpyAppendArray.open(name)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
      await expect(recover(name)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
      await expect(save(name, [2])).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    }
    await npaa.append([2]);
    await npaa.close();
    for (const name of names) await (await NpyAppendArray.open(name)).close();
    expect((await load(file)).data).toEqual(new Float64Array([1, 2]));
    expect(readdirSync(directory).sort()).toEqual(["a.npy", "hard.npy", "sub", "symbolic.npy"]);
  });

  test.skipIf(lacksLinks)("before the file is there", async () => {
    const directory = temporaryDirectory();
    const file = join(directory, "a.npy");
    symlinkSync("a.npy", join(directory, "symbolic.npy"));
    const npaa = await NpyAppendArray.open(file);
    await expect(NpyAppendArray.open(join(directory, "symbolic.npy"))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await npaa.close();
    await (await NpyAppendArray.open(join(directory, "symbolic.npy"))).close();
  });
});

test("a file that appeared since is not overwritten", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  await save(`${path}.other`, [1]);
  writeFileSync(path, "somebody else's");
  await expect(npaa.append([2])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  await npaa.close();
  expect(readFileSync(path, "utf8")).toBe("somebody else's");
});

test("maxHeaderSize: a header that readers would refuse is not created", async () => {
  const storage = new MemoryStorage();
  const type = [["x".repeat(12_000), "<f8"]] as const;
  const refused = NpyAppendArray.open(storage, { dtype: type, rowShape: [] });
  await expect(refused).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
  expect(storage.bytes()).toBeUndefined();
  const npaa = await NpyAppendArray.open(storage, { dtype: type, rowShape: [], maxHeaderSize: 20_000 });
  await npaa.close();
  await expect(load(storage)).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
  expect((await load(storage, { maxHeaderSize: 20_000 })).shape).toEqual([0]);
});
