/**
 * Hostile input: files that are broken, or lie. Whatever is read gives what is in the file, or an error of ours, within the
 * memory and the time that its size calls for. `npm run fuzz` looks further.
 */
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DTypeLike,
  dtype,
  inspectSync,
  isAppendableSync,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyError,
  NpyReader,
  needsRecoverySync,
  parseHeader,
  RecordArray,
  recover,
  recoverSync,
  saveSync,
} from "../src/node.ts";
import { runs, sampled } from "./support/effort.ts";

const filesDirectory = new URL("golden/files/", import.meta.url);
const goldenFiles: readonly Buffer[] = readdirSync(filesDirectory)
  .filter((name) => name.endsWith(".npy"))
  .map((name) => readFileSync(new URL(name, filesDirectory)));

const { headers } = JSON.parse(readFileSync(new URL("golden/headers.json", import.meta.url), "utf8")) as {
  headers: { start: string; length: number }[];
};
/** Each with a few bytes of data. */
const goldenHeaders: readonly Buffer[] = headers.map(({ start, length }) => {
  const text = Buffer.from(start, "latin1");
  return Buffer.concat([text, Buffer.alloc(length - text.length - 1, " "), Buffer.from("\n"), Buffer.alloc(40, 7)]);
});

/** What makes a header say something else. */
const TOKENS = [
  ..."[](){},:'\"\\ \n09-L\xff\0",
  ...["True", "None", "'<f8'", "'<U0'", "'|V0'", "|O", "()", "[]", "(0,)", "(2,)", "9007199254740993", "999999999999999", "1e3"],
  ...["'__proto__'", "'constructor'", "\\ud800", "\\udc00", "\\x93NUMPY", "[('a', [], (99999999,))]", "'descr'", "'shape'"],
].map((text) => Buffer.from(text, "latin1"));

/** Where, as a part of the file's length: mostly within the header. */
const place = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0, max: 0.4, noNaN: true }) },
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const patch = fc.oneof(fc.constantFrom(...TOKENS), fc.uint8Array({ minLength: 1, maxLength: 4 }));
const edit = fc.oneof(
  fc.record({ at: place, length: fc.constantFrom(0, 1, 1, 2, 9), patch }),
  fc.record({ at: place, length: fc.nat({ max: 40 }), patch: fc.constant(new Uint8Array(0)) }),
);
const mutated = fc
  .tuple(fc.constantFrom(...goldenFiles, ...goldenHeaders), fc.array(edit, { minLength: 1, maxLength: 4 }))
  .map(([file, edits]) =>
    edits.reduce((bytes, { at, length, patch }) => splice(bytes, Math.floor(at * bytes.length), length, patch), file),
  );

function splice(bytes: Buffer, at: number, length: number, patch: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), patch, bytes.subarray(at + length)]);
}

