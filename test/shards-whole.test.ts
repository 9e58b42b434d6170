/** Writers of shards in folders that take files whole, such as object stores. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadSync, NodeFolder, NpyAppendGroup, NpyShards, recoverShards } from "../src/node.ts";
import { Disk, DiskFolder, type Fault } from "./support/disk-folder.ts";
import { type Perform, Store, StoreFolder } from "./support/store-folder.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const OPTIONS = { rowsPerShard: 4, dtype: "int32", rowShape: [] } as const;
const from = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);
const named = (count: number): string[] => from(0, count).map((i) => `${String(i).padStart(8, "0")}.npy`);
const rowsIn = ({ files }: Store): number[] => [...(loadSync(files).data as Int32Array)];
const opened = (folder: StoreFolder): Promise<NpyShards> => NpyShards.open(folder, OPTIONS);

/** Fails some of the requests, after their work if `isDone`. */
function failing(which: (name: string, count: number) => "pass" | "fail" | "lose"): Perform {
  let count = 0;
  return (name, action) => {
    const fate = which(name, name === "put" ? count++ : count);
    if (fate === "pass") return action();
    if (fate === "lose") action();
    throw Object.assign(new Error("EIO: no answer"), { code: "EIO" });
  };
}

describe.each<[string, () => NodeFolder | undefined]>([
  ["in memory", () => undefined],
  ["spooled", () => new NodeFolder(temporaryDirectory())],
])("%s", (_, makeSpool) => {
  test("full shards appear at once, the rest with sync and close", async () => {
    const [store, spool] = [new Store(), makeSpool()];
    const shards = await opened(new StoreFolder(store, spool));
    await shards.append(from(0, 9));
    expect(rowsIn(store)).toEqual(from(0, 8));
    await shards.sync();
    expect(rowsIn(store)).toEqual(from(0, 9));
    await shards.sync();
    await shards.append(from(9, 2));
    expect(shards.length).toBe(11);
    await shards.close();
    await shards.close();
    expect(rowsIn(store)).toEqual(from(0, 11));
    expect([...store.files.listSync()].sort()).toEqual(named(4));
    expect(new Set(store.ids.values()).size).toBe(4);
    if (spool !== undefined) expect(readdirSync(spool.path)).toEqual([]);
  });

  test("several writers take turns", async () => {
    const store = new Store();
    const writers = await Promise.all(from(0, 5).map(() => opened(new StoreFolder(store, makeSpool()))));
    await Promise.all(
      writers.map(async (shards, w) => {
        for (let i = 0; i < 20; i++) await shards.append(Int32Array.of(1000 * w + 2 * i, 1000 * w + 2 * i + 1));
        await shards.close();
      }),
    );
    expect([...store.files.listSync()].sort()).toEqual(named(50));
    for (const w of from(0, 5)) {
      expect(rowsIn(store).filter((row) => Math.floor(row / 1000) === w)).toEqual(from(1000 * w, 40));
    }
  });

  test("a lost answer doubles no rows, though rows are appended after it", async () => {
    const store = new Store();
    const perform = failing((name, count) => (name === "put" && count === 0 ? "lose" : "pass"));
    const shards = await opened(new StoreFolder(store, makeSpool(), perform));
    await shards.append([0, 1]);
    await expect(shards.sync()).rejects.toMatchObject({ code: "EIO" });
    expect(rowsIn(store)).toEqual([0, 1]);
    // Another writer goes on meanwhile.
    const other = await opened(new StoreFolder(store));
    await other.append([100, 101]);
    await other.close();
    await shards.append([2]);
    await shards.close();
    expect(rowsIn(store)).toEqual([0, 1, 100, 101, 2]);
  });

  test("while the store fails, appends fail before memory fills up, and go on later", async () => {
    let isDown = true;
    const store = new Store();
    const perform = failing((name) => (name === "put" && isDown ? "fail" : "pass"));
    const shards = await opened(new StoreFolder(store, makeSpool(), perform));
    await shards.append(from(0, 4));
    await expect(shards.append([4])).rejects.toMatchObject({ code: "EIO" });
    await expect(shards.sync()).rejects.toMatchObject({ code: "EIO" });
    expect(shards.length).toBe(4);
    isDown = false;
    await shards.append([4]);
    await shards.close();
    expect(rowsIn(store)).toEqual(from(0, 5));
  });
});

test("rows in memory are still there after a close that failed", async () => {
  let isDown = true;
  const store = new Store();
  const shards = await opened(
    new StoreFolder(
      store,
      undefined,
      failing((name) => (name === "put" && isDown ? "lose" : "pass")),
    ),
  );
  await shards.append([1]);
  await expect(shards.close()).rejects.toMatchObject({ code: "EIO" });
  isDown = false;
  await shards.close();
  await expect(shards.append([2])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  expect(rowsIn(store)).toEqual([1]);
});

test("a shard that one request cannot take is refused when the folder is opened", async () => {
  const folder = new StoreFolder(new Store(), undefined, undefined, { maxBytes: 1000 });
  const open = (options: object): Promise<NpyShards> => NpyShards.open(folder, { ...OPTIONS, ...options });
  await expect(open({ rowsPerShard: 219 })).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    path: "store",
    message: expect.stringMatching(/up to 1000 bytes here: found shards of 1004. Give a rowsPerShard of up to 218/),
  });
  await expect(open({ rowsPerShard: undefined, maxBytes: 1000 })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await (await open({ rowsPerShard: 218 })).close();
  await (await open({ rowsPerShard: 2 ** 40, maxBytes: 872 })).close();
});

