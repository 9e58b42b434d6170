/** Bytes in streams: refused where each would become an element, and cut into rows where they are said to be the bytes of rows. */
import { createReadStream, writeFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrayInput,
  type DTypeLike,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  type OpenOptions,
  type RawChunk,
  save,
  saveSync,
} from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const FLOATS = Float32Array.from({ length: 30_000 }, (_, i) => i / 3);
const BYTES = new Uint8Array(FLOATS.buffer);
const code = (expected: string) => expect.objectContaining({ code: expected });

/** A file of floats as they lie in memory, and a stream of it in chunks of 64 KiB. */
function rawFile(): string {
  const path = temporaryPath("r.f32");
  writeFileSync(path, BYTES);
  return path;
}

describe("a Buffer into a wider dtype", () => {
  const buffer = Buffer.from(FLOATS.buffer, 0, 48);

  test.each<[string, OpenOptions, unknown]>([
    ["alone", { dtype: "float32", rowShape: [] }, buffer],
    ["alone, of rows", { dtype: "float32", rowShape: [3] }, buffer],
    ["of the pool", { dtype: "int16", rowShape: [] }, Buffer.from("abc")],
    ["in a list", { dtype: "float32", rowShape: [48] }, [buffer, buffer]],
    ["in a list after a Uint8Array", { dtype: "float32", rowShape: [48] }, [new Uint8Array(48), buffer]],
    ["as the data of a shape", { dtype: "float64", rowShape: [] }, { data: buffer, shape: [48] }],
    ["at strides", { dtype: "float64", rowShape: [] }, { data: buffer, shape: [24], strides: [2] }],
    ["in a file that is created", { dtype: "complex64" }, buffer],
    ["as datetimes", { dtype: "datetime64[s]", rowShape: [], casting: "unsafe" }, buffer],
    ["as text", { dtype: "S4", rowShape: [], casting: "unsafe" }, buffer],
    ["as float16", { dtype: "float16", rowShape: [] }, buffer],
    ["as a column", { dtype: [["a", "<f4"]], rowShape: [] }, { a: buffer }],
    ["as a column of lists", { dtype: [["a", "<f4", [4]]], rowShape: [] }, { a: buffer }],
  ])("%s is refused", async (_, options, input) => {
    const file = new MemoryStorage();
    const npaa = await NpyAppendArray.open(file, options);
    const before = file.bytes();
    await expect(npaa.append(input as ArrayInput)).rejects.toThrow(code("ERR_NPY_DTYPE"));
    await expect(npaa.append(input as ArrayInput)).rejects.toThrow(
      /Buffer is bytes.*\{ data, shape, dtype \}.*new Uint8Array\(buffer\).*raw: true/s,
    );
    expect(file.bytes()).toEqual(before);
    await npaa.close();
    const { dtype } = options as { dtype: DTypeLike };
    if (options.casting === undefined)
      expect(() => saveSync(new MemoryStorage(), input as ArrayInput, { dtype })).toThrow(code("ERR_NPY_DTYPE"));
  });

  test.each([{ a: buffer.subarray(0, 4) }, { a: [buffer.subarray(0, 2), buffer.subarray(0, 2)] }])(
    "in an object is refused",
    (record) => {
      const shape = Array.isArray(record.a) ? [2, 2] : [4];
      const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: [["a", "<f4", shape]], rowShape: [] });
      expect(() => npaa.append([record] as never)).toThrow(code("ERR_NPY_VALUE"));
      expect(npaa.length).toBe(0);
      npaa.close();
    },
  );

  test.each<[DTypeLike, unknown, unknown]>([
    ["uint8", buffer.subarray(0, 4), new Uint8Array(buffer.subarray(0, 4))],
    ["bool", Buffer.of(0, 1), Uint8Array.of(0, 1)],
    ["V2", Buffer.of(0, 1, 2, 3), Uint8Array.of(0, 1, 2, 3)],
    ["float32", { data: buffer, shape: [12], dtype: "<f4" }, FLOATS.subarray(0, 12)],
    ["float32", { data: Buffer.of(1, 2), shape: [2], dtype: "uint8" }, Float32Array.of(1, 2)],
    ["float32", Uint8Array.of(1, 2), Float32Array.of(1, 2)],
    ["float32", new Uint8Array(Buffer.of(1, 2)), Float32Array.of(1, 2)],
  ])("is taken into %s where it is clear what it is", (dtype, input, expected) => {
    const [file, saved] = [new MemoryStorage(), new MemoryStorage()];
    const npaa = NpyAppendArray.openSync(file, { dtype, rowShape: [] });
    npaa.append(input as ArrayInput);
    npaa.close();
    expect(loadSync(file).data).toEqual(expected);
    // What reading gives of these, save takes for something else.
    if (dtype === "V2" || dtype === "bool") return;
    saveSync(saved, expected as ArrayInput, { dtype });
    expect(file.bytes()).toEqual(saved.bytes());
  });
});

