/** How elements that are apart in a file are read: together, through gaps, one by one, or mapped. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { dtype } from "../src/index.ts";
import { StridedCopy } from "../src/memory/strided.ts";
import { gather, type Limits, type Source, type Wanted } from "../src/plan/read/gather.ts";
import { MappedWindows } from "../src/plan/read/mapped-windows.ts";
import { takeRows } from "../src/plan/read/take.ts";
import { run, runSync } from "../src/plan/run.ts";
import { MemoryStorage } from "../src/storage/memory.ts";
import type { StorageFile } from "../src/storage/storage.ts";
import { runs } from "./support/effort.ts";

const HEADER = 64;

/** What is asked of a file: where reads begin, and how long they are. */
interface Asked {
  readonly position: number;
  readonly length: number;
}

/** A file with so many rows of the bytes 0, 1, 2, ..., and what is read of it. */
function openFile(rows: number, width: number, isMapped = false): { source: Source; bytes: Uint8Array; asked: Asked[] } {
  const bytes = Uint8Array.from({ length: HEADER + rows * width }, (_, i) => (i * 167 + (i >> 8)) & 0xff);
  const inner = new MemoryStorage(bytes).openSync("r");
  const asked: Asked[] = [];
  const record = (buffer: Uint8Array, position: number): void => {
    asked.push({ position: position - HEADER, length: buffer.length });
  };
  const file = Object.assign(Object.create(inner) as StorageFile, {
    sizeSync: () => inner.sizeSync(),
    size: () => inner.sizeSync(),
    readSync(buffer: Uint8Array, position: number) {
      record(buffer, position);
      return inner.readSync(buffer, position);
    },
    async read(buffer: Uint8Array, position: number) {
      record(buffer, position);
      await Promise.resolve();
      return inner.readSync(buffer, position);
    },
    map: (position: number, length: number) => bytes.slice(0).subarray(position, position + length),
  });
  const header = {
    version: [1, 0] as const,
    dtype: dtype(`V${width}`),
    shape: [rows],
    fortranOrder: false,
    headerLength: HEADER,
    slack: 0,
  };
  const windows = isMapped ? new MappedWindows(file, HEADER, undefined) : undefined;
  return { source: { file, header, windows, signal: undefined } as unknown as Source, bytes: bytes.subarray(HEADER), asked };
}

/** The same copy, element by element. */
function copied({ from, to, axes, pieces }: Wanted, bytes: Uint8Array, target: Uint8Array): void {
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    for (const piece of pieces) target.set(bytes.subarray(from + piece.from, from + piece.from + piece.width), to + piece.to);
    return;
  }
  for (let i = 0; i < axis.count; i++) {
    copied({ from: from + i * axis.from, to: to + i * axis.to, axes: inner, pieces }, bytes, target);
  }
}

/** Compares bytes many times as fast as `toEqual`, which then shows how they differ. */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(found, expected) !== 0) expect(found).toEqual(expected);
}

interface Case extends Wanted {
  readonly reach: number;
  readonly size: number;
}

