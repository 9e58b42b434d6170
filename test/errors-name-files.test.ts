/** Errors about what a file holds say which file that is, whatever found it. */
import { truncateSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as npy from "../src/node.ts";
import { dtype, type FileLike, formatHeader, NpyAppendArray, NpyReader, saveSync } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const tight = Buffer.concat([
  formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2], headerLength: 80 }),
  Buffer.alloc(16),
]);
const scalar = new npy.MemoryStorage();
saveSync(scalar, 5);

/** A message that names the file once, at its beginning. */
const beginsWith = (path: string): unknown => {
  const escaped = path.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return expect.stringMatching(new RegExp(`^${escaped}: (?!.*${escaped})`, "s"));
};

const BAD: readonly (readonly [string, Uint8Array])[] = [
  ["no .npy file", Buffer.from("x,y\n1,2\n")],
  ["a header that is cut off", tight.subarray(0, 60)],
  ["a header that says nonsense", Buffer.concat([tight.subarray(0, 12), Buffer.from("'shape"), tight.subarray(18)])],
  ["a rewrite whose journal is gone", Buffer.concat([Buffer.from("\x94npy>1", "latin1"), tight.subarray(6)])],
];

const VERBS: readonly (readonly [string, (file: FileLike) => unknown])[] = [
  ["load", npy.load],
  ["loadSync", npy.loadSync],
  ["inspect", npy.inspect],
  ["isAppendable", npy.isAppendable],
  ["recover", npy.recover],
  ["recoverSync", npy.recoverSync],
  ["recover, dryRun", (file) => npy.recover(file, { dryRun: true })],
  ["ensureAppendable", npy.ensureAppendable],
  ["ensureAppendable, inplace", (file) => npy.ensureAppendable(file, { inplace: true })],
  ["NpyReader.open", (file) => NpyReader.open(file)],
  ["NpyAppendArray.open", (file) => NpyAppendArray.open(file)],
  ["NpyAppendArray.open, truncate", (file) => NpyAppendArray.open(file, { onNeedsRecovery: "truncate" })],
];

describe.each(BAD)("%s", (_what, bytes) => {
  test.each(VERBS)("%s", async (_name, verb) => {
    const path = temporaryPath();
    writeFileSync(path, bytes);
    await expect((async () => verb(path))()).rejects.toMatchObject({ name: "NpyError", path, message: beginsWith(path) });
  });
});

test("a 0-d array has no room to be given", async () => {
  for (const inplace of [false, true]) {
    const path = temporaryPath();
    writeFileSync(path, scalar.bytes() as Uint8Array);
    await expect(npy.ensureAppendable(path, { inplace })).rejects.toMatchObject({ code: "ERR_NPY_SHAPE", path });
  }
});

test("refresh, of a file that is being rewritten", async () => {
  const path = temporaryPath();
  writeFileSync(path, tight);
  const reader = await NpyReader.open(path);
  writeFileSync(path, Buffer.concat([Buffer.from("\x94npy>0", "latin1"), tight.subarray(6)]));
  await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path });
  await reader.close();
});

/** A file with two rows of `<f8`, and what fails when it is opened, or used. */
const rows = new Float64Array([1, 2]);
type Failing = (path: string) => unknown;

/** Runs `use` on an open file, and closes it. */
const appending =
  (use: (npaa: npy.NpyAppendArraySync) => unknown): Failing =>
  (path) => {
    const npaa = NpyAppendArray.openSync(path);
    try {
      return use(npaa);
    } finally {
      npaa.close();
    }
  };
const appendingLater =
  (use: (npaa: NpyAppendArray) => unknown): Failing =>
  async (path) => {
    const npaa = await NpyAppendArray.open(path);
    try {
      return await use(npaa);
    } finally {
      await npaa.close();
    }
  };
const reading =
  (use: (reader: npy.NpyReaderSync) => unknown): Failing =>
  (path) => {
    const reader = NpyReader.openSync(path);
    try {
      return use(reader);
    } finally {
      reader.close();
    }
  };
