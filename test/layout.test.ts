/** Where rows lie: the growth axis, and what is too large to be counted. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dtype } from "../src/format/dtype.ts";
import {
  type ArrayLayout,
  bytesPerRow,
  checkSize,
  dataLength,
  growthAxis,
  rowCount,
  rowShape,
  shapeOf,
  sizeOf,
} from "../src/format/layout.ts";

test.each<[shape: number[], fortranOrder: boolean, axis: number | undefined, rows: number, row: number[], bytes: number]>([
  [[], false, undefined, 1, [], 4],
  [[], true, undefined, 1, [], 4],
  [[5], false, 0, 5, [], 4],
  [[5], true, 0, 5, [], 4],
  [[2, 3], false, 0, 2, [3], 12],
  [[2, 3], true, 1, 3, [2], 8],
  [[2, 3, 5], false, 0, 2, [3, 5], 60],
  [[2, 3, 5], true, 2, 5, [2, 3], 24],
  [[0, 3], false, 0, 0, [3], 12],
  [[3, 0], false, 0, 3, [0], 0],
  [[3, 0], true, 1, 0, [3], 12],
])("shape %j, Fortran order %j", (shape, fortranOrder, axis, rows, row, bytes) => {
  const layout = { dtype: dtype("<f4"), shape, fortranOrder };
  expect(growthAxis(fortranOrder, shape.length)).toBe(axis);
  expect(rowCount(layout)).toBe(rows);
  expect(rowShape(layout)).toEqual(row);
  expect(bytesPerRow(layout)).toBe(bytes);
  expect(dataLength(layout)).toBe(rows * bytes);
});

test("elements without a size make rows without bytes", () => {
  const layout = { dtype: dtype("S0"), shape: [7, 3], fortranOrder: false };
  expect(bytesPerRow(layout)).toBe(0);
  expect(dataLength(layout)).toBe(0);
});

test("a shape is its rows and the shape of one", () => {
  const shapes = fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(shapes, fc.boolean(), fc.constantFrom("|u1", "<f8", "|V7"), (shape, fortranOrder, like) => {
      const layout = { dtype: dtype(like), shape, fortranOrder };
      expect(shapeOf(rowCount(layout), rowShape(layout), fortranOrder)).toEqual(shape);
      expect(sizeOf(rowShape(layout)) * rowCount(layout)).toBe(sizeOf(shape));
      expect(dataLength(layout)).toBe(sizeOf(shape) * layout.dtype.itemsize);
    }),
  );
});

describe("what can be counted", () => {
  const layout = (shape: readonly number[], like = "|u1"): ArrayLayout => ({ dtype: dtype(like), shape, fortranOrder: false });

  test.each<[number[], string]>([
    [[], "|u1"],
    [[2 ** 53 - 1], "|u1"],
    [[2 ** 49], "<f8"],
    [[0, 2 ** 53 - 1], "|u1"],
    [[2 ** 26, 2 ** 26], "|u1"],
    [[2 ** 53 - 1, 1, 0], "S0"],
    [Array(64).fill(1), "|u1"],
  ])("%j of %s", (shape, like) => {
    expect(checkSize(layout(shape, like))).toBeUndefined();
  });

  test.each<[number[], string, RegExp]>([
    [[2 ** 53], "|u1", /whole numbers, and the array smaller than 2\^53 bytes/],
    [[2 ** 50], "<f8", /2\^53/],
    [[2 ** 27, 2 ** 26], "|u1", /2\^53/],
    // Its rows would be too large, although there are none.
    [[0, 2 ** 50], "<f8", /2\^53/],
    [[2 ** 50, 0], "<f8", /2\^53/],
    [[-1], "|u1", /shape \(-1\)/],
    [[1.5], "|u1", /shape \(1\.5\)/],
    [[Number.NaN], "|u1", /shape \(NaN\)/],
    [[0, Number.POSITIVE_INFINITY], "|u1", /shape \(0, Infinity\)/],
    [Array(65).fill(1), "|u1", /65 dimensions.*at most 64/],
  ])("not %j of %s", (shape, like, message) => {
    expect(() => checkSize(layout(shape, like))).toThrow(
      expect.objectContaining({ code: "ERR_NPY_SHAPE", message: expect.stringMatching(message) }),
    );
  });
});
