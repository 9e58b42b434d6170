/** Rows that come one by one: `each: "row"` of appendFrom and writable. */
import { setTimeout as wait } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
  type RecordArray,
  type Storage,
  saveSync,
} from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";

type Form = (storage: Storage, options: OpenOptions, rows: Iterable<unknown>) => Promise<number>;

const FORMS: [string, Form][] = [
  [
    "an iterable",
    async (storage, options, rows) => {
      await using npaa = await NpyAppendArray.open(storage, options);
      return await npaa.appendFrom(rows as Iterable<number>, { each: "row" });
    },
  ],
  [
    "an asynchronous generator",
    async (storage, options, rows) => {
      await using npaa = await NpyAppendArray.open(storage, options);
      return await npaa.appendFrom(later(rows), { each: "row" });
    },
  ],
  [
    "synchronously",
    async (storage, options, rows) => {
      using npaa = NpyAppendArray.openSync(storage, options);
      return npaa.appendFrom(rows as Iterable<number>, { each: "row" });
    },
  ],
  [
    "a stream",
    async (storage, options, rows) => {
      await using npaa = await NpyAppendArray.open(storage, options);
      const before = npaa.length;
      await ReadableStream.from(later(rows)).pipeTo(npaa.writable({ each: "row" }));
      return npaa.length - before;
    },
  ],
];

async function* later(rows: Iterable<unknown>): AsyncGenerator<object> {
  yield* rows as Iterable<object>;
}

