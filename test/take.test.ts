/** Rows in any order. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MemoryStorage, NpyReader, saveSync } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { arrayOf, Cases, DTYPES, fileOf, randomElements, readersOf, taken } from "./support/selections.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

const hasMmap = !lacksMappings;

describe.each(DTYPES.map((like) => [typeof like === "string" ? like : "records", like] as const))("%s", (_name, like) => {
  test("random rows are what numpy.take gives", { timeout: 200_000 }, async () => {
    const cases = new Cases(DTYPES.indexOf(like));
    for (let i = 0; i < runs(50, 0.2); i++) {
      const elements = randomElements(like, cases.shape(), cases.random);
      const isFortran = cases.below(2) === 0;
      const file = fileOf(elements, isFortran);
      const readers = await readersOf(file);
      const axis = isFortran ? elements.shape.length - 1 : 0;
      for (let k = 0; k < 4; k++) {
        const rows = cases.rows(elements.shape[axis] as number);
        const part = taken(elements, rows, axis);
        const order = cases.of([undefined, "C", "F"] as const);
        const expected = arrayOf(part, order === undefined ? isFortran : order === "F" && part.shape.length > 1);
        for (const reader of readers) expect(await reader.take(rows, { order })).toEqual(expected);
      }
      for (const reader of readers) await reader.close();
    }
  });
});

function counted(rows: number, columns: number): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, { data: Float64Array.from({ length: rows * columns }, (_, i) => i), shape: [rows, columns] });
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

test("negative rows count from the end, and rows may be repeated", async () => {
  const reader = await NpyReader.open(counted(4, 2));
  const expected = { shape: [5, 2], data: Float64Array.of(6, 7, 0, 1, 6, 7, 2, 3, 0, 1) };
  for (const rows of [
    [-1, 0, 3, 1, -4],
    [-1n, 0n, 3n, 1n, -4n],
    Int8Array.of(-1, 0, 3, 1, -4),
    BigInt64Array.of(-1n, 0n, 3n, 1n, -4n),
  ]) {
    expect(await reader.take(rows)).toMatchObject(expected);
  }
  expect(await reader.take([])).toMatchObject({ shape: [0, 2], data: new Float64Array() });
  const out = new Float64Array(6).fill(-1);
  expect((await reader.take(Uint8ClampedArray.of(2, 1), { out })).data).toEqual(Float64Array.of(4, 5, 2, 3));
  expect([...out]).toEqual([4, 5, 2, 3, -1, -1]);
  await reader.close();
});

test.each<[string, unknown, string, RegExp, object]>([
  ["a row too large", [0, 4], "ERR_NPY_SHAPE", /At \[1\]: Row 4 is out of range: the array has 4 rows/, { index: [1], row: 4 }],
  ["a row too small", [-5n], "ERR_NPY_SHAPE", /At \[0\]: Row -5 is out of range/, { index: [0], row: -5 }],
  ["a fraction", [1, 2, 0.5], "ERR_NPY_OPTION", /At \[2\]: .*found 0.5/, { index: [2] }],
  ["NaN", [Number.NaN], "ERR_NPY_OPTION", /found NaN/, { index: [0] }],
  ["a hole", new Array(1), "ERR_NPY_OPTION", /found undefined/, { index: [0] }],
  ["a mask", [true, false, true, true], "ERR_NPY_OPTION", /found true. Instead of a mask, pass the numbers/, { index: [0] }],
  ["floats", Float64Array.of(1, 2), "ERR_NPY_OPTION", /typed array of integers: found Float64Array\(2\)/, {}],
  ["one number", 3, "ERR_NPY_OPTION", /must be a list of whole numbers/, {}],
  ["text", "012", "ERR_NPY_OPTION", /must be a list of whole numbers/, {}],
  ["an array that was read", { data: Int32Array.of(1), shape: [1] }, "ERR_NPY_OPTION", /Pass its data/, {}],
])("%s is refused, and nothing is read", async (_name, rows, code, message, details) => {
  const out = new Float64Array(8).fill(-1);
  const refusal = expect.objectContaining({ code, message: expect.stringMatching(message), ...details });
  const reader = await NpyReader.open(counted(4, 2));
  await expect(reader.take(rows as number[], { out })).rejects.toEqual(refusal);
  expect(() => NpyReader.openSync(counted(4, 2)).take(rows as number[], { out })).toThrow(refusal);
  expect([...out]).toEqual(new Array(8).fill(-1));
  await reader.close();
});

test("options are checked, and an array without axes has no rows", async () => {
  const reader = await NpyReader.open(counted(4, 2));
  await expect(reader.take([0], { rows: 3 } as object)).rejects.toThrow(/there is no option "rows"/);
  await expect(reader.take([0], { order: "K" as "C" })).rejects.toThrow(/order must be "C" or "F": found "K"/);
  await reader.close();
  await expect(reader.take([0])).rejects.toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  const storage = new MemoryStorage();
  saveSync(storage, { data: Float64Array.of(1), shape: [] });
  expect(() => NpyReader.openSync(storage).take([0])).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
});

test.runIf(hasMmap)("rows of a mapped file are copies, also if they are neighbours", () => {
  const path = temporaryPath();
  writeFileSync(path, counted(4, 2));
  const reader = NpyReader.openSync(path, { mmap: true });
  const { data } = reader.take([1, 2]);
  (data as Float64Array).fill(-1);
  expect(reader.read(1, 2).data).toEqual(Float64Array.of(2, 3));
  reader.close();
});
