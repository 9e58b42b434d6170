/** The caller's memory is resized, transferred, or WebAssembly's and grows, before all of it is written: all or nothing, and the object goes on. */
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type DTypeLike,
  inspectSync,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecoverySync,
  type OpenOptions,
  save,
} from "../src/node.ts";
import type { Storage, StorageFile } from "../src/storage/storage.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { temporaryPath } from "./support/temporary.ts";
import { resizable, VANISHING, type Vanishing } from "./support/vanishing-memory.ts";

/** Does something when transfer `at` of so many bytes or more is under way, and then what a system does: less than asked for, or an error. */
interface Moment {
  at: number;
  /** Transfers so far. */
  count: number;
  readonly isError: boolean;
  action(): void;
}

function slow(file: StorageFile, moment: Moment): StorageFile {
  const later = async (bytes: Uint8Array, transfer: () => void): Promise<void> => {
    const { length } = bytes;
    await turn();
    if (length > 2 ** 10 && moment.count++ === moment.at) moment.action();
    if (bytes.length < length && moment.isError) throw Object.assign(new Error("EFAULT: bad address"), { code: "EFAULT" });
    transfer();
  };
  return new Proxy(file, {
    get(target, name) {
      if (name === "write") {
        return (bytes: Uint8Array, position: number) => later(bytes, () => target.writeSync(bytes, position));
      }
      if (name === "read") {
        return async (bytes: Uint8Array, position: number) => {
          let count = 0;
          await later(bytes, () => {
            count = target.readSync(bytes, position);
          });
          return count;
        };
      }
      const value = Reflect.get(target, name, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function slowStorage(memory: MemoryStorage, moment: Moment): Storage {
  return new Proxy<Storage>(memory, {
    get(target, name) {
      if (name === "create" || name === "createTemporary") return () => slow(target[`${name}Sync`](), moment);
      if (name === "open") return (mode: "r") => slow(target.openSync(mode), moment);
      const value = Reflect.get(target, name, target) as unknown;
      return name === "replace" || typeof value !== "function" ? value : value.bind(target);
    },
  });
}

/** More than two blocks of 1 MiB. */
const BYTES = 17 * 2 ** 17;
const ROWS = BYTES / 16;

const RECORD: DTypeLike = [
  ["a", "<f8"],
  ["b", "<f8"],
];

/** Arrays in a buffer of `BYTES`, and the options of their file. */
const INPUTS: { readonly [name: string]: [OpenOptions, (buffer: ArrayBuffer) => ArrayInput] } = {
  "a typed array": [{ dtype: "float64", rowShape: [2] }, (buffer) => new Float64Array(buffer, 0, 2 * ROWS)],
  "data and a shape": [
    { dtype: "float64", rowShape: [2] },
    (buffer) => ({ data: new Float64Array(buffer, 0, 2 * ROWS), shape: [ROWS, 2] }),
  ],
  "an array that is cast": [
    { dtype: "float32", rowShape: [2] },
    (buffer) => ({ data: new Float64Array(buffer, 0, 2 * ROWS), shape: [ROWS, 2] }),
  ],
  "an array that is swapped": [{ dtype: ">f8", rowShape: [2] }, (buffer) => new Float64Array(buffer, 0, 2 * ROWS)],
  "an array that is transposed": [
    { dtype: "float64", rowShape: [2] },
    (buffer) => ({ data: new Float64Array(buffer, 0, 2 * ROWS), shape: [ROWS, 2], strides: [1, ROWS] }),
  ],
  "raw bytes": [
    { dtype: "float64", rowShape: [2] },
    (buffer) => ({ data: new DataView(buffer, 0, BYTES), shape: [ROWS, 2], dtype: "<f8" }),
  ],
  columns: [
    { dtype: RECORD, rowShape: [] },
    (buffer) => ({ a: new Float64Array(buffer, 0, ROWS), b: new Float64Array(buffer, 8 * ROWS, ROWS) }),
  ],
  "columns that are cast": [
    { dtype: RECORD, rowShape: [] },
    (buffer) => ({ a: new Float32Array(buffer, 0, ROWS), b: new Float64Array(buffer, 8 * ROWS, ROWS) }),
  ],
};

describe.each(VANISHING)("memory %s", (way, make) => {
  // The last ways end as the second one does.
  const inputs = Object.entries(INPUTS).slice(0, way === "resized" || way === "transferred" ? undefined : 1);

  describe.each(inputs)("%s", (_, [options, input]) => {
    test.each([true, false])("during a write, which fails: %s", async (isError) => {
      for (const at of [0, 1]) {
        const memory = new MemoryStorage();
        const moment: Moment = { at: -1, count: 0, isError, action: () => {} };
        const npaa = await NpyAppendArray.open(slowStorage(memory, moment), options);
        const { buffer, vanish } = filled(make);
        // The file, if the second append succeeds.
        const expected = new MemoryStorage();
        saveTwice(expected, options, input(buffer));
        await npaa.append(input(buffer));
        const before = memory.bytes() as Uint8Array;
        moment.action = vanish;
        moment.at = moment.count + at;
        const code = await npaa.append(input(buffer)).then(
          () => "none",
          (error) => error.code,
        );
        // In blocks that are put together, the last may be in memory of ours when the caller's goes.
        expect(code).toMatch(isWrittenAsItIs(options, input) && at === 0 ? /^ERR_NPY_SHAPE$/ : /^(none|ERR_NPY_SHAPE)$/);
        const after = code === "none" ? (expected.bytes() as Uint8Array) : before;
        expect(Buffer.compare(memory.bytes() as Uint8Array, after)).toBe(0);
        await npaa.append(input(filled(make).buffer));
        await npaa.close();
        expect(needsRecoverySync(memory)).toBe(false);
        expect(loadSync(memory).shape[0]).toBe(code === "none" ? 3 * ROWS : 2 * ROWS);
      }
    });

    test("before it is written", async () => {
      const npaa = await NpyAppendArray.open(new MemoryStorage(), options);
      const { buffer, vanish } = make(BYTES);
      const appending = npaa.append(input(buffer));
      vanish();
      await expect(appending).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      await npaa.append(input(make(BYTES).buffer));
      expect(npaa.length).toBe(ROWS);
      await npaa.close();
    });

    test("while it is saved: the old file stays", async () => {
      const memory = new MemoryStorage();
      await save(memory, [1, 2, 3]);
      const before = memory.bytes();
      const { buffer, vanish } = make(BYTES);
      const storage = slowStorage(memory, { at: 0, count: 0, isError: false, action: vanish });
      const { dtype = "float64" } = options;
      await expect(save(storage, input(buffer), { dtype })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      expect(memory.bytes()).toEqual(before);
    });
  });

  test("of `out` while it is read into", async () => {
    const memory = new MemoryStorage();
    await save(memory, new Float64Array(2 ** 12));
    for (const isError of [true, false]) {
      const { buffer, vanish } = make(2 ** 15);
      const reader = await NpyReader.open(slowStorage(memory, { at: 0, count: 0, isError, action: vanish }));
      const out = new Float64Array(buffer, 0, 2 ** 12);
      await expect(reader.read(0, 2 ** 12, { out })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
      expect((await reader.read(0, 5)).data).toHaveLength(5);
      await reader.close();
    }
  });
});

function filled(make: (length: number) => Vanishing): Vanishing {
  const vanishing = make(BYTES);
  new Uint8Array(vanishing.buffer).set(PATTERN);
  return vanishing;
}

/** Small numbers, as whatever floats they are read. */
const PATTERN = Uint8Array.from({ length: BYTES }, (_, i) => (i % 4 === 3 ? 0x40 : i % 251));

function saveTwice(file: MemoryStorage, options: OpenOptions, input: ArrayInput): void {
  const npaa = NpyAppendArray.openSync(file, options);
  npaa.append(input);
  npaa.append(input);
  npaa.close();
}

/** Whether it goes into the file from where it is, in one write. */
function isWrittenAsItIs(options: OpenOptions, input: (buffer: ArrayBuffer) => ArrayInput): boolean {
  const array = input(new ArrayBuffer(BYTES)) as { strides?: unknown; data?: ArrayBufferView };
  return options.dtype === "float64" && array.strides === undefined;
}

test("a column whose memory a getter of the next one takes away", () => {
  for (const rows of [10, 2 ** 16]) {
    const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: RECORD, rowShape: [] });
    for (const b of [new Float64Array(rows), new Float32Array(rows), Array(rows).fill(1)]) {
      const buffer = resizable(8 * rows);
      const columns = {
        a: new Float64Array(buffer),
        get b() {
          buffer.resize(8 * rows - 8);
          return b;
        },
      };
      expect(() => npaa.append(columns as ArrayInput)).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
    }
    expect(npaa.length).toBe(0);
    npaa.close();
  }
});

test("a column whose buffer a getter of the next one transfers", async () => {
  for (const rows of [10, 2 ** 16]) {
    for (const open of [NpyAppendArray.open, NpyAppendArray.openSync]) {
      const npaa = await open(new MemoryStorage(), { dtype: RECORD, rowShape: [] });
      const a = new Float64Array(rows);
      const columns = {
        a,
        get b() {
          structuredClone(a.buffer, { transfer: [a.buffer] });
          return new Float64Array(rows);
        },
      };
      const append = async () => await npaa.append(columns as ArrayInput);
      await expect(append()).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      expect(npaa.length).toBe(0);
      await npaa.close();
    }
  }
});

test("a view whose memory one of its own getters takes away", () => {
  const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: "float32", rowShape: [] });
  const buffer = resizable(80);
  const view = {
    data: new Float64Array(buffer, 0, 10),
    shape: [10],
    get offset() {
      buffer.resize(8);
      return 0;
    },
  };
  expect(() => npaa.append(view)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_NPY_(SHAPE|VALUE)$/) }));
  expect(npaa.length).toBe(0);
  npaa.close();
});