describe.each(FORMS)("%s", (_, appendFrom) => {
  const threes: OpenOptions = { dtype: "float32", rowShape: [3] };

  test.each<[string, OpenOptions, unknown[], number[], unknown[]]>([
    ["numbers", { dtype: "int16", rowShape: [] }, [1, 2, 3], [3], [1, 2, 3]],
    ["numbers, in a new file", {}, [1, 2.5, 3], [3], [1, 2.5, 3]],
    ["texts, in a new file as long as the longest", {}, ["a", "bcd", ""], [3], ["a", "bcd", ""]],
    ["lists of texts", {}, [["a"], ["bcd"]], [2, 1], ["a", "bcd"]],
    ["lists", threes, [[1, 2, 3], [4, 5, 6]], [2, 3], [1, 2, 3, 4, 5, 6]], // biome-ignore format: one line
    ["typed arrays, of several types", threes, [Float32Array.of(1, 2, 3), Float64Array.of(4, 5, 6), Int8Array.of(7, 8, 9)], [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]], // biome-ignore format: one line
    ["typed arrays, in a new file", {}, [Int8Array.of(1, 2), Int8Array.of(3, 4)], [2, 2], [1, 2, 3, 4]],
    ["images", { dtype: "uint8" }, [{ data: Uint8Array.of(1, 2, 3), width: 1, height: 1 }], [1, 1, 1, 3], [1, 2, 3]],
    ["no rows", { dtype: "uint8", rowShape: [2] }, [], [0, 2], []],
    ["rows of Fortran order", { ...threes, fortranOrder: true }, [[1, 2, 3], Float32Array.of(4, 5, 6)], [3, 2], [1, 2, 3, 4, 5, 6]], // biome-ignore format: one line
    ["matrices of Fortran order", { dtype: "int8", fortranOrder: true }, [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]], [2, 3, 2], [1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]], // biome-ignore format: one line
    ["texts of Fortran order", { dtype: "U1", rowShape: [2, 2], fortranOrder: true }, [[["a", "b"], ["c", "d"]]], [2, 2, 1], ["a", "c", "b", "d"]], // biome-ignore format: one line
  ])("%s", async (_, options, rows, shape, values) => {
    const storage = new MemoryStorage();
    expect(await appendFrom(storage, options, rows)).toBe(rows.length);
    const array = await load(storage);
    expect(array.shape).toEqual(shape);
    expect(Array.from(array.data as ArrayLike<unknown>)).toEqual(values);
  });

  test("records", async () => {
    const storage = new MemoryStorage();
    const dtype = { t: "float64", name: "U3", pos: ["int8", [2]] } as const;
    const rows = Array.from({ length: 2500 }, (_, i) => ({ t: i / 2, name: `${i % 100}`, pos: [i % 7, 1] }));
    expect(await appendFrom(storage, { dtype }, rows)).toBe(2500);
    const { data } = await load(storage);
    expect((data as RecordArray).at(2499)).toEqual({ t: 1249.5, name: "99", pos: Int8Array.of(0, 1) });
  });

  test("the same as one append of the list", async () => {
    const number = fc.integer({ min: -128, max: 127 });
    const anyRows = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }).chain((shape) =>
      fc.array(
        shape.reduce<fc.Arbitrary<unknown>>((item, size) => fc.array(item, { minLength: size, maxLength: size }), number),
        { minLength: 1, maxLength: 20 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(anyRows, fc.constantFrom("int8", ">f4", "float64"), async (rows, dtype) => {
        const [storage, expected] = [new MemoryStorage(), new MemoryStorage()];
        const npaa = NpyAppendArray.openSync(expected, { dtype });
        npaa.append(rows as number[]);
        npaa.close();
        expect(await appendFrom(storage, { dtype }, rows)).toBe(rows.length);
        expect(storage.bytes()).toEqual(expected.bytes());
      }),
      { numRuns: runs(100) },
    );
  });

  test("a source may use the same memory for every row", async () => {
    function* rows() {
      const row = new Float32Array(3);
      for (let i = 0; i < 50; i++) yield row.fill(i);
    }
    const storage = new MemoryStorage();
    await appendFrom(storage, threes, rows());
    expect((await load(storage)).data).toEqual(Float32Array.from({ length: 150 }, (_, i) => Math.floor(i / 3)));
    function* large() {
      const row = new Float64Array(9000);
      for (let i = 0; i < 5; i++) yield row.fill(i);
    }
    const matrix = new MemoryStorage();
    await appendFrom(matrix, {}, large());
    expect((await load(matrix)).data).toEqual(Float64Array.from({ length: 45_000 }, (_, i) => Math.floor(i / 9000)));
  });

  test("a source may use the same record for every row, and what it holds", async () => {
    function* records() {
      const record = { id: 0, pos: new Float32Array(2), tags: ["", ""] };
      for (let i = 0; i < 5; i++) {
        record.id = i;
        record.pos.fill(i);
        record.tags[0] = `${i}`;
        yield record;
      }
    }
    const storage = new MemoryStorage();
    await appendFrom(storage, { dtype: { id: "int8", pos: ["float32", [2]], tags: ["U1", [2]] } }, records());
    const { data } = await load(storage);
    expect([...(data as RecordArray)]).toEqual(
      [0, 1, 2, 3, 4].map((id) => ({ id, pos: Float32Array.of(id, id), tags: [`${id}`, ""] })),
    );
  });

  test("texts that no string can hold are copied as they were read", async () => {
    const units = Uint32Array.of(0xd83d, 0xde00, 0x110000, 0);
    const source = new MemoryStorage();
    saveSync(source, { data: units.buffer, shape: [2], dtype: { name: "U2" } });
    const storage = new MemoryStorage();
    await appendFrom(storage, { dtype: { name: "U2" } }, loadSync(source).data as RecordArray);
    expect(storage.bytes()).toEqual(source.bytes());
  });

  test.each<[string, OpenOptions, unknown[], object]>([
    ["a value", { dtype: "int8", rowShape: [2] }, [[1, 2], [3, 300]], { code: "ERR_NPY_VALUE", index: [1, 1] }], // biome-ignore format: one line
    ["a shape", { dtype: "int8", rowShape: [2] }, [[1, 2], [3]], { code: "ERR_NPY_SHAPE", index: [1], row: 1 }], // biome-ignore format: one line
    ["a ragged row", { dtype: "int8", rowShape: [2, 1] }, [[[1], [2]], [[3], 4]], { code: "ERR_NPY_SHAPE", index: [1, 1] }], // biome-ignore format: one line
    ["two rows", { dtype: "int8", rowShape: [2] }, [[1, 2], new Int8Array(4)], { code: "ERR_NPY_SHAPE", message: expect.stringContaining("A row has shape (2): found 4 elements, which are 2 rows.") }], // biome-ignore format: one line
    ["a row of Fortran order", { dtype: "int8", rowShape: [2], fortranOrder: true }, [[1, 2], [3, 300]], { code: "ERR_NPY_VALUE", index: [1, 1], row: 1 }], // biome-ignore format: one line
    ["a record among many", { dtype: { a: "int8" }, rowShape: [] }, [{ a: 1 }, { a: "x" }, { a: 2 }], { code: "ERR_NPY_VALUE", index: [1], field: "a", row: 1 }], // biome-ignore format: one line
    ["a field", { dtype: { a: "int8" }, rowShape: [] }, [{ a: 1 }, { b: 1 }], { code: "ERR_NPY_VALUE", index: [1] }],
    ["what is no array", { dtype: "int8", rowShape: [] }, [1, new Set([2])], { code: "ERR_NPY_VALUE", index: [1] }],
  ])("%s that is refused is told by its row, and those before it stay", async (_, options, rows, error) => {
    const storage = new MemoryStorage();
    await expect(appendFrom(storage, options, rows)).rejects.toMatchObject(error);
    const { shape, fortranOrder } = await load(storage);
    expect(shape.at(fortranOrder ? -1 : 0)).toBe(1);
    expect(loadSync(storage).data).toHaveLength(options.rowShape?.length === 0 ? 1 : 2);
  });

  test("rows before the source fails stay", async () => {
    const storage = new MemoryStorage();
    function* failing() {
      yield [1, 2, 3];
      yield [4, 5, 6];
      throw new Error("source");
    }
    await expect(appendFrom(storage, threes, failing())).rejects.toThrow("source");
    expect((await load(storage)).shape).toEqual([2, 3]);
  });

  test("many rows are written together", async () => {
    const storage = new FaultyStorage();
    expect(
      await appendFrom(
        storage,
        { dtype: "float64", rowShape: [2] },
        Array.from({ length: 40_000 }, (_, i) => [i, -i]),
      ),
    ).toBe(40_000);
    expect(storage.steps.length).toBeLessThan(60);
    const { data } = await load(storage, { dtype: "float64" });
    expect(data.every((value, i) => value === (i % 2 === 0 ? i / 2 : -(i - 1) / 2))).toBe(true);
  });

  test("a write that fails is the error, and leaves whole rows", async () => {
    const storage = new FaultyStorage();
    const rows = Array.from({ length: 50_000 }, (_, i) => [i, -i]);
    function* source() {
      for (let i = 0; i < rows.length; i++) {
        if (i === 30_000) storage.failNextWrite({ after: 100 });
        yield rows[i];
      }
    }
    await expect(appendFrom(storage, { dtype: "float64", rowShape: [2] }, source())).rejects.toThrow("ENOSPC");
    const { data, shape } = await load(storage, { dtype: "float64" });
    expect(shape[0]).toBeGreaterThan(0);
    expect(shape[0]).toBeLessThan(50_000);
    expect(data[2]).toBe(1);
  });
});

