/** Arrays that grow in step. */
import { readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { columnFromArray, columnFromValues, int32, list, tableFromColumns, utf8 } from "@uwdata/flechette";
import { Field, Int32, LargeUtf8, List, makeData, makeVector, Table, tableFromArrays, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  loadSync,
  MemoryFolder,
  NpyAppendArray,
  NpyAppendGroup,
  type NpyArray,
  NpyGroupReader,
  type RaggedArray,
  recover,
  recoverSync,
  saveSync,
} from "../src/node.ts";
import { rushClock } from "./support/clock.ts";
import { runs } from "./support/effort.ts";
import { ARRAYS, mended, type Row, readable, rows, rowsOf } from "./support/groups.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** A group that holds the first rows. */
function groupOf(count: number, folder: MemoryFolder | string = new MemoryFolder()): MemoryFolder {
  using group = NpyAppendGroup.openSync(folder, { arrays: ARRAYS });
  group.append(rows(0, count));
  return folder as MemoryFolder;
}

function bytesOf(folder: MemoryFolder): Map<string, Uint8Array | undefined> {
  return new Map(folder.listSync().map((name) => [name, folder.file(name).bytes()]));
}

const idAndX = { id: { dtype: "int32" }, x: { dtype: "float64", rowShape: [2] } } as const;

describe("appending", () => {
  test("each file is what numpy.save would have written for its array", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, { arrays: { ...idAndX, text: { dtype: "utf8" } } });
    await group.append({ id: [1, 2], x: new Float64Array([1, 2, 3, 4]), text: ["a", "é"] });
    await group.append([{ id: 3, x: [5, 6], text: "" }]);
    expect(group.length).toBe(3);
    expect(folder.listSync().toSorted()).toEqual(["id.npy", "text.offsets.npy", "text.values.npy", "x.npy"]);
    const saved = new MemoryFolder();
    saveSync(saved.file("id.npy"), Int32Array.of(1, 2, 3));
    saveSync(saved.file("x.npy"), { data: Float64Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] });
    saveSync(saved.file("text.values.npy"), Uint8Array.of(0x61, 0xc3, 0xa9));
    saveSync(saved.file("text.offsets.npy"), BigInt64Array.of(0n, 1n, 3n, 3n));
    for (const [name, bytes] of bytesOf(saved)) expect(folder.file(name).bytes(), name).toEqual(bytes);
  });

  test("appends of one turn are written together, in the order of their calls", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
    await Promise.all([group.append(rows(0, 2)), group.append(rows(2, 3)), group.append([]), group.append(rows(3, 9))]);
    expect(readable(folder)).toEqual(rows(0, 9));
  });

  test("a wrong array changes nothing, and the error names it", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS });
    await group.append(rows(0, 2));
    const before = bytesOf(folder);
    const good = { id: [2], text: ["c"], vec: [[1, 2]], tokens: [[1]] };
    for (const [input, error] of [
      [
        { ...good, vec: [[1, 2, 3]] },
        { code: "ERR_NPY_SHAPE", field: "vec" },
      ],
      [
        { ...good, id: [1.5] },
        { code: "ERR_NPY_VALUE", field: "id", index: [0] },
      ],
      [
        { ...good, tokens: [[1, 2.5]] },
        { code: "ERR_NPY_VALUE", field: "tokens", row: 0, index: [0, 1] },
      ],
      [
        { ...good, tokens: [5] },
        { code: "ERR_NPY_VALUE", field: "tokens", row: 0 },
      ],
      [
        { ...good, tokens: Int32Array.of(5) },
        { code: "ERR_NPY_VALUE", field: "tokens" },
      ],
      [
        { ...good, text: ["\ud800"] },
        { code: "ERR_NPY_VALUE", field: "text", row: 0 },
      ],
      [
        { ...good, text: [null] },
        { code: "ERR_NPY_VALUE", field: "text", row: 0 },
      ],
      [
        { ...good, text: ["c", "d"] },
        { code: "ERR_NPY_SHAPE", field: "text" },
      ],
      [
        { ...good, txet: ["c"] },
        { code: "ERR_NPY_VALUE", message: expect.stringContaining('did you mean "text"?') },
      ],
      [
        { id: [2], vec: [[1, 2]], text: ["c"] },
        { code: "ERR_NPY_VALUE", field: "tokens" },
      ],
      [[{ id: 2, vec: [1, 2], text: "c", tokens: [] }, 7], { code: "ERR_NPY_VALUE", row: 1 }],
      ["abc", { code: "ERR_NPY_VALUE" }],
    ] as const) {
      await expect(group.append(input as never), JSON.stringify(input)).rejects.toMatchObject(error);
      expect(bytesOf(folder)).toEqual(before);
    }
    await group.append(good);
    expect(group.length).toBe(3);
  });

  test("large rows, and rows that are cast and in the other byte order", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, {
      arrays: { big: { dtype: ">f4", rowShape: [30_000] }, lists: { dtype: "float16", ragged: true } },
    });
    const big = Float32Array.from({ length: 60_000 }, (_, i) => i);
    const long = Float64Array.from({ length: 100_000 }, (_, i) => i % 1000);
    await group.append({ big, lists: [long, [1.5]] });
    await using reader = await NpyGroupReader.open(folder);
    const read = await reader.read();
    expect((read["big"] as NpyArray).data).toEqual(big);
    expect((read["lists"] as RaggedArray).at(0)).toEqual(Float32Array.from(long));
    expect((read["lists"] as RaggedArray).at(-1)).toEqual(Float32Array.of(1.5));
  });

  test("tables and columns of Apache Arrow and flechette", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, {
      arrays: { id: { dtype: "int32" }, text: { dtype: "utf8" }, tokens: { dtype: "int32", ragged: true } },
    });
    const lists = new List(new Field("item", new Int32()));
    const table = new Table({
      id: vectorFromArray([1, 2, 3], new Int32()),
      text: vectorFromArray(["a", "", "é"], new Utf8()),
      tokens: vectorFromArray([[1, 2], [], [3]], lists),
    });
    await group.append(table);
    await group.append(table.slice(1, 3));
    await group.append(
      tableFromColumns({
        id: columnFromArray(Int32Array.of(4, 5)),
        text: columnFromValues(["x", "yz"], utf8()),
        tokens: columnFromValues([[7], [8, 9]], list(int32())),
      } as never) as never,
    );
    await group.append({ id: [6], text: vectorFromArray(["w"], new LargeUtf8()), tokens: [[]] });
    await group.append({ id: [7], text: tableFromArrays({ t: ["v"] }).getChildAt(0) as never, tokens: [[]] });
    const { id, text, tokens } = await NpyGroupReader.open(folder).then((reader) => reader.read());
    expect((id as NpyArray).data).toEqual(Int32Array.of(1, 2, 3, 2, 3, 4, 5, 6, 7));
    expect([...(text as RaggedArray)]).toEqual(["a", "", "é", "", "é", "x", "yz", "w", "v"]);
    expect(Array.from(tokens as RaggedArray, (row) => Array.from(row as Int32Array))).toEqual(
      [[1, 2], [], [3], [], [3], [7], [8, 9], [], []], // biome-ignore format: one row
    );
    await expect(
      group.append({ id: [1, 2], text: vectorFromArray(["a", null], new Utf8()), tokens: [[], []] }),
    ).rejects.toMatchObject({ code: "ERR_NPY_VALUE", field: "text", row: 1 });
    // And back, without a copy.
    const ragged = text as RaggedArray;
    const { values, offsets, length } = ragged;
    const data = makeData({
      type: new Utf8(),
      length,
      nullCount: 0,
      valueOffsets: offsets as Int32Array,
      data: values as Uint8Array,
    });
    expect(makeVector(data).toArray()).toEqual([...ragged]);
    expect(data.values.buffer).toBe((values as Uint8Array).buffer);
    const child = makeData({ type: new Int32(), data: (tokens as RaggedArray).values as Int32Array });
    const valueOffsets = (tokens as RaggedArray).offsets as Int32Array;
    const vector = makeVector(makeData({ type: lists, length, nullCount: 0, valueOffsets, child }));
    expect(Array.from(vector.get(6) ?? [])).toEqual([8, 9]);
  });

  test("what reading gives is appended again", async () => {
    const folder = groupOf(9);
    const copy = new MemoryFolder();
    await using reader = await NpyGroupReader.open(folder);
    await using group = await NpyAppendGroup.open(copy, { arrays: ARRAYS });
    for await (const chunk of reader.chunks({ rows: 2 })) await group.append(chunk);
    const { id, text, vec, tokens } = await reader.read(3, 7);
    await group.append({
      id: (id as NpyArray<"int16">).data.slice(1),
      text: (text as RaggedArray).slice(1),
      vec: { ...(vec as NpyArray<"float32">), data: (vec as NpyArray<"float32">).data.slice(2), shape: [3, 2] },
      tokens: (tokens as RaggedArray).slice(-3),
    });
    expect(readable(copy)).toEqual([...rows(0, 9), ...rows(4, 7)]);
  });

  test("set replaces rows of some arrays, and refuses ragged ones", async () => {
    const folder = groupOf(4);
    await using group = await NpyAppendGroup.open(folder);
    await group.set(-2, { id: [70, 80], vec: [[1, 1], [2, 2]] }); // biome-ignore format: one row
    expect(readable(folder).map(({ id, vec }) => [id, ...vec])).toEqual([[0, 0, 0.5], [1, 1, 1.5], [70, 1, 1], [80, 2, 2]]); // biome-ignore format: one row
    await expect(group.set(0, { text: ["x"] })).rejects.toMatchObject({ code: "ERR_NPY_OPTION", field: "text" });
    await expect(group.set(0, { id: [1], vec: [[1, 1], [2, 2]] })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" }); // biome-ignore format: one row
    await expect(group.set(4, { id: [1] })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
  });

  test("truncate keeps the first rows of every array", async () => {
    const folder = groupOf(9);
    await using group = await NpyAppendGroup.open(folder);
    await group.truncate(4);
    expect(mendedAfter(await group.close(), folder)).toEqual(rows(0, 4));
    await using again = await NpyAppendGroup.open(folder);
    await expect(again.truncate(5)).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await again.truncate(0);
    await again.append(rows(0, 3));
    expect(readable(folder)).toEqual(rows(0, 3));
  });

  test("after close every call but close is refused", async () => {
    const group = await NpyAppendGroup.open(new MemoryFolder(), { arrays: idAndX });
    await group.close();
    await group.close();
    for (const call of [() => group.append([]), () => group.sync(), () => group.truncate(0), () => group.set(0, { id: [1] })]) {
      await expect(call()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    }
  });

  test("one writer a folder, and one a file", async () => {
    const directory = join(temporaryDirectory(), "group");
    await using group = await NpyAppendGroup.open(directory, { arrays: idAndX });
    await expect(NpyAppendGroup.open(directory)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await expect(NpyAppendArray.open(join(directory, "x.npy"))).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    await expect(recover(directory)).rejects.toMatchObject({ code: "ERR_NPY_LOCKED" });
    const waiting = NpyAppendGroup.open(directory, { lock: { wait: 10_000 } });
    await group.append([{ id: 1, x: [1, 2] }]);
    await group.close();
    await using next = await waiting;
    expect(next.length).toBe(1);
  });

  test("another program that writes to a file is noticed, and no array gets rows", async () => {
    const directory = join(temporaryDirectory(), "group");
    const group = await NpyAppendGroup.open(directory, { arrays: idAndX, lock: false });
    await group.append([{ id: 1, x: [1, 2] }]);
    truncateSync(join(directory, "x.npy"), 100);
    rushClock();
    await expect(group.append([{ id: 2, x: [1, 2] }])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(loadSync(join(directory, "id.npy")).shape).toEqual([1]);
    await expect(group.append([{ id: 2, x: [1, 2] }])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await expect(group.close()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  });
});

function mendedAfter(_closed: unknown, folder: MemoryFolder): Row[] {
  return mended(folder);
}

describe("opening", () => {
  test.each([
    [{ arrays: {} }, "at least one array"],
    [{ arrays: ["id"] }, "must be an object"],
    [{ arrays: { id: "int64" } }, "must say what its rows are"],
    [{ arrays: { "a/b": { dtype: "int64" } } }, "without / and"],
    [{ arrays: { "00000001": { dtype: "int64" } } }, "shards"],
    [{ arrays: { "a.values": { dtype: "int64" } } }, "ragged arrays end"],
    [{ arrays: { a: { dtype: "utf8", ragged: false } } }, "always ragged"],
    [{ arrays: { a: { dtype: "int8", ragged: true, rowShape: [2] } } }, "no rowShape"],
    [{ arrays: idAndX, mmap: true }, "mmap: true is for one file"],
    [{ arrays: idAndX, rewriteHeaderOnAppend: false }, "no option"],
    [{ arrays: idAndX, onNeedsRecovery: "zerofill" }, "onNeedsRecovery must be"],
    [{}, "no arrays of a group"],
  ])("refuses %j", async (options, message) => {
    const folder = new MemoryFolder();
    await expect(NpyAppendGroup.open(folder, options as never)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining(message),
    });
    expect(folder.listSync()).toEqual([]);
  });

  test("without arrays, the folder says what they are; with them, other files are left alone", async () => {
    const folder = groupOf(3);
    saveSync(folder.file("00000000.npy"), [1, 2]);
    {
      await using group = await NpyAppendGroup.open(folder);
      expect(
        Object.entries(group.arrays).map(([name, { dtype, rowShape, ragged, text }]) => [
          name,
          dtype.name,
          rowShape,
          ragged,
          text,
        ]),
      ).toEqual([
        ["id", "int16", [], false, false],
        ["text", "uint8", [], true, true],
        ["tokens", "int32", [], true, false],
        ["vec", "float32", [2], false, false],
      ]);
    }
    saveSync(folder.file("stray.npy"), [1, 2]);
    const stray = folder.file("stray.npy").bytes();
    await expect(NpyAppendGroup.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS, onNeedsRecovery: "truncate" });
    await group.append(rows(3, 4));
    expect(readable(folder)).toEqual(rows(0, 4));
    expect(folder.file("stray.npy").bytes()).toEqual(stray);
  });

  test("files of another dtype or form than arrays says are refused", async () => {
    const folder = groupOf(3);
    const before = bytesOf(folder);
    for (const [arrays, error] of [
      [{ ...ARRAYS, id: { dtype: "int32" } }, { code: "ERR_NPY_DTYPE" }],
      [{ ...ARRAYS, vec: { dtype: "float32", rowShape: [3] } }, { code: "ERR_NPY_SHAPE" }],
      [{ ...ARRAYS, id: { dtype: "int16", ragged: true } }, { code: "ERR_NPY_OPTION" }],
      [{ ...ARRAYS, tokens: { dtype: "int32" } }, { code: "ERR_NPY_OPTION" }],
    ] as const) {
      await expect(NpyAppendGroup.open(folder, { arrays })).rejects.toMatchObject(error);
      expect(bytesOf(folder)).toEqual(before);
    }
  });

  test("a new array cannot join rows that are there", async () => {
    const folder = groupOf(3);
    await expect(NpyAppendGroup.open(folder, { arrays: { ...ARRAYS, more: { dtype: "int8" } } })).rejects.toMatchObject({
      code: "ERR_NPY_NEEDS_RECOVERY",
      message: expect.stringContaining("more.npy is missing"),
    });
    expect(folder.listSync()).not.toContain("more.npy");
  });
});

describe("files that do not belong together", () => {
  const damages: readonly (readonly [string, (folder: MemoryFolder) => void, number])[] = [
    ["shorter", (folder) => cut(folder, "vec.npy", 20), 4],
    ["without some offsets", (folder) => cut(folder, "text.offsets.npy", 17), 4],
    ["without some elements", (folder) => cut(folder, "tokens.values.npy", 4), 6],
    ["replaced by fewer rows", (folder) => saveSync(folder.file("id.npy"), Int16Array.of(0, 1, 2)), 3],
    ["replaced by more rows", (folder) => saveSync(folder.file("id.npy"), Int16Array.of(0, 1, 2, 3, 4, 5, 6, 7)), 7],
  ];

  test.each(damages)("%s: nothing is cut off until recover says so", async (_name, damage, kept) => {
    const folder = groupOf(7);
    damage(folder);
    const before = bytesOf(folder);
    await expect(NpyAppendGroup.open(folder, { arrays: ARRAYS })).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    const report = await recover(folder, { arrays: Object.keys(ARRAYS), dryRun: true });
    expect(report).toMatchObject({ needed: true, rowsAfter: kept });
    expect(bytesOf(folder)).toEqual(before);
    expect(await recover(folder, { arrays: ARRAYS })).toEqual(report);
    expect(mended(folder)).toEqual(rows(0, kept));
    expect(recoverSync(folder)).toMatchObject({ needed: false, rowsBefore: kept, rowsAfter: kept });
  });

  test.each(damages)("%s: onNeedsRecovery keeps the rows that all files hold", async (_name, damage, kept) => {
    const folder = groupOf(7);
    damage(folder);
    await using group = await NpyAppendGroup.open(folder, { arrays: ARRAYS, onNeedsRecovery: "truncate" });
    expect(group.recovered).toMatchObject({ needed: true, rowsAfter: kept });
    await group.append(rows(kept, 8));
    expect(readable(folder)).toEqual(rows(0, 8));
  });

  test("without names, a file that was shortened shortens the others, and one that is whole in itself does not", async () => {
    const folder = groupOf(7);
    cut(folder, "vec.npy", 20);
    expect(await recover(folder)).toMatchObject({ needed: true, rowsAfter: 4 });
    saveSync(folder.file("stray.npy"), [1]);
    const before = bytesOf(folder);
    await expect(recover(folder)).rejects.toMatchObject({
      code: "ERR_NPY_UNRECOVERABLE",
      message: expect.stringContaining("stray.npy is whole in itself"),
    });
    expect(bytesOf(folder)).toEqual(before);
  });

  test.each(["id.npy", "text.values.npy", "tokens.offsets.npy"])("%s is deleted: the others keep their rows", async (name) => {
    const directory = join(temporaryDirectory(), "group");
    groupOf(7, directory);
    rmSync(join(directory, name));
    const others = readdirSync(directory).map((other) => loadSync(join(directory, other)).shape[0]);
    for (const options of [{ arrays: ARRAYS }, { arrays: ARRAYS, onNeedsRecovery: "truncate" }] as const) {
      await expect(NpyAppendGroup.open(directory, options)).rejects.toMatchObject({
        code: "onNeedsRecovery" in options ? "ERR_NPY_UNRECOVERABLE" : "ERR_NPY_NEEDS_RECOVERY",
      });
    }
    await expect(recover(directory, { arrays: ARRAYS, allowEmpty: true })).rejects.toMatchObject({
      code: "ERR_NPY_UNRECOVERABLE",
    });
    await expect(NpyGroupReader.open(directory, { arrays: ARRAYS })).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    expect(readdirSync(directory).map((other) => loadSync(join(directory, other)).shape[0])).toEqual(others);
    writeFileSync(join(directory, name), "");
    await expect(NpyAppendGroup.open(directory, { arrays: ARRAYS })).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
  });

  test("a column without a row empties the others only with allowEmpty", async () => {
    const folder = groupOf(3);
    saveSync(folder.file("id.npy"), new Int16Array(0));
    await expect(recover(folder, { arrays: ARRAYS })).rejects.toMatchObject({ code: "ERR_NPY_UNRECOVERABLE" });
    expect(await recover(folder, { arrays: ARRAYS, allowEmpty: true })).toMatchObject({ rowsAfter: 0 });
    expect(mended(folder)).toEqual([]);
  });

  test("another array after the rows of a file is not taken for an interrupted append", async () => {
    const folder = groupOf(3);
    const second = new MemoryFolder();
    saveSync(second.file("id.npy"), Int16Array.of(1, 2));
    const file = folder.file("id.npy").openSync("r+");
    file.writeSync(second.file("id.npy").bytes() as Uint8Array, file.sizeSync());
    await expect(NpyAppendGroup.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_TRAILING" });
  });

  test("recover of a folder refuses what is for files", async () => {
    await expect(recover(groupOf(1), { force: true })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await expect(recover(groupOf(1), { zerofillIncomplete: true })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test("offsets that are none are refused", async () => {
    const folder = groupOf(3);
    saveSync(folder.file("text.offsets.npy"), BigInt64Array.of(1n, 1n, 2n, 3n));
    await expect(NpyAppendGroup.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_VALUE", field: "text" });
    saveSync(folder.file("text.offsets.npy"), Int32Array.of(0, 1, 2, 3));
    await expect(NpyAppendGroup.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_DTYPE", field: "text" });
    await expect(NpyGroupReader.open(folder)).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
    saveSync(folder.file("text.offsets.npy"), BigInt64Array.of(0n, 3n, 2n, 3n));
    await using reader = await NpyGroupReader.open(folder);
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_VALUE", field: "text", row: 1 });
  });
});

function cut(folder: MemoryFolder, name: string, bytes: number): void {
  const file = folder.file(name).openSync("r+");
  file.truncateSync(file.sizeSync() - bytes);
}

describe("reading", () => {
  test("slices, rows in any order and chunks, in both forms", async () => {
    const folder = groupOf(9);
    await using reader = await NpyGroupReader.open(folder);
    using twin = NpyGroupReader.openSync(folder);
    expect([reader.length, reader.needsRecovery, Object.keys(reader.arrays)]).toEqual([
      9,
      false,
      ["id", "text", "tokens", "vec"],
    ]);
    expect(reader.arrays["vec"]).toMatchObject({ dtype: { name: "float32" }, rowShape: [2], ragged: false, text: false });
    for (const [start, stop] of [
      [undefined, undefined],
      [2, 5],
      [-3, undefined],
      [5, 2],
      [0, 0],
      [4, 99],
    ] as const) {
      // biome-ignore format: one row
      const wanted = rows(0, 9).slice(start, stop === undefined ? undefined : Math.min(9, stop));
      expect(rowsOf(await reader.read(start, stop))).toEqual(wanted);
      expect(rowsOf(twin.read(start, stop))).toEqual(wanted);
    }
    const all = rows(0, 9);
    const taken = [3, -1, 0, 3].map((row) => all.at(row));
    expect(rowsOf(await reader.take([3, -1, 0, 3]))).toEqual(taken);
    expect(rowsOf(twin.take([3, -1, 0, 3]))).toEqual(taken);
    expect(rowsOf(await reader.take([]))).toEqual([]);
    await expect(reader.take([9])).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", row: 9 });
    const starts: unknown[] = [];
    const chunked: Row[] = [];
    for await (const chunk of reader.chunks({ rows: 4 })) {
      starts.push((chunk["id"] as unknown as { start: number }).start, (chunk["text"] as RaggedArray).start);
      chunked.push(...rowsOf(chunk));
    }
    expect(starts).toEqual([0, 0, 4, 4, 8, 8]);
    expect(chunked).toEqual(all);
    expect([...twin.chunks({ rows: 4 })].flatMap(rowsOf)).toEqual(all);
  });

  test("only some arrays, and bytes that are no texts", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, {
      arrays: { id: { dtype: "int8" }, blob: { dtype: "uint8", ragged: true } },
    });
    await group.append({ id: [1], blob: [Uint8Array.of(0xff, 0)] });
    await using reader = await NpyGroupReader.open(folder, { arrays: { blob: { dtype: "uint8", ragged: true } } });
    const { blob, ...others } = await reader.read();
    expect(others).toEqual({});
    expect(blob.at(0)).toEqual(Uint8Array.of(0xff, 0));
    await using named = await NpyGroupReader.open(folder, { arrays: ["id"] });
    expect(Object.keys(named.arrays)).toEqual(["id"]);
  });

  test("a RaggedArray gives rows, slices of them, and its parts", () => {
    using reader = NpyGroupReader.openSync(groupOf(9));
    const tokens = reader.read(1)["tokens"] as RaggedArray;
    const expected = rows(1, 9).map((row) => Int32Array.from(row.tokens));
    expect([...tokens]).toEqual(expected);
    expect([tokens.length, tokens.start, tokens.offsets[0]]).toEqual([8, 1, 0]);
    expect([tokens.at(-1), tokens.at(8), tokens.at(0.5)]).toEqual([expected.at(-1), undefined, undefined]);
    for (const [start, end] of [
      [2, 5],
      [-3, -1],
      [0, 99],
      [7, 2],
      [undefined, 3],
    ] as const) {
      // biome-ignore format: one row
      expect([...tokens.slice(start, end)]).toEqual(expected.slice(start, end));
    }
    expect(tokens.slice(2).start).toBe(3);
    expect((tokens.at(0) as Int32Array).buffer).toBe((tokens.values as Int32Array).buffer);
  });

  test("complex numbers and strings as elements", async () => {
    const folder = new MemoryFolder();
    await using group = await NpyAppendGroup.open(folder, {
      arrays: { z: { dtype: "complex64", ragged: true }, words: { dtype: "U3", ragged: true } },
    });
    await group.append({ z: [[{ re: 1, im: 2 }], [], Float32Array.of(3, 4, 5, 6)], words: [["ab", "c"], [], ["def"]] });
    await using reader = await NpyGroupReader.open(folder);
    const { z, words } = await reader.read(0);
    expect([...(z as RaggedArray)]).toEqual([Float32Array.of(1, 2), new Float32Array(0), Float32Array.of(3, 4, 5, 6)]);
    expect([...(words as RaggedArray)]).toEqual([["ab", "c"], [], ["def"]]);
    expect((z as RaggedArray).slice(1).at(1)).toEqual(Float32Array.of(3, 4, 5, 6));
  });

  test("refresh and follow see rows once every file counts them", async () => {
    const directory = join(temporaryDirectory(), "group");
    await using group = await NpyAppendGroup.open(directory, { arrays: ARRAYS });
    await using reader = await NpyGroupReader.open(directory);
    const seen: Row[] = [];
    const stop = new AbortController();
    const following = (async () => {
      for await (const chunk of reader.follow({ from: 0, rows: 3, signal: stop.signal })) {
        seen.push(...rowsOf(chunk));
        if (seen.length === 40) stop.abort();
      }
    })();
    for (let next = 0; next < 40; next += 5) {
      await group.append(rows(next, next + 5));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await following;
    expect(seen).toEqual(rows(0, 40));
    expect(reader.length).toBe(40);
  });

  test("closing a reader ends follow", async () => {
    const reader = await NpyGroupReader.open(groupOf(2));
    const following = (async () => {
      for await (const _ of reader.follow());
    })();
    await reader.close();
    await following;
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("an append between two headers: readers see the rows before it, say that the files disagree, and change nothing", async () => {
    const folder = groupOf(5);
    const before = bytesOf(folder);
    {
      await using group = await NpyAppendGroup.open(folder);
      await group.append(rows(5, 8));
    }
    // Of the last file the header is the old one.
    const file = folder.file("vec.npy").openSync("r+");
    file.writeSync((before.get("vec.npy") as Uint8Array).subarray(0, 128), 0);
    const interrupted = bytesOf(folder);
    await using reader = await NpyGroupReader.open(folder);
    expect([reader.length, reader.needsRecovery]).toEqual([5, true]);
    expect(rowsOf(await reader.read())).toEqual(rows(0, 5));
    expect(bytesOf(folder)).toEqual(interrupted);
    await using group = await NpyAppendGroup.open(folder);
    expect(group.recovered).toMatchObject({ needed: true, rowsBefore: 5, rowsAfter: 8, bytesDropped: 0 });
    await reader.refresh();
    expect([reader.length, reader.needsRecovery]).toEqual([8, false]);
  });
});

test("random histories hold the rows that a list holds", async () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constant("append" as const), counts: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }) }),
    fc.record({ kind: fc.constant("wrong" as const) }),
    fc.record({ kind: fc.constant("truncate" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant("set" as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constantFrom("reopen" as const, "sync" as const) }),
  );
  const open = (folder: MemoryFolder, isSync: boolean) =>
    isSync ? NpyAppendGroup.openSync(folder, { arrays: ARRAYS }) : NpyAppendGroup.open(folder, { arrays: ARRAYS });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(operation, { maxLength: 12 }), async (isSync, history) => {
      const folder = new MemoryFolder();
      let expected: Row[] = [];
      let next = 0;
      let group = await open(folder, isSync);
      for (const step of history) {
        if (step.kind === "append") {
          const appends: unknown[] = [];
          for (const count of step.counts) {
            const added = rows(next, next + count);
            next += count;
            expected = [...expected, ...added];
            appends.push(group.append(added));
          }
          await Promise.all(appends);
        } else if (step.kind === "wrong") {
          const wrong = [{ ...(rows(0, 1)[0] as Row), id: 1e9 }];
          await expect((async () => await group.append(wrong))()).rejects.toThrow();
        } else if (step.kind === "truncate") {
          expected = expected.slice(0, Math.floor(step.part * expected.length));
          await group.truncate(expected.length);
        } else if (step.kind === "set" && expected.length > 0) {
          const at = Math.floor(step.part * (expected.length - 1));
          await group.set(at, { id: [-1] });
          expected = expected.with(at, { ...(expected[at] as Row), id: -1 });
        } else if (step.kind === "sync") {
          await group.sync();
        } else if (step.kind === "reopen") {
          await group.close();
          group = await open(folder, isSync);
        }
        expect(group.length).toBe(expected.length);
        expect(readable(folder)).toEqual(expected);
      }
      await group.close();
      expect(mended(folder)).toEqual(expected);
    }),
    { numRuns: runs(1000) },
  );
});

test.skipIf(numpyVersion === undefined)("NumPy reads each file by itself", async () => {
  const directory = join(temporaryDirectory(), "group");
  groupOf(9, directory);
  const read = python<{ ids: number[]; texts: string[]; vec: number[][]; tokens: number[][] }>(
    `
load = lambda name: np.load(data + "/" + name + ".npy")
def ragged(name):
    values, offsets = load(name + ".values"), load(name + ".offsets")
    assert offsets.dtype == np.int64 and offsets[0] == 0 and offsets[-1] == len(values)
    return np.split(values, offsets[1:-1])
print(json.dumps({
    "ids": load("id").tolist(),
    "texts": [text.tobytes().decode() for text in ragged("text")],
    "vec": load("vec").tolist(),
    "tokens": [row.tolist() for row in ragged("tokens")],
}))`,
    directory,
  );
  const all = rows(0, 9);
  expect(read.ids).toEqual(all.map(({ id }) => id));
  expect(read.texts).toEqual(all.map(({ text }) => text));
  expect(read.vec).toEqual(all.map(({ vec }) => vec));
  expect(read.tokens).toEqual(all.map(({ tokens }) => tokens));
});
