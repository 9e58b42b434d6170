/** Within one process, a claim lets one writer at a time have a place and a file. */
import { expect, test } from "vitest";
import { load, MemoryStorage, NpyAppendArray, recover, type Storage, type StorageFile, save, saveSync } from "../src/node.ts";
import { Claim } from "../src/plan/claims.ts";
import { runSync } from "../src/plan/run.ts";
import { temporaryPath } from "./support/temporary.ts";

test("save is refused where a writer will create its file, and a writer where save is at work", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  await expect(save(path, [1])).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
  await npaa.append([2]);
  await npaa.close();
  expect((await load(path)).data).toEqual(new Float64Array([2]));

  const absent = temporaryPath();
  const saving = save(absent, new Float64Array(100_000));
  await expect(NpyAppendArray.open(absent)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
  await saving;
  await (await NpyAppendArray.open(absent)).close();
});

test("a file that was replaced is claimed no longer: the system may give its key to another one", () => {
  const storage = new MemoryStorage();
  saveSync(storage, [1]);
  const old = storage.openSync("r+");
  const npaa = NpyAppendArray.openSync(storage, { deleteIfExists: true });
  // Another place, at which there is a file of the same key.
  const reused: Storage = Object.assign(new MemoryStorage(), { openSync: (): StorageFile => old });
  expect(() => NpyAppendArray.openSync(reused)).toThrow(expect.objectContaining({ code: "ERR_NPY_LOCKED" }));
  npaa.append([2]);
  const other = NpyAppendArray.openSync(reused);
  expect(() => NpyAppendArray.openSync(storage)).toThrow(expect.objectContaining({ code: "ERR_NPY_LOCKED" }));
  other.close();
  npaa.close();
  NpyAppendArray.openSync(storage).close();
});

test("a claim holds one place and one file, and lets go of both", () => {
  const isLocked: unknown = expect.objectContaining({ code: "ERR_NPY_LOCKED" });
  const [storage, elsewhere] = [new MemoryStorage(new Uint8Array(1)), new MemoryStorage(new Uint8Array(1))];
  const [claim, other] = [new Claim(storage, "auto"), new Claim(elsewhere, "auto")];
  const first = runSync(claim.open("r+"));
  const second = storage.createTemporarySync();
  runSync(claim.take(second));
  runSync(claim.take(second));
  runSync(other.take(first));
  expect(() => runSync(other.take(second))).toThrow(isLocked);
  expect(() => runSync(new Claim(storage, "auto").open("r"))).toThrow(isLocked);
  // What was refused took nothing away.
  expect(() => runSync(claim.take(first))).toThrow(isLocked);
  runSync(claim.release());
  runSync(other.take(second));
  const next = new Claim(storage, "auto");
  runSync(next.open("r"));
  for (const held of [other, next]) runSync(held.release());
});

/** A file in memory, of a backend that gives places and files keys from one set of values. */
function keyed(place: unknown, file: unknown): Storage {
  const storage = new MemoryStorage();
  const keyedFile = (opened: StorageFile): StorageFile =>
    new Proxy(opened, {
      get(target, name) {
        if (name === "key") return file;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return Object.create(storage, {
    key: { get: () => place },
    openSync: { value: () => keyedFile(storage.openSync("r+")) },
    open: { value: () => keyedFile(storage.openSync("r+")) },
    create: { value: () => keyedFile(storage.createSync()) },
    createSync: { value: () => keyedFile(storage.createSync()) },
    path: { value: undefined },
  }) as Storage;
}

test.each<[string, unknown]>([
  ["a string", "bucket/a.npy"],
  ["a number", 1],
  ["an object", { bucket: "b" }],
  ["NaN", Number.NaN],
])("the key of a place may be that of its file: %s", async (_, key) => {
  const npaa = await NpyAppendArray.open(keyed(key, key), { dtype: "float64", rowShape: [] });
  await npaa.append([1, 2]);
  await npaa.close();
  const storage = keyed(key, key);
  const first = NpyAppendArray.openSync(storage, { dtype: "float64", rowShape: [] });
  first.append([1]);
  // The place, or the file, is claimed as ever.
  expect(() => NpyAppendArray.openSync(keyed(key, "another"))).toThrow(expect.objectContaining({ code: "ERR_NPY_LOCKED" }));
  first.close();
  const again = NpyAppendArray.openSync(storage);
  again.append([2]);
  again.close();
  expect((await load(storage)).data).toEqual(Float64Array.of(1, 2));
});

test("a place that has the key of another place's file is another place", async () => {
  const [first, second] = [keyed("a", "b"), keyed("b", "a")];
  const one = await NpyAppendArray.open(first, { dtype: "float64", rowShape: [] });
  const other = await NpyAppendArray.open(second, { dtype: "float64", rowShape: [] });
  await one.append([1]);
  await other.append([2]);
  await one.close();
  await other.close();
  expect([(await load(first)).data, (await load(second)).data]).toEqual([Float64Array.of(1), Float64Array.of(2)]);
});

test("save and recover take a place that has the key of its file", async () => {
  const storage = keyed(1, 1);
  const npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [] });
  await npaa.append([1]);
  await npaa.close();
  expect(await recover(storage)).toMatchObject({ needed: false });
});
