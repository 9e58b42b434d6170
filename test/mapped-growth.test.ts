/** Rows that are stored in mapped memory: the protocol of docs/design/mapped-growth.md, on files. */
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  dtype,
  formatHeader,
  inspectSync,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecoverySync,
  type OpenOptions,
  parseHeader,
  recoverSync,
} from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import type { Eventually } from "../src/storage/storage.ts";
import { rushClock, stopClock } from "./support/clock.ts";
import { runs, sampled } from "./support/effort.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const TAB = 9;
const SPACE = 32;

/** Windows need Linux, koffi, and a file system that changes blocks where they are. */
const canMap = process.platform === "linux" && cLibrary() !== undefined;

/** A directory where files can be mapped, whatever the one for temporary files is. */
function mappableDirectory(): string {
  return temporaryDirectory(existsSync("/dev/shm") ? "/dev/shm" : undefined);
}

const FLOATS = { dtype: "<f8", rowShape: [] } as const;

function headerOf(rows: number, rowShape: readonly number[] = [], fortranOrder = false): Uint8Array {
  const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
  return formatHeader({ dtype: dtype("<f8"), fortranOrder, shape });
}

/** What a file is: how many rows it counts, whether it has the mark, and how many bytes it has after the rows. */
function state(path: string): { rows: number; isMarked: boolean; reserved: number } {
  const bytes = readFileSync(path);
  const { shape, headerLength } = parseHeader(bytes);
  const [rows] = shape as [number];
  const mark = bytes[headerLength - 2];
  expect([TAB, SPACE]).toContain(mark);
  return { rows, isMarked: mark === TAB, reserved: bytes.length - headerLength - 8 * rows };
}

const EXACT = { isMarked: false, reserved: 0 };

/** The numbers from `first` on, as many as there are. */
function expectNumbers(path: string, count: number): void {
  expect(loadSync(path, { dtype: "float64" }).data).toEqual(Float64Array.from({ length: count }, (_, i) => i));
}

/** Appends numbers one by one, up to `count`. */
async function appendTo(npaa: { readonly length: number; append(rows: Float64Array): Eventually<void> }, count: number) {
  for (let i = npaa.length; i < count; i++) await npaa.append(Float64Array.of(i));
}

