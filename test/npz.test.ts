/** Archives of arrays: those that NumPy writes are read, and those that are written are NumPy's. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from "node:fs";
import { deflateRawSync, crc32 as zlibCrc32 } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  load,
  loadNpz,
  loadNpzSync,
  loadSync,
  MemoryFolder,
  MemoryStorage,
  NpyAppendArray,
  NpyAppendGroup,
  type NpyArray,
  NpyError,
  NpyGroupReader,
  NpyReader,
  type NpyReaderSync,
  type NpzReader,
  type NpzReaderSync,
  openNpz,
  openNpzSync,
  RecordArray,
  save,
  saveNpz,
  saveNpzSync,
  saveSync,
} from "../src/node.ts";
import { combineCrc32, crc32, portableCrc32 } from "../src/npz/crc32.ts";
import {
  centralEntry,
  encodeName,
  endRecords,
  localHeader,
  localLength,
  parseDirectory,
  type WrittenEntry,
} from "../src/npz/zip-format.ts";
import { runtimeDeflate, setDeflate, webDeflate } from "../src/storage/deflate.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { archiveOf, archiveOfMember, changed, npyOf, type Place, placesIn } from "./support/archives.ts";
import { caught } from "./support/caught.ts";
import { FaultyStorage } from "./support/faulty-storage.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { range, serve, startServer } from "./support/server.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

interface Golden {
  readonly names: string[];
  readonly arrays: { readonly [name: string]: string };
  readonly method?: number;
  readonly pickled?: string[];
}

const golden = new URL("golden/", import.meta.url);
const index = JSON.parse(readFileSync(new URL("archives/index.json", golden), "utf8")) as Record<string, Golden>;
const bytesOfArchive = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`archives/${name}`, golden)));
const goldenArray = (name: string): NpyArray => loadSync(readFileSync(new URL(`files/${name}.npy`, golden)));

/** What must be equal of two arrays: records are compared by their bytes. */
function contents({ data, shape, dtype, fortranOrder }: NpyArray): object {
  return { data: data instanceof RecordArray ? data.bytes : data, shape, dtype: dtype.descr, fortranOrder };
}

/** Comparing thousands of bytes one by one would take seconds. */
function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

function written(bytes: Uint8Array, name = "archive.npz"): string {
  const path = temporaryPath(name);
  writeFileSync(path, bytes);
  return path;
}

/** What compresses: Node's library, and what browsers have. */
const LIBRARIES = [
  ["zlib", runtimeDeflate()],
  ["streams of the web", webDeflate],
] as const;

afterEach(() => setDeflate(LIBRARIES[0][1]));

describe.each(LIBRARIES)("archives of NumPy, by %s", (_name, library) => {
  beforeEach(() => setDeflate(library));

  test.each(Object.keys(index))("%s", async (name) => {
    const { names, arrays, method, pickled = [] } = index[name] as Golden;
    const bytes = bytesOfArchive(name);
    for (const file of [bytes, new Blob([bytes]), new MemoryStorage(bytes), written(bytes)]) {
      await using npz = await openNpz(file);
      expect(npz.names).toEqual(names);
      for (const [array, source] of Object.entries(arrays)) {
        const expected = goldenArray(source);
        expect(contents(await npz.load(array))).toEqual(contents(expected));
        expect(contents(await npz.load(`${array}.npy`))).toEqual(contents(expected));
        await using reader = await npz.open(array);
        expect(contents(await reader.read())).toEqual(contents(expected));
      }
      for (const array of pickled) await expect(npz.load(array)).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
    }
    if (pickled.length > 0) return;
    if (method !== undefined) {
      return await expect(loadNpz(bytes)).rejects.toThrow(new RegExp(`method ${method} \\(`));
    }
    const loaded = await loadNpz(bytes);
    expect(Object.keys(loaded)).toEqual(Object.keys(arrays));
    for (const [array, source] of Object.entries(arrays)) {
      expect(contents(loaded[array] as NpyArray)).toEqual(contents(goldenArray(source)));
    }
  });
});

test.each(Object.keys(index))("%s is read synchronously", (name) => {
  const { names, arrays } = index[name] as Golden;
  using npz = openNpzSync(written(bytesOfArchive(name)));
  expect(npz.names).toEqual(names);
  for (const [array, source] of Object.entries(arrays)) {
    expect(contents(npz.load(array))).toEqual(contents(goldenArray(source)));
    using reader = npz.open(array);
    expect(contents(reader.read())).toEqual(contents(goldenArray(source)));
  }
});

test("a member that is no array is listed, and named in the error of opening it", async () => {
  await using npz = await openNpz(bytesOfArchive("other-members.npz"));
  await expect(npz.load("readme.txt")).rejects.toMatchObject({
    code: "ERR_NPY_HEADER",
    message: expect.stringMatching(/^readme\.txt: Not a \.npy file/),
  });
  // NumPy goes by the contents as well.
  expect(contents(await npz.load("without-suffix"))).toEqual(
    contents(goldenArray(Object.keys(index["stored.npz"]?.arrays ?? {})[0] as string)),
  );
});

