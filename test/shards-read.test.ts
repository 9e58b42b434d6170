/** Several files that are read as one array: lists of files, and folders of shards. */
import { linkSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  ensureAppendable,
  load,
  loadSync,
  MemoryFolder,
  MemoryStorage,
  NodeFolder,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  RecordArray,
  type Selection,
  save,
  saveSync,
} from "../src/node.ts";
import { mapProblem } from "../src/storage/native/mmap.ts";
import { runs } from "./support/effort.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** A folder of shards, and one file of the same rows. */
function stored(
  sizes: readonly number[],
  rowShape: readonly number[] = [2],
  fortranOrder = false,
): { folder: string; whole: string } {
  const directory = temporaryDirectory();
  const folder = join(directory, "shards");
  mkdirSync(folder);
  const width = rowShape.reduce((product, size) => product * size, 1);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const data = Int32Array.from({ length: total * width }, (_, i) => i);
  const arrayOf = (start: number, count: number): NpyArray => ({
    data: data.subarray(start * width, (start + count) * width),
    shape: fortranOrder ? [...rowShape, count] : [count, ...rowShape],
    dtype: loadSync(bytesOfInt32).dtype,
    fortranOrder,
  });
  let start = 0;
  for (const [i, count] of sizes.entries()) {
    saveAs(join(folder, `${String(i).padStart(8, "0")}.npy`), arrayOf(start, count));
    start += count;
  }
  const whole = join(directory, "whole.npy");
  saveAs(whole, arrayOf(0, total));
  return { folder, whole };
}

/** In the order of the array, also where `save` would call it C. */
function saveAs(path: string, array: NpyArray): void {
  const { dtype, fortranOrder, shape } = array;
  const rowShape = fortranOrder ? shape.slice(0, -1) : shape.slice(1);
  using npaa = NpyAppendArray.openSync(path, { dtype, rowShape, fortranOrder });
  npaa.append(array as never);
}

const cannotMap = mapProblem(false);

const bytesOfInt32 = new MemoryStorage();
saveSync(bytesOfInt32, new Int32Array(1));

const shards = (folder: string): string[] =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));

const plain = ({ data, shape, fortranOrder }: NpyArray): object => ({
  data: data instanceof RecordArray ? [...data] : Array.from(data as ArrayLike<unknown>),
  shape,
  fortranOrder,
});

