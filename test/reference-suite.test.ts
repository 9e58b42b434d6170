/** All that the test-suite of the reference, the Python package npy-append-array, exercises. */
import { statSync, truncateSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import {
  dtype,
  ensureAppendable,
  formatHeader,
  isAppendable,
  load,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  type RecordArray,
  recover,
  save,
  saveSync,
} from "../src/node.ts";
import { numpyIsAtLeast, python } from "./support/numpy.ts";
import { temporaryPath } from "./support/temporary.ts";

const INT64 = dtype("<i8");

/** numpy.arange(start, stop).reshape(shape, order). */
function arange(start: number, shape: number[], fortranOrder: boolean): NpyArray {
  const length = shape.reduce((product, n) => product * n, 1);
  const data = BigInt64Array.from({ length }, (_, i) => BigInt(start + i));
  return { data, shape, dtype: INT64, fortranOrder };
}

/** The elements in C order. */
function ravelC({ data, shape, fortranOrder }: NpyArray): bigint[] {
  const values = data as BigInt64Array;
  if (!fortranOrder) return Array.from(values);
  const [a, b, c] = shape as [number, number, number];
  return Array.from({ length: a * b * c }, (_, at) => {
    const [i, j, k] = [Math.floor(at / (b * c)), Math.floor(at / c) % b, at % c];
    return values[i + a * (j + b * k)] as bigint;
  });
}

/** numpy.concatenate of two 3-d arrays, in C order. */
function concatenated(first: NpyArray, later: NpyArray, times: number, axis: 0 | 2): bigint[] {
  const parts = [first, ...Array.from({ length: times }, () => later)].map((array) => ({
    shape: array.shape,
    values: ravelC(array),
  }));
  if (axis === 0) return parts.flatMap(({ values }) => values);
  const rows = (first.shape[0] as number) * (first.shape[1] as number);
  return Array.from({ length: rows }, (_, row) =>
    parts.flatMap(({ shape, values }) => values.slice(row * (shape[2] as number), (row + 1) * (shape[2] as number))),
  ).flat();
}

describe("ten appends, issued concurrently", () => {
  const both = [false, true] as const;
  // Made by numpy.save where it leaves room for growth, else by save, which gives the same bytes (golden.test.ts).
  const saved = new Map<boolean, Uint8Array>();
  beforeAll(() => {
    for (const fortran of both) saved.set(fortran, numpyIsAtLeast(1, 25) ? savedByNumPy(fortran) : savedByUs(fortran));
  });

  for (const fortran1 of both) {
    for (const fortran2 of both) {
      for (const exists of both) {
        for (const rewriteHeaderOnAppend of both) {
          for (const deleteIfExists of both) {
            const order = (fortran: boolean): string => (fortran ? "Fortran" : "C");
            const name = `${order(fortran1)} then ${order(fortran2)}, ${exists ? "numpy.save's file" : "our file"}, header ${
              rewriteHeaderOnAppend ? "" : "not "
            }rewritten${deleteIfExists ? ", deleteIfExists" : ""}`;
            test(name, async () => {
              const path = temporaryPath();
              const first = arange(0, [2, 3, 4], fortran1);
              const later = arange(24, fortran1 ? [2, 3, 5] : [5, 3, 4], fortran2);
              if (exists) writeFileSync(path, saved.get(fortran1) as Uint8Array);
              const npaa = await NpyAppendArray.open(path, { deleteIfExists, rewriteHeaderOnAppend });
              if (deleteIfExists || !exists) await npaa.append(first);
              await Promise.all(Array.from({ length: 10 }, () => npaa.append(later)));
              await npaa.close();
              const array = await load(path);
              const axis = fortran1 ? 2 : 0;
              expect(array.shape).toEqual(fortran1 ? [2, 3, 54] : [52, 3, 4]);
              expect(array.fortranOrder).toBe(fortran1);
              expect(ravelC(array)).toEqual(concatenated(first, later, 10, axis));
            });
          }
        }
      }
    }
  }
});

function savedByUs(fortranOrder: boolean): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, arange(0, [2, 3, 4], fortranOrder));
  return storage.bytes() as Uint8Array;
}