test("a spool may be shared with shards of another folder", async () => {
  const spool = new NodeFolder(temporaryDirectory());
  let isDown = true;
  const store = new Store();
  const folder = new StoreFolder(
    store,
    spool,
    failing((name) => (name === "put" && isDown ? "fail" : "pass")),
  );
  const shards = await opened(folder);
  await shards.append([1]);
  await shards.close().catch(() => undefined);
  const other = new Store();
  const elsewhere = new StoreFolder(other, spool, undefined, { tag: "0000000000000000" });
  await (await opened(elsewhere)).close();
  for (const wrong of [elsewhere, spool]) expect((await recoverShards(wrong)).adopted).toEqual([]);
  expect(other.files.listSync()).toEqual([]);
  isDown = false;
  expect((await recoverShards(folder)).adopted).toEqual(named(1));
  expect(rowsIn(store)).toEqual([1]);
  expect(readdirSync(spool.path)).toEqual([]);
});

test("groups are refused", async () => {
  await expect(NpyAppendGroup.open(new StoreFolder(new Store()), { arrays: { x: { dtype: "int8" } } })).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    path: "store",
    message: expect.stringContaining("cannot grow in step in an object store"),
  });
});

describe("every step of a process with a spool", () => {
  const storeOf = (store: Store, spool: DiskFolder): StoreFolder =>
    new StoreFolder(store, spool, (name, action) => spool.perform(name, action));

  /** Appends of one life. Returns the rows that were acknowledged, and those that may be there. */
  async function live(store: Store, spool: DiskFolder, start: number): Promise<{ acknowledged: number[]; asked: number[] }> {
    const [acknowledged, asked]: [number[], number[]] = [[], []];
    let next = start;
    let writer: NpyShards | undefined;
    const append = async (count: number): Promise<void> => {
      const rows = from(next, count);
      next += count;
      asked.push(...rows);
      await writer?.append(rows);
      acknowledged.push(...rows);
    };
    try {
      writer = await opened(storeOf(store, spool));
      for (const count of [2, 1, 6]) await append(count);
      await writer.sync();
      await append(2);
    } catch {
      // It was killed, or a step failed.
    }
    if (!spool.isDead && writer !== undefined) await append(1).catch(() => undefined);
    await writer?.close().catch(() => undefined);
    return { acknowledged, asked };
  }

  const stepsOfLife = async (): Promise<readonly string[]> => {
    const spool = new DiskFolder(new Disk());
    await live(new Store(), spool, 0);
    expect(spool.openFiles).toBe(0);
    return spool.steps;
  };

  test("can be the last, or fail, and no acknowledged row is lost or doubled", async () => {
    const steps = await stepsOfLife();
    expect(steps.filter((step) => step === "put").length).toBeGreaterThanOrEqual(4);
    const faults = steps.flatMap((op, at): Fault[] => [
      { at, isKill: true },
      { at, isKill: true, isDone: true },
      ...(op === "write" ? [{ at, isKill: true, torn: 6 }] : []),
      { at, isKill: false },
      ...(op === "put" ? [{ at, isKill: false, isDone: true }] : []),
    ]);
    for (const fault of faults) {
      const context = `${steps[fault.at]} ${JSON.stringify(fault)}`;
      const [store, disk] = [new Store(), new Disk()];
      const dead = new DiskFolder(disk, fault);
      const { acknowledged, asked } = await live(store, dead, 0);
      dead.kill();
      // Another machine's writer takes the next names before this one is back.
      const other = await opened(new StoreFolder(store));
      await other.append([1000]);
      await other.close();
      const back = new DiskFolder(disk);
      const { acknowledged: later, asked: laterAsked } = await live(store, back, 100);
      await recoverShards(storeOf(store, new DiskFolder(disk)));
      const rows = rowsIn(store);
      expect(new Set(rows).size, `${context}: no row twice`).toBe(rows.length);
      expect(rows, context).toEqual(expect.arrayContaining([...acknowledged, ...later, 1000]));
      expect([...asked, ...laterAsked, 1000], context).toEqual(expect.arrayContaining(rows));
      const own = rows.filter((row) => row < 1000);
      expect(own, `${context}: in order`).toEqual([...own].sort((a, b) => a - b));
      expect([...store.files.listSync()].sort(), context).toEqual(named(store.files.listSync().length));
      const left = [...disk.names].filter(([, { bytes }]) => bytes.length > 0).map(([name]) => name);
      expect(left, context).toEqual([]);
    }
  });
});
