/** Order, grouping and failure of appends that are not awaited one by one. */
import { describe, expect, test } from "vitest";
import { load, MemoryStorage, NpyAppendArray } from "../src/node.ts";
import { stopClock } from "./support/clock.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

test("appends land in the order of their calls, small and large ones", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path);
  const expected: number[] = [];
  const promises: Promise<void>[] = [];
  for (let i = 0; i < 60; i++) {
    // Those beyond 64 KiB are not copied, those beyond 1 MiB fill more than one block.
    const rows = new Float64Array(i % 7 === 0 ? 200_000 : i % 5 === 0 ? 10_000 : 3).fill(i);
    for (const value of rows) expected.push(value);
    promises.push(npaa.append(rows));
    if (i % 20 === 10) await promises.at(-1);
  }
  await Promise.all(promises);
  expect(npaa.length).toBe(expected.length);
  await npaa.close();
  const { data } = await load(path, { dtype: "float64" });
  // Of millions of numbers, bytes are compared sooner.
  expect(Buffer.compare(new Uint8Array(data.buffer), new Uint8Array(Float64Array.from(expected).buffer))).toBe(0);
});

test("appends of one turn are written together, with one header", async () => {
  const storage = new FaultyStorage();
  stopClock();
  const npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [] });
  storage.steps.length = 0;
  await Promise.all(Array.from({ length: 1000 }, (_, i) => npaa.append([i])));
  expect(storage.steps.map(({ op }) => op)).toEqual(["write", "write"]);
  expect(npaa.length).toBe(1000);
  await npaa.close();
  expect((await load(storage)).data).toEqual(Float64Array.from({ length: 1000 }, (_, i) => i));
});

test.each([1, 10, 1000])(
  "%i appends at once share the syncs of one, and those that come meanwhile the syncs of another",
  async (count) => {
    const storage = new FaultyStorage(undefined, { isSlow: true });
    const npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [], durability: "full" });
    storage.steps.length = 0;
    const append = (i: number): Promise<void> => npaa.append([i]);
    const first = Array.from({ length: count }, (_, i) => append(i));
    while (!storage.steps.some(({ op }) => op === "sync")) await Promise.resolve();
    const second = Array.from({ length: count }, (_, i) => append(count + i));
    await Promise.all([...first, ...second]);
    const one = ["write", "sync", "write", "sync"];
    expect(storage.steps.map(({ op }) => op).filter((op) => op === "write" || op === "sync")).toEqual([...one, ...one]);
    await npaa.close();
    expect((await load(storage)).data).toEqual(Float64Array.from({ length: 2 * count }, (_, i) => i));
  },
);

test("small inputs may be changed as soon as append has returned", async () => {
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage);
  const row = new Float64Array(2);
  const promises: Promise<void>[] = [];
  for (let i = 0; i < 10; i++) {
    row.fill(i);
    promises.push(npaa.append({ data: row, shape: [1, 2] }));
  }
  row.fill(99);
  await Promise.all(promises);
  await npaa.close();
  expect((await load(storage)).data).toEqual(Float64Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
});

test("an invalid append among others is refused alone", async () => {
  const npaa = await NpyAppendArray.open(new MemoryStorage());
  const results = await Promise.allSettled([npaa.append([[1, 2]]), npaa.append([[3]]), npaa.append([[4, 5]])]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(npaa.shape).toEqual([2, 2]);
  await npaa.close();
});

test("updateHeader, sync and close wait for the appends before them", async () => {
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage, { rewriteHeaderOnAppend: false });
  const done: string[] = [];
  const note = (name: string) => () => void done.push(name);
  await Promise.all([
    npaa.append([1]).then(note("append")),
    npaa.updateHeader().then(note("updateHeader")),
    npaa.append([2]).then(note("append")),
    npaa.sync().then(note("sync")),
    npaa.append([3]).then(note("append")),
    npaa.close().then(note("close")),
    npaa.close().then(note("close")),
  ]);
  expect(done).toEqual(["append", "updateHeader", "append", "sync", "append", "close", "close"]);
  expect((await load(storage)).data).toEqual(new Float64Array([1, 2, 3]));
});

describe("a write that fails", () => {
  test("fails the appends that it held together, and no others", async () => {
    const storage = new FaultyStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [] });
    storage.failNextWrite();
    const results = await Promise.allSettled([npaa.append([1]), npaa.append([2])]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await npaa.append([3]);
    await npaa.close();
    expect((await load(storage)).data).toEqual(new Float64Array([3]));
  });

  test("and cannot be taken back breaks the object, which says so on every later call", async () => {
    stopClock();
    const storage = new FaultyStorage();
    const npaa = await NpyAppendArray.open(storage);
    await npaa.append([1]);
    storage.failFromNowOn();
    await expect(npaa.append([2])).rejects.toThrow("ENOSPC");
    storage.failNever();
    await expect(npaa.append([3])).rejects.toMatchObject({ code: "ERR_NPY_BROKEN" });
    await expect(npaa.updateHeader()).rejects.toMatchObject({ code: "ERR_NPY_BROKEN" });
    await expect(npaa.sync()).rejects.toMatchObject({ code: "ERR_NPY_BROKEN" });
    await expect(npaa.close()).rejects.toMatchObject({ code: "ERR_NPY_BROKEN" });
    // It let go of the file nevertheless.
    const again = await NpyAppendArray.open(storage, { onNeedsRecovery: "truncate" });
    await again.append([4]);
    await again.close();
    expect((await load(storage)).data).toEqual(new Float64Array([1, 4]));
  });

  test("while the file is created leaves none, and the next append may be of another kind", async () => {
    for (const deleteIfExists of [false, true]) {
      const storage = new FaultyStorage();
      const npaa = await NpyAppendArray.open(storage, { deleteIfExists });
      storage.failNextWrite();
      await expect(npaa.append([[1, 2]])).rejects.toThrow("ENOSPC");
      expect(npaa.shape).toBeUndefined();
      expect(storage.bytes()).toBeUndefined();
      await npaa.append(["a", "bc"]);
      await npaa.close();
      expect(await load(storage)).toMatchObject({ shape: [2], data: ["a", "bc"] });
    }
  });
});

test("`await using` closes the file", async () => {
  const path = temporaryPath();
  {
    await using npaa = await NpyAppendArray.open(path, { rewriteHeaderOnAppend: false });
    await npaa.append([1, 2]);
  }
  expect((await load(path)).shape).toEqual([2]);
  {
    using npaa = NpyAppendArray.openSync(path, { rewriteHeaderOnAppend: false });
    npaa.append([3]);
  }
  expect((await load(path)).shape).toEqual([3]);
});