test("an empty Buffer is no rows of any dtype", async () => {
  const empty = Buffer.alloc(0);
  for (const [dtype, input] of [
    ["float32", empty],
    ["float32", { data: empty, shape: [0] }],
    [[["a", "<f4"]], { a: empty }],
  ] as [DTypeLike, ArrayInput][]) {
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype, rowShape: [] });
    await npaa.append(input);
    expect(npaa.length).toBe(0);
    await npaa.close();
  }
  const npaa = NpyAppendArray.openSync(new MemoryStorage(), { dtype: [["a", "<f4", [0]]], rowShape: [] });
  npaa.append([{ a: empty }] as never);
  expect(npaa.length).toBe(1);
  npaa.close();
});

test("a source that cannot be iterated is refused, with what to pass", async () => {
  const sync = NpyAppendArray.openSync(new MemoryStorage(), { dtype: "<f4", rowShape: [] });
  const file = await NpyAppendArray.open(new MemoryStorage(), { dtype: "<f4", rowShape: [] });
  for (const [source, hint] of [
    [new Response(BYTES), /Response.*body/],
    [new Blob([BYTES]), /Blob.*stream\(\)/],
    [BYTES.buffer, /ArrayBuffer.*list/],
    [5, /found 5/],
    ["text", /found "text"/],
    [null, /found null/],
    [undefined, /found undefined/],
    [{}, /found \{\}/],
  ] as [never, RegExp][]) {
    for (const options of [{}, { raw: true }] as { raw: true }[]) {
      await expect(file.appendFrom(source, options)).rejects.toThrow(code("ERR_NPY_OPTION"));
      await expect(file.appendFrom(source, options)).rejects.toThrow(hint);
      expect(() => sync.appendFrom(source, options)).toThrow(code("ERR_NPY_OPTION"));
      expect(() => sync.appendFrom(source, options)).toThrow(hint);
    }
  }
  expect(() => sync.appendFrom(Readable.from([]) as never)).toThrow(/open/);
  expect([file.length, sync.length]).toEqual([0, 0]);
  await file.close();
  sync.close();
});