function savedByNumPy(fortranOrder: boolean): Uint8Array {
  const code = `
import base64, io
buffer = io.BytesIO()
np.save(buffer, np.arange(24, dtype="<i8").reshape((2, 3, 4), order=data))
print(json.dumps(base64.b64encode(buffer.getvalue()).decode()))
`;
  return Buffer.from(python<string>(code, fortranOrder ? "F" : "C"), "base64");
}

/** The length of a field's name that leaves nothing of a header of 128 bytes but the newline. */
function nameLength(fortranOrder: boolean, shape: readonly number[]): number {
  const text = `{'descr': [('', '<u8')], 'fortran_order': ${fortranOrder ? "True" : "False"}, 'shape': (${shape.join(", ")}), }`;
  return 128 - 10 - text.length - 1;
}

for (const fortranOrder of [false, true]) {
  const order = fortranOrder ? "Fortran" : "C";
  const rowShape = fortranOrder ? [27, 11] : [11, 27];
  const rows = 1000;
  const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
  const elements = rows * 11 * 27;

  for (const inplace of [false, true]) {
    test(`ensureAppendable ${inplace ? "in place" : "by copy"}: ${order}, slack used up by a longer field name`, async () => {
      const path = temporaryPath();
      const data = Buffer.from(BigUint64Array.from({ length: elements }, (_, i) => BigInt(i)).buffer);
      // The field's name fills the header up to the newline.
      const name = "_".repeat(nameLength(fortranOrder, shape));
      const header = formatHeader({ dtype: dtype([[name, "<u8"]]), fortranOrder, shape, headerLength: 128 });
      expect(Buffer.from(header).toString("latin1")).toMatch(/\}\n$/);
      writeFileSync(path, Buffer.concat([header, data]));
      expect(await isAppendable(path)).toBe(false);
      expect(await ensureAppendable(path, { inplace })).toBe(true);
      expect(await isAppendable(path)).toBe(true);
      const array = await load(path);
      const { bytes } = array.data as RecordArray;
      expect(array.shape).toEqual(shape);
      expect(Buffer.compare(bytes, data)).toBe(0);
      const npaa = await NpyAppendArray.open(path);
      await npaa.append({
        ...array,
        data: bytes.slice(0, 11 * 27 * 8),
        shape: fortranOrder ? [...rowShape, 1] : [1, ...rowShape],
      });
      await npaa.close();
      expect((await load(path)).data.length).toBe(elements + 11 * 27);
    });
  }

  for (const zerofillIncomplete of [false, true]) {
    test(`recover ${zerofillIncomplete ? "with" : "without"} zero-filling: ${order}, cut in the middle`, async () => {
      const path = temporaryPath();
      const data = BigUint64Array.from({ length: elements }, (_, i) => BigInt(i + 1));
      await save(path, { data, shape, dtype: "<u8", fortranOrder });
      const half = (statSync(path).size - 128) / 2 - 12;
      truncateSync(path, 128 + half);
      const wholeRows = Math.floor(half / (11 * 27 * 8));
      const report = await recover(path, { zerofillIncomplete });
      const rowsAfter = wholeRows + (zerofillIncomplete ? 1 : 0);
      expect(report).toEqual({
        needed: true,
        rowsBefore: rows,
        rowsAfter,
        bytesDropped: zerofillIncomplete ? 0 : half - wholeRows * 11 * 27 * 8,
        bytesZeroFilled: zerofillIncomplete ? rowsAfter * 11 * 27 * 8 - half : 0,
      });
      const recovered = await load(path);
      expect(recovered.shape).toEqual(fortranOrder ? [...rowShape, rowsAfter] : [rowsAfter, ...rowShape]);
      const bytes = Buffer.from((recovered.data as BigUint64Array).buffer);
      const kept = Math.min(half, bytes.length);
      expect(Buffer.compare(bytes.subarray(0, kept), Buffer.from(data.buffer).subarray(0, kept))).toBe(0);
      expect(bytes.subarray(kept).every((byte) => byte === 0)).toBe(true);
    });
  }
}
