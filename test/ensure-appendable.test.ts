/** ensureAppendable and isAppendable. */
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Descr,
  dtype,
  ensureAppendable,
  ensureAppendableSync,
  formatHeader,
  inspect,
  isAppendableSync,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  recover,
  save,
} from "../src/node.ts";
import { lacksLinks, lacksModes } from "./support/systems.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

describe("ensureAppendable", () => {
  /** Files whose headers have no room, of other writers. */
  const tight: [string, Descr, number, boolean][] = [
    ["no padding to speak of", "<f8", 80, false],
    ["16-byte alignment of old NumPy", "<f8", 80, true],
    ["a structure", [["a", "<f8"]], 96, false],
  ];

  for (const inplace of [false, true]) {
    test.each(tight)(`${inplace ? "in place" : "by copy"}: %s`, async (_, descr, headerLength, fortranOrder) => {
      const path = temporaryPath();
      const shape = [3, 70_000];
      const data = Buffer.from(Float64Array.from({ length: 210_000 }, (_, i) => i).buffer);
      writeFileSync(path, Buffer.concat([formatHeader({ dtype: dtype(descr), fortranOrder, shape, headerLength }), data]));
      expect(isAppendableSync(path)).toBe(false);
      const progress: [number, number][] = [];
      expect(await ensureAppendable(path, { inplace, onProgress: (done, total) => progress.push([done, total]) })).toBe(true);
      expect(isAppendableSync(path)).toBe(true);
      expect(progress.at(-1)).toEqual([data.length, data.length]);
      const saved = new MemoryStorage();
      await save(saved, { data: new Uint8Array(data), shape, dtype: descr, fortranOrder }, { fortranOrder });
      expect(Buffer.compare(readFileSync(path), Buffer.from(saved.bytes() as Uint8Array))).toBe(0);
      expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
      const after = statSync(path);
      expect(ensureAppendableSync(path, { inplace })).toBe(true);
      expect(statSync(path).ino).toBe(after.ino);
    });

    test(`${inplace ? "in place" : "by copy"}: an abort leaves the file as it was`, async () => {
      const path = temporaryPath();
      const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [400_000], headerLength: 80 });
      const before = Buffer.concat([header, Buffer.alloc(3_200_000, 1)]);
      writeFileSync(path, before);
      const controller = new AbortController();
      controller.abort(new Error("enough"));
      await expect(ensureAppendable(path, { inplace, signal: controller.signal })).rejects.toThrow("enough");
      expect(Buffer.compare(readFileSync(path), before)).toBe(0);
      expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
    });
  }

  test("by copy: an abort in the middle removes the copy", async () => {
    const path = temporaryPath();
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [400_000], headerLength: 80 });
    const before = Buffer.concat([header, Buffer.alloc(3_200_000, 1)]);
    writeFileSync(path, before);
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) };
    await expect(ensureAppendable(path, options)).rejects.toThrow("enough");
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
    expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
  });

  test("by copy: holes stay holes", async () => {
    const path = temporaryPath();
    const rows = 3 * 2 ** 21;
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [rows], headerLength: 80 });
    for (const values of [
      [[0, 1]],
      [
        [0, 1],
        [rows - 1, 2],
      ],
      [[2 ** 21 + 7, 3]],
    ] as const) {
      writeFileSync(path, header);
      truncateSync(path, 80 + 8 * rows);
      const fd = openSync(path, "r+");
      for (const [row, value] of values) writeSync(fd, Float64Array.of(value), 0, 8, 80 + 8 * row);
      closeSync(fd);
      await ensureAppendable(path);
      const { size, blocks } = statSync(path);
      expect(size).toBe(128 + 8 * rows);
      if (process.platform === "linux") expect(512 * blocks).toBeLessThanOrEqual(2 ** 20 * (values.length + 2));
      const { data } = loadSync(path, { dtype: "<f8" });
      expect(data.reduce((sum, value) => sum + value)).toBe(values.reduce((sum, [, value]) => sum + value, 0));
      for (const [row, value] of values) expect(data[row]).toBe(value);
    }
  });

  /** A header without room over 3 elements. */
  function tightFile(path: string): void {
    const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [3], headerLength: 80 });
    writeFileSync(path, Buffer.concat([header, Buffer.from([1, 0, 2, 0, 3, 0])]));
  }

  test.skipIf(lacksModes)("by copy: mode, owner and times are those of the old file", async () => {
    const path = temporaryPath();
    tightFile(path);
    chmodSync(path, 0o640);
    if (process.getuid?.() === 0) chownSync(path, 1234, 2345);
    utimesSync(path, 1_234_567_890.125, 1_600_000_000.5);
    const { ino, mode, uid, gid } = statSync(path);
    await ensureAppendable(path);
    const after = statSync(path);
    expect(after).toMatchObject({ mode, uid, gid, atimeMs: 1_234_567_890_125, mtimeMs: 1_600_000_000_500 });
    expect(after.ino).not.toBe(ino);
  });

  test.skipIf(lacksLinks)("by copy: a symbolic link leads to the new file", async () => {
    const path = temporaryPath();
    tightFile(path);
    const link = join(temporaryDirectory(), "link.npy");
    symlinkSync(path, link);
    await ensureAppendable(link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(isAppendableSync(path)).toBe(true);
  });

  test("by copy a file with hard links is refused with advice; in place they are kept", async () => {
    const path = temporaryPath();
    tightFile(path);
    const before = readFileSync(path);
    const other = join(dirname(path), "other.npy");
    linkSync(path, other);
    const refusal = expect.objectContaining({
      code: "ERR_NPY_OPTION",
      path,
      message: expect.stringMatching(/has 2 names \(hard links\).*inplace: true/),
    });
    await expect(ensureAppendable(path)).rejects.toEqual(refusal);
    expect(() => ensureAppendableSync(path)).toThrow(refusal);
    await expect(NpyAppendArray.open(path, { onNotAppendable: "rewrite" })).rejects.toEqual(refusal);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(dirname(path)).sort()).toEqual(["array.npy", "other.npy"]);
    await ensureAppendable(path, { inplace: true });
    expect(isAppendableSync(other)).toBe(true);
    expect(statSync(path).nlink).toBe(2);
    // Then there is nothing to be done, and nothing to be refused.
    expect(await ensureAppendable(path)).toBe(true);
  });

  test("a file that needs recovery keeps all its bytes", async () => {
    const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [9], headerLength: 80 });
    const storage = new MemoryStorage(Buffer.concat([header, Buffer.from([1, 0, 2, 0, 3])]));
    await ensureAppendable(storage);
    expect(await inspect(storage)).toMatchObject({
      dataLength: 5,
      expectedDataLength: 18,
      appendable: true,
      needsRecovery: true,
    });
    expect(await recover(storage)).toMatchObject({ rowsAfter: 2, bytesDropped: 1 });
  });

  test.each([{ inPlace: true }, { signal: 1 }, { onProgress: "log" }])("options %j are refused", async (options) => {
    const storage = new MemoryStorage();
    await save(storage, [1]);
    await expect(ensureAppendable(storage, options as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});