test("a name that an archive does not have is refused with the names that it has", async () => {
  const path = written(archiveOf({ level: [1], time: [2] }));
  await using npz = await openNpz(path);
  await expect(npz.open("levle")).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    message: `${path}: The archive has no array "levle" (did you mean "level"?): it has ["level", "time"].`,
  });
});

/** More than is gathered before it is written, and read at once. */
const big = Float64Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 1013);
const ARRAYS = {
  matrix: [
    [1, 2],
    [3, 4],
  ],
  big,
  "größe/行": ["a", "bcd"],
  scalar: 5,
  none: new Int32Array(0),
  records: [
    { t: 0.5, id: 7 },
    { t: 1.5, id: 8 },
  ],
  fortran: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], fortranOrder: true, dtype: "<f4" },
  "": [true],
} as const;

describe.each([false, true])("saved with compress: %s", (compress) => {
  test("each member is what save writes, synchronously or not, and by any library", async () => {
    const bytes = archiveOf(ARRAYS, { compress });
    const later = new MemoryStorage();
    await saveNpz(later, ARRAYS, { compress });
    if (!compress) expect(isSame(later.bytes(), bytes)).toBe(true);
    setDeflate(webDeflate);
    const byStreams = new MemoryStorage();
    await saveNpz(byStreams, ARRAYS, { compress });
    setDeflate(LIBRARIES[0][1]);
    for (const archive of [bytes, later.bytes() as Uint8Array, byStreams.bytes() as Uint8Array]) {
      const npz = openNpzSync(archive);
      expect(npz.names).toEqual(Object.keys(ARRAYS));
      for (const [name, array] of Object.entries(ARRAYS)) {
        const file = npyOf(array);
        const { size, isCompressed } = npz.members.find((member) => member.name === name) ?? {};
        expect({ name, size, isCompressed }).toEqual({ name, size: file.length, isCompressed: compress });
        expect(contents(npz.load(name))).toEqual(contents(loadSync(file)));
      }
      if (compress) continue;
      for (const [i, { data, length }] of placesIn(archive).entries()) {
        expect(data % 64).toBe(0);
        expect(isSame(archive.subarray(data, data + length), npyOf(Object.values(ARRAYS)[i] as unknown as number[]))).toBe(true);
      }
    }
  });

  test.skipIf(numpyVersion === undefined)("NumPy loads it, and zipfile finds nothing wrong", async () => {
    const path = temporaryPath("ours.npz");
    await saveNpz(path, ARRAYS, { compress });
    const found = python(
      `
import io, zipfile
def shown(array):
    f = io.BytesIO(); np.save(f, array); return f.getvalue().hex()
archive, loaded = zipfile.ZipFile(data), np.load(data)
print(json.dumps({
    "bad": archive.testzip(),
    "dates": sorted({str(info.date_time) for info in archive.infolist()}),
    "names": loaded.files,
    "arrays": [shown(loaded[name]) for name in loaded.files],
}))`,
      path,
    );
    expect(found).toEqual({
      bad: null,
      dates: ["(1980, 1, 1, 0, 0, 0)"],
      names: Object.keys(ARRAYS),
      arrays: Object.values(ARRAYS).map((array) => Buffer.from(npyOf(array)).toString("hex")),
    });
  });

  test("arrays of readers are saved as they are, larger ones block by block", async () => {
    const paths = ["a.npy", "b.npy"].map((name) => temporaryPath(name));
    await save(paths[0] as string, big, { dtype: ">f8" });
    await save(paths[1] as string, { data: big, shape: [4, 10_000] }, { fortranOrder: true });
    const readers = await Promise.all(paths.map((path) => NpyReader.open(path)));
    const storage = new MemoryStorage();
    const [a, b] = readers as [NpyReader, NpyReader];
    await saveNpz(storage, { a, b, again: a }, { compress });
    using sync = NpyReader.openSync(paths[0] as string);
    const atOnce = archiveOf({ a: sync }, { compress });
    for (const archive of [storage.bytes() as Uint8Array, atOnce]) {
      for (const [name, array] of Object.entries(loadNpzSync(archive))) {
        expect(contents(array)).toEqual(contents(loadSync(paths[name === "b" ? 1 : 0] as string)));
      }
    }
    await a.close();
    await expect(saveNpz(storage, { b, a }, { compress })).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    expect(Object.keys(loadNpzSync(storage.bytes() as Uint8Array))).toEqual(["a", "b", "again"]);
    await b.close();
  });

  test("members are read whole, by slices, backwards and at the same time", async () => {
    const path = written(archiveOf({ big, other: Float32Array.of(1) }, { compress }));
    for (const library of LIBRARIES) {
      setDeflate(library[1]);
      const npz = await openNpz(path);
      const reader = await npz.open("big", { dtype: "float64" });
      await npz.close();
      expect(reader).toMatchObject({ path: `${path}:big`, shape: [big.length] });
      expect((await reader.read(-3)).data).toEqual(big.subarray(-3));
      expect((await reader.read(10, 13)).data).toEqual(big.subarray(10, 13));
      const starts = [30_000, 5, 20_000, 39_000];
      const slices = await Promise.all(starts.map((start) => reader.read(start, start + 1000)));
      for (const [i, { data }] of slices.entries()) {
        expect(data).toEqual(big.subarray(starts[i] as number, (starts[i] as number) + 1000));
      }
      expect((await reader.take([39_999, 0, 7])).data).toEqual(
        Float64Array.of(big[39_999] as number, big[0] as number, big[7] as number),
      );
      let rows = 0;
      for await (const { data, start } of reader.chunks({ rows: 7000 })) {
        expect(data).toEqual(big.subarray(start, start + 7000));
        rows += data.length;
      }
      expect(rows).toBe(big.length);
      await reader.refresh();
      expect(reader.length).toBe(big.length);
      await reader.close();
    }
  });

  test("damaged data are found by whoever reads the member whole", async () => {
    // Not in the first row.
    const bytes = changed(archiveOf({ big: { data: big, shape: [4, 10_000] } }, { compress }), (view, { data, length }) => {
      const at = compress ? data + Math.floor(length / 2) : data + length - 9;
      view.setUint8(at, view.getUint8(at) ^ 4);
    });
    const damaged = { code: "ERR_NPY_HEADER", path: "big", message: expect.stringMatching(/damaged|decompress/) };
    await using npz = await openNpz(bytes);
    await expect(npz.load("big")).rejects.toMatchObject(damaged);
    await expect(npz.load("big", { order: "F" })).rejects.toMatchObject(damaged);
    await expect(loadNpz(bytes)).rejects.toMatchObject(damaged);
    expect(caught(() => loadNpzSync(bytes))).toMatchObject(damaged);
    await using reader = await npz.open("big");
    const inChunks = async (): Promise<void> => {
      for await (const chunk of reader.chunks({ rows: 1 })) expect(chunk.shape).toEqual([1, 10_000]);
    };
    await expect(inChunks()).rejects.toMatchObject(damaged);
    await expect(inChunks()).rejects.toMatchObject(damaged);
    await using other = await npz.open("big");
    if (!compress) expect((await other.read(0, 1)).data).toEqual(big.subarray(0, 10_000));
  });
});

