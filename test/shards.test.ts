/** Writers of shards. */
import { existsSync, linkSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Folder,
  inspectSync,
  load,
  loadSync,
  MemoryFolder,
  NodeFolder,
  NpyAppendArray,
  NpyReader,
  NpyShards,
  recover,
  recoverShards,
  recoverSync,
  save,
} from "../src/node.ts";
import { Disk, DiskFolder, type Fault } from "./support/disk-folder.ts";
import { sampled } from "./support/effort.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const OPTIONS = { rowsPerShard: 4, dtype: "int32", rowShape: [] } as const;
const rowsOf = (folder: Parameters<typeof loadSync>[0]): number[] => [...(loadSync(folder).data as Int32Array)];
const namesIn = (folder: Folder): string[] => [...folder.listSync()].sort();
const named = (count: number): string[] => Array.from({ length: count }, (_, i) => `${String(i).padStart(8, "0")}.npy`);
const from = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);

describe.each<[string, () => Folder]>([
  ["a directory", () => new NodeFolder(join(temporaryDirectory(), "not", "yet"))],
  ["a folder in memory", () => new MemoryFolder()],
])("%s", (_, make) => {
  test("appends are cut into shards, of which the last may be short", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, OPTIONS);
    await shards.append(from(0, 3));
    await shards.append(from(3, 10));
    expect(namesIn(folder).filter((name) => !name.startsWith("."))).toEqual(named(3));
    await shards.append([]);
    await shards.append(Int32Array.from(from(13, 2)));
    expect(shards.length).toBe(15);
    await shards.close();
    expect(namesIn(folder)).toEqual(named(4));
    expect(named(4).map((name) => inspectSync(folder.file(name)).shape[0])).toEqual([4, 4, 4, 3]);
    expect(rowsOf(folder)).toEqual(from(0, 15));
  });

  test("appends that are not awaited keep their order", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, { ...OPTIONS, rowsPerShard: 7 });
    const all: Promise<void>[] = [];
    for (let i = 0; i < 100; i += 2) all.push(shards.append(Int32Array.of(i, i + 1)));
    await Promise.all(all);
    await shards.close();
    await shards.close();
    expect(namesIn(folder)).toEqual(named(15));
    expect(rowsOf(folder)).toEqual(from(0, 100));
  });

  test("several writers take turns", async () => {
    const folder = make();
    const writers = await Promise.all(from(0, 5).map(() => NpyShards.open(folder, OPTIONS)));
    await Promise.all(
      writers.map(async (shards, w) => {
        for (let i = 0; i < 20; i++) await shards.append(Int32Array.of(1000 * w + 2 * i, 1000 * w + 2 * i + 1));
        await shards.close();
      }),
    );
    expect(namesIn(folder)).toEqual(named(50));
    const rows = rowsOf(folder);
    for (const w of from(0, 5)) expect(rows.filter((row) => Math.floor(row / 1000) === w)).toEqual(from(1000 * w, 40));
  });

  test("what was refused changes nothing", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, { ...OPTIONS, rowShape: [2] });
    await expect(shards.append([[1, 2, 3]])).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await expect(shards.append([...from(0, 9).map(() => [1, 2]), [1, 2.5]])).rejects.toMatchObject({
      code: "ERR_NPY_VALUE",
      index: [9, 1],
    });
    await expect(shards.append(new Float64Array(20))).rejects.toMatchObject({ code: "ERR_NPY_CAST" });
    expect(shards.length).toBe(0);
    await shards.close();
    expect(namesIn(folder)).toEqual([]);
    await expect(shards.append([[1, 2]])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await expect(shards.sync()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("a later writer goes on after the last shard, and needs no dtype", async () => {
    const folder = make();
    await (await opened(folder)).close();
    const first = await NpyShards.open(folder, OPTIONS);
    await first.append(from(0, 6));
    await first.close();
    const second = await NpyShards.open(folder, { rowsPerShard: 3 });
    expect(second).toMatchObject({ rowShape: [], length: 0, adopted: [], dtype: { str: "<i4" } });
    await second.append(from(6, 4));
    await second.close();
    expect(named(4).map((name) => inspectSync(folder.file(name)).shape[0])).toEqual([4, 2, 3, 1]);
    expect(rowsOf(folder)).toEqual(from(0, 10));
    await expect(NpyShards.open(folder, { ...OPTIONS, dtype: "float32" })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
    await expect(NpyShards.open(folder, { ...OPTIONS, rowShape: [2] })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  });

  test("rows of readers and of iterables", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, { ...OPTIONS, rowsPerShard: 5 });
    expect(await shards.appendFrom([from(0, 3), Int32Array.from(from(3, 9))])).toBe(12);
    const source = new MemoryFolder();
    await save(source.file("0.npy"), Int32Array.from(from(10, 8)));
    await save(source.file("1.npy"), Int32Array.from(from(18, 8)));
    const reader = await NpyReader.open(source);
    expect(await shards.appendFrom(reader, { start: 2, stop: -1 })).toBe(13);
    await shards.close();
    await reader.close();
    expect(rowsOf(folder)).toEqual(from(0, 25));
    expect(namesIn(folder)).toEqual(named(5));
    const again = await NpyShards.open(folder, OPTIONS);
    await expect(again.appendFrom([[1]], { each: "row" } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await again.close();
  });

  test("Fortran order grows along the last axis", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, { rowsPerShard: 3, dtype: "float32", rowShape: [2], fortranOrder: true });
    await shards.append({ data: Float32Array.from(from(0, 16)), shape: [2, 8], fortranOrder: true });
    await shards.close();
    const { data, shape, fortranOrder } = await load(folder);
    expect({ data: [...(data as Float32Array)], shape, fortranOrder }).toEqual({
      data: from(0, 16),
      shape: [2, 8],
      fortranOrder: true,
    });
  });

  test("shards end by bytes and by time as well", async () => {
    const folder = make();
    const shards = await NpyShards.open(folder, { maxBytes: 11, maxAge: 20, dtype: "int32", rowShape: [] });
    await shards.append(from(0, 5));
    const deadline = Date.now() + 20_000;
    while (namesIn(folder).join() !== named(3).join() && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(named(3).map((name) => inspectSync(folder.file(name)).shape[0])).toEqual([2, 2, 1]);
    await shards.sync();
    await shards.append([5]);
    await shards.close();
    expect(rowsOf(folder)).toEqual(from(0, 6));
  });

  test.each(["os", "data", "full"] as const)("durability %s", async (durability) => {
    const folder = make();
    const shards = await NpyShards.open(folder, { ...OPTIONS, durability });
    await shards.append(from(0, 9));
    await shards.sync();
    await shards.close();
    expect(rowsOf(folder)).toEqual(from(0, 9));
  });
});

async function opened(folder: Folder): Promise<NpyShards> {
  return await NpyShards.open(folder, OPTIONS);
}

test.each([
  [{ rowsPerShard: 0, dtype: "i4", rowShape: [] }, "rowsPerShard must be"],
  [{ dtype: "i4", rowShape: [] }, "give one of them"],
  [{ rowsPerShard: 1 }, "dtype and rowShape must say"],
  [{ ...OPTIONS, deleteIfExists: true }, "deleteIfExists is for one file"],
  [{ ...OPTIONS, rowPerShard: 3 }, "rowPerShard"],
  [undefined, "must be an object"],
])("options %j are refused", async (options, message) => {
  await expect(NpyShards.open(new MemoryFolder(), options as never)).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    message: expect.stringContaining(message),
  });
  expect(() => new (NpyShards as unknown as new () => unknown)()).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
});

