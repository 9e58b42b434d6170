/** recover, needsRecovery, isAppendable, ensureAppendable and inspect, on files. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Descr,
  dtype,
  ensureAppendable,
  ensureAppendableSync,
  formatHeader,
  inspect,
  inspectSync,
  isAppendable,
  isAppendableSync,
  load,
  MemoryStorage,
  needsRecovery,
  needsRecoverySync,
  recover,
  recoverSync,
  save,
} from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

/** A file of three rows of `[i, i]`, as int16, then changed to `size` bytes of data. */
function cut(size: number): string {
  const path = temporaryPath();
  const header = formatHeader({ dtype: dtype("<i2"), fortranOrder: false, shape: [3, 2] });
  writeFileSync(path, Buffer.concat([header, Buffer.from(new Int16Array([1, 1, 2, 2, 3, 3, 4, 4]).buffer)]));
  truncateSync(path, 128 + size);
  return path;
}

describe("recover", () => {
  const cases = [
    [12, { needed: false, rowsBefore: 3, rowsAfter: 3, bytesDropped: 0, bytesZeroFilled: 0 }, [1, 1, 2, 2, 3, 3]],
    [16, { needed: true, rowsBefore: 3, rowsAfter: 4, bytesDropped: 0, bytesZeroFilled: 0 }, [1, 1, 2, 2, 3, 3, 4, 4]],
    [6, { needed: true, rowsBefore: 3, rowsAfter: 1, bytesDropped: 2, bytesZeroFilled: 0 }, [1, 1]],
    [0, { needed: true, rowsBefore: 3, rowsAfter: 0, bytesDropped: 0, bytesZeroFilled: 0 }, []],
  ] as const;

  test.each(cases)("%j bytes of data", async (size, report, data) => {
    const path = cut(size);
    const before = readFileSync(path);
    expect(await needsRecovery(path)).toBe(report.needed);
    expect(await recover(path, { dryRun: true })).toEqual(report);
    expect(readFileSync(path)).toEqual(before);
    expect(await recover(path)).toEqual(report);
    expect((await load(path)).data).toEqual(new Int16Array(data));
    expect(needsRecoverySync(path)).toBe(false);
    expect(recoverSync(path)).toMatchObject({ needed: false });
  });

  test("zerofillIncomplete completes the last row with zeros", async () => {
    const path = cut(6);
    expect(recoverSync(path, { zerofillIncomplete: true })).toMatchObject({ rowsAfter: 2, bytesZeroFilled: 2, bytesDropped: 0 });
    expect((await load(path)).data).toEqual(new Int16Array([1, 1, 2, 0]));
  });

  test("what was recovered is what numpy.save would have written", async () => {
    const path = cut(9);
    await recover(path);
    const saved = new MemoryStorage();
    await save(saved, { data: new Int16Array([1, 1, 2, 2]), shape: [2, 2] });
    expect(new Uint8Array(readFileSync(path))).toEqual(saved.bytes());
  });

  test("a header without room for the rows is an error, before anything is changed", async () => {
    const path = temporaryPath();
    const layout = { dtype: dtype("|u1"), fortranOrder: false, shape: [9] };
    const length = Buffer.from(formatHeader(layout)).lastIndexOf("}") + 2;
    const before = Buffer.concat([formatHeader({ ...layout, headerLength: length }), Buffer.alloc(10)]);
    writeFileSync(path, before);
    await expect(recover(path)).rejects.toMatchObject({ code: "ERR_NPY_NOT_APPENDABLE" });
    expect(readFileSync(path)).toEqual(before);
    await ensureAppendable(path);
    expect(await recover(path)).toMatchObject({ rowsBefore: 9, rowsAfter: 10 });
  });

  test("a 0-d array that is incomplete can only be zero-filled", async () => {
    const path = temporaryPath();
    await save(path, 5);
    truncateSync(path, 130);
    await expect(recover(path)).rejects.toMatchObject({ code: "ERR_NPY_UNRECOVERABLE" });
    expect(await needsRecovery(path)).toBe(true);
    expect(await inspect(path)).toMatchObject({ needsRecovery: true, appendable: false });
    expect(await recover(path, { zerofillIncomplete: true })).toMatchObject({ bytesZeroFilled: 6 });
    expect((await load(path)).shape).toEqual([]);
  });

  test("what is no .npy file is refused, and left alone", async () => {
    for (const content of ["", "\x93NUMPY", "PK\x03\x04 a zip file"]) {
      const path = temporaryPath();
      writeFileSync(path, content, "latin1");
      for (const verb of [recover, needsRecovery, isAppendable, ensureAppendable, inspect, load]) {
        await expect(verb(path)).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
      }
      expect(readFileSync(path, "latin1")).toBe(content);
    }
    await expect(recover(temporaryPath())).rejects.toMatchObject({ code: "ENOENT" });
  });

  test.each([{ zerofill: true }, { dryRun: "yes" }, null])("options %j are refused", async (options) => {
    const path = cut(6);
    await expect(recover(path, options as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(statSync(path).size).toBe(134);
  });
});

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

test("inspect tells all that is known without reading the data", async () => {
  const path = cut(10);
  const expected = {
    path,
    version: "1.0",
    dtype: dtype("<i2"),
    shape: [3, 2],
    fortranOrder: false,
    headerLength: 128,
    dataLength: 10,
    expectedDataLength: 12,
    appendable: true,
    needsRecovery: true,
  };
  const info = await inspect(path);
  expect(info).toEqual({ ...expected, slack: info.slack });
  // The text with one row more digit by digit: exactly `slack` digits more still fit.
  const layout = { dtype: dtype("<i2"), fortranOrder: false, headerLength: 128 };
  expect(info.slack).toBe(128 - 10 - "{'descr': '<i2', 'fortran_order': False, 'shape': (3, 2), }\n".length);
  expect(() => formatHeader({ ...layout, shape: [10 ** 15, 2] })).not.toThrow();
  expect(inspectSync(path)).toEqual(info);
});
