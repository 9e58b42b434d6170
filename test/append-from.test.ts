/** The rows of another file: copied where they are as this file has them, else converted. */
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Descr,
  dtype,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  type OpenOptions,
  saveSync,
} from "../src/node.ts";
import { rushClock } from "./support/clock.ts";
import { runs } from "./support/effort.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

interface AppendFrom {
  readonly start?: number;
  readonly stop?: number;
}

/** Appends rows of one storage to another; gives how many they were. */
const FORMS: [
  string,
  (target: MemoryStorage, source: MemoryStorage, options: OpenOptions, range: AppendFrom) => Promise<number>,
][] = [
  [
    "async",
    async (target, source, options, range) => {
      await using reader = await NpyReader.open(source);
      await using npaa = await NpyAppendArray.open(target, options);
      return await npaa.appendFrom(reader, range);
    },
  ],
  [
    "sync",
    async (target, source, options, range) => {
      using reader = NpyReader.openSync(source);
      using npaa = NpyAppendArray.openSync(target, options);
      return npaa.appendFrom(reader, range);
    },
  ],
];

/** Bytes that are valid elements of whatever dtype is tested here. */
function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) % 2);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function fileOf(descr: Descr, fortranOrder: boolean, shape: readonly number[], seed: number): MemoryStorage {
  const type = dtype(descr);
  const header = formatHeader({ dtype: type, fortranOrder, shape });
  return new MemoryStorage(Buffer.concat([header, bytesOf(sizeOf(shape) * type.itemsize, seed)]));
}

/** Rows of an array's bytes along an axis: what NumPy's `a[:, start:stop]` holds, in the order of the array. */
function rowsOf(bytes: Uint8Array, shape: readonly number[], fortranOrder: boolean, axis: number, start: number, stop: number) {
  const sizes = fortranOrder ? shape.toReversed() : shape;
  const at = fortranOrder ? shape.length - 1 - axis : axis;
  const itemsize = bytes.length / (sizeOf(shape) || 1);
  const inner = sizeOf(sizes.slice(at + 1)) * itemsize;
  const parts: Uint8Array[] = [];
  for (let outer = 0; outer < sizeOf(sizes.slice(0, at)); outer++) {
    const from = outer * (sizes[at] as number);
    parts.push(bytes.subarray((from + start) * inner, (from + stop) * inner));
  }
  return Buffer.concat(parts);
}

const CASTS: [Descr, Descr][] = [
  ["<f8", "<f8"],
  [">i2", ">i2"],
  ["<i2", ">i2"],
  [">f4", "<f8"],
  ["|b1", "|b1"],
  ["|b1", "<i4"],
  ["<f2", "<f4"],
  ["<c8", "<c16"],
  ["|S3", "|S3"],
  ["|S3", "|S5"],
  ["<M8[s]", "<M8[ms]"],
  ["|V6", "|V6"],
  [
    [
      ["a", "<i2"],
      ["b", "<f4", [2]],
    ],
    [
      ["a", "<i2"],
      ["b", "<f4", [2]],
    ],
  ],
  [[["a", "<i2"]], [["a", ">i4"]]],
];

