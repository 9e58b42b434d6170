/** Arrays behind URLs: servers that send another range, never end, stall or redirect, and readers that are stopped meanwhile. */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import {
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
import { type Answer, range, startServer, wanted } from "./support/server.ts";
import { temporaryPath } from "./support/temporary.ts";

const ROWS = 10_000;
const memory = new MemoryStorage();
saveSync(
  memory,
  Float64Array.from({ length: ROWS }, (_, i) => i),
);
const bytes = memory.bytes() as Uint8Array<ArrayBuffer>;
const SIZE = bytes.length;

/** What a server does otherwise than `range`: all members but `answer` go into an honest response. */
interface Fault {
  readonly status?: number;
  /** In place of the honest Content-Range; `null`: there is none. */
  readonly contentRange?: ((start: number, end: number) => string) | null;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: (start: number, end: number) => Uint8Array;
}

function faulty(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  const [start, wantedEnd] = wanted(request);
  const end = Math.min(SIZE, wantedEnd);
  const headers: OutgoingHttpHeaders = { ETag: '"1"', ...fault.headers };
  if (fault.contentRange !== null) {
    headers["Content-Range"] = fault.contentRange?.(start, end) ?? `bytes ${start}-${end - 1}/${SIZE}`;
  }
  response.writeHead(fault.status ?? 206, headers).end(fault.body?.(start, end) ?? bytes.subarray(start, end));
}

const wrong: Record<string, Fault> = {
  "the range before it": { contentRange: (start, end) => `bytes ${start + 8}-${end + 7}/${SIZE}` },
  "a range that ends sooner": { contentRange: (start, end) => `bytes ${start}-${end - 2}/${SIZE}` },
  "a longer range": { contentRange: (start, end) => `bytes ${start}-${end}/${SIZE}` },
  "a range of an unknown size": { contentRange: (start, end) => `bytes ${start}-${end - 1}/*` },
  "a range beyond the size that it names": { contentRange: (start, end) => `bytes ${start}-${end - 1}/${start}` },
  "a size that no number can hold": { contentRange: (start, end) => `bytes ${start}-${end - 1}/99999999999999999999` },
  "no Content-Range": { contentRange: null },
  "another unit": { contentRange: (start, end) => `rows ${start}-${end - 1}/${SIZE}` },
  "two ranges": { contentRange: (start, end) => `bytes ${start}-${end - 1}/${SIZE}, bytes 0-1/${SIZE}` },
  "a malformed range": { contentRange: (start, end) => `bytes=${start}-${end - 1}/${SIZE}` },
  "the size alone": { contentRange: () => `bytes */${SIZE}` },
  "the whole file": { status: 200, contentRange: null, body: () => bytes },
  "several parts": { headers: { "Content-Type": "multipart/byteranges; boundary=x" } },
  "compressed bytes": { headers: { "Content-Encoding": "gzip" }, body: (start, end) => gzipSync(bytes.subarray(start, end)) },
  "a range that it says is not there": { status: 416, contentRange: () => `bytes */${SIZE}` },
};

/** How many requests of this test are under way. */
let pending = 0;

async function serve(answer: Answer): Promise<URL> {
  const { url } = await startServer((request, response) => {
    pending++;
    response.on("close", () => pending--);
    answer(request, response);
  });
  return url;
}

/** Whatever happens, no connection is left with an answer that nobody reads. */
afterEach(async () => {
  await expect.poll(() => pending, { timeout: 5000 }).toBe(0);
});

/** A server whose first answer, the header, is honest. */
function later(answer: Answer): Promise<URL> {
  return serve((request, response) => {
    if (wanted(request)[0] === 0) range(bytes, '"1"', request, response);
    else answer(request, response);
  });
}

describe("another response than the range that was asked for", () => {
  test.each(Object.entries(wrong))("%s", async (name, fault) => {
    const answer: Answer = (request, response) => faulty(fault, request, response);
    await expect(NpyReader.open(await serve(answer))).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringMatching(
        /asked for bytes 0-511, and answered with .*(Fetch the file whole.*load\(await fetch\(url\)\)|load\(url\) takes the whole file.*NpyReader\.open\(await fetch\(url\)\))/,
      ),
    });
    // That is what load wants.
    if (name !== "the whole file") {
      await expect(load(await serve(answer))).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringMatching(/asked for bytes 0-1048575, and answered with .* Fetch the file whole/),
      });
    }
    await using reader = await NpyReader.open(await later(answer));
    await expect(reader.read(5000, 5003)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining(`asked for bytes ${SIZE - 8 * 5000}-${SIZE - 8 * 5000 + 23}, and answered with`),
    });
    await expect(reader.read(5000, 5003, { out: new Float64Array(3) })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test("is quoted as far as it helps", async () => {
    const url = await serve((request, response) => faulty({ contentRange: () => "x".repeat(1000) }, request, response));
    const { message } = await load(url).catch((error) => error);
    expect(message).toContain(`Content-Range "${"x".repeat(80)}…"`);
  });

  test("the range that was asked for is taken, however it is written", async () => {
    const url = await serve((request, response) =>
      faulty(
        { headers: { "Content-Encoding": "identity" }, contentRange: (a, b) => `BYTES ${a}-${b - 1}/${SIZE}` },
        request,
        response,
      ),
    );
    const reader = await NpyReader.open(url, { dtype: "float64" });
    expect((await reader.read(5000, 5003)).data).toEqual(Float64Array.of(5000, 5001, 5002));
    expect((await reader.read(-1)).data).toEqual(Float64Array.of(ROWS - 1));
    await reader.close();
  });

  test("a file that is shorter than the first request is read whole", async () => {
    const short = new MemoryStorage();
    saveSync(short, [1, 2, 3]);
    const url = await serve((request, response) => void range(short.bytes() as Uint8Array, '"1"', request, response));
    expect((await load(url)).data).toEqual(Float64Array.of(1, 2, 3));
  });

  test("an empty file is one that says so", async () => {
    const empty = await serve((request, response) => void range(new Uint8Array(0), '"1"', request, response));
    await expect(load(empty)).rejects.toMatchObject({ code: "ERR_NPY_HEADER" });
    const bare = await serve((_, response) => void response.writeHead(416).end());
    await expect(load(bare)).rejects.toMatchObject({ code: "ERR_NPY_OPTION", message: expect.stringContaining("status 416") });
  });
});