describe("which files are read", () => {
  test("of a folder those whose names are digits, in the order of the numbers", async () => {
    const folder = temporaryDirectory();
    for (const [name, value] of [
      ["10", 3],
      ["9", 2],
      ["00000001", 1],
      ["0000000100", 4],
    ] as const) {
      await save(join(folder, `${name}.npy`), [value]);
    }
    await save(join(folder, "id.npy"), [7]);
    await save(join(folder, ".5.npy"), [7]);
    await save(join(folder, "5.npy.bak"), [7]);
    mkdirSync(join(folder, "nested"));
    expect(plain(await load(folder))).toEqual({ data: [1, 2, 3, 4], shape: [4], fortranOrder: false });
    expect(plain(loadSync(folder))).toEqual({ data: [1, 2, 3, 4], shape: [4], fortranOrder: false });
    expect(plain(await load(pathToFileURL(folder)))).toMatchObject({ shape: [4] });
    expect(plain(await load(new NodeFolder(folder)))).toMatchObject({ shape: [4] });
  });

  test("of a list all, in its order, even twice", async () => {
    const { folder } = stored([1, 2]);
    const [a, b] = shards(folder) as [string, string];
    await using reader = await NpyReader.open([b, new NodeFolder(folder).file("00000000.npy"), pathToFileURL(b)]);
    expect(reader.path).toBeUndefined();
    expect(plain(await reader.read())).toMatchObject({ data: [2, 3, 4, 5, 0, 1, 2, 3, 4, 5], shape: [5, 2] });
    expect(plain(await load([a]))).toEqual(plain(await load(a)));
  });

  test("a folder in memory", async () => {
    const folder = new MemoryFolder();
    saveSync(folder.file("1.npy"), [2]);
    saveSync(folder.file("0.npy"), [1]);
    expect(plain(loadSync(folder)).valueOf()).toMatchObject({ data: [1, 2] });
    expect(plain(await load(folder)).valueOf()).toMatchObject({ data: [1, 2] });
  });

  test("the columns of a group are never read as shards: the error names them", async () => {
    const folder = temporaryDirectory();
    await expect(NpyReader.open(folder)).rejects.toMatchObject({ code: "ENOENT", path: folder });
    for (const name of ["id", "vec", "text.values", "text.offsets"]) await save(join(folder, `${name}.npy`), [1]);
    await expect(NpyReader.open(folder)).rejects.toThrow('"id.npy", "text.offsets.npy", "text.values.npy" and 1 more');
    expect(() => NpyReader.openSync(folder)).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });

  test("two names of one number are refused", async () => {
    const folder = temporaryDirectory();
    await save(join(folder, "1.npy"), [1]);
    await save(join(folder, "01.npy"), [1]);
    await expect(load(folder)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining('"01.npy"') });
  });

  test("a name that a listing left out, as happens while names are given, is read all the same", () => {
    const folder = new MemoryFolder();
    for (const i of [0, 1, 2, 3]) saveSync(folder.file(`0000000${i}.npy`), [i]);
    const listed = ["00000003.npy", "00000000.npy"];
    expect(loadSync(Object.assign(folder, { listSync: () => listed })).data).toEqual(Float64Array.of(0, 1, 2, 3));
  });

  test("numbers may have gaps, such as those of dates", () => {
    const folder = new MemoryFolder();
    for (const name of ["20240131", "20240201", "20251231"]) saveSync(folder.file(`${name}.npy`), [Number(name)]);
    expect(loadSync(folder).data).toEqual(Float64Array.of(20240131, 20240201, 20251231));
  });

  test.each([
    ["an empty list", [], "empty list"],
    ["a value that is no file", [1], "found 1"],
    ["a folder in a list", [new MemoryFolder()], "Expected a path"],
  ])("%s is refused", async (_, source, message) => {
    await expect(load(source as never)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining(message),
    });
  });
});

describe("files that do not fit together are named", () => {
  test.each([
    ["dtype", { data: new Float32Array(2), shape: [1, 2] }, "ERR_NPY_DTYPE", "<f4"],
    ["byte order", { data: new Uint8Array(8).buffer, shape: [1, 2], dtype: ">i4" }, "ERR_NPY_DTYPE", ">i4"],
    ["row shape", { data: new Int32Array(3), shape: [1, 3] }, "ERR_NPY_SHAPE", "rows of shape (3)"],
    ["axes", { data: new Int32Array(2), shape: [2] }, "ERR_NPY_SHAPE", "rows of shape ()"],
  ])("by their %s", async (_, array, code, message) => {
    const { folder } = stored([2, 3]);
    const odd = join(folder, "00000002.npy");
    saveSync(odd, array as never);
    for (const open of [() => NpyReader.open(folder), async () => NpyReader.openSync(folder), () => load(shards(folder))]) {
      await expect(open()).rejects.toMatchObject({ code, path: odd, message: expect.stringContaining(message) });
    }
  });

  test("by their order", async () => {
    const a = stored([2], [2, 2]);
    const b = stored([2], [2, 2], true);
    await expect(load([...shards(a.folder), ...shards(b.folder)])).rejects.toMatchObject({
      code: "ERR_NPY_SHAPE",
      message: expect.stringContaining("Fortran order, and the files before it have C order"),
    });
  });

  test("that are no arrays, or have no rows, or not all of them", async () => {
    const { folder } = stored([2, 3]);
    const odd = join(folder, "00000002.npy");
    writeFileSync(odd, "text");
    await expect(load(folder)).rejects.toMatchObject({ code: "ERR_NPY_HEADER", path: odd });
    saveSync(odd, 5 as never);
    await expect(load(folder)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", path: odd });
    saveSync(odd, { data: new Int32Array(4), shape: [2, 2] });
    truncateSync(odd, 140);
    await expect(load(folder)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: odd });
    await expect(load(["no.npy"])).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a file that is cut, or replaced, after it was opened", async () => {
    const { folder } = stored(new Array(40).fill(2));
    await using reader = await NpyReader.open(folder);
    // Files that are not open any more.
    const [first, second] = shards(folder).slice(4) as [string, string];
    truncateSync(first, 130);
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: first });
    // Not deleted first: the new file could get its inode.
    saveSync(join(folder, "new"), { data: new Int32Array(4), shape: [2, 2] });
    renameSync(join(folder, "new"), second);
    await expect(reader.take([10])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: second });
    expect((await reader.read(12)).shape).toEqual([68, 2]);
  });

  test("a dtype that was asked for", async () => {
    const { folder } = stored([2, 3]);
    await expect(load(folder, { dtype: "float32" })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE", path: folder });
    expect((await load(folder, { dtype: "int32" })).data).toHaveLength(10);
  });
});

