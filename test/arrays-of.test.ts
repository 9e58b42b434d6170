/** Files into which several arrays were saved, one after the other. */
import { readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AsyncStorage,
  type AsyncStorageFile,
  arraysOf,
  arraysOfSync,
  dtype,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type NpyArray,
  NpyReader,
  type NpyReaderSync,
  type RecordArray,
  type SaveOptions,
  saveSync,
} from "../src/node.ts";
import { caught } from "./support/caught.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { range, serve } from "./support/server.ts";
import { lacksMappings } from "./support/systems.ts";
import { temporaryPath } from "./support/temporary.ts";

type Input = Parameters<typeof saveSync>[1];

function saved(array: Input, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

const records = [
  { t: 0.5, id: 7 },
  { t: 1.5, id: 8 },
];

/** The second one makes all that follow lie at odd bytes. */
const PARTS = [
  saved(Float64Array.of(1, 2, 3)),
  saved(Uint8Array.of(4, 5, 6)),
  saved({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] }, { fortranOrder: true }),
  saved([], { dtype: "int32" }),
  saved(5),
  saved(["a", "bcd"]),
  saved(records, { dtype: { t: "<f8", id: "<i4" } }),
];
const OFFSETS = PARTS.map((_, i) => PARTS.slice(0, i).reduce((sum, { length }) => sum + length, 0));
const FILE = new Uint8Array(Buffer.concat(PARTS));
const ARRAYS = PARTS.map((part) => loadSync(part));

function written(bytes: Uint8Array): string {
  const path = temporaryPath();
  writeFileSync(path, bytes);
  return path;
}

function contents({ data, shape, fortranOrder }: NpyArray): unknown {
  return { data: "at" in data && "bytes" in data ? [...data] : data, shape, fortranOrder };
}

async function collected(readers: AsyncIterable<NpyReader>): Promise<NpyReader[]> {
  const all: NpyReader[] = [];
  for await (const reader of readers) all.push(reader);
  return all;
}

/** How often this process has a file open; 0 where the system does not tell. */
function openings(path: string): number {
  if (process.platform !== "linux") return 0;
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return undefined;
    }
  });
  return links.filter((link) => link?.replace(" (deleted)", "") === path).length;
}

/** A storage of somebody's own, without a synchronous half. */
function asynchronous(bytes: Uint8Array): AsyncStorage {
  const file = {
    key: bytes,
    size: async () => bytes.length,
    read: async (buffer: Uint8Array, position: number) => {
      const part = bytes.subarray(position, position + buffer.length);
      buffer.set(part);
      return part.length;
    },
    close: async () => undefined,
  } as unknown as AsyncStorageFile;
  return { path: "own", key: bytes, open: async () => file } as unknown as AsyncStorage;
}

describe("each array comes with its values, wherever the file is", () => {
  test.each([
    ["a path", () => written(FILE)],
    ["bytes", () => FILE],
    ["a MemoryStorage", () => new MemoryStorage(FILE)],
    ["a Blob", () => new Blob([FILE])],
    ["a Response", () => new Response(FILE)],
    ["a URL", () => serve((request, response) => void range(FILE, '"1"', request, response))],
    ["an asynchronous storage", () => asynchronous(FILE)],
  ])("%s", async (_name, file) => {
    const found: unknown[] = [];
    const offsets: number[] = [];
    for await (const reader of arraysOf(await file())) {
      offsets.push(reader.offset);
      found.push(contents(await reader.read()));
      await reader.close();
    }
    expect(found).toEqual(ARRAYS.map(contents));
    expect(offsets).toEqual(OFFSETS);
  });

  test.each([
    ["a path", () => written(FILE)],
    ["bytes", () => FILE],
    ["a MemoryStorage", () => new MemoryStorage(FILE)],
  ])("%s, synchronously", (_name, file) => {
    const found: unknown[] = [];
    const offsets: number[] = [];
    for (const reader of arraysOfSync(file())) {
      offsets.push(reader.offset);
      found.push(contents(reader.read()));
      reader.close();
    }
    expect(found).toEqual(ARRAYS.map(contents));
    expect(offsets).toEqual(OFFSETS);
  });

  test.skipIf(lacksMappings)("a path, mapped, also at bytes where elements are not aligned", () => {
    const path = written(FILE);
    const readers = [...arraysOfSync(path, { mmap: true })];
    expect(readers.map((reader) => contents(reader.read()))).toEqual(ARRAYS.map(contents));
    // Two reads of mapped memory share it, two copies do not.
    const isShared = (reader: NpyReaderSync): boolean => {
      const [one, other] = [reader.read(0, 1), reader.read(0, 1)].map(({ data }) => (data as Uint8Array).buffer);
      return one === other;
    };
    expect(readers.slice(0, 3).map(isShared)).toEqual([true, true, false]);
    for (const reader of readers) reader.close();
  });
});

