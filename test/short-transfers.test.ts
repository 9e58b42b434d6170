/** A file system that reads and writes less than it is asked for, as systems may at any time. */
import type * as NodeFs from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { NodeStorage } from "../src/storage/node-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

/** The most bytes of one transfer, whether transfers are done at all, and the lengths that were asked for. */
const limit = vi.hoisted(() => ({ bytes: Number.POSITIVE_INFINITY, isPretended: false, asked: [] as number[] }));

vi.mock("node:fs", async (importOriginal) => {
  const fs = await importOriginal<typeof NodeFs>();
  // A proxy keeps the properties by which `promisify` knows these functions.
  const shortened = <F extends (...args: never[]) => unknown>(transfer: F): F =>
    new Proxy(transfer, {
      apply: (target, self, [fd, buffer, offset, length, ...rest]) => {
        limit.asked.push(length);
        const done = rest.at(-1);
        if (limit.isPretended) return typeof done === "function" ? queueMicrotask(() => done(null, length, buffer)) : length;
        return Reflect.apply(target, self, [fd, buffer, offset, Math.min(length, limit.bytes), ...rest]);
      },
    });
  return {
    ...fs,
    read: shortened(fs.read),
    readSync: shortened(fs.readSync),
    write: shortened(fs.write),
    writeSync: shortened(fs.writeSync),
  };
});

// Node's functions make all transfers here, as where koffi is not installed.
vi.mock("../src/storage/native/small-transfers.ts", () => ({ smallTransfers: () => undefined }));

afterEach(() => {
  limit.bytes = Number.POSITIVE_INFINITY;
  limit.isPretended = false;
});

const BYTES = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);

describe.each([
  ["small ones", 100, 7],
  ["large ones, which other threads do", BYTES.length, 9_999],
])("%s", (_, length, most) => {
  const bytes = BYTES.subarray(0, length);

  test("writes go on until everything is written", async () => {
    for (const isSync of [true, false]) {
      const file = new NodeStorage(temporaryPath()).createSync();
      limit.bytes = most;
      limit.asked.length = 0;
      if (isSync) file.writeSync(bytes, 5);
      else await file.write(bytes, 5);
      expect(limit.asked).toHaveLength(Math.ceil(length / most));
      limit.bytes = Number.POSITIVE_INFINITY;
      const read = new Uint8Array(length + 5);
      expect(file.readSync(read, 0)).toBe(length + 5);
      expect(Buffer.compare(read.subarray(5), bytes)).toBe(0);
      file.closeSync();
    }
  });

  test("reads go on until everything is read, or the file ends", async () => {
    const file = new NodeStorage(temporaryPath()).createSync();
    file.writeSync(bytes, 0);
    limit.bytes = most;
    for (const isSync of [true, false]) {
      for (const position of [0, 3]) {
        const buffer = new Uint8Array(length);
        limit.asked.length = 0;
        expect(isSync ? file.readSync(buffer, position) : await file.read(buffer, position)).toBe(length - position);
        expect(limit.asked.length).toBeGreaterThanOrEqual(Math.ceil((length - position) / most));
        expect(Buffer.compare(buffer.subarray(0, length - position), bytes.subarray(position))).toBe(0);
      }
    }
    file.closeSync();
  });
});

test("no single transfer is longer than the 2^31 - 1 bytes that Node can do", async () => {
  // Never touched, and so not really there.
  const huge = new Uint8Array(2 ** 31 + 5);
  const file = new NodeStorage(temporaryPath()).createSync();
  limit.isPretended = true;
  for (const name of ["write", "read", "writeSync", "readSync"] as const) {
    limit.asked.length = 0;
    await file[name](huge, 1);
    expect(limit.asked.reduce((sum, length) => sum + length)).toBe(huge.length);
    expect(Math.max(...limit.asked)).toBeLessThan(2 ** 31);
  }
  file.closeSync();
});
