/** Copies at strides, against the plainest loop. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyElements, copyMatrix, type Lane, laneView } from "../src/memory/lanes.ts";
import { runs } from "./support/effort.ts";

/** Bytes to read from, and to write into, not at the beginning of their buffers. */
function memory(lane: Lane, offset: number, length: number): { source: Uint8Array; target: Uint8Array } {
  const bytes = (): Uint8Array => new Uint8Array(new ArrayBuffer(offset * lane + length * lane), offset * lane);
  return { source: bytes().map((_, i) => (i * 31 + (i >> 8)) % 256), target: bytes().fill(0xee) };
}

const lanes = fc.constantFrom<Lane>(1, 2, 4, 8);
const strides = fc.constantFrom(-3, -1, 1, 2, 3, 8);

/** The lowest place of elements at these strides, counted from the first, taken away: so that all are within the memory. */
function firstOf(count: number, stride: number): number {
  return stride < 0 ? (count - 1) * -stride : 0;
}

describe("copies are those of the plainest loop", () => {
  test("of elements", () => {
    const counts = fc.oneof(fc.nat(40), fc.integer({ min: 250, max: 270 }), fc.constant(1000));
    fc.assert(
      fc.property(
        lanes,
        fc.nat(3),
        counts,
        fc.integer({ min: 1, max: 3 }),
        strides,
        strides,
        (lane, offset, count, width, from, to) => {
          const [stride, step] = [from * width, to * width];
          const { source, target } = memory(lane, offset, 8 * width * (count + 2));
          const expected = target.slice();
          const [at, put] = [firstOf(count, stride), firstOf(count, step)];
          for (let i = 0; i < count; i++) {
            const first = (at + i * stride) * lane;
            expected.set(source.subarray(first, first + width * lane), (put + i * step) * lane);
          }
          copyElements(
            { lanes: laneView(source, lane), start: at, stride },
            { lanes: laneView(target, lane), start: put, stride: step },
            width,
            count,
          );
          expect(Buffer.compare(target, expected)).toBe(0);
        },
      ),
      { numRuns: runs(2000) },
    );
  });

  test("of matrices", () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 30, max: 40 }));
    fc.assert(
      fc.property(lanes, fc.nat(3), fc.nat(3), sizes, sizes, fc.boolean(), (lane, offset, start, rows, columns, isTransposed) => {
        const { source, target } = memory(lane, offset, 8 * (rows + 4) * (columns + 4));
        const expected = target.slice();
        const [stride, rowStride] = isTransposed ? [rows + 1, 1] : [2, 2 * columns];
        // Columns apart from each other in the target, too, or as close as in a file.
        const rowStep = columns + (offset % 2);
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const at = (start + row * rowStride + column * stride) * lane;
            expected.set(source.subarray(at, at + lane), (start + row * rowStep + column) * lane);
          }
        }
        copyMatrix(
          { lanes: laneView(source, lane), start, stride, rowStride },
          { lanes: laneView(target, lane), start, stride: 1, rowStride: rowStep },
          rows,
          columns,
        );
        expect(Buffer.compare(target, expected)).toBe(0);
      }),
      { numRuns: runs(2000) },
    );
  });
});
