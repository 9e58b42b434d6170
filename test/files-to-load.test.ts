/** What is loaded whole: how often a server is asked, and servers that know no ranges. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { inspect, load, MemoryStorage, NpyReader, RecordArray, saveSync } from "../src/node.ts";
import { numpyVersion, pythonCommand } from "./support/numpy.ts";
import { type Answer, range, serve, wanted } from "./support/server.ts";
import { temporaryPath } from "./support/temporary.ts";

function fileOf(length: number): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  saveSync(storage, numbers(length));
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

function numbers(length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length }, (_, i) => i);
}

/** A server with ranges, and the ranges that it was asked for. */
async function counted(file: Uint8Array): Promise<{ url: URL; ranges: [number, number][] }> {
  const ranges: [number, number][] = [];
  const url = await serve((request, response) => {
    ranges.push(wanted(request));
    range(file, '"1"', request, response);
  });
  return { url, ranges };
}

/** Whether two arrays have the same bytes, which are compared faster than their elements. */
function isSame(data: unknown, expected: unknown): boolean {
  const [own, other] = [data, expected].map((array) => {
    const { buffer, byteOffset, byteLength } = (array instanceof RecordArray ? array.bytes : array) as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  }) as [Buffer, Buffer];
  return own.equals(other);
}

const SMALL = fileOf(1000);
const LARGE = fileOf(300_000);
const MIB = 2 ** 20;

/** A file whose header is longer than the first range of a reader. */
function withLongHeader(): { file: Uint8Array<ArrayBuffer>; headerLength: number } {
  const storage = new MemoryStorage();
  saveSync(
    storage,
    Array.from({ length: 9 }, (_, row) => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`field${i}`, row * i]))),
    { dtype: Array.from({ length: 200 }, (_, i) => [`field${i}`, "<f8"] as const) },
  );
  const file = storage.bytes() as Uint8Array<ArrayBuffer>;
  return { file, headerLength: file.length - 9 * 200 * 8 };
}

describe("known bytes are asked for once", () => {
  test("load of a small file is one request, and of a large one two", async () => {
    const small = await counted(SMALL);
    expect((await load(small.url)).data).toEqual(numbers(1000));
    expect(small.ranges).toEqual([[0, MIB]]);
    const large = await counted(LARGE);
    expect(isSame((await load(large.url)).data, numbers(300_000))).toBe(true);
    expect(large.ranges).toEqual([
      [0, MIB],
      [MIB, LARGE.length],
    ]);
  });

  test("a reader does not ask again for what it got when it was opened", async () => {
    const { url, ranges } = await counted(SMALL);
    const reader = await NpyReader.open(url, { dtype: "float64" });
    expect((await reader.read()).data).toEqual(numbers(1000));
    expect((await reader.read(0, 48)).data).toEqual(numbers(48));
    const out = new Float64Array(60);
    expect((await reader.read(0, 60, { out })).data).toEqual(numbers(60));
    expect(ranges).toEqual([
      [0, 512],
      [512, SMALL.length],
      [512, 128 + 60 * 8],
    ]);
    await reader.close();
  });

  test("nor for a long header", async () => {
    const { file, headerLength } = withLongHeader();
    expect(headerLength).toBeGreaterThan(4000);
    const { url, ranges } = await counted(file);
    const reader = await NpyReader.open(url);
    expect(((await reader.read(0, 1)).data as unknown as { at(i: number): object }).at(0)).toMatchObject({ field7: 0 });
    expect(ranges).toEqual([
      [0, 512],
      [512, headerLength],
      [headerLength, headerLength + 1600],
    ]);
    await reader.close();
    const loaded = await counted(file);
    expect((await load(loaded.url)).shape).toEqual([9]);
    expect(loaded.ranges).toEqual([[0, MIB]]);
  });

  test("a file that changes between the two requests of load is an error", async () => {
    let etag = 0;
    const url = await serve((request, response) => void range(LARGE, `"${etag++}"`, request, response));
    await expect(load(url)).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url.href });
  });
});

