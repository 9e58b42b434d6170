/** The messages of first mistakes: each says what was found and what to do, and quotes little of it. */
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { quoted } from "../src/errors.ts";
import {
  ensureAppendable,
  inspect,
  inspectSync,
  isAppendable,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyAppendArraySync,
  NpyError,
  NpyReader,
  type NpyReaderSync,
  needsRecovery,
  recover,
  save,
  saveSync,
} from "../src/node.ts";

function saved(array: Parameters<typeof saveSync>[1], options?: Parameters<typeof saveSync>[2]): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

async function failure(use: () => unknown): Promise<NpyError> {
  try {
    await use();
  } catch (error) {
    expect(error).toBeInstanceOf(NpyError);
    return error as NpyError;
  }
  throw new Error("no error");
}

describe("a file's bytes", () => {
  const bytes = saved([[1, 2, 3], [4, 5, 6]]); // biome-ignore format: two rows
  const padded = new Uint8Array(bytes.length + 20);
  padded.set(bytes, 7);
  const shared = new SharedArrayBuffer(bytes.length);
  new Uint8Array(shared).set(bytes);

  test.each([
    ["Uint8Array", bytes],
    ["Buffer", Buffer.from(bytes)],
    ["a part of a buffer", padded.subarray(7, 7 + bytes.length)],
    ["ArrayBuffer", bytes.buffer],
    ["SharedArrayBuffer", shared],
  ])("%s is read like a file", async (_name, file) => {
    expect(Array.from((await load(file)).data as Float64Array)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(loadSync(file).shape).toEqual([2, 3]);
    expect(await inspect(file)).toMatchObject({ path: undefined, shape: [2, 3] });
    expect(await isAppendable(file)).toBe(true);
    expect(await needsRecovery(file)).toBe(false);
    await using reader = await NpyReader.open(file);
    expect(reader.path).toBeUndefined();
    await reader.refresh();
    await using npaa = await NpyAppendArray.open(new MemoryStorage());
    expect(await npaa.appendFrom(reader, { start: 1 })).toBe(1);
    expect(npaa.shape).toEqual([1, 3]);
  });

  test("cannot be written to", async () => {
    for (const use of [
      () => NpyAppendArray.open(bytes),
      () => NpyAppendArray.openSync(bytes.buffer),
      () => save(bytes, [1]),
      () => recover(bytes),
      () => ensureAppendable(bytes),
    ]) {
      expect(await failure(use)).toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("Bytes cannot grow") });
    }
    expect(bytes).toEqual(saved([[1, 2, 3], [4, 5, 6]])); // biome-ignore format: two rows
  });
});

describe("messages quote little, and no control characters", () => {
  const bell = "\u001b]0;owned\u0007\u009b31m\u202e\n";
  const long = bell.repeat(1000);
  const names: [string, unknown][] = Array.from({ length: 2000 }, (_, i) => [`${bell}${i}`, "<f8"]);
  const cases: [string, () => unknown][] = [
    ["a misspelt option", () => inspectSync(saved([1]), { [long]: 1 } as object)],
    ["an option's value", () => NpyAppendArray.openSync(new MemoryStorage(), { durability: long as "os" })],
    ["an option that is a list", () => NpyAppendArray.openSync(new MemoryStorage(), { rowShape: Array(1e6).fill(long) })],
    ["a dtype", () => NpyAppendArray.openSync(new MemoryStorage(), { dtype: long })],
    ["a dtype with fields", () => NpyAppendArray.openSync(new MemoryStorage(), { dtype: [[long, long]] as never })],
    ["a dtype that another is expected", () => loadSync(saved([1]), { dtype: names as never })],
    ["values", () => saveSync(new MemoryStorage(), [long], { dtype: "float64" })],
    ["a number that is text", () => saveSync(new MemoryStorage(), { data: [long], shape: [1] }, { dtype: "int32" })],
    ["records", () => saveSync(new MemoryStorage(), [{ [long]: 1 }] as never, { dtype: [["a", "<f8"]] })],
    ["records with many fields", () => saveSync(new MemoryStorage(), [{}] as never, { dtype: names as never })],
    ["a source", () => NpyAppendArray.openSync(new MemoryStorage()).appendFrom(long as never)],
    ["a file", () => inspectSync(Array(1e6).fill(long) as never)],
    ["a header", () => inspectSync(broken(`'${bell}'${" ".repeat(9)}${"x".repeat(300)}`))],
  ];

  function broken(text: string): Uint8Array {
    const bytes = saved([1]);
    bytes.set(new TextEncoder().encode(text).subarray(0, 100), 10);
    return bytes;
  }

  test.each(cases)("%s", async (_name, use) => {
    const { message, reason } = await failure(use);
    expect(message).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(reason).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(message.length).toBeLessThan(400);
  });

  test("a path is named whole, without its control characters", async () => {
    const error = (await inspect("/nowhere/\u001b[31m.npy").catch((reason: unknown) => reason)) as Error;
    expect(error).toMatchObject({ code: "ENOENT" });
    const within = new NpyError("ERR_NPY_VALUE", "no", { path: `/a/${"b".repeat(200)}\u001b[31m` });
    expect(within.message).toBe(`/a/${"b".repeat(200)}\\u001b[31m: no`);
  });
});

