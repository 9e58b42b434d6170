/** One growing object in an S3 store, on a real server. */
import { describe, expect, test } from "vitest";
import { ensureAppendable, inspect, load, MemoryStorage, NpyAppendArray, NpyReader, recover, save } from "../src/node.ts";
import { abortStale, s3Object } from "../src/s3/s3-object.ts";
import { isFull } from "./support/effort.ts";
import {
  answered,
  countingFetch,
  type Fate,
  faultyWay,
  gatewayVariables,
  newBucket,
  signingFetch,
  uploadsOf,
} from "./support/gateway.ts";
import { serve } from "./support/server.ts";

const MIB = 2 ** 20;
const fetch = signingFetch;

/** What numpy.save writes for these numbers. */
async function saved(data: Float64Array): Promise<Uint8Array> {
  const storage = new MemoryStorage();
  await save(storage, data);
  return storage.bytes() as Uint8Array;
}

/** The object as anybody downloads it. */
async function downloaded(url: string): Promise<Uint8Array> {
  const response = await signingFetch()(url);
  if (!response.ok) throw new Error(`${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

const numbers = (count: number, start = 0): Float64Array => Float64Array.from({ length: count }, (_, i) => start + i);

/** Compares whole files, without printing them. */
async function expectRows(url: string, data: Float64Array): Promise<void> {
  expect(Buffer.compare(await downloaded(url), await saved(data))).toBe(0);
}

describe.runIf(gatewayVariables !== undefined)("an object", () => {
  test("shows what was appended at sync() and close(), and nothing before", async () => {
    const url = `${await newBucket()}/a%20b/c%2B%27.npy`;
    const object = s3Object(url, { fetch: fetch() });
    const npaa = await NpyAppendArray.open(object, { dtype: "float64", rowShape: [] });
    expect(await downloaded(url)).toHaveLength(0);
    await npaa.append(numbers(3));
    expect(await downloaded(url)).toHaveLength(0);
    await npaa.sync();
    await expectRows(url, numbers(3));
    await npaa.append([3]);
    await expectRows(url, numbers(3));
    await npaa.truncate(2);
    await npaa.append([2, 3, 4]);
    await npaa.close();
    await expectRows(url, numbers(5));
  });

  test.each([
    ["parts of any size", false],
    ["parts of one size", true],
  ])("grows beyond the size of a part, and goes on where it was: %s", async (_, equalParts) => {
    const bucket = await newBucket();
    const url = `${bucket}/log.npy`;
    const object = s3Object(url, { fetch: fetch(), partSize: 5 * MIB, equalParts });
    let rows = 0;
    // Below one part, below two, between, and many: each once with the object opened again.
    for (const count of [3, MIB / 8, MIB / 2, MIB / 2 + 1, 1, MIB, 4 * MIB, 5]) {
      const npaa = await NpyAppendArray.open(object, { dtype: "float64", rowShape: [] });
      expect(npaa.length).toBe(rows);
      await npaa.append(numbers(count, rows));
      rows += count;
      await npaa.sync();
      await npaa.append(numbers(2, rows));
      rows += 2;
      await npaa.close();
      await expectRows(url, numbers(rows));
    }
    const npaa = await NpyAppendArray.open(object);
    await npaa.truncate(2 * MIB + 3);
    await npaa.append([-1]);
    await npaa.close();
    await expectRows(url, withLast(numbers(2 * MIB + 3), -1));
    expect(await uploadsOf(bucket)).toEqual([]);
  });

  test("a sync that adds 1 MiB to 256 MiB sends the first part and the new rows", async () => {
    const bucket = await newBucket();
    const url = `${bucket}/large.npy`;
    const counting = countingFetch();
    const first = await NpyAppendArray.open(s3Object(url, { fetch: fetch() }), { dtype: "uint8", rowShape: [MIB] });
    const block = new Uint8Array(16 * MIB);
    for (let i = 0; i < 16; i++) await first.append(block.fill(i));
    await first.close();
    const npaa = await NpyAppendArray.open(s3Object(url, { fetch: counting.fetch }));
    await npaa.append(new Uint8Array(MIB).fill(77));
    await npaa.sync();
    expect(counting.sent).toBeLessThan(6.1 * MIB);
    expect(counting.received).toBeLessThan(5.1 * MIB);
    const before = counting.sent;
    await npaa.append(new Uint8Array(MIB).fill(78));
    await npaa.close();
    expect(counting.sent - before).toBeLessThan(6.1 * MIB);
    await using reader = await NpyReader.open(s3Object(url, { fetch: fetch() }));
    expect(reader.shape).toEqual([258, MIB]);
    const { data } = await reader.select([null, 5]);
    expect(Array.from(data as Uint8Array)).toEqual([...Array.from({ length: 256 }, (_, i) => i >> 4), 77, 78]);
  });

  test.each([
    [false, [5 * MIB, 5 * MIB + 128, 7 * MIB, 7 * MIB]],
    [true, [3 * MIB + 128, 7 * MIB, 7 * MIB, 7 * MIB]],
  ])("parts are as large as the expected rows need; of one size: %s", async (equalParts, lengths) => {
    const url = `${await newBucket()}/a.npy`;
    const sent: number[] = [];
    const sign = fetch();
    const watching: typeof globalThis.fetch = (input, init) => {
      if (new URL(String(input)).pathname === new URL(url).pathname && String(input).includes("partNumber")) {
        sent.push((init as { body: Uint8Array }).body.length);
      }
      return sign(input, init);
    };
    const options = { dtype: "uint8", rowShape: [MIB] } as const;
    const object = s3Object(url, { fetch: watching, partSize: 5 * MIB, equalParts });
    // 5,000 parts of 6.5 MiB.
    const npaa = await NpyAppendArray.open(object, { ...options, expectedRows: 32_500 });
    for (let i = 0; i < 24; i++) await npaa.append(new Uint8Array(MIB).fill(i));
    await npaa.close();
    expect(sent.sort((a, b) => a - b)).toEqual(lengths);
    await using reader = await NpyReader.open(s3Object(url, { fetch: fetch() }));
    expect(Array.from((await reader.select([null, 0])).data as Uint8Array)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    await expect(NpyAppendArray.open(object, { expectedRows: -1 })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });

  test("rows of an append that failed are taken back, and those before are published", async () => {
    const url = `${await newBucket()}/a.npy`;
    const object = s3Object(url, { fetch: fetch(), partSize: 5 * MIB });
    const npaa = await NpyAppendArray.open(object, { dtype: "float64", rowShape: [] });
    await npaa.append(numbers(MIB));
    const vanishing = numbers(MIB / 2);
    const appended = npaa.append(vanishing);
    structuredClone(vanishing, { transfer: [vanishing.buffer as ArrayBuffer] });
    await appended.catch((error: unknown) => expect(error).toMatchObject({ code: "ERR_NPY_SHAPE" }));
    const { length } = npaa;
    await npaa.close();
    await expectRows(url, numbers(length));
  });

  test("another program's version is not overwritten", async () => {
    const url = `${await newBucket()}/a.npy`;
    const object = s3Object(url, { fetch: fetch() });
    await save(object, numbers(3));
    const npaa = await NpyAppendArray.open(object);
    await npaa.append([9]);
    await answered(url, { method: "PUT", body: "other" });
    await expect(npaa.sync()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url });
    await expect(npaa.close()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(Buffer.from(await downloaded(url)).toString()).toBe("other");
  });

  test("save, recover, inspect and ensureAppendable work; what cannot be done is refused", async () => {
    const bucket = await newBucket();
    const url = `${bucket}/a.npy`;
    const object = s3Object(url, { fetch: fetch() });
    await save(object, numbers(3));
    await save(object, numbers(2 * MIB));
    await expectRows(url, numbers(2 * MIB));
    expect(await inspect(object)).toMatchObject({ shape: [2 * MIB], path: url, appendable: true });
    await expect(recover(object)).resolves.toMatchObject({ needed: false });
    const npaa = await NpyAppendArray.open(object);
    await npaa.set(0, [7]);
    await expect(npaa.set(MIB, [7])).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await npaa.close();
    await expectRows(url, numbers(2 * MIB).fill(7, 0, 1));
    // Half a row more than the header counts.
    const whole = await saved(numbers(5));
    await answered(`${bucket}/cut.npy`, { method: "PUT", body: whole.slice(0, -4) });
    const cut = s3Object(`${bucket}/cut.npy`, { fetch: fetch() });
    await expect(recover(cut)).resolves.toMatchObject({ needed: true, rowsAfter: 4 });
    await expectRows(`${bucket}/cut.npy`, numbers(4));
    // A header without room.
    const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }".padEnd(69).concat("\n");
    const old = new Uint8Array([
      ...Buffer.from("\x93NUMPY\x01\x00\x46\x00", "latin1"),
      ...Buffer.from(text),
      ...new Uint8Array(24),
    ]);
    await answered(`${bucket}/old.npy`, { method: "PUT", body: old });
    await expect(ensureAppendable(s3Object(`${bucket}/old.npy`, { fetch: fetch() }))).resolves.toBe(true);
    await expectRows(`${bucket}/old.npy`, new Float64Array(3));
    expect(await uploadsOf(bucket)).toEqual([]);
  });

  test("abortStale drops what an abandoned writer sent", async () => {
    const bucket = await newBucket();
    const object = s3Object(`${bucket}/logs/a.npy`, { fetch: fetch(), partSize: 5 * MIB });
    const npaa = await NpyAppendArray.open(object, { dtype: "float64", rowShape: [] });
    for (let i = 0; i < 4; i++) await npaa.append(numbers(MIB));
    await expect.poll(() => uploadsOf(bucket)).toHaveLength(1);
    expect(await abortStale(`${bucket}/other/`, { fetch: fetch() })).toBe(0);
    expect(await abortStale(`${bucket}/logs/`, { fetch: fetch(), olderThan: 3_600_000 })).toBe(0);
    expect(await abortStale(`${bucket}/logs/`, { fetch: fetch() })).toBe(1);
    expect(await uploadsOf(bucket)).toEqual([]);
    await expect(npaa.close()).rejects.toMatchObject({ code: "ENOENT" });
    expect(await downloaded(`${bucket}/logs/a.npy`)).toHaveLength(0);
  });

  test("a URL is read through a fetch that signs, several requests at a time, and its version is pinned", async () => {
    const bucket = await newBucket();
    const url = `${bucket}/a.npy`;
    await save(s3Object(url, { fetch: fetch() }), numbers(4 * MIB));
    const sign = fetch();
    let [underWay, most] = [0, 0];
    const watching: typeof globalThis.fetch = async (input, init) => {
      most = Math.max(most, ++underWay);
      try {
        const response = await sign(input, init);
        const body = await response.arrayBuffer();
        await new Promise((resolve) => setTimeout(resolve, 20));
        return new Response(body, response);
      } finally {
        underWay--;
      }
    };
    await using reader = await NpyReader.open(url, { fetch: watching });
    let next = 0;
    for await (const { data, start } of reader.chunks()) {
      expect(start).toBe(next);
      expect((data as Float64Array)[0]).toBe(next);
      next += (data as Float64Array).length;
    }
    expect(next).toBe(4 * MIB);
    expect(most).toBe(4);
    const iterator = reader.chunks()[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    await expect.poll(() => underWay).toBe(0);
    await save(s3Object(url, { fetch: fetch() }), numbers(4 * MIB, 1));
    await expect(reader.read(MIB, MIB + 1)).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path: url });
  });

  test("take receives little more than the rows", async () => {
    const url = `${await newBucket()}/rows.npy`;
    const counting = countingFetch();
    const npaa = await NpyAppendArray.open(s3Object(url, { fetch: fetch() }), { dtype: "uint8", rowShape: [1500] });
    const rows = 100_000;
    for (let i = 0; i < 10; i++) await npaa.append(new Uint8Array((rows / 10) * 1500).fill(i));
    await npaa.close();
    await using reader = await NpyReader.open(s3Object(url, { fetch: counting.fetch }));
    const wanted = Array.from({ length: 1000 }, (_, i) => (i * 7919 * 13) % rows);
    const { data } = await reader.take(wanted);
    expect(wanted.every((row, i) => (data as Uint8Array)[i * 1500] === Math.floor(row / (rows / 10)))).toBe(true);
    expect(counting.received).toBeLessThan(4 * 1000 * 1500);
  });
});

function withLast(data: Float64Array, last: number): Float64Array {
  const longer = new Float64Array(data.length + 1);
  longer.set(data);
  longer[data.length] = last;
  return longer;
}

describe.runIf(gatewayVariables !== undefined)("requests that come to grief", () => {
  /** Rows of two parts. */
  const LARGE = MIB;
  const FATES: readonly Fate[] = ["lose", "drop", "hang", 500, 503];

  /** Grows an object, with one request after which it is the turn of `fate`; the client gives up at once, or tries again. */
  async function grown(url: string, fate: Fate, at: number, retries: number, isLarge: boolean): Promise<number | undefined> {
    let requests = 0;
    const way = await faultyWay(() => (requests++ === at ? fate : "pass"));
    const timeout = fate === "hang" ? 250 : 30_000;
    const object = s3Object(way.via(url), { fetch: fetch(), partSize: 5 * MIB, retries, timeout });
    let hasFailed = false;
    try {
      const npaa = await NpyAppendArray.open(object);
      try {
        await npaa.append(numbers(isLarge ? LARGE : 2, 3));
        await npaa.sync();
      } finally {
        await npaa.close();
      }
    } catch (error) {
      hasFailed = true;
      expect(String(error)).not.toContain("X-Amz");
      expect(retries).toBe(0);
    }
    if (hasFailed) return 0;
    return requests <= at ? undefined : 1;
  }

  // An object of several parts takes many requests, each of which fails in its turn.
  const CASES = FATES.flatMap((fate) => [false, true].map((isLarge) => [fate, isLarge] as const)).filter(
    ([fate, isLarge]) => isFull || (!isLarge && fate === "lose"),
  );

  test.each(CASES)(
    "%s, at every request, leaves the old object or the new one; large: %s",
    async (fate, isLarge) => {
      const bucket = await newBucket();
      const added = isLarge ? LARGE : 2;
      for (const retries of [0, 3]) {
        for (let at = 0; ; at++) {
          const url = `${bucket}/${retries}-${at}.npy`;
          await answered(url, { method: "PUT", body: (await saved(numbers(3))) as Uint8Array<ArrayBuffer> });
          const outcome = await grown(url, fate, at, retries, isLarge);
          const found = await downloaded(url);
          const [old, now] = [await saved(numbers(3)), await saved(numbers(3 + added))];
          const isNew = Buffer.compare(found, now) === 0;
          expect(isNew || Buffer.compare(found, old) === 0, `${fate} at ${at}`).toBe(true);
          if (outcome !== 0) expect(isNew, `${fate} at ${at}`).toBe(true);
          if (outcome === undefined) break;
        }
      }
      await abortStale(`${bucket}/`, { fetch: fetch() });
      expect(await uploadsOf(bucket)).toEqual([]);
    },
    300_000,
  );

  /** `count` rows of 1 MiB, which hold their numbers. */
  const blocks = (count: number, start = 0): Uint8Array<ArrayBuffer> => {
    const data = new Uint8Array(count * MIB);
    for (let i = 0; i < count; i++) data.fill(start + i, i * MIB, (i + 1) * MIB);
    return data;
  };

  async function expectBlocks(url: string, count: number): Promise<void> {
    const storage = new MemoryStorage();
    await save(storage, { data: blocks(count), shape: [count, MIB] });
    expect(Buffer.compare(await downloaded(url), storage.bytes() as Uint8Array)).toBe(0);
  }

  /** Opens an object, appends `small` rows, and then so many that parts are sent before a header counts them: one of those fails. */
  async function failing(url: string, small: number): Promise<{ npaa: NpyAppendArray; start: number }> {
    let parts = 0;
    let isFailing = false;
    const way = await faultyWay(({ url }) => (isFailing && url?.includes("partNumber") && ++parts === 3 ? 500 : "pass"));
    const sign = fetch();
    let [underWay, sent] = [0, 0];
    const watching: typeof globalThis.fetch = async (input, init) => {
      underWay++;
      const response = await sign(input, init).finally(() => underWay--);
      if (String(input).includes("partNumber")) sent++;
      return response;
    };
    const object = s3Object(way.via(url), { fetch: watching, partSize: 5 * MIB, retries: 0 });
    const npaa = await NpyAppendArray.open(object, { dtype: "uint8", rowShape: [MIB] });
    const start = npaa.length;
    await npaa.append(blocks(small, start));
    // Counted parts are sent at once.
    await expect.poll(() => underWay === 0 && sent >= Math.floor(small / 5) - 1).toBe(true);
    isFailing = true;
    await expect(npaa.append(blocks(90, start + small))).rejects.toMatchObject({ code: "EIO" });
    expect(parts).toBeGreaterThanOrEqual(3);
    return { npaa, start: start + small };
  }

  test.each([
    ["a new object", 0, 0],
    ["a new object that has rows", 0, 7],
    ["an object", 14, 0],
    ["an object that got rows", 14, 4],
  ])("an append that fails after parts were sent is taken back: %s", async (_, before, small) => {
    const bucket = await newBucket();
    const url = `${bucket}/a.npy`;
    if (before > 0) await save(s3Object(url, { fetch: fetch() }), { data: blocks(before), shape: [before, MIB] });
    const { npaa, start } = await failing(url, small);
    expect(npaa.length).toBe(start);
    await npaa.append(blocks(12, start));
    await npaa.close();
    await expectBlocks(url, before + small + 12);
    expect(await uploadsOf(bucket)).toEqual([]);
  });

  test("it breaks the writer if rows before it were sent with it, and leaves the object as it was", async () => {
    const bucket = await newBucket();
    const url = `${bucket}/a.npy`;
    await save(s3Object(url, { fetch: fetch() }), { data: blocks(14), shape: [14, MIB] });
    const { npaa } = await failing(url, 30);
    await expect(npaa.append(blocks(1))).rejects.toMatchObject({
      code: "ERR_NPY_BROKEN",
      path: expect.stringMatching(/a\.npy$/),
    });
    await expect(npaa.sync()).rejects.toMatchObject({ code: "ERR_NPY_BROKEN", message: expect.stringContaining("sync()") });
    await npaa.close().catch((error: unknown) => expect(error).toMatchObject({ code: "ERR_NPY_BROKEN" }));
    await expectBlocks(url, 14);
    expect(await uploadsOf(bucket)).toEqual([]);
  });

  test.each([
    ["PUT", 2, 1],
    ["PUT", 2, 2],
    ["PUT", 2, 3],
    ["POST", 2 * MIB, 1],
    ["POST", 2 * MIB, 3],
  ])("rows that were taken back do not come back with a lost answer: %s, %i rows and %i more", async (method, before, count) => {
    const url = `${await newBucket()}/a.npy`;
    await save(s3Object(url, { fetch: fetch() }), numbers(before));
    const fates: [method: string, fate: Fate][] = [];
    // The object is written, and nothing is heard of it: neither the answer, nor what it has become.
    const way = await faultyWay(({ method, url: target }) => {
      const [path, query = ""] = target?.split("?") ?? [];
      const isNext = path === new URL(url).pathname && !/uploads|partNumber/.test(query) && method === fates[0]?.[0];
      return isNext ? (fates.shift()?.[1] ?? "pass") : "pass";
    });
    const object = s3Object(way.via(url), { fetch: fetch(), retries: 0 });
    const npaa = await NpyAppendArray.open(object, { durability: "data" });
    await npaa.append(numbers(1, before));
    fates.push([method, "lose"], ["HEAD", "drop"]);
    await expect(npaa.append([-1, -2])).rejects.toMatchObject({ code: "EIO" });
    await expectRows(url, withLast(withLast(numbers(before + 1), -1), -2));
    expect(npaa.length).toBe(before + 1);
    await npaa.append(numbers(count, before + 1));
    await npaa.close();
    await expectRows(url, numbers(before + 1 + count));
  });

  test("neither a redirect nor an error carries what was signed", async () => {
    let reached = 0;
    const other = await serve((_, response) => {
      reached++;
      response.end();
    });
    const url = await serve((_, response) => void response.writeHead(307, { Location: other.href }).end());
    const at = new URL("/bucket/a.npy", url).href;
    for (const attempt of [
      () => load(s3Object(at, { fetch: fetch() })),
      () => load(at, { fetch: fetch() }),
      () => save(s3Object(at, { fetch: fetch() }), [1]),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: "EIO", message: expect.stringContaining("redirects") });
    }
    expect(reached).toBe(0);
    const refusing = await serve((_, response) => {
      response
        .writeHead(403)
        .end("<Error><Code>SignatureDoesNotMatch</Code><Message>secret</Message><AWSAccessKeyId>secret</AWSAccessKeyId></Error>");
    });
    const signed = `${new URL("/bucket/a.npy", refusing).href}?X-Amz-Signature=secret`;
    const error = await load(signed, { fetch: fetch() }).catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "EIO" });
    const written = await save(s3Object(signed.replace(/\?.*/, ""), { fetch: fetch() }), [1]).catch((error: unknown) => error);
    expect(`${error} ${(error as Error).stack} ${written}`).not.toContain("secret");
    expect(() => s3Object(signed)).toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") }));
    expect(() => s3Object("https://user:secret@host/bucket/a.npy")).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") }),
    );
  });
});

test("a fetch that does not heed its signal, or whose bodies do not end, keeps nobody waiting", async () => {
  const never = new Promise<never>(() => undefined);
  const silent: typeof globalThis.fetch = () => never;
  const endless: typeof globalThis.fetch = async () => new Response(new ReadableStream({ pull: () => never }));
  for (const fetch of [silent, endless]) {
    const options = { fetch, timeout: 50, retries: 0 };
    const abandoned = abortStale("http://127.0.0.1/bucket/", options);
    await expect(abandoned).rejects.toMatchObject({ code: "ETIMEDOUT", path: "http://127.0.0.1/bucket" });
  }
});
