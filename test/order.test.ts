/** Data in C or Fortran order, whatever that of the file. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { load, loadSync, type NpyArray, NpyReader } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { arrayOf, Cases, DTYPES, fileOf, randomElements, taken } from "./support/selections.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

const hasMmap = !lacksMappings;

describe.each(DTYPES.map((like) => [typeof like === "string" ? like : "records", like] as const))("%s", (_name, like) => {
  test("load, read and chunks give the order that is asked for", async () => {
    const cases = new Cases(100 + DTYPES.indexOf(like));
    for (let i = 0; i < runs(20); i++) {
      const elements = randomElements(like, cases.shape(), cases.random);
      const { shape } = elements;
      for (const isFortran of [false, true]) {
        const file = fileOf(elements, isFortran);
        const path = temporaryPath();
        writeFileSync(path, file);
        for (const order of ["C", "F"] as const) {
          const isResult = order === "F" && shape.length > 1;
          const expected = arrayOf(elements, isResult);
          expect(loadSync(file, { order })).toEqual(expected);
          expect(await load(path, { order })).toEqual(expected);
          expect(await load(new Blob([file]), { order })).toEqual(expected);
          const axis = isFortran ? shape.length - 1 : 0;
          const rows = Array.from({ length: shape[axis] as number }, (_, row) => row);
          const readers = [
            NpyReader.openSync(path),
            await NpyReader.open(path),
            ...(hasMmap ? [NpyReader.openSync(path, { mmap: true })] : []),
          ];
          for (const reader of readers) {
            expect(await reader.read(0, undefined, { order })).toEqual(expected);
            expect(await reader.read(1, -1, { order })).toEqual(arrayOf(taken(elements, rows.slice(1, -1), axis), isResult));
            const found: NpyArray[] = [];
            for await (const chunk of reader.chunks({ order, rows: 4 })) found.push(chunk);
            const parts = found.map((_, k) => ({
              ...arrayOf(taken(elements, rows.slice(4 * k, 4 * k + 4), axis), isResult),
              start: 4 * k,
            }));
            expect(found).toEqual(parts);
            expect(found.length).toBe(Math.ceil(rows.length / 4));
            await reader.close();
          }
        }
      }
    }
  });
});

test("chunks that are streamed or read into out have the order, too", async () => {
  const cases = new Cases(7);
  const elements = randomElements("<f8", [5, 6, 10], cases.random);
  const reader = await NpyReader.open(fileOf(elements, true));
  const expected = arrayOf(taken(elements, [0, 1, 2], 2), false);
  for await (const chunk of reader.readable({ rows: 3, order: "C" })) {
    expect(chunk).toEqual({ ...expected, start: 0 });
    break;
  }
  const out = new Float64Array(100);
  for await (const chunk of reader.chunks({ rows: 3, order: "C", out })) {
    expect(chunk).toEqual({ ...expected, start: 0 });
    expect((chunk.data as Float64Array).buffer).toBe(out.buffer);
    break;
  }
  await reader.close();
});

test("large arrays are turned in parts", async () => {
  const rows = 3000;
  const data = Float64Array.from({ length: rows * 100 }, (_, i) => i);
  const bytes = new Uint8Array(data.buffer);
  const elements = { ...randomElements("<f8", [0], () => 0), shape: [rows, 100], bytes };
  const path = temporaryPath();
  writeFileSync(path, fileOf(elements, false));
  for (const { data: turned, shape } of [await load(path, { order: "F" }), loadSync(path, { order: "F" })]) {
    expect(shape).toEqual([rows, 100]);
    const values = turned as Float64Array;
    let wrong = 0;
    for (let i = 0; i < rows; i++) for (let k = 0; k < 100; k++) if (values[k * rows + i] !== i * 100 + k) wrong++;
    expect(wrong).toBe(0);
  }
});

test("another order than these two is refused", async () => {
  const file = fileOf(
    randomElements("<f8", [2, 2], () => 0),
    false,
  );
  const refusal = expect.objectContaining({
    code: "ERR_NPY_OPTION",
    message: expect.stringMatching(/order must be "C" or "F": found "A"/),
  });
  const order = "A" as "C";
  await expect(load(file, { order })).rejects.toEqual(refusal);
  const reader = NpyReader.openSync(file);
  expect(() => reader.read(0, 1, { order })).toThrow(refusal);
  expect(() => reader.chunks({ order })).toThrow(refusal);
});
