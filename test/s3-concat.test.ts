/** Objects that a store joins, on a real S3 server. */
import { describe, expect, test } from "vitest";
import { type DTypeLike, load, MemoryStorage, NpyShards, save, saveSync } from "../src/node.ts";
import { concat } from "../src/s3/concat.ts";
import { s3Folder } from "../src/s3/s3-folder.ts";
import { abortStale } from "../src/s3/s3-object.ts";
import { isFull } from "./support/effort.ts";
import {
  answered,
  countingFetch,
  type Fate,
  faultyWay,
  gatewayVariables,
  keysOf,
  newBucket,
  signingFetch,
  uploadsOf,
} from "./support/gateway.ts";

const isThere = gatewayVariables !== undefined;
const MIB = 2 ** 20;

/** The bytes of a file of so many float32 in rows of 4, from `start` on. */
function fileOf(count: number, start = 0, dtype: DTypeLike = "float32"): Uint8Array<ArrayBuffer> {
  const storage = new MemoryStorage();
  const data = Float32Array.from({ length: count }, (_, i) => (start + i) % 2 ** 24);
  saveSync(storage, { data, shape: [count / 4, 4] }, { dtype: dtype as never });
  return storage.bytes() as Uint8Array<ArrayBuffer>;
}

async function put(url: string, body: Uint8Array<ArrayBuffer>): Promise<string> {
  await answered(url, { method: "PUT", body });
  return url;
}

const bytesAt = async (url: string): Promise<Uint8Array> => new Uint8Array(await (await signingFetch()(url)).arrayBuffer());

/** Puts parts of one array, and returns their URLs, and the bytes of the whole file. */
async function puts(bucket: string, lengths: readonly number[]): Promise<{ urls: string[]; whole: Uint8Array }> {
  const urls: string[] = [];
  let start = 0;
  for (const length of lengths) {
    urls.push(await put(`${bucket}/part${urls.length}.npy`, fileOf(length / 4, start)));
    start += length / 4;
  }
  return { urls, whole: fileOf(start) };
}

describe.runIf(isThere)("joined objects are what numpy.save writes", () => {
  test.each<[string, readonly number[]]>([
    ["small ones, sent whole", [16, 1600, 0, 32]],
    ["one", [6 * MIB]],
    ["nothing but empty ones", [0, 0]],
    ["large ones", [8 * MIB, 8 * MIB, 6 * MIB]],
    ["a short last one", [6 * MIB, 160]],
    ["small ones between large ones", [6 * MIB, 160, 16, 12 * MIB, 3 * MIB, 3 * MIB, 3 * MIB, 7 * MIB]],
  ])("%s", async (_, lengths) => {
    const bucket = await newBucket();
    const { urls, whole } = await puts(bucket, lengths);
    const target = `${bucket}/to/joined.npy`;
    const report = await concat(target, urls, { fetch: signingFetch() });
    expect(Buffer.compare(await bytesAt(target), whole)).toBe(0);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    expect(report.rows).toBe(total / 16);
    expect(report.bytesCopied + report.bytesSent).toBe(total);
    expect(await uploadsOf(bucket)).toEqual([]);
  });
});

test.runIf(isThere)("shards are joined by the store: little passes through this process", async () => {
  const bucket = await newBucket();
  const folder = s3Folder(`${bucket}/shards`, { fetch: signingFetch() });
  const shards = await NpyShards.open(folder, { maxBytes: 8 * MIB, dtype: "float32", rowShape: [4] });
  const data = Float32Array.from({ length: 20 * MIB }, (_, i) => i % 2 ** 24);
  await shards.append({ data, shape: [5 * MIB, 4] });
  await shards.close();
  const counts = countingFetch();
  const progress: [number, number][] = [];
  const target = `${bucket}/joined.npy`;
  const report = await concat(target, folder, {
    fetch: counts.fetch,
    onProgress: (done, total) => progress.push([done, total]),
  });
  // The first shard: what would be left of it is shorter than a part.
  expect(report).toEqual({ rows: 5 * MIB, bytesCopied: 72 * MIB, bytesSent: 8 * MIB });
  expect(counts.received).toBeLessThan(8 * MIB + 100_000);
  expect(counts.sent).toBeLessThan(8 * MIB + 100_000);
  expect(progress.at(-1)).toEqual([80 * MIB, 80 * MIB]);
  expect(progress).toHaveLength(10);
  const storage = new MemoryStorage();
  await save(storage, { data, shape: [5 * MIB, 4] });
  expect(Buffer.compare(await bytesAt(target), storage.bytes() as Uint8Array)).toBe(0);
});