const readingLater =
  (use: (reader: NpyReader) => unknown): Failing =>
  async (path) => {
    const reader = await NpyReader.open(path);
    try {
      return await use(reader);
    } finally {
      await reader.close();
    }
  };

const bad = { nonsense: true } as never;
const bytes = [Buffer.alloc(3)];
async function* later<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  for (const item of items) yield item;
}

const SYNC: readonly (readonly [string, string, Failing])[] = [
  ["loadSync, option", "OPTION", (path) => npy.loadSync(path, bad)],
  ["loadSync, dtype", "DTYPE", (path) => npy.loadSync(path, { dtype: "int8" })],
  ["saveSync, option", "OPTION", (path) => npy.saveSync(path, 1, bad)],
  ["saveSync, value", "VALUE", (path) => npy.saveSync(path, [300], { dtype: "int8" })],
  ["saveSync, cast", "CAST", (path) => npy.saveSync(path, rows, { dtype: "int8" })],
  ["inspectSync", "OPTION", (path) => npy.inspectSync(path, bad)],
  ["isAppendableSync", "OPTION", (path) => npy.isAppendableSync(path, bad)],
  ["ensureAppendableSync", "OPTION", (path) => npy.ensureAppendableSync(path, bad)],
  ["needsRecoverySync", "OPTION", (path) => npy.needsRecoverySync(path, bad)],
  ["recoverSync", "OPTION", (path) => npy.recoverSync(path, bad)],
  ["openSync, option", "OPTION", (path) => NpyAppendArray.openSync(path, bad)],
  ["openSync, dtype", "DTYPE", (path) => NpyAppendArray.openSync(path, { dtype: "int8" })],
  ["openSync, row shape", "SHAPE", (path) => NpyAppendArray.openSync(path, { dtype: "float64", rowShape: [3] })],
  ["openSync, order", "DTYPE", (path) => NpyAppendArray.openSync(path, { dtype: "U" })],
  ["append, shape", "SHAPE", appending((npaa) => npaa.append([[1]]))],
  ["append, value", "VALUE", appending((npaa) => npaa.append(["x"]))],
  [
    "append, cast",
    "CAST",
    appending((npaa) => npaa.append({ data: new Float64Array(2), shape: [1], dtype: "complex128" } as never)),
  ],
  ["append, ragged", "SHAPE", appending((npaa) => npaa.append([[1], [1, 2]]))],
  ["appendFrom, option", "OPTION", appending((npaa) => npaa.appendFrom([rows], bad))],
  ["appendFrom, source", "OPTION", appending((npaa) => npaa.appendFrom(5 as never))],
  ["appendFrom, value", "VALUE", appending((npaa) => npaa.appendFrom([[1], ["x"]]))],
  ["appendFrom, raw", "SHAPE", appending((npaa) => npaa.appendFrom(bytes, { raw: true }))],
  ["appendFrom, start", "OPTION", appending((npaa) => npaa.appendFrom(NpyReader.openSync(npaa.path as string), { start: 0.5 }))],
  ["append, closed", "CLOSED", appending((npaa) => [npaa.close(), npaa.append(rows)])],
  ["updateHeader, closed", "CLOSED", appending((npaa) => [npaa.close(), npaa.updateHeader()])],
  ["sync, closed", "CLOSED", appending((npaa) => [npaa.close(), npaa.sync()])],
  ["NpyReader.openSync, option", "OPTION", (path) => NpyReader.openSync(path, bad)],
  ["NpyReader.openSync, dtype", "DTYPE", (path) => NpyReader.openSync(path, { dtype: "int8" })],
  ["read, option", "OPTION", reading((reader) => reader.read(0, 1, bad))],
  ["read, start", "OPTION", reading((reader) => reader.read(0.5))],
  ["read, out", "OPTION", reading((reader) => reader.read(0, 2, { out: new Int8Array(16) }))],
  ["read, closed", "CLOSED", reading((reader) => [reader.close(), reader.read()])],
  ["refresh, closed", "CLOSED", reading((reader) => [reader.close(), reader.refresh()])],
  ["refresh, changed", "CHANGED", reading((reader) => [npy.saveSync(reader.path as string, [1]), reader.refresh()])],
  ["chunks, option", "OPTION", reading((reader) => reader.chunks({ rows: 0 }))],
  ["rows, option", "OPTION", reading((reader) => reader.rows(bad))],
  ["searchsorted, option", "OPTION", reading((reader) => reader.searchsorted(1, bad))],
  ["searchsorted, value", "VALUE", reading((reader) => reader.searchsorted("x"))],
  ["searchsorted, closed", "CLOSED", reading((reader) => [reader.close(), reader.searchsorted(1)])],
  ["arraysOfSync, option", "OPTION", (path) => npy.arraysOfSync(path, bad)],
];

