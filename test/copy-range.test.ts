/** Rows that the system copies from file to file itself: which bytes, how far, and what is left to reading and writing. */
import { closeSync, ftruncateSync, openSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { dtype, formatHeader, load, NpyAppendArray, NpyReader, saveSync } from "../src/node.ts";
import type * as Natives from "../src/storage/native/c-library.ts";
import { NodeStorage } from "../src/storage/node-storage.ts";
import { temporaryPath } from "./support/temporary.ts";

/** What calls may do: as many bytes, as many times; then they fail. */
const limit = vi.hoisted(() => ({ bytes: Number.POSITIVE_INFINITY, calls: Number.POSITIVE_INFINITY, made: 0, copied: 0 }));

vi.mock("../src/storage/native/c-library.ts", async (importOriginal) => {
  const original = await importOriginal<typeof Natives>();
  const limited = (library: Natives.CLibrary): Natives.CLibrary => ({
    ...library,
    asyncCountFunc(prototype) {
      const call = library.asyncCountFunc(prototype);
      return async (...args) => {
        if (limit.made++ >= limit.calls) return -1;
        const length = args[4] as number;
        const count = await call(...args.with(4, Math.min(length, limit.bytes)));
        limit.copied += Math.max(0, count);
        return count;
      };
    },
  });
  const fromCLibrary: typeof original.fromCLibrary = (find) => original.fromCLibrary((library) => find(limited(library)));
  return { ...original, fromCLibrary };
});

afterEach(() => {
  Object.assign(limit, { bytes: Number.POSITIVE_INFINITY, calls: Number.POSITIVE_INFINITY, made: 0, copied: 0 });
});

const MiB = 2 ** 20;

/** A file of so many bytes, which differ from those around them and from those a block away. */
function makeSource(bytes: number): string {
  const path = temporaryPath("source.npy");
  saveSync(
    path,
    Uint32Array.from({ length: bytes / 4 }, (_, i) => Math.imul(i, 0x9e3779b1)),
  );
  return path;
}

async function appendFrom(target: string, source: string, range = {}): Promise<number> {
  await using reader = await NpyReader.open(source);
  await using npaa = await NpyAppendArray.open(target);
  return await npaa.appendFrom(reader, range);
}

const dataOf = (path: string) => readFileSync(path).subarray(128);

describe.skipIf(process.platform !== "linux")("on Linux", () => {
  test("rows are copied by the system, all of them and no others", async () => {
    const source = makeSource(3 * MiB);
    const target = temporaryPath();
    expect(await appendFrom(target, source)).toBe((3 * MiB) / 4);
    expect(limit.copied).toBe(3 * MiB);
    await appendFrom(target, source, { start: 5, stop: -7 });
    expect(limit.copied).toBe(6 * MiB - 48);
    await appendFrom(target, source, { start: 100, stop: 200 });
    expect(limit.copied).toBe(6 * MiB - 48); // few are not worth it
    const data = dataOf(source);
    const expected = Buffer.concat([data, data.subarray(20, -28), data.subarray(400, 800)]);
    expect(dataOf(target).equals(expected)).toBe(true);
    expect((await load(target)).shape).toEqual([expected.length / 4]);
  });

  test.each([
    ["a few bytes at a time", { bytes: 700_001 }, 3 * MiB],
    ["two calls, then an error", { bytes: MiB + 4097, calls: 2 }, 2 * (MiB + 4097)],
    ["an error at once, as where a file system cannot", { calls: 0 }, 0],
    ["nothing, as of files that have no data of their own", { bytes: 0 }, 0],
  ])("the rest is read and written: %s", async (_what, limits, copied) => {
    Object.assign(limit, limits);
    const source = makeSource(3 * MiB);
    const target = temporaryPath();
    await appendFrom(target, source);
    expect(dataOf(target).equals(dataOf(source))).toBe(true);
    // What is left is too little, in the end.
    expect(limit.copied).toBeGreaterThan(copied - MiB);
    expect(limit.copied).toBeLessThanOrEqual(copied);
  });

  test("a source that ends before its last row is an error, and nothing was appended", async () => {
    const source = makeSource(3 * MiB);
    const target = temporaryPath();
    await appendFrom(target, source, { stop: 10 });
    const before = readFileSync(target);
    await using reader = await NpyReader.open(source);
    truncateSync(source, 2 * MiB);
    await using npaa = await NpyAppendArray.open(target);
    await expect(npaa.appendFrom(reader)).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(limit.copied).toBe(2 * MiB - 128);
    expect(readFileSync(target).equals(before)).toBe(true);
  });

  test("the same file may be the source", async () => {
    const path = makeSource(2 * MiB);
    const data = Buffer.from(dataOf(path));
    await appendFrom(path, path);
    expect(limit.copied).toBe(2 * MiB);
    expect(dataOf(path).equals(Buffer.concat([data, data]))).toBe(true);
  });

  test("positions beyond 4 GiB", async () => {
    const source = temporaryPath("source.npy");
    const fd = openSync(source, "w+");
    const elements = 2 ** 33 + 2 ** 21;
    writeSync(fd, formatHeader({ dtype: dtype("u1"), fortranOrder: false, shape: [elements] }));
    ftruncateSync(fd, 128 + elements);
    writeSync(fd, Buffer.from("mark"), 0, 4, 128 + 2 ** 33 + 7);
    closeSync(fd);
    const target = temporaryPath();
    await appendFrom(target, source, { start: 2 ** 33 });
    expect(limit.copied).toBe(2 * MiB);
    expect(dataOf(target).indexOf("mark")).toBe(7);
    // The other way round: behind a hole.
    expect(await appendFrom(source, target)).toBe(2 * MiB);
    expect(statSync(source).size).toBe(128 + elements + 2 * MiB);
    await using reader = await NpyReader.open(source);
    const { data } = await reader.read(elements, elements + 20);
    expect(Buffer.from(data as Uint8Array).indexOf("mark")).toBe(7);
  });

  test("from a file of another storage nothing is copied so", async () => {
    const file = new NodeStorage(temporaryPath()).createSync();
    const other = { ...file, read: () => 0 };
    expect(await file.copyFrom?.(other as never, 0, 0, 2 * MiB)).toBe(0);
    file.closeSync();
  });
});
