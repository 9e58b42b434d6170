/** Copies at strides, against the plainest loop. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { copyFields } from "../src/memory/fields.ts";
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

  test("of matrices at any strides, also of one element and of more than are copied at once", () => {
    const few = fc.integer({ min: 1, max: 9 });
    const many = fc.integer({ min: 255, max: 1500 });
    const sizes = fc.oneof(fc.tuple(few, few), fc.tuple(few, many), fc.tuple(many, few));
    const signs = fc.constantFrom(-1, 0, 1);
    fc.assert(
      fc.property(
        lanes,
        fc.nat(3),
        sizes,
        fc.tuple(signs, signs),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 2 }),
        (...given) => {
          const [lane, offset, [rows, columns], [sign, rowSign], isTransposed, isTurned, apart] = given;
          const length = apart * (rows + 1) * (columns + 1);
          const { source, target } = memory(lane, offset, length);
          const expected = target.slice();
          const [stride, rowStride] = isTransposed ? [sign * (rows + 1), rowSign] : [sign, rowSign * (columns + 1)];
          const start = firstOf(columns, stride) + firstOf(rows, rowStride);
          const [step, rowStep] = isTurned ? [apart * rows, apart] : [apart, apart * columns];
          for (let row = 0; row < rows; row++) {
            for (let column = 0; column < columns; column++) {
              const at = (start + row * rowStride + column * stride) * lane;
              for (let byte = 0; byte < lane; byte++) {
                expected[(row * rowStep + column * step) * lane + byte] = source[at + byte] as number;
              }
            }
          }
          copyMatrix(
            { lanes: laneView(source, lane), start, stride, rowStride },
            { lanes: laneView(target, lane), start: 0, stride: step, rowStride: rowStep },
            rows,
            columns,
          );
          expect(Buffer.compare(target, expected)).toBe(0);
        },
      ),
      { numRuns: runs(1000) },
    );
  });

  test("of fields into records", () => {
    const field = fc.record({ width: fc.integer({ min: 1, max: 24 }), before: fc.nat(4), shift: fc.nat(8) });
    const fields = fc.array(field, { minLength: 1, maxLength: 5 });
    const counts = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 300, max: 1500 }));
    fc.assert(
      fc.property(fields, counts, fc.constantFrom(1, 2, 4, 8), (given, count, alignment) => {
        const aligned = (n: number): number => Math.ceil(n / alignment) * alignment;
        let size = 0;
        const places = given.map(({ width, before, shift }) => {
          const offset = size + aligned(before);
          size = offset + aligned(width);
          return { width: aligned(width), offset, shift: aligned(shift) };
        });
        const records = new Uint8Array(size * count).fill(0xee);
        const expected = records.slice();
        const copies = places.map(({ width, offset, shift }, at) => {
          const bytes = new Uint8Array(shift + width * count).map((_, i) => (i * 31 + at) % 256).subarray(shift);
          for (let i = 0; i < count; i++) expected.set(bytes.subarray(i * width, (i + 1) * width), i * size + offset);
          return { from: { bytes, offset: 0, stride: width }, to: { bytes: records, offset, stride: size }, width };
        });
        copyFields(copies, count);
        expect(Buffer.compare(records, expected)).toBe(0);
      }),
      { numRuns: runs(500) },
    );
  });

  test("in an array whose places are no 32-bit integers", () => {
    const lanes = new Uint8Array(2 ** 31 + 300);
    for (let i = 0; i < 600; i++) lanes[2 ** 31 - 300 + i] = i % 251;
    const target = new Uint8Array(300);
    copyElements({ lanes, start: 2 ** 31 - 300, stride: 2 }, { lanes: target, start: 0, stride: 1 }, 1, 300);
    expect([...target]).toEqual(Array.from({ length: 300 }, (_, i) => (2 * i) % 251));
  });
});