describe("a file that changes between requests", () => {
  test.each<[string, Fault]>([
    ["another size", { contentRange: (start, end) => `bytes ${start}-${end - 1}/${SIZE + 8}` }],
    ["another ETag", { headers: { ETag: '"2"' } }],
    ["a size before the range", { status: 416, contentRange: () => "bytes */100" }],
    ["no bytes there any more", { status: 416, contentRange: null }],
  ])("%s", async (_, fault) => {
    const url = await later((request, response) => faulty(fault, request, response));
    await using reader = await NpyReader.open(url);
    await expect(reader.read(5000, 5003)).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url.href });
  });
});

describe("a body of another length than its range", () => {
  /** Sends until nobody listens. */
  function endless(response: ServerResponse, sent: { bytes: number }): void {
    const block = Buffer.alloc(2 ** 20, 1);
    const send = (): void => {
      while (!response.destroyed && response.write(block)) sent.bytes += block.length;
    };
    response.on("drain", send);
    send();
  }

  test("one without an end is given up at once", async () => {
    const sent = { bytes: 0 };
    const answer: Answer = (request, response) => {
      const [start, end] = wanted(request);
      response.writeHead(206, { "Content-Range": `bytes ${start}-${Math.min(end, SIZE) - 1}/${SIZE}`, ETag: '"1"' });
      endless(response, sent);
    };
    const url = await serve(answer);
    await expect(load(url)).rejects.toMatchObject({
      code: "EIO",
      message: expect.stringContaining(`longer than its range of ${SIZE} bytes`),
    });
    await expect(NpyReader.open(url)).rejects.toMatchObject({
      code: "EIO",
      message: expect.stringContaining("longer than its range of 512 bytes"),
    });
    await using reader = await NpyReader.open(await later(answer));
    await expect(reader.read(5000, 5003)).rejects.toMatchObject({ code: "EIO" });
    // As much as lies in the buffers of the two ends.
    expect(sent.bytes).toBeLessThan(2 ** 26);
  });

  test.each([
    ["one byte more", (start: number, end: number) => Buffer.concat([bytes.subarray(start, end), Uint8Array.of(0)])],
    ["one byte less", (start: number, end: number) => bytes.slice(start, end - 1)],
    ["none", () => new Uint8Array(0)],
  ])("%s", async (_, body) => {
    const answer: Answer = (request, response) => faulty({ body }, request, response);
    await expect(load(await serve(answer))).rejects.toMatchObject({ code: "EIO" });
    const url = await later(answer);
    await using reader = await NpyReader.open(url);
    const out = new Float64Array(3);
    for (const options of [{}, { out }]) {
      await expect(reader.read(5000, 5003, options)).rejects.toMatchObject({
        code: "EIO",
        path: url.href,
        message: expect.stringContaining(url.href),
      });
    }
  });

  test("a connection that breaks is no end of the file", async () => {
    const url = await later((request, response) => {
      const [start, end] = wanted(request);
      response.writeHead(206, {
        "Content-Range": `bytes ${start}-${end - 1}/${SIZE}`,
        "Content-Length": end - start,
        ETag: '"1"',
      });
      response.write(bytes.subarray(start, start + 8));
      setTimeout(() => response.destroy(), 20);
    });
    await using reader = await NpyReader.open(url);
    await expect(reader.read(5000, 5003)).rejects.toMatchObject({ code: expect.stringMatching(/^E[A-Z]+$/), path: url.href });
  });
});