test("an order that is not the file's is read with its checksum", async () => {
  const bytes = archiveOf({ x: { data: big, shape: [40, 1000] } });
  await using npz = await openNpz(new Blob([bytes]));
  const expected = await load(npyOf({ data: big, shape: [40, 1000] }), { order: "F" });
  expect(contents(await npz.load("x", { order: "F" }))).toEqual(contents(expected));
});

test.skipIf(cLibrary() === undefined)("stored arrays are mapped where they lie, compressed ones are not", async () => {
  const path = written(archiveOf({ odd: Uint8Array.of(1), big }));
  await using npz = await openNpz(path);
  await using reader = await npz.open("big", { mmap: true });
  const first = (await reader.read(0, 10)).data as Float64Array;
  const again = (await reader.read(5, 10)).data as Float64Array;
  expect(first).toEqual(big.subarray(0, 10));
  // Both are the file's own bytes.
  expect(again.buffer).toBe(first.buffer);
  await using compressed = await openNpz(archiveOf({ big }, { compress: true }));
  await expect(compressed.open("big", { mmap: true })).rejects.toThrow(
    /big: Invalid options: mmap: true, but this array is compressed/,
  );
});

describe("one member of an archive", () => {
  const names = Array.from({ length: 40 }, (_, i) => `array${i}`);
  const bytes = archiveOf(Object.fromEntries([...names.map((name) => [name, big]), ["small", [1, 2, 3]]]));

  test("takes little of a Blob", async () => {
    let read = 0;
    class Counted extends Blob {
      override slice(start = 0, end = this.size): Blob {
        read += Math.min(end, this.size) - start;
        return super.slice(start, end);
      }
    }
    await using npz = await openNpz(new Counted([bytes]));
    expect(read).toBe(8192);
    read = 0;
    expect((await npz.load("small")).data).toEqual(Float64Array.of(1, 2, 3));
    expect(read).toBeLessThan(800);
    read = 0;
    await using reader = await npz.open("array20");
    expect((await reader.read(30_000, 30_010)).data).toEqual(big.subarray(30_000, 30_010));
    expect(read).toBeLessThan(800 + 80);
  });

  test("takes two requests of a URL to open the archive, and one for a small array", async () => {
    const requests: number[] = [];
    const url = await serve((request, response) => void requests.push(range(bytes, '"1"', request, response)));
    await using npz = await openNpz(url);
    expect(requests.splice(0)).toEqual([512, 8192]);
    expect((await npz.load("small")).data).toEqual(Float64Array.of(1, 2, 3));
    expect(requests.splice(0)).toHaveLength(1);
    await using reader = await npz.open("array3");
    expect((await reader.read(-2)).data).toEqual(big.subarray(-2));
    const [head, ...rows] = requests.splice(0);
    expect(head).toBeLessThan(800);
    expect(rows).toEqual([16]);
    expect((await npz.load("array7")).data).toEqual(big);
    const { local, data, length } = placesIn(bytes)[7] as Place;
    const sent = requests.splice(0);
    expect(sent).toHaveLength(2);
    // The first bytes come twice: with the local header, and with the rest.
    expect(sent.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(data - local + length + 512 + 128);
  });

  test("a compressed one is not read further than what is asked for", async () => {
    const random = new Uint32Array(2 ** 20);
    for (let i = 0, x = 1; i < random.length; i++) random[i] = x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    const file = archiveOf({ random }, { compress: true });
    const requests: number[] = [];
    const url = await serve((request, response) => void requests.push(range(file, '"1"', request, response)));
    await using npz = await openNpz(url);
    await using reader = await npz.open("random");
    expect((await reader.read(0, 10)).data).toEqual(random.subarray(0, 10));
    expect(requests.reduce((sum, length) => sum + length)).toBeLessThan(2 ** 18);
  });

  test("a reader that is closed ends its request, and the archive's file is closed after the last reader", async () => {
    let isStalled = false;
    const { url, server } = await startServer((request, response) => {
      if (!isStalled) range(bytes, '"1"', request, response);
    });
    const npz = await openNpz(url);
    const reader = await npz.open("array1");
    isStalled = true;
    const reading = reader.read();
    await reader.close();
    await expect(reading).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await npz.close();
    await npz.close();
    await expect(npz.load("small")).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    expect(server.listening).toBe(true);
  });
});

test.skipIf(openDescriptors() === undefined)("no descriptor stays open", async () => {
  const path = written(archiveOf({ x: [1], y: big }, { compress: true }));
  const broken = written(new Uint8Array(100));
  const open = (): number => descriptorsOf(path) + descriptorsOf(broken);
  const npz = await openNpz(path);
  const reader = await npz.open("y");
  await reader.read(0, 1);
  await npz.load("x");
  await npz.close();
  expect(open()).toBe(1);
  await reader.close();
  expect(open()).toBe(0);
  const sync = openNpzSync(path);
  const readerSync = sync.open("y");
  sync.close();
  expect(open()).toBe(1);
  readerSync.close();
  loadNpzSync(path);
  await loadNpz(path);
  await expect(openNpz(broken)).rejects.toThrow(NpyError);
  expect(open()).toBe(0);
});

/** How many descriptors this process has of a file. */
function descriptorsOf(path: string): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // that of the directory itself
    }
  });
  return links.filter((link) => link === realpathSync(path)).length;
}