describe("reading several files equals reading one", () => {
  const cases = fc.record({
    sizes: fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 9 }),
    rowShape: fc.constantFrom([], [1], [2], [2, 3], [0]),
    fortranOrder: fc.boolean(),
    seed: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 8, maxLength: 8 }),
    mmap: fc.boolean(),
    isList: fc.boolean(),
  });

  test("with every verb", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ sizes, rowShape, fortranOrder, seed, mmap, isList }) => {
        const isFortran = fortranOrder && rowShape.length > 0;
        const { folder, whole } = stored(sizes, rowShape, isFortran);
        const options = { mmap: mmap && cannotMap === undefined };
        const source = isList ? shards(folder) : folder;
        await using reader = await NpyReader.open(source, options);
        await using one = await NpyReader.open(whole);
        using readerSync = NpyReader.openSync(source, options);
        const { length } = one;
        expect(reader).toMatchObject({ length, shape: one.shape, fortranOrder: one.fortranOrder, offset: 0 });
        expect(reader.dtype.str).toBe(one.dtype.str);
        const at = (i: number): number => Math.floor((seed[i] as number) * length);
        const [start, stop] = [at(0), at(1) + 1];
        for (const [from, to] of [
          [undefined, undefined],
          [start, stop],
          [-start, undefined],
        ] as const) {
          expect(plain(await reader.read(from, to))).toEqual(plain(await one.read(from, to)));
          expect(plain(readerSync.read(from, to))).toEqual(plain(await one.read(from, to)));
        }
        const out = new Int32Array((await one.read()).data.length);
        expect(plain(await reader.read(undefined, undefined, { out }))).toEqual(plain(await one.read()));
        expect(plain(readerSync.read(start, stop, { order: isFortran ? "C" : "F" }))).toEqual(
          plain(await one.read(start, stop, { order: isFortran ? "C" : "F" })),
        );
        if (length > 0) {
          const rows = [at(2), at(3), -1, at(4), at(3)];
          expect(plain(await reader.take(rows))).toEqual(plain(await one.take(rows)));
          expect(plain(readerSync.take(rows))).toEqual(plain(await one.take(rows)));
        }
        const slice = { start: at(5), step: 1 + (at(6) % 3) };
        const selection: Selection = isFortran ? [...rowShape.map(() => null), slice] : [slice];
        expect(plain(await reader.select(selection))).toEqual(plain(await one.select(selection)));
        expect(plain(readerSync.select(selection))).toEqual(plain(await one.select(selection)));
        const rows = 1 + at(7);
        const chunks: object[] = [];
        for await (const chunk of reader.chunks({ rows })) chunks.push({ start: chunk.start, ...plain(chunk) });
        const expected: object[] = [];
        for await (const chunk of one.chunks({ rows })) expected.push({ start: chunk.start, ...plain(chunk) });
        expect(chunks).toEqual(expected);
        expect([...readerSync.rows()].map(String)).toEqual([...NpyReader.openSync(whole).rows()].map(String));
        if (rowShape.length === 0 && length > 0) {
          expect(await reader.searchsorted(at(2))).toBe(at(2));
          expect(readerSync.searchsorted(at(3), { side: "right" })).toBe(at(3) + 1);
        }
        await using copy = await NpyAppendArray.open(new MemoryStorage());
        expect(await copy.appendFrom(reader, { start, stop })).toBe(Math.max(0, Math.min(stop, length) - start));
      }),
      { numRuns: runs(200, 0.25) },
    );
  });

  test.skipIf(numpyVersion === undefined)("and NumPy's concatenation", () => {
    const { folder } = stored([3, 0, 5, 1], [2, 2]);
    const expected = python<number[][][]>(
      "print(json.dumps(np.concatenate([np.load(f) for f in data]).tolist()))",
      shards(folder),
    );
    const { data, shape } = loadSync(folder);
    expect(shape).toEqual([9, 2, 2]);
    expect([...(data as Int32Array)]).toEqual(expected.flat(2));
  });

  test.skipIf(numpyVersion === undefined)("and NumPy's concatenation along the last axis in Fortran order", () => {
    const { folder } = stored([3, 2, 5, 4], [2, 3], true);
    const expected = python<number[]>(
      "print(json.dumps(np.concatenate([np.load(f) for f in data], axis=-1).ravel('F').tolist()))",
      shards(folder),
    );
    expect([...(loadSync(folder).data as Int32Array)]).toEqual(expected);
  });

  test("texts, records and times", async () => {
    const folder = new MemoryFolder();
    const dtype = [
      ["t", "<M8[s]"],
      ["name", "<U3"],
      ["x", ">f4", [2]],
    ] as const;
    const record = (i: number): object => ({ t: BigInt(i), name: `n${i}`, x: [i, i + 0.5] });
    for (const i of [0, 1, 2]) saveSync(folder.file(`${i}.npy`), [record(2 * i), record(2 * i + 1)] as never, { dtype });
    await using reader = await NpyReader.open(folder);
    const { data } = await reader.read();
    expect((data as RecordArray).at(-1)).toEqual(
      (await load(folder.file("2.npy")).then(({ data }) => data as RecordArray)).at(1),
    );
    expect(await reader.searchsorted(3n, { field: "t" })).toBe(3);
    const selected = await reader.select([{ step: 2 }], { fields: ["name"] });
    expect([...((selected.data as RecordArray).column("name") as never as string[])]).toEqual(["n0", "n2", "n4"]);
  });
});

