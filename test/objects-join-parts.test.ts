/** How the data of several objects become the parts of one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { equalParts, type JoinedPart, joinedParts, type Piece, type Wanted } from "../src/objects/join-parts.ts";
import { runs } from "./support/effort.ts";

const LIMITS = { least: 50, most: 500 };
const lengthOf = ({ pieces }: JoinedPart): number => pieces.reduce((sum, { start, end }) => sum + end - start, 0);
const sentBytes = (parts: readonly JoinedPart[]): number =>
  parts.reduce((sum, part) => (part.isCopied ? sum : sum + lengthOf(part)), 0);

test("sources that are large enough are copied, but for the first one's beginning", () => {
  const sources: Wanted[] = Array.from({ length: 4 }, () => ({ start: 1, end: 81, size: 81 }));
  expect(joinedParts(1, sources, LIMITS)).toEqual([
    { isCopied: false, pieces: [{ source: 0, start: 1, end: 81 }] },
    ...[1, 2, 3].map((source) => ({ isCopied: true, pieces: [{ source, start: 1, end: 81 }] })),
  ]);
});

test("what is left of a source is copied if it is long enough, and split if it is too long", () => {
  const parts = joinedParts(1, [{ start: 1, end: 1250, size: 1250 }], LIMITS);
  expect(parts.map((part) => [part.isCopied, lengthOf(part)])).toEqual([
    [false, 49],
    [true, 400],
    [true, 400],
    [true, 400],
  ]);
});

test("small sources are sent with their neighbours", () => {
  const sources: Wanted[] = [100, 10, 10, 60, 200, 5].map((size) => ({ start: 1, end: size + 1, size: size + 1 }));
  const parts = joinedParts(1, sources, LIMITS);
  expect(parts.map((part) => [part.isCopied, part.pieces.map(({ source }) => source)])).toEqual([
    [false, [0]],
    [true, [0]],
    [false, [1, 2, 3]],
    [true, [4]],
    [false, [5]],
  ]);
});

test("nothing is one part", () => {
  expect(joinedParts(1, [], LIMITS)).toEqual([{ isCopied: false, pieces: [] }]);
  expect(joinedParts(1, [{ start: 9, end: 9, size: 99 }], LIMITS)).toEqual([{ isCopied: false, pieces: [] }]);
});

test("every byte is in one part, in order, and all parts are what stores take", () => {
  const source = fc.record({
    start: fc.integer({ min: 0, max: 9 }),
    data: fc.oneof(fc.nat(20), fc.nat(120), fc.nat(3000)),
    trailing: fc.nat(99),
  });
  fc.assert(
    fc.property(fc.array(source, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), (made, before) => {
      const sources = made.map(({ start, data, trailing }) => ({ start, end: start + data, size: start + data + trailing }));
      const parts = joinedParts(before, sources, LIMITS);
      const wanted = sources.map(({ start, end }, source) => ({ source, start, end })).filter(({ start, end }) => end > start);
      expect(contentsOf(parts)).toEqual(wanted);
      const equal = equalParts(before, sources, LIMITS.least);
      expect(contentsOf(equal)).toEqual(wanted);
      const lengths = equal.map((part, i) => lengthOf(part) + (i === 0 ? before : 0));
      expect(lengths.slice(0, -1)).toEqual(lengths.slice(1).map(() => LIMITS.least));
      expect(lengths.at(-1)).toBeLessThanOrEqual(LIMITS.least);
      parts.forEach((part, i) => {
        const length = lengthOf(part) + (i === 0 ? before : 0);
        if (i < parts.length - 1) expect(length).toBeGreaterThanOrEqual(LIMITS.least);
        expect(length).toBeLessThanOrEqual(LIMITS.most);
        if (!part.isCopied) expect(length).toBeLessThan(2 * LIMITS.least + before);
        if (part.isCopied) {
          expect(part.pieces).toHaveLength(1);
          expect(sources[part.pieces[0]?.source as number]?.size).toBeGreaterThan(LIMITS.least);
        }
        expect(length).toBeGreaterThan(0);
      });
      // Of large sources alone only their ends pass through this process.
      if (made.every(({ data }) => data >= 2 * LIMITS.least)) expect(sentBytes(parts)).toBeLessThanOrEqual(2 * LIMITS.least);
    }),
    { numRuns: runs(2000) },
  );
});

test("parts of one size are copied where they lie in one source", () => {
  const sources: Wanted[] = [170, 5, 240].map((size) => ({ start: 1, end: size + 1, size: size + 1 }));
  expect(
    equalParts(1, sources, 50).map((part) => [part.isCopied, lengthOf(part), part.pieces.map(({ source }) => source)]),
  ).toEqual([
    [false, 49, [0]],
    [true, 50, [0]],
    [true, 50, [0]],
    [false, 50, [0, 1, 2]],
    [true, 50, [2]],
    [true, 50, [2]],
    [true, 50, [2]],
    [true, 50, [2]],
    [true, 16, [2]],
  ]);
  expect(equalParts(1, [], 50)).toEqual([{ isCopied: false, pieces: [] }]);
});

/** What the parts hold, with pieces that follow each other in a source as one. */
function contentsOf(parts: readonly JoinedPart[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of parts.flatMap((part) => part.pieces)) {
    const last = joined.at(-1);
    if (last?.source === piece.source && last.end === piece.start) joined[joined.length - 1] = { ...last, end: piece.end };
    else joined.push(piece);
  }
  return joined;
}
