/** Fields of numbers are stored record by record: the same bytes, and the same refusals, as of the numbers themselves. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArrayInput, type DTypeLike, dtype, MemoryStorage, NpyError, parseHeader, saveSync } from "../src/index.ts";

const DTYPES = ["|b1", "|i1", "|u1", "<i2", ">i2", "<u2", "<i4", ">i4", ">u4", "<i8", ">u8", "<f4", ">f4", "<f8", ">f8", "<f2"];

const SIMPLE: readonly unknown[] = [0, 1, 0n, 1n, true, false];

const EDGES: readonly unknown[] = [
  ...[-0, -1, 1.5, 0.1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 65535, 65536],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 3.4e38, 2 ** 128 - 2 ** 103, -3.5e38],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n - 1n, 2n ** 64n, -1n, "1", null],
];

const anyValue = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...SIMPLE) },
  { weight: 1, arbitrary: fc.constantFrom(...EDGES) },
);

function dataOf(input: unknown, type: DTypeLike): Uint8Array | { code: string; reason: string } {
  const storage = new MemoryStorage();
  try {
    saveSync(storage, input as ArrayInput, { dtype: type });
  } catch (error) {
    if (!(error instanceof NpyError)) throw error;
    return { code: error.code, reason: error.message.replace(/^.*: /s, "") };
  }
  const bytes = storage.bytes() as Uint8Array;
  return bytes.subarray(parseHeader(bytes).headerLength);
}

describe.each(DTYPES)("%s", (name) => {
  const { itemsize } = dtype(name as DTypeLike);

  test("one number and two, beside others", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyValue, anyValue, anyValue), { minLength: 1, maxLength: 5 }), (rows) => {
        const type = [
          ["a", name],
          ["text", "<U1"],
          ["pair", name, [2]],
        ] as unknown as DTypeLike;
        const found = dataOf(
          rows.map(([a, b, c]) => ({ pair: [b, c], text: "x", a })),
          type,
        );
        const values = rows.map((row) => row.map((value) => dataOf([value], name as DTypeLike)));
        const refused = values.flat().filter((value) => !(value instanceof Uint8Array));
        if (refused.length > 0) {
          expect(found).not.toBeInstanceOf(Uint8Array);
          return;
        }
        const expected = values.flatMap(([a, b, c]) => [
          ...(a as Uint8Array),
          ..."x\0\0\0".split("").map((char) => char.charCodeAt(0)),
          ...(b as Uint8Array),
          ...(c as Uint8Array),
        ]);
        expect([...(found as Uint8Array)]).toEqual(expected);
        expect(found).toHaveLength(rows.length * (3 * itemsize + 4));
      }),
      { numRuns: 300 },
    );
  });

  test.each([...SIMPLE, ...EDGES])("%s is stored, or refused in the same words", (value) => {
    const alone = dataOf([value], name as DTypeLike);
    // Beside another kind of value all would be stored the other way.
    const [one, two] = [[{ a: value }], [{ a: value }, { a: value }]].map((records) =>
      dataOf(records, [["a", name]] as unknown as DTypeLike),
    );
    if (alone instanceof Uint8Array) {
      expect([...(one as Uint8Array)]).toEqual([...alone]);
      expect([...(two as Uint8Array)]).toEqual([...alone, ...alone]);
    } else {
      expect(one).toEqual({ ...alone, code: "ERR_NPY_VALUE" });
      expect(two).toEqual(one);
    }
  });

  test("lists of another length are refused", () => {
    for (const pair of [[], [0], [0, 0, 0], 0, [[0, 0]]]) {
      expect(dataOf([{ pair }], [["pair", name, [2]]] as unknown as DTypeLike)).toMatchObject({ code: "ERR_NPY_VALUE" });
    }
  });
});
