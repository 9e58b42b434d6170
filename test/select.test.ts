/** Parts of arrays, selected by axes. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NpyReader } from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { runs } from "./support/effort.ts";
import { arrayOf, Cases, DTYPES, fileOf, randomElements, selected } from "./support/selections.ts";
import { temporaryPath } from "./support/temporary.ts";

const hasMmap = cLibrary() !== undefined;

describe.each(DTYPES.map((like) => [typeof like === "string" ? like : "records", like] as const))("%s", (_name, like) => {
  test("random selections are what NumPy's basic indexing gives", async () => {
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
