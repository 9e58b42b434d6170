/** Files that are mapped into memory. */
import { spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  dtype,
  ensureAppendable,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  type ReaderOptions,
  RecordArray,
  saveSync,
} from "../src/node.ts";
import { lacksMappings } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const GOLDEN = fileURLToPath(new URL("./golden/files/", import.meta.url));
const hasMmap = !lacksMappings;
const hasMaps = hasMmap && process.platform === "linux";

test("the tests of mappings have koffi where there is something to map", () => {
  expect(hasMmap).toBe(process.platform !== "win32");
});

/** Numbers from 0 on, in a file with a header of the length that is asked for. */
function numbersFile(rows: number, headerLength?: number): string {
  const path = temporaryPath();
  const data = Float64Array.from({ length: rows }, (_, i) => i);
  const header = formatHeader({
    dtype: dtype("<f8"),
    fortranOrder: false,
    shape: [rows],
    ...(headerLength === undefined ? {} : { headerLength }),
  });
  writeFileSync(path, Buffer.concat([header, Buffer.from(data.buffer)]));
  return path;
}

/** A header of any length, as no writer of today makes it. */
function oddHeader(text: string): Buffer {
  const bytes = Buffer.from(`${text}\n`, "latin1");
  return Buffer.concat([Buffer.from([0x93, ...Buffer.from("NUMPY"), 1, 0, bytes.length & 0xff, bytes.length >> 8]), bytes]);
}

/** What a process says that runs `program`, which can collect its garbage, on a file. */
function say(program: string, path: string): unknown {
  const preamble = `
    const [module, path] = process.argv.slice(1);
    const { load, NpyAppendArray, NpyReader } = await import(module);
    const { readFileSync, truncateSync } = await import("node:fs");
    const mappings = () => readFileSync("/proc/self/maps", "latin1").split("\\n").filter((line) => line.endsWith(path)).length;
    const resident = () => Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "latin1"))[1]) * 1024;
    const collect = async () => {
      for (let i = 0; i < 5; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const say = (value) => console.log(JSON.stringify(value));
  `;
  const args = ["--expose-gc", "--input-type=module", "-e", preamble + program, PACKAGE, path];
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
  expect({ stderr, status, signal }).toEqual({ stderr: "", status: 0, signal: null });
  return JSON.parse(stdout);
}

/** What `data` hold, records taken apart. */
function plain(data: unknown): unknown {
  return data instanceof RecordArray ? [...(data as RecordArray)] : data;
}

