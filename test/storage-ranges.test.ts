/** Arrays in Blobs, behind file handles and URLs, of which only what is needed is read; and in responses. */
import { openAsBlob, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type FileHandleLike,
  inspect,
  isAppendable,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  NpyReader,
  needsRecovery,
  saveSync,
} from "../src/node.ts";
import { range, serve } from "./support/server.ts";
import { temporaryPath } from "./support/temporary.ts";

const ROWS = 100_000;
const storage = new MemoryStorage();
saveSync(storage, { data: Float32Array.from({ length: 3 * ROWS }, (_, i) => i), shape: [ROWS, 3] });
const bytes = storage.bytes() as Uint8Array<ArrayBuffer>;

describe("a Blob", () => {
  test("is read by slices", async () => {
    const read: number[] = [];
    class Watched extends Blob {
      override slice(start: number, end: number): Blob {
        read.push(Math.min(end, this.size) - start);
        return super.slice(start, end);
      }
    }
    const reader = await NpyReader.open(new Watched([bytes]), { dtype: "float32" });
    expect(reader.shape).toEqual([ROWS, 3]);
    expect((await reader.read(-1)).data).toEqual(new Float32Array([3 * ROWS - 3, 3 * ROWS - 2, 3 * ROWS - 1]));
    expect(read.reduce((sum, n) => sum + n)).toBeLessThan(1000);
    let rows = 0;
    for await (const { shape } of reader.chunks({ rows: 30_000 })) rows += shape[0] as number;
    expect(rows).toBe(ROWS);
    await reader.close();
  });

  test("is read whole by load, and as a File has a name", async () => {
    expect((await load(new Blob([bytes]))).shape).toEqual([ROWS, 3]);
    expect(await inspect(new File([bytes], "points.npy"))).toMatchObject({ path: "points.npy", needsRecovery: false });
  });

  test("is neither written to nor read synchronously", async () => {
    const blob = new Blob([bytes]);
    expect(() => NpyReader.openSync(blob)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    expect(() => NpyAppendArray.openSync(blob)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    await expect(NpyAppendArray.open(blob)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(() => saveSync(blob, [1])).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
  });
});

/** The values of a small file, and its bytes. */
const VALUES = Float64Array.of(1, 2, 3);
const SMALL = bytesOf(VALUES);

function bytesOf(values: Float64Array): Uint8Array<ArrayBuffer> {
  const file = new MemoryStorage();
  saveSync(file, values);
  return file.bytes() as Uint8Array<ArrayBuffer>;
}

test("a Blob whose file changes says so", async () => {
  const path = temporaryPath();
  writeFileSync(path, bytes);
  const reader = await NpyReader.open(await openAsBlob(path));
  writeFileSync(path, SMALL);
  await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  await reader.close();
});

describe("a Response", () => {
  const streamed = (): Response => new Response(ReadableStream.from([bytes.subarray(0, 1), bytes.subarray(1)]));

  test.each([
    ["of bytes", () => new Response(bytes)],
    ["of a stream", streamed],
    ["that was fetched", async () => await fetch(await serve((_, response) => response.end(bytes)))],
    [
      "to a request for a range that is the whole file",
      () => new Response(bytes, { status: 206, headers: { "Content-Range": `bytes 0-${bytes.length - 1}/${bytes.length}` } }),
    ],
    [
      "of another library, whose body is no web stream",
      () => ({
        ok: true,
        status: 200,
        url: "",
        headers: new Headers(),
        bodyUsed: false,
        body: {},
        arrayBuffer: () => new Response(bytes).arrayBuffer(),
      }),
    ],
  ])("%s is read by every verb", async (_, respond) => {
    const response = async (): Promise<Response> => (await respond()) as Response;
    expect((await load(await response())).shape).toEqual([ROWS, 3]);
    expect(await inspect(await response())).toMatchObject({ shape: [ROWS, 3], needsRecovery: false });
    expect(await needsRecovery(await response())).toBe(false);
    expect(await isAppendable(await response())).toBe(true);
    const reader = await NpyReader.open(await response(), { dtype: "float32" });
    expect((await reader.read(-1)).data[2]).toBe(3 * ROWS - 1);
    expect((await reader.read(5, 6)).data).toEqual(new Float32Array([15, 16, 17]));
    await reader.refresh();
    expect(reader.length).toBe(ROWS);
    await reader.close();
  });

  test("without the file is the error of its server", async () => {
    const missing = new Response("Not found", { status: 404, statusText: "Not Found" });
    await expect(load(missing)).rejects.toMatchObject({ code: "ENOENT", message: expect.stringContaining('404 "Not Found"') });
    await expect(NpyReader.open(new Response(null, { status: 500 }))).rejects.toMatchObject({ code: "EIO" });
    const url = await serve((_, response) => response.writeHead(404).end());
    await expect(load(await fetch(url))).rejects.toMatchObject({ code: "ENOENT", path: url.href });
    await expect(load(new Response(null, { status: 204 }))).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
  });

  test("that was read, or is being read, says what to pass", async () => {
    const read = new Response(SMALL);
    await read.arrayBuffer();
    const locked = new Response(SMALL);
    locked.body?.getReader();
    const loaded = new Response(SMALL);
    await load(loaded);
    for (const response of [read, locked, loaded]) {
      for (const verb of [load, NpyReader.open, inspect]) {
        await expect(verb(response)).rejects.toMatchObject({
          code: "ERR_NPY_OPTION",
          message: expect.stringMatching(/was read already.*response\.arrayBuffer\(\)/),
        });
      }
    }
  });

  test("that is a part of a file, or hides its body, is refused", async () => {
    const part = (contentRange: string): Response =>
      new Response(SMALL, { status: 206, headers: { "Content-Range": contentRange } });
    for (const range of ["bytes 0-151/153", "bytes 1-151/152", "bytes 0-151/*"]) {
      await expect(load(part(range))).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining(range) });
    }
    const error = Response.error();
    await expect(load(error)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("error") });
    const opaque = Object.defineProperty(new Response(null), "type", { value: "opaque" });
    await expect(load(opaque)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("no-cors") });
  });

  test("is given up by a signal, or when it stalls", async () => {
    const stalling = (): Response =>
      new Response(new ReadableStream({ start: (controller) => controller.enqueue(bytes.subarray(0, 600)) }));
    for (const verb of [load, NpyReader.open, inspect]) {
      await expect(verb(stalling(), { timeout: 50 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
      const reason = new Error("enough");
      const abort = new AbortController();
      const reading = verb(stalling(), { signal: abort.signal }).catch((error) => error);
      setTimeout(() => abort.abort(reason), 10);
      expect(await reading).toBe(reason);
    }
  });

  test("whose stream does not give bytes is refused", async () => {
    for (const chunk of ["text", Float64Array.of(1), 5]) {
      const response = (): Response => new Response(ReadableStream.from([chunk]) as ReadableStream<never>);
      for (const verb of [load, NpyReader.open]) {
        await expect(verb(response())).rejects.toMatchObject({
          code: "ERR_NPY_OPTION",
          message: expect.stringContaining("stream of bytes"),
        });
      }
    }
  });

  test("whose stream fails has the error of the stream", async () => {
    const reason = new Error("broken");
    const failing = (): Response =>
      new Response(
        ReadableStream.from(
          (async function* () {
            yield bytes.subarray(0, 600);
            throw reason;
          })(),
        ),
      );
    for (const verb of [load, NpyReader.open]) expect(await verb(failing()).catch((error) => error)).toBe(reason);
  });

  test("is neither written to nor read synchronously", async () => {
    expect(() => loadSync(new Response(SMALL))).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    await expect(NpyAppendArray.open(new Response(SMALL))).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});

describe("a file handle", () => {
  /** A handle of a file that can be replaced, as a browser gives it. */
  function handleOf(file: Uint8Array<ArrayBuffer> | undefined): FileHandleLike & { file: typeof file; kind: string } {
    return {
      kind: "file",
      name: "points.npy",
      file,
      async getFile() {
        if (this.file === undefined) throw new DOMException("gone", "NotFoundError");
        return new File([this.file], "points.npy", { lastModified: this.file.length });
      },
    };
  }

  test("is read by every verb", async () => {
    const handle = handleOf(bytes);
    expect((await load(handle)).shape).toEqual([ROWS, 3]);
    expect(await inspect(handle)).toMatchObject({ path: "points.npy", shape: [ROWS, 3], needsRecovery: false });
    await using reader = await NpyReader.open(handle, { dtype: "float32" });
    expect((await reader.read(5, 6)).data).toEqual(new Float32Array([15, 16, 17]));
    expect(() => loadSync(handle)).toThrow(expect.objectContaining({ code: "ERR_NPY_OPTION" }));
    await expect(NpyAppendArray.open(handle)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", path: "points.npy" });
  });

  test("of a file that grows is followed by refresh", async () => {
    const handle = handleOf(SMALL);
    await using reader = await NpyReader.open(handle, { dtype: "float64" });
    handle.file = bytesOf(Float64Array.of(1, 2, 3, 4));
    await reader.refresh();
    expect((await reader.read()).data).toEqual(Float64Array.of(1, 2, 3, 4));
    handle.file = bytesOf(Float64Array.of(7, 2, 3, 4, 5));
    await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
  });

  test("of a file that is gone is ENOENT", async () => {
    await expect(load(handleOf(undefined))).rejects.toMatchObject({
      code: "ENOENT",
      message: expect.stringContaining("points.npy"),
    });
  });
});

test("a stream is none of them, and the error says what to pass", async () => {
  await expect(load(new Response(SMALL).body as never)).rejects.toThrow("pass new Response(stream)");
});

describe("a URL", () => {
  test("is read by ranges", async () => {
    let sent = 0;
    const url = await serve((request, response) => {
      sent += range(bytes, '"1"', request, response);
    });
    const reader = await NpyReader.open(url, { dtype: "float32" });
    expect((await reader.read(5, 6)).data).toEqual(new Float32Array([15, 16, 17]));
    expect((await reader.read(-1)).data[2]).toBe(3 * ROWS - 1);
    expect(sent).toBeLessThan(1000);
    await reader.close();
    expect((await load(url.href, { dtype: "float32" })).data).toHaveLength(3 * ROWS);
    expect(await inspect(url)).toMatchObject({ path: url.href, shape: [ROWS, 3] });
  });

  test("that changed is noticed", async () => {
    let etag = '"1"';
    const url = await serve((request, response) => {
      range(bytes, etag, request, response);
    });
    const reader = await NpyReader.open(url);
    etag = '"2"';
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url.href });
    await reader.close();
  });

  test("that grows is followed by refresh, as long as its first rows say so; another array is refused", async () => {
    const file = (...rows: number[]): Uint8Array => {
      const storage = new MemoryStorage();
      saveSync(storage, Float64Array.from(rows));
      return storage.bytes() as Uint8Array;
    };
    let [served, etag, requests] = [file(1, 2, 3), '"1"', 0];
    const url = await serve((request, response) => {
      requests++;
      range(served, etag, request, response);
    });
    const reader = await NpyReader.open(url, { dtype: "float64" });
    const first = requests;
    await reader.refresh();
    // Where nothing has changed, looking is one request.
    expect(requests).toBe(first + 1);
    [served, etag] = [file(1, 2, 3, 4), '"2"'];
    await reader.refresh();
    expect((await reader.read()).data).toEqual(Float64Array.of(1, 2, 3, 4));
    [served, etag] = [file(1, 2, 7, 4, 5), '"3"'];
    await expect(reader.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url.href });
    const before = Float64Array.from({ length: 1000 }, (_, i) => i);
    [served, etag] = [file(...before), '"4"'];
    const long = await NpyReader.open(url, { dtype: "float64" });
    [served, etag] = [file(...before, 1000), '"5"'];
    await long.refresh();
    requests = 0;
    await long.refresh();
    expect(requests).toBe(1);
    [served, etag] = [file(...before, 1001, 1002), '"6"'];
    await expect(long.refresh()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await reader.close();
    await long.close();
  });

  test("of a server that ignores ranges, lacks the file or fails, is an error", async () => {
    const whole = await serve((_, response) => response.end(bytes));
    for (const verb of [NpyReader.open, inspect]) {
      await expect(verb(whole)).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringMatching(/ignores range requests.*load\(url\)/),
      });
    }
    const missing = await serve((_, response) => response.writeHead(404).end());
    await expect(load(missing)).rejects.toMatchObject({ code: "ENOENT" });
    const failing = await serve((_, response) => response.writeHead(503).end());
    await expect(load(failing)).rejects.toMatchObject({ code: "EIO" });
    const empty = await serve((request, response) => {
      range(new Uint8Array(0), '"1"', request, response);
    });
    await expect(load(empty)).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
    const unbounded = await serve((_, response) =>
      response.writeHead(206, { "Content-Range": "bytes 0-511/*" }).end(bytes.subarray(0, 512)),
    );
    await expect(load(unbounded)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test("of another kind is refused", async () => {
    await expect(load(new URL("ftp://localhost/a.npy"))).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});