describe("servers that cannot be reached", () => {
  test("the code of the connection's error is kept", async () => {
    const { url, server } = await startServer(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await expect(load(url)).rejects.toMatchObject({
      code: "ECONNREFUSED",
      path: url.href,
      message: expect.stringContaining(url.href),
    });
  });

  test("a URL that is none is refused, without its password", async () => {
    const error = await load("http://me:secret@[").catch((error) => error);
    expect(error).toMatchObject({ code: "ERR_NPY_OPTION" });
    expect(JSON.stringify([error.message, error.stack, error.cause, error.input])).not.toContain("secret");
  });
});

/** Sends nothing, or the first byte of the range and then no more. */
const stalls: Record<string, Answer> = {
  "before the header": () => undefined,
  "in the body": (request, response) => {
    const [start, end] = wanted(request);
    response.writeHead(206, { "Content-Range": `bytes ${start}-${Math.min(end, SIZE) - 1}/${SIZE}`, ETag: '"1"' });
    response.write(bytes.subarray(start, start + 1));
  },
  "but for a byte now and then": (request, response) => {
    const [start, end] = wanted(request);
    response.writeHead(206, { "Content-Range": `bytes ${start}-${Math.min(end, SIZE) - 1}/${SIZE}`, ETag: '"1"' });
    let next = start;
    const timer = setInterval(() => response.write(bytes.subarray(next, ++next)), 10);
    response.on("close", () => clearInterval(timer));
  },
};

describe.each(Object.entries(stalls))("a server that stalls %s", (_, answer) => {
  type Verb = (file: URL, options: { readonly timeout?: number; readonly signal?: AbortSignal }) => Promise<unknown>;
  const verbs: Record<string, Verb> = { load, inspect, needsRecovery, isAppendable, open: NpyReader.open };

  test.each(Object.entries(verbs))("%s gives up after `timeout`", async (_, verb) => {
    const url = await serve(answer);
    await expect(verb(url, { timeout: 100 })).rejects.toMatchObject({
      code: "ETIMEDOUT",
      path: url.href,
      message: expect.stringContaining("100 ms"),
    });
  });

  test.each(Object.entries(verbs))("%s is stopped by its signal", async (_, verb) => {
    const url = await serve(answer);
    const reason = new Error("enough");
    const abort = new AbortController();
    const opening = verb(url, { signal: abort.signal });
    await wait(20);
    abort.abort(reason);
    expect(await opening.catch((error) => error)).toBe(reason);
    expect(await verb(url, { signal: abort.signal }).catch((error) => error)).toBe(reason);
  });

  test("a reader gives up reads, and reads on where the server answers", async () => {
    const url = await later((request, response) => {
      const [start] = wanted(request);
      if (start > (4 * SIZE) / 5) range(bytes, '"1"', request, response);
      else answer(request, response);
    });
    await using reader = await NpyReader.open(url, { timeout: 100, dtype: "float64" });
    await expect(reader.read(5000, 5003)).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await expect(reader.read(5000, 5003, { out: new Float64Array(3) })).rejects.toMatchObject({ code: "ETIMEDOUT" });
    expect((await reader.read(-1)).data).toEqual(Float64Array.of(ROWS - 1));
  });

  test("closing a reader ends all that it does", async () => {
    const url = await later(answer);
    const reader = await NpyReader.open(url);
    const out = new Float64Array(3);
    const chunks = reader.chunks({ rows: 5000 })[Symbol.asyncIterator]();
    const follow = reader.follow({ from: 5000 })[Symbol.asyncIterator]();
    const target = await NpyAppendArray.open(temporaryPath());
    const reading = [
      reader.read(5000, 5003),
      reader.read(6000, 6003, { out }),
      chunks.next().then(() => chunks.next()),
      target.appendFrom(reader),
    ].map((promise) =>
      promise.then(
        () => "done",
        (error) => error.code,
      ),
    );
    const followed = follow.next();
    await wait(20);
    await reader.close();
    expect(await Promise.all(reading)).toEqual(Array.from(reading, () => "ERR_NPY_CLOSED"));
    expect(await followed).toEqual({ done: true, value: undefined });
    await target.close();
  });

  test("closing a reader ends its refresh", async () => {
    let isHonest = true;
    const url = await serve((request, response) => {
      if (isHonest) range(bytes, '"1"', request, response);
      else answer(request, response);
    });
    const reader = await NpyReader.open(url);
    isHonest = false;
    const refreshing = [reader.refresh(), reader.refresh()].map((promise) => promise.catch((error) => error.code));
    await wait(20);
    await reader.close();
    expect(await Promise.all(refreshing)).toEqual(["ERR_NPY_CLOSED", "ERR_NPY_CLOSED"]);
  });

  test("the signal of a reader ends all that it does, and all that it would do", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const reader = await NpyReader.open(await later(answer), { signal: abort.signal });
    const reading = [
      reader.read(5000, 5003),
      reader.read(5000, 5003, { out: new Float64Array(3) }),
      reader.follow({ from: 5000 })[Symbol.asyncIterator]().next(),
    ].map((promise) => promise.catch((error) => error));
    await wait(20);
    abort.abort(reason);
    for (const error of await Promise.all(reading)) expect(error).toBe(reason);
    expect(await reader.read(0, 1).catch((error) => error)).toBe(reason);
    expect(await reader.refresh().catch((error) => error)).toBe(reason);
    await reader.close();
    await expect(reader.read()).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  test("the signal of one read ends that one", async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const { signal } = abort;
    const reader = await NpyReader.open(await later(answer), { dtype: "float64" });
    const reading = [
      reader.read(5000, 5003, { signal }),
      reader.read(5000, 5003, { signal, out: new Float64Array(3) }),
      reader.chunks({ signal, rows: 1000 })[Symbol.asyncIterator]().next(),
    ].map((promise) => promise.catch((error) => error));
    const follow = reader.follow({ from: 5000, signal })[Symbol.asyncIterator]().next();
    const other = reader.read(5000, 5003).catch((error) => error.code);
    await wait(20);
    abort.abort(reason);
    for (const error of await Promise.all(reading)) expect(error).toBe(reason);
    expect(await follow).toEqual({ done: true, value: undefined });
    expect((await reader.read(0, 2)).data).toEqual(Float64Array.of(0, 1));
    await reader.close();
    expect(await other).toBe("ERR_NPY_CLOSED");
  });

  test("a stream that is cancelled ends its read", async () => {
    const reader = await NpyReader.open(await later(answer));
    const stream = reader.readable({ rows: 1000 }).getReader();
    const reading = stream.read();
    await wait(20);
    await stream.cancel();
    expect(await reading).toEqual({ done: true, value: undefined });
    await reader.close();
  });
});

describe("time limits", () => {
  test("a fetch that does not heed its signal keeps nobody waiting", async () => {
    // Node forgets the signal of a Request, such as signers send, once its memory is collected.
    const fetch = (): Promise<never> => new Promise(() => undefined);
    const reason = new Error("enough");
    const abort = new AbortController();
    const loading = load("http://127.0.0.1/a.npy", { fetch, signal: abort.signal });
    abort.abort(reason);
    expect(await loading.catch((error) => error)).toBe(reason);
  });

  test("a slow transfer that goes on is not given up", async () => {
    const url = await later((request, response) => {
      const [start, wantedEnd] = wanted(request);
      const end = Math.min(wantedEnd, SIZE);
      response.writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${SIZE}`, ETag: '"1"' });
      let next = start;
      const timer = setInterval(() => {
        response.write(bytes.subarray(next, Math.min(end, next + 2 ** 14)));
        next += 2 ** 14;
        if (next < end) return;
        clearInterval(timer);
        response.end();
      }, 100);
    });
    await using reader = await NpyReader.open(url, { dtype: "float64", timeout: 300 });
    const { data } = await reader.read(100);
    expect(data).toEqual(Float64Array.from({ length: ROWS - 100 }, (_, i) => 100 + i));
  });

  test("a thread that was busy meanwhile reads what has arrived", async () => {
    const url = await later((request, response) => void range(bytes, '"1"', request, response));
    await using reader = await NpyReader.open(url, { dtype: "float64", timeout: 50 });
    const reading = reader.read(5000, 5001);
    const end = performance.now() + 200;
    while (performance.now() < end);
    expect((await reading).data).toEqual(Float64Array.of(5000));
  });

  test.each([Number.POSITIVE_INFINITY, 2 ** 40])("%d ms are none", async (timeout) => {
    const url = await later((request, response) => setTimeout(() => range(bytes, '"1"', request, response), 50));
    await using reader = await NpyReader.open(url, { dtype: "float64", timeout });
    expect((await reader.read(5000, 5001)).data).toEqual(Float64Array.of(5000));
  });

  test.each([0, -1, Number.NaN, "1", 1n, null])("%s is none", async (timeout) => {
    for (const verb of [load, inspect, needsRecovery, isAppendable, NpyReader.open]) {
      await expect(verb(temporaryPath(), { timeout } as never)).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringContaining("timeout must be a number of milliseconds"),
      });
    }
  });
});

describe("signals", () => {
  test("many reads at a time share one listener", async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on("warning", warn);
    onTestFinished(() => void process.off("warning", warn));
    const url = await later((request, response) => void range(bytes, '"1"', request, response));
    const { signal } = new AbortController();
    const reader = await NpyReader.open(url, { dtype: "float64", signal });
    const rows = Array.from({ length: 50 }, (_, i) => 1000 + i);
    const read = await Promise.all(rows.map((row) => reader.read(row, row + 1, { signal })));
    expect(read.map(({ data }) => data[0])).toEqual(rows);
    await reader.close();
    await wait(1);
    expect(warnings).toEqual([]);
  });

  test("an aborted one stops readers of files and memory, too", async () => {
    const path = temporaryPath();
    saveSync(path, [1, 2, 3]);
    const reason = new Error("enough");
    const abort = new AbortController();
    const { signal } = abort;
    for (const file of [path, memory, new Blob([bytes])]) {
      const reader = await NpyReader.open(file, { signal: AbortSignal.any([signal]) });
      expect((await reader.read(0, 1, { signal })).shape).toEqual([1]);
      await reader.close();
    }
    const readers = await Promise.all([path, memory, new Blob([bytes])].map((file) => NpyReader.open(file, { signal })));
    using sync = NpyReader.openSync(path, { signal });
    abort.abort(reason);
    for (const reader of readers) {
      expect(await reader.read().catch((error) => error)).toBe(reason);
      await reader.close();
    }
    expect(() => sync.read()).toThrow(reason);
    expect(() => loadSync(path, { signal })).toThrow(reason);
    expect(await inspect(path, { signal }).catch((error) => error)).toBe(reason);
  });

  test.each([1, {}, "x"])("%j is none", async (signal) => {
    for (const verb of [load, inspect, needsRecovery, isAppendable, NpyReader.open]) {
      await expect(verb(temporaryPath(), { signal } as never)).rejects.toMatchObject({
        code: "ERR_NPY_OPTION",
        message: expect.stringContaining("signal must be an AbortSignal"),
      });
    }
  });
});

describe("user names and passwords in URLs", () => {
  const basic = (text: string): string => `Basic ${Buffer.from(text, "utf8").toString("base64")}`;

  /** A server, and what came as `Authorization`. */
  async function guarded(answer: Answer): Promise<{ url: URL; seen: (string | undefined)[] }> {
    const seen: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization);
      answer(request, response);
    });
    return { url, seen };
  }

  test.each([
    ["me", "secret", "me:secret"],
    ["me", "", "me:"],
    ["m%20e", "s%3Aé%40", "m e:s:é@"],
    ["me", "100%", "me:100%"],
  ])("%s and %s are sent, and not shown", async (username, password, sent) => {
    const { url, seen } = await guarded((request, response) => faulty({}, request, response));
    const named = url.href.replace("//", `//${username}:${password}@`);
    const reader = await NpyReader.open(named, { dtype: "float64" });
    expect((await reader.read(5000, 5001)).data).toEqual(Float64Array.of(5000));
    expect(reader.path).toBe(url.href);
    expect((await inspect(new URL(named))).path).toBe(url.href);
    expect(new Set(seen)).toEqual(new Set([basic(sent)]));
    await reader.close();
  });

  test("errors do not show them", async () => {
    const answers: Answer[] = [
      (_, response) => void response.writeHead(401).end(),
      (_, response) => void response.writeHead(404).end(),
      (_, response) => void response.end(),
      (_, response) => void response.destroy(),
      (request, response) => faulty({ contentRange: null }, request, response),
    ];
    for (const answer of answers) {
      const { url } = await guarded(answer);
      const error = await load(url.href.replace("//", "//me:secret@")).catch((error) => error);
      for (let found = error; found !== undefined; found = found.cause) {
        expect(JSON.stringify([found.message, found.stack, found.path])).not.toContain("secret");
      }
      expect(error.path).toBe(url.href);
    }
  });

  test("they go along to the same origin, and to no other", async () => {
    const other = await guarded((request, response) => faulty({}, request, response));
    const { url, seen } = await guarded((request, response) => {
      if (request.url === "/points.npy") response.writeHead(302, { Location: "/moved.npy" }).end();
      else response.writeHead(307, { Location: other.url.href }).end();
    });
    const named = url.href.replace("//", "//me:secret@");
    expect((await load(named)).shape).toEqual([ROWS]);
    expect(new Set(seen)).toEqual(new Set([basic("me:secret")]));
    expect(new Set(other.seen)).toEqual(new Set([undefined]));
  });
});

describe("redirects", () => {
  test.each([301, 302, 303, 307, 308])("%d is followed, and the range asked for again", async (status) => {
    const other = await serve((request, response) => faulty({}, request, response));
    const url = await serve((_, response) => void response.writeHead(status, { Location: other.href }).end());
    const reader = await NpyReader.open(url, { dtype: "float64" });
    expect((await reader.read(5000, 5001)).data).toEqual(Float64Array.of(5000));
    expect(reader.path).toBe(url.href);
    await reader.close();
  });

  test("in a circle, or to nowhere, are errors that name the URL", async () => {
    const circle = await serve((_, response) => void response.writeHead(302, { Location: "/points.npy" }).end());
    await expect(load(circle)).rejects.toMatchObject({
      code: "EIO",
      path: circle.href,
      message: expect.stringContaining(circle.href),
    });
    const nowhere = await serve((_, response) => void response.writeHead(302).end());
    await expect(load(nowhere)).rejects.toMatchObject({ code: "EIO", path: nowhere.href });
    const elsewhere = await serve((_, response) => void response.writeHead(302, { Location: "ftp://localhost/a.npy" }).end());
    await expect(load(elsewhere)).rejects.toMatchObject({ code: "EIO", path: elsewhere.href });
  });
});

test("errors of the server are given the code of their kind, and no body is waited for", async () => {
  for (const status of [200, 400, 403, 404, 410, 416, 429, 500, 503]) {
    const url = await serve((_, response) => {
      response.writeHead(status, { "Content-Length": 2 ** 20 });
      response.write("x");
    });
    // The body of a 200 is the file that load wants.
    for (const verb of status === 200 ? [inspect, NpyReader.open] : [inspect, NpyReader.open, load]) {
      const code = await verb(url).catch((error) => error.code);
      expect(code).toBe({ 200: "ERR_NPY_OPTION", 404: "ENOENT", 410: "ENOENT", 416: "ERR_NPY_OPTION" }[status] ?? "EIO");
    }
  }
});