describe.skipIf(!canMap).each(FILE_FORMS)("%s", (form, { open, recover }) => {
  test.each([
    [{ rowShape: [] }],
    [{ rowShape: [3] }],
    [{ rowShape: [2, 2], fortranOrder: true }],
    [{ rowShape: [], rewriteHeaderOnAppend: false }],
  ] satisfies [OpenOptions][])("rows, and the header but for the mark, are NumPy's at every moment: %j", async (options) => {
    const { rowShape, fortranOrder = false } = options as OpenOptions & { rowShape: number[] };
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { dtype: "<f8", mmap: true, ...options });
    const width = rowShape.reduce((all, n) => all * n, 1);
    const data: number[] = [];
    let marked = 0;
    for (let i = 0; i < 1050; i++) {
      // Now and then more than one, so that other digits change.
      const values = Float64Array.from({ length: width * (i % 97 === 96 ? 30 : 1) }, (_, at) => data.length + at);
      await npaa.append(values);
      data.push(...values);
      if (i < 20 || (i % 10 > 1 && i < 1000)) continue;
      const bytes = readFileSync(path);
      marked += Number(bytes[126] === TAB);
      bytes[126] = SPACE;
      const expected = Buffer.concat([
        headerOf(data.length / width, rowShape, fortranOrder),
        new Uint8Array(Float64Array.from(data).buffer),
      ]);
      expect(bytes.subarray(0, expected.length).equals(expected)).toBe(true);
    }
    expect(marked).toBeGreaterThan(200);
    await npaa.close();
    expect(readFileSync(path)).toEqual(
      Buffer.concat([headerOf(data.length / width, rowShape, fortranOrder), new Uint8Array(Float64Array.from(data).buffer)]),
    );
  });

  test("a window opens after some small appends, and is closed by updateHeader, sync and close", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const descriptors = openDescriptors();
    const npaa = await open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 16);
    expect(state(path)).toEqual({ rows: 16, ...EXACT });
    await appendTo(npaa, 17);
    // Up to the next count that has more digits.
    expect(state(path)).toEqual({ rows: 17, isMarked: true, reserved: 8 * 83 });
    await npaa.updateHeader();
    expect(state(path)).toEqual({ rows: 17, ...EXACT });
    await appendTo(npaa, 100);
    expect(state(path)).toEqual({ rows: 100, isMarked: true, reserved: 8 * 900 });
    await appendTo(npaa, 101);
    expect(state(path)).toEqual({ rows: 101, isMarked: true, reserved: 8 * 899 });
    await npaa.sync();
    expect(state(path)).toEqual({ rows: 101, ...EXACT });
    await appendTo(npaa, 1000);
    await npaa.append(Float64Array.from({ length: 200_000 }, (_, i) => 1000 + i));
    await appendTo(npaa, 201_500);
    expect(state(path)).toMatchObject({ rows: 201_500, isMarked: true });
    expect(state(path).reserved).toBeGreaterThan(0);
    await npaa.close();
    expect(state(path)).toEqual({ rows: 201_500, ...EXACT });
    expectNumbers(path, 201_500);
    // No blocks are kept that the file does not show.
    expect(statSync(path).blocks * 512).toBeLessThanOrEqual(statSync(path).size + 8192);
    expect(openDescriptors()).toBe(descriptors);
    expect(readFileSync("/proc/self/maps", "utf8")).not.toContain(path);
  });

  test("appends of more than 2 KiB open no window, alone or together", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    let count = 0;
    for (let i = 0; i < 40; i++) {
      const appended: Eventually<void>[] = [];
      const size = form === "async" ? 9 : 257;
      for (let rows = 0; rows < 257; rows += size) {
        appended.push(npaa.append(Float64Array.from({ length: Math.min(size, 257 - rows) }, () => count++)));
      }
      await Promise.all(appended);
      expect(state(path)).toEqual({ rows: count, ...EXACT });
    }
    await appendTo(npaa, count + 17);
    expect(state(path)).toMatchObject({ rows: count + 17, isMarked: true });
    await npaa.append(Float64Array.from({ length: 257 }, (_, i) => count + 17 + i));
    expect(state(path)).toMatchObject({ rows: count + 274, isMarked: true });
    await npaa.close();
    expectNumbers(path, count + 274);
  });

  test("set and truncate close the window, and appends go on", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = (await open(path, { ...FLOATS, mmap: true })) as NpyAppendArray;
    await appendTo(npaa, 150);
    expect(state(path).isMarked).toBe(true);
    await npaa.set(-2, Float64Array.of(7, 8));
    expect(state(path)).toEqual({ rows: 150, ...EXACT });
    expect(loadSync(path, { dtype: "float64" }).data.slice(-2)).toEqual(Float64Array.of(7, 8));
    await appendTo(npaa, 1200);
    expect(state(path).isMarked).toBe(true);
    await npaa.truncate(148);
    expect(state(path)).toEqual({ rows: 148, ...EXACT });
    await appendTo(npaa, 1300);
    expect(state(path).isMarked).toBe(true);
    await npaa.close();
    expect(state(path)).toEqual({ rows: 1300, ...EXACT });
    expectNumbers(path, 1300);
  });

  test("a window is closed after a pause", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 20);
    expect(state(path).isMarked).toBe(true);
    await vi.waitFor(() => expect(state(path)).toEqual({ rows: 20, ...EXACT }), { timeout: 10_000, interval: 50 });
    await appendTo(npaa, 30);
    await npaa.close();
    expectNumbers(path, 30);
  });

  test("no window without a lock, nor with a durability other than os", async () => {
    for (const options of [{ lock: false }, { durability: "data" }, { durability: "full" }, { mmap: false }] as const) {
      const path = join(mappableDirectory(), "array.npy");
      const npaa = await open(path, { ...FLOATS, mmap: true, ...options });
      await appendTo(npaa, 40);
      expect(state(path), JSON.stringify(options)).toEqual({ rows: 40, ...EXACT });
      await npaa.close();
    }
  });

  test("inputs of all kinds, against the same appends without a window", async () => {
    const record = dtype([
      ["t", "<f8"],
      ["id", "<i4"],
    ]);
    const rows: Record<string, [OpenOptions, readonly unknown[]]> = {
      swapped: [
        { dtype: ">i2", rowShape: [2] },
        [Int16Array.of(1, 2), [[3, 4]], { data: Int16Array.of(5, 6, 7, 8), shape: [2, 2] }],
      ],
      cast: [{ dtype: "<f4", rowShape: [] }, [Int16Array.of(1, 2), [3.5], Float32Array.of(4)]],
      records: [
        { dtype: record, rowShape: [] },
        [[{ t: 1, id: 2 }], { t: [3, 4], id: [5, 6] }, { data: new Uint8Array(12), shape: [1], dtype: record }],
      ],
      text: [{ dtype: "<U3", rowShape: [] }, [["a", "bcd"], ["ef"]]],
      bools: [{ dtype: "|b1", rowShape: [] }, [[true, false], Uint8Array.of(1, 0)]],
      strided: [{ dtype: "<f8", rowShape: [2] }, [{ data: Float64Array.of(1, 2, 3, 4), shape: [2, 2], strides: [1, 2] }, []]],
      wide: [{ dtype: "<f8", rowShape: [40] }, [Float64Array.from({ length: 40 }, (_, i) => i)]],
      odd: [{ dtype: "|V3", rowShape: [] }, [{ data: Uint8Array.of(1, 2, 3), shape: [1], dtype: "|V3" }]],
    };
    for (const [name, [options, inputs]] of Object.entries(rows)) {
      const path = join(mappableDirectory(), "array.npy");
      const storage = new MemoryStorage();
      const [npaa, plain] = [await open(path, { ...options, mmap: true }), await open(storage, options)];
      for (let i = 0; i < 150; i++) {
        for (const input of inputs) {
          await npaa.append(input as Float64Array);
          await plain.append(input as Float64Array);
        }
      }
      expect(readFileSync(path).includes("\t\n"), name).toBe(true);
      await npaa.close();
      await plain.close();
      expect(readFileSync(path).equals(storage.bytes() as Uint8Array), name).toBe(true);
    }
  });

  test("random sequences of appends and other operations", async () => {
    stopClock();
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ op: fc.constant("rows" as const), count: fc.integer({ min: 1, max: 40 }) }) },
      { weight: 4, arbitrary: fc.record({ op: fc.constant("append" as const), count: fc.integer({ min: 0, max: 2000 }) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant("append" as const), count: fc.integer({ min: 9000, max: 30_000 }) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("sync" as const, "updateHeader" as const, "reopen" as const) }) },
    );
    const directory = mappableDirectory();
    const steps = fc.array(step, { minLength: 10, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (list, rewriteHeaderOnAppend) => {
        const path = join(directory, "array.npy");
        rmSync(path, { force: true });
        const options = { ...FLOATS, mmap: true, rewriteHeaderOnAppend };
        let npaa = await open(path, options);
        let count = 0;
        const add = async (rows: number): Promise<void> => {
          await npaa.append(Float64Array.from({ length: rows }, (_, i) => count + i));
          count += rows;
        };
        for (const one of list) {
          if (one.op === "append") await add(one.count);
          else if (one.op === "rows") for (let i = 0; i < one.count; i++) await add(1);
          else if (one.op === "reopen") {
            await npaa.close();
            npaa = await open(path, options);
          } else await npaa[one.op]();
          expect(state(path).rows).toBe(count);
        }
        await npaa.close();
        expect(state(path)).toEqual({ rows: count, ...EXACT });
        expectNumbers(path, count);
      }),
      { numRuns: runs(40, 0.3) },
    );
  });

  test("readers see the counted rows, and a reader that follows gets them", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 30);
    expectNumbers(path, 30);
    expect(inspectSync(path)).toMatchObject({ shape: [30], dataLength: 240, reservedLength: 560, needsRecovery: true });
    expect(needsRecoverySync(path)).toBe(true);
    await using mapped = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    expect((await mapped.read()).data.length).toBe(30);
    const following = (async () => {
      let rows = 0;
      for await (const chunk of mapped.follow({ from: 30 })) {
        rows += chunk.data.length;
        if (rows === 50) break;
      }
      return rows;
    })();
    await appendTo(npaa, 80);
    expect(await following).toBe(50);
    await npaa.close();
    await mapped.refresh();
    expect(mapped.length).toBe(80);
  });

  test("other writers and recover are refused while it is open, and cut what a killed one left", async () => {
    const directory = mappableDirectory();
    const path = join(directory, "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 30);
    await expect(attempt(() => recover(path))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await expect(attempt(() => open(path))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    const left = readFileSync(path);
    // What is in the tail makes no difference.
    left.fill(0x93, 128 + 240);
    await npaa.close();
    const killed = join(directory, "killed.npy");
    const report = { needed: true, rowsBefore: 30, rowsAfter: 30, bytesDropped: 0, bytesZeroFilled: 0, bytesReserved: 560 };
    for (const options of [{}, { dropUncounted: true }, { zerofillIncomplete: true }, { force: true }]) {
      writeFileSync(killed, left);
      expect(await recover(killed, { ...options, dryRun: true })).toEqual(report);
      expect(readFileSync(killed).equals(left)).toBe(true);
      expect(await recover(killed, options)).toEqual(report);
      expect(state(killed)).toEqual({ rows: 30, ...EXACT });
      expect(await recover(killed)).toMatchObject({ needed: false });
      expectNumbers(killed, 30);
    }
    writeFileSync(killed, left);
    const next = await open(killed, { mmap: true });
    expect((next as NpyAppendArray).recovered).toEqual(report);
    await appendTo(next, 60);
    await next.close();
    expectNumbers(killed, 60);
    // With the mark and nothing after the rows.
    writeFileSync(killed, left.subarray(0, 128 + 240));
    expect(needsRecoverySync(killed)).toBe(true);
    expect(await recover(killed)).toMatchObject({ needed: true, rowsAfter: 30, bytesReserved: 0 });
    expect(state(killed)).toEqual({ rows: 30, ...EXACT });
    // With the mark and rows missing.
    writeFileSync(killed, left.subarray(0, 128 + 100));
    await expect(attempt(() => open(killed))).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    expect(await recover(killed)).toMatchObject({ needed: true, rowsAfter: 12, bytesDropped: 4 });
    expect(state(killed)).toEqual({ rows: 12, ...EXACT });
  });

  test("without a lock a tail is left alone, unless the caller asks for the cut", async () => {
    const path = temporaryPath();
    const left = Buffer.concat([headerOf(2), new Uint8Array(Float64Array.of(0, 1, 9, 9).buffer)]);
    left[126] = TAB;
    writeFileSync(path, left);
    await expect(attempt(() => open(path, { lock: false }))).rejects.toMatchObject({
      code: "ERR_NPY_NEEDS_RECOVERY",
      message: expect.stringContaining("16 bytes"),
    });
    expect(readFileSync(path).equals(left)).toBe(true);
    const npaa = await open(path, { lock: false, onNeedsRecovery: "truncate" });
    await appendTo(npaa, 3);
    await npaa.close();
    expectNumbers(path, 3);
  });

  test("what another program does to the file is noticed, and left as it is", async () => {
    const changes: Record<string, [(path: string) => void, RegExp]> = {
      lengthened: [(path) => writeFileSync(path, "x", { flag: "a" }), /bytes, expected/],
      "cut to its rows": [(path) => truncateSync(path, 128 + 160), /288 bytes, expected 928/],
      "without the mark": [(path) => overwrite(path, Uint8Array.of(SPACE), 126), /header was rewritten/],
      counted: [(path) => overwrite(path, Buffer.from("7"), 61), /header was rewritten/],
    };
    for (const [name, [change, message]] of Object.entries(changes)) {
      rushClock();
      const path = join(mappableDirectory(), "array.npy");
      const npaa = await open(path, { ...FLOATS, mmap: true });
      await appendTo(npaa, 20);
      change(path);
      const left = readFileSync(path);
      const changed = { code: "ERR_NPY_CHANGED", message: expect.stringMatching(message) };
      await expect(
        attempt(() => npaa.append(Float64Array.of(1))),
        name,
      ).rejects.toMatchObject(changed);
      await expect(
        attempt(() => npaa.append(Float64Array.of(1))),
        name,
      ).rejects.toMatchObject(changed);
      await expect(
        attempt(() => npaa.close()),
        name,
      ).rejects.toMatchObject(changed);
      expect(readFileSync(path).equals(left), name).toBe(true);
    }
  });

  test("the bits of every NaN are kept, also of one that signals", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { dtype: "<f4", rowShape: [2], mmap: true });
    const row = new Float32Array(2);
    const bits = new Uint32Array(row.buffer);
    const stored: number[] = [];
    for (let i = 0; i < 60; i++) {
      bits.set([0x7f80_0001 + i, 0xff80_0101 + i]);
      stored.push(...bits);
      if (i % 2 === 0) await npaa.append(row);
      // Rows of one turn are gathered.
      else void npaa.append(row);
    }
    await npaa.close();
    expect([...new Uint32Array(Uint8Array.from(readFileSync(path)).buffer, 128)]).toEqual(stored);
  });

  test("memory that was detached is refused, and the file is exact then", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 20);
    const large = Float64Array.from({ length: 20_000 }, (_, i) => 20 + i);
    if (form === "async") {
      const pending = npaa.append(large);
      structuredClone(large.buffer, { transfer: [large.buffer] });
      await expect(pending).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      expect(state(path)).toEqual({ rows: 20, ...EXACT });
    }
    await appendTo(npaa, 40);
    await npaa.close();
    expectNumbers(path, 40);
  });

  test("the kill at every store leaves whole rows, and all that were acknowledged", async () => {
    stopClock();
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { dtype: "<f8", rowShape: [], mmap: true });
    let acknowledged = 0;
    let most = 0;
    let stores = 0;
    const look = (): void => {
      const copy = new MemoryStorage(readFileSync(path));
      // The header at any moment: NumPy's.
      const { data } = loadSync(copy, { dtype: "float64" });
      expect(data).toEqual(Float64Array.from({ length: data.length }, (_, i) => i));
      expect(data.length).toBeGreaterThanOrEqual(acknowledged);
      if (needsRecoverySync(copy)) recoverSync(copy);
      const recovered = loadSync(copy, { dtype: "float64" }).data;
      expect(recovered).toEqual(Float64Array.from({ length: recovered.length }, (_, i) => i));
      expect(recovered.length).toBeGreaterThanOrEqual(data.length);
      expect(recovered.length).toBeLessThanOrEqual(most);
    };
    const { store } = Atomics;
    const spy = vi.spyOn(Atomics, "store").mockImplementation(((words: Uint8Array, at: number, value: number) => {
      stores++;
      look();
      const stored = store(words, at, value);
      look();
      return stored;
    }) as typeof Atomics.store);
    try {
      for (const rows of [...Array.from({ length: 120 }, () => 1), 3, 20, 7, 50, 800, 1, 9, 500, 11]) {
        acknowledged = npaa.length;
        most = acknowledged + rows;
        await npaa.append(Float64Array.from({ length: rows }, (_, i) => acknowledged + i));
        acknowledged = most;
        look();
      }
    } finally {
      spy.mockRestore();
    }
    expect(stores).toBeGreaterThan(100);
    await npaa.close();
    expectNumbers(path, most);
  });

  test.skipIf(numpyVersion === undefined)("NumPy loads a file with the mark, plain and mapped", { timeout: 60_000 }, async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await open(path, { ...FLOATS, mmap: true });
    for (const rows of sampled([17, 99, 100, 101, 999, 1000, 1001, 2500], 2)) {
      await appendTo(npaa, rows);
      expect(state(path).isMarked).toBe(true);
      const code = `
found = [np.load(data), np.load(data, mmap_mode="r")]
print(json.dumps([[len(a), bool((a == np.arange(len(a))).all())] for a in found]))`;
      expect(python(code, path)).toEqual([
        [rows, true],
        [rows, true],
      ]);
    }
    await npaa.close();
  });
});

