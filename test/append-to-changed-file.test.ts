/** Writers that ask for no lock are noticed, and what they wrote is left as it is. */
import {
  appendFileSync,
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  dtype,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
  save,
  saveSync,
} from "../src/node.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { reverseClock, rushClock, stopClock } from "./support/clock.ts";
import { sampled } from "./support/effort.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { type Appender, attempt, FILE_FORMS } from "./support/forms.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { keepsOpenFiles } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

const MODES: readonly OpenOptions[] = [
  {},
  { rewriteHeaderOnAppend: false },
  { mmap: true },
  { durability: "data" },
  { durability: "full" },
  { lock: false, durability: "full", rewriteHeaderOnAppend: false },
];

/** Writes over the beginning of a file, whatever is there. */
function overwrite(path: string, bytes: Uint8Array, position = 0): void {
  const fd = openSync(path, "r+");
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

function saved(rows: number[]): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, rows);
  return storage.bytes() as Uint8Array;
}

/** What another program may do to a file, and what it is told to have done. */
const ALL_CHANGES: readonly (readonly [string, (path: string) => void, RegExp])[] = [
  ["appends", (path) => appendFileSync(path, new Uint8Array(16)), /it has \d+ bytes, expected \d+/],
  ["truncates", (path) => truncateSync(path, 130), /it has 130 bytes, expected \d+/],
  ["empties", (path) => truncateSync(path, 0), /it has 0 bytes, expected \d+/],
  ["rewrites the header", (path) => overwrite(path, Buffer.from("777"), 61), /its header was rewritten/],
  ["saves another array", (path) => writeFileSync(path, saved([9])), /it has 136 bytes, expected \d+/],
  [
    "replaces it",
    (path) => {
      writeFileSync(`${path}.new`, readFileSync(path));
      renameSync(`${path}.new`, path);
    },
    /it was deleted, or another file took its place/,
  ],
];
const CHANGES = ALL_CHANGES.filter(([change]) => !(keepsOpenFiles && change === "replaces it"));

const CALLS: readonly (readonly [string, (npaa: Appender) => unknown])[] = [
  ["append", (npaa) => npaa.append([5])],
  ["a large append", (npaa) => npaa.append(new Float64Array(300_000))],
  ["updateHeader", (npaa) => npaa.updateHeader()],
  ["sync", (npaa) => npaa.sync()],
  ["close", (npaa) => npaa.close()],
];

function changed(path: string, message: RegExp): unknown {
  return expect.objectContaining({ code: "ERR_NPY_CHANGED", path, message: expect.stringMatching(message) });
}

describe.each(FILE_FORMS)("%s", (_form, { open, save }) => {
  // Each call of its own time: within the same millisecond a change may not be seen.
  beforeEach(rushClock);

  describe.each(MODES)("%j", (options) => {
    test.each(CHANGES)(
      "another program %s: every call says so, nothing is written any more",
      async (_change, change, message) => {
        for (const isOpenedAnew of [true, false]) {
          for (const [name, call] of CALLS) {
            const path = temporaryPath();
            await save(path, [1, 2]);
            const before = openDescriptors();
            const npaa = await open(path, options);
            if (!isOpenedAnew) await npaa.append([3, 4]);
            change(path);
            const left = readFileSync(path);
            const context = `${name}, ${isOpenedAnew ? "first" : "after an append"}`;
            await expect(
              attempt(() => call(npaa)),
              context,
            ).rejects.toEqual(changed(path, message));
            if (name !== "close") {
              for (const [, again] of CALLS)
                await expect(
                  attempt(() => again(npaa)),
                  context,
                ).rejects.toEqual(changed(path, message));
            }
            expect(Buffer.compare(readFileSync(path), left), context).toBe(0);
            expect(openDescriptors(), context).toBe(before);
            // Whatever it is now, it is free for another writer.
            const next = await open(path, { deleteIfExists: true });
            await next.append([1]);
            await next.close();
          }
        }
      },
    );
  });

  test.each(MODES)("a file that was just created is checked as well: %j", async (options) => {
    const path = temporaryPath();
    const npaa = await open(path, { ...options, dtype: "<f8", rowShape: [] });
    appendFileSync(path, "x");
    await expect(attempt(() => npaa.append([1]))).rejects.toEqual(changed(path, /129 bytes, expected 128/));
    await expect(attempt(() => npaa.close())).rejects.toEqual(changed(path, /129 bytes, expected 128/));
    expect(readFileSync(path).length).toBe(129);
  });

  test("a file that was deleted is not written to where nobody will look", async () => {
    const path = temporaryPath();
    const npaa = await open(path);
    await npaa.append([1]);
    unlinkSync(path);
    await expect(attempt(() => npaa.append([2]))).rejects.toEqual(changed(path, /deleted/));
    await expect(attempt(() => npaa.close())).rejects.toEqual(changed(path, /deleted/));
  });

  test.skipIf(process.platform === "win32")("a file that was given another name is the same file", async () => {
    const path = temporaryPath();
    const npaa = await open(path, { rewriteHeaderOnAppend: false });
    await npaa.append([1]);
    renameSync(path, `${path}.old`);
    await npaa.append([2]);
    await npaa.close();
    expect((await load(`${path}.old`)).data).toEqual(new Float64Array([1, 2]));
  });

  test("nothing but a change is taken for one: a header that others write otherwise, failed writes, appends of nothing", async () => {
    // As Python 2 wrote it, with other spaces and another order of keys.
    const text = `{ 'shape': (2L,),   'fortran_order': False, 'descr': '<f8' }`.padEnd(117);
    const header = Buffer.from(`\x93NUMPY\x01\x00\x76\x00${text}\n`, "latin1");
    for (const options of [{}, { rewriteHeaderOnAppend: false }, { durability: "full" }] as const) {
      const storage = new FaultyStorage(Buffer.concat([header, new Uint8Array(16)]));
      const npaa = await open(storage, options);
      await npaa.updateHeader();
      await npaa.append([]);
      expect(Buffer.from(storage.bytes() as Uint8Array).subarray(0, 128)).toEqual(header);
      for (const after of [0, 3, 8]) {
        storage.failNextWrite({ after });
        await expect(attempt(() => npaa.append([9]))).rejects.toThrow("ENOSPC");
        await npaa.updateHeader();
        await npaa.append([1]);
        await npaa.sync();
      }
      await npaa.close();
      expect((await load(storage)).data).toEqual(new Float64Array([0, 0, 1, 1, 1]));
    }
  });
});