describe.each(FORMS)("%s", (_, appendFrom) => {
  test("the same as appending an array of these rows", async () => {
    const range = fc.option(fc.integer({ min: -6, max: 6 }), { nil: undefined });
    const anyCase = fc.record({
      cast: fc.constantFrom(...CASTS),
      rowShape: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
      rows: fc.integer({ min: 0, max: 5 }),
      before: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      fortranOrder: fc.boolean(),
      isSameOrder: fc.boolean(),
      rewriteHeaderOnAppend: fc.boolean(),
      durability: fc.constantFrom("os" as const, "data" as const, "full" as const),
      start: range,
      stop: range,
    });
    await fc.assert(
      fc.asyncProperty(anyCase, async (given) => {
        const { cast, rowShape, rows, before, start, stop, rewriteHeaderOnAppend, durability } = given;
        const [from, to] = cast;
        const isFlat = rowShape.length === 0;
        const fortranOrder = !isFlat && given.fortranOrder;
        const own = isFlat ? false : given.isSameOrder ? fortranOrder : !fortranOrder;
        const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
        const axis = fortranOrder ? shape.length - 1 : 0;
        const source = fileOf(from, own, shape, 1);
        const make = (): MemoryStorage =>
          before === undefined ? new MemoryStorage() : fileOf(to, fortranOrder, shape.with(axis, before), 0);
        const [target, expected] = [make(), make()];
        const options: OpenOptions = { dtype: to, fortranOrder, rewriteHeaderOnAppend, durability };
        const [first, last] = [start, stop].map((at, i) => {
          const row = at ?? (i === 0 ? 0 : rows);
          return row < 0 ? Math.max(0, rows + row) : Math.min(row, rows);
        }) as [number, number];
        const count = Math.max(0, last - first);
        const data = rowsOf(bytesOf(sizeOf(shape) * dtype(from).itemsize, 1), shape, own, axis, first, first + count);
        const npaa = NpyAppendArray.openSync(expected, options);
        npaa.append({ data: new Uint8Array(data), shape: shape.with(axis, count), dtype: from, fortranOrder: own });
        npaa.close();

        const selection = { ...(start !== undefined && { start }), ...(stop !== undefined && { stop }) };
        expect(await appendFrom(target, source, options, selection)).toBe(count);
        expect(Buffer.compare(target.bytes() as Uint8Array, expected.bytes() as Uint8Array)).toBe(0);
      }),
      { numRuns: runs(400) },
    );
  });

  test("a file that is created has dtype, order and shape of the rows", async () => {
    for (const [descr, fortranOrder, shape] of [
      [">f4", true, [2, 3]],
      ["<i2", false, [0, 4]],
      ["|b1", false, [7]],
    ] as const) {
      const [source, target] = [fileOf(descr, fortranOrder, shape, 1), new MemoryStorage()];
      await appendFrom(target, source, {}, {});
      expect(target.bytes()).toEqual(source.bytes());
    }
  });

  test("what cannot be appended is refused, and nothing is written", async () => {
    const refused: [Descr, boolean, number[], OpenOptions, string][] = [
      ["<f8", false, [2, 4], {}, "ERR_NPY_SHAPE"],
      ["<f8", false, [2], {}, "ERR_NPY_SHAPE"],
      ["<f8", false, [], {}, "ERR_NPY_SHAPE"],
      ["<c8", false, [2, 3], {}, "ERR_NPY_CAST"],
      [">f8", false, [2, 3], { casting: "no" }, "ERR_NPY_CAST"],
    ];
    for (const [descr, fortranOrder, shape, options, code] of refused) {
      const target = fileOf("<f8", false, [2, 3], 0);
      const before = target.bytes();
      await expect(appendFrom(target, fileOf(descr, fortranOrder, shape, 1), options, {})).rejects.toMatchObject({ code });
      expect(target.bytes()).toEqual(before);
    }
    const target = fileOf("<f8", false, [2, 3], 0);
    const source = fileOf("<f8", false, [2, 3], 0);
    for (const range of [{ start: 0.5 }, { stop: "1" }, { rows: 1 }]) {
      await expect(appendFrom(target, source, {}, range as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    }
  });

  test("a value that does not fit is told by its index in the whole array; the rows before its piece are there", async () => {
    const target = fileOf("|S1", false, [0, 3], 0);
    const elements = Array.from({ length: 3 * 100_000 }, () => "a");
    elements[3 * 90_000 + 2] = "é€";
    const source = new MemoryStorage();
    saveSync(source, { data: elements, shape: [100_000, 3], dtype: "<U2" });
    await expect(appendFrom(target, source, { casting: "unsafe" }, {})).rejects.toMatchObject({
      code: "ERR_NPY_VALUE",
      index: [90_000, 2],
      message: expect.stringContaining("[90000, 2]"),
    });
    const { shape } = await load(target);
    expect(shape[0]).toBeGreaterThan(0);
    expect(shape[0]).toBeLessThan(90_000);
  });

  test("a source that has become shorter is an error, and its half piece is taken back", async () => {
    const whole = fileOf("|u1", false, [3_000_000], 1).bytes() as Uint8Array;
    for (const to of ["|u1", "<u2"]) {
      class Shrinking extends MemoryStorage {
        override openSync(mode: "r" | "r+") {
          const file = super.openSync(mode);
          const readSync = file.readSync.bind(file);
          let reads = 0;
          file.readSync = (buffer, position) => (buffer.length > 1000 && reads++ > 0 ? 0 : readSync(buffer, position));
          file.read = (buffer, position) => file.readSync(buffer, position);
          return file;
        }
      }
      const target = fileOf(to, false, [5], 1);
      const code = to === "|u1" ? "ERR_NPY_CHANGED" : "ERR_NPY_NEEDS_RECOVERY";
      await expect(appendFrom(target, new Shrinking(whole), {}, {})).rejects.toMatchObject({ code });
      const { shape } = await load(target);
      expect(target.bytes()).toHaveLength(128 + (shape[0] as number) * dtype(to).itemsize);
      if (to === "|u1") expect(shape).toEqual([5]);
    }
  });
});

test("a full disk: the rows of that piece are taken back, and the same object goes on", async () => {
  rushClock();
  const source = fileOf("|u1", false, [4_000_000], 1);
  // A check, three blocks, another check, the header.
  for (let step = 0; step < 8; step++) {
    const storage = new FaultyStorage(fileOf("|u1", false, [5], 1).bytes(), { isSlow: true });
    const npaa = await NpyAppendArray.open(storage);
    const reader = await NpyReader.open(source);
    storage.failAt(storage.steps.length + step, { after: 50 });
    await expect(npaa.appendFrom(reader)).rejects.toThrow("ENOSPC");
    expect(npaa.length).toBe(5);
    expect(storage.bytes()).toHaveLength(128 + 5);
    expect(await npaa.appendFrom(reader)).toBe(4_000_000);
    await npaa.close();
    await reader.close();
    expect((await load(storage)).shape).toEqual([4_000_005]);
  }
});

test("the file itself may be the source: its rows so far come once more", async () => {
  for (const durability of ["os", "full"] as const) {
    const path = temporaryPath();
    saveSync(path, { data: Float64Array.from({ length: 300_000 }, (_, i) => i), shape: [100_000, 3] });
    const npaa = await NpyAppendArray.open(path, { durability });
    const reader = await NpyReader.open(path);
    expect(await npaa.appendFrom(reader)).toBe(100_000);
    expect(await npaa.appendFrom(reader, { start: -1 })).toBe(1);
    await reader.refresh();
    expect(reader.length).toBe(200_001);
    await npaa.close();
    await reader.close();
    const { data } = loadSync(path, { dtype: "float64" });
    expect(data.subarray(300_000, 600_000)).toEqual(data.subarray(0, 300_000));
    expect(data.subarray(600_000)).toEqual(Float64Array.of(299_997, 299_998, 299_999));
  }
});

describe("many pieces", () => {
  /** 160 MiB of rows of 3 bytes, which are a hole but for the last one. */
  function bigFile(): { path: string; rows: number } {
    const path = temporaryPath();
    const rows = 56_000_000;
    const fd = openSync(path, "w");
    const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [rows, 3] });
    writeSync(fd, header);
    ftruncateSync(fd, header.length + 3 * rows);
    writeSync(fd, Uint8Array.of(1, 2, 3), 0, 3, header.length + 3 * (rows - 1));
    closeSync(fd);
    return { path, rows };
  }

  test("other appends come between them, and readers see each", async () => {
    const source = bigFile();
    const path = temporaryPath();
    await using npaa = await NpyAppendArray.open(path, { dtype: "u1", rowShape: [3] });
    await using reader = await NpyReader.open(source.path);
    const appending = npaa.appendFrom(reader);
    await npaa.append(new Uint8Array([7, 7, 7]));
    expect(npaa.length).toBeLessThan(source.rows);
    const seen = loadRows(path);
    expect(seen).toBe(npaa.length);
    expect(await appending).toBe(source.rows);
    expect(npaa.length).toBe(source.rows + 1);
    await using written = await NpyReader.open(path);
    expect((await written.read(seen - 1, seen)).data).toEqual(Uint8Array.of(7, 7, 7));
    expect((await written.read(-1)).data).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("an abort leaves whole rows; a reader that is closed ends it", async () => {
    const source = bigFile();
    const path = temporaryPath();
    await using npaa = await NpyAppendArray.open(path, { dtype: "u1", rowShape: [3] });
    const reader = await NpyReader.open(source.path);
    const controller = new AbortController();
    const aborted = npaa.appendFrom(reader, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    const { length } = npaa;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(source.rows);
    expect(statSync(path).size).toBe(128 + 3 * length);
    await expect(npaa.appendFrom(reader, { signal: controller.signal })).rejects.toThrow("enough");

    const ended = expect(npaa.appendFrom(reader)).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await reader.close();
    await ended;
    expect(statSync(path).size).toBe(128 + 3 * npaa.length);
    expect(loadRows(path)).toBe(npaa.length);
  });

  function loadRows(path: string): number {
    using reader = NpyReader.openSync(path);
    return reader.length;
  }
});

test("the old file stands until its successor has rows of its own source", async () => {
  const path = temporaryPath();
  saveSync(path, [1, 2, 3]);
  await using reader = await NpyReader.open(path);
  await using npaa = await NpyAppendArray.open(path, { deleteIfExists: true });
  expect(await npaa.appendFrom(reader, { start: 1 })).toBe(2);
  expect((await load(path)).data).toEqual(Float64Array.of(2, 3));
});

test("synchronously, iterables are taken as well; readers must be of the same form", async () => {
  const path = temporaryPath();
  saveSync(path, [1, 2]);
  const npaa = NpyAppendArray.openSync(new MemoryStorage());
  expect(npaa.appendFrom([[1], new Float64Array(2)])).toBe(3);
  expect(npaa.appendFrom([])).toBe(0);
  await using reader = await NpyReader.open(path);
  expect(() => npaa.appendFrom(reader as never)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  using readerSync = NpyReader.openSync(path);
  await using other = await NpyAppendArray.open(new MemoryStorage());
  await expect(other.appendFrom(readerSync as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(other.appendFrom([[1]], { start: 0 } as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  expect(() => npaa.appendFrom([[1]] as never, { start: 0 })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  readerSync.close();
  expect(() => npaa.appendFrom(readerSync)).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  npaa.close();
  expect(() => npaa.appendFrom([])).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
});
