/** Parts of arrays, selected by axes. */
import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DType, dtype, load, MemoryStorage, NpyReader, type RecordArray, type Selection, saveSync } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { arrayOf, Cases, DTYPES, fileOf, randomElements, readersOf, selected } from "./support/selections.ts";
import { range, serve, wanted } from "./support/server.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

const hasMmap = !lacksMappings;

describe.each(DTYPES.map((like) => [typeof like === "string" ? like : "records", like] as const))("%s", (_name, like) => {
  test("random selections are what NumPy's basic indexing gives", async () => {
    const cases = new Cases(DTYPES.indexOf(like));
    for (let i = 0; i < runs(100); i++) {
      const elements = randomElements(like, cases.shape(), cases.random);
      const isFortran = cases.below(2) === 0;
      const file = fileOf(elements, isFortran);
      const readers = await readersOf(file);
      for (let k = 0; k < 4; k++) {
        const selection = cases.selection(elements.shape);
        const part = selected(elements, selection);
        const order = cases.of([undefined, "C", "F"] as const);
        const expected = arrayOf(part, (order === undefined ? isFortran : order === "F") && part.shape.length > 1);
        for (const reader of readers) expect(await reader.select(selection, { order })).toEqual(expected);
      }
      for (const reader of readers) await reader.close();
    }
  });
});