test("a file of one array has one, at byte 0; so has any reader", async () => {
  const readers = [...arraysOfSync(PARTS[0] as Uint8Array)];
  expect(readers.map(({ offset, shape }) => [offset, shape])).toEqual([[0, [3]]]);
  const reader = NpyReader.openSync(PARTS[0] as Uint8Array);
  expect(reader.offset).toBe(0);
});

test("room that a writer has reserved after the rows is no array, whatever is in it", async () => {
  const bytes = saved([1, 2]);
  const length = bytes.length;
  const marked = new Uint8Array(length + 4096);
  marked.set(bytes);
  marked[128 - 2] = 9; // the mark: a tab in place of the last space
  for (const tail of [0, 0x93]) {
    marked.fill(tail, length);
    for await (const reader of arraysOf(marked)) expect((await reader.read()).data).toEqual(Float64Array.of(1, 2));
    expect([...arraysOfSync(marked)].map((reader) => reader.read().data)).toEqual([Float64Array.of(1, 2)]);
  }
});

test("readers are independent: kept, read in any order, in chunks and slices, copied, and closed by whoever has them", async () => {
  const path = written(FILE);
  const readers = await collected(arraysOf(path));
  expect(readers.length).toBe(PARTS.length);
  await readers[0]?.close();
  const [, bytes, floats] = readers;
  expect((await floats?.read(-1))?.data).toEqual(Float32Array.of(3, 6));
  const chunks: unknown[] = [];
  for await (const { data } of (bytes as NpyReader).chunks({ rows: 2 })) chunks.push(data);
  expect(chunks).toEqual([Uint8Array.of(4, 5), Uint8Array.of(6)]);
  const copy = new MemoryStorage();
  const npaa = await NpyAppendArray.open(copy);
  await npaa.appendFrom(bytes as NpyReader);
  await npaa.close();
  expect(copy.bytes()).toEqual(PARTS[1]);
  // Their rows stay as they are, and the arrays after them are none of theirs.
  await bytes?.refresh();
  expect(bytes?.length).toBe(3);
  for (const reader of readers) await reader.close();
  expect(openings(path)).toBe(0);
});

test("a loop that ends early leaves nothing open but the readers it got", async () => {
  const path = written(FILE);
  for await (const reader of arraysOf(path)) {
    await reader.close();
    break;
  }
  for (const reader of arraysOfSync(path)) {
    reader.close();
    break;
  }
  expect(openings(path)).toBe(0);
});

test("of a URL an array takes one request, and its data another, if they were not among the first 512 bytes", async () => {
  const large = saved(new Float64Array(1000).fill(2));
  const file = Buffer.concat([large, PARTS[1] as Uint8Array, large]);
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(String(request.headers.range));
    range(file, '"1"', request, response);
  });
  const readers = await collected(arraysOf(url));
  const second = large.length;
  const third = second + (PARTS[1] as Uint8Array).length;
  const firsts = [0, second, third].map((at) => `bytes=${at}-${at + 511}`);
  expect(asked).toEqual(firsts);
  expect((await readers[1]?.read())?.data).toEqual(Uint8Array.of(4, 5, 6));
  expect(asked.length).toBe(3);
  expect((await readers[2]?.read())?.data).toEqual(new Float64Array(1000).fill(2));
  expect(asked.slice(3)).toEqual([`bytes=${third + 512}-${file.length - 1}`]);
  for (const reader of readers) await reader.close();
});

test("of a URL a header of more than 512 bytes takes one request more", async () => {
  const names = Array.from({ length: 60 }, (_, i) => `column_${i}`);
  const wide = saved([Object.fromEntries(names.map((name, i) => [name, i]))], {
    dtype: Object.fromEntries(names.map((name) => [name, "<f8"])),
  });
  const file = Buffer.concat([PARTS[1] as Uint8Array, wide, PARTS[0] as Uint8Array]);
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(String(request.headers.range));
    range(file, '"1"', request, response);
  });
  const readers = await collected(arraysOf(url));
  expect(asked.length).toBe(4);
  const data = (await readers[1]?.read())?.data as RecordArray;
  expect(data.at(0)?.["column_59"]).toBe(59);
  expect((await readers[2]?.read())?.data).toEqual(Float64Array.of(1, 2, 3));
  expect((await readers[0]?.read())?.data).toEqual(Uint8Array.of(4, 5, 6));
});