describe("bytes in a stream", () => {
  test("are refused by writable() of a wider dtype, whatever holds them", async () => {
    for (const chunk of [BYTES, Buffer.from(BYTES), BYTES.buffer, new DataView(BYTES.buffer)]) {
      for (const options of [{ dtype: "float32", rowShape: [] }, { dtype: "float32" }] as const) {
        const npaa = await NpyAppendArray.open(new MemoryStorage(), options);
        const writing = ReadableStream.from([chunk as never]).pipeTo(npaa.writable());
        await expect(writing).rejects.toThrow(code("ERR_NPY_DTYPE"));
        expect(npaa.length).toBe(0);
        await npaa.append(FLOATS);
        await npaa.close();
      }
    }
  });

  test("are refused where they come from a file", async () => {
    const path = rawFile();
    const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float32", rowShape: [] });
    await expect(pipeline(createReadStream(path), Writable.fromWeb(npaa.writable() as never))).rejects.toThrow(/raw: true/);
    await expect(npaa.appendFrom(createReadStream(path))).rejects.toThrow(/raw: true/);
    await expect(npaa.appendFrom(ReadableStream.from([BYTES]))).rejects.toThrow(code("ERR_NPY_DTYPE"));
    await expect(npaa.appendFrom(new Response(BYTES).body as ReadableStream<Uint8Array>)).rejects.toThrow(code("ERR_NPY_DTYPE"));
    expect(npaa.length).toBe(0);
    // Not from whatever else is iterated: there a Uint8Array is an array of numbers.
    expect(await npaa.appendFrom([Uint8Array.of(1, 2)])).toBe(2);
    await npaa.close();
  });

  test("are refused where they end within a row: no row is cut at the border of a chunk", async () => {
    const path = temporaryPath("image.u8");
    writeFileSync(path, new Uint8Array(7 * 50_000).fill(1));
    const file = new MemoryStorage();
    const npaa = await NpyAppendArray.open(file, { dtype: "uint8", rowShape: [7] });
    const refused = {
      code: "ERR_NPY_SHAPE",
      message: expect.stringMatching(/chunk of 65536 ends within a row of 7: pass raw: true/),
    };
    await expect(pipeline(createReadStream(path), npaa.writable() as never)).rejects.toMatchObject(refused);
    await expect(npaa.appendFrom(createReadStream(path))).rejects.toMatchObject(refused);
    expect(npaa.length).toBe(0);
    await pipeline(createReadStream(path), npaa.writable({ raw: true }) as never);
    // Whole rows are an array as any other.
    await ReadableStream.from([new Uint8Array(14), Uint8Array.of(1, 2, 3, 4, 5, 6, 7)]).pipeTo(npaa.writable());
    expect(npaa.shape).toEqual([50_003, 7]);
    await npaa.close();
  });

  test("are refused where nothing says what they are, if they are Buffers", async () => {
    const path = rawFile();
    const npaa = await NpyAppendArray.open(new MemoryStorage());
    const refused = { code: "ERR_NPY_DTYPE", message: expect.stringMatching(/dtype and rowShape.*raw: true/) };
    await expect(pipeline(createReadStream(path), npaa.writable() as never)).rejects.toMatchObject(refused);
    await expect(npaa.appendFrom(createReadStream(path))).rejects.toMatchObject(refused);
    expect(npaa.shape).toBeUndefined();
    await ReadableStream.from([Uint8Array.of(1, 2)]).pipeTo(npaa.writable());
    expect(npaa.shape).toEqual([2]);
    await npaa.close();
  });

  test("as text are refused, too", async () => {
    for (const options of [{}, { dtype: "float64", rowShape: [] }, { dtype: "U3", rowShape: [] }] as const) {
      const npaa = await NpyAppendArray.open(new MemoryStorage(), options);
      const source = (): Readable => Readable.from(["1 2", "3"]);
      await expect(pipeline(source(), npaa.writable() as never)).rejects.toMatchObject({
        code: "ERR_NPY_SHAPE",
        message: expect.stringMatching(/gives text.*raw: true/),
      });
      await expect(npaa.appendFrom(source())).rejects.toMatchObject({ code: "ERR_NPY_SHAPE" });
      await npaa.close();
    }
  });

  test("are elements where these are bytes", async () => {
    const file = new MemoryStorage();
    const npaa = await NpyAppendArray.open(file, { dtype: "uint8", rowShape: [] });
    await ReadableStream.from([Uint8Array.of(1), Buffer.of(2)]).pipeTo(npaa.writable());
    await npaa.appendFrom(Readable.from([Buffer.of(3)]));
    await npaa.close();
    expect(loadSync(file).data).toEqual(Uint8Array.of(1, 2, 3));
  });
});

/** Bytes in chunks of these lengths, over and over. */
function chunksOf(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length] as number;
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

type Form = (file: MemoryStorage, options: OpenOptions, chunks: readonly RawChunk[]) => Promise<number>;

const RAW_FORMS: [string, Form][] = [
  [
    "writable",
    async (file, options, chunks) => {
      await using npaa = await NpyAppendArray.open(file, options);
      const before = npaa.length;
      await ReadableStream.from(chunks).pipeTo(npaa.writable({ raw: true }));
      return npaa.length - before;
    },
  ],
  [
    "appendFrom",
    async (file, options, chunks) => {
      await using npaa = await NpyAppendArray.open(file, options);
      return await npaa.appendFrom(ReadableStream.from(chunks), { raw: true });
    },
  ],
  [
    "appendFrom of the synchronous class",
    async (file, options, chunks) => {
      using npaa = NpyAppendArray.openSync(file, options);
      return npaa.appendFrom(chunks, { raw: true });
    },
  ],
];

