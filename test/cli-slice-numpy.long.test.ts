/** What `slice` prints equals NumPy's indexing by the same text. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { printRows } from "../src/cli/rows/printing.ts";
import { viewOf } from "../src/cli/rows/view.ts";
import { indexArgument } from "../src/cli/text/index-text.ts";
import { NpyReader } from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

interface Case {
  readonly text: string;
  /** The growth axis in NumPy's result; `null` if the index drops it. */
  readonly growth: number | null;
}

/** Arrays of every size, and texts for each. */
const arrays = fc
  .record({
    shape: fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }),
    isFortran: fc.boolean(),
    dtype: fc.constantFrom("<i4", ">f8", "<u1", ">i8"),
  })
  .chain((array) =>
    fc.record({ ...constants(array), cases: fc.array(caseOf(array.shape, array.isFortran), { minLength: 40, maxLength: 40 }) }),
  );

function constants<T extends object>(values: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as never;
}

const space = fc.constantFrom("", "", "", " ");

function entryOf(size: number): fc.Arbitrary<string> {
  const bound = fc.oneof(fc.constant(""), fc.integer({ min: -size - 2, max: size + 2 }).map(String));
  const step = fc.constantFrom("", ":", ":1", ":2", ":3", ":-1", ":-2", ":100", ":-7");
  const slice = fc.tuple(bound, space, bound, step).map(([start, gap, stop, by]) => `${start}${gap}:${gap}${stop}${by}`);
  return size === 0
    ? slice
    : fc.oneof({ weight: 2, arbitrary: slice }, { weight: 1, arbitrary: fc.integer({ min: -size, max: size - 1 }).map(String) });
}

function caseOf(shape: readonly number[], isFortran: boolean): fc.Arbitrary<Case> {
  const axis = isFortran ? shape.length - 1 : 0;
  return fc
    .record({
      entries: fc.tuple(...shape.map(entryOf)),
      given: fc.integer({ min: 0, max: shape.length }),
      // Axes from `gap` to `gap + width` are those of `...`.
      gap: fc.option(fc.nat(shape.length), { freq: 2 }),
      width: fc.nat(shape.length),
      hasComma: fc.boolean(),
      space,
    })
    .map(({ entries, given, gap, width, hasComma, space: after }) => {
      const kept: (string | undefined)[] = entries.map((entry, i) =>
        (gap === null ? i < given : i < gap || i >= gap + width) ? entry : undefined,
      );
      const written = kept.filter((entry) => entry !== undefined);
      if (gap !== null) written.splice(Math.min(gap, written.length), 0, "...");
      const isDropped = (i: number): boolean => kept[i] !== undefined && !kept[i].includes(":");
      const growth = isDropped(axis) ? null : kept.slice(0, axis).filter((_, i) => !isDropped(i)).length;
      const text = written.length === 0 ? "..." : written.join(`,${after}`);
      // Without a comma an index is one of rows.
      return { text: hasComma || (written.length === 1 && isFortran) ? `${text}${after},` : text, growth };
    });
}

const PYTHON = `
for i, given in enumerate(data["arrays"]):
    size = int(np.prod(given["shape"]))
    a = np.arange(size).reshape(given["shape"]).astype(given["dtype"], order="F" if given["isFortran"] else "C")
    np.save(data["directory"] + "/" + str(i) + ".npy", a)
def rows(i, given):
    a = np.load(data["directory"] + "/" + str(i) + ".npy")
    for case in given["cases"]:
        found = eval("a[" + case["text"] + "]")
        yield [found.tolist()] if case["growth"] is None else np.moveaxis(found, case["growth"], 0).tolist()
print(json.dumps([list(rows(i, given)) for i, given in enumerate(data["arrays"])]))
`;

describe.skipIf(numpyVersion === undefined)("slice", () => {
  test("prints what NumPy's indexing by the same text gives", { timeout: 300_000 }, async () => {
    const directory = temporaryDirectory();
    const seed = Number(process.env["NPY_SEED"] ?? Date.now() % 2 ** 31);
    const given = fc.sample(arrays, { numRuns: 100, seed });
    const expected = python<unknown[][][]>(PYTHON, { directory, arrays: given });
    let printed = "";
    const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      printed += String(text);
      return true;
    });
    try {
      for (const [i, { cases, ...array }] of given.entries()) {
        const reader = await NpyReader.open(join(directory, `${i}.npy`));
        // NumPy stores arrays that are in both orders as C.
        const isC = array.isFortran && !reader.fortranOrder && array.shape.length > 1;
        for (const [j, { text }] of cases.entries()) {
          if (isC) continue;
          printed = "";
          await printRows(reader, viewOf(reader, {}, { index: indexArgument(text) }), { ndjson: true });
          const found = printed
            .split("\n")
            .slice(0, -1)
            .map((line) => JSON.parse(line) as unknown);
          expect({ seed, ...array, text, found }).toEqual({ seed, ...array, text, found: expected[i]?.[j] });
        }
        await reader.close();
      }
    } finally {
      write.mockRestore();
    }
  });
});
