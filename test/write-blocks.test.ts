/** Blocks that are made while the one before is being written. */
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type DType,
  dtype,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
  save,
  saveSync,
} from "../src/index.ts";
import { BLOCK } from "../src/memory/blocks.ts";
import { writeBlocks } from "../src/plan/grow/write-blocks.ts";
import { run, runSync } from "../src/plan/run.ts";
import type { Storage, StorageFile } from "../src/storage/storage.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";

/** What a slow file has seen. */
interface Traffic {
  writing: number;
  failAt: number | undefined;
  /** `write 3`, `truncate 128` ... in the order in which they ended. */
  readonly ended: string[];
}

/** A file whose writes take a while, and take the bytes only when they end, as another thread does. */
function slow(file: StorageFile, traffic: Traffic): StorageFile {
  let writes = 0;
  return new Proxy(file, {
    get(target, name) {
      if (name === "write") {
        return async (bytes: Uint8Array, position: number): Promise<void> => {
          expect(traffic.writing++).toBe(0);
          const number = writes++;
          await wait(Math.random() * 3);
          traffic.writing--;
          traffic.ended.push(`write ${number}`);
          if (number === traffic.failAt) throw Object.assign(new Error("ENOSPC: full"), { code: "ENOSPC" });
          target.writeSync(bytes, position);
        };
      }
      if (name === "truncate") {
        return (size: number): void => {
          expect(traffic.writing).toBe(0);
          traffic.ended.push(`truncate ${size}`);
          target.truncateSync(size);
        };
      }
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function slowStorage(memory: MemoryStorage, traffic: Traffic): Storage {
  return new Proxy<Storage>(memory, {
    get(target, name) {
      if (name === "create" || name === "createTemporary") return () => slow(target[`${name}Sync`](), traffic);
      const value = Reflect.get(target, name, target) as unknown;
      if (name === "replace" || typeof value !== "function") return value;
      return value.bind(target);
    },
  });
}

const quiet = (): Traffic => ({ writing: 0, failAt: undefined, ended: [] });

describe("blocks", () => {
  test.each([true, false])("are made while the last one is written, where that is asynchronous: %s", async (isAsync) => {
    const memory = new MemoryStorage();
    const traffic = quiet();
    const opened = memory.createSync();
    const file = isAsync ? slow(opened, traffic) : opened;
    const seen: { writing: number; answer: boolean | undefined }[] = [];
    function* blocks(): Generator<Uint8Array, void, boolean | undefined> {
      for (let i = 0; i < 4; i++) {
        const { writing } = traffic;
        seen.push({ writing, answer: yield new Uint8Array(3).fill(i) });
      }
      seen.push({ writing: traffic.writing, answer: undefined });
    }
    if (isAsync) await run(writeBlocks(file, blocks(), 0, 12));
    else runSync(writeBlocks(file, blocks(), 0, 12));
    expect([...(memory.bytes() as Uint8Array)]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    const later = isAsync ? 1 : 0;
    expect(seen).toEqual([
      { writing: 0, answer: isAsync },
      { writing: later, answer: isAsync },
      { writing: later, answer: isAsync },
      // The last one is written when the memory is given back.
      { writing: later, answer: false },
      { writing: 0, answer: undefined },
    ]);
  });

  test("of too few bytes are an error, after the last was written", async () => {
    const traffic = quiet();
    const file = slow(new MemoryStorage().createSync(), traffic);
    await expect(run(writeBlocks(file, [new Uint8Array(3)], 0, 4))).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    expect(traffic).toMatchObject({ writing: 0, ended: ["write 0"] });
  });

  test("that cannot be made: the error comes when nothing is being written any more", async () => {
    const traffic = quiet();
    const file = slow(new MemoryStorage().createSync(), traffic);
    function* blocks(): Generator<Uint8Array, void, boolean | undefined> {
      yield new Uint8Array(3);
      throw new RangeError("no more");
    }
    await expect(run(writeBlocks(file, blocks(), 0, 6))).rejects.toThrow("no more");
    expect(traffic).toMatchObject({ writing: 0, ended: ["write 0"] });
  });
});

/** Arrays of several blocks, of which none can be written as it is, and the options of their file. */
const INPUTS: { readonly [name: string]: { options: OpenOptions; array: (seed: number, rows: number) => ArrayInput } } = {
  cast: {
    options: { dtype: "float64", rowShape: [64] },
    array: (seed, rows) => ({ data: ramp(Float32Array, seed, rows * 64), shape: [rows, 64] }),
  },
  narrowed: {
    options: { dtype: "float32", rowShape: [64] },
    array: (seed, rows) => ({ data: ramp(Float64Array, seed, rows * 64), shape: [rows, 64] }),
  },
  swapped: {
    options: { dtype: ">f8", rowShape: [64] },
    array: (seed, rows) => ({ data: ramp(Float64Array, seed, rows * 64), shape: [rows, 64] }),
  },
  transposed: {
    options: { dtype: "float64", rowShape: [64] },
    array: (seed, rows) => ({ data: ramp(Float64Array, seed, rows * 64), shape: [rows, 64], strides: [1, rows] }),
  },
  columns: {
    options: {
      dtype: [
        ["a", "|u1"],
        ["", "|V3"], // padding
        ["b", "<f8", [64]],
      ],
      rowShape: [],
    },
    array: (seed, rows) => ({
      a: ramp(Uint8Array, seed, rows),

      b: ramp(Float32Array, seed, 64 * rows),
    }),
  },
};

function ramp<Array extends Float64Array | Float32Array | Uint8Array>(
  type: new (length: number) => Array,
  seed: number,
  length: number,
): Array {
  const data = new type(length);
  for (let i = 0; i < length; i++) data[i] = (i * 7 + seed * 13) % 251;
  return data;
}

describe.each(Object.entries(INPUTS))("%s arrays", (_, { options, array }) => {
  /** More than three blocks. */
  const ROWS = Math.ceil((3.3 * BLOCK) / 512);

  test("are the same whether blocks are written at once or later, also beside other files and appends", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: ROWS }), { minLength: 1, maxLength: 4 }), async (sizes) => {
        const files = [0, 1].map(() => ({ memory: new MemoryStorage(), traffic: quiet() }));
        const expected = new MemoryStorage();
        const atOnce = NpyAppendArray.openSync(expected, options);
        for (const [i, rows] of sizes.entries()) atOnce.append(array(i, rows));
        atOnce.close();
        await Promise.all(
          files.map(async ({ memory, traffic }) => {
            const npaa = await NpyAppendArray.open(slowStorage(memory, traffic), options);
            await Promise.all(sizes.map((rows, i) => npaa.append(array(i, rows))));
            await npaa.close();
          }),
        );
        for (const { memory } of files)
          expect(Buffer.compare(memory.bytes() as Uint8Array, expected.bytes() as Uint8Array)).toBe(0);
      }),
      { numRuns: 5 },
    );
  });

  test("that fail on the way are taken back, when nothing is being written any more", async () => {
    // 0 is the first header, and the last write is that of the header.
    for (const failAt of [1, 2, 3, 4, 5]) {
      const memory = new MemoryStorage();
      const traffic = { ...quiet(), failAt };
      const npaa = await NpyAppendArray.open(slowStorage(memory, traffic), options);
      const before = memory.bytes();
      await expect(npaa.append(array(1, ROWS))).rejects.toMatchObject({ code: "ENOSPC" });
      expect(memory.bytes()).toEqual(before);
      expect(traffic.writing).toBe(0);
      // Where the first block failed there is nothing to cut off.
      expect(traffic.ended.at(-1)).toMatch(failAt === 1 ? /^write 1$/ : /^truncate/);
      await npaa.append(array(2, 5));
      await npaa.close();
      expect(npaa.length).toBe(5);
      expect(loadSync(memory).shape[0]).toBe(5);
    }
  });

  test("are saved the same", async () => {
    const [slowly, fast] = [new MemoryStorage(), new MemoryStorage()];
    const { dtype } = options;
    if (dtype === undefined) throw new TypeError("expected a dtype");
    await save(slowStorage(slowly, quiet()), array(3, ROWS), { dtype });
    saveSync(fast, array(3, ROWS), { dtype });
    expect(Buffer.compare(slowly.bytes() as Uint8Array, fast.bytes() as Uint8Array)).toBe(0);
  });
});

