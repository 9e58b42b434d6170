/** Rows that are replaced (`set`), and rows that are cut off (`truncate`). */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { shapeOf } from "../src/format/layout.ts";
import {
  type DTypeLike,
  dtype,
  formatHeader,
  inspectSync,
  load,
  loadSync,
  MemoryStorage,
  NodeStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  needsRecoverySync,
  recoverSync,
} from "../src/node.ts";
import { mapProblem } from "../src/storage/native/mmap.ts";
import { rushClock } from "./support/clock.ts";
import { runs } from "./support/effort.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { type Appender, attempt, FILE_FORMS } from "./support/forms.ts";
import { interruptions, readable } from "./support/interruptions.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";
import { temporaryPath } from "./support/temporary.ts";

const DURABILITIES = ["os", "data", "full"] as const;

/** Rows of two int16 each. */
function rows(...numbers: number[]): Int16Array<ArrayBuffer> {
  return Int16Array.from(numbers.flatMap((n) => [n, -n]));
}

function fileOf(...numbers: number[]): Uint8Array {
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [numbers.length, 2] });
  return Buffer.concat([header, Buffer.from(rows(...numbers).buffer)]);
}

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** A path whose file calls `then` once, at the first sync. */
function onSync(path: string, then: () => void): NodeStorage {
  let isDone = false;
  const once = (): void => {
    if (!isDone) then();
    isDone = true;
  };
  const storage = new NodeStorage(path);
  const open = storage.openSync.bind(storage);
  storage.openSync = (mode) => {
    const file = open(mode);
    const [sync, syncSync] = [file.sync.bind(file), file.syncSync.bind(file)];
    file.sync = async () => {
      await sync();
      once();
    };
    file.syncSync = () => {
      syncSync();
      once();
    };
    return file;
  };
  return storage;
}

function recoveredCopy(path: string): Uint8Array | undefined {
  const copy = new MemoryStorage(readFileSync(path));
  recoverSync(copy);
  return copy.bytes();
}