/** Numbers from 0 on, as a file. */
function counted(shape: readonly number[], like = "<f8", fortranOrder = false): Uint8Array<ArrayBuffer> {
  const type = dtype(like) as DType;
  const size = shape.reduce((product, n) => product * n, 1);
  const storage = new MemoryStorage();
  saveSync(
    storage,
    { data: Float64Array.from({ length: size }, (_, i) => i), shape: [...shape] },
    { fortranOrder, dtype: "<f8" },
  );
  if (like === "<f8") return storage.bytes() as Uint8Array<ArrayBuffer>;
  const { data } = NpyReader.openSync(storage).read();
  saveSync(
    storage,
    { data: Uint8Array.from(data as Float64Array), shape: [...shape], fortranOrder },
    { fortranOrder, dtype: type },
  );
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

test("integers drop axes, down to an array without any", async () => {
  const reader = await NpyReader.open(counted([3, 4]));
  expect(await reader.select([1])).toMatchObject({ shape: [4], data: Float64Array.of(4, 5, 6, 7) });
  expect(await reader.select([-1, 2n])).toMatchObject({ shape: [], data: Float64Array.of(10), fortranOrder: false });
  expect(await reader.select([null, 3])).toMatchObject({ shape: [3], data: Float64Array.of(3, 7, 11) });
  expect(await reader.select([])).toEqual(await reader.read());
  expect(await reader.select([{ step: -1 }, { start: -2 }])).toMatchObject({
    shape: [3, 2],
    data: Float64Array.of(10, 11, 6, 7, 2, 3),
  });
  await reader.close();
  const scalar = NpyReader.openSync(counted([]));
  expect(scalar.select([])).toMatchObject({ shape: [], data: Float64Array.of(0) });
});

test.each<[string, unknown, string, RegExp, object]>([
  ["too many entries", [0, 0, 0], "ERR_NPY_SHAPE", /The selection has 3 entries, and the array 2 axes/, {}],
  ["an index too large", [null, 4], "ERR_NPY_SHAPE", /Index 4 is out of range for axis 1, which has size 4/, { index: [1] }],
  ["an index too small", [-4n], "ERR_NPY_SHAPE", /Index -4 is out of range for axis 0, which has size 3/, { index: [0] }],
  ["a step of 0", [{ step: 0 }], "ERR_NPY_OPTION", /step must be a whole number other than 0: found 0/, { index: [0] }],
  ["a fraction", [0.5], "ERR_NPY_OPTION", /expected null, a whole number or .*: found 0.5/, { index: [0] }],
  ["a fraction in a slice", [{ stop: 1.5 }], "ERR_NPY_OPTION", /stop must be a whole number: found 1.5/, { index: [0] }],
  ["text in a slice", [{ start: "1" }], "ERR_NPY_OPTION", /start must be a whole number: found "1"/, { index: [0] }],
  ["a misspelt slice", [null, { from: 1 }], "ERR_NPY_OPTION", /found \{ from: 1 \}/, { index: [1] }],
  ["undefined", [undefined], "ERR_NPY_OPTION", /found undefined/, { index: [0] }],
  ["a mask", [[true, false, true]], "ERR_NPY_OPTION", /found \[true, false, true\]/, { index: [0] }],
  ["text", ["0:10"], "ERR_NPY_OPTION", /found "0:10"/, { index: [0] }],
  ["a number instead of a list", 3, "ERR_NPY_OPTION", /For one index pass \[3\]/, {}],
  ["a slice instead of a list", { start: 3 }, "ERR_NPY_OPTION", /must be a list/, {}],
])("%s is refused, and nothing is read", async (_name, selection, code, message, details) => {
  const out = new Float64Array(12).fill(-1);
  const refusal = expect.objectContaining({ code, message: expect.stringMatching(message), ...details });
  const reader = await NpyReader.open(counted([3, 4]));
  await expect(reader.select(selection as Selection, { out })).rejects.toEqual(refusal);
  expect(() => NpyReader.openSync(counted([3, 4])).select(selection as Selection, { out })).toThrow(refusal);
  expect([...out]).toEqual(new Array(12).fill(-1));
  await reader.close();
});

describe("fields", () => {
  const type = dtype({ t: "<f8", id: ">i4", pos: ["<f4", [3]], name: "<U2" });
  const storage = new MemoryStorage();
  saveSync(
    storage,
    Array.from({ length: 6 }, (_, i) => ({ t: i + 0.5, id: i, pos: [i, i + 1, i + 2], name: `n${i}` })),
    { dtype: type },
  );

  test("are those that were asked for, in that order, without padding", async () => {
    const reader = await NpyReader.open(storage, { dtype: type });
    const { data, dtype: found, shape } = await reader.select([{ start: 1, step: 2 }], { fields: ["pos", "t"] });
    expect(found.itemsize).toBe(20);
    expect(found.descr).toEqual([
      ["pos", "<f4", [3]],
      ["t", "<f8"],
    ]);
    expect(shape).toEqual([3]);
    expect(data.at(-1)).toEqual({ pos: Float32Array.of(5, 6, 7), t: 5.5 });
    expect(data.column("t")).toEqual(Float64Array.of(1.5, 3.5, 5.5));
    const sync = NpyReader.openSync(storage);
    const one = sync.select([-1], { fields: ["name"], out: new Uint8Array(8) });
    expect((one.data as RecordArray).at(0)).toEqual({ name: "n5" });
    expect(one.shape).toEqual([]);
    expect(sync.select([], { fields: [] })).toMatchObject({ shape: [6], dtype: { itemsize: 0 } });
    await reader.close();
  });

  test("are mapped where a selection is of neighbours", () => {
    if (!hasMmap) return;
    const path = temporaryPath();
    writeFileSync(path, storage.bytes() as Uint8Array);
    const reader = NpyReader.openSync(path, { mmap: true });
    for (const fields of [["t"], ["id", "pos"], ["name", "t"], ["t", "id", "pos", "name"]]) {
      for (const selection of [[], [2], [{ step: -2 }]]) {
        expect(reader.select(selection, { fields })).toEqual(NpyReader.openSync(storage).select(selection, { fields }));
      }
    }
    reader.close();
  });

  test.each([
    [
      "that does not exist",
      ["t", "ID"],
      { field: "ID", message: expect.stringMatching(/There is no such field: there are "t", "id"/) },
    ],
    ["chosen twice", ["t", "t"], { field: "t", message: expect.stringMatching(/chosen twice/) }],
    ["that are no list", "t", { message: expect.stringMatching(/fields must be a list of names of fields: found "t"/) }],
  ])("%s are refused", (_name, fields, details) => {
    const refusal = expect.objectContaining({ code: "ERR_NPY_OPTION", ...details });
    expect(() => NpyReader.openSync(storage).select([], { fields: fields as string[] })).toThrow(refusal);
  });

  test("of an array without any are refused", () => {
    const refusal = expect.objectContaining({
      code: "ERR_NPY_OPTION",
      message: expect.stringMatching(/<f8, which has no fields/),
    });
    expect(() => NpyReader.openSync(counted([3])).select([], { fields: ["t"] })).toThrow(refusal);
  });
});

describe("what is read of a file elsewhere", () => {
  /** A file at a URL, and the parts of its data that were sent. */
  async function served(file: Uint8Array): Promise<{ url: URL; sent: [number, number][]; most(): number }> {
    const sent: [number, number][] = [];
    const headerLength = 128;
    let [now, most] = [0, 0];
    const url = await serve((request, response) => {
      const [start, end] = wanted(request);
      if (start > 0) sent.push([start - headerLength, end - headerLength]);
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        range(file, '"1"', request, response);
      }, 5);
    });
    return { url, sent, most: () => most };
  }

  test("a crop of frames is its rows: one request for each frame, several at a time", async () => {
    const shape = [20, 200, 300];
    const { url, sent, most } = await served(counted(shape, "|u1"));
    const reader = await NpyReader.open(url);
    const { data } = await reader.select([null, { start: 50, stop: 60 }, { start: 100, stop: 120 }]);
    expect((data as Uint8Array).length).toBe(20 * 10 * 20);
    expect((data as Uint8Array)[19]).toBe((50 * 300 + 119) % 256);
    // From the first pixel of the first row to the last of the last one.
    const length = 9 * 300 + 20;
    const starts = Array.from({ length: 20 }, (_, frame) => frame * 60_000 + 50 * 300 + 100);
    expect(sent.toSorted((a, b) => a[0] - b[0])).toEqual(starts.map((start) => [start, start + length]));
    expect(most()).toBeGreaterThan(1);
    expect(most()).toBeLessThanOrEqual(8);
    await reader.close();
  });

  test("rows that are a few KiB apart are one request, and those that are far apart several", async () => {
    const { url, sent } = await served(counted([1000, 1000], "|u1"));
    const reader = await NpyReader.open(url);
    const near = await reader.take([100, 104, 101, 100]);
    expect((near.data as Uint8Array)[1000]).toBe(104_000 % 256);
    expect(sent.splice(0)).toEqual([[100_000, 105_000]]);
    await reader.take([900, 100, 500, 101]);
    expect(sent.splice(0).sort((a, b) => a[0] - b[0])).toEqual([
      [100_000, 102_000],
      [500_000, 501_000],
      [900_000, 901_000],
    ]);
    await reader.select([{ start: 200, stop: 300, step: 50 }, { stop: 10 }]);
    expect(sent.splice(0).sort((a, b) => a[0] - b[0])).toEqual([
      [200_000, 200_010],
      [250_000, 250_010],
    ]);
    await reader.close();
  });

  test("a file that is loaded in another order takes no more requests", async () => {
    const file = counted([1500, 1000], "|u1");
    const { url, sent } = await served(file);
    const { data, fortranOrder } = await load(url, { order: "F" });
    expect(fortranOrder).toBe(true);
    expect((data as Uint8Array)[1]).toBe(1000 % 256);
    expect(sent.length).toBe(1);
    const [response, direct] = [await load(new Response(file), { order: "F" }), await load(file, { order: "F" })];
    expect(response.shape).toEqual(direct.shape);
    expect(Buffer.compare(response.data as Uint8Array, direct.data as Uint8Array)).toBe(0);
  });
});

