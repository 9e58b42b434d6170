/**
 * Inputs whose getters, Proxies and methods use the very object that reads them: each append has its own rows whatever the other is doing,
 * and the inner one, which is complete first, comes first.
 */
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type DTypeLike,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyAppendArraySync,
  type OpenOptions,
  save,
  saveSync,
} from "../src/index.ts";

type Appender = NpyAppendArray | NpyAppendArraySync;

const FORMS: [string, (file: MemoryStorage, options: OpenOptions) => Appender | Promise<Appender>][] = [
  ["async", (file, options) => NpyAppendArray.open(file, options)],
  ["sync", (file, options) => NpyAppendArray.openSync(file, options)],
];

/** Runs an action the first time that it is called. */
function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    action();
  };
}

/** An array whose element `at` does something when it is read. */
function watched<Item>(items: Item[], at: number, action: () => void): Item[] {
  return new Proxy(items, {
    get(target, name) {
      if (name === String(at)) action();
      return Reflect.get(target, name) as unknown;
    },
  });
}

interface Case {
  readonly options: OpenOptions;
  /** The outer input, which calls `append` while it is read. */
  readonly outer: (append: () => void) => unknown;
  readonly inner: unknown;
  /** Both, the inner one first, as `save` understands them. */
  readonly both: unknown;
  readonly dtype: DTypeLike;
}

const RECORD: DTypeLike = [
  ["a", "<f8"],
  ["b", "<f8"],
];

const CASES: { readonly [name: string]: Case } = {
  "numbers of a Proxy": {
    options: { dtype: "float64", rowShape: [] },
    outer: (append) => watched([1, 2, 3], 1, append),
    inner: [7, 8, 9],
    both: [7, 8, 9, 1, 2, 3],
    dtype: "float64",
  },
  "a row that is a Proxy": {
    options: { dtype: "int32", rowShape: [2] },
    outer: (append) => [[1, 2], watched([3, 4], 1, append), [5, 6]],
    inner: [
      [7, 8],
      [9, 10],
      [11, 12],
    ],
    both: [
      [7, 8],
      [9, 10],
      [11, 12],
      [1, 2],
      [3, 4],
      [5, 6],
    ],
    dtype: "int32",
  },
  "a list of rows that is a Proxy": {
    options: { dtype: "float32", rowShape: [2] },
    outer: (append) =>
      watched(
        [
          [1, 2],
          [3, 4],
        ],
        1,
        append,
      ),
    inner: [[7, 8]],
    both: [
      [7, 8],
      [1, 2],
      [3, 4],
    ],
    dtype: "float32",
  },
  "bigints of a Proxy": {
    options: { dtype: "int64", rowShape: [] },
    outer: (append) => watched([1n, 2n], 1, append),
    inner: [3n, 4n],
    both: [3n, 4n, 1n, 2n],
    dtype: "int64",
  },
  "records with getters": {
    options: { dtype: RECORD, rowShape: [] },
    outer: (append) => [
      { a: 1, b: 2 },
      {
        a: 3,
        get b() {
          append();
          return 4;
        },
      },
    ],
    inner: [
      { a: 5, b: 6 },
      { a: 7, b: 8 },
    ],
    both: [
      { a: 5, b: 6 },
      { a: 7, b: 8 },
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ],
    dtype: RECORD,
  },
  "columns with getters": {
    options: { dtype: RECORD, rowShape: [] },
    outer: (append) => ({
      a: Float64Array.of(1, 3),
      get b() {
        append();
        return Float64Array.of(2, 4);
      },
    }),
    inner: { a: Float64Array.of(5, 7), b: Float64Array.of(6, 8) },
    both: { a: Float64Array.of(5, 7, 1, 3), b: Float64Array.of(6, 8, 2, 4) },
    dtype: RECORD,
  },
  "plain columns that are Proxies": {
    options: { dtype: RECORD, rowShape: [] },
    outer: (append) => ({ a: [1, 3], b: watched([2, 4], 0, append) }),
    inner: { a: [5, 7], b: [6, 8] },
    both: { a: [5, 7, 1, 3], b: [6, 8, 2, 4] },
    dtype: RECORD,
  },
  "a view with getters": {
    options: { dtype: "float64", rowShape: [2] },
    outer: (append) => ({
      data: Float64Array.of(1, 2, 3, 4),
      get shape() {
        append();
        return [2, 2];
      },
    }),
    inner: { data: Float64Array.of(5, 6, 7, 8), shape: [2, 2] },
    both: [
      [5, 6],
      [7, 8],
      [1, 2],
      [3, 4],
    ],
    dtype: "float64",
  },
  "a shape that is iterated": {
    options: { dtype: "float64", rowShape: [2] },
    outer: (append) => ({
      data: Float32Array.of(1, 2),
      shape: {
        length: 2,
        *[Symbol.iterator]() {
          append();
          yield* [1, 2];
        },
      },
    }),
    inner: Float64Array.of(5, 6),
    both: [
      [5, 6],
      [1, 2],
    ],
    dtype: "float64",
  },
  "a tensor whose data are fetched": {
    options: { dtype: "float64", rowShape: [] },
    outer: (append) => ({
      shape: [2],
      dtype: "float32",
      dataSync() {
        append();
        return Float32Array.of(1, 2);
      },
    }),
    inner: [3],
    both: [3, 1, 2],
    dtype: "float64",
  },
  "a first append, when there is no file yet": {
    options: {},
    outer: (append) => watched([1, 2], 1, append),
    inner: [3],
    both: [3, 1, 2],
    dtype: "float64",
  },
  "a first append of another dtype than the one that it meets": {
    options: {},
    outer: (append) => watched([1, 2], 1, append),
    inner: [3n],
    both: [3, 1, 2],
    dtype: "int64",
  },
};