test("a header that changes while data are written and synced is not overwritten", () => {
  for (const rewriteHeaderOnAppend of [true, false]) {
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [7] });
    let changes = false;
    class Watched extends MemoryStorage {
      override openSync(mode: "r" | "r+"): StorageFile {
        const file = super.openSync(mode);
        const syncSync = (): void => {
          if (changes) super.openSync("r+").writeSync(header, 0);
        };
        return Object.assign(file, { syncSync });
      }
    }
    rushClock();
    const storage = new Watched(saved([1]));
    const npaa = NpyAppendArray.openSync(storage, { durability: "data", rewriteHeaderOnAppend });
    changes = true;
    const rejection = expect.objectContaining({ code: "ERR_NPY_CHANGED" });
    if (rewriteHeaderOnAppend) {
      expect(() => npaa.append([2])).toThrow(rejection);
    } else {
      npaa.append([2]);
      expect(() => npaa.updateHeader()).toThrow(rejection);
    }
    // The rows that were written already stay behind those of the other writer.
    expect((storage.bytes() as Uint8Array).subarray(0, 128)).toEqual(header);
    expect(storage.bytes()).toHaveLength(144);
    expect(() => npaa.close()).toThrow(rejection);
    expect(storage.bytes()).toHaveLength(144);
  }
});

test("nor one that changes while many rows are written in one go", () => {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [7] });
  const rows = new Float64Array(10_000);
  let now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  class Slow extends MemoryStorage {
    override createSync(): StorageFile {
      const file = super.createSync();
      return Object.assign(file, {
        writeSync: (bytes: Uint8Array, position: number): void => {
          Object.getPrototypeOf(file).writeSync.call(file, bytes, position);
          if (bytes.length < 2 ** 16) return;
          now += 1000;
          super.openSync("r+").writeSync(header, 0);
        },
      });
    }
  }
  const storage = new Slow();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "<f8", rowShape: [] });
  npaa.append(Float64Array.of(1)); // after the check that is always due
  const rejection = expect.objectContaining({ code: "ERR_NPY_CHANGED" });
  expect(() => npaa.append(rows)).toThrow(rejection);
  expect((storage.bytes() as Uint8Array).subarray(0, 128)).toEqual(header);
  expect(storage.bytes()).toHaveLength(128 + 8 * 10_001);
  expect(npaa.length).toBe(1);
  expect(() => npaa.close()).toThrow(rejection);
});

test("the file is checked as time goes by, not for each append", () => {
  stopClock();
  const storage = new FaultyStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "<f8", rowShape: [] });
  storage.steps.length = 0;
  for (let i = 0; i < 10; i++) npaa.append([i]);
  expect(new Set(storage.steps.map(({ op }) => op))).toEqual(new Set(["write"]));
  for (const moveClock of [rushClock, reverseClock]) {
    moveClock();
    storage.steps.length = 0;
    npaa.append([10]);
    expect(storage.steps.map(({ op }) => op)).toEqual(["size", "read", "write", "write"]);
  }
  npaa.close();
  expect(loadSync(storage).shape).toEqual([12]);
});

describe.skipIf(numpyVersion === undefined)("Python, which asks for no lock", () => {
  const SAVES = "np.save(data, np.arange(5.0))\nprint(1)";
  const APPENDS = `
with open(data, "r+b") as file:
  file.seek(0, 2)
  file.write(np.float64([8, 9]).tobytes())
  file.seek(61)
  file.write(b"4")
print(1)`;
  const MAPS = "np.lib.format.open_memmap(data, mode='w+', dtype='<f8', shape=(3,)).flush()\nprint(1)";

  test.each([
    ["numpy.save", SAVES, [0, 1, 2, 3, 4]],
    ["appending by hand", APPENDS, [1, 2, 8, 9]],
    ["open_memmap", MAPS, [0, 0, 0]],
  ])("%s", async (_name, code, rows) => {
    rushClock();
    for (const options of sampled(MODES, MODES.length)) {
      const path = temporaryPath();
      await save(path, [1]);
      const npaa = await NpyAppendArray.open(path, { ...options, rewriteHeaderOnAppend: true });
      await npaa.append([2]);
      python(code, path);
      await expect(npaa.append([3])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
      await expect(npaa.close()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
      expect((await load(path)).data).toEqual(new Float64Array(rows));
    }
  });
});