test("a folder whose storage gives no names is refused before a row is taken", async () => {
  const memory = new MemoryFolder();
  const folder: Folder = Object.assign(Object.create(memory), {
    file: (name: string) => Object.assign(memory.file(name), { place: () => false, placeSync: () => false }),
    list: () => memory.list(),
    create() {},
  });
  await expect(NpyShards.open(folder, OPTIONS)).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    message: expect.stringContaining("hard links"),
  });
  expect(memory.listSync()).toEqual([]);
});

describe("files of writers that are gone", () => {
  test("are taken only where a lock shows that, or the user says so", async () => {
    const disk = new Disk();
    const dead = new DiskFolder(disk);
    await (await opened(dead)).append([1, 2]);
    const living = new DiskFolder(disk);
    const writer = await opened(living);
    await writer.append([3]);
    dead.kill();
    const elsewhere = new DiskFolder(disk);
    elsewhere.scope = "another machine";
    expect(await NpyShards.open(elsewhere, OPTIONS)).toMatchObject({ adopted: [] });
    const without = new DiskFolder(disk, undefined, false);
    expect(await NpyShards.open(without, OPTIONS)).toMatchObject({ adopted: [] });
    const next = await opened(new DiskFolder(disk));
    expect(next.adopted).toEqual(named(1));
    await writer.append([4]);
    await writer.close();
    expect(rowsOf(new DiskFolder(disk))).toEqual([1, 2, 3, 4]);
  });

  test("without locks they wait for recoverShards", async () => {
    const disk = new Disk();
    const dead = new DiskFolder(disk, undefined, false);
    await (await opened(dead)).append([1, 2]);
    dead.kill();
    expect(await opened(new DiskFolder(disk, undefined, false))).toMatchObject({ adopted: [] });
    expect(await opened(new DiskFolder(disk))).toMatchObject({ adopted: [] });
    expect(await recoverShards(new DiskFolder(disk, undefined, false))).toEqual({ adopted: named(1), inUse: [], repaired: {} });
    expect(rowsOf(new DiskFolder(disk))).toEqual([1, 2]);
  });

  test("that are in use are left alone by recoverShards, too", async () => {
    const folder = temporaryDirectory();
    const writer = await NpyShards.open(folder, OPTIONS);
    await writer.append([1]);
    const { adopted, inUse } = await recoverShards(folder);
    expect([adopted, inUse.length]).toEqual([[], 1]);
    await writer.close();
    expect(await recoverShards(folder)).toEqual({ adopted: [], inUse: [], repaired: {} });
  });

  test("that are no shards of this kind are left alone", async () => {
    const disk = new Disk();
    const dead = new DiskFolder(disk);
    await (await NpyShards.open(dead, { ...OPTIONS, dtype: "float32" })).append([1]);
    dead.kill();
    const other = await opened(new DiskFolder(disk));
    await other.append([1]);
    await other.close();
    expect(other.adopted).toEqual([]);
    expect(rowsOf(new DiskFolder(disk))).toEqual([1]);
  });

  test("recover takes a folder of shards as well, and reports all its files together", async () => {
    const disk = new Disk();
    const dead = new DiskFolder(disk);
    await (await opened(dead)).append([1, 2, 3]);
    dead.kill();
    expect(await recover(new DiskFolder(disk))).toEqual({
      needed: true,
      rowsBefore: 0,
      rowsAfter: 3,
      bytesDropped: 0,
      bytesZeroFilled: 0,
    });
    expect(await recover(new DiskFolder(disk))).toMatchObject({ needed: false, rowsBefore: 3, rowsAfter: 3 });
    await expect(recover(new DiskFolder(disk), { dryRun: true })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(() => recoverSync(new DiskFolder(disk))).toThrow("await recoverShards(folder)");
  });

  test("a shard that a power cut left short is recovered", async () => {
    const folder = temporaryDirectory();
    const writer = await NpyShards.open(folder, OPTIONS);
    await writer.append(from(0, 8));
    await writer.close();
    const file = new NodeFolder(folder).file("00000000.npy").openSync("r+");
    file.truncateSync(128 + 9);
    file.closeSync();
    await expect(load(folder)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    expect((await recoverShards(folder)).repaired).toMatchObject({ "00000000.npy": { rowsBefore: 4, rowsAfter: 2 } });
    expect(rowsOf(folder)).toEqual([0, 1, 4, 5, 6, 7]);
  });

  test("a file with several names that is no shard becomes one", async () => {
    const folder = temporaryDirectory();
    const writer = await NpyShards.open(folder, { ...OPTIONS, lock: false });
    await writer.append([1, 2]);
    const name = readdirSync(folder)[0] as string;
    // As `cp -al` makes a copy of the folder.
    linkSync(join(folder, name), join(temporaryDirectory(), name));
    expect((await recoverShards(new NodeFolder(folder)).catch((error: unknown) => error)) as object).toMatchObject({
      inUse: [name],
    });
    await writer.close();
    expect(rowsOf(folder)).toEqual([1, 2]);
  });
});

test("names that are taken by anything are passed over", async () => {
  const folder = temporaryDirectory();
  const writer = await NpyShards.open(folder, { ...OPTIONS, rowsPerShard: 1 });
  for (const name of named(20)) await save(join(folder, name), Int32Array.of(0));
  await writer.append([1]);
  await writer.append([2]);
  await writer.close();
  expect(rowsOf(folder)).toEqual([...new Array(20).fill(0), 1, 2]);
});

test("a private file that is deleted is noticed", async () => {
  const disk = new Disk();
  const folder = new DiskFolder(disk);
  const writer = await opened(folder);
  await writer.append([1]);
  disk.names.clear();
  await expect(writer.close()).rejects.toMatchObject({ code: expect.stringMatching(/ENOENT|ERR_NPY_CHANGED/) });
});

describe("every step", () => {
  /** Appends of two writers' lives. Returns the rows that were acknowledged, and those that may be there. */
  async function live(folder: DiskFolder, start: number): Promise<{ acknowledged: number[]; asked: number[] }> {
    const acknowledged: number[] = [];
    const asked: number[] = [];
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
      writer = await opened(folder);
      for (const count of [2, 1, 6, 3]) await append(count);
    } catch {
      // It was killed, or a step failed.
    }
    // A process that lives goes on after an error.
    if (!folder.isDead && writer !== undefined) await append(1).catch(() => undefined);
    await writer?.close().catch(() => undefined);
    return { acknowledged, asked };
  }

  /** Checks the rows, once all writers are gone and all that they left was taken. */
  async function checkAll(disk: Disk, acknowledged: readonly number[], asked: readonly number[], context: string): Promise<void> {
    const after = new DiskFolder(disk);
    const last = await opened(after);
    await last.append([-1]);
    await last.close();
    await recoverShards(new DiskFolder(disk));
    const names = namesIn(after).filter((name) => /^\d/.test(name));
    expect(names, context).toEqual(named(names.length));
    const rows = rowsOf(after);
    expect(new Set(rows).size, `${context}: no row twice`).toBe(rows.length);
    expect(rows, context).toEqual(expect.arrayContaining([...acknowledged]));
    expect([...asked, -1], context).toEqual(expect.arrayContaining(rows));
    const own = rows.filter((row) => row >= 0);
    expect(own, `${context}: in order`).toEqual([...own].sort((a, b) => a - b));
    // What is left are empty files of writers that had no time to write a header.
    const left = namesIn(after).filter((name) => !/^\d/.test(name));
    expect(
      left.filter((name) => disk.names.get(name)?.bytes.length !== 0),
      context,
    ).toEqual([]);
  }

  async function faults(): Promise<{ steps: readonly string[]; all: Fault[] }> {
    const folder = new DiskFolder(new Disk());
    await live(folder, 0);
    expect(folder.openFiles).toBe(0);
    const all = folder.steps.flatMap((op, at): Fault[] => [
      { at, isKill: true },
      { at, isKill: true, isDone: true },
      ...(op === "write" ? [{ at, isKill: true, torn: 6 }] : []),
      { at, isKill: false },
      ...(op === "link" ? [{ at, isKill: false, isDone: true }] : []),
    ]);
    return { steps: folder.steps, all };
  }

  test("fails, or is the last one of the process: no acknowledged row is lost or doubled, and names have no gaps", async () => {
    const { steps, all } = await faults();
    expect(new Set(steps)).toEqual(new Set(["list", "open", "create", "lock", "write", "link", "unlink", "remove"]));
    for (const fault of sampled(all, 2)) {
      const disk = new Disk();
      const folder = new DiskFolder(disk, fault);
      const { acknowledged, asked } = await live(folder, 0);
      const context = `${JSON.stringify(fault)} ${steps[fault.at]}`;
      if (fault.isKill) expect(folder.isDead, context).toBe(true);
      folder.kill();
      await checkAll(disk, acknowledged, asked, context);
    }
  });

  test("of the writer that takes over what another left", async () => {
    const { all } = await faults();
    const random = sampled(all, 5).filter(({ isKill }) => isKill);
    for (const fault of random) {
      for (let at = 0; at < 40; at += 1) {
        const disk = new Disk();
        const first = new DiskFolder(disk, fault);
        const before = await live(first, 0);
        first.kill();
        const second = new DiskFolder(disk, { at, isKill: true, isDone: at % 2 === 0 });
        const between = await live(second, 100);
        second.kill();
        const context = `${JSON.stringify(fault)}, then ${at}`;
        await checkAll(disk, [...before.acknowledged, ...between.acknowledged], [...before.asked, ...between.asked], context);
      }
    }
  });
});

test("a name that a directory or a dead link has is passed over", async () => {
  const folder = temporaryDirectory();
  const writer = await NpyShards.open(folder, { ...OPTIONS, rowsPerShard: 1 });
  writeFileSync(join(folder, "00000000.npy"), "no array");
  await writer.append([1]);
  await writer.close();
  expect(existsSync(join(folder, "00000001.npy"))).toBe(true);
  expect(NpyAppendArray.openSync(join(folder, "00000001.npy")).length).toBe(1);
});