describe.skipIf(!hasMmap)("what a mapped reader gives", () => {
  test.each(readdirSync(GOLDEN, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".npy")))(
    "is what reading gives: %s",
    async (name) => {
      const path = join(GOLDEN, name);
      const whole = await NpyReader.open(path).catch(() => undefined);
      if (whole === undefined) return; // Python objects, and what is no array
      const mapped = NpyReader.openSync(path, { mmap: true });
      const { length } = mapped;
      const slices: [number?, number?][] = mapped.shape.length === 0 ? [[]] : [[], [0, 0], [1, -1], [-2], [length], [1, 3]];
      for (const [start, stop] of slices) {
        const [found, expected] = [mapped.read(start, stop), await whole.read(start, stop)];
        expect({ ...found, data: plain(found.data) }).toEqual({ ...expected, data: plain(expected.data) });
        // Nothing was converted in the mapping itself.
        expect(plain(mapped.read(start, stop).data)).toEqual(plain(expected.data));
      }
      mapped.close();
      await whole.close();
    },
  );

  test("with out it is a copy, of the dtypes that out takes", async () => {
    const path = numbersFile(100);
    const reader = await NpyReader.open(path, { dtype: "float64", mmap: true });
    const out = new Float64Array(10);
    const { data } = await reader.read(20, 30, { out });
    expect(data.buffer).toBe(out.buffer);
    expect([...out]).toEqual(Array.from({ length: 10 }, (_, i) => 20 + i));
    out.fill(-1);
    expect((await reader.read(20, 21)).data[0]).toBe(20);
    const sums = [];
    for await (const chunk of reader.chunks({ out })) sums.push(chunk.data.reduce((a, b) => a + b));
    expect(sums).toEqual(Array.from({ length: 10 }, (_, i) => 45 + 100 * i));
    await expect(reader.read(0, 1, { out: new Float32Array(1) })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await reader.close();
  });

  test.each([
    "?",
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    "c8",
    "c16",
    "M8[s]",
    "S3",
    "U3",
    "V5",
    "f16",
  ])("%s in both byte orders, from any row on", (name) => {
    for (const order of ["<", ">"]) {
      const type = dtype(order + name);
      for (const fortranOrder of [false, true]) {
        const path = temporaryPath();
        const rows = 7;
        const header = formatHeader({ dtype: type, fortranOrder, shape: fortranOrder ? [3, rows] : [rows, 3] });
        const bytes = Uint8Array.from({ length: 3 * rows * type.itemsize }, (_, i) => (type.kind === "U" ? 0 : i % 50));
        if (type.kind === "U") for (let i = order === "<" ? 0 : 3; i < bytes.length; i += 4) bytes[i] = 65 + (i % 20);
        writeFileSync(path, Buffer.concat([header, bytes]));
        using plainly = NpyReader.openSync(path);
        using mapped = NpyReader.openSync(path, { mmap: true });
        for (let start = 0; start <= rows; start++) {
          expect(mapped.read(start, start + 2)).toEqual(plainly.read(start, start + 2));
          expect(mapped.read(start, start + 2)).toEqual(plainly.read(start, start + 2));
        }
      }
    }
  });

  test("is the file's own bytes: what is written to it later is seen", async () => {
    const path = numbersFile(100_000);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const { data } = await reader.read(50_000, 60_000);
    const fd = openSync(path, "r+");
    writeSync(fd, new Float64Array([-1]), 0, 8, 128 + 8 * 55_000);
    expect(data[5000]).toBe(-1);
  });

  test("a whole array is its buffer, and slices share it", () => {
    using reader = NpyReader.openSync(numbersFile(1000), { mmap: true, dtype: "float64" });
    const { data } = reader.read();
    expect([data.byteOffset, data.byteLength, data.buffer.byteLength]).toEqual([0, 8000, 8000]);
    const chunks = [...reader.chunks({ rows: 300 })];
    expect(chunks.map((chunk) => chunk.data.buffer === data.buffer)).toEqual([true, true, true, true]);
    expect(chunks.map((chunk) => chunk.data.byteOffset)).toEqual([0, 2400, 4800, 7200]);
  });

  test("records are decoded from the mapping", () => {
    const path = temporaryPath();
    saveSync(path, { t: new Float64Array([0.5, 1.5, 2.5]), id: new Int32Array([7, 8, 9]) }, { dtype: { t: "<f8", id: ">i4" } });
    using reader = NpyReader.openSync(path, { mmap: true, dtype: { t: "<f8", id: ">i4" } });
    const { data } = reader.read(1);
    expect(data.bytes.byteOffset).toBe(12);
    expect([...data]).toEqual([
      { t: 1.5, id: 8 },
      { t: 2.5, id: 9 },
    ]);
    expect(data.column("id")).toEqual(new Int32Array([8, 9]));
  });

  test("can be appended as it is", async () => {
    const path = numbersFile(30_000);
    await using reader = await NpyReader.open(path, { mmap: true });
    const copy = temporaryPath();
    const npaa = await NpyAppendArray.open(copy, { deleteIfExists: true });
    await reader.readable({ rows: 11_000 }).pipeTo(npaa.writable());
    await npaa.close();
    expect(readFileSync(copy)).toEqual(readFileSync(path));
  });

  test.each([80, 112, 128, 192])("headers aligned to 16, as old writers made them, need no copy: %i", (headerLength) => {
    using reader = NpyReader.openSync(numbersFile(100, headerLength), { mmap: true, dtype: "float64" });
    expect(reader.read().data).toEqual(Float64Array.from({ length: 100 }, (_, i) => i));
    expect(reader.read(3).data.buffer).toBe(reader.read(5).data.buffer);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("elements that are not aligned are copied: %i bytes off", (spaces) => {
    const path = temporaryPath();
    const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (5,), }${" ".repeat(spaces)}`;
    writeFileSync(path, Buffer.concat([oddHeader(text), Buffer.from(new Float64Array([1, 2, 3, 4, 5]).buffer)]));
    using reader = NpyReader.openSync(path, { mmap: true, dtype: "float64" });
    expect(reader.read(1).data).toEqual(new Float64Array([2, 3, 4, 5]));
    expect(reader.read().data).toEqual(new Float64Array([1, 2, 3, 4, 5]));
  });

  test.each([
    [[0], 0],
    [[0, 3], 0],
    [[3, 0], 3],
  ])("an array of shape %j has nothing to map", async (shape, length) => {
    const path = temporaryPath();
    writeFileSync(path, formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape }));
    await using reader = await NpyReader.open(path, { mmap: true });
    expect(reader.length).toBe(length);
    expect(await reader.read()).toMatchObject({ data: new Float64Array(0), shape });
  });

  test("a write into it stays in the process", async () => {
    const path = numbersFile(10_000);
    const before = readFileSync(path);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const { data } = await reader.read();
    data.fill(-1);
    expect(data[5000]).toBe(-1);
    expect(readFileSync(path)).toEqual(before);
    expect((await load(path, { dtype: "float64" })).data[5000]).toBe(5000);
  });

  test("stays when the reader is closed, and no descriptor with it", async () => {
    const path = numbersFile(10_000);
    const before = openDescriptors();
    const reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const { data } = await reader.read(-10);
    await reader.close();
    expect(openDescriptors()).toBe(before);
    expect([...data]).toEqual([...Array(10).keys()].map((i) => 9990 + i));
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("cannot be moved to another buffer, which would be unmapped when the first is collected", () => {
    using reader = NpyReader.openSync(numbersFile(10), { mmap: true, dtype: "float64" });
    const { buffer } = reader.read().data;
    if ("transfer" in buffer) expect(() => (buffer.transfer as () => void)()).toThrow(/slice/);
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // Node 22 throws, Node 20 copies.
    }
    expect(buffer.byteLength).toBe(80);
  });

  test.each(["sequential", "random"] as const)("is the same with the advice %s", (advise) => {
    const path = numbersFile(100_000);
    using reader = NpyReader.openSync(path, { mmap: true, advise });
    expect(reader.read()).toEqual(loadSync(path));
  });
});

describe.skipIf(!hasMmap)("a file that changes", () => {
  test("grows: refresh sees more, and arrays from before stay", async () => {
    const path = numbersFile(10);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const early = (await reader.read()).data;
    const npaa = await NpyAppendArray.open(path);
    await npaa.append(Float64Array.from({ length: 100_000 }, (_, i) => 10 + i));
    expect(reader.length).toBe(10);
    await reader.refresh();
    expect((await reader.read(-3)).data).toEqual(new Float64Array([100_007, 100_008, 100_009]));
    expect((await reader.read(5, 15)).data).toEqual(Float64Array.from({ length: 10 }, (_, i) => 5 + i));
    expect([...early]).toEqual([...Array(10).keys()]);
    await npaa.close();
  });

  test("follow gives each row once", async () => {
    const path = numbersFile(0);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const npaa = await NpyAppendArray.open(path);
    const rows = 500;
    const writing = (async () => {
      for (let i = 0; i < rows; i++) {
        await npaa.append([i]);
        if (i % 10 === 0) await new Promise(setImmediate);
      }
      await npaa.close();
    })();
    const found: number[] = [];
    for await (const { data } of reader.follow({ from: 0 })) {
      found.push(...data);
      if (found.length >= rows) break;
    }
    await writing;
    expect(found).toEqual([...Array(rows).keys()]);
  });

  test("is replaced, as by ensureAppendable: arrays of the old one stay", async () => {
    const path = numbersFile(1000, 80);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const early = (await reader.read()).data;
    await ensureAppendable(path);
    const npaa = await NpyAppendArray.open(path);
    await npaa.append([-1]);
    await npaa.close();
    await reader.refresh();
    expect((await reader.read(-2)).data).toEqual(new Float64Array([999, -1]));
    expect(early).toEqual(Float64Array.from({ length: 1000 }, (_, i) => i));
    expect(early.buffer).not.toBe((await reader.read()).data.buffer);
  });

  test("is rewritten in place: the data are where they are now", async () => {
    const path = numbersFile(1000, 80);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    await reader.read();
    await ensureAppendable(path, { inplace: true });
    await reader.refresh();
    expect((await reader.read()).data).toEqual(Float64Array.from({ length: 1000 }, (_, i) => i));
  });

  test("has become shorter: an error, before and after it was mapped; rows that are there can be read", async () => {
    const path = numbersFile(100_000);
    using early = NpyReader.openSync(path, { mmap: true, dtype: "float64" });
    using late = NpyReader.openSync(path, { mmap: true, dtype: "float64" });
    early.read(0, 10);
    truncateSync(path, 128 + 8 * 50_000);
    const error = { code: "ERR_NPY_NEEDS_RECOVERY", message: expect.stringContaining("400000 are there") };
    for (const reader of [early, late]) {
      expect(() => reader.read(49_000, 51_000)).toThrow(expect.objectContaining(error));
      expect(() => reader.read()).toThrow(expect.objectContaining(error));
      expect(reader.read(49_990, 50_000).data.at(-1)).toBe(49_999);
    }
  });

  test("is recovered: committed rows are mapped at all times", async () => {
    const path = numbersFile(10_000);
    await using reader = await NpyReader.open(path, { mmap: true, dtype: "float64" });
    const { data } = await reader.read();
    writeFileSync(path, new Uint8Array(11), { flag: "a" });
    const npaa = await NpyAppendArray.open(path, { onNeedsRecovery: "truncate" });
    await npaa.append([1]);
    await npaa.close();
    expect(data.reduce((sum, value) => sum + value)).toBe(49_995_000);
  });
});

describe.skipIf(!hasMaps)("address space", () => {
  test("is given back when nothing of a mapping can be reached any more, and not before", () => {
    const program = `
      const reader = NpyReader.openSync(path, { mmap: true });
      let kept = reader.read(10, 20).data;
      let other = reader.read(1000).data;
      const during = mappings();
      reader.close();
      other = undefined;
      await collect();
      const sum = kept.reduce((a, b) => a + b);
      const held = mappings();
      kept = undefined;
      await collect();
      say([during, held, sum, mappings()]);
    `;
    expect(say(program, numbersFile(1_000_000))).toEqual([1, 1, 145, 0]);
  });

  test.each([
    ["sequential", "sr"],
    ["random", "rr"],
    [undefined, "none"],
  ])("has the advice %s", (advise, flag) => {
    const program = `
      NpyReader.openSync(path, { mmap: true, advise: ${JSON.stringify(advise)} }).read(0, 1);
      const maps = readFileSync("/proc/self/smaps", "latin1");
      const [flags] = /VmFlags: .*/.exec(maps.slice(maps.indexOf(path)));
      say(flags.split(" ").find((flag) => flag === "sr" || flag === "rr") ?? "none");
    `;
    expect(say(program, numbersFile(10))).toBe(flag);
  });

  test("is given back of a file that grows and grows", () => {
    const program = `
      const npaa = NpyAppendArray.openSync(path);
      const reader = NpyReader.openSync(path, { mmap: true });
      for (let i = 0; i < 300; i++) {
        npaa.append([i]);
        reader.refresh();
        reader.read(-1);
      }
      await collect();
      say(mappings());
    `;
    expect(say(program, numbersFile(1000))).toBe(1);
  });

  test("of many thousand slices is that of one mapping", () => {
    const program = `
      const reader = NpyReader.openSync(path, { mmap: true });
      const slices = Array.from({ length: 100_000 }, (_, i) => reader.read(i, i + 2).data);
      say([slices.length, mappings(), slices[77_777][1]]);
    `;
    expect(say(program, numbersFile(100_002))).toEqual([100_000, 1, 77_778]);
  });

  test("is all that a mapping takes: no memory is filled with the data", () => {
    const path = numbersFile(2 ** 22);
    const program = `
      const reader = NpyReader.openSync(path, { mmap: true });
      const before = resident();
      const { data } = reader.read();
      let sum = 0;
      for (let i = 0; i < data.length; i++) sum += data[i];
      say([sum, resident() - before < 2 ** 23]);
    `;
    expect(say(program, path)).toEqual([((2 ** 22 - 1) * 2 ** 22) / 2, true]);
  });
});

describe.skipIf(!hasMmap || process.platform === "win32")("a file of 5 GiB", () => {
  const rows = 5 * 2 ** 27;

  function sparse(): string {
    const path = temporaryPath();
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [rows] });
    writeFileSync(path, header);
    truncateSync(path, header.length + 8 * rows);
    const fd = openSync(path, "r+");
    for (const row of [0, 2 ** 26, 2 ** 27 - 1, 2 ** 29 + 1, rows - 1]) {
      writeSync(fd, new Float64Array([row]), 0, 8, header.length + 8 * row);
    }
    return path;
  }

  test("is read at its ends, across windows, and by pieces longer than one", () => {
    using reader = NpyReader.openSync(sparse(), { mmap: true, dtype: "float64", advise: "random" });
    expect(reader.read(-2).data).toEqual(new Float64Array([0, rows - 1]));
    expect(reader.read(2 ** 26 - 1, 2 ** 26 + 1).data).toEqual(new Float64Array([0, 2 ** 26]));
    expect(reader.read(2 ** 27 - 1, 2 ** 27 + 1).data).toEqual(new Float64Array([2 ** 27 - 1, 0]));
    const long = reader.read(2 ** 25, 2 ** 29 + 2).data;
    expect([long.length, long[2 ** 26 - 2 ** 25], long.at(-1)]).toEqual([2 ** 29 + 2 - 2 ** 25, 2 ** 26, 2 ** 29 + 1]);
    expect(reader.read(0, 2 ** 29).data.length).toBe(2 ** 29);
  });

  test("is more than one array holds, where that is the largest: the same error as without a mapping", () => {
    const path = sparse();
    using reader = NpyReader.openSync(path, { mmap: true, dtype: "float64" });
    if (Number(process.versions.node.split(".")[0]) > 20) {
      expect(reader.read().data.at(-1)).toBe(rows - 1);
      return;
    }
    using plainly = NpyReader.openSync(path);
    expect(() => plainly.read()).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
    expect(() => reader.read()).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
    expect(() => reader.read(0, 2 ** 29 + 1)).toThrow(/more than this runtime can hold in one array/);
  });
});

describe("is refused", () => {
  const optionError = (text: RegExp): unknown =>
    expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringMatching(text) });

  test("what is not in the file system", async () => {
    const storage = new MemoryStorage();
    saveSync(storage, [1, 2]);
    const noPath = optionError(/only files of the file system can be mapped: pass a path/);
    await expect(NpyReader.open(storage, { mmap: true })).rejects.toThrow(noPath as Error);
    expect(() => NpyReader.openSync(storage, { mmap: true })).toThrow(noPath as Error);
    const blob = new Blob([storage.bytes() as Uint8Array<ArrayBuffer>]);
    await expect(NpyReader.open(blob, { mmap: true })).rejects.toThrow(noPath as Error);
    await expect(NpyReader.open("http://127.0.0.1:9/a.npy", { mmap: true })).rejects.toThrow(noPath as Error);
  });

  test.each([
    [{ mmap: "r" }, /mmap must be true or false/],
    [{ advise: "random" }, /advise needs mmap: true/],
    [{ mmap: false, advise: "sequential" }, /advise needs mmap: true/],
    [{ mmap: true, advise: "willneed" }, /advise must be "sequential" or "random"/],
  ])("%j", (options, text) => {
    expect(() => NpyReader.openSync(numbersFile(3), options as ReaderOptions)).toThrow(optionError(text) as Error);
  });

  test("load, which takes no such option", async () => {
    await expect(load(numbersFile(3), { mmap: true } as never)).rejects.toThrow(optionError(/no option "mmap"/) as Error);
  });

  test("where koffi is not installed, and on Windows", () => {
    const program = `
      const { default: Module } = await import("node:module");
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "koffi") throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
        return resolve(request, ...rest);
      };
      const refusal = () => NpyReader.open(path, { mmap: true }).catch(({ code, message }) => [code, message]);
      const refusals = [await refusal()];
      Object.defineProperty(process, "platform", { value: "win32" });
      refusals.push(await refusal());
      say([...refusals, NpyReader.openSync(path).length]);
    `;
    const windows = ["ERR_NPY_OPTION", expect.stringMatching(/not available on Windows in this version/)];
    const noKoffi = ["ERR_NPY_OPTION", expect.stringMatching(/koffi.* npm install koffi, or leave mmap out\.$/)];
    expect(say(program, numbersFile(3))).toEqual([process.platform === "win32" ? windows : noKoffi, windows, 3]);
  });
});