describe("what is no array is an error with its byte, after the arrays before it", () => {
  const first = PARTS[0] as Uint8Array;
  const pickled = Buffer.from(formatHeader({ dtype: dtype("<i8"), fortranOrder: false, shape: [1] }));
  pickled.write("|O8", pickled.indexOf("<i8"), "latin1");
  const cut = Buffer.concat([first, first.subarray(0, 140)]);
  test.each([
    ["other bytes", Buffer.concat([first, Buffer.from("rows?")]), "ERR_NPY_HEADER", "found 72 6f 77 73 3f and the end"],
    ["half a header", Buffer.concat([first, first.subarray(0, 50)]), "ERR_NPY_HEADER", "ends within its header"],
    ["too few rows", cut, "ERR_NPY_NEEDS_RECOVERY", "24 bytes of data, 12 are there"],
    ["pickled objects", Buffer.concat([first, pickled, first]), "ERR_NPY_DTYPE", "Python objects"],
  ])("%s", async (_name, bytes, code, words) => {
    const path = written(bytes);
    const expected = { code, offset: first.length, path, message: expect.stringContaining(words) };
    const found: NpyReader[] = [];
    const collect = async (): Promise<void> => {
      for await (const reader of arraysOf(path)) found.push(reader);
    };
    await expect(collect()).rejects.toMatchObject(expected);
    expect(found.map(({ shape }) => shape)).toEqual([[3]]);
    await found[0]?.close();
    const error = caught(() => [...arraysOfSync(bytes)]);
    expect(error).toMatchObject({ ...expected, path: undefined });
    expect((error as Error).message).toMatch(/^At byte 152, where the array before it ends, no readable array begins: /);
  });

  test("the first array has the errors of any file", async () => {
    expect(caught(() => [...arraysOfSync(Buffer.from("text"))])).toMatchObject({ code: "ERR_NPY_HEADER", offset: undefined });
    const missing = temporaryPath();
    await expect(collected(arraysOf(missing))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a file that is replaced between two arrays", async () => {
    const path = written(FILE);
    const other = written(FILE);
    const arrays = arraysOfSync(path)[Symbol.iterator]();
    arrays.next().value?.close();
    renameSync(other, path);
    expect(caught(() => arrays.next())).toMatchObject({ code: "ERR_NPY_CHANGED", path, offset: 152 });
    expect(openings(path)).toBe(0);
  });

  test("a dtype that one of them does not have", async () => {
    const error = caught(() => [...arraysOfSync(FILE, { dtype: "float64" })]);
    expect(error).toMatchObject({ code: "ERR_NPY_DTYPE", offset: 152 });
  });

  test("options are checked at once", () => {
    expect(caught(() => arraysOf(FILE, { mmpa: true } as object))).toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(caught(() => arraysOfSync(FILE, { mmpa: true } as object))).toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(caught(() => arraysOf("" as never))).toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});

test("nothing is appended to such a file, and the refusal says how to read it", async () => {
  const path = written(FILE);
  await expect(NpyAppendArray.open(path)).rejects.toMatchObject({
    code: "ERR_NPY_TRAILING",
    offset: 152,
    message: expect.stringMatching(/arraysOf.*npy-append-array split/),
  });
  expect(readFileSync(path).equals(FILE)).toBe(true);
});

test("a signal ends the reading of all of them", async () => {
  const controller = new AbortController();
  const reading = async (): Promise<void> => {
    for await (const reader of arraysOf(new Blob([FILE]), { signal: controller.signal })) {
      await reader.close();
      controller.abort(new Error("enough"));
    }
  };
  await expect(reading()).rejects.toThrow("enough");
});

test.skipIf(numpyVersion === undefined)("arrays that numpy.save wrote into one file", async () => {
  const path = temporaryPath();
  const values = python<unknown[]>(
    `arrays = [np.arange(5, dtype="u1"), np.array([[1, 2], [3, 4]], order="F"), np.array(2.5), np.zeros((0, 3)), np.array(["x", "yz"])]
with open(data, "wb") as f:
    for a in arrays: np.save(f, a)
print(json.dumps([[list(a.shape), a.ravel("K").tolist()] for a in arrays]))`,
    path,
  );
  const found: unknown[] = [];
  for await (const reader of arraysOf(path)) {
    const { shape, data } = await load(path).then(() => reader.read());
    found.push([shape, Array.from(data as ArrayLike<unknown>, (value) => (typeof value === "bigint" ? Number(value) : value))]);
    await reader.close();
  }
  expect(found).toEqual(values);
});
