/** recover and needsRecovery. */
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dtype,
  ensureAppendable,
  formatHeader,
  inspect,
  isAppendable,
  load,
  MemoryStorage,
  NpyAppendArray,
  needsRecovery,
  needsRecoverySync,
  recover,
  recoverSync,
  save,
  saveSync,
} from "../src/node.ts";
import { lacksHoles } from "./support/systems.ts";
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
    expect(await recover(path, { dropUncounted: true, dryRun: true })).toMatchObject({ rowsAfter: 9, bytesDropped: 1 });
    await ensureAppendable(path);
    expect(await recover(path)).toMatchObject({ rowsBefore: 9, rowsAfter: 10 });
  });

  describe("no row of a file that has some", () => {
    /** A file of float64 in this shape of which the last byte is gone, but for `kept`. */
    function short(shape: readonly number[], fortranOrder: boolean, kept: number, headerLength?: number): string {
      const path = temporaryPath();
      const layout = { dtype: dtype("<f8"), fortranOrder, shape };
      const header = formatHeader(headerLength === undefined ? layout : { ...layout, headerLength });
      writeFileSync(path, Buffer.concat([header, Buffer.alloc(kept, 7)]));
      return path;
    }

    const refused = expect.objectContaining({ code: "ERR_NPY_UNRECOVERABLE" });

    test.each([
      ["a column vector in Fortran order", [1000, 1], true, 7996, /7996 of the 8000 bytes of its one row, .*\(1000, 1\)/],
      ["an image in Fortran order", [2, 5, 1], true, 79, /79 of the 80 bytes of its one row/],
      ["more rows in Fortran order", [1000, 3], true, 7999, /7999 of the 8000 bytes of its first row \(the header counts 3\)/],
      ["one row in C order", [1, 10], false, 79, /79 of the 80 bytes of its first row \(the header counts 1\)/],
      ["one byte", [5], false, 1, /1 of the 8 bytes/],
    ] as const)("%s is refused, before anything is changed, unless it is told", async (_, shape, fortranOrder, kept, text) => {
      const path = short(shape, fortranOrder, kept);
      const before = readFileSync(path);
      for (const options of [{}, { dropUncounted: true }, { force: true }]) {
        for (const dryRun of [true, false]) {
          await expect(recover(path, { ...options, dryRun })).rejects.toThrow(text);
          expect(() => recoverSync(path, { ...options, dryRun })).toThrow(refused);
        }
      }
      for (const open of [NpyAppendArray.open, NpyAppendArray.openSync]) {
        await expect((async () => open(path, { onNeedsRecovery: "truncate" }))()).rejects.toMatchObject({
          code: "ERR_NPY_UNRECOVERABLE",
          path,
          message: expect.stringMatching(/zerofillIncomplete.*allowEmpty/s),
        });
      }
      expect(readFileSync(path)).toEqual(before);
      const filled = { needed: true, rowsAfter: 1, bytesDropped: 0 };
      expect(await recover(path, { zerofillIncomplete: true, dryRun: true })).toMatchObject(filled);
      const report = { needed: true, rowsAfter: 0, bytesDropped: kept, bytesZeroFilled: 0 };
      expect(await recover(path, { allowEmpty: true, dryRun: true })).toMatchObject(report);
      expect(readFileSync(path)).toEqual(before);
      expect(await recover(path, { allowEmpty: true })).toMatchObject(report);
      expect((await load(path)).data).toHaveLength(0);
    });

    test("is the same where the header would be rewritten first", async () => {
      const length =
        formatHeader({ dtype: dtype("<f8"), fortranOrder: true, shape: [100, 1] }).lastIndexOf("}".charCodeAt(0)) + 2;
      const path = short([100, 1], true, 799, length);
      const before = readFileSync(path);
      const options = { onNeedsRecovery: "truncate", onNotAppendable: "rewrite" } as const;
      await expect(NpyAppendArray.open(path, options)).rejects.toThrow(refused);
      expect(readFileSync(path)).toEqual(before);
    });

    test("zeros keep the data", async () => {
      const path = short([10, 1], true, 76);
      expect(await recover(path, { zerofillIncomplete: true })).toMatchObject({
        rowsBefore: 1,
        rowsAfter: 1,
        bytesZeroFilled: 4,
      });
      expect(await load(path)).toMatchObject({ shape: [10, 1] });
      const opened = short([10, 1], true, 76);
      await (await NpyAppendArray.open(opened, { onNeedsRecovery: "zerofill" })).close();
      expect(readFileSync(opened)).toEqual(readFileSync(path));
    });

    test("what was counted and is not there at all, or was never counted, is no loss", async () => {
      expect(await recover(short([5], false, 0))).toMatchObject({ rowsBefore: 5, rowsAfter: 0, bytesDropped: 0 });
      const path = short([0], false, 3);
      expect(await recover(path)).toMatchObject({ rowsBefore: 0, rowsAfter: 0, bytesDropped: 3 });
      const npaa = await NpyAppendArray.open(short([0], false, 3), { onNeedsRecovery: "truncate" });
      expect(npaa.length).toBe(0);
      await npaa.close();
    });

    test("allowEmpty is true or false", async () => {
      await expect(recover(cut(6), { allowEmpty: 1 as unknown as boolean })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    });
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

  describe("dropUncounted", () => {
    test.each([1, 4, 11, 40])("%i bytes behind what the header counts are cut off, and the header stays", async (more) => {
      const path = cut(12);
      // Not as we write it: that is kept, too.
      const bytes = readFileSync(path);
      bytes.write("  }", bytes.indexOf(", }"), "latin1");
      writeFileSync(path, bytes);
      appendFileSync(path, Buffer.alloc(more));
      const report = { needed: true, rowsBefore: 3, rowsAfter: 3, bytesDropped: more, bytesZeroFilled: 0 };
      expect(await recover(path, { dropUncounted: true, dryRun: true })).toEqual(report);
      expect(statSync(path).size).toBe(140 + more);
      expect(await recover(path, { dropUncounted: true })).toEqual(report);
      expect(readFileSync(path)).toEqual(bytes);
      expect(recoverSync(path, { dropUncounted: true })).toEqual({ ...report, needed: false, bytesDropped: 0 });
    });

    test("where data are missing it changes nothing", async () => {
      const path = cut(6);
      expect(await recover(path, { dropUncounted: true })).toEqual(await recover(cut(6)));
      expect((await load(path)).data).toEqual(new Int16Array([1, 1]));
    });

    test.each([
      [{ zerofillIncomplete: true }, /zerofillIncomplete would complete/],
      [{ force: true }, /force would take for rows/],
    ])("with %j it is refused", async (options, message) => {
      const path = cut(6);
      const refusal = expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringMatching(message) });
      for (const dryRun of [true, false]) {
        await expect(recover(path, { dropUncounted: true, dryRun, ...options })).rejects.toEqual(refusal);
      }
      expect(() => recoverSync(path, { dropUncounted: true, ...options })).toThrow(refusal);
      expect(statSync(path).size).toBe(134);
    });
  });

  describe("what is behind the last row", () => {
    /** Two arrays saved into one file, as by two `numpy.save` of one open file. */
    function twoArrays(): string {
      const path = cut(12);
      const saved = new MemoryStorage();
      saveSync(saved, new Int16Array([7, 8]));
      appendFileSync(path, saved.bytes() as Uint8Array);
      return path;
    }

    test("another .npy file is refused, and left alone", async () => {
      const path = twoArrays();
      const before = readFileSync(path);
      expect(await needsRecovery(path)).toBe(true);
      const refusal = expect.objectContaining({
        code: "ERR_NPY_TRAILING",
        message: expect.stringMatching(/at byte 140, another \.npy array begins.*force/),
      });
      for (const options of [{}, { dryRun: true }, { zerofillIncomplete: true }, { force: false }]) {
        await expect(recover(path, options)).rejects.toEqual(refusal);
      }
      await expect(NpyAppendArray.open(path, { onNeedsRecovery: "truncate" })).rejects.toEqual(refusal);
      expect(readFileSync(path)).toEqual(before);
      expect((await load(path)).data).toEqual(new Int16Array([1, 1, 2, 2, 3, 3]));
    });

    test("forced, it becomes rows", async () => {
      const path = twoArrays();
      // A header and 2 elements are 132 bytes, in rows of 4.
      const report = { needed: true, rowsBefore: 3, rowsAfter: 36, bytesDropped: 0, bytesZeroFilled: 0 };
      expect(await recover(path, { force: true, dryRun: true })).toEqual(report);
      expect(await recover(path, { force: true })).toEqual(report);
      expect((await load(path)).shape).toEqual([36, 2]);
    });

    test("it is cut off where all that is not counted is", async () => {
      const path = twoArrays();
      const report = { needed: true, rowsBefore: 3, rowsAfter: 3, bytesDropped: 132, bytesZeroFilled: 0 };
      expect(await recover(path, { dropUncounted: true, dryRun: true })).toEqual(report);
      expect(await recover(path, { dropUncounted: true })).toEqual(report);
      expect(readFileSync(path)).toEqual(readFileSync(cut(12)));
    });

    test("it is refused even where it would only be cut off", async () => {
      for (const array of [5, { data: new Int16Array(), shape: [3, 0] }]) {
        const path = temporaryPath();
        await save(path, array);
        const saved = new MemoryStorage();
        saveSync(saved, new Int16Array([7, 8]));
        appendFileSync(path, saved.bytes() as Uint8Array);
        expect(() => recoverSync(path)).toThrow(expect.objectContaining({ code: "ERR_NPY_TRAILING" }));
        expect(recoverSync(path, { dropUncounted: true, dryRun: true })).toMatchObject({ bytesDropped: 132 });
        expect(recoverSync(path, { force: true })).toMatchObject({ bytesDropped: 132 });
      }
    });

    test.each(["\x93NUMP", "    \x93NUMPY\x01\x00"])("rows may hold the magic, and begin with a part of it: %j", async (tail) => {
      const path = cut(12);
      appendFileSync(path, tail, "latin1");
      expect(await recover(path)).toMatchObject({ needed: true, rowsAfter: 3 + Math.floor(tail.length / 4) });
    });
  });

  test.skipIf(lacksHoles)("a huge row is zero-filled without being written, or held in memory", async () => {
    const path = temporaryPath();
    const header = formatHeader({ dtype: dtype("|u1"), fortranOrder: false, shape: [2, 2 ** 36] });
    writeFileSync(path, Buffer.concat([header, Buffer.from([1, 2, 3])]));
    const report = { needed: true, rowsBefore: 2, rowsAfter: 1, bytesDropped: 0, bytesZeroFilled: 2 ** 36 - 3 };
    expect(await recover(path, { zerofillIncomplete: true, dryRun: true })).toEqual(report);
    expect(await recover(path, { zerofillIncomplete: true })).toEqual(report);
    expect(statSync(path).size).toBe(128 + 2 ** 36);
    expect(await inspect(path)).toMatchObject({ shape: [1, 2 ** 36], needsRecovery: false });
  });

  test.each([
    ["", /expected it to begin with .* found nothing: it is empty/],
    ["\x93NUM", /found 93 4e 55 4d and the end of the file/],
    ["\x93NUMP", /found 93 4e 55 4d 50 and the end of the file/],
    ["\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', ", /ends within its header/],
    ["PK\x03\x04 a zip file", /Not a \.npy file: .* found 50 4b 03 04 20 61/],
  ])("%j is refused with what is wrong", async (content, message) => {
    const path = temporaryPath();
    writeFileSync(path, content, "latin1");
    const refusal = expect.objectContaining({ code: "ERR_NPY_HEADER", message: expect.stringMatching(message) });
    for (const options of [{}, { dryRun: true }, { force: true }]) await expect(recover(path, options)).rejects.toEqual(refusal);
    expect(readFileSync(path, "latin1")).toBe(content);
  });

  test.each([{ zerofill: true }, { dryRun: "yes" }, { force: 1 }, { dropUncounted: 1 }, null])(
    "options %j are refused",
    async (options) => {
      const path = cut(6);
      await expect(recover(path, options as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
      expect(statSync(path).size).toBe(134);
    },
  );
});