test("rows of a slow source do not wait for more of them", async () => {
  const storage = new MemoryStorage();
  await using npaa = await NpyAppendArray.open(storage);
  const seen: number[] = [];
  async function* slow() {
    for (const row of ["a", "b", "c"]) {
      yield row;
      while (npaa.length <= seen.length) await wait(1);
      seen.push(npaa.length);
    }
  }
  expect(await npaa.appendFrom(slow(), { each: "row" })).toBe(3);
  expect(seen).toEqual([1, 2, 3]);
});

test("an abort ends the wait for a row; those before it stay", async () => {
  await using npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float64", rowShape: [] });
  const abort = new AbortController();
  async function* hanging() {
    yield 1;
    yield 2;
    setTimeout(() => abort.abort(new Error("enough")));
    await new Promise(() => undefined);
  }
  await expect(npaa.appendFrom(hanging(), { each: "row", signal: abort.signal })).rejects.toThrow("enough");
  expect(npaa.length).toBe(2);
});

test("a write that fails ends the wait for a row", async () => {
  const storage = new FaultyStorage();
  await using npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [] });
  async function* hanging() {
    yield 1;
    storage.failNextWrite({ after: 0 });
    yield 2;
    await new Promise(() => undefined);
  }
  await expect(npaa.appendFrom(hanging(), { each: "row" })).rejects.toThrow("ENOSPC");
  expect(npaa.length).toBe(1);
  await npaa.append([3]);
  expect(npaa.length).toBe(2);
});

test("other calls take effect in their order", async () => {
  function* source(append: (row: number) => void) {
    for (let i = 0; i < 6; i += 2) {
      yield i;
      append(i + 1);
    }
  }
  const storage = new MemoryStorage();
  const sync = NpyAppendArray.openSync(storage, { dtype: "int8", rowShape: [] });
  expect(
    sync.appendFrom(
      source((row) => sync.append([row])),
      { each: "row" },
    ),
  ).toBe(3);
  sync.close();
  expect(loadSync(storage).data).toEqual(Int8Array.of(0, 1, 2, 3, 4, 5));
  const other = new MemoryStorage();
  const npaa = await NpyAppendArray.open(other, { dtype: "int8", rowShape: [] });
  expect(
    await npaa.appendFrom(
      source((row) => void npaa.append([row])),
      { each: "row" },
    ),
  ).toBe(3);
  await npaa.close();
  expect(loadSync(other).data).toEqual(Int8Array.of(0, 1, 2, 3, 4, 5));
});

test("a file that is closed meanwhile has the rows so far", async () => {
  const storage = new MemoryStorage();
  const sync = NpyAppendArray.openSync(storage, { dtype: "int8", rowShape: [] });
  function* closing(close: () => void) {
    yield 1;
    yield 2;
    close();
    yield 3;
  }
  expect(() =>
    sync.appendFrom(
      closing(() => sync.close()),
      { each: "row" },
    ),
  ).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  expect(loadSync(storage).shape).toEqual([2]);
  const other = new MemoryStorage();
  const npaa = await NpyAppendArray.open(other, { dtype: "int8", rowShape: [] });
  await expect(
    npaa.appendFrom(
      closing(() => void npaa.close()),
      { each: "row" },
    ),
  ).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  expect(loadSync(other).shape).toEqual([2]);
});

test("bytes of a stream are refused as rows of wider elements", async () => {
  await using npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float32", rowShape: [3] });
  const stream = ReadableStream.from([new Uint8Array(3)]);
  await expect(npaa.appendFrom(stream, { each: "row" })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
  expect(await npaa.appendFrom([new Uint8Array(3)], { each: "row" })).toBe(1);
});

test("options that exclude each other", async () => {
  await using npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float32", rowShape: [3] });
  using sync = NpyAppendArray.openSync(new MemoryStorage(), { dtype: "float32", rowShape: [3] });
  for (const options of [{ raw: true, each: "row" }, { each: "line" }] as never[]) {
    await expect(npaa.appendFrom([], options)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(() => npaa.writable(options)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    expect(() => sync.appendFrom([], options)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  }
});