const ASYNC: readonly (readonly [string, string, Failing])[] = [
  ["load, option", "OPTION", async (path) => await npy.load(path, bad)],
  ["load, dtype", "DTYPE", async (path) => await npy.load(path, { dtype: "int8" })],
  ["searchsorted, value", "VALUE", readingLater((reader) => reader.searchsorted("x"))],
  ["searchsorted, closed", "CLOSED", readingLater(async (reader) => [await reader.close(), await reader.searchsorted(1)])],
  [
    "rows, closed",
    "CLOSED",
    readingLater(async (reader) => [await reader.close(), await reader.rows()[Symbol.asyncIterator]().next()]),
  ],
  ["save, value", "VALUE", async (path) => await npy.save(path, [300], { dtype: "int8" })],
  ["inspect", "OPTION", async (path) => await npy.inspect(path, bad)],
  ["isAppendable", "OPTION", async (path) => await npy.isAppendable(path, bad)],
  ["ensureAppendable", "OPTION", async (path) => await npy.ensureAppendable(path, bad)],
  ["needsRecovery", "OPTION", async (path) => await npy.needsRecovery(path, bad)],
  ["recover", "OPTION", async (path) => await npy.recover(path, bad)],
  ["open, option", "OPTION", async (path) => await NpyAppendArray.open(path, bad)],
  ["open, dtype", "DTYPE", async (path) => await NpyAppendArray.open(path, { dtype: "int8" })],
  ["append, shape", "SHAPE", appendingLater(async (npaa) => await npaa.append([[1]]))],
  ["append, value", "VALUE", appendingLater(async (npaa) => await npaa.append(["x"]))],
  ["append, after another", "VALUE", appendingLater(async (npaa) => [npaa.append(rows), await npaa.append(["x"])])],
  ["appendFrom, option", "OPTION", appendingLater(async (npaa) => await npaa.appendFrom([rows], bad))],
  ["appendFrom, value", "VALUE", appendingLater(async (npaa) => await npaa.appendFrom(later([[1], ["x"]])))],
  ["appendFrom, raw", "SHAPE", appendingLater(async (npaa) => await npaa.appendFrom(later(bytes), { raw: true }))],
  ["append, closed", "CLOSED", appendingLater(async (npaa) => [await npaa.close(), await npaa.append(rows)])],
  ["updateHeader, closed", "CLOSED", appendingLater(async (npaa) => [await npaa.close(), await npaa.updateHeader()])],
  ["sync, closed", "CLOSED", appendingLater(async (npaa) => [await npaa.close(), await npaa.sync()])],
  ["share, closed", "CLOSED", appendingLater(async (npaa) => [await npaa.close(), npaa.share()])],
  ["writable, option", "OPTION", appendingLater((npaa) => npaa.writable({ highWaterMark: 0 }))],
  ["NpyReader.open, option", "OPTION", async (path) => await NpyReader.open(path, bad)],
  ["NpyReader.open, dtype", "DTYPE", async (path) => await NpyReader.open(path, { dtype: "int8" })],
  ["read, start", "OPTION", readingLater(async (reader) => await reader.read(0.5))],
  [
    "read, cut",
    "NEEDS_RECOVERY",
    readingLater(async (reader) => [truncateSync(reader.path as string, 130), await reader.read()]),
  ],
  ["read, closed", "CLOSED", readingLater(async (reader) => [await reader.close(), await reader.read()])],
  ["refresh, closed", "CLOSED", readingLater(async (reader) => [await reader.close(), await reader.refresh()])],
  [
    "refresh, changed",
    "CHANGED",
    readingLater(async (reader) => [npy.saveSync(reader.path as string, [1]), await reader.refresh()]),
  ],
  ["follow, option", "OPTION", readingLater((reader) => reader.follow({ rows: 0 }))],
  ["chunks, option", "OPTION", readingLater((reader) => reader.chunks({ rows: 0 }))],
  [
    "chunks, cut",
    "NEEDS_RECOVERY",
    readingLater(async (reader) => {
      truncateSync(reader.path as string, 130);
      for await (const _ of reader.chunks());
    }),
  ],
  ["chunks, out", "OPTION", reading((reader) => [...reader.chunks({ out: new Int8Array(16) })])],
  ["readable, option", "OPTION", readingLater((reader) => reader.readable(bad))],
];