describe("broken archives are refused with the reason", () => {
  const whole = archiveOf({ x: Float64Array.of(1, 2, 3), y: [4] });
  const compressed = archiveOf({ x: big }, { compress: true });
  const npy = npyOf(Float64Array.of(1, 2, 3));

  test.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /it is empty/],
    ["a .npy file", npy, /It is a \.npy file: call load or NpyReader\.open/],
    ["a file without an end record", whole.subarray(0, whole.length - 20), /no end record/],
    ["a directory that is cut", changed(whole, (view, _, { length }) => view.setUint32(length - 10, 60, true)), /directory/],
    [
      "more entries than there are",
      changed(whole, (view, _, { length }) => view.setUint16(length - 12, 9, true)),
      /2 readable entries of 9/,
    ],
    [
      "a directory before the file",
      changed(whole, (view, _, { length }) => view.setUint32(length - 10, 1e9, true)),
      /before the file/,
    ],
    ["one part of several", changed(whole, (view, _, { length }) => view.setUint16(length - 18, 1, true)), /part of several/],
    [
      "a name that is not UTF-8",
      changed(whole, (view, { central }) => {
        view.setUint16(central + 8, 2048, true);
        view.setUint8(central + 46, 0xff);
      }),
      /UTF-8/,
    ],
    ["an encrypted member", changed(whole, (view, { central }) => view.setUint16(central + 8, 1, true)), /^x: .*encrypted/],
    [
      "an unknown method",
      changed(whole, (view, { central }) => view.setUint16(central + 10, 93, true)),
      /^x: .*method 93 \(Zstandard\)/,
    ],
    ["no local header", changed(whole, (view, { local }) => view.setUint32(local, 0, true)), /^x: .*no member begins at byte 0/],
    [
      "another name in the local header",
      changed(whole, (view, { local }) => view.setUint8(local + 30, 0x7a)),
      /^x: .*calls itself "z\.npy"/,
    ],
    ["a local header beyond the file", changed(whole, (view, { central }) => view.setUint32(central + 42, 1e9, true)), /^x: /],
    [
      "a member that reaches into the next",
      changed(whole, (view, { central }) => view.setBigUint64(central + 20, 400n + (400n << 32n), true)),
      /^x: .*reach into what follows/,
    ],
    [
      "two members at one place",
      changed(whole, (view, _, copy) => view.setUint32((placesIn(copy)[1]?.central as number) + 42, 0, true)),
      /^x: .*begins within its header/,
    ],
    [
      "a stored member of two sizes",
      changed(whole, (view, { central }) => view.setUint32(central + 24, 1, true)),
      /^x: .*not compressed/,
    ],
    [
      "a compressed one that holds less",
      archiveOfMember(deflateRawSync(npy.subarray(0, 140)), { size: npy.length, method: 8 }),
      /^x: .*hold 140 bytes/,
    ],
    [
      "a compressed one that holds more",
      archiveOfMember(deflateRawSync(Buffer.concat([npy, npy])), { size: npy.length, method: 8 }),
      /^x: .*(hold more|decompressed)/,
    ],
    [
      "a size that deflate cannot reach",
      changed(compressed, (view, { central }) => view.setUint32(central + 24, 0xfffffff0, true)),
      /^x: .*cannot hold/,
    ],
    [
      "an array that is cut",
      archiveOfMember(npy.subarray(0, 140), { size: 140, method: 0, crc: crc32(npy.subarray(0, 140)) }),
      /^x: The array needs more bytes than the 140 of its member/,
    ],
    ["data that are not compressed", archiveOfMember(npy, { size: npy.length, method: 8 }), /^x: Not a readable/],
    [
      "compressed data that are cut",
      archiveOfMember(deflateRawSync(npy).subarray(0, 30), { size: npy.length, method: 8 }),
      /^x: /,
    ],
  ])("%s", async (_what, bytes, message) => {
    for (const [, library] of LIBRARIES) {
      setDeflate(library);
      const error: unknown = await loadNpz(bytes).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(NpyError);
      expect(error).toMatchObject({ code: "ERR_NPY_HEADER", message: expect.stringMatching(message) });
    }
    setDeflate(LIBRARIES[0][1]);
    expect(caught(() => loadNpzSync(bytes))).toMatchObject({ code: "ERR_NPY_HEADER", message: expect.stringMatching(message) });
  });

  test("a small array in a member of a gigabyte of zeros is read without them", async () => {
    const small = npyOf(Float64Array.of(1, 2, 3));
    const zeros = new Uint8Array(2 ** 26);
    zeros.set(small);
    const bytes = archiveOfMember(deflateRawSync(zeros), { size: zeros.length, method: 8 });
    expect((await loadNpz(bytes))["x"]?.data).toEqual(Float64Array.of(1, 2, 3));
    using npz = openNpzSync(bytes);
    // Its first bytes are there with the header.
    expect(npz.load("x").data).toEqual(Float64Array.of(1, 2, 3));
    const random = npyOf(big);
    zeros.set(random);
    const larger = archiveOfMember(deflateRawSync(zeros), { size: zeros.length, method: 8 });
    expect((await loadNpz(larger))["x"]?.data).toEqual(big);
    expect(caught(() => loadNpzSync(larger))).toMatchObject({ message: expect.stringMatching(/^x: .*read it asynchronously/) });
  });

  test("where nothing decompresses synchronously, stored arrays are read and compressed ones refused", () => {
    setDeflate(webDeflate);
    expect(loadNpzSync(whole)["y"]?.data).toEqual(Float64Array.of(4));
    expect(caught(() => loadNpzSync(compressed))).toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringMatching(/asynchronously/),
    });
    expect(caught(() => archiveOf({ x: [1] }, { compress: true }))).toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});