describe.each(RAW_FORMS)("raw: true, %s", (_, form) => {
  test.each<[DTypeLike, readonly number[], boolean]>([
    ["<f4", [], false],
    [">f8", [3], false],
    ["<f8", [2, 3], true],
    ["<c16", [], false],
    ["<f2", [5], false],
    ["<U3", [], false],
    ["<M8[s]", [], false],
    ["|u1", [7], false],
    ["V5", [], false],
    [
      [
        ["a", "<f4"],
        ["b", ">i2", [3]],
      ],
      [2],
      false,
    ],
  ])("rows of %j are the same wherever chunks break", async (dtype, rowShape, fortranOrder) => {
    const options = { dtype, rowShape, fortranOrder };
    const npaa = NpyAppendArray.openSync(new MemoryStorage(), options);
    const rowBytes = (npaa.dtype?.itemsize ?? 0) * rowShape.reduce((product, size) => product * size, 1);
    npaa.close();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 3 * rowBytes + 1 }), { minLength: 1, maxLength: 5 }),
        async (rows, lengths) => {
          fc.pre(lengths.some((length) => length > 0));
          const bytes = Uint8Array.from({ length: rows * rowBytes }, (_, i) => (i * 37) % 97);
          const file = new MemoryStorage();
          expect(await form(file, options, chunksOf(bytes, lengths))).toBe(rows);
          const data = (file.bytes() as Uint8Array).subarray(-rows * rowBytes || Number.POSITIVE_INFINITY);
          expect(data).toEqual(bytes);
          const { shape } = loadSync(file);
          expect(shape).toEqual(fortranOrder ? [...rowShape, rows] : [rows, ...rowShape]);
        },
      ),
      { numRuns: 12 },
    );
  });

  test("chunks may be held in any way", async () => {
    const shared = new SharedArrayBuffer(8);
    new Uint8Array(shared).set(BYTES.subarray(24, 32));
    const chunks = [
      BYTES.slice(0, 3),
      new DataView(BYTES.buffer, 3, 5),
      BYTES.slice(8, 16).buffer,
      new Uint16Array(BYTES.buffer, 16, 4),
      shared,
      Buffer.from(BYTES.buffer, 32, 7),
      new Uint8Array(0),
      new BigInt64Array(0),
      Buffer.from(BYTES.buffer, 39, 1),
    ];
    const file = new MemoryStorage();
    expect(await form(file, { dtype: "<f4", rowShape: [2] }, chunks)).toBe(5);
    expect(loadSync(file).data).toEqual(FLOATS.subarray(0, 10));
  });

  test("to a file that exists, of rows longer than what is copied at once", async () => {
    const file = new MemoryStorage();
    await save(file, { data: FLOATS, shape: [1, 30_000] });
    const twice = new Uint8Array(2 * BYTES.length);
    twice.set(BYTES);
    twice.set(BYTES, BYTES.length);
    expect(await form(file, {}, chunksOf(twice, [70_000, 1, 999]))).toBe(2);
    const { data, shape } = loadSync(file);
    expect(shape).toEqual([3, 30_000]);
    for (let row = 0; row < 3; row++) expect((data as Float32Array).subarray(row * 30_000, (row + 1) * 30_000)).toEqual(FLOATS);
  });

  test("an incomplete last row is an error, and the whole ones before it stay, and are counted", async () => {
    for (const rewriteHeaderOnAppend of [true, false]) {
      const file = new MemoryStorage();
      const options = { dtype: "<f4", rowShape: [2], rewriteHeaderOnAppend } as const;
      await expect(form(file, options, chunksOf(BYTES.subarray(0, 45), [7]))).rejects.toMatchObject({
        code: "ERR_NPY_SHAPE",
        message: expect.stringMatching(/5 of its 8/),
      });
      expect(loadSync(file)).toMatchObject({ shape: [5, 2], data: FLOATS.subarray(0, 10) });
    }
  });

  test("what is not bytes is refused", async () => {
    for (const chunk of ["text", 5, null, [1, 2], { data: BYTES, shape: [3] }]) {
      const file = new MemoryStorage();
      const chunks = [BYTES.subarray(0, 8), chunk] as RawChunk[];
      await expect(form(file, { dtype: "<f4", rowShape: [] }, chunks)).rejects.toThrow(code("ERR_NPY_VALUE"));
      expect(loadSync(file).data).toEqual(FLOATS.subarray(0, 2));
    }
  });

  test("memory that is gone is refused", async () => {
    for (const wrap of [
      (buffer: ArrayBuffer) => buffer,
      (buffer: ArrayBuffer) => new DataView(buffer),
      (buffer: ArrayBuffer) => new Uint8Array(buffer),
    ]) {
      const buffer = new ArrayBuffer(8);
      const chunk = wrap(buffer);
      structuredClone(buffer, { transfer: [buffer] });
      await expect(form(new MemoryStorage(), { dtype: "<f4", rowShape: [] }, [chunk])).rejects.toThrow(code("ERR_NPY_VALUE"));
    }
  });

  test("rows without bytes", async () => {
    const options = { dtype: "<f4", rowShape: [0] } as const;
    expect(await form(new MemoryStorage(), options, [new Uint8Array(0)])).toBe(0);
    await expect(form(new MemoryStorage(), options, [new Uint8Array(1)])).rejects.toThrow(code("ERR_NPY_SHAPE"));
  });

  test("what rows are must be known", async () => {
    for (const options of [{}, { dtype: "<f4" }]) {
      await expect(form(new MemoryStorage(), options, [BYTES])).rejects.toThrow(/dtype and rowShape/);
      await expect(form(new MemoryStorage(), options, [BYTES])).rejects.toThrow(code("ERR_NPY_OPTION"));
    }
  });
});