describe("where blocks end in the file", () => {
  const RECORD = dtype([
    ["a", "<f8"],
    ["b", "<i4", [4]],
  ]);
  const MATRIX = Float64Array.from({ length: 400_000 }, (_, i) => i);
  const COLUMNS = { a: MATRIX, b: Int32Array.from({ length: 4 * MATRIX.length }, (_, i) => i) };

  test.each<[string, unknown, OpenOptions, number]>([
    ["swapped", MATRIX, { dtype: ">f8", rowShape: [] }, 0],
    ["every second", { data: MATRIX, shape: [200_000], strides: [2] }, { dtype: "<f8", rowShape: [] }, 0],
    ["in whole columns", { data: MATRIX, shape: [1000, 400] }, { dtype: "<f8", rowShape: [1000], fortranOrder: true }, 8 * 1000],
    ["records", COLUMNS, { dtype: RECORD, rowShape: [] }, 24 * 10],
  ])("%s: at multiples of 1 MiB, or right before", async (_name, rows, options, within) => {
    const storage = new FaultyStorage(undefined);
    const npaa = await NpyAppendArray.open(storage, options);
    await npaa.append(rows as ArrayInput);
    await npaa.close();
    const ends = storage.steps.flatMap(({ op, position = 0, bytes }) =>
      op === "write" && position > 0 ? [position + (bytes as Uint8Array).length] : [],
    );
    expect(ends.length).toBeGreaterThan(1);
    for (const end of ends.slice(0, -1)) expect(BLOCK - 1 - ((end - 1) % BLOCK)).toBeLessThanOrEqual(within);
    const whole = new MemoryStorage();
    saveSync(whole, rows as ArrayInput, { dtype: options.dtype as DType, fortranOrder: options.fortranOrder ?? false });
    expect(Buffer.compare(storage.bytes() as Uint8Array, whole.bytes() as Uint8Array)).toBe(0);
  });
});