describe.each(FILE_FORMS)("%s", (_form, verbs) => {
  test("set replaces rows, and nothing else", async () => {
    const storage = new MemoryStorage(fileOf(...TEN));
    const npaa = await verbs.open(storage);
    await npaa.set(2, rows(30, 40));
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 2, 30, 40, 5, 6, 7, 8, 9, 10)));
    await npaa.set(-1, rows(100));
    await npaa.append(rows(11));
    await npaa.set(10, rows(110));
    await npaa.set(11, new Int16Array(0));
    await npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 2, 30, 40, 5, 6, 7, 8, 9, 100, 110)));
  });

  test("rows that were appended but are not counted yet are replaced as well", async () => {
    const storage = new MemoryStorage(fileOf(1));
    const npaa = await verbs.open(storage, { rewriteHeaderOnAppend: false });
    await npaa.append(rows(2, 3));
    await npaa.set(1, rows(20));
    await npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 20, 3)));
  });

  test.each([
    [10, 1, "ERR_NPY_SHAPE", 10],
    [9, 2, "ERR_NPY_SHAPE", 10],
    [11, 0, "ERR_NPY_SHAPE", 11],
    [-11, 1, "ERR_NPY_SHAPE", -11],
    [1.5, 1, "ERR_NPY_OPTION", undefined],
    ["1", 1, "ERR_NPY_OPTION", undefined],
  ])("set(%s, %s rows) is refused with %s, and changes nothing", async (start, count, code, row) => {
    const storage = new MemoryStorage(fileOf(...TEN));
    const npaa = await verbs.open(storage);
    await expect(attempt(() => npaa.set(start as number, new Int16Array(2 * count)))).rejects.toMatchObject({ code, row });
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(...TEN)));
    await npaa.append(rows(11));
    await npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(...TEN, 11)));
  });

  test("set casts and refuses as append does", async () => {
    const storage = new MemoryStorage(fileOf(1, 2));
    const npaa = await verbs.open(storage, { casting: "same_kind" });
    await npaa.set(0, [[7, 8]] as never);
    await expect(attempt(() => npaa.set(0, [[1.5, 0]] as never))).rejects.toMatchObject({ code: "ERR_NPY_VALUE", index: [0, 0] });
    await expect(attempt(() => npaa.set(0, new Float64Array(2) as never))).rejects.toMatchObject({ code: "ERR_NPY_CAST" });
    await expect(attempt(() => npaa.set(0, new Int16Array(3)))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await npaa.close();
    expect([...loadSync(storage, { dtype: "int16" }).data]).toEqual([7, 8, 2, -2]);
  });

  test("before there are rows, there are none to replace or to cut", async () => {
    const npaa = await verbs.open(new MemoryStorage());
    await expect(attempt(() => npaa.set(0, rows(1)))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await expect(attempt(() => npaa.truncate(1))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await npaa.truncate(0);
    // What set was given has not settled what rows are.
    await npaa.append([1.5]);
    expect(npaa.shape).toEqual([1]);
    await npaa.close();
    await expect(attempt(() => npaa.set(0, rows(1)))).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await expect(attempt(() => npaa.truncate(0))).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test.each(DURABILITIES)("truncate keeps the first rows, durability %s", async (durability) => {
    const storage = new MemoryStorage(fileOf(...TEN));
    const npaa = await verbs.open(storage, { durability });
    await npaa.truncate(4);
    expect(npaa.length).toBe(4);
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 2, 3, 4)));
    await npaa.append(rows(50));
    await npaa.truncate(5);
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 2, 3, 4, 50)));
    await npaa.truncate(0);
    await npaa.append(rows(7));
    await npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(7)));
  });

  test("truncate cuts rows that are not counted yet", async () => {
    for (const kept of [2, 1, 0]) {
      const storage = new MemoryStorage(fileOf(1));
      const npaa = await verbs.open(storage, { rewriteHeaderOnAppend: false });
      await npaa.append(rows(2, 3));
      await npaa.truncate(kept);
      expect(npaa.length).toBe(kept);
      // As ever with this option, only updateHeader and close count more rows.
      expect(inspectSync(storage).shape).toEqual([Math.min(kept, 1), 2]);
      await npaa.updateHeader();
      expect(storage.bytes()).toEqual(new Uint8Array(fileOf(...[1, 2].slice(0, kept))));
      await npaa.append(rows(5));
      await npaa.close();
      expect(storage.bytes()).toEqual(new Uint8Array(fileOf(...[1, 2].slice(0, kept), 5)));
    }
  });

  test("rows that another program appends while truncate syncs the header are not cut off", async () => {
    rushClock();
    const path = temporaryPath();
    writeFileSync(path, fileOf(...TEN));
    const npaa = await verbs.open(onSync(path, () => appendFileSync(path, new Uint8Array(rows(11).buffer))));
    await expect(attempt(() => npaa.truncate(2))).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect([...readable(recoveredCopy(path))]).toEqual([...rows(...TEN, 11)]);
    await attempt(() => npaa.close()).catch(() => undefined);
  });

  test("a shared file's rows are replaced, but not cut off", async () => {
    const path = temporaryPath();
    const npaa = await NpyAppendArray.open(path, { dtype: "<i2", rowShape: [2] });
    await npaa.append(rows(...TEN));
    npaa.share();
    await npaa.set(1, rows(20));
    await npaa.append(rows(11));
    await npaa.set(-1, rows(110));
    await expect(npaa.set(11, rows(1))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", row: 11 });
    await expect(npaa.truncate(2)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("shared") });
    await npaa.close();
    expect(readFileSync(path)).toEqual(fileOf(1, 20, ...TEN.slice(2), 110));
  });

  test.each([
    [11, "ERR_NPY_SHAPE"],
    [-1, "ERR_NPY_OPTION"],
    [0.5, "ERR_NPY_OPTION"],
    [undefined, "ERR_NPY_OPTION"],
  ])("truncate(%s) of ten rows is refused with %s, and changes nothing", async (kept, code) => {
    const storage = new MemoryStorage(fileOf(...TEN));
    const npaa = await verbs.open(storage);
    await expect(attempt(() => npaa.truncate(kept as number))).rejects.toMatchObject({ code });
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(...TEN)));
    await npaa.close();
  });

  test("a file that another program changed is left alone", async () => {
    rushClock();
    for (const change of [(npaa: Appender) => npaa.truncate(1), (npaa: Appender) => npaa.set(0, rows(5))]) {
      const path = temporaryPath();
      writeFileSync(path, fileOf(1, 2));
      const npaa = await verbs.open(path);
      writeFileSync(path, fileOf(1, 2, 3));
      await expect(attempt(() => change(npaa))).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path });
      expect(readFileSync(path)).toEqual(fileOf(1, 2, 3));
      await attempt(() => npaa.close()).catch(() => undefined);
    }
  });
});