test("a file and a response, piped: raw", async () => {
  const path = rawFile();
  const file = new MemoryStorage();
  const npaa = await NpyAppendArray.open(file, { dtype: "<f4", rowShape: [3] });
  await pipeline(createReadStream(path, { highWaterMark: 1001 }), Writable.fromWeb(npaa.writable({ raw: true })));
  await (new Response(BYTES).body as ReadableStream<Uint8Array>).pipeTo(npaa.writable({ raw: true }));
  expect(await npaa.appendFrom(createReadStream(path), { raw: true })).toBe(10_000);
  // Streams side by side: each has a row of its own that is not complete.
  await Promise.all([
    npaa.appendFrom(chunksOf(BYTES, [13]), { raw: true }),
    ReadableStream.from(chunksOf(BYTES, [17])).pipeTo(npaa.writable({ raw: true })),
  ]);
  await npaa.close();
  const { data, shape } = await load(file);
  expect(shape).toEqual([50_000, 3]);
  for (let i = 0; i < 3; i++) expect((data as Float32Array).subarray(i * 30_000, (i + 1) * 30_000)).toEqual(FLOATS);
  expect((data as Float32Array).subarray(90_000).toSorted()).toEqual(Float32Array.from([...FLOATS, ...FLOATS]).toSorted());
});

test("an aborted stream leaves whole rows", async () => {
  const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "<f4", rowShape: [] });
  const controller = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    for (let i = 0; ; i++) {
      yield BYTES.subarray(0, 5);
      if (i === 10) controller.abort(new Error("enough"));
    }
  }
  await expect(npaa.appendFrom(endless(), { raw: true, signal: controller.signal })).rejects.toThrow("enough");
  expect(npaa.length).toBe(Math.floor((11 * 5) / 4));
  const writer = npaa.writable({ raw: true }).getWriter();
  await writer.write(BYTES.subarray(0, 6));
  await writer.abort(new Error("stop"));
  expect(npaa.length).toBe(Math.floor((11 * 5) / 4) + 1);
  await npaa.append([1]);
  await npaa.close();
});

test("raw is true or false, and not for readers", async () => {
  const npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "<f4", rowShape: [] });
  expect(() => npaa.writable({ raw: "yes" as never })).toThrow(code("ERR_NPY_OPTION"));
  await expect(npaa.appendFrom([], { raw: 1 as never })).rejects.toThrow(code("ERR_NPY_OPTION"));
  await npaa.close();
  expect(() => npaa.writable({ raw: true })).toThrow(code("ERR_NPY_CLOSED"));
});

test("the body of a response is a stream of bytes", async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
  await using npaa = await NpyAppendArray.open(new MemoryStorage(), { dtype: "float32", rowShape: [2] });
  const { body } = new Response(bytes);
  expect(await npaa.appendFrom(body as NonNullable<typeof body>, { raw: true })).toBe(2);
  const whole = new Response(bytes).body as NonNullable<typeof body>;
  await expect(npaa.appendFrom(whole as never)).rejects.toMatchObject({
    code: "ERR_NPY_DTYPE",
    message: expect.stringContaining("raw: true"),
  });
});
