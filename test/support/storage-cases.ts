/** What every storage does: one table of cases, each by both drivers. */
import { expect } from "vitest";
import { run, runSync } from "../../src/plan/run.ts";
import {
  close,
  create,
  createTemporary,
  open,
  type Plan,
  place,
  read,
  remove,
  replace,
  size,
  sync,
  truncate,
  write,
} from "../../src/plan/step.ts";
import type { Eventually, Storage, StorageFile } from "../../src/storage/storage.ts";

export const DRIVERS: [string, <Result>(plan: Plan<Result>) => Eventually<Result>][] = [
  ["synchronously", runSync],
  ["asynchronously", run],
];

/** Different bytes wherever one looks, from `seed` on. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed + i * 7 + (i >> 8)) & 0xff);
}

/** `length` bytes from `position` on, or as many as there are. */
function* bytesAt(file: StorageFile, position: number, length: number): Plan<Uint8Array> {
  // What is not read must not be touched either.
  const buffer = new Uint8Array(length + 1).fill(0xee);
  const count = yield* read(file, buffer.subarray(0, length), position);
  expect(Buffer.compare(buffer.subarray(count), new Uint8Array(length + 1 - count).fill(0xee))).toBe(0);
  return buffer.subarray(0, count);
}

/** The code of the error that a plan fails with. */
function* codeOf(plan: Plan<unknown>): Plan<unknown> {
  try {
    yield* plan;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "no error";
}

/** A file that holds `bytes`, and is open. */
function* holding(storage: Storage, bytes: Uint8Array): Plan<StorageFile> {
  const file = yield* create(storage);
  yield* write(file, bytes, 0);
  return file;
}

/** What the file that is there now holds. */
function* contents(storage: Storage): Plan<Uint8Array> {
  const file = yield* open(storage, "r");
  const bytes = yield* bytesAt(file, 0, yield* size(file));
  yield* close(file);
  return bytes;
}

/** Beyond this many bytes a `NodeStorage` hands transfers to other threads. */
export const LARGE: number = 2 ** 16;

/** Cases that replace a file while it is open, which Windows refuses. */
export const REPLACES_OPEN: ReadonlySet<string> = new Set([
  "a temporary file is not there until it replaces; who had the old one open still reads it",
  "two openings of one file have one key, another file has another",
]);

/** Cases whose files are large, and nearly empty. */
export const NEEDS_HOLES: ReadonlySet<string> = new Set(["positions and sizes go beyond 4 GiB"]);

export const CASES: [string, (storage: Storage) => Plan<void>][] = [
  [
    "nothing is there at first",
    function* (storage) {
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      expect(yield* codeOf(open(storage, "r+"))).toBe("ENOENT");
    },
  ],
  [
    "a file that was created is empty, and there",
    function* (storage) {
      const file = yield* create(storage);
      expect(yield* size(file)).toBe(0);
      expect(yield* bytesAt(file, 0, 10)).toHaveLength(0);
      expect(yield* bytesAt(file, 5, 10)).toHaveLength(0);
      yield* close(file);
      expect(yield* contents(storage)).toHaveLength(0);
    },
  ],
  [
    "create never touches what is there",
    function* (storage) {
      yield* close(yield* holding(storage, pattern(10)));
      expect(yield* codeOf(create(storage))).toBe("EEXIST");
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "what was written is read, by the same opening and by others",
    function* (storage) {
      const file = yield* holding(storage, pattern(100));
      const other = yield* open(storage, "r+");
      yield* write(other, pattern(20, 50), 90);
      for (const opened of [file, other]) {
        expect(yield* size(opened)).toBe(110);
        expect(yield* bytesAt(opened, 0, 110)).toEqual(Uint8Array.of(...pattern(90), ...pattern(20, 50)));
      }
      yield* close(file);
      yield* close(other);
    },
  ],
  [
    "writing goes where it is told, whatever the order",
    function* (storage) {
      const file = yield* create(storage);
      yield* write(file, pattern(10, 1), 10);
      yield* write(file, pattern(10, 2), 0);
      yield* write(file, pattern(4, 3), 8);
      yield* write(file, new Uint8Array(0), 3);
      expect(yield* bytesAt(file, 0, 99)).toEqual(
        Uint8Array.of(...pattern(10, 2).subarray(0, 8), ...pattern(4, 3), ...pattern(10, 1).subarray(2)),
      );
      yield* close(file);
    },
  ],
  [
    "a transfer at the end of the file is short, one beyond it gives nothing",
    function* (storage) {
      const bytes = pattern(3 * LARGE);
      const file = yield* holding(storage, bytes);
      for (const length of [8, 2 * LARGE]) {
        for (const missing of [0, 1]) {
          const tail = yield* bytesAt(file, bytes.length - length + missing, length);
          expect(Buffer.compare(tail, bytes.subarray(missing - length))).toBe(0);
        }
        expect(yield* bytesAt(file, bytes.length - 1, length)).toEqual(bytes.subarray(-1));
        expect(yield* bytesAt(file, bytes.length, length)).toHaveLength(0);
        expect(yield* bytesAt(file, bytes.length + LARGE, length)).toHaveLength(0);
      }
      yield* close(file);
    },
  ],
  [
    "transfers of every size begin and end where they should",
    function* (storage) {
      const file = yield* create(storage);
      const expected = new Uint8Array(8 * LARGE);
      let end = 0;
      for (const [position, length] of [
        [0, LARGE - 1],
        [LARGE - 2, LARGE],
        [7, LARGE + 1],
        [3 * LARGE, 3 * LARGE + 5],
        [2 * LARGE - 1, 2],
      ] as const) {
        yield* write(file, pattern(length, position), position);
        expected.set(pattern(length, position), position);
        end = Math.max(end, position + length);
      }
      expect(yield* size(file)).toBe(end);
      expect(Buffer.compare(yield* bytesAt(file, 0, end), expected.subarray(0, end))).toBe(0);
      expect(Buffer.compare(yield* bytesAt(file, 5, 2 * LARGE), expected.subarray(5, 5 + 2 * LARGE))).toBe(0);
      yield* close(file);
    },
  ],
  [
    "views of larger buffers are taken from their offset",
    function* (storage) {
      const file = yield* holding(storage, pattern(4 * LARGE).subarray(3, 3 + 2 * LARGE));
      expect(yield* size(file)).toBe(2 * LARGE);
      const buffer = new Uint8Array(4 * LARGE);
      yield* read(file, buffer.subarray(11, 11 + 2 * LARGE), 0);
      expect(Buffer.compare(buffer.subarray(11, 11 + 2 * LARGE), pattern(4 * LARGE).subarray(3, 3 + 2 * LARGE))).toBe(0);
      expect(buffer.subarray(0, 11).every((byte) => byte === 0)).toBe(true);
      yield* close(file);
    },
  ],
  [
    "a gap reads as zeros",
    function* (storage) {
      const file = yield* holding(storage, pattern(10));
      yield* write(file, pattern(10), 3 * LARGE);
      expect(yield* size(file)).toBe(3 * LARGE + 10);
      const gap = yield* bytesAt(file, 10, 3 * LARGE - 10);
      expect(gap).toHaveLength(3 * LARGE - 10);
      expect(gap.every((byte) => byte === 0)).toBe(true);
      yield* close(file);
    },
  ],
  [
    "truncate cuts and lengthens; what was cut off never comes back",
    function* (storage) {
      const bytes = pattern(3 * LARGE);
      const file = yield* holding(storage, bytes);
      for (const cut of [2 * LARGE, LARGE + 9, 9, 0]) {
        yield* truncate(file, cut);
        expect(yield* size(file)).toBe(cut);
        yield* truncate(file, 3 * LARGE);
        expect(yield* size(file)).toBe(3 * LARGE);
        const grown = yield* bytesAt(file, 0, 4 * LARGE);
        expect(grown).toHaveLength(3 * LARGE);
        expect(Buffer.compare(grown.subarray(0, cut), bytes.subarray(0, cut))).toBe(0);
        expect(grown.subarray(cut).every((byte) => byte === 0)).toBe(true);
      }
      yield* write(file, pattern(5), LARGE);
      yield* truncate(file, LARGE + 2);
      yield* write(file, pattern(1), LARGE + 5);
      expect(yield* bytesAt(file, LARGE, 9)).toEqual(Uint8Array.of(...pattern(2), 0, 0, 0, ...pattern(1)));
      yield* close(file);
    },
  ],
  [
    "positions and sizes go beyond 4 GiB",
    function* (storage) {
      const file = yield* holding(storage, pattern(10));
      for (const position of [2 ** 31 - 3, 2 ** 32 - 3, 2 ** 32 + 2 ** 31, 2 ** 34 + 1]) {
        yield* write(file, pattern(6, position % 251), position);
        expect(yield* size(file)).toBe(position + 6);
        expect(yield* bytesAt(file, position - 2, 9)).toEqual(Uint8Array.of(0, 0, ...pattern(6, position % 251)));
      }
      yield* write(file, pattern(2 * LARGE), 2 ** 33 - 7);
      expect(Buffer.compare(yield* bytesAt(file, 2 ** 33 - 7, 2 * LARGE), pattern(2 * LARGE))).toBe(0);
      expect(yield* bytesAt(file, 0, 12)).toEqual(Uint8Array.of(...pattern(10), 0, 0));
      yield* truncate(file, 2 ** 32 - 1);
      expect(yield* size(file)).toBe(2 ** 32 - 1);
      yield* truncate(file, 2 ** 35);
      expect(yield* size(file)).toBe(2 ** 35);
      expect(yield* bytesAt(file, 2 ** 32 - 3, 6)).toEqual(
        Uint8Array.of(...pattern(6, (2 ** 32 - 3) % 251).subarray(0, 2), 0, 0, 0, 0),
      );
      yield* close(file);
    },
  ],
  [
    "sync can be called at any time",
    function* (storage) {
      const file = yield* create(storage);
      yield* sync(file);
      yield* write(file, pattern(10), 0);
      yield* sync(file);
      yield* sync(file);
      yield* close(file);
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "a temporary file is not there until it replaces; who had the old one open still reads it",
    function* (storage) {
      const old = yield* holding(storage, pattern(10, 1));
      const reader = yield* open(storage, "r");
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(20, 2), 0);
      expect(yield* contents(storage)).toEqual(pattern(10, 1));
      yield* replace(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(20, 2));
      for (const file of [old, reader]) expect(yield* bytesAt(file, 0, 99)).toEqual(pattern(10, 1));
      // It stays open, as the file that is there now.
      yield* write(temporary, pattern(1, 3), 20);
      yield* sync(temporary);
      expect(yield* contents(storage)).toEqual(Uint8Array.of(...pattern(20, 2), ...pattern(1, 3)));
      yield* write(old, pattern(10, 4), 0);
      expect(yield* contents(storage)).toHaveLength(21);
      for (const file of [old, reader, temporary]) yield* close(file);
      expect(yield* codeOf(create(storage))).toBe("EEXIST");
    },
  ],
  [
    "a temporary file may replace nothing, and may be closed before it does",
    function* (storage) {
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(5), 0);
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      yield* close(temporary);
      yield* replace(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(5));
    },
  ],
  [
    "a temporary file is given the name if nothing has it, open or closed, and replaces nothing",
    function* (storage) {
      const [first, second] = [yield* createTemporary(storage), yield* createTemporary(storage)];
      yield* write(first, pattern(5), 0);
      expect(yield* place(storage, first)).toBe(true);
      expect(yield* contents(storage)).toEqual(pattern(5));
      yield* write(first, pattern(1, 3), 5);
      yield* sync(first);
      yield* close(second);
      expect(yield* codeOf(place(storage, second))).toBe("EEXIST");
      expect(yield* contents(storage)).toEqual(Uint8Array.of(...pattern(5), ...pattern(1, 3)));
      yield* remove(storage, first);
      expect(yield* place(storage, second)).toBe(true);
      expect(yield* contents(storage)).toEqual(new Uint8Array(0));
      yield* close(first);
    },
  ],
  [
    "remove deletes what create and createTemporary made, and nothing else",
    function* (storage) {
      const file = yield* create(storage);
      yield* close(file);
      yield* remove(storage, file);
      expect(yield* codeOf(open(storage, "r"))).toBe("ENOENT");
      yield* close(yield* holding(storage, pattern(10)));
      const temporary = yield* createTemporary(storage);
      yield* write(temporary, pattern(5), 0);
      yield* close(temporary);
      yield* remove(storage, temporary);
      expect(yield* contents(storage)).toEqual(pattern(10));
    },
  ],
  [
    "two openings of one file have one key, another file has another",
    function* (storage) {
      const file = yield* create(storage);
      const first = yield* open(storage, "r");
      const second = yield* open(storage, "r+");
      expect(first.key).toBe(file.key);
      expect(second.key).toBe(file.key);
      const temporary = yield* createTemporary(storage);
      expect(temporary.key).not.toBe(file.key);
      yield* replace(storage, temporary);
      const third = yield* open(storage, "r");
      expect(third.key).toBe(temporary.key);
      for (const opened of [file, first, second, temporary, third]) yield* close(opened);
    },
  ],
];
