/** Files that are not `.npy`, were damaged on their way, or hold two arrays: each message says what it is and what to do. */
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  dtype,
  ensureAppendableSync,
  formatHeader,
  inspectSync,
  isAppendableSync,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyError,
  needsRecoverySync,
  recoverSync,
  saveSync,
} from "../src/node.ts";

type Verb = (file: MemoryStorage) => unknown;

const VERBS: readonly (readonly [string, Verb])[] = [
  ["load", (file) => loadSync(file)],
  ["open", (file) => NpyAppendArray.openSync(file)],
  ["recover", (file) => recoverSync(file)],
  ["inspect", (file) => inspectSync(file)],
  ["isAppendable", (file) => isAppendableSync(file)],
  ["needsRecovery", (file) => needsRecoverySync(file)],
  ["ensureAppendable", (file) => ensureAppendableSync(file)],
];

function saved(array: Parameters<typeof saveSync>[1]): Buffer {
  const storage = new MemoryStorage();
  saveSync(storage, array);
  return Buffer.from(storage.bytes() as Uint8Array);
}

function failure(verb: Verb, bytes: Uint8Array): NpyError {
  const file = new MemoryStorage(bytes);
  try {
    verb(file);
  } catch (error) {
    expect(error).toBeInstanceOf(NpyError);
    expect(Buffer.from(file.bytes() as Uint8Array).equals(bytes)).toBe(true);
    return error as NpyError;
  }
  throw new Error("no error");
}

const npy = saved([1, 2, 3]);
const text = (content: string): Buffer => Buffer.from(content, "latin1");

describe("what is not .npy is named", () => {
  test.each([
    ["an archive", text("PK\x03\x04\x14\0"), /\.npz.*openNpz/],
    ["an empty archive", text("PK\x05\x06\0\0"), /empty zip/],
    ["gzip", gzipSync(npy), /gzip.*Decompress/],
    ["Zstandard", text("\x28\xb5\x2f\xfd\x04"), /Zstandard/],
    ["xz", text("\xfd7zXZ\0\0"), /xz.*unxz/],
    ["bzip2", text("BZh91AY"), /bzip2/],
    ["LZ4", text("\x04\x22\x4d\x18d"), /LZ4/],
    ["HDF5", text("\x89HDF\r\n\x1a\n"), /HDF5.*h5py/],
    ["Arrow", text("ARROW1\0\0"), /Arrow/],
    ["Parquet", text("PAR1\x15\0"), /Parquet/],
    ["a pickle", text("\x80\x04\x95\x10\0"), /pickle/],
    ["a web page", text("<!DOCTYPE html><html>"), /web page.*download/],
    ["a web page without a type", text("\n <html lang='en'>"), /web page/],
    ["an error in XML", text("<?xml version='1.0'?><Error>"), /web page/],
    ["a pointer of Git LFS", text("version https://git-lfs.github.com/spec/v1\noid"), /git lfs pull/],
    ["JSON", text('{"message": "Not Found"}'), /JSON/],
    ["a list in JSON", text("[[1, 2], [3, 4]]"), /JSON/],
    ["CSV", text("a,b\n1,2\n"), /CSV/],
    ["text", text("hello\n"), /text file/],
    ["UTF-16", Buffer.from("\ufeffa,b", "utf16le"), /UTF-16/],
    ["written as UTF-8", Buffer.from(npy.toString("latin1"), "utf8"), /read as text/],
    ["read and written as UTF-8", Buffer.from(npy.toString("utf8"), "utf8"), /read as text/],
    ["a byte order mark", Buffer.concat([text("\xef\xbb\xbf"), npy]), /byte order mark/],
    ["written as UTF-16", Buffer.from(`\ufeff${npy.toString("latin1")}`, "utf16le"), /UTF-16.*text/],
    ["zeros", Buffer.alloc(4096), /zeros.*crashed/],
    ["other bytes", text("\x01\x02\x03\x04\x05\x06"), /found 01 02 03 04 05 06\./],
  ])("%s", (_name, bytes, what) => {
    for (const [, verb] of VERBS) {
      expect(failure(verb, bytes)).toMatchObject({ code: "ERR_NPY_HEADER", message: expect.stringMatching(what) });
    }
  });

  test.each([[0], [1000]])("\\n that became \\r\\n, %i rows", (rows) => {
    const bytes = text(saved(new Float64Array(rows).fill(1.1)).toString("latin1").replaceAll("\n", "\r\n"));
    for (const [name, verb] of VERBS) {
      const code = name === "recover" ? "ERR_NPY_UNRECOVERABLE" : "ERR_NPY_HEADER";
      expect(failure(verb, bytes), name).toMatchObject({ code, message: expect.stringMatching(/copied as text.*as binary/) });
    }
  });

  test("a long header is checked for \\r\\n, too", () => {
    const fields = Array.from({ length: 100 }, (_, i) => [`f${i}`, "<f8"] as const);
    const header = formatHeader({ dtype: dtype(fields), shape: [1], fortranOrder: false });
    const bytes = text(
      Buffer.concat([header, Buffer.alloc(800)])
        .toString("latin1")
        .replaceAll("\n", "\r\n"),
    );
    expect(failure((file) => recoverSync(file), bytes).code).toBe("ERR_NPY_UNRECOVERABLE");
    expect(failure((file) => loadSync(file), bytes).message).toContain("copied as text");
  });
});