test.each(FILE_FORMS)("a cut whose sync failed is synced when it is made again, %s", async (_form, verbs) => {
  for (const durability of ["data", "full"] as const) {
    const storage = new FaultyStorage(fileOf(...TEN), { isSlow: true });
    const npaa = await verbs.open(storage, { durability });
    rushClock();
    // Counted from the end: the last step of truncate is the sync of the cut.
    const before = storage.steps.length;
    await npaa.truncate(8);
    storage.failAt(2 * storage.steps.length - before - 1);
    await expect(attempt(() => npaa.truncate(4))).rejects.toMatchObject({ code: "ENOSPC" });
    expect(npaa.length).toBe(4);
    const again = storage.steps.length;
    await npaa.truncate(4);
    expect(storage.steps.slice(again).map(({ op }) => op)).toContain("sync");
    await npaa.close();
    expect(storage.bytes()).toEqual(new Uint8Array(fileOf(1, 2, 3, 4)));
  }
});

describe.each(FILE_FORMS)("interrupted at every step, %s", (_form, verbs) => {
  beforeEach(rushClock);

  const OPTIONS = DURABILITIES.flatMap((durability) =>
    [true, false].map((each) => ({ durability, rewriteHeaderOnAppend: each })),
  );

  /** A file of eight rows, and two that were appended. */
  async function begin(options: (typeof OPTIONS)[number]): Promise<{ storage: FaultyStorage; npaa: Appender; first: number }> {
    const storage = new FaultyStorage(fileOf(...TEN.slice(0, 8)), { isSlow: true });
    const npaa = await verbs.open(storage, options);
    await npaa.append(rows(9, 10));
    return { storage, npaa, first: storage.steps.length };
  }

  const CHANGES = {
    truncate: { make: (npaa: Appender) => npaa.truncate(6), after: TEN.slice(0, 6) },
    set: { make: (npaa: Appender) => npaa.set(3, rows(40, 50, 60)), after: [1, 2, 3, 40, 50, 60, 7, 8, 9, 10] },
  };

  test.each(Object.keys(CHANGES) as (keyof typeof CHANGES)[])("%s loses no other row", async (name) => {
    const { make, after } = CHANGES[name];
    for (const options of OPTIONS) {
      const whole = await begin(options);
      await make(whole.npaa);
      const steps = whole.storage.steps.slice(whole.first);
      await whole.npaa.close();
      expect(whole.storage.bytes()).toEqual(new Uint8Array(fileOf(...after)));
      for (const kind of ["stopAt", "failAt", "failFrom"] as const) {
        for (const { at, after: torn, context: where } of interruptions(steps, kind !== "stopAt")) {
          const context = `${JSON.stringify(options)} ${kind} ${where}`;
          const { storage, npaa, first } = await begin(options);
          storage[kind](first + at, { after: torn });
          const error = await attempt(() => make(npaa)).catch((reason: unknown) => reason);
          expect(storage.errors[0], context).toBeDefined();
          expect(error, context).toBe(storage.errors[0]);
          const held = storage.bytes() as Uint8Array;
          // A header write that fails, and cannot be repeated, may leave any part of it.
          if (!(kind === "failFrom" && steps[at]?.position === 0 && steps[at]?.op === "write")) {
            const counted = readable(held);
            expectEachOldOrNew(name, counted, context);
            const copy = new MemoryStorage(held);
            if (needsRecoverySync(copy)) recoverSync(copy);
            const all = readable(copy.bytes());
            expectEachOldOrNew(name, all, context);
            expect(all.length, context).toBeGreaterThanOrEqual(counted.length);
            if (options.rewriteHeaderOnAppend) {
              const cut = new MemoryStorage(held);
              if (needsRecoverySync(cut)) recoverSync(cut, { dropUncounted: true });
              expect([6, 10], context).toContain(readable(cut.bytes()).length / 2);
            }
          }
          if (kind === "failAt") {
            if (name === "truncate") expect([6, 10], context).toContain(npaa.length);
            await make(npaa);
            await npaa.close();
            expect(storage.bytes(), context).toEqual(new Uint8Array(fileOf(...after)));
          } else {
            storage.failNever();
            await attempt(() => npaa.close()).catch(() => undefined);
          }
          expect(storage.openFiles, context).toBe(0);
        }
      }
    }
  });

  /** Each byte of a row that is replaced is the old one or the new one; all others are as they were. */
  function expectEachOldOrNew(name: string, found: Int16Array, context: string): void {
    const old = new Uint8Array(rows(...TEN).buffer);
    const replaced = new Uint8Array(rows(...(name === "set" ? CHANGES.set.after : TEN)).buffer);
    for (const [i, byte] of new Uint8Array(found.buffer, found.byteOffset, found.byteLength).entries()) {
      expect([old[i], replaced[i]], `${context}, byte ${i}`).toContain(byte);
    }
    if (name === "set") expect([8, 10], context).toContain(found.length / 2);
    else expect([6, 8, 10], context).toContain(found.length / 2);
  }
});

