/**
 * Headers that are mapped into memory: the same files at every moment, by half the calls. Without a lock only the header is mapped.
 */
import { once } from "node:events";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { dtype, formatHeader, MemoryStorage, type NpyAppendArray, type OpenOptions, parseHeader, saveSync } from "../src/node.ts";
import { MappedHeader } from "../src/plan/grow/mapped-header.ts";
import { NodeStorage } from "../src/storage/node-storage.ts";
import type { OpenMode, StorageFile } from "../src/storage/storage.ts";
import { rushClock, stopClock } from "./support/clock.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const canMap = process.platform === "linux";

function headerOf(rows: number, rowShape: readonly number[] = [], fortranOrder = false): Uint8Array {
  const shape = fortranOrder ? [...rowShape, rows] : [rows, ...rowShape];
  return formatHeader({ dtype: dtype("<f8"), fortranOrder, shape });
}

/** How many parts of a file this process has mapped. */
function mappingsOf(path: string): number {
  return readFileSync("/proc/self/maps", "utf8").split(path).length - 1;
}

/** A file of which nothing is there but its header, in memory. */
function mapped(header: Uint8Array): { readonly bytes: Uint8Array; readonly header: MappedHeader | undefined } {
  const bytes = header.slice();
  return { bytes, header: MappedHeader.of({ mapStart: () => bytes } as unknown as StorageFile, header.length) };
}

describe("a header in memory", () => {
  test("a word that differs is stored, two are not", () => {
    // The digits begin at byte 61: from the fourth on they are in the next word.
    expect(headerOf(7)[61]).toBe("7".charCodeAt(0));
    for (const [from, to, isStored] of [
      [5, 5, true],
      [5, 6, true],
      [8, 9, true],
      [9, 10, false],
      [999, 1000, false],
      [1234, 1239, true],
      [1239, 1240, false],
      [1238, 9999, false],
      [12_345, 12_399, true],
      [12_399, 12_400, false],
      [123_499, 123_500, true],
      [123_999, 124_000, false],
    ] as const) {
      const { bytes, header } = mapped(headerOf(from));
      expect(header?.store(headerOf(to)), `${from} -> ${to}`).toBe(isStored);
      expect(bytes).toEqual(headerOf(isStored ? to : from));
    }
  });

  test("none of another length than that of whole words, nor where there is no such memory", () => {
    const file = (mapStart?: () => Uint8Array<ArrayBuffer>) => ({ mapStart }) as unknown as StorageFile;
    const refuse = (): never => {
      throw Object.assign(new Error("ENODEV"), { code: "ENODEV" });
    };
    expect(
      MappedHeader.of(
        file(() => new Uint8Array(126)),
        126,
      ),
    ).toBeUndefined();
    expect(MappedHeader.of(file(), 128)).toBeUndefined();
    expect(
      MappedHeader.of(
        file(() => new Uint8Array(2048)),
        2048,
      ),
    ).toBeUndefined();
    expect(MappedHeader.of(file(refuse), 128)).toBeUndefined();
  });
});

/** Counts the headers that are written, rather than stored. */
class Counting extends NodeStorage {
  headers = 0;
  override createTemporarySync(): StorageFile {
    return this.#counted(super.createTemporarySync());
  }
  override createSync(): StorageFile {
    return this.#counted(super.createSync());
  }
  override openSync(mode: OpenMode): StorageFile {
    return this.#counted(super.openSync(mode));
  }
  #counted(file: StorageFile): StorageFile {
    const { writeSync } = Object.getPrototypeOf(file) as StorageFile;
    return Object.assign(file, {
      writeSync: (bytes: Uint8Array, position: number): void => {
        if (position === 0) this.headers++;
        writeSync.call(file, bytes, position);
      },
    });
  }
}

