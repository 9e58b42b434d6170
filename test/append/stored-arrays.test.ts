/** Typed arrays of what the file has are appended as they are: numbers, and for other dtypes what reading gives. */
import { describe, expect, test } from "vitest";
import { type DTypeLike, dtype, formatHeader, loadSync, MemoryStorage } from "../../src/index.ts";
import { attempt, FILE_FORMS } from "../support/forms.ts";
import { randomBytes, randomNumbers } from "../support/random-bytes.ts";

const KINDS: readonly (readonly [DTypeLike, (bytes: ArrayBuffer) => Uint8Array | BigInt64Array | Float32Array | Float64Array])[] =
  [
    ["bool", (bytes) => new Uint8Array(bytes).map((byte) => byte & 1)],
    ["datetime64[s]", (bytes) => new BigInt64Array(bytes)],
    ["timedelta64[ns]", (bytes) => new BigInt64Array(bytes)],
    ["complex64", (bytes) => new Float32Array(bytes)],
    ["complex128", (bytes) => new Float64Array(bytes)],
    ["V24", (bytes) => new Uint8Array(bytes)],
    [{ t: ">f8", id: "int32", pos: ["float32", [3]] }, (bytes) => new Uint8Array(bytes)],
  ];

describe.each(FILE_FORMS)("%s", (_form, { open }) => {
  test.each(KINDS)("%j", async (given, viewOf) => {
    const type = dtype(given);
    const random = randomNumbers(1);
    for (const [rowShape, fortranOrder] of [
      [[], false],
      [[2], false],
      [[2], true],
    ] as const) {
      const storage = new MemoryStorage();
      const npaa = await open(storage, { dtype: given, rowShape, fortranOrder });
      const written: Uint8Array[] = [];
      // The last of them is more than is copied.
      for (const rows of [1, 3, 1, 3000]) {
        const array = viewOf(randomBytes(type, (rows * 96) / type.itemsize, random).buffer);
        expect(array.byteLength).toBe(rows * 96);
        await npaa.append(array as never);
        written.push(new Uint8Array(array.buffer));
      }
      const data = Buffer.concat(written);
      const rows = data.length / type.itemsize / rowShape.reduce((all: number, n) => all * n, 1);
      expect(npaa.length).toBe(rows);
      const half = new Uint8Array(type.itemsize * 1.5);
      if (rowShape.length === 0 && type.itemsize > 1 && viewOf(new ArrayBuffer(0)) instanceof Uint8Array) {
        await expect(attempt(() => npaa.append(half as never))).rejects.toMatchObject({
          code: expect.stringMatching(/^ERR_NPY_(SHAPE|VALUE)$/),
        });
      }
      await npaa.close();
      const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
      const expected = Buffer.concat([formatHeader({ dtype: type, fortranOrder, shape }), data]);
      expect(expected.equals(storage.bytes() as Uint8Array)).toBe(true);
      expect(loadSync(storage).shape).toEqual(shape);
    }
  });
});