/** Where a file is: memory counts twice, since files take ten times as long. */
const PLACES = ["memory", "memory", "file", ...(mapProblem(true) === undefined ? ["mapped"] : [])] as const;

const TYPES: readonly DTypeLike[] = ["|u1", "<i2", ">f8", "<c16", "|S3", "<U2", "|V3", { t: ">f8", n: "<i2" }, "|V0"];

/** What a file of these rows is. */
function savedAs(type: DTypeLike, fortranOrder: boolean, row: readonly number[], all: readonly Uint8Array[]): Uint8Array {
  const header = formatHeader({ dtype: dtype(type), fortranOrder, shape: shapeOf(all.length, row, fortranOrder) });
  return Buffer.concat([header, ...all]);
}

test.each(FILE_FORMS)("any sequence of calls leaves what it would leave of a list, %s", async (_form, verbs) => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...TYPES),
      fc.boolean(),
      fc.constantFrom([], [2], [2, 3], [0]),
      fc.constantFrom(...DURABILITIES),
      fc.boolean(),
      fc.array(fc.tuple(fc.constantFrom("append", "set", "truncate", "updateHeader", "sync", "reopen"), fc.nat(9), fc.nat(4)), {
        maxLength: 14,
      }),
      fc.constantFrom(...PLACES),
      async (like, isFortran, row, durability, rewriteHeaderOnAppend, calls, place) => {
        const type = dtype(like);
        const fortranOrder = isFortran && row.length > 0;
        const storage = place === "memory" ? new MemoryStorage() : new NodeStorage(temporaryPath());
        const options = { durability, rewriteHeaderOnAppend, mmap: place === "mapped" };
        const random = randomNumbers(7);
        const size = row.reduce((product, n) => product * n, 1);
        const make = (count: number): { bytes: Uint8Array[]; array: NpyArray } => {
          const bytes = Array.from({ length: count }, () => randomBytes(type, size, random));
          return { bytes, array: loadSync(new MemoryStorage(new Uint8Array(savedAs(type, fortranOrder, row, bytes)))) };
        };
        let npaa = await verbs.open(storage, { ...options, dtype: type, rowShape: row, fortranOrder });
        let model: Uint8Array[] = [];
        for (const [call, a, count] of calls) {
          const { bytes, array } = make(count);
          if (call === "append") {
            await npaa.append(array as never);
            model.push(...bytes);
          } else if (call === "set") {
            const start = a % (model.length + 1);
            if (start + count > model.length) {
              await expect(attempt(() => npaa.set(start, array as never))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
            } else {
              await npaa.set(start === 0 ? 0 : start - model.length || 0, array as never);
              model.splice(start, count, ...bytes);
            }
          } else if (call === "truncate") {
            model = model.slice(0, a % (model.length + 1));
            await npaa.truncate(model.length);
          } else if (call === "reopen") {
            await npaa.close();
            npaa = await verbs.open(storage, options);
          } else {
            await npaa[call as "sync"]();
          }
          expect(npaa.length).toBe(model.length);
        }
        await npaa.close();
        const bytes = storage instanceof MemoryStorage ? Buffer.from(storage.bytes() as Uint8Array) : readFileSync(storage.path);
        expect(bytes.equals(savedAs(type, fortranOrder, row, model))).toBe(true);
      },
    ),
    { numRuns: runs(1500, 0.2) },
  );
});

