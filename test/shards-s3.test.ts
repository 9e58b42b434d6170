/** Shards in an S3 store, on a real server. */
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { indexShards, load, loadSync, MemoryFolder, NpyAppendGroup, NpyGroupReader, NpyReader, NpyShards } from "../src/node.ts";
import { s3Folder } from "../src/s3/s3-folder.ts";
import {
  answered,
  countingFetch,
  type Fate,
  faultyWay,
  gatewayVariables,
  keysOf,
  newBucket,
  publish,
  signingFetch,
} from "./support/gateway.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const isThere = gatewayVariables !== undefined;
const OPTIONS = { rowsPerShard: 4, dtype: "int32", rowShape: [] } as const;
const from = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i);

/** Shards of four rows `0, 1, 2 ...`. */
async function filled(url: string, rows: number): Promise<void> {
  const shards = await NpyShards.open(s3Folder(url, { fetch: signingFetch() }), OPTIONS);
  await shards.append(from(0, rows));
  await shards.close();
}

describe.runIf(isThere)("a store", () => {
  test.each([false, true])("takes shards, as a disk does, spooled: %s", async (isSpooled) => {
    const bucket = await newBucket();
    const spool = temporaryDirectory();
    const folder = s3Folder(`${bucket}/a b/ü%`.replace("%", "%25"), { fetch: signingFetch(), ...(isSpooled && { spool }) });
    const shards = await NpyShards.open(folder, OPTIONS);
    await shards.append(from(0, 9));
    expect([...((await load(folder)).data as Int32Array)]).toEqual(from(0, 8));
    expect(readdirSync(spool)).toHaveLength(isSpooled ? 1 : 0);
    await shards.sync();
    expect([...((await load(folder)).data as Int32Array)]).toEqual(from(0, 9));
    await shards.append(from(9, 3));
    await shards.close();
    expect(readdirSync(spool)).toEqual([]);
    const names = ["00000000.npy", "00000001.npy", "00000002.npy", "00000003.npy"];
    expect(await keysOf(bucket)).toEqual([".npy-append-array", ...names].map((name) => `a b/ü%/${name}`));

    // The same rows appended to a folder in memory are the same files.
    const memory = new MemoryFolder();
    const others = await NpyShards.open(memory, OPTIONS);
    await others.append(from(0, 9));
    await others.close();
    for (const name of names.slice(0, 3)) {
      const bytes = await (await signingFetch()(`${folder.path}${name}`)).arrayBuffer();
      expect(new Uint8Array(bytes)).toEqual(memory.file(name).bytes());
    }
    expect(loadSync(memory).shape).toEqual([9]);
  });

  test("is listed page by page, and read with several requests at once, each shard's header in one", async () => {
    const bucket = await newBucket();
    await filled(`${bucket}/shards`, 4 * 25);
    const counts = countingFetch();
    let [under, most, lists] = [0, 0, 0];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const url = String(input);
      const isList = url.includes("list-type=2");
      if (isList) lists++;
      under++;
      most = Math.max(most, under);
      try {
        return await counts.fetch(isList ? `${url}&max-keys=4` : url, init);
      } finally {
        under--;
      }
    };
    const reader = await NpyReader.open(s3Folder(`${bucket}/shards`, { fetch }));
    expect(reader.shape).toEqual([100]);
    // 25 shards and what was written to find out whether the store overwrites.
    expect(lists).toBe(Math.ceil(26 / 4));
    expect(counts.requests).toBe(lists + 25);
    expect(most).toBeGreaterThan(3);
    expect(most).toBeLessThanOrEqual(8);
    expect([...((await reader.take([99, 0, 50])).data as Int32Array)]).toEqual([99, 0, 50]);
    await reader.close();
  });

  test("goes on where it was, and takes other keys for no shards", async () => {
    const bucket = await newBucket();
    await filled(`${bucket}/shards`, 6);
    await answered(`${bucket}/shards/`, { method: "PUT" });
    await answered(`${bucket}/shards/deeper/00000009.npy`, { method: "PUT" });
    await answered(`${bucket}/shards/notes.txt`, { method: "PUT", body: "x" });
    const shards = await NpyShards.open(s3Folder(`${bucket}/shards/`, { fetch: signingFetch() }), { rowsPerShard: 4 });
    expect(shards.dtype.str).toBe("<i4");
    await shards.append(from(6, 2));
    await shards.close();
    expect([...((await load(s3Folder(`${bucket}/shards`, { fetch: signingFetch() }))).data as Int32Array)]).toEqual(from(0, 8));
    await expect(
      NpyShards.open(s3Folder(`${bucket}/shards`, { fetch: signingFetch() }), { ...OPTIONS, dtype: "float32" }),
    ).rejects.toMatchObject({
      code: "ERR_NPY_DTYPE",
    });
  });

  test("refuses groups, whose arrays could not grow in step", async () => {
    const bucket = await newBucket();
    const folder = s3Folder(bucket, { fetch: signingFetch() });
    await expect(NpyAppendGroup.open(folder, { arrays: { x: { dtype: "int8" } } })).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      path: `${bucket}/`,
    });
    expect(await keysOf(bucket)).toEqual([]);
  });

  test("shows groups that were uploaded", async () => {
    const bucket = await newBucket();
    const memory = new MemoryFolder();
    const group = await NpyAppendGroup.open(memory, { arrays: { x: { dtype: "int8" }, y: { dtype: "float64" } } });
    await group.append({ x: [1, 2], y: [3, 4] });
    await group.close();
    for (const name of memory.listSync()) {
      await answered(`${bucket}/group/${name}`, { method: "PUT", body: memory.file(name).bytes() as Uint8Array<ArrayBuffer> });
    }
    const reader = await NpyGroupReader.open(s3Folder(`${bucket}/group`, { fetch: signingFetch() }));
    expect(reader.length).toBe(2);
    await reader.close();
  });

  test("that overwrites although it is asked not to is refused before a row is taken", async () => {
    const bucket = await newBucket();
    const fetch: typeof globalThis.fetch = (input, init) => {
      const { "If-None-Match": _, ...headers } = (init?.headers ?? {}) as Record<string, string>;
      return signingFetch()(input, { ...init, headers });
    };
    await expect(NpyShards.open(s3Folder(bucket, { fetch }), OPTIONS)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      path: `${bucket}/`,
      message: expect.stringContaining("If-None-Match"),
    });
  });

  test("takes shards of up to 5 GiB", async () => {
    const bucket = await newBucket();
    const open = (maxBytes: number): Promise<NpyShards> =>
      NpyShards.open(s3Folder(bucket, { fetch: signingFetch() }), { dtype: "float32", rowShape: [], maxBytes });
    await expect(open(5 * 2 ** 30)).rejects.toMatchObject({
      code: "ERR_NPY_OPTION",
      message: expect.stringContaining("5368709120 bytes"),
    });
    await (await open(5 * 2 ** 30 - 128)).close();
  });

  test("gets no row twice when answers are lost, and none when the store fails too long", async () => {
    const bucket = await newBucket();
    let fate: Fate = "pass";
    const way = await faultyWay(({ method }) => (method === "PUT" || method === "HEAD" ? fate : "pass"));
    const url = way.via(`${bucket}/shards`);
    const shards = await NpyShards.open(s3Folder(url, { fetch: signingFetch(), retries: 1 }), OPTIONS);
    const rows = async (): Promise<number[]> => [
      ...((await load(s3Folder(`${bucket}/shards`, { fetch: signingFetch() }))).data as Int32Array),
    ];
    await shards.append([0, 1]);
    fate = "lose";
    await expect(shards.sync()).rejects.toMatchObject({ path: expect.stringContaining("00000000.npy") });
    expect(await rows()).toEqual([0, 1]);
    await expect(shards.append([2])).rejects.toThrow();
    fate = "pass";
    await shards.append([2]);
    fate = 503;
    await expect(shards.close()).rejects.toThrow();
    expect(await rows()).toEqual([0, 1]);
    fate = "pass";
    await shards.close();
    expect(await rows()).toEqual([0, 1, 2]);
  });
});

