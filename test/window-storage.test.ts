/** Parts of a storage's file as files of their own. */
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { load, MemoryStorage, NodeStorage, NpyAppendArray, saveSync } from "../src/node.ts";
import type { Storage } from "../src/storage/storage.ts";
import { offsetOf, windowOf } from "../src/storage/window.ts";
import { caught } from "./support/caught.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

const BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

function onDisk(): Storage {
  const path = temporaryPath();
  writeFileSync(path, BYTES);
  return new NodeStorage(path);
}

const BACKENDS: [string, () => Storage][] = [
  ["NodeStorage", onDisk],
  ["MemoryStorage", () => new MemoryStorage(BYTES)],
];

describe.each(BACKENDS)("a window of a %s", (_name, make) => {
  test.each([
    ["in the middle", 1001, 70_000, 70_000],
    ["of no bytes", 1001, 0, 0],
    ["to the end", 99_990, undefined, 10],
    ["beyond the end", 99_990, 50, 10],
    ["after the end", 100_001, 50, 0],
  ])("%s has its own positions and size", async (_where, offset, length, size) => {
    const storage = windowOf(make(), offset, length);
    expect(offsetOf(storage)).toBe(offset);
    const expected = BYTES.subarray(offset, offset + size);
    const file = storage.openSync("r");
    const later = await storage.open("r");
    expect([file.sizeSync(), await later.size()]).toEqual([size, size]);
    expect(later.key).toBe(file.key);
    for (const [position, wanted] of [
      [0, 10],
      [0, size + 5],
      [5, size],
      [size, 5],
      [size + 5, 5],
    ] as const) {
      const there = expected.subarray(position, position + wanted);
      for (const isSync of [true, false]) {
        const buffer = new Uint8Array(wanted).fill(0xee);
        const count = isSync ? file.readSync(buffer, position) : await later.read(buffer, position);
        expect(count).toBe(there.length);
        expect(Buffer.compare(buffer.subarray(0, count), there)).toBe(0);
        // What is not read is not touched either.
        expect(buffer.subarray(count).every((byte) => byte === 0xee)).toBe(true);
      }
    }
    file.closeSync();
    await later.close();
  });

  test("is never written", async () => {
    const storage = windowOf(make(), 10, 20);
    const refused = expect.objectContaining({ code: "ERR_NPY_OPTION" });
    expect(() => storage.openSync("r+")).toThrow(refused);
    expect(() => storage.open("r+")).toThrow(refused);
    for (const verb of ["create", "createSync", "createTemporary", "createTemporarySync"] as const) {
      expect(() => storage[verb]()).toThrow(refused);
    }
    const file = storage.openSync("r");
    expect(() => file.writeSync(BYTES, 0)).toThrow(refused);
    expect(() => file.truncateSync(0)).toThrow(refused);
    expect(() => file.syncSync()).toThrow(refused);
    file.closeSync();
    await expect(NpyAppendArray.open(storage)).rejects.toEqual(refused);
    expect(caught(() => saveSync(storage, [1]))).toEqual(refused);
  });
});

test("it has the path of the file, a synchronous half and mappings only where the file has them, and never notices changes", () => {
  const disk = onDisk();
  const window = windowOf(disk, 10);
  expect(window.path).toBe(disk.path);
  expect(window.mapProblem?.(false)).toBe(disk.mapProblem?.(false));
  expect([window.watch, window.sharedPath, window.lockProblem, window.claimRewrite]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const memory = windowOf(new MemoryStorage(BYTES), 10);
  expect(memory.mapProblem).toBe(undefined);
  const asynchronous = { path: undefined, key: 1, open: () => undefined } as unknown as Storage;
  expect("openSync" in windowOf(asynchronous, 10)).toBe(false);
});

test.skipIf(lacksMappings)("mapped bytes lie modulo 8 as they do in the whole file", () => {
  const file = windowOf(onDisk(), 1003, 500).openSync("r");
  const mapped = file.map?.(2, 100, undefined);
  expect(Buffer.compare(mapped as Uint8Array, BYTES.subarray(1005, 1105))).toBe(0);
  expect((mapped as Uint8Array).byteOffset % 8).toBe(1005 % 8);
  file.closeSync();
});

test("an array in a window is read like any file", async () => {
  const storage = new MemoryStorage();
  saveSync(storage, [1, 2, 3]);
  const array = storage.bytes() as Uint8Array;
  const whole = new MemoryStorage(Buffer.concat([BYTES, array, BYTES]));
  expect(await load(windowOf(whole, BYTES.length, array.length))).toEqual(await load(storage));
});