describe.skipIf(!canMap).each(FILE_FORMS)("%s", (form, { open }) => {
  test.each([
    [{ rowShape: [] }],
    [{ rowShape: [3] }],
    [{ rowShape: [2, 2], fortranOrder: true }],
    [{ rowShape: [], rewriteHeaderOnAppend: false }],
    [{ rowShape: [], durability: "data" }],
  ] satisfies [OpenOptions][])("the file is the same at every moment: %j", async (options) => {
    const { rowShape, fortranOrder = false, rewriteHeaderOnAppend = true } = options as OpenOptions & { rowShape: number[] };
    const path = temporaryPath();
    const npaa = await open(path, { dtype: "<f8", mmap: true, lock: false, ...options });
    const width = rowShape.reduce((all, n) => all * n, 1);
    const data: number[] = [];
    for (let i = 0; i < 1050; i++) {
      // Now and then more than one, so that other digits change.
      const values = Float64Array.from({ length: width * (i % 97 === 0 ? 30 : 1) }, (_, at) => data.length + at);
      await npaa.append(values);
      data.push(...values);
      if (i % 10 > 1 && i < 1000) continue;
      const rows = rewriteHeaderOnAppend ? data.length / width : 0;
      const expected = Buffer.concat([headerOf(rows, rowShape, fortranOrder), new Uint8Array(Float64Array.from(data).buffer)]);
      expect(readFileSync(path).equals(expected)).toBe(true);
    }
    await npaa.close();
    expect(readFileSync(path).subarray(0, 128)).toEqual(Buffer.from(headerOf(data.length / width, rowShape, fortranOrder)));
  });

  test("rows in a file that was there, or took another one's place, are counted without a call of the system", async () => {
    stopClock();
    // Headers are not mapped on every file system: on tmpfs they are.
    const directory = temporaryDirectory(existsSync("/dev/shm") ? "/dev/shm" : undefined);
    const path = join(directory, "array.npy");
    saveSync(path, new Float64Array(200_000));
    const descriptors = openDescriptors();
    for (const [file, options] of [
      [path, {}],
      [path, { deleteIfExists: true }],
      [join(directory, "new.npy"), { dtype: "<f8", rowShape: [] }],
      [join(directory, "swapped.npy"), { dtype: ">f8", rowShape: [] }], // by a plan
    ] satisfies [string, OpenOptions][]) {
      const storage = new Counting(file);
      const npaa = await open(storage, { mmap: true, lock: false, ...options });
      await npaa.append(new Float64Array(200_000 - npaa.length)); // after the check that is always due
      const before = storage.headers;
      for (let i = 1; i <= 1000; i++) await npaa.append(Float64Array.of(i));
      // That of 201,000, whose digits are in two words.
      expect(storage.headers - before).toBe(1);
      expect(parseHeader(readFileSync(file)).shape).toEqual([201_000]);
      expect(mappingsOf(file)).toBe(1);
      await npaa.close();
      expect(mappingsOf(file)).toBe(0);
    }
    expect(openDescriptors()).toEqual(descriptors);
  });

  test("the lock of a worker that was ended is free", async () => {
    const path = temporaryPath();
    const code = `
      import { parentPort } from "node:worker_threads";
      const { NpyAppendArray } = await import(${JSON.stringify(PACKAGE)});
      const npaa = NpyAppendArray.openSync(${JSON.stringify(path)}, { dtype: "<f8", rowShape: [], mmap: true });
      npaa.append(Float64Array.of(1));
      parentPort.postMessage("appended");
      setInterval(() => {}, 1000);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    await once(worker, "message");
    await worker.terminate();
    const npaa = await open(path);
    await npaa.append(Float64Array.of(2));
    expect(npaa.length).toBe(2);
    await npaa.close();
  });

  test("what another program writes is noticed", async () => {
    const path = temporaryPath();
    const npaa = await open(path, { dtype: "<f8", rowShape: [], mmap: true, lock: false });
    await npaa.append(Float64Array.of(1));
    rushClock();
    const bytes = readFileSync(path);
    bytes.set(headerOf(7));
    writeFileSync(path, bytes, { flag: "r+" });
    await expect(attempt(() => npaa.append(Float64Array.of(2)))).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await expect(attempt(() => npaa.close())).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(readFileSync(path)).toEqual(bytes);
  });

  test("a file that was cut to nothing between two appends does not end the process", async () => {
    stopClock();
    const path = temporaryPath();
    const npaa = await open(path, { dtype: "<f8", rowShape: [], mmap: true });
    for (const value of [1, 2]) await npaa.append(Float64Array.of(value));
    truncateSync(path, 0);
    await npaa.append(Float64Array.of(3));
    expect(readFileSync(path).subarray(0, 128)).toEqual(Buffer.from(headerOf(3)));
    rushClock();
    await attempt(() => npaa.close()).catch(() => undefined);
  });

  test(`with all appends ${form === "sync" ? "" : "of one turn "}in a file that is shared later`, async () => {
    const path = temporaryPath();
    const npaa = await open(path, { dtype: "<f8", rowShape: [], mmap: true });
    await Promise.all([1, 2, 3].map((value) => npaa.append(Float64Array.of(value))));
    if ("share" in npaa) (npaa as NpyAppendArray).share();
    for (const value of [4, 5]) await npaa.append(Float64Array.of(value));
    await npaa.close();
    const expected = new MemoryStorage();
    saveSync(expected, Float64Array.of(1, 2, 3, 4, 5));
    expect(readFileSync(path)).toEqual(Buffer.from(expected.bytes() as Uint8Array));
  });
});

test.each(FILE_FORMS)("%s: where nothing can be mapped, mmap is refused", async (_form, { open }) => {
  const storage = new MemoryStorage();
  await expect(attempt(() => open(storage, { mmap: true, dtype: "<f8", rowShape: [] }))).rejects.toMatchObject({
    code: "ERR_NPY_OPTION",
    message: expect.stringMatching(/mmap: true, but only files of the file system .* leave mmap out/),
  });
  expect(storage.bytes()).toBeUndefined();
});