describe("a selection that fails", () => {
  test("a signal ends the requests of its selection, and no other", async () => {
    const file = counted([20, 100_000], "|u1");
    const controller = new AbortController();
    let requests = 0;
    const url = await serve((request, response) => {
      if (++requests === 1) return void range(file, '"1"', request, response);
      if (requests === 4) controller.abort(new Error("enough"));
      if (requests > 9) range(file, '"1"', request, response);
    });
    const reader = await NpyReader.open(url);
    await expect(reader.select([null, 0], { signal: controller.signal })).rejects.toThrow("enough");
    const seen = requests;
    expect(seen).toBeLessThanOrEqual(9);
    requests = 9;
    expect(await reader.select([3, { stop: 3 }])).toMatchObject({ data: Uint8Array.of(224, 225, 226) });
    await expect(reader.take([0], { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
    await reader.close();
  });

  test("closing ends it, and so does a failed request, after which no other is made", async () => {
    const file = counted([20, 100_000], "|u1");
    let requests = 0;
    const url = await serve((request, response) => {
      if (++requests === 1) range(file, '"1"', request, response);
    });
    const closing = await NpyReader.open(url);
    const reading = closing.select([null, 0]);
    setTimeout(() => closing.close(), 20);
    await expect(reading).rejects.toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));

    let answered = 0;
    const failing = await serve((request, response) => {
      if (++answered === 4) response.writeHead(500).end();
      else setTimeout(() => range(file, '"1"', request, response), answered === 1 ? 0 : 30);
    });
    const reader = await NpyReader.open(failing);
    const out = new Uint8Array(20);
    await expect(reader.select([null, 0], { out })).rejects.toThrow(/500/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBeLessThanOrEqual(9);
    await reader.close();
  });

  test("a file that became shorter needs recovery", async () => {
    const path = temporaryPath();
    writeFileSync(path, counted([100, 10]));
    const readers = [
      NpyReader.openSync(path),
      await NpyReader.open(path),
      ...(hasMmap ? [NpyReader.openSync(path, { mmap: true })] : []),
    ];
    truncateSync(path, 128 + 50 * 80);
    const refusal = expect.objectContaining({ code: "ERR_NPY_NEEDS_RECOVERY", path });
    for (const reader of readers) {
      expect(await reader.select([{ stop: 50 }, 3])).toMatchObject({ shape: [50] });
      await expect((async () => await reader.select([{ step: 3 }, 3]))()).rejects.toEqual(refusal);
      await expect((async () => await reader.take([3, 60, 4]))()).rejects.toEqual(refusal);
      await reader.close();
    }
  });

  test("out that is transferred meanwhile is an error", async () => {
    const reader = await NpyReader.open(new Blob([counted([100, 10])]));
    const out = new Float64Array(100);
    const reading = reader.select([null, 3], { out });
    structuredClone(null, { transfer: [out.buffer] });
    await expect(reading).rejects.toThrow(/out became shorter/);
    await reader.close();
  });
});

test("out is filled with the selection, and the rest of it stays", async () => {
  for (const fortranOrder of [false, true]) {
    const reader = await NpyReader.open(counted([5, 6, 7], "<f8", fortranOrder));
    const out = new Float64Array(100).fill(-1);
    const selection = [{ step: -2 }, null, { start: 1, stop: 6, step: 2 }];
    const found = await reader.select(selection, { out, order: "C" });
    expect(found).toEqual(await reader.select(selection, { order: "C" }));
    expect((found.data as Float64Array).buffer).toBe(out.buffer);
    expect([...out.subarray(54)]).toEqual(new Array(46).fill(-1));
    await expect(reader.select([], { out })).rejects.toThrow(/out has room for 800 bytes/);
    await reader.close();
  }
});

test.runIf(hasMmap)("what is contiguous in a mapped file is its own bytes, and the rest is copied", () => {
  const path = temporaryPath();
  writeFileSync(path, counted([10, 4]));
  const reader = NpyReader.openSync(path, { mmap: true });
  const whole = reader.read().data as Float64Array;
  const [rows, part, column] = [[{ start: 2, stop: 4 }], [3, { start: 1 }], [null, 2]].map(
    (selection) => reader.select(selection).data as Float64Array,
  ) as [Float64Array, Float64Array, Float64Array];
  whole.fill(-1);
  expect([...rows]).toEqual(new Array(8).fill(-1));
  expect([...part]).toEqual([-1, -1, -1]);
  expect([...column]).toEqual(Array.from({ length: 10 }, (_, i) => 4 * i + 2));
  const rowsOfC = reader.read(0, 2, { order: "C" }).data as Float64Array;
  expect(rowsOfC.buffer).toBe(whole.buffer);
  reader.close();
});