/** Elements of some pieces, with gaps between them, and axes of which some are apart, transposed or backwards in the result. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    pieces: fc.array(fc.record({ gap: fc.nat({ max: 20 }), width: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
    axes: fc.array(
      fc.record({
        count: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.integer({ min: 1, max: 20 })),
        gap: fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
        isBackward: fc.boolean(),
        place: fc.nat(),
      }),
      { maxLength: 4 },
    ),
    start: fc.nat({ max: 9 }),
  })
  .map(({ pieces, axes, start }) => {
    let length = 0;
    let packed = 0;
    const found = pieces.map(({ gap, width }, i) => {
      const piece = { from: length + (i === 0 ? 0 : gap), to: packed, width };
      length = piece.from + width;
      packed += width;
      return piece;
    });
    // In the result, the axes have another order.
    const order = axes.map((_, i) => i).sort((a, b) => (axes[a]?.place ?? 0) - (axes[b]?.place ?? 0));
    const strides = new Array<number>(axes.length);
    let size = packed;
    for (const axis of order) {
      strides[axis] = size;
      size *= axes[axis]?.count ?? 1;
    }
    let to = 0;
    let reach = length;
    const placed = axes
      .map(({ count, gap, isBackward }, i) => {
        const from = reach + gap;
        reach += (count - 1) * from;
        const stride = strides[i] as number;
        if (isBackward) to += (count - 1) * stride;
        return { count, from, to: isBackward ? -stride : stride };
      })
      .reverse();
    return { from: start, to, axes: placed, pieces: found, reach: start + reach, size };
  })
  .filter(({ reach }) => reach < 2 ** 14);

const limits: fc.Arbitrary<Limits> = fc
  .record({ gap: fc.constantFrom(0, 5, 30, 200), span: fc.constantFrom(64, 300, 5000), more: fc.constantFrom(0, 500, 20_000) })
  .map(({ gap, span, more }) => ({ gap, span, batch: span + more }));

test("what is read is what is wanted, whatever is read together", async () => {
  await fc.assert(
    fc.asyncProperty(cases, limits, async (wanted, bounds) => {
      const { source, bytes, asked } = openFile(wanted.reach, 1);
      const expected = new Uint8Array(wanted.size);
      copied(wanted, bytes, expected);
      const found = new Uint8Array(wanted.size);
      runSync(gather(source, wanted, found, bounds));
      expectSame(found, expected);
      const inSync = asked.splice(0);
      found.fill(0);
      await run(gather(source, wanted, found, bounds));
      expectSame(found, expected);
      expect(asked.sort((a, b) => a.position - b.position)).toEqual(inSync.sort((a, b) => a.position - b.position));
      // Only gaps that are allowed are read.
      const read = asked.reduce((sum, { length }) => sum + length, 0);
      if (bounds.gap === 0) expect(read).toBe(wanted.size);
      const mapped = openFile(wanted.reach, 1, true).source;
      found.fill(0);
      runSync(gather(mapped, wanted, found));
      expectSame(found, expected);
    }),
    { numRuns: runs(3000) },
  );
});

test("strided copies are the same at any alignment", () => {
  fc.assert(
    fc.property(cases, fc.nat({ max: 9 }), fc.nat({ max: 9 }), (wanted, shift, put) => {
      const [piece] = wanted.pieces as [Wanted["pieces"][0]];
      const one = { ...wanted, pieces: [piece] };
      const bytes = Uint8Array.from({ length: wanted.reach + shift }, (_, i) => (i * 59 + (i >> 8)) & 0xff).subarray(shift);
      const expected = new Uint8Array(wanted.size + put);
      const found = new Uint8Array(wanted.size + put);
      copied({ ...one, to: one.to + put }, bytes, expected);
      new StridedCopy(wanted.axes, piece.width).copy(bytes, wanted.from + piece.from, found, one.to + piece.to + put);
      expectSame(found, expected);
    }),
    { numRuns: runs(3000) },
  );
});

test("rows are taken as they are asked for, whatever is read together", async () => {
  const row = fc.nat({ max: 99 });
  const lists = fc.oneof(
    fc.array(row, { maxLength: 60 }),
    fc.tuple(row, fc.nat({ max: 80 })).map(([start, count]) => Array.from({ length: count }, (_, i) => (start + i) % 100)),
    fc.tuple(row, fc.nat({ max: 5 })).map(([same, count]) => new Array<number>(count).fill(same)),
  );
  const width = fc.constantFrom(1, 2, 3, 8, 12, 64, 65, 200);
  await fc.assert(
    fc.asyncProperty(lists, width, limits, async (list, size, bounds) => {
      const { source, bytes, asked } = openFile(100, size);
      const rows = Float64Array.from(list);
      const expected = Uint8Array.from(list.flatMap((i) => [...bytes.subarray(i * size, (i + 1) * size)]));
      const found = new Uint8Array(list.length * size);
      runSync(takeRows(source, rows, found, bounds));
      expectSame(found, expected);
      const [read, distinct] = [asked.reduce((sum, { length }) => sum + length, 0), new Set(list).size];
      if (bounds.gap === 0) expect(read).toBe(distinct * size);
      found.fill(0);
      await run(takeRows(source, rows, found, bounds));
      expectSame(found, expected);
      found.fill(0);
      runSync(takeRows(openFile(100, size, true).source, rows, found));
      expectSame(found, expected);
    }),
    { numRuns: runs(3000) },
  );
});
