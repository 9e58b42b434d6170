/** Readers of a file that grows under them. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import fs, { renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type ArrayInput,
  dtype,
  ensureAppendable,
  ensureAppendableSync,
  formatHeader,
  isAppendable,
  load,
  MemoryStorage,
  NodeStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  recover,
  type SaveOptions,
  type Storage,
  type StorageFile,
  saveSync,
} from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { keepsOpenFiles, lacksHoles } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;

/** Appends numbered rows until it is killed, and says how many readers see. */
const WRITER = `
const [module, path, rewriteHeaderOnAppend] = process.argv.slice(1);
const { NpyAppendArray } = await import(module);
const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [2], rewriteHeaderOnAppend: rewriteHeaderOnAppend === "true" });
for (;;) {
  const group = [];
  for (let i = 0; i < 100; i++) {
    const row = npaa.length + i;
    group.push(npaa.append(new Float64Array([row, -row])));
  }
  await Promise.all(group);
  if (rewriteHeaderOnAppend !== "true") await npaa.updateHeader();
  await new Promise(setImmediate);
}
`;

function startWriter(path: string, rewriteHeaderOnAppend = true): ChildProcess {
  const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, PACKAGE, path, String(rewriteHeaderOnAppend)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

/** Follows until `until` rows have come; every row must be the next one. */
async function followAll(path: string, until: number, rows?: number): Promise<number> {
  const reader = await NpyReader.open(path, { dtype: "float64" });
  let next = 0;
  for await (const { data, shape } of reader.follow({ from: 0, ...(rows === undefined ? {} : { rows }) })) {
    if (rows !== undefined) expect(shape[0]).toBeLessThanOrEqual(rows);
    for (let i = 0; i < data.length; i += 2, next++) {
      if (data[i] !== next || data[i + 1] !== -next) throw new Error(`row ${next} is ${data[i]}, ${data[i + 1]}`);
    }
    if (next >= until) break;
  }
  await reader.close();
  return next;
}

describe("follow", () => {
  const ROWS = runs(20_000, 0.25);

  test.each([true, false])(
    "three readers of a writer at full speed get every row once (header rewritten: %s)",
    async (rewrites) => {
      const path = temporaryPath();
      saveSync(path, { data: new Float64Array(0), shape: [0, 2] });
      const writer = startWriter(path, rewrites);
      const seen = await Promise.all([followAll(path, ROWS), followAll(path, ROWS, 7), followAll(path, ROWS, 1000)]);
      for (const rows of seen) expect(rows).toBeGreaterThanOrEqual(ROWS);
      await stop(writer);
    },
  );

  test("goes on when the writer is killed, the file recovered, and another writer started", async () => {
    const path = temporaryPath();
    saveSync(path, { data: new Float64Array(0), shape: [0, 2] });
    const following = followAll(path, 30_000);
    let isDone = false;
    void following.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      const { size } = statSync(path);
      const writer = startWriter(path);
      // However long a process takes to start.
      while (!isDone && statSync(path).size === size) await wait(10);
      await Promise.race([wait(200), following]);
      await stop(writer);
      await recover(path);
    }
    expect(await following).toBeGreaterThanOrEqual(30_000);
  });

  test("goes on when ensureAppendable replaces the file, and leaves no descriptor open", async () => {
    const path = temporaryPath();
    const tight = new MemoryStorage();
    saveSync(tight, [0, 1, 2]);
    // A header without room, as NumPy wrote them before 1.25: 80 bytes, and no spaces.
    const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }";
    const header = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${text.padEnd(69)}\n`, "latin1");
    header.writeUInt16LE(70, 8);
    writeFileSync(path, Buffer.concat([header.subarray(0, 80), (tight.bytes() as Uint8Array).subarray(128)]));
    expect(await isAppendable(path)).toBe(false);
    const before = openDescriptors();
    const reader = await NpyReader.open(path, { dtype: "float64" });
    const chunks = reader.follow({ from: 0 })[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.data).toEqual(new Float64Array([0, 1, 2]));
    await ensureAppendable(path);
    const npaa = await NpyAppendArray.open(path);
    await npaa.append([3, 4]);
    expect((await chunks.next()).value?.data).toEqual(new Float64Array([3, 4]));
    await npaa.close();
    await reader.close();
    expect((await chunks.next()).done).toBe(true);
    expect(openDescriptors()).toBe(before);
  });

  test.skipIf(lacksHoles)("goes on when the file grows beyond 4 GiB", async () => {
    const path = temporaryPath();
    const rowShape = [2 ** 20];
    // The rows that are there are a hole, which takes no space.
    writeFileSync(path, formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [4095, ...rowShape] }));
    truncateSync(path, 128 + 4095 * 2 ** 20);
    const npaa = await NpyAppendArray.open(path);
    const reader = await NpyReader.open(path, { dtype: "uint8" });
    const ends: number[][] = [];
    const following = (async () => {
      for await (const { data, shape } of reader.follow({ rows: 1 })) {
        expect(shape).toEqual([1, ...rowShape]);
        ends.push([data[0] as number, data.at(-1) as number]);
        if (ends.length === 4) return;
      }
    })();
    for (let row = 1; row <= 4; row++) await npaa.append(new Uint8Array(2 ** 20).fill(row));
    await following;
    expect(ends).toEqual([1, 2, 3, 4].map((row) => [row, row]));
    expect(reader.length).toBe(4099);
    await reader.close();
    await npaa.close();
  });

  test("begins after the last row seen, unless it is told where", async () => {
    const storage = new MemoryStorage();
    saveSync(storage, [0, 1, 2, 3]);
    const reader = await NpyReader.open(storage, { dtype: "float64" });
    const fromEnd = reader.follow({ from: -1 })[Symbol.asyncIterator]();
    const fromNow = reader.follow()[Symbol.asyncIterator]();
    expect((await fromEnd.next()).value?.data).toEqual(new Float64Array([3]));
    const waiting = fromNow.next();
    const npaa = await NpyAppendArray.open(storage);
    await npaa.append([4]);
    expect((await waiting).value?.data).toEqual(new Float64Array([4]));
    await npaa.close();
    await reader.close();
  });

  test("ends at a timeout though garbage is collected meanwhile", async () => {
    const path = temporaryPath();
    saveSync(path, new Float64Array(4));
    const FOLLOWER = `
      const [module, path] = process.argv.slice(1);
      const { NpyReader } = await import(module);
      const reader = await NpyReader.open(path);
      setTimeout(() => process.exit(1), 20_000).unref();
      setInterval(gc, 20).unref();
      const keepAlive = setInterval(() => undefined, 1000);
      for await (const { shape } of reader.follow({ from: 0, signal: AbortSignal.timeout(300) })) console.log(shape[0]);
      console.log("ended");
      clearInterval(keepAlive);
      await reader.close();
    `;
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--expose-gc",
      "--input-type=module",
      "-e",
      FOLLOWER,
      PACKAGE,
      path,
    ]);
    expect(stdout).toBe("4\nended\n");
  });

  test("ends when its signal is aborted, or the reader closed", async () => {
    const storage = new MemoryStorage();
    saveSync(storage, [0]);
    const reader = await NpyReader.open(storage);
    const abort = new AbortController();
    const collect = async (rows: AsyncIterable<NpyArray>): Promise<number> => {
      let count = 0;
      for await (const { shape } of rows) count += shape[0] as number;
      return count;
    };
    const aborted = collect(reader.follow({ from: 0, signal: abort.signal }));
    const closed = collect(reader.follow({ from: 0 }));
    await wait(20);
    abort.abort();
    expect(await aborted).toBe(1);
    await reader.close();
    expect(await closed).toBe(1);
    expect(() => reader.follow()).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  });

  test.each([
    ["calls back at once, again and again", (onChange: () => void) => void onChange()],
    ["calls back in the next microtask, again and again", (onChange: () => void) => void Promise.resolve().then(onChange)],
    ["does not watch", () => undefined],
  ])("a storage that %s leaves other work its time", async (_, notify) => {
    const storage = new MemoryStorage();
    saveSync(storage, [0]);
    let watched = 0;
    let forgotten = 0;
    Object.assign(storage, {
      watch(onChange: () => void): () => void {
        watched++;
        notify(onChange);
        return () => void forgotten++;
      },
    });
    const reader = await NpyReader.open(storage, { dtype: "float64" });
    const follow = reader.follow()[Symbol.asyncIterator]();
    const next = follow.next();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const npaa = await NpyAppendArray.open(storage);
    // If timers never had their turn, this would never end.
    while (turns < 4) await wait(1);
    await npaa.append([1]);
    expect((await next).value?.data).toEqual(Float64Array.of(1));
    clearInterval(timer);
    await npaa.close();
    await follow.return?.();
    await reader.close();
    expect(forgotten).toBe(watched);
  });

  test("a watcher that fails is closed, and polling goes on", async () => {
    const path = temporaryPath();
    saveSync(path, [0]);
    const watchers: EventEmitter[] = [];
    let closed = 0;
    const spy = vi.spyOn(fs, "watch").mockImplementation((() => {
      const watcher = Object.assign(new EventEmitter(), { close: () => void closed++ });
      watchers.push(watcher);
      // As Deno's, where no watches are left.
      process.nextTick(() => {
        const error = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
        watcher.emit("error", error);
        watcher.emit("error", error);
      });
      return watcher;
    }) as never);
    syncBuiltinESMExports();
    onTestFinished(() => {
      spy.mockRestore();
      syncBuiltinESMExports();
    });
    const reader = await NpyReader.open(path, { dtype: "float64" });
    const follow = reader.follow()[Symbol.asyncIterator]();
    const next = follow.next();
    await wait(250);
    // One watcher for each look at the file, ten times a second.
    expect(watchers.length).toBeGreaterThan(0);
    expect(watchers.length).toBeLessThan(10);
    const npaa = await NpyAppendArray.open(path);
    await npaa.append([1]);
    expect((await next).value?.data).toEqual(Float64Array.of(1));
    await npaa.close();
    await follow.return?.();
    await reader.close();
    expect(closed).toBeGreaterThanOrEqual(watchers.length);
  });

  test("ends with an error when another array takes the place of the file, whichever way", async () => {
    for (const replace of [replaceBy, writeFileSync]) {
      const path = temporaryPath();
      writeFileSync(path, saved([1, 2, 3]));
      const reader = await NpyReader.open(path, { dtype: "float64" });
      const found: number[] = [];
      const following = (async () => {
        for await (const { data } of reader.follow({ from: 0 })) found.push(...data);
      })();
      await wait(20);
      replace(path, saved([101, 102, 103, 104, 105]));
      await expect(following).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path });
      expect(found).toEqual([1, 2, 3]);
      await reader.close();
    }
  });

  test("bad options are refused", async () => {
    const storage = new MemoryStorage();
    saveSync(storage, [1]);
    const reader = await NpyReader.open(storage);
    expect(() => reader.follow({ rows: 0 })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    expect(() => reader.follow({ from: 0.5 })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    expect(() => reader.follow({ signal: {} as AbortSignal })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    await reader.close();
  });
});

/** The bytes of a file of numpy.save. */
function saved(array: ArrayInput, options?: SaveOptions): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes() as Uint8Array;
}

/** Puts a file in the place of another, as programs do that write beside it. */
function replaceBy(path: string, bytes: Uint8Array): void {
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}

/** More rows than a block that is compared has, and half of one more. */
const MANY = 200_000;

function numbers(count: number, change: Record<number, number> = {}): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => change[i] ?? i);
}

/** As many rows, or more, of the same dtype. */
const OTHERS: readonly (readonly [string, Uint8Array])[] = [
  ["all else", saved(numbers(MANY + 1).map((x) => -x))],
  ["the first row", saved(numbers(MANY, { 0: -1 }))],
  ["the last row that was counted", saved(numbers(MANY + 9, { [MANY - 1]: -1 }))],
  ["fewer rows", saved(numbers(MANY - 1))],
];

/** The same at both ends. */
const OTHERS_WITHIN: readonly (readonly [string, Uint8Array])[] = [
  ["a row in the first block", saved(numbers(MANY, { 1000: -1 }))],
  ["a row in the last block", saved(numbers(MANY + 9, { [MANY - 1000]: -1 }))],
];

describe("refresh", () => {
  describe.each([
    ["NpyReader", (path: string | Storage) => NpyReader.open(path, { dtype: "float64" })],
    ["NpyReaderSync", (path: string | Storage) => NpyReader.openSync(path, { dtype: "float64" })],
  ])("%s", (_name, open) => {
    const refusal = (path?: string) => expect.objectContaining({ code: "ERR_NPY_CHANGED", path });

    test.skipIf(keepsOpenFiles).each([...OTHERS, ...OTHERS_WITHIN])(
      "another array in the place of the file is refused: other in %s",
      async (_other, bytes) => {
        const path = temporaryPath();
        writeFileSync(path, saved(numbers(MANY)));
        const reader = await open(path);
        const before = openDescriptors();
        replaceBy(path, bytes);
        for (let i = 0; i < 2; i++) await expect((async () => reader.refresh())()).rejects.toEqual(refusal(path));
        expect((await reader.read()).data).toEqual(numbers(MANY));
        expect(openDescriptors()).toBe(before);
        // Nothing was lost by looking: once the rows are back they are known again.
        replaceBy(path, saved(numbers(MANY + 1)));
        await reader.refresh();
        expect((await reader.read(-2)).data).toEqual(Float64Array.of(MANY - 1, MANY));
        expect(openDescriptors()).toBe(before);
        await reader.close();
      },
    );

    test.each(OTHERS)("another array that is written over the file is refused: other in %s", async (_other, bytes) => {
      const path = temporaryPath();
      writeFileSync(path, saved(numbers(MANY - 5)));
      const reader = await open(path);
      // Also of rows that were counted later.
      writeFileSync(path, saved(numbers(MANY)));
      await reader.refresh();
      expect(reader.length).toBe(MANY);
      writeFileSync(path, bytes);
      await expect((async () => reader.refresh())()).rejects.toEqual(refusal(path));
      await reader.close();
    });

    test("so is what another program is still writing over it, and a file that lost counted rows", async () => {
      const whole = saved([7, 8, 9, 10]);
      const parts = [0, 4, 100, 128, 128 + 16].map((end) => whole.subarray(0, end));
      for (const bytes of [...parts, Buffer.from("no array"), saved(["a", "b", "c"]), saved([1, 2, 3]).subarray(0, 140)]) {
        const path = temporaryPath();
        writeFileSync(path, saved([1, 2, 3]));
        const reader = await open(path);
        writeFileSync(path, bytes);
        await expect((async () => reader.refresh())()).rejects.toEqual(refusal(path));
        await reader.close();
      }
    });

    test("rows that were counted and are there are the same array, also where others are missing", async () => {
      const path = temporaryPath();
      writeFileSync(path, saved([1, 2, 3]));
      const reader = await open(path);
      writeFileSync(path, saved([1, 2, 3, 4, 5]).subarray(0, 128 + 32));
      await expect((async () => reader.refresh())()).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
      await recover(path);
      await reader.refresh();
      expect(reader.length).toBe(4);
      await reader.close();
    });

    test("rows that are moved in place while they are looked at are no others", async () => {
      const path = temporaryPath();
      const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [30], headerLength: 80 });
      writeFileSync(path, Buffer.concat([header, saved(numbers(30)).subarray(128)]));
      let isTight = false;
      const storage = new (class extends NodeStorage {
        override openSync(mode: "r" | "r+"): StorageFile {
          const file = super.openSync(mode);
          const read = file.readSync.bind(file);
          const readSync = (buffer: Uint8Array, position: number): number => {
            if (isTight && position > 0) {
              isTight = false;
              ensureAppendableSync(path, { inplace: true });
            }
            return read(buffer, position);
          };
          return Object.assign(file, { readSync, read: readSync });
        }
      })(path);
      const reader = await open(storage);
      isTight = true;
      await reader.refresh();
      expect((await reader.read()).data).toEqual(numbers(30));
      await reader.close();
    });

    test.skipIf(keepsOpenFiles)("of no rows any rows are more, and of rows without bytes", async () => {
      for (const [few, more] of [
        [[], [1, 2]],
        [new Float64Array(0), numbers(MANY)],
      ]) {
        const path = temporaryPath();
        writeFileSync(path, saved(few as never, { dtype: "float64" }));
        const reader = await open(path);
        replaceBy(path, saved(more as never));
        await reader.refresh();
        expect(reader.length).toBe(more?.length);
        await reader.close();
      }
    });

    test("arrays in Fortran order and of no dimensions are told apart by their bytes, too", async () => {
      const matrix = (data: number[]) => ({ data: Float64Array.from(data), shape: [2, data.length / 2], fortranOrder: true });
      for (const [known, grown, other] of [
        [matrix([1, 2, 3, 4]), matrix([1, 2, 3, 4, 5, 6]), matrix([1, 2, 3, 5, 6, 7])],
        [5, 5, 6],
      ]) {
        const storage = new MemoryStorage();
        saveSync(storage, known as never);
        const reader = await open(storage);
        saveSync(storage, grown as never);
        await reader.refresh();
        saveSync(storage, other as never);
        await expect((async () => reader.refresh())()).rejects.toEqual(refusal());
        await reader.close();
      }
    });
  });

  test.skipIf(keepsOpenFiles)("a reader that is closed does not compare on", async () => {
    const path = temporaryPath();
    writeFileSync(path, saved(numbers(MANY)));
    const reader = await NpyReader.open(path);
    replaceBy(path, saved(numbers(MANY)));
    const refreshing = expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await reader.close();
    await refreshing;
    await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("sees rows that were appended since", async () => {
    const path = temporaryPath();
    const npaa = await NpyAppendArray.open(path);
    await npaa.append([1, 2]);
    const reader = await NpyReader.open(path, { dtype: "float64" });
    using sync = NpyReader.openSync(path, { dtype: "float64" });
    await npaa.append([3]);
    expect(reader.length).toBe(2);
    await reader.refresh();
    sync.refresh();
    expect([reader.length, sync.length]).toEqual([3, 3]);
    expect((await reader.read(-1)).data).toEqual(new Float64Array([3]));
    await npaa.close();
    await reader.close();
    await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test.skipIf(keepsOpenFiles)("refuses a file that is another array now, and goes on with the old one", async () => {
    const path = temporaryPath();
    saveSync(path, [1, 2]);
    const reader = await NpyReader.open(path, { dtype: "float64" });
    for (const other of [[[1, 2]], [1n, 2n], [1]]) {
      const next = temporaryPath();
      saveSync(next, other as never);
      renameSync(next, path);
      await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
      expect((await reader.read()).data).toEqual(new Float64Array([1, 2]));
    }
    expect((await load(path)).shape).toEqual([1]);
    await reader.close();
  });
});