test.each<[string, unknown, string]>([
  ["an instance", new (class Reading {})(), "a Reading"],
  ["an object whose prototype has nothing", Object.create(Object.create(Object.prototype)), "an object"],
  ["a Map", new Map(), "a Map"],
  ["an ArrayBuffer", new ArrayBuffer(1), "an ArrayBuffer"],
  ["a generator", (function* () {})(), "a Generator"],
  ["an asynchronous generator", (async function* () {})(), "an AsyncGenerator"],
  ["an iterator", [1].values(), "an Array Iterator"],
  ["a stream", new ReadableStream(), "a ReadableStream"],
  ["a Response", new Response(), "a Response"],
  ["instances in a list", [new Set(), 1], "[a Set, 1]"],
  ["deep objects", { a: { b: { c: { d: 1 } } } }, "{ a: { b: { c: { ... } } } }"],
])("an object that has a class is named by it: %s", (_, value, words) => {
  expect(quoted(value)).toBe(words);
});

/** As data frames of polars are. */
class Table {
  toRecords(): object[] {
    return [];
  }
}

describe("what was probably meant", () => {
  const rows = (options: object): NpyAppendArraySync => NpyAppendArray.openSync(new MemoryStorage(), options);
  const threes = (): NpyAppendArraySync => rows({ dtype: "float64", rowShape: [3] });
  const records = (): NpyAppendArraySync => rows({ dtype: [["t", "<f8"]], rowShape: [] });
  const reader = (): NpyReaderSync => NpyReader.openSync(saved([1, 2, 3]));
  const any = (value: unknown): never => value as never;
  const cases: [string, () => unknown, string][] = [
    ["one row", () => threes().append([1, 2, 3]), "For one row pass [[1, 2, 3]]."],
    ["one number", () => rows({ dtype: "float64", rowShape: [] }).append(any(5)), "For one row pass [5]."],
    ["one text", () => rows({ dtype: "U5", rowShape: [] }).append(any("text")), 'For one row pass ["text"].'],
    ["one text, no file yet", () => rows({}).append(any("text")), 'For one row pass ["text"].'],
    ["one record", () => records().append(any({ t: 1 })), "for one record pass [{ t: 1 }]."],
    ["one record, no file yet", () => rows({}).append(any({ t: 1 })), "for one record pass [{ t: 1 }]."],
    [
      "a promise",
      () => threes().append(any(Promise.resolve())),
      "a Promise is not an array, but will become one: await it first.",
    ],
    ["a function", () => threes().append(any(() => [])), "a function is not an array: call it first"],
    ["a generator", () => threes().append(any((function* () {})())), "a Generator is not an array: pass it to appendFrom"],
    ["a stream", () => threes().append(any(new ReadableStream())), "a ReadableStream is not an array: pass it to appendFrom"],
    ["a stream of Node", () => threes().append(any(Readable.from([]))), "a Readable is not an array: pass it to appendFrom"],
    ["a Response", () => threes().append(any(new Response(""))), "data: await response.arrayBuffer()"],
    ["a Blob", () => threes().append(any(new Blob([]))), "data: await blob.arrayBuffer()"],
    ["a Set", () => threes().append(any(new Set([1]))), "a Set is not an array: pass [...set]."],
    ["a reader", () => threes().append(any(reader())), "a NpyReaderSync is not an array: pass it to appendFrom"],
    [
      "a table with records",
      () => threes().append(any(new Table())),
      "a Table is not an array: pass what its toRecords() returns.",
    ],
    ["an instance", () => threes().append(any(new (class Reading {})())), "a Reading is not an array: expected { data, shape }"],
    ["instances", () => rows({}).append(any([new Set([1])])), "No dtype for a Set"],
    ["data that is a Set", () => threes().append(any({ data: new Set(), shape: [0, 3] })), "found a Set"],
    ["nothing", () => threes().append(any(undefined)), "undefined is not an array"],
    ["a misspelt dtype", () => rows({ dtype: "flaot32" }), 'Did you mean "float32"?'],
    ["a type of JavaScript", () => rows({ dtype: "number" }), 'Did you mean "float64"?'],
    ["a class", () => rows({ dtype: Float32Array }), 'Did you mean "float32"?'],
    ["a constructor", () => rows({ dtype: Number }), 'Did you mean "float64"?'],
    ["the name of a class", () => rows({ dtype: "BigInt64Array" }), 'Did you mean "int64"?'],
    [
      "a class of lists",
      () => rows({ dtype: Array }),
      'Array is not a dtype: expected a name ("float64"), a type string ("<f8") or a list of fields',
    ],
    ["Python objects", () => rows({ dtype: "object" }), "they can neither be appended to nor read here"],
    ["a misspelt option", () => rows({ dytpe: "<f8" }), "did you mean dtype?"],
    ["shape for rowShape", () => rows({ shape: [3] }), "did you mean rowShape?"],
    ["a number as rowShape", () => rows({ rowShape: 3 }), "[3] for rows of three): found 3."],
    ["options that are a dtype", () => loadSync(saved([1]), any("float32")), 'pass { dtype: "float32" }'],
    ["options that are a list", () => loadSync(saved([1]), any([])), "options must be an object"],
    ["read({ start })", () => reader().read(any({ start: 0 })), "found { start: 0 }. Rows are arguments"],
    ['read("0")', () => reader().read(any("0")), 'found "0". Pass the number 0'],
    ["read(1n)", () => reader().read(any(1n)), "found 1n. Pass the number 1"],
    ["read(NaN)", () => reader().read(Number.NaN), "whole number of rows: found NaN"],
    ["chunks(100)", () => reader().chunks(any(100)), "pass { rows: 100 }"],
    [
      'inspect("")',
      () => inspectSync(""),
      'Expected a path, a URL, a storage, or (to read) a Blob, a Response, a file handle or a file\'s bytes: found "".',
    ],
    ["open()", () => NpyAppendArray.openSync(any(undefined)), "found undefined"],
    ["a promise of a file", () => loadSync(any(Promise.resolve())), "found a Promise. Await it first"],
    ["appendFrom a path", () => threes().appendFrom(any("a.npy")), 'found "a.npy". To append a file, open it'],
    [
      "appendFrom a Response",
      () => threes().appendFrom(any(new Response(""))),
      "found a Response. Pass its body, with raw: true",
    ],
    ["appendFrom a Blob", () => threes().appendFrom(any(new Blob([]))), "found a Blob. Pass its stream(), with raw: true"],
    ["appendFrom a promise", () => threes().appendFrom(any(Promise.resolve([]))), "found a Promise. Await it first"],
    ["appendFrom a generator function", () => threes().appendFrom(any(function* rows() {})), "found rows. Call it"],
    [
      "a bigint as offset",
      () => threes().append({ data: [1, 2, 3], shape: [1, 3], offset: any(1n) }),
      "offset must be a whole number: found 1n",
    ],
  ];
  test.each(cases)("%s", async (_name, use, words) => {
    expect((await failure(use)).message).toContain(words);
  });

  test("no dtype that cannot be stored is suggested", async () => {
    expect((await failure(() => rows({ dtype: Object }))).message).not.toContain("Did you mean");
  });

  test("Python's float and int are NumPy's", () => {
    expect(rows({ dtype: "float", rowShape: [] }).dtype?.str).toBe("<f8");
    expect(rows({ dtype: "int", rowShape: [] }).dtype?.str).toBe("<i8");
  });

  test.each([
    [{ dtype: "float64", rowShape: [] }, [0]],
    [{ dtype: "uint8", rowShape: [3] }, [0, 3]],
    [{ dtype: "float32", rowShape: [2, 3], fortranOrder: true }, [2, 3, 0]],
    [{ dtype: "U5", rowShape: [2] }, [0, 2]],
    [{ dtype: "datetime64[s]", rowShape: [] }, [0]],
    [{ dtype: [["t", "<f8"], ["p", "<f4", [2]]], rowShape: [4] }, [0, 4]], // biome-ignore format: one line
    [{ dtype: "int16" }, [0]],
    [{}, [0]],
  ])("append([]) is 0 rows: %j", (options, shape) => {
    const npaa = rows(options);
    npaa.append([]);
    npaa.append([]);
    expect(npaa.shape).toEqual(shape);
    expect(npaa.length).toBe(0);
  });
});