describe("files that are open", () => {
  const openShards = (): number =>
    readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).endsWith(".npy");
      } catch {
        return false;
      }
    }).length;

  test.runIf(process.platform === "linux")("are 32 at most, however many are read at the same time", async () => {
    const { folder } = stored(new Array(120).fill(3), [30_000]);
    const before = openShards();
    let most = 0;
    const watch = (): void => {
      most = Math.max(most, openShards() - before);
    };
    const timer = setInterval(watch, 0);
    onTestFinished(() => clearInterval(timer));
    await using reader = await NpyReader.open(folder);
    watch();
    // Larger than what is read at once: all are under way at the same time.
    const reads = Array.from({ length: 120 }, async (_, i) => {
      const { data } = await reader.read(3 * i, 3 * i + 3);
      watch();
      return (data as Int32Array)[0];
    });
    watch();
    expect(await Promise.all(reads)).toEqual(Array.from({ length: 120 }, (_, i) => 90_000 * i));
    expect(most).toBeLessThanOrEqual(32);
    expect(most).toBeGreaterThan(8);
    using readerSync = NpyReader.openSync(folder);
    for (const { data } of readerSync.chunks({ rows: 5 })) {
      expect(data.length).toBeGreaterThan(0);
      expect(openShards() - before).toBeLessThanOrEqual(64);
    }
    readerSync.close();
    await reader.close();
    expect(openShards()).toBe(before);
  });

  test.runIf(process.platform === "linux")("are none after an error", async () => {
    const { folder } = stored(new Array(10).fill(3));
    saveSync(join(folder, "00000010.npy"), [1]);
    const before = openShards();
    await expect(NpyReader.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
    expect(() => NpyReader.openSync(folder)).toThrow();
    expect(openShards()).toBe(before);
  });
});

