/** Failures that leave something behind: claims, promises of what is to come, memory that is no longer there. */
import { expect, test } from "vitest";
import {
  inspectSync,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type Storage,
  type StorageFile,
  save,
  saveSync,
} from "../src/node.ts";
import { Claim } from "../src/plan/claims.ts";
import { runSync } from "../src/plan/run.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

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

test("a buffer that is taken away or resized before it is written gives no rows that are not there", async () => {
  const length = 100_000;
  const resizable = (): ArrayBuffer & { resize(size: number): void } =>
    new (ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer & { resize(size: number): void })(
      8 * length,
      {
        maxByteLength: 8 * length,
      },
    );
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage, { dtype: "<f8", rowShape: [] });
  await npaa.append([1]);

  const transferred = new Float64Array(length);
  const gone = npaa.append(transferred);
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
  await expect(gone).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });

  const buffer = resizable();
  const shortened = npaa.append(new Float64Array(buffer));
  buffer.resize(80);
  await expect(shortened).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });

  await npaa.append([2]);
  await npaa.close();
  expect(inspectSync(storage)).toMatchObject({ shape: [2], needsRecovery: false });
  expect(loadSync(storage).data).toEqual(new Float64Array([1, 2]));

  const slow = new FaultyStorage(storage.bytes(), { isSlow: true });
  const other = resizable();
  const saved = save(slow, new Float64Array(other));
  other.resize(80);
  await expect(saved).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  expect(loadSync(slow).data).toEqual(new Float64Array([1, 2]));
  expect(slow).toMatchObject({ openFiles: 0, temporaries: new Set() });
});
