/** Rows in any order. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NpyReader } from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { runs } from "./support/effort.ts";
import { arrayOf, Cases, DTYPES, fileOf, randomElements, taken } from "./support/selections.ts";
import { temporaryPath } from "./support/temporary.ts";

const hasMmap = cLibrary() !== undefined;

describe.each(DTYPES.map((like) => [typeof like === "string" ? like : "records", like] as const))("%s", (_name, like) => {
  test("random rows are what numpy.take gives", async () => {
    const cases = new Cases(DTYPES.indexOf(like));
    for (let i = 0; i < runs(100, 0.2); i++) {
      const elements = randomElements(like, cases.shape(), cases.random);
      const isFortran = cases.below(2) === 0;
      const file = fileOf(elements, isFortran);
      const path = temporaryPath();
      writeFileSync(path, file);
      const readers = [
        NpyReader.openSync(file),
        NpyReader.openSync(path),
        ...(hasMmap ? [NpyReader.openSync(path, { mmap: true })] : []),
        await NpyReader.open(new Blob([file])),
        await NpyReader.open(path),
        ...(hasMmap ? [await NpyReader.open(path, { mmap: true })] : []),
      ];
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
