/** A few bytes at a time, by the system calls themselves: where they go, and what they leave to Node. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import type * as Natives from "../src/storage/native/c-library.ts";
import { isCLibraryLoaded } from "../src/storage/native/c-library.ts";
import { NodeStorage } from "../src/storage/node-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

/** The most bytes of one call. */
const limit = vi.hoisted(() => ({ bytes: Number.POSITIVE_INFINITY, calls: 0 }));

vi.mock("../src/storage/native/c-library.ts", async (importOriginal) => {
  const original = await importOriginal<typeof Natives>();
  const limited = (library: Natives.CLibrary): Natives.CLibrary => ({
    ...library,
    countFunc: (prototype) => {
      const call = library.countFunc(prototype);
      return (fd, bytes, length, position) => {
        limit.calls++;
        return call(fd, bytes, Math.min(length as number, limit.bytes), position);
      };
    },
  });
  const fromCLibrary: typeof original.fromCLibrary = (find) => original.fromCLibrary((library) => find(limited(library)));
  return { ...original, fromCLibrary };
});

const ROW = Uint8Array.from({ length: 24 }, (_, i) => 7 * i);

afterEach(() => {
  limit.bytes = Number.POSITIVE_INFINITY;
  limit.calls = 0;
});

function resizable(length: number): ArrayBuffer {
  return new (ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer)(length, { maxByteLength: 100 });
}

test("nothing before koffi is loaded, as it is for a lock", () => {
  const file = new NodeStorage(temporaryPath()).createSync();
  file.writeSync(ROW, 0);
  const read = new Uint8Array(24);
  expect(file.readSync(read, 0)).toBe(24);
  expect(read).toEqual(ROW);
  expect(limit.calls).toBe(0);
  expect(isCLibraryLoaded()).toBe(false);
  file.lockSync?.();
  expect(isCLibraryLoaded()).toBe(process.platform !== "win32");
  file.writeSync(ROW, 0);
  expect(limit.calls).toBe(process.platform === "win32" ? 0 : 1);
  file.closeSync();
});

describe.skipIf(process.platform === "win32")("with koffi", () => {
  test.each([0, 5, 2 ** 31 - 10, 2 ** 32 + 1, 2 ** 33])("position %d", (position) => {
    const file = new NodeStorage(temporaryPath()).createSync();
    file.writeSync(ROW, position);
    expect(file.sizeSync()).toBe(position + 24);
    const read = new Uint8Array(24);
    expect(file.readSync(read, position)).toBe(24);
    expect(read).toEqual(ROW);
    expect(limit.calls).toBe(2);
    file.closeSync();
  });

  test.each([
    ["a part of a buffer", () => new Uint8Array(100).subarray(50, 74)],
    ["shared memory", () => new Uint8Array(new SharedArrayBuffer(32), 8)],
    ["a buffer that can be resized", () => new Uint8Array(resizable(24))],
    ["a part of one, to its end", () => new Uint8Array(resizable(26), 2)],
    ["another array", () => new Uint8Array(new Float64Array(3).buffer)],
    ["a Buffer of the pool", () => Buffer.allocUnsafe(24)],
  ])("the bytes of %s", (_, make) => {
    const path = temporaryPath();
    const file = new NodeStorage(path).createSync();
    const bytes = make();
    bytes.set(ROW);
    file.writeSync(bytes, 3);
    expect([...readFileSync(path)]).toEqual([0, 0, 0, ...ROW]);
    bytes.fill(0);
    expect(file.readSync(bytes, 3)).toBe(24);
    expect([...bytes]).toEqual([...ROW]);
    expect(limit.calls).toBe(2);
    file.closeSync();
  });

  test("what one call leaves, others do", () => {
    const path = temporaryPath();
    const file = new NodeStorage(path).createSync();
    limit.bytes = 7;
    file.writeSync(ROW, 1);
    expect([...readFileSync(path)]).toEqual([0, ...ROW]);
    const read = new Uint8Array(30).fill(99);
    expect(file.readSync(read, 1)).toBe(24);
    expect([...read]).toEqual([...ROW, ...Array(6).fill(99)]);
    expect(file.readSync(read, 25)).toBe(0);
    file.closeSync();
  });

  test("errors are Node's", () => {
    const path = temporaryPath();
    const file = new NodeStorage(path).createSync();
    file.writeSync(ROW, 0);
    const reader = new NodeStorage(path).openSync("r");
    expect(() => reader.writeSync(ROW, 0)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "write" }));
    file.closeSync();
    reader.closeSync();
    expect(() => file.readSync(new Uint8Array(3), 0)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "read" }));
    expect(limit.calls).toBe(3);
  });

  test("many bytes go Node's way", () => {
    const file = new NodeStorage(temporaryPath()).createSync();
    file.writeSync(new Uint8Array(2 ** 16 + 1), 0);
    file.readSync(new Uint8Array(2 ** 16 + 1), 0);
    expect(limit.calls).toBe(0);
    file.closeSync();
  });
});