test("calls take effect in their order, also among appends that are written together", async () => {
  const path = temporaryPath();
  await using npaa = await NpyAppendArray.open(path, { dtype: "<i2", rowShape: [2] });
  const buffer = rows(5);
  const calls = [
    npaa.append(rows(1)),
    npaa.append(rows(2)),
    npaa.set(1, buffer),
    npaa.append(rows(3)),
    npaa.truncate(2),
    npaa.append(rows(4)),
    npaa.set(-1, [[6, 6]]),
  ];
  // Small inputs are copied before the call returns.
  buffer.fill(0);
  await Promise.all(calls);
  expect([...(await load(path, { dtype: "int16" })).data]).toEqual([1, -1, 5, -5, 6, 6]);
});

test.each([
  ["the first", 0],
  ["the last", -1],
])("refresh says that a file changed of which %s row was replaced", async (_which, row) => {
  const path = temporaryPath();
  writeFileSync(path, fileOf(...Array.from({ length: 100 }, (_, i) => i)));
  await using reader = await NpyReader.open(path, { dtype: "int16" });
  await using npaa = await NpyAppendArray.open(path);
  // Rows in between do not end a reader, which sees them.
  await npaa.set(50, rows(500));
  await npaa.append(rows(100));
  await reader.refresh();
  expect(reader.length).toBe(101);
  expect([...(await reader.read(50, 51)).data]).toEqual([500, -500]);
  await npaa.set(row, rows(-1));
  await npaa.append(rows(101));
  await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
});

test("readers see what was replaced, and are told what was cut off", async () => {
  const path = temporaryPath();
  writeFileSync(path, fileOf(...TEN));
  await using reader = await NpyReader.open(path, { dtype: "int16" });
  await using npaa = await NpyAppendArray.open(path);
  await npaa.set(4, rows(50));
  expect([...(await reader.read(4, 5)).data]).toEqual([50, -50]);
  await npaa.truncate(3);
  await expect(reader.read(8)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
  await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  await expect(
    (async () => {
      for await (const _ of reader.follow({ from: 0, signal: AbortSignal.timeout(5000) }));
    })(),
  ).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_NPY_(CHANGED|NEEDS_RECOVERY)$/) });
});

test.skipIf(numpyVersion === undefined)("NumPy reads what is left, also in Fortran order", async () => {
  const path = temporaryPath();
  await using npaa = await NpyAppendArray.open(path, { dtype: "<f4", rowShape: [2], fortranOrder: true });
  await npaa.append(Float32Array.of(1, 2, 3, 4, 5, 6));
  await npaa.set(1, Float32Array.of(30, 40));
  await npaa.truncate(2);
  expect(python(`import numpy as np\nprint(np.load(${JSON.stringify(path)}).tolist())`)).toEqual([
    [1, 30],
    [2, 40],
  ]);
});

/** Sets rows of 4 KiB again and again, each of one number that is larger every time, and says which it begins and ends. */
const SETTER = `
  const { NpyAppendArray } = await import(process.argv[1]);
  const npaa = NpyAppendArray.openSync(process.argv[2]);
  const rows = new Int32Array(3 * 1024);
  for (let n = 1; ; n++) npaa.set(4, rows.fill(n));
`;

test("a process that is killed while it sets rows leaves each old or new, and the others as they were", async () => {
  const path = temporaryPath();
  const npaa = NpyAppendArray.openSync(path, { dtype: "<i4", rowShape: [1024] });
  npaa.append(new Int32Array(10 * 1024).fill(-1));
  npaa.close();
  const size = statSync(path).size;
  const built = new URL("../dist/node.js", import.meta.url).href;
  for (let round = 0; round < runs(10, 0.3); round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", SETTER, built, path], { stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 250 + 20 * round));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(statSync(path).size).toBe(size);
    const { data, shape } = loadSync(path, { dtype: "int32" });
    expect(shape).toEqual([10, 1024]);
    const sets = Array.from({ length: 10 }, (_, row) => [...new Set(data.subarray(1024 * row, 1024 * (row + 1)))]);
    for (const row of [0, 1, 2, 3, 7, 8, 9]) expect(sets[row]).toEqual([-1]);
    // Each is of one call or of the next, part by part.
    const numbers = new Set(sets.slice(4, 7).flat());
    expect(Math.max(...numbers) - Math.min(...numbers)).toBeLessThanOrEqual(1);
  }
});
