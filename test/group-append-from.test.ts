/** Rows of a group, from iterables. */
import { type RecordBatch, Table, tableFromArrays } from "apache-arrow";
import { describe, expect, test } from "vitest";
import { MemoryFolder, NpyAppendGroup, NpyGroupReader, NpyReader, saveSync } from "../src/node.ts";
import { FaultyFolder, folderOf } from "./support/faulty-folder.ts";
import { ARRAYS, readable, rows } from "./support/groups.ts";

type Source = AsyncIterable<unknown> | Iterable<unknown>;
type Each = { readonly each?: "row" };

/** Appends a source to a folder; gives the number of rows. */
const FORMS: [string, (folder: MemoryFolder, source: Source, options?: Each) => Promise<number>][] = [
  [
    "async",
    async (folder, source, options) => {
      await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
      return await group.appendFrom(source as Iterable<never>, options as never);
    },
  ],
  [
    "sync",
    async (folder, source, options) => {
      using group = NpyAppendGroup.openSync(folder, { arrays: ARRAYS });
      return group.appendFrom(source as Iterable<never>, options as never);
    },
  ],
];

describe.each(FORMS)("%s", (_, appendFrom) => {
  test("columns, lists of objects, and no rows", async () => {
    const folder = new MemoryFolder();
    const columns = { id: [3], text: ["3"], vec: [[3, 3.5]], tokens: [[300]] };
    expect(await appendFrom(folder, [rows(0, 3), columns, [], rows(4, 6)])).toBe(6);
    expect(readable(folder)).toEqual([...rows(0, 3), { id: 3, text: "3", vec: [3, 3.5], tokens: [300] }, ...rows(4, 6)]);
  });

  test("rows one by one, which use one memory", async () => {
    const folder = new MemoryFolder();
    const vec = new Float32Array(2);
    const expected = rows(0, 5000);
    function* each() {
      for (const row of expected) {
        vec.set(row.vec);
        yield { ...row, vec };
      }
    }
    expect(await appendFrom(folder, each(), { each: "row" })).toBe(5000);
    expect(readable(folder)).toEqual(expected);
  });

  test("the inputs before a wrong one are appended, nothing of it is, and the source is told to stop", async () => {
    const folder = new MemoryFolder();
    let isStopped = false;
    function* inputs() {
      try {
        yield rows(0, 2);
        yield { ...columnsOf(2), text: [1] };
      } finally {
        isStopped = true;
      }
    }
    await expect(appendFrom(folder, inputs())).rejects.toThrow(
      expect.objectContaining({ code: "ERR_NPY_VALUE", field: "text", row: 0 }),
    );
    expect(isStopped).toBe(true);
    expect(readable(folder)).toEqual(rows(0, 2));
  });

  test("the rows before a wrong one are appended, and the error tells its number", async () => {
    const folder = new MemoryFolder();
    const wrong = { id: 7, text: "7", vec: [7, "seven"], tokens: [] };
    await expect(appendFrom(folder, [...rows(0, 7), wrong, ...rows(8, 9)], { each: "row" })).rejects.toThrow(
      expect.objectContaining({ field: "vec", row: 7, index: [7, 1] }),
    );
    expect(readable(folder)).toEqual(rows(0, 7));
  });

  test("what a reader of groups reads, chunk by chunk", async () => {
    const from = new MemoryFolder();
    const folder = new MemoryFolder();
    await appendFrom(from, [rows(0, 9)]);
    using reader = NpyGroupReader.openSync(from, { arrays: ARRAYS });
    expect(await appendFrom(folder, reader.chunks({ rows: 4 }))).toBe(9);
    expect(readable(folder)).toEqual(rows(0, 9));
  });

  test("wrong sources and options say what to pass", async () => {
    const folder = new MemoryFolder();
    const from = new MemoryFolder();
    await appendFrom(from, [rows(0, 1)]);
    const array = from.file("x.npy");
    saveSync(array, [1]);
    using group = NpyGroupReader.openSync(from, { arrays: ARRAYS });
    using reader = NpyReader.openSync(array);
    const table = tableFromArrays({ id: [1] });
    const refused: [unknown, object, string][] = [
      [5, {}, "what can be iterated"],
      [reader, {}, "a reader has the rows of one array"],
      [group, {}, "appendFrom(reader.chunks())"],
      [table, {}, "pass it to append"],
      [[], { raw: true }, "open that file with NpyAppendArray"],
      [[], { each: "rows" }, "each"],
    ];
    for (const [source, options, text] of refused) {
      await expect(appendFrom(folder, source as Iterable<unknown>, options)).rejects.toThrow(
        expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringContaining(text) }),
      );
    }
    const single = { id: 1, text: "a", vec: [1, 2], tokens: [] };
    await expect(appendFrom(folder, [single])).rejects.toThrow('If each item is one row, pass { each: "row" }.');
    expect(readable(folder)).toEqual([]);
  });
});