describe.skipIf(cannotMap !== undefined)("mapped files", () => {
  test("give rows of one file without a copy, and copy what lies in two", async () => {
    const { folder } = stored([4, 4]);
    await using reader = await NpyReader.open(folder, { mmap: true });
    const once = (await reader.read(0, 4)).data as Int32Array;
    const again = (await reader.read(1, 2)).data as Int32Array;
    once[2] = 77;
    expect([...again]).toEqual([77, 3]);
    const both = (await reader.read(3, 5)).data as Int32Array;
    expect([...both]).toEqual([6, 7, 8, 9]);
    once[6] = 55;
    expect([...both]).toEqual([6, 7, 8, 9]);
    expect(plain(await reader.take([7, 0]))).toMatchObject({ data: [14, 15, 0, 1] });
  });

  test("that are cut end no process", async () => {
    const { folder } = stored([2000, 2000]);
    await using reader = await NpyReader.open(folder, { mmap: true });
    await reader.take([0, 3999]);
    const second = shards(folder)[1] as string;
    truncateSync(second, 200);
    await expect(reader.take([0, 3999])).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: second });
    await expect(reader.read(3000, 3500)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: second });
    await expect(reader.select([{ step: 500 }])).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: second });
    expect((await reader.read(0, 2000)).shape).toEqual([2000, 2]);
  });
});

describe("following", () => {
  test("brings the rows of new shards, and those of the last one", async () => {
    const { folder } = stored([2, 1]);
    await using reader = await NpyReader.open(folder);
    const found: number[] = [];
    const rows: Int32Array = new Int32Array(2);
    const controller = new AbortController();
    const following = (async () => {
      for await (const { data, start, shape } of reader.follow({ from: 1, signal: controller.signal })) {
        expect(start).toBe(1 + found.length / 2);
        expect(shape[1]).toBe(2);
        found.push(...(data as Int32Array));
        if (found.length === 12) controller.abort();
      }
    })();
    await using last = await NpyAppendArray.open(join(folder, "00000001.npy"));
    await last.append(rows.fill(100));
    await save(join(folder, "00000002.npy"), { data: rows.fill(101), shape: [1, 2] });
    await new Promise((resolve) => setTimeout(resolve, 30));
    const hidden = join(folder, ".hidden.npy");
    await save(hidden, { data: Int32Array.of(102, 102, 103, 103), shape: [2, 2] });
    linkSync(hidden, join(folder, "00000003.npy"));
    await following;
    expect(found).toEqual([2, 3, 4, 5, 100, 100, 101, 101, 102, 102, 103, 103]);
  });

  test("notices that the rows became others", async () => {
    const { folder } = stored([2, 2]);
    await using reader = await NpyReader.open(folder);
    await save(join(folder, "00000002.npy"), { data: new Int32Array(2), shape: [1, 2] });
    await reader.refresh();
    expect(reader.length).toBe(5);
    await ensureAppendable(join(folder, "00000002.npy"));
    rmSync(join(folder, "00000002.npy"));
    await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(reader.length).toBe(5);
    await save(join(folder, "00000002.npy"), { data: new Int32Array(2), shape: [1, 2] });
    await reader.refresh();
    expect((await reader.read(4)).data).toEqual(new Int32Array(2));
    rmSync(join(folder, "00000000.npy"));
    await save(join(folder, "00000000.npy"), { data: new Int32Array(2), shape: [1, 2] });
    await save(join(folder, "00000003.npy"), { data: new Int32Array(2), shape: [1, 2] });
    await reader.refresh();
    expect(reader.length).toBe(6);
  });
});
