/** Arrays in and out as streams and iterables. */
import { Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { load, loadSync, MemoryStorage, NpyAppendArray, NpyReader, saveSync } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

/** `count` inputs of two rows each, numbered from 0. */
async function* numbered(count: number): AsyncGenerator<Float64Array, void, void> {
  for (let i = 0; i < count; i++) yield new Float64Array([2 * i, 2 * i + 1]);
}

function numbers(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => i);
}

describe("writable", () => {
  test("takes what is piped to it, with one header at the end if none is written on append", async () => {
    for (const rewriteHeaderOnAppend of [true, false]) {
      const path = temporaryPath();
      const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [], rewriteHeaderOnAppend });
      await ReadableStream.from(numbered(100)).pipeTo(npaa.writable());
      expect(loadSync(path).data).toEqual(numbers(200));
      await npaa.close();
    }
  });

  test("is taken by stream.pipeline as it is", async () => {
    const rows = Array.from({ length: 100 }, (_, i) => new Float64Array([2 * i, 2 * i + 1]));
    for (const source of [Readable.from(numbered(100)), numbered(100), rows, ReadableStream.from(numbered(100))]) {
      const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float64", rowShape: [] });
      await pipeline(source as Readable, npaa.writable() as never);
      expect(npaa.length).toBe(200);
      await npaa.close();
    }
    const records = new MemoryStorage();
    const npaa = await NpyAppendArray.open(records, { dtype: [["t", "<i4"]] as const, rowShape: [] });
    await pipeline(Readable.from([[{ t: 1 }, { t: 2 }], { t: Int32Array.of(3) }]), npaa.writable() as never);
    await npaa.close();
    expect((await load(records)).shape).toEqual([3]);
  });

  test("in a pipeline fails with the error of the append, or of the source, and leaves the rows before it", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float64", rowShape: [] });
    await expect(pipeline(Readable.from([[1], ["x"], [2]]), npaa.writable() as never)).rejects.toMatchObject({
      code: "ERR_NPY_VALUE",
    });
    expect(npaa.length).toBe(1);
    async function* failing(): AsyncGenerator<number[], void, void> {
      yield [2];
      throw new Error("source");
    }
    await expect(pipeline(Readable.from(failing()), npaa.writable() as never)).rejects.toThrow("source");
    expect(npaa.length).toBe(2);
    await npaa.close();
  });

  test("given to pipe() says what to use, which works", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    expect(() => Readable.from(numbered(100)).pipe(npaa.writable() as never)).toThrow(
      expect.objectContaining({
        code: "ERR_NPY_OPTION",
        message: expect.stringMatching(/pipeline\(source, npaa\.writable\(\)\).*Writable\.fromWeb/),
      }),
    );
    const piped = Readable.from(numbered(100)).pipe(Writable.fromWeb(npaa.writable() as never, { objectMode: true }));
    await finished(piped);
    expect(npaa.length).toBe(200);
    expect(Object.keys(npaa.writable())).toEqual([]);
    await npaa.close();
  });

  test("is fit for stream.pipeline as a stream of Node, too", async () => {
    const path = temporaryPath();
    const npaa = await NpyAppendArray.open(path);
    await pipeline(Readable.from(numbered(100)), Writable.fromWeb(npaa.writable() as never, { objectMode: true }));
    await npaa.close();
    expect((await load(path)).data).toEqual(numbers(200));
  });

  test("holds its producer back", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float64", rowShape: [] });
    const writer = npaa.writable({ highWaterMark: 3 }).getWriter();
    expect(writer.desiredSize).toBe(3);
    for (let i = 0; i < 3; i++) void writer.write(new Float64Array(1));
    expect(writer.desiredSize).toBe(0);
    await writer.ready;
    expect(writer.desiredSize).toBeGreaterThan(0);
    await writer.close();
    expect(npaa.length).toBe(3);
    await npaa.close();
  });

  test("fails with the error of the append, and leaves the rows before it", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float64", rowShape: [] });
    const source = ReadableStream.from([new Float64Array(2), ["no number"], new Float64Array(2)] as never[]);
    await expect(source.pipeTo(npaa.writable())).rejects.toMatchObject({ code: "ERR_NPY_VALUE" });
    expect(npaa.length).toBe(2);
    await npaa.append(new Float64Array(1));
    expect(npaa.length).toBe(3);
    await npaa.close();
  });

  test("aborted, it leaves whole rows, and the file open", async () => {
    const path = temporaryPath();
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [2] });
    const abort = new AbortController();
    const endless = ReadableStream.from(
      (async function* () {
        for (let i = 0; ; i++) {
          if (i === 50) abort.abort(new Error("enough"));
          yield new Float64Array([i, i]);
          await wait(0);
        }
      })(),
    );
    await expect(endless.pipeTo(npaa.writable(), { signal: abort.signal })).rejects.toThrow("enough");
    const { length } = npaa;
    expect(length).toBeGreaterThan(0);
    await npaa.close();
    const { data, shape } = await load(path, { dtype: "float64" });
    expect(shape).toEqual([length, 2]);
    expect(data).toEqual(Float64Array.from({ length: 2 * length }, (_, i) => i >> 1));
  });

  test("several fan in, and no row is lost", async () => {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage, { dtype: "int32", rowShape: [2] });
    const producer = (id: number): ReadableStream<Int32Array> =>
      ReadableStream.from(Array.from({ length: 100 }, (_, i) => new Int32Array([id, i])));
    await Promise.all([0, 1, 2].map((id) => producer(id).pipeTo(npaa.writable())));
    await npaa.close();
    const { data } = await load(storage, { dtype: "int32" });
    for (const id of [0, 1, 2]) {
      const own = [...data].filter((_, at) => at % 2 === 1 && data[at - 1] === id);
      expect(own).toEqual(Array.from({ length: 100 }, (_, i) => i));
    }
  });

  test("bad options and closed arrays are refused", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    for (const highWaterMark of [0, -1, 1.5, Number.NaN]) {
      expect(() => npaa.writable({ highWaterMark })).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    }
    await npaa.close();
    expect(() => npaa.writable()).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
    await expect(npaa.appendFrom([])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });
});