function overwrite(path: string, bytes: Uint8Array, position: number): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

describe.skipIf(!canMap)("processes", () => {
  /** Runs a program in a process of its own. */
  function inProcess(program: string, path: string): { signal: string | null; stderr: string; stdout: string } {
    const preamble = `
      const [module, path] = process.argv.slice(1);
      const { NpyAppendArray } = await import(module);
      const options = { dtype: "<f8", rowShape: [], mmap: true };
      const npaa = NpyAppendArray.openSync(path, options);
      const append = (npaa, count) => { for (let i = npaa.length; i < count; i++) npaa.append(Float64Array.of(i)); };
    `;
    const args = ["--input-type=module", "-e", preamble + program, PACKAGE, path];
    const { signal, stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    return { signal, stderr, stdout };
  }

  test("a process that ends by itself leaves an exact file, and one that is killed a tail", () => {
    const path = join(mappableDirectory(), "array.npy");
    for (const [program, isReserved] of [
      [`append(npaa, 50);`, false],
      [`append(npaa, 50); process.exit(0);`, false],
      [`append(npaa, 50); throw new Error("thrown");`, false],
      [`append(npaa, 50); process.kill(process.pid, "SIGKILL"); await new Promise(() => setInterval(() => {}, 1000));`, true],
    ] as const) {
      rmSync(path, { force: true });
      const { signal, stderr } = inProcess(program, path);
      expect(signal, program).toBe(isReserved ? "SIGKILL" : null);
      expect(stderr === "" || stderr.includes("thrown"), program).toBe(true);
      expect(state(path), program).toEqual({ rows: 50, isMarked: isReserved, reserved: isReserved ? 400 : 0 });
      expectNumbers(path, 50);
    }
  });

  test("a worker that is ended leaves a tail, which the next writer cuts", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const program = `
      npaa.close();
      const { Worker } = await import("node:worker_threads");
      const code = ${JSON.stringify(`
        const { parentPort, workerData } = require("node:worker_threads");
        import(workerData.module).then(({ NpyAppendArray }) => {
          const npaa = NpyAppendArray.openSync(workerData.path, { mmap: true });
          for (let i = 0; i < 50; i++) npaa.append(Float64Array.of(i));
          parentPort.postMessage("appended");
          setInterval(() => npaa.append(Float64Array.of(npaa.length)), 0);
        });`)};
      const worker = new Worker(code, { eval: true, execArgv: [], workerData: { module, path } });
      await new Promise((resolve) => worker.once("message", resolve));
      await worker.terminate();
      const next = NpyAppendArray.openSync(path, options);
      const rows = next.length;
      append(next, rows + 100);
      next.close();
      console.log(rows >= 50);`;
    expect(inProcess(program, path)).toEqual({ signal: null, stderr: "", stdout: "true\n" });
    expectNumbers(path, state(path).rows);
  });

  test("threads share a file that had a window", async () => {
    const path = join(mappableDirectory(), "array.npy");
    const npaa = await NpyAppendArray.open(path, { ...FLOATS, mmap: true });
    await appendTo(npaa, 30);
    expect(state(path).isMarked).toBe(true);
    npaa.share();
    await appendTo(npaa, 60);
    expect(state(path)).toEqual({ rows: 60, ...EXACT });
    await npaa.close();
    expectNumbers(path, 60);
  });
});