const DASK = `
import sys, json, numpy as np, zarr, fsspec, dask.array as da
index = sys.argv[1]
mapper = fsspec.get_mapper("reference://", fo=index, remote_protocol="http")
a = da.from_zarr(zarr.open(mapper, mode="r"))
print(json.dumps([list(a.shape), int(a.sum().compute()), int(a[-3:].sum().compute())]))
`;

test.runIf(isThere)("dask sums shards in the store, by the reference, over http", async () => {
  const bucket = await newBucket();
  const folder = s3Folder(`${bucket}/shards`, { fetch: signingFetch() });
  const shards = await NpyShards.open(folder, { rowsPerShard: 1000, dtype: "int64", rowShape: [3] });
  const data = BigInt64Array.from({ length: 3 * 7500 }, (_, i) => BigInt(i));
  await shards.append({ data, shape: [7500, 3] });
  await shards.close();
  await publish(bucket);
  const index = join(temporaryDirectory(), "index.json");
  await indexShards(folder, { url: folder.path, writeTo: "index.json" });
  writeFileSync(index, await answered(`${folder.path}index.json`));
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", ["-W", "ignore", "-c", DASK, index], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const sum = (values: BigInt64Array): number => Number(values.reduce((total, value) => total + value, 0n));
  expect(JSON.parse(stdout)).toEqual([[7500, 3], sum(data), sum(data.slice(-9))]);
});