describe("appendFrom", () => {
  test("appends all and counts the rows", async () => {
    const storage = new MemoryStorage();
    const npaa = await NpyAppendArray.open(storage);
    expect(await npaa.appendFrom(numbered(10))).toBe(20);
    expect(await npaa.appendFrom([new Float64Array([20]), [21]])).toBe(2);
    expect(await npaa.appendFrom(ReadableStream.from([[22]]))).toBe(1);
    expect(await npaa.appendFrom([])).toBe(0);
    await npaa.close();
    expect((await load(storage)).data).toEqual(numbers(23));
  });

  test("stops when it is told to, also while its source hangs, and tells the source", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    let isTold = false;
    const hanging = {
      [Symbol.asyncIterator]: () => ({
        count: 0,
        next() {
          return this.count++ < 3
            ? Promise.resolve({ done: false as const, value: [this.count] })
            : new Promise<never>(() => undefined);
        },
        return: () => {
          isTold = true;
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    };
    const abort = new AbortController();
    const appending = npaa.appendFrom(hanging, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error("stop")), 20);
    await expect(appending).rejects.toThrow("stop");
    expect(isTold).toBe(true);
    expect(npaa.length).toBe(3);
    await expect(npaa.appendFrom([[1]], { signal: abort.signal })).rejects.toThrow("stop");
    expect(npaa.length).toBe(3);
    await npaa.close();
  });

  test("fails with the source, or with the append", async () => {
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    await expect(
      npaa.appendFrom(
        (function* () {
          yield [1];
          throw new Error("source");
        })(),
      ),
    ).rejects.toThrow("source");
    await expect(npaa.appendFrom([[2], ["x"], [3]] as never)).rejects.toMatchObject({ code: "ERR_NPY_VALUE" });
    await npaa.close();
    expect(npaa.length).toBe(2);
  });
});

test("readable gives chunks when they are asked for", async () => {
  const storage = new MemoryStorage();
  saveSync(storage, numbers(10));
  const reader = await NpyReader.open(storage, { dtype: "float64" });
  const shapes: number[][] = [];
  for await (const { shape } of reader.readable({ rows: 4 })) shapes.push(shape);
  expect(shapes).toEqual([[4], [4], [2]]);
  const copy = new MemoryStorage();
  const npaa = await NpyAppendArray.open(copy);
  await reader.readable({ rows: 3 }).pipeTo(npaa.writable());
  await npaa.close();
  expect(copy.bytes()).toEqual(storage.bytes());
  const cancelled = reader.readable({ rows: 1 });
  await cancelled.cancel();
  await reader.close();
  await expect(reader.readable().getReader().read()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
});
