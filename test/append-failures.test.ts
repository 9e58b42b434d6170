/** Appends and header updates that fail, and what the calls after them do. */
import { expect, test } from "vitest";
import { load, MemoryStorage, NpyAppendArray } from "../src/node.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";

test("a first append that failed settles nothing, even if other calls wait behind it", async () => {
  const storage = new FaultyStorage();
  const npaa = await NpyAppendArray.open(storage);
  storage.failNextWrite();
  const failed = npaa.append([[1, 2]]);
  const synced = npaa.sync();
  await expect(failed).rejects.toThrow("ENOSPC");
  await synced;
  await npaa.append(["a"]);
  await npaa.close();
  expect((await load(storage)).data).toEqual(["a"]);
});

test("appends that wait behind a first one that failed are what was settled with it", async () => {
  const storage = new FaultyStorage();
  const npaa = await NpyAppendArray.open(storage);
  storage.failNextWrite();
  const results = await Promise.allSettled([npaa.append([[1, 2]]), npaa.sync(), npaa.append([[3, 4]])]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
  await expect(npaa.append(["a"])).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_NPY_/) });
  await npaa.close();
  expect(await load(storage)).toMatchObject({ shape: [1, 2], data: new Float64Array([3, 4]) });
});

test("an updateHeader whose sync failed is not taken for done", async () => {
  const storage = new FaultyStorage();
  const npaa = await NpyAppendArray.open(storage, { durability: "full", rewriteHeaderOnAppend: false });
  await npaa.append([1, 2]);
  // The data are synced again, the file is checked, the header is written, and cannot be synced.
  storage.failAt(storage.steps.length + 4);
  await expect(npaa.updateHeader()).rejects.toThrow("ENOSPC");
  const before = storage.steps.length;
  await npaa.updateHeader();
  expect(storage.steps.slice(before).map(({ op }) => op)).toEqual(["sync", "size", "read", "write", "sync"]);
  await npaa.updateHeader();
  expect(storage.steps.slice(before + 5).map(({ op }) => op)).toEqual(["size", "read"]);
  await npaa.close();
});

test("rows without bytes are refused when they can no longer be counted", () => {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "<f8", rowShape: [0] });
  const rows = { data: new Float64Array(0), shape: [5e15, 0] };
  npaa.append(rows);
  const before = storage.bytes();
  expect(() => npaa.append(rows)).toThrow(
    expect.objectContaining({ code: "ERR_NPY_SHAPE", message: expect.stringMatching(/2\^53/) }),
  );
  expect(storage.bytes()).toEqual(before);
  expect(npaa.shape).toEqual([5e15, 0]);
  npaa.close();
});