/** Rows as columns. */
function columnsOf(id: number) {
  return { id: [id], text: [String(id)], vec: [[id, id + 0.5]], tokens: [[]] };
}

test("the batches of a table of Arrow, and a stream of them", async () => {
  const folder = new MemoryFolder();
  const table = tableFromArrays({ id: Int32Array.of(1, 2, 3), x: Float64Array.of(0.5, 1.5, 2.5) });
  const [batch] = table.batches as [RecordBatch];
  const arrays = { id: { dtype: "int32" }, x: { dtype: "float64" } } as const;
  await using group = await NpyAppendGroup.open(folder, { arrays });
  expect(await group.appendFrom([batch.slice(0, 2), new Table(batch.slice(2))])).toBe(3);
  expect(await group.appendFrom(ReadableStream.from([batch]))).toBe(3);
  using reader = NpyGroupReader.openSync(folder, { arrays });
  const { id, x } = reader.read();
  expect([id.data, x.data]).toEqual([Int32Array.of(1, 2, 3, 1, 2, 3), Float64Array.of(0.5, 1.5, 2.5, 0.5, 1.5, 2.5)]);
});

test("a signal stops a source that is waited for; what was appended before stays", async () => {
  const folder = new MemoryFolder();
  await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
  for (const each of ["array", "row"] as const) {
    const before = group.length;
    const controller = new AbortController();
    async function* source() {
      yield each === "row" ? rows(0, 1)[0] : rows(0, 1);
      controller.abort(new Error("enough"));
      await new Promise(() => undefined);
    }
    const options = { signal: controller.signal, each } as never;
    await expect(group.appendFrom(source() as AsyncIterable<never>, options)).rejects.toThrow("enough");
    expect(group.length).toBe(before + 1);
  }
});

test("rows that a source yields before it pauses are in the files while it pauses", async () => {
  const folder = new MemoryFolder();
  await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
  async function* source() {
    yield* rows(0, 3);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(readable(folder)).toEqual(rows(0, 3));
    yield* rows(3, 4);
  }
  expect(await group.appendFrom(source(), { each: "row" })).toBe(4);
});

test("rows gathered synchronously come before what the source appends itself", () => {
  const folder = new MemoryFolder();
  using group = NpyAppendGroup.openSync(folder, { arrays: ARRAYS });
  function* source() {
    yield* rows(0, 3);
    group.append(rows(3, 4));
    yield* rows(4, 6);
    group.truncate(5);
  }
  expect(group.appendFrom(source(), { each: "row" })).toBe(5);
  expect(readable(folder)).toEqual(rows(0, 5));
});

test("closing the group while its source is waited for refuses the next input", async () => {
  const folder = new MemoryFolder();
  const group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
  async function* source() {
    yield rows(0, 1);
    void group.close();
    yield rows(1, 2);
  }
  await expect(group.appendFrom(source())).rejects.toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  expect(readable(folder)).toEqual(rows(0, 1));
});

test("an input that cannot be written is in no file, and those before it are in all", async () => {
  const folder = new FaultyFolder(new Map());
  const group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
  async function* inputs() {
    yield rows(0, 2);
    // The source is asked for more while these rows are being written.
    await group.sync();
    // Of the next append, the third write fails.
    folder.failAt(folder.steps.length + 2);
    yield rows(2, 4);
    yield rows(4, 6);
  }
  await expect(group.appendFrom(inputs())).rejects.toThrow("ENOSPC");
  expect(folder.errors).toHaveLength(1);
  expect(group.length).toBe(2);
  await group.close();
  expect(readable(folderOf(folder.files()))).toEqual(rows(0, 2));
});