/** The frames of an error that `use` gives. */
async function framesOf(use: () => unknown, code: string, path: string): Promise<string[]> {
  const error = await (async () => use())().then(
    () => expect.unreachable(),
    (reason: Error) => reason,
  );
  expect(error).toMatchObject({ code: `ERR_NPY_${code}`, path, message: beginsWith(path) });
  const [first, ...frames] = (error.stack as string).slice(error.message.length).split("\n");
  expect(error.stack).toContain(error.message);
  expect(first).toBeDefined();
  return frames;
}

describe("the file is named, and the stack shows the caller's line", () => {
  const here = (frame: string): boolean => frame.includes("errors-name-files.test.ts");

  test.each(SYNC)("%s", async (_name, code, fail) => {
    const path = temporaryPath();
    saveSync(path, rows);
    const frames = await framesOf(() => fail(path), code, path);
    expect(frames.findIndex(here)).toSatisfy((at: number) => at >= 0 && at < 3);
  });

  test.each(ASYNC)("%s", async (_name, code, fail) => {
    const path = temporaryPath();
    saveSync(path, rows);
    expect((await framesOf(() => fail(path), code, path)).some(here)).toBe(true);
  });

  test("a file that is not there", async () => {
    const path = temporaryPath();
    const stack = await npy.load(path).catch((error: Error) => error.stack);
    expect(stack).toContain("errors-name-files.test.ts");
  });
});

test("an error about a value, or about what a file lacks, says in which row", async () => {
  const path = temporaryPath();
  saveSync(path, { data: new Float64Array(4), shape: [2, 2], fortranOrder: true });
  const npaa = NpyAppendArray.openSync(path);
  expect(() =>
    npaa.append([
      [1, 2, 3],
      [4, 5, "x"],
    ]),
  ).toThrow(expect.objectContaining({ index: [1, 2], row: 2 }));
  npaa.close();
  truncateSync(path, 128 + 20);
  expect(() => npy.loadSync(path)).toThrow(expect.objectContaining({ code: "ERR_NPY_NEEDS_RECOVERY", row: 1 }));
});

test("context is added on the way out, whenever the message is read", () => {
  const error = new npy.NpyError("ERR_NPY_VALUE", "300 does not fit.", { index: [2, 1] });
  expect(error).toMatchObject({ message: "At [2, 1]: 300 does not fit.", reason: "300 does not fit." });
  expect(error.within({ field: "x" }).message).toBe('Field "x" at [2, 1]: 300 does not fit.');
  expect(error.within({ field: "pos", row: 2 })).toMatchObject({ field: "pos.x", row: 2 });
  expect(error.within({ path: "log.npy", index: [7, 1] }).message).toBe('log.npy: Field "pos.x" at [7, 1]: 300 does not fit.');
  expect(error.within({ path: "other.npy" }).path).toBe("log.npy");
});