/** A file with this header text, and so many bytes of data. */
function fileOf(text: string, dataBytes = 0): Uint8Array {
  const body = Buffer.from(`${text}\n`, "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from("\x93NUMPY\x03\0", "latin1"), length, body, Buffer.alloc(dataBytes, 1)]);
}

function header(descr: string, shape: string): string {
  return `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
}

/** The result, or the `NpyError` instead of it; any other error is thrown. */
function resultOf<Result>(action: () => Result): Result | NpyError {
  try {
    return action();
  } catch (error) {
    if (error instanceof NpyError) return error;
    throw error;
  }
}

/** What was read is what the file holds after its header, and no more than that. */
function expectNothingMadeUp({ data, shape, dtype }: NpyArray, bytes: Uint8Array): void {
  const elements = shape.reduce((product, size) => product * size, 1);
  const held = bytes.subarray(parseHeader(bytes).headerLength);
  expect(elements * dtype.itemsize).toBeLessThanOrEqual(held.length);
  if (dtype.kind === "V" && data instanceof Uint8Array) expect(data).toEqual(new Uint8Array(held.subarray(0, data.length)));
  if (data instanceof RecordArray) {
    expect(data.bytes).toEqual(new Uint8Array(held.subarray(0, elements * dtype.itemsize)));
    // Decoding must not fail on any bytes.
    resultOf(() => data.at(0));
    resultOf(() => data.columns());
  }
}

/** Every verb that reads a file or repairs it. */
function examine(bytes: Uint8Array): void {
  const storage = new MemoryStorage(bytes);
  const info = resultOf(() => inspectSync(storage));
  resultOf(() => isAppendableSync(storage));
  const isIncomplete = resultOf(() => needsRecoverySync(storage));
  if (!(info instanceof NpyError)) expect(isIncomplete).toBe(info.needsRecovery);
  const array = resultOf(() => loadSync(storage));
  if (!(array instanceof NpyError)) expectNothingMadeUp(array, bytes);
  const reader = resultOf(() => NpyReader.openSync(storage));
  if (!(reader instanceof NpyError)) {
    resultOf(() => reader.read(-2));
    resultOf(() => [...reader.chunks({ rows: Math.max(1, Math.ceil(reader.length / 3)) })]);
    reader.close();
  }
  expect(storage.bytes()).toEqual(new Uint8Array(bytes));
  for (const zerofillIncomplete of [false, true]) {
    const copy = new MemoryStorage(bytes);
    const planned = resultOf(() => recoverSync(copy, { zerofillIncomplete, dryRun: true }));
    const report = resultOf(() => recoverSync(copy, { zerofillIncomplete }));
    expect(report instanceof NpyError ? report.code : report).toEqual(planned instanceof NpyError ? planned.code : planned);
    if (report instanceof NpyError) continue;
    expect(needsRecoverySync(copy)).toBe(false);
    // A zero-filled row may be larger than memory.
    if (report.bytesZeroFilled > 1e6) continue;
    const recovered = resultOf(() => loadSync(copy));
    if (recovered instanceof NpyError) expect(recovered.code).toBe("ERR_NPY_SHAPE");
  }
}

describe("whole files", () => {
  test("with bytes changed, added and left out give what they hold, or an error of ours", () => {
    fc.assert(
      fc.property(mutated, (bytes) => examine(bytes)),
      { numRuns: runs(2500) },
    );
  });

  test("cut off anywhere are refused, and give their whole rows when recovered", async () => {
    for (const file of goldenFiles) {
      const { headerLength, shape } = parseHeader(file);
      const whole = await load(new MemoryStorage(file));
      const lengths = new Set([0, 1, 8, 10, headerLength - 1, headerLength, headerLength + 1, file.length - 1]);
      for (const length of lengths) {
        if (length >= file.length) continue;
        const cut = new MemoryStorage(file.subarray(0, length));
        const code = length < headerLength ? "ERR_NPY_HEADER" : "ERR_NPY_NEEDS_RECOVERY";
        await expect(load(cut)).rejects.toMatchObject({ code });
        if (length < headerLength || shape.length === 0) continue;
        const { rowsAfter } = await recover(cut, { allowEmpty: true });
        const rest = await load(cut);
        expect(rest.shape[rest.fortranOrder ? rest.shape.length - 1 : 0]).toBe(rowsAfter);
        expect(Array.from(rest.data as Iterable<unknown>)).toEqual(
          Array.from(whole.data as Iterable<unknown>).slice(0, rest.data.length),
        );
      }
    }
  });
});

describe("headers that lie about the size", () => {
  const refused: [string, string, string, NpyError["code"]][] = [
    ["more rows than bytes that could be counted", "'<f8'", "(1000000000000000000,)", "ERR_NPY_SHAPE"],
    ["a size beyond 2^53", "'|u1'", "(9007199254740992,)", "ERR_NPY_SHAPE"],
    ["sizes that are beyond 2^53 together", "'|u1'", "(134217728, 134217728)", "ERR_NPY_SHAPE"],
    ["such sizes beside an empty axis", "'|u1'", "(0, 134217728, 134217728)", "ERR_NPY_SHAPE"],
    ["more rows than there are", "'<f8'", "(1000000000000000,)", "ERR_NPY_NEEDS_RECOVERY"],
    ["one row too many", "'|u1'", "(17,)", "ERR_NPY_NEEDS_RECOVERY"],
    ["elements that are larger than the file", "'|V2147483647'", "(4000000,)", "ERR_NPY_NEEDS_RECOVERY"],
    ["strings without bytes", "'<U0'", "(1000000000000000,)", "ERR_NPY_SHAPE"],
    ["bytes without bytes", "'|S0'", "(4000000000,)", "ERR_NPY_SHAPE"],
    ["records without fields", "[]", "(1000000000000000,)", "ERR_NPY_SHAPE"],
    ["records of strings without bytes", "[('a', '<U0')]", "(1000000000000000,)", "ERR_NPY_SHAPE"],
    ["sub-arrays of nothing", "[('a', [], (2147483647,)), ('b', '|u1')]", "(16,)", "ERR_NPY_DTYPE"],
    ["sub-arrays of sub-arrays of nothing", "[('a', [('b', [], (99999,))], (99999,)), ('c', '|u1')]", "(16,)", "ERR_NPY_DTYPE"],
  ];

  test.each(refused)("%s: %s, %s", (_, descr, shape, code) => {
    const storage = new MemoryStorage(fileOf(header(descr, shape), 16));
    const before = process.memoryUsage().rss;
    expect(() => loadSync(storage)).toThrow(expect.objectContaining({ code }));
    resultOf(() => [...NpyReader.openSync(storage).read(0, 3).shape]);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
    examine(fileOf(header(descr, shape), 16));
  });

  test("a header that is longer than its file, where long ones are allowed", () => {
    const file = new Uint8Array(600).fill(0x20);
    file.set(Buffer.from("\x93NUMPY\x02\0\xff\xff\xff\xff", "latin1"));
    for (const verb of [inspectSync, loadSync, recoverSync, isAppendableSync, needsRecoverySync]) {
      expect(() => verb(new MemoryStorage(file), { maxHeaderSize: 2 ** 31 })).toThrow(
        expect.objectContaining({ code: "ERR_NPY_HEADER", message: expect.stringContaining("ends within its header") }),
      );
    }
  });
});

describe("long headers take time in proportion", () => {
  // Were it the square of their length it would be minutes, and more than a test has.
  const SIZE = 2 ** 19;
  const units = [
    "[",
    "(",
    "{",
    "[],",
    "(),",
    "{},",
    "\\",
    "'\\\\',",
    "'\\x41',",
    "\\\n",
    "'a',",
    '"\'",',
    "b'',",
    "r'\\\\',",
    "0",
    "1",
    "1,",
  ];
  const more = [
    "1:1,",
    "'a':",
    " ",
    "-",
    "é",
    "\\'",
    "\\ud800",
    "('a', '<i4'),",
    "('', '|V1'),",
    "(('a', 'b'), [], (0,)),",
    "None,",
    "1L,",
  ];

  test.each(sampled([...units, ...more], 5))("%j", (unit) => {
    const run = unit.repeat(SIZE / unit.length);
    for (const [before, after] of [
      ["", ""],
      ["'", "'"],
      ["{'descr': ", ", 'fortran_order': False, 'shape': (1,)}"],
      ["{'descr': [", "], 'fortran_order': False, 'shape': (1,)}"],
      ["{'descr': [('a', '", "')], 'fortran_order': False, 'shape': (1,)}"],
      ["{'descr': '<i2', 'fortran_order': False, 'shape': (", ")}"],
      ["{", "}"],
    ] as const) {
      const bytes = fileOf(before + run + after);
      const result = resultOf(() => parseHeader(bytes, { maxHeaderSize: 2 ** 23 }));
      if (result instanceof NpyError) expect(result.code).toMatch(/^ERR_NPY_(HEADER|DTYPE|SHAPE)$/);
    }
  });

  test("also with as many fields as fit", () => {
    const count = 50_000;
    const fields = Array.from({ length: count }, (_, i) => `('f${i}', '<i4')`).join(", ");
    const storage = new MemoryStorage(fileOf(header(`[${fields}]`, "(1,)"), 4 * count));
    const { data } = loadSync(storage, { maxHeaderSize: 2 ** 23 });
    expect(Object.keys((data as unknown as RecordArray).at(0) as object).length).toBe(count);
    expect(isAppendableSync(storage, { maxHeaderSize: 2 ** 23 })).toBe(false);
  });
});

describe("names that mean something to JavaScript", () => {
  const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "length", "then", "toJSON"];
  const like: DTypeLike = names.map((name) => [name, "<i4"] as const);

  /** What a record with these names would have changed. */
  function expectPrototypesUntouched(): void {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Object.getPrototypeOf(Object.prototype)).toBe(null);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  }

  test("are names of fields, in records, columns and dtypes", async () => {
    const entries = names.map((name, i) => [name, i + 1] as const);
    const record = Object.fromEntries(entries);
    const columns = Object.fromEntries(entries.map(([name, value]) => [name, [value, value]]));
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: like, rowShape: [] });
    await npaa.append([record] as never);
    await npaa.append(columns as never);
    await npaa.close();
    const data = (await load(storage)).data as unknown as RecordArray;
    for (const read of data) expect(Object.entries(read)).toEqual(entries);
    expect(Object.getPrototypeOf(data.at(0))).toBe(Object.prototype);
    const read = data.columns();
    expect(Object.entries(read)).toEqual(entries.map(([name, i]) => [name, Int32Array.of(i, i, i)]));
    expect(dtype(JSON.parse('{ "__proto__": "<i4", "constructor": "<f8" }') as DTypeLike).fields).toMatchObject([
      { name: "__proto__" },
      { name: "constructor" },
    ]);
    expectPrototypesUntouched();
  });

  test("are not found in every object", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: like, rowShape: [] });
    for (const name of names) {
      const record = Object.fromEntries(names.filter((other) => other !== name).map((other) => [other, 1]));
      await expect(npaa.append([record] as never), name).rejects.toMatchObject({
        name: "NpyError",
        message: expect.stringContaining(name),
      });
      const columns = Object.fromEntries(Object.keys(record).map((other) => [other, [1, 2]]));
      await expect(npaa.append(columns as never), name).rejects.toMatchObject({
        name: "NpyError",
        message: expect.stringContaining(name),
      });
    }
    expect(npaa.length).toBe(0);
    const polluting = JSON.parse(
      '{ "__proto__": { "polluted": true }, "constructor": { "prototype": { "polluted": true } } }',
    ) as never;
    await expect(npaa.append([polluting] as never)).rejects.toThrow(NpyError);
    await expect(npaa.append(polluting)).rejects.toThrow(NpyError);
    await npaa.close();
    expectPrototypesUntouched();
  });

  test("as options are unknown ones", () => {
    for (const name of names) {
      const options = JSON.parse(`{ ${JSON.stringify(name)}: true }`) as object;
      expect(() => loadSync(new MemoryStorage(goldenFiles[0]), options)).toThrow(
        expect.objectContaining({ code: "ERR_NPY_OPTION" }),
      );
    }
  });
});

describe("surrogates without their other half", () => {
  test.each(["\ud800", "\udc00", "a\udfff", "\ud800b"])("%j is a name and a string like any other", (text) => {
    const storage = new MemoryStorage();
    saveSync(storage, [[text, "x"]]);
    expect(loadSync(storage).data).toEqual([text, "x"]);
    const named = new MemoryStorage();
    saveSync(named, [{ [text]: 1 }] as never, { dtype: [[text, "<i4"]] });
    const { data } = loadSync(named);
    expect([...(data as unknown as RecordArray)]).toEqual([{ [text]: 1 }]);
  });
});