describe("saving", () => {
  test("a step that fails leaves the old archive, and nothing beside it", async () => {
    const old = archiveOf({ old: [1] });
    const arrays = { a: big, b: [1], c: big.subarray(0, 10) };
    for (const compress of [false, true]) {
      const whole = new FaultyStorage(old, { isSlow: true });
      await saveNpz(whole, arrays, { compress });
      for (let at = 0; at < whole.steps.length; at++) {
        const storage = new FaultyStorage(old, { isSlow: true });
        storage.failAt(at);
        const error: unknown = await saveNpz(storage, arrays, { compress }).catch((thrown: unknown) => thrown);
        if (error === undefined) continue;
        expect(error).toBe(storage.errors[0]);
        expect(storage.bytes()).toEqual(old);
        expect(storage.temporaries.size).toBe(0);
      }
    }
  });

  test("is stopped by a signal, and tells how far it is", async () => {
    const directory = temporaryDirectory();
    const path = `${directory}/stopped.npz`;
    for (const compress of [false, true]) {
      const controller = new AbortController();
      const told: number[] = [];
      const reason = new Error("stop");
      const saving = saveNpz(
        path,
        { big, other: big },
        {
          compress,
          signal: controller.signal,
          onProgress(done, total) {
            expect(total).toBe(2 * (128 + big.byteLength));
            told.push(done);
            if (done > big.byteLength) controller.abort(reason);
          },
        },
      );
      await expect(saving).rejects.toBe(reason);
      expect(told).toEqual(told.toSorted((a, b) => a - b));
      expect(readdirSync(directory)).toEqual([]);
    }
    const told: number[] = [];
    await saveNpz(path, { big }, { onProgress: (done) => told.push(done) });
    expect(told.at(-1)).toBe(128 + big.byteLength);
  });

  test("a function opens a reader when its turn comes, and no other is open then", async () => {
    const directory = temporaryDirectory();
    const given: Record<string, () => Promise<NpyReader>> = {};
    const givenSync: Record<string, () => NpyReaderSync> = {};
    let most = 0;
    for (let i = 0; i < 20; i++) {
      const path = `${directory}/${i}.npy`;
      await save(path, i < 2 ? big : [i, i + 1]);
      given[`a${i}`] = async () => {
        const reader = await NpyReader.open(path);
        most = Math.max(most, openDescriptors() ?? 0);
        return reader;
      };
      givenSync[`a${i}`] = () => NpyReader.openSync(path);
    }
    const archives = [new MemoryStorage(), new MemoryStorage()] as const;
    await saveNpz(archives[0], given);
    saveNpzSync(archives[1], givenSync);
    expect(most).toBe((openDescriptors() ?? 0) + 1);
    for (const archive of archives) {
      const arrays = loadNpzSync(archive);
      expect(Object.keys(arrays)).toEqual(Object.keys(given));
      for (let i = 0; i < 20; i++) expect(arrays[`a${i}`]?.data).toEqual(loadSync(`${directory}/${i}.npy`).data);
    }
  });

  test("a file that a function opens may grow meanwhile, and must not be replaced", async () => {
    const file = new MemoryStorage();
    const archive = new MemoryStorage();
    const appendRow = (to: MemoryStorage): void => {
      using npaa = NpyAppendArray.openSync(to);
      npaa.append([3]);
    };
    const opening = (change: () => void): (() => NpyReaderSync) => {
      let calls = 0;
      return () => {
        if (++calls === 2) change();
        return NpyReader.openSync(file);
      };
    };
    saveSync(file, [1, 2]);
    await saveNpz(archive, { x: opening(() => appendRow(file)) });
    expect(loadNpzSync(archive)["x"]?.data).toEqual(Float64Array.of(1, 2));
    for (const other of [Int32Array.of(1, 2, 3), [[1], [2], [3]], [1]]) {
      saveSync(file, [1, 2]);
      await expect(saveNpz(archive, { x: opening(() => saveSync(file, other)) })).rejects.toMatchObject({
        code: "ERR_NPY_CHANGED",
      });
      expect(loadNpzSync(archive)["x"]?.data).toEqual(Float64Array.of(1, 2));
    }
  });

  test("what a function gives must be a reader", async () => {
    const storage = new MemoryStorage();
    saveSync(storage, [1]);
    const missing = () => NpyReader.open(temporaryPath("none.npy"));
    await expect(saveNpz(new MemoryStorage(), { x: (() => [1]) as never })).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringMatching(/Field "x".*opens a reader/),
    });
    await expect(saveNpz(new MemoryStorage(), { x: missing })).rejects.toMatchObject({ code: "ENOENT" });
    expect(caught(() => saveNpzSync(new MemoryStorage(), { x: (() => NpyReader.open(storage)) as never }))).toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining("NpyReader.openSync"),
    });
  });

  test.each<[string, unknown, object, string, RegExp]>([
    ["no object", [1, 2], {}, "ERR_NPY_OPTION", /object of names and arrays/],
    ["a typed array", big, {}, "ERR_NPY_OPTION", /object of names and arrays/],
    ["a name with NUL", { "a\0b": [1] }, {}, "ERR_NPY_OPTION", /is no name/],
    ["half a character", { "a\ud800": [1] }, {}, "ERR_NPY_OPTION", /is no name/],
    ["a name that is too long", { ["é".repeat(32_766)]: [1] }, {}, "ERR_NPY_OPTION", /is no name/],
    ["a value that is no array", { good: [1], bad: [undefined] }, {}, "ERR_NPY_VALUE", /Field "bad"/],
    ["an unknown option", { x: [1] }, { compression: true }, "ERR_NPY_OPTION", /no option "compression"/],
  ])("%s is refused before anything is written", async (_what, arrays, options, code, message) => {
    const directory = temporaryDirectory();
    const path = `${directory}/refused.npz`;
    const given = arrays as { x: number[] };
    await expect(saveNpz(path, given, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(caught(() => saveNpzSync(path, given, options))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(readdirSync(directory)).toEqual([]);
  });

  test("memory that shrinks meanwhile leaves nothing", async () => {
    const path = temporaryPath("gone.npz");
    const data = new Float64Array(2 ** 20);
    const saving = saveNpz(path, { data });
    structuredClone(data.buffer, { transfer: [data.buffer] });
    await expect(saving).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
    await expect(openNpz(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("names that objects have by themselves are names like others", async () => {
    const arrays = JSON.parse('{ "__proto__": [1], "constructor": [2] }') as { [name: string]: number[] };
    const loaded = await loadNpz(archiveOf(arrays));
    expect(Object.keys(loaded)).toEqual(["__proto__", "constructor"]);
    expect(Object.getOwnPropertyDescriptor(loaded, "__proto__")?.value.data).toEqual(Float64Array.of(1));
  });
});

describe("records of Zip64", () => {
  const entry = (offset: number, size: number, isWide: boolean): WrittenEntry => ({
    ...encodeName("größe.npy"),
    name: "größe.npy",
    method: 0,
    crc: 0x12345678,
    size,
    compressedSize: size,
    offset,
    isWide,
  });

  test.each([
    [0, 100],
    [2 ** 32 - 2, 2 ** 32 - 2],
    [2 ** 32 - 1, 100],
    [100, 2 ** 32 - 1],
    [2 ** 40, 2 ** 41],
  ])("an entry at byte %d of %d bytes reads as it was written", (offset, size) => {
    const written = entry(offset, size, size >= 2 ** 32 - 1);
    const { nameBytes: _, isWide, ...read } = written;
    expect(parseDirectory(centralEntry(written), 1, 0)).toEqual([read]);
    const header = localHeader(written);
    expect(header.length).toBe(localLength(written));
    expect((offset + header.length) % 64).toBe(0);
    expect(new DataView(header.buffer).getUint32(22, true)).toBe(isWide ? 2 ** 32 - 1 : size);
  });

  test("are written only where they are needed", () => {
    expect(endRecords(65_534, 1000, 1000)).toHaveLength(22);
    expect(endRecords(65_535, 1000, 1000)).toHaveLength(98);
    expect(endRecords(1, 2 ** 32 - 1, 1000)).toHaveLength(98);
  });

  test("data begin at a multiple of 64 wherever the header stands", () => {
    for (let offset = 0; offset < 200; offset++) {
      const header = localHeader(entry(offset, 1, offset % 2 === 0));
      expect((offset + header.length) % 64).toBe(0);
      const extra = new DataView(header.buffer).getUint16(28, true);
      expect(extra === 0 || extra >= 6).toBe(true);
    }
  });
});

describe("checksums", () => {
  test("of the portable code are those of the standard's example", () => {
    const example = new TextEncoder().encode("123456789");
    expect(portableCrc32(example, 0)).toBe(0xcbf43926);
    expect(crc32(example)).toBe(0xcbf43926);
  });

  test("of parts give that of the whole, wherever they lie in memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(9), (bytes, cut, shift) => {
        const memory = new Uint8Array(shift + bytes.length);
        memory.set(bytes, shift);
        const moved = memory.subarray(shift);
        const [first, second] = [moved.subarray(0, cut), moved.subarray(cut)];
        const whole = portableCrc32(moved, 0);
        expect(portableCrc32(second, portableCrc32(first, 0))).toBe(whole);
        expect(combineCrc32(portableCrc32(first, 0), portableCrc32(second, 0), second.length)).toBe(whole);
        if (zlibCrc32 !== undefined) expect(zlibCrc32(moved)).toBe(whole);
      }),
    );
  });
});

describe.each(LIBRARIES)("by %s", (_name, library) => {
  test("any damage ends in an NpyError, or in arrays", async () => {
    setDeflate(library);
    const archives = Object.keys(index)
      .map(bytesOfArchive)
      .filter(({ length }) => length < 8000);
    // Most records are at the end.
    const position = fc.oneof(
      fc.nat(8000),
      fc.nat(400).map((back) => -1 - back),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...archives),
        fc.array(fc.tuple(position, fc.constantFrom(0, 1, 8, 0x7f, 0xff)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(8000)),
        async (archive, changes, cut) => {
          const bytes = archive.slice(0, cut ?? archive.length);
          for (const [at, byte] of changes) bytes[(at + bytes.length) % bytes.length] = byte;
          for (const load of [
            () => loadNpz(bytes),
            () => loadNpz(new Blob([bytes])),
            () => openNpz(bytes).then((npz) => npz.load(npz.names[0] ?? "")),
          ]) {
            const error: unknown = await load().then(
              () => undefined,
              (thrown: unknown) => thrown,
            );
            if (error !== undefined) expect(error).toBeInstanceOf(NpyError);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

test("the twins tell the same", async () => {
  const bytes = bytesOfArchive("compressed.npz");
  const told = ({ names, members, path }: NpzReader | NpzReaderSync): object => ({ names, members, path });
  expect(told(await openNpz(bytes))).toEqual(told(openNpzSync(bytes)));
});

test.skipIf(numpyVersion === undefined)("any array is archived as NumPy does it, and read again", () => {
  const directory = temporaryDirectory();
  const found = python<{ [name: string]: boolean }>(
    `
rng = np.random.default_rng(1)
arrays = {}
for dtype in ["?", "i1", ">u2", "<i4", ">i8", "f2", "<f4", ">f8", "c8", "S3", "U2", "M8[s]", "V5", [("a", "<i2"), ("b", ">f8", (2,))]]:
    for shape in [(), (0,), (3,), (2, 3), (4, 0, 2), (3, 50, 70)]:
        n = int(np.prod(shape)) * np.dtype(dtype).itemsize
        raw = rng.integers(0, 2 if dtype == "?" else 128, n, dtype=np.uint8)
        if np.dtype(dtype).kind == "U": raw = np.where(np.arange(n) % 4 == 0, raw, 0).astype(np.uint8)
        a = np.frombuffer(raw.tobytes(), dtype=dtype).reshape(shape) if n else np.empty(shape, dtype)
        arrays[f"{np.dtype(dtype).str} {shape} {len(arrays)}"] = a
        if a.ndim > 1: arrays[f"F {len(arrays)}"] = np.asfortranarray(a)
np.savez(data + "/stored.npz", **arrays)
np.savez_compressed(data + "/compressed.npz", **arrays)
print("{}")`,
    directory,
  );
  expect(found).toEqual({});
  for (const name of ["stored", "compressed"]) {
    const arrays = loadNpzSync(`${directory}/${name}.npz`);
    saveNpzSync(`${directory}/ours-${name}.npz`, arrays, { compress: name === "compressed" });
  }
  expect(
    python(
      `
import zipfile
wrong = []
for name in ["stored", "compressed"]:
    theirs, ours = zipfile.ZipFile(f"{data}/{name}.npz"), zipfile.ZipFile(f"{data}/ours-{name}.npz")
    wrong += [ours.testzip()] if ours.testzip() else []
    wrong += [n for n in theirs.namelist() if theirs.read(n) != ours.read(n)]
print(json.dumps(wrong))`,
      directory,
    ),
  ).toEqual([]);
});

describe("groups", () => {
  const arrays = {
    id: { dtype: "int32" },
    text: { dtype: "utf8" },
    x: { dtype: "float64", rowShape: [2] },
    n: { dtype: "int16", ragged: true },
  } as const;

  /** Two rows that every file counts; all files hold the data of a third, and only one of them counts it. */
  function interrupted(): string {
    const directory = temporaryDirectory();
    const group = NpyAppendGroup.openSync(directory, { arrays });
    group.append([
      { id: 1, text: "é", x: [1, 2], n: [5] },
      { id: 2, text: "", x: [3, 4], n: [6, 7] },
    ]);
    const names = readdirSync(directory).filter(
      (name) => name !== "n.values.npy" && name !== "text.values.npy" && name !== "x.npy",
    );
    const headers = names.map((name) => readFileSync(`${directory}/${name}`).subarray(0, 128));
    group.append([{ id: 3, text: "three", x: [5, 6], n: [8] }]);
    group.close();
    for (const [i, name] of names.entries()) {
      const file = readFileSync(`${directory}/${name}`);
      file.set(headers[i] as Uint8Array);
      writeFileSync(`${directory}/${name}`, file);
    }
    return directory;
  }

  const expected = {
    id: [1, 2],
    "text.values": [0xc3, 0xa9],
    "text.offsets": [0, 2, 2],
    x: [
      [1, 2],
      [3, 4],
    ],
    "n.values": [5, 6, 7],
    "n.offsets": [0, 1, 3],
  };

  test.each([false, true])("the rows that every file counts are saved, of both readers (compressed: %s)", async (compress) => {
    const directory = interrupted();
    await using reader = await NpyGroupReader.open(directory, { arrays });
    using sync = NpyGroupReader.openSync(directory, { arrays });
    const storages = [new MemoryStorage(), new MemoryStorage(), new MemoryStorage()] as const;
    await saveNpz(storages[0], reader, { compress });
    await saveNpz(storages[1], sync, { compress });
    saveNpzSync(storages[2], sync, { compress });
    for (const storage of storages) {
      const loaded = loadNpzSync(storage);
      const found = Object.entries(loaded).map(([name, { data, shape }]) => [
        name,
        shape,
        Array.from(data as Int32Array, Number),
      ]);
      expect(found).toEqual(
        Object.entries(expected).map(([name, rows]) => [name, name === "x" ? [2, 2] : [rows.length], rows.flat()]),
      );
    }
    if (numpyVersion === undefined) return;
    const path = `${directory}/group.npz`;
    await saveNpz(path, reader, { compress });
    const numpy = `
import zipfile
a = np.load(data)
print(json.dumps([zipfile.ZipFile(data).testzip(), {name: a[name].tolist() for name in a.files}]))`;
    expect(python(numpy, path)).toEqual([null, expected]);
  });

  test("some arrays, and an empty group", async () => {
    using some = NpyGroupReader.openSync(interrupted(), { arrays: ["id"] });
    expect(Object.keys(loadNpzSync(archiveOf(some)))).toEqual(["id"]);
    const folder = new MemoryFolder();
    NpyAppendGroup.openSync(folder, { arrays }).close();
    using empty = NpyGroupReader.openSync(folder, { arrays });
    const shapes = Object.values(loadNpzSync(archiveOf(empty))).map(({ shape }) => shape);
    expect(shapes).toEqual([[0], [0], [1], [0, 2], [0], [1]]);
  });

  test("a closed reader is refused, and one that is closed meanwhile saves what it began", async () => {
    const directory = interrupted();
    const reader = await NpyGroupReader.open(directory);
    const storage = new MemoryStorage();
    const saving = saveNpz(storage, reader);
    const closing = reader.close();
    await Promise.allSettled([saving, closing]);
    const outcome = await saving.then(
      () => "saved",
      (error: NpyError) => error.code,
    );
    expect(["saved", "ERR_NPY_CLOSED"]).toContain(outcome);
    await expect(saveNpz(storage, reader)).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });
});
