/** One process may hold several copies of the package: the ES module, the CommonJS build that `require` may find, and those of dependencies. */
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import * as asModule from "../dist/node.js";
import * as fromSource from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const require = createRequire(import.meta.url);
const asCommonJs = require("../dist/node.cjs") as typeof asModule;
const copies = { asModule, asCommonJs, fromSource: fromSource as unknown as typeof asModule };
type Name = keyof typeof copies;
const pairs = (Object.keys(copies) as Name[]).flatMap((one) =>
  (Object.keys(copies) as Name[]).filter((other) => other !== one).map((other): [Name, Name] => [one, other]),
);

test("each copy has the same names", () => {
  expect(Object.keys(asCommonJs).sort()).toEqual(Object.keys(asModule).sort());
  expect(asCommonJs.NpyError).not.toBe(asModule.NpyError);
});

describe.each(pairs)("%s and %s", (name, otherName) => {
  const [one, other] = [copies[name], copies[otherName]];

  test("an error of one is an error of the other", () => {
    const error = new one.NpyError("ERR_NPY_VALUE", "no");
    expect(error).toBeInstanceOf(other.NpyError);
    expect(error).toBeInstanceOf(Error);
    class Own extends other.NpyError {}
    expect(error).not.toBeInstanceOf(Own);
    expect(new Own("ERR_NPY_VALUE", "no")).toBeInstanceOf(Own);
    expect(new Own("ERR_NPY_VALUE", "no")).toBeInstanceOf(one.NpyError);
    for (const value of [new Error("no"), { code: "ERR_NPY_VALUE" }, null, undefined, "ERR_NPY_VALUE"]) {
      expect(value instanceof one.NpyError).toBe(false);
    }
  });

  test.each(["auto", false] as const)("one writer per file, lock: %s", async (lock) => {
    const path = temporaryPath();
    await using npaa = await one.NpyAppendArray.open(path, { dtype: "int32", rowShape: [], lock });
    await npaa.append([1]);
    await expect(other.NpyAppendArray.open(path, { lock })).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await expect(other.save(path, [1])).rejects.toBeInstanceOf(one.NpyError);
    expect(() => other.recoverSync(path)).toThrow(other.NpyError);
    await npaa.append([2]);
    await npaa.close();
    await using next = await other.NpyAppendArray.open(path, { lock });
    await next.append([3]);
    expect((await one.load(path)).data).toEqual(Int32Array.of(1, 2, 3));
  });

  test("one writer per storage, of either copy", () => {
    const storage = new other.MemoryStorage();
    const npaa = one.NpyAppendArray.openSync(storage, { dtype: "float64", rowShape: [] });
    expect(() => other.NpyAppendArray.openSync(storage)).toThrow(expect.objectContaining({ code: "ERR_NPY_LOCKED" }));
    npaa.append([1.5]);
    npaa.close();
    expect(other.loadSync(storage).data).toEqual(Float64Array.of(1.5));
  });

  test("both map files", async () => {
    const [path, otherPath] = [temporaryPath(), temporaryPath()];
    await using npaa = await one.NpyAppendArray.open(path, { dtype: "int32", rowShape: [], mmap: true });
    await using otherNpaa = await other.NpyAppendArray.open(otherPath, { dtype: "int32", rowShape: [], mmap: true });
    for (let i = 0; i < 3; i++) {
      await npaa.append([i]);
      await otherNpaa.append([10 * i]);
    }
    expect((await other.load(path)).data).toEqual(Int32Array.of(0, 1, 2));
    expect((await one.load(otherPath)).data).toEqual(Int32Array.of(0, 10, 20));
  });

  test("arrays, records and dtypes of one are taken by the other", () => {
    const storage = new one.MemoryStorage();
    one.saveSync(storage, { t: Float64Array.of(1, 2), name: ["a", "bc"] });
    const array = one.loadSync(storage);
    const copy = new other.MemoryStorage();
    other.saveSync(copy, array);
    expect(copy.bytes()).toEqual(storage.bytes());
    const rows = other.NpyAppendArray.openSync(copy);
    rows.append(array.data as never);
    rows.append(array);
    rows.close();
    expect(one.loadSync(copy).shape).toEqual([6]);
    expect(other.loadSync(copy, { dtype: array.dtype }).shape).toEqual([6]);
  });

  test("rows of a reader of one go into a file of the other as chunks", async () => {
    const storage = new one.MemoryStorage();
    one.saveSync(storage, [1, 2, 3]);
    await using reader = await one.NpyReader.open(storage);
    await using npaa = await other.NpyAppendArray.open(new other.MemoryStorage());
    await expect(npaa.appendFrom(reader as never)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining("of another copy of this package. Pass its chunks()"),
    });
    expect(npaa.shape).toBeUndefined();
    expect(await npaa.appendFrom(reader.chunks())).toBe(3);
  });

  test("a file of one is shared with the other", async () => {
    const path = temporaryPath();
    await using npaa = await one.NpyAppendArray.open(path, { dtype: "int32", rowShape: [] });
    const token = await npaa.share();
    await using attached = await other.NpyAppendArray.attach(structuredClone(token));
    await Promise.all([npaa.append([1]), attached.append([2]), npaa.append([3]), attached.append([4])]);
    expect([...((await one.load(path)).data as Int32Array)].sort()).toEqual([1, 2, 3, 4]);
  });
});