describe("two arrays in one file", () => {
  test.each([
    ["rows", [1, 2, 3], 152],
    ["no rows", [], 128],
    ["a 0-d array", 5, 136],
  ])("%s", (_name, array, offset) => {
    const first = saved(array);
    const file = Buffer.concat([first, saved([7, 8])]);
    expect(offset).toBe(first.length);
    const refusal = { code: "ERR_NPY_TRAILING", offset, message: expect.stringContaining(`at byte ${offset}`) };
    expect(failure((storage) => recoverSync(storage), file)).toMatchObject(refusal);
    expect(failure((storage) => recoverSync(storage, { dryRun: true, zerofillIncomplete: true }), file)).toMatchObject(refusal);
    expect(needsRecoverySync(new MemoryStorage(file))).toBe(true);
    expect(inspectSync(new MemoryStorage(file))).toMatchObject({ needsRecovery: true });
    // numpy.load reads the first, too.
    expect(loadSync(new MemoryStorage(file))).toEqual(loadSync(new MemoryStorage(first)));
    if (array === 5) return;
    for (const onNeedsRecovery of ["throw", "truncate", "zerofill"] as const) {
      const open: Verb = (storage) => NpyAppendArray.openSync(storage, { onNeedsRecovery });
      expect(failure(open, file), onNeedsRecovery).toMatchObject(refusal);
    }
    const cut = new MemoryStorage(file);
    recoverSync(cut, { dropUncounted: true });
    expect(Buffer.from(cut.bytes() as Uint8Array).equals(first)).toBe(true);
  });

  test.each([true, false])("giving the first a longer header is refused, inplace: %s", (inplace) => {
    const header = formatHeader({ dtype: dtype("<f8"), shape: [1], fortranOrder: false, headerLength: 80 } as never);
    const file = Buffer.concat([header, Buffer.alloc(8), saved([1])]);
    const move: Verb = (storage) => ensureAppendableSync(storage, { inplace });
    expect(failure(move, file)).toMatchObject({ code: "ERR_NPY_TRAILING", offset: 88 });
  });

  test("other bytes after the rows are no array", () => {
    const file = Buffer.concat([npy, Buffer.from("\x93NUMP!xx", "latin1")]);
    const opened = failure((storage) => NpyAppendArray.openSync(storage), file);
    expect(opened).toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", offset: undefined });
  });
});

test.each(["1.0", "2.0", "3.0"] as const)("version %s cut off after 0 to 12 bytes is refused", (version) => {
  const whole = formatHeader({ dtype: dtype("<f8"), shape: [0], fortranOrder: false, version } as never);
  for (let length = 0; length <= 12; length++) {
    const bytes = whole.slice(0, length);
    for (const [name, verb] of VERBS) {
      // An empty file is one to be created.
      if (name === "open" && length === 0) continue;
      const { code, message } = failure(verb, bytes);
      expect(`${name} ${length} ${code}`).toBe(`${name} ${length} ERR_NPY_HEADER`);
      expect(message).toMatch(length < 6 ? /the end of the file|it is empty/ : /ends within its header/);
    }
  }
});
