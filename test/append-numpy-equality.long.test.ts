/** The one invariant, on random files: byte for byte what `numpy.save(numpy.concatenate(parts, axis))` writes. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runs } from "./support/effort.ts";
import { numpyIsAtLeast, numpyVersion } from "./support/numpy.ts";
import { partsOf, randomCases, savedByNumpy, type Written, write } from "./support/random-files.ts";
import { temporaryDirectory } from "./support/temporary.ts";

describe.skipIf(numpyVersion === undefined)(`random files against numpy ${numpyVersion}`, () => {
  const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
  const FILES = runs(600);

  test(`${FILES} files have the SHA-256 that numpy.save gives (NPY_SEED=${seed})`, async () => {
    const directory = temporaryDirectory();
    const ours: string[] = [];
    const files: Written[] = [];
    for (const [i, random] of randomCases(FILES, seed).entries()) {
      const parts = partsOf(random);
      const path = join(directory, `${i}.npy`);
      await write(path, random, parts);
      ours.push(createHash("sha256").update(readFileSync(path)).digest("hex"));
      files.push({ path, random, parts });
    }
    const theirs = savedByNumpy(files);
    // Before 1.25 NumPy left no room for growth in its headers: then only what it loads can be compared.
    const sameBytes = numpyIsAtLeast(1, 25);
    const differing = files.filter((_, i) => theirs[i]?.[1] !== true || (sameBytes && ours[i] !== theirs[i]?.[0]));
    expect(
      differing.map(({ random }) => random),
      `NPY_SEED=${seed}`,
    ).toEqual([]);
    expect(theirs).toHaveLength(FILES);
  });
});
