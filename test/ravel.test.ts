/** Strided copies, against a walk over every element. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ravel } from "../src/encode/ravel.ts";
import { dtype } from "../src/format/dtype.ts";
import { sizeOf } from "../src/format/layout.ts";
import type { StridedBytes } from "../src/input/parsed-input.ts";
import { runs } from "./support/effort.ts";
import { randomBytes, randomNumbers } from "./support/random-bytes.ts";

function joined(blocks: Iterable<Uint8Array>): Uint8Array {
  return new Uint8Array(Buffer.concat(Array.from(blocks, (block) => Buffer.from(block))));
}

/** The elements one by one, in file order. */
function walked({ bytes, dtype: { itemsize }, shape, strides, offset }: StridedBytes, fortranOrder: boolean): Uint8Array {
  const out: number[] = [];
  const axes = shape.map((_, axis) => axis);
  // From the axis that changes fastest to the slowest.
  const order = fortranOrder ? axes : axes.toReversed();
  for (let at = 0; at < sizeOf(shape); at++) {
    let position = offset;
    let rest = at;
    for (const axis of order) {
      position += (rest % (shape[axis] as number)) * (strides[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
    }
    out.push(...bytes.subarray(position * itemsize, (position + 1) * itemsize));
  }
  return Uint8Array.from(out);
}

const views: fc.Arbitrary<StridedBytes & { fortranOrder: boolean }> = fc
  .record({
    like: fc.constantFrom("|u1", "<i2", "<f4", "<f8", "<c16", "|S3", "|V6", "<U5", "<f16"),
    axes: fc.array(fc.record({ size: fc.integer({ min: 0, max: 6 }), stride: fc.integer({ min: -7, max: 7 }) }), {
      maxLength: 4,
    }),
    shift: fc.nat({ max: 9 }),
    fortranOrder: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ like, axes, shift, fortranOrder, seed }) => {
    const shape = axes.map(({ size }) => size);
    const strides = axes.map(({ stride }) => stride);
    const reach = axes.map(({ size, stride }) => Math.max(0, size - 1) * stride);
    const offset = -reach.filter((n) => n < 0).reduce((sum, n) => sum + n, 0);
    const last = offset + reach.filter((n) => n > 0).reduce((sum, n) => sum + n, 0);
    const type = dtype(like);
    // Bytes that do not begin at a multiple of the element's size, too.
    const all = randomBytes(dtype("u1"), shift + (last + 1) * type.itemsize, randomNumbers(seed));
    return { bytes: all.subarray(shift), dtype: type, shape, strides, offset, fortranOrder };
  });

test("any strides, in C and in Fortran order", () => {
  fc.assert(
    fc.property(views, (view) => {
      expect(joined(ravel(view, view.dtype, view.fortranOrder))).toEqual(walked(view, view.fortranOrder));
    }),
    { numRuns: 1000 },
  );
});

test("short and long rows of elements of several sizes, in any order of axes", () => {
  const sizes = fc.constantFrom([700, 3], [3, 700], [50, 70], [6, 5, 65], [65, 4, 7], [2, 33, 3, 9]);
  const likes = fc.constantFrom("|u1", "<i2", "<f4", "<f8", "<c16", "|S3", "|V6", "<U5", "|V520");
  fc.assert(
    fc.property(likes, sizes, fc.nat(), fc.nat(2), fc.nat(7), fc.boolean(), (like, shape, turn, crop, shift, fortranOrder) => {
      const type = dtype(like);
      const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
      const all = randomBytes(dtype("u1"), shift + sizeOf(shape) * type.itemsize, randomNumbers(turn));
      const order = shape.map((_, axis) => (axis + turn) % shape.length);
      const view = {
        bytes: all.subarray(shift),
        dtype: type,
        shape: order.map((axis) => Math.max(1, (shape[axis] as number) - crop)),
        strides: order.map((axis) => strides[axis] as number),
        offset: 0,
      };
      expect(Buffer.compare(joined(ravel(view, type, fortranOrder)), walked(view, fortranOrder))).toBe(0);
    }),
    { numRuns: runs(200, 0.25) },
  );
});

test("blocks join where the array is larger than one", () => {
  const shape = [3, 500, 301];
  const data = Float64Array.from({ length: sizeOf(shape) }, (_, i) => i);
  const view = { bytes: new Uint8Array(data.buffer), dtype: dtype("<f8"), shape, strides: [1, 3, 1500], offset: 0 };
  const blocks: number[] = [];
  const parts: Buffer[] = [];
  for (const block of ravel(view, view.dtype, false)) {
    blocks.push(block.length);
    parts.push(Buffer.from(block));
  }
  expect(blocks.length).toBeGreaterThan(3);
  expect(Math.max(...blocks)).toBeLessThanOrEqual(2 ** 20);
  const values = new Float64Array(new Uint8Array(Buffer.concat(parts)).buffer);
  for (const [i, j, k] of [
    [0, 0, 0],
    [1, 2, 3],
    [2, 499, 300],
    [0, 436, 17],
  ] as const) {
    expect(values[(i * 500 + j) * 301 + k]).toBe(i + 3 * j + 1500 * k);
  }
});

describe("bytes of the file's dtype", () => {
  const data = new Float64Array([1, 2, 3]);
  const view = { bytes: new Uint8Array(data.buffer), dtype: dtype("<f8"), shape: [3], strides: [1], offset: 0 };

  test("contiguous data in them are not copied", () => {
    const [block] = [...ravel(view, dtype("<f8"), false)] as [Uint8Array];
    expect(block.buffer).toBe(data.buffer);
  });

  test("byte order and cast", () => {
    const bytes = joined(ravel(view, dtype(">i2"), false));
    expect([...bytes]).toEqual([0, 1, 0, 2, 0, 3]);
    const back = { bytes, dtype: dtype(">i2"), shape: [3], strides: [-1], offset: 2 };
    expect(new Float32Array(joined(ravel(back, dtype("<f4"), false)).buffer)).toEqual(new Float32Array([3, 2, 1]));
    expect(data).toEqual(new Float64Array([1, 2, 3]));
  });

  test("the bits of NaNs are kept", () => {
    const bits = new Uint32Array([0x7fa00001, 0xffc12345, 0x7f800001]);
    const nans = { bytes: new Uint8Array(bits.buffer), dtype: dtype("<f4"), shape: [3], strides: [-1], offset: 2 };
    expect(new Uint32Array(joined(ravel(nans, dtype("<f4"), false)).buffer)).toEqual(bits.toReversed());
  });
});
