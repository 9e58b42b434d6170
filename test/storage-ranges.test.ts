/** Arrays in Blobs and behind URLs, of which only what is needed is read. */
import { describe, expect, test } from "vitest";
import { inspect, load, MemoryStorage, NpyAppendArray, NpyReader, saveSync } from "../src/node.ts";
import { range, serve } from "./support/server.ts";

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