test.each([true, false])("in files, where another thread writes it (in a file that is shared: %s)", async (isShared) => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
  if (isShared) npaa.share();
  let expected = 0;
  for (let i = 0; i < 8; i++) {
    const [, make] = VANISHING[i % VANISHING.length] as (typeof VANISHING)[number];
    const rows = 2 ** 20;
    const { buffer, vanish } = make(8 * rows);
    const appending = npaa.append(new Float64Array(buffer, 0, rows)).then(
      () => "none",
      (error) => error.code,
    );
    await wait(i % 6);
    vanish();
    const code = await appending;
    expect(["none", "ERR_NPY_SHAPE"]).toContain(code);
    if (code === "none") expected += rows;
    await npaa.append([i]);
    expected++;
    expect(npaa.length).toBe(expected);
  }
  await npaa.close();
  expect(needsRecoverySync(path)).toBe(false);
  expect((await load(path)).shape).toEqual([expected]);
});

test("a buffer that is taken away or resized before it is written gives no rows that are not there", async () => {
  const length = 100_000;
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage, { dtype: "<f8", rowShape: [] });
  await npaa.append([1]);

  const transferred = new Float64Array(length);
  const gone = npaa.append(transferred);
  structuredClone(transferred.buffer, { transfer: [transferred.buffer] });
  await expect(gone).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });

  const buffer = resizable(8 * length);
  const shortened = npaa.append(new Float64Array(buffer));
  buffer.resize(80);
  await expect(shortened).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });

  await npaa.append([2]);
  await npaa.close();
  expect(inspectSync(storage)).toMatchObject({ shape: [2], needsRecovery: false });
  expect(loadSync(storage).data).toEqual(new Float64Array([1, 2]));

  const slow = new FaultyStorage(storage.bytes(), { isSlow: true });
  const other = resizable(8 * length);
  const saved = save(slow, new Float64Array(other));
  other.resize(80);
  await expect(saved).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  expect(loadSync(slow).data).toEqual(new Float64Array([1, 2]));
  expect(slow).toMatchObject({ openFiles: 0, temporaries: new Set() });
});