describe("a server that knows no ranges", () => {
  /** Sends the whole file, and counts how often. */
  async function whole(send: Answer): Promise<{ url: URL; requests: () => number }> {
    let requests = 0;
    const url = await serve((request, response) => {
      requests++;
      send(request, response);
    });
    return { url, requests: () => requests };
  }

  const ways: Record<string, (file: Uint8Array) => Answer> = {
    "with its length": (file) => (_, response) => void response.writeHead(200, { "Content-Length": file.length }).end(file),
    "without its length": (file) => (_, response) => {
      response.writeHead(200);
      for (let at = 0; at < file.length; at += 100_000) response.write(file.subarray(at, at + 100_000));
      response.end();
    },
    "a byte at first": (file) => (_, response) => {
      response.writeHead(200, { "Content-Length": file.length });
      response.write(file.subarray(0, 1));
      setTimeout(() => response.end(file.subarray(1)), 20);
    },
    compressed: (file) => (_, response) => {
      const body = gzipSync(file);
      response.writeHead(200, { "Content-Encoding": "gzip", "Content-Length": body.length }).end(body);
    },
  };

  test.each(Object.entries(ways))("sends the file %s: one request", async (_, way) => {
    for (const file of [SMALL, LARGE, withLongHeader().file]) {
      const { url, requests } = await whole(way(file));
      const { data } = await load(url);
      expect(isSame(data, (await load(file)).data)).toBe(true);
      expect(requests()).toBe(1);
    }
    const { url } = await whole(way(fileOf(0)));
    expect((await load(url)).shape).toEqual([0]);
  });

  test("sends a file that is not what was expected: the rest is not waited for", async () => {
    const stalled =
      (start: Uint8Array, headers = {}): Answer =>
      (_, response) => {
        response.writeHead(200, headers);
        response.write(start);
      };
    const page = new TextEncoder().encode("<!DOCTYPE html>".padEnd(600));
    const { url } = await whole(stalled(page));
    await expect(load(url)).rejects.toMatchObject({ code: "ERR_NPY_HEADER", path: url.href });
    const other = await whole(stalled(LARGE.subarray(0, 600)));
    await expect(load(other.url, { dtype: "int8" })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE" });
    const cut = await whole(stalled(LARGE.subarray(0, 600), { "Content-Length": 2000 }));
    await expect(load(cut.url)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    const zeros = await whole(stalled(new Uint8Array(600)));
    await expect(load(zeros.url)).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
  });

  test("sends too few bytes, stalls, or breaks off", async () => {
    const short = await whole((_, response) => void response.writeHead(200).end(LARGE.subarray(0, 5000)));
    await expect(load(short.url)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY", path: short.url.href });
    const endless = (end: (response: ServerResponse) => void): Answer => {
      return (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { "Content-Length": LARGE.length });
        response.write(LARGE.subarray(0, 5000));
        end(response);
      };
    };
    const stalled = await whole(endless(() => undefined));
    await expect(load(stalled.url, { timeout: 100 })).rejects.toMatchObject({ code: "ETIMEDOUT", path: stalled.url.href });
    const reason = new Error("enough");
    const abort = new AbortController();
    const loading = load(stalled.url, { signal: abort.signal }).catch((error) => error);
    setTimeout(() => abort.abort(reason), 50);
    expect(await loading).toBe(reason);
    const broken = await whole(endless((response) => setTimeout(() => response.destroy(), 20)));
    await expect(load(broken.url)).rejects.toMatchObject({ code: expect.stringMatching(/^E[A-Z]+$/), path: broken.url.href });
  });

  test("that sends without end is left after the last row", async () => {
    let isClosed = false;
    const { url } = await whole((_, response) => {
      response.on("close", () => {
        isClosed = true;
      });
      response.writeHead(200);
      response.write(SMALL);
      const block = new Uint8Array(MIB);
      const send = (): void => {
        while (!response.destroyed && response.write(block));
      };
      response.on("drain", send);
      send();
    });
    expect((await load(url)).data).toEqual(numbers(1000));
    await expect.poll(() => isClosed, { timeout: 5000 }).toBe(true);
  });

  test.skipIf(numpyVersion === undefined)("is Python's own", async () => {
    const path = temporaryPath();
    writeFileSync(path, LARGE);
    const server: ChildProcess = spawn(pythonCommand, ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"], {
      cwd: dirname(path),
      stdio: ["ignore", "pipe", "ignore"],
    });
    onTestFinished(() => void server.kill());
    const [line] = (await once(server.stdout as NonNullable<typeof server.stdout>, "data")) as [Buffer];
    const [, port] = /port (\d+)/.exec(line.toString()) ?? [];
    const url = `http://127.0.0.1:${port}/${basename(path)}`;
    expect(isSame((await load(url, { dtype: "float64" })).data, numbers(300_000))).toBe(true);
    await expect(NpyReader.open(url)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining("load(url)"),
    });
    await expect(load(`${url}.missing`)).rejects.toMatchObject({ code: "ENOENT" });
    const reader = await NpyReader.open(await fetch(url), { dtype: "float64" });
    expect((await reader.read(-2)).data).toEqual(Float64Array.of(299_998, 299_999));
    await reader.close();
    expect(await inspect(await fetch(url))).toMatchObject({ path: url, shape: [300_000], needsRecovery: false });
  });
});