describe.each(FORMS)("%s", (_, open) => {
  test.each(Object.entries(CASES))("%s", async (_, { options, outer, inner, both, dtype }) => {
    const file = new MemoryStorage();
    const npaa = await open(file, options);
    const pending: unknown[] = [];
    const append = once(() => pending.push(npaa.append(inner as ArrayInput)));
    pending.push(npaa.append(outer(append) as ArrayInput));
    await Promise.all(pending);
    await npaa.close();
    expect(pending).toHaveLength(2);
    const expected = new MemoryStorage();
    saveSync(expected, both as ArrayInput, { dtype });
    expect(file.bytes()).toEqual(expected.bytes());
  });

  test("what an earlier append left is not seen where an array becomes shorter while it is read", async () => {
    for (const dtype of ["float64", "int32"]) {
      const file = new MemoryStorage();
      const npaa = await open(file, { dtype, rowShape: [] });
      await npaa.append([7, 8, 9]);
      const items = [1, 2, 3];
      const shrinking = watched(items, 0, () => {
        items.length = 1;
      });
      await npaa.append(shrinking); // it is read once more, as what it has become
      await npaa.append([4]);
      await npaa.close();
      expect(Array.from(loadSync(file).data as ArrayLike<unknown>)).toEqual([7, 8, 9, 1, 4]);
    }
  });

  test.each(["float64", "U3", "V2", "complex64", "datetime64[s]"])(
    "an array of %s that becomes shorter, or longer, while it is read is refused",
    async (dtype) => {
      const value = { V2: Uint8Array.of(1, 2), U3: "abc", "datetime64[s]": 5n, complex64: { re: 1, im: 2 } }[dtype] ?? 1n;
      for (const length of [1, 5]) {
        const file = new MemoryStorage();
        const npaa = await open(file, { dtype, rowShape: [] });
        const items: unknown[] = [value, value, value];
        // Understanding the array reads it once.
        let reads = 0;
        const changing = watched(items, 0, () => {
          if (reads++ > 1) items.splice(1, items.length, ...Array(length - 1).fill(value));
        });
        const result = await (async () => npaa.append(changing as ArrayInput))().catch((error) => error.code);
        await npaa.close();
        // Whole, or not at all.
        expect([undefined, "ERR_NPY_SHAPE"]).toContain(result);
        expect(npaa.length).toBe(result === undefined ? 3 : 0);
      }
    },
  );

  test("records that become more while they are read", async () => {
    const file = new MemoryStorage();
    const npaa = await open(file, { dtype: [["a", "<f8"]], rowShape: [] });
    const records: { readonly a: number }[] = Array.from({ length: 2048 }, (_, a) => ({ a }));
    records[5] = {
      get a() {
        records.push({ a: -1 });
        return 5;
      },
    };
    await expect((async () => npaa.append(records as ArrayInput))()).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    expect(npaa.length).toBe(0);
    await npaa.close();
  });

  test("closed by a getter: nothing is written any more", async () => {
    for (const options of [{ dtype: "float64", rowShape: [] }, {}] as const) {
      const file = new MemoryStorage();
      const npaa = await open(file, options);
      let closing: unknown;
      const input = watched(
        [1, 2],
        1,
        once(() => {
          closing = npaa.close();
        }),
      );
      await expect((async () => npaa.append(input))()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
      await closing;
      expect(file.bytes() === undefined ? 0 : loadSync(file).shape[0]).toBe(0);
    }
  });

  test("other operations within a getter, and saving to another file", async () => {
    const [file, other] = [new MemoryStorage(), new MemoryStorage()];
    const npaa = await open(file, { dtype: "float64", rowShape: [] });
    const pending: unknown[] = [];
    const input = watched(
      [1, 2],
      1,
      once(() => {
        pending.push(npaa.sync(), npaa.updateHeader(), npaa.append([3]), (npaa as NpyAppendArraySync).appendFrom([[4], [5]]));
        saveSync(other, [6, 7]);
        pending.push(save(new MemoryStorage(), [8]));
        expect(() => saveSync(file, [9])).toThrow(expect.objectContaining({ code: "ERR_NPY_LOCKED" }));
      }),
    );
    pending.push(npaa.append(input));
    await Promise.all(pending);
    await npaa.close();
    const data = Array.from(loadSync(file).data as Float64Array);
    expect(data.toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(data.join()).toContain("1,2");
    expect(Array.from(loadSync(other).data as Float64Array)).toEqual([6, 7]);
  });
});

test.each([0, 1, 2, 3])("a file that the inner append creates, with another dtype, at read %i of the outer one", (read) => {
  const file = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(file);
  let reads = 0;
  npaa.append(watched([1, 2], 1, () => read === reads++ && npaa.append([3n, 4n])));
  npaa.close();
  const { data, shape } = loadSync(file);
  const isInner = reads > read;
  expect(data).toEqual(isInner ? BigInt64Array.of(3n, 4n, 1n, 2n) : Float64Array.of(1, 2));
  expect(shape).toEqual([isInner ? 4 : 2]);
});

test("saving an array whose getters save to the same file", () => {
  const file = new MemoryStorage();
  const append = once(() => saveSync(file, [7, 8, 9]));
  saveSync(file, watched([1, 2], 1, append));
  expect(Array.from(loadSync(file).data as Float64Array)).toEqual([1, 2]);
});

test("the caller's rowShape may change once the file is open", () => {
  const file = new MemoryStorage();
  const rowShape = [2, 3];
  const npaa = NpyAppendArray.openSync(file, { dtype: "float64", rowShape });
  rowShape.reverse();
  const row = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  npaa.append([row]);
  expect(() => npaa.append([[[1], [2], [3]]])).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
  npaa.close();
  expect(loadSync(file).shape).toEqual([1, 2, 3]);
});
