/** Few rows of plain numbers go a short way: what is stored, and what is refused, is as by the long one, which `save` goes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArrayInput, MemoryStorage, NpyAppendArray, NpyError, saveSync } from "../src/index.ts";

const DTYPES = ["|i1", "<i2", "<i4", "|u1", "<u2", "<u4", "<f4", "<f8", "<f2", ">f8", ">i4", "<i8", "<u8", "|b1"] as const;

/** Mostly what fits, and what does not in all ways. */
const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 127 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(
      ...[-0, -1, 0.1, 1.5, 128, 256, -129, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 3.4e38, 3.5e38, 65520, 1e308],
      ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 3n, true, "1", null, undefined, [], [1], {}],
    ),
  },
);

const anyRows = (perRow: number | undefined): fc.Arbitrary<unknown[]> =>
  perRow === undefined
    ? fc.array(anyValue, { maxLength: 6 })
    : fc.array(
        fc.oneof(
          { weight: 20, arbitrary: fc.array(anyValue, { minLength: perRow, maxLength: perRow }) as fc.Arbitrary<unknown> },
          { weight: 1, arbitrary: fc.array(anyValue, { maxLength: perRow + 1 }) },
          { weight: 1, arbitrary: anyValue },
        ),
        { maxLength: 4 },
      );

/** The file's bytes, or the error that came of it. */
function attempt(use: (storage: MemoryStorage) => void): unknown {
  const storage = new MemoryStorage();
  try {
    use(storage);
    return storage.bytes();
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    const { code, message, index } = error;
    return { code, message, index };
  }
}

describe.each(DTYPES)("%s", (dtype) => {
  test.each([[undefined], [1], [3]])("rows of %s numbers", (perRow) => {
    const rowShape = perRow === undefined ? [] : [perRow];
    fc.assert(
      fc.property(anyRows(perRow), (rows) => {
        fc.pre(rows.length > 0);
        const appended = attempt((storage) => {
          const npaa = NpyAppendArray.openSync(storage, { dtype, rowShape });
          npaa.append(rows as ArrayInput);
          npaa.close();
        });
        const oneByOne = attempt((storage) => {
          const npaa = NpyAppendArray.openSync(storage, { dtype, rowShape });
          for (const row of rows) npaa.append([row] as ArrayInput);
          npaa.close();
        });
        const saved = attempt((storage) => saveSync(storage, rows as ArrayInput, { dtype }));
        const isRow = (row: unknown): boolean =>
          perRow === undefined
            ? !Array.isArray(row)
            : Array.isArray(row) && row.length === perRow && !row.some((item) => Array.isArray(item));
        if (rows.every(isRow)) expect(appended).toEqual(saved);
        else expect(appended).not.toBeInstanceOf(Uint8Array);
        if (appended instanceof Uint8Array) expect(oneByOne).toEqual(appended);
      }),
      { numRuns: 150 },
    );
  });
});

test("an input may change as soon as append has returned, and rows of several appends do not mix", async () => {
  const storage = new MemoryStorage();
  const npaa = await NpyAppendArray.open(storage, { dtype: "float64", rowShape: [2] });
  const row = [1, 2];
  const appends = [npaa.append([row])];
  row[0] = 3;
  appends.push(npaa.append([row, row]), npaa.append(new Float64Array([5, 6])));
  row[0] = 7;
  appends.push(npaa.append([row]));
  await Promise.all(appends);
  await npaa.close();
  const saved = new MemoryStorage();
  saveSync(saved, [
    [1, 2],
    [3, 2],
    [3, 2],
    [5, 6],
    [7, 2],
  ]);
  expect(storage.bytes()).toEqual(saved.bytes());
});

test("rows that are typed arrays, and more than a few", () => {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "float64", rowShape: [2] });
  const many = Array.from({ length: 5000 }, (_, i) => [i, -i]);
  npaa.append([Float64Array.of(1, 2), Float64Array.of(3, 4)]);
  npaa.append(many.slice(0, 4096));
  npaa.append(many.slice(0, 4097));
  npaa.close();
  const saved = new MemoryStorage();
  saveSync(saved, [[1, 2], [3, 4], ...many.slice(0, 4096), ...many.slice(0, 4097)]);
  expect(storage.bytes()).toEqual(saved.bytes());
});

test("the columns of a file in Fortran order are no rows", () => {
  const storage = new MemoryStorage();
  const npaa = NpyAppendArray.openSync(storage, { dtype: "float64", rowShape: [2], fortranOrder: true });
  npaa.append([
    [1, 2],
    [3, 4],
  ]);
  expect(npaa.shape).toEqual([2, 2]);
  expect(() => npaa.append([[1, 2]])).toThrow(expect.objectContaining({ code: "ERR_NPY_SHAPE" }));
  npaa.append([[5], [6]]);
  npaa.close();
  const saved = new MemoryStorage();
  saveSync(
    saved,
    [
      [1, 2, 5],
      [3, 4, 6],
    ],
    { fortranOrder: true },
  );
  expect(storage.bytes()).toEqual(saved.bytes());
});