test.runIf(isThere)("parts have one size where a store asks for it", async () => {
  const bucket = await newBucket();
  const { urls, whole } = await puts(bucket, [12 * MIB, 160, 6 * MIB, 17 * MIB]);
  const sign = signingFetch();
  const lengths: number[] = [];
  const watching: typeof globalThis.fetch = async (input, init) => {
    if (String(input).includes("partNumber=")) {
      const [, start, end] = /(\d+)-(\d+)/.exec(new Headers(init?.headers).get("x-amz-copy-source-range") ?? "") ?? [];
      const length = start === undefined ? (init as { body: Uint8Array }).body.length : Number(end) - Number(start) + 1;
      lengths[Number(new URL(String(input)).searchParams.get("partNumber")) - 1] = length;
    }
    return await sign(input, init);
  };
  const target = `${bucket}/joined.npy`;
  const report = await concat(target, urls, { fetch: watching, equalParts: true });
  expect(Buffer.compare(await bytesAt(target), whole)).toBe(0);
  expect(lengths).toEqual([...new Array(7).fill(5 * MIB), whole.length - 35 * MIB]);
  // The first part, and those over the bounds at 12 and 18 MiB.
  expect(report).toEqual({ rows: (35 * MIB + 160) / 16, bytesSent: 15 * MIB - 128, bytesCopied: 20 * MIB + 288 });
});

test.runIf(isThere)("what does not fit together is refused, and nothing is left", async () => {
  const bucket = await newBucket();
  const fetch = signingFetch();
  const { urls } = await puts(bucket, [6 * MIB, 160]);
  const target = `${bucket}/joined.npy`;
  const others = await put(`${bucket}/others.npy`, fileOf(40, 0, "float64"));
  await expect(concat(target, [...urls, others], { fetch })).rejects.toMatchObject({ code: "ERR_NPY_DTYPE", path: others });
  await expect(concat(target, [], { fetch })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(concat(target, [`${bucket}/none.npy`], { fetch })).rejects.toMatchObject({ code: "ENOENT" });
  await expect(concat(target, s3Folder(bucket, { fetch }), { fetch })).rejects.toMatchObject({ code: "ENOENT" });
  await expect(concat(target, [`${bucket}x/part0.npy`], { fetch })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(concat(`${bucket}/`, urls, { fetch })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  await expect(concat(target, target as never, { fetch })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  expect(await keysOf(bucket)).toEqual(["others.npy", "part0.npy", "part1.npy"]);
  expect(await uploadsOf(bucket)).toEqual([]);
});

test.runIf(isThere)("an object that exists is kept, unless it is to be replaced", async () => {
  const bucket = await newBucket();
  const fetch = signingFetch();
  const { urls, whole } = await puts(bucket, [6 * MIB, 160]);
  const target = await put(`${bucket}/joined.npy`, fileOf(4));
  await expect(concat(target, urls, { fetch })).rejects.toMatchObject({ code: "EEXIST", path: target });
  expect(Buffer.compare(await bytesAt(target), fileOf(4))).toBe(0);
  await concat(target, urls, { fetch, overwrite: true });
  expect(Buffer.compare(await bytesAt(target), whole)).toBe(0);
  // Itself among the sources.
  await concat(target, [target, ...urls], { fetch, overwrite: true });
  expect((await load(s3Folder(bucket, { fetch }).file("joined.npy"))).shape).toEqual([(12 * MIB + 320) / 16, 4]);
});

test.runIf(isThere)("a source that is replaced meanwhile is an error, and nothing is left", async () => {
  const bucket = await newBucket();
  const { urls } = await puts(bucket, [6 * MIB, 7 * MIB]);
  const sign = signingFetch();
  let isReplaced = false;
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (init?.method === "POST" && !isReplaced) {
      isReplaced = true;
      await put(urls[1] as string, fileOf((7 * MIB) / 4, 5));
    }
    return await sign(input, init);
  };
  await expect(concat(`${bucket}/joined.npy`, urls, { fetch })).rejects.toMatchObject({
    code: "ERR_NPY_CHANGED",
    path: urls[1],
  });
  expect(await keysOf(bucket)).toEqual(["part0.npy", "part1.npy"]);
  expect(await uploadsOf(bucket)).toEqual([]);
});

test.runIf(isThere).each<Fate>(["lose", "drop", 500, 503])(
  "a request that fails (%s) leaves the whole object or none, and is made again where that is allowed",
  async (fate) => {
    const bucket = await newBucket();
    const { urls, whole } = await puts(bucket, [6 * MIB, 160, 7 * MIB]);
    let failing = -1;
    let count = 0;
    const way = await faultyWay(() => (count++ === failing ? fate : "pass"));
    const target = `${bucket}/joined.npy`;
    const join = async (retries: number): Promise<unknown> => {
      count = 0;
      return await concat(
        way.via(target),
        urls.map((url) => way.via(url)),
        { fetch: signingFetch(), retries },
      ).catch((error: unknown) => error);
    };
    await join(0);
    const requests = count;
    expect(requests).toBeGreaterThan(10);
    await answered(target, { method: "DELETE" });
    for (failing = 0; failing < requests; failing += isFull ? 1 : 3) {
      for (const retries of [0, 2]) {
        const result = await join(retries);
        const context = `request ${failing}, ${retries} repetitions: ${result}`;
        const isMade = (await keysOf(bucket)).includes("joined.npy");
        if (retries > 0) expect(result, context).not.toBeInstanceOf(Error);
        if (!(result instanceof Error)) expect(isMade, context).toBe(true);
        if (isMade) expect(Buffer.compare(await bytesAt(target), whole), context).toBe(0);
        await abortStale(bucket, { fetch: signingFetch() });
        expect(await uploadsOf(bucket), context).toEqual([]);
        await answered(target, { method: "DELETE" });
      }
    }
  },
);
