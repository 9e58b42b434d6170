/** The command line writes objects of a real S3 server, whose bytes are those of files that are written by the same commands. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type CommandBucket, commandBucket } from "./support/cli-s3.ts";
import { gatewayVariables, keysOf, uploadsOf } from "./support/gateway.ts";

const withStore = test.skipIf(gatewayVariables === undefined);
const pairs = { data: Int32Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] };

/** Runs a command that must succeed, and returns what it prints. */
function printed({ run }: CommandBucket, ...args: readonly string[]): string {
  const { status, stdout, stderr } = run(...args);
  expect({ args, status, stderr }).toEqual({ args, status: 0, stderr: "" });
  return stdout;
}

/** Expects that an object has the bytes of a file. */
async function expectSame({ bytes, directory }: CommandBucket, key: string, file: string): Promise<void> {
  expect(Buffer.from(await bytes(key)).equals(readFileSync(join(directory, file)))).toBe(true);
}

withStore("appends files and objects of all formats to an object and to a file", async () => {
  const bucket = await commandBucket();
  const { name, putBytes, directory } = bucket;
  const sources = { "a.csv": "t,level\n1.5,2\n", "b.ndjson": '{"t":2.5,"level":3}\n', "c.tsv": "t\tlevel\n3.5\t4\n" };
  for (const [key, text] of Object.entries(sources)) {
    await putBytes(key, text);
    writeFileSync(join(directory, key), text);
  }
  const files = Object.keys(sources);
  const objects = files.map((file) => `s3:/${file}`);
  expect(printed(bucket, "append", "log.npy", ...files)).toBe("log.npy: 3 rows appended, 3 in all\n");
  expect(printed(bucket, "append", "s3:/log.npy", ...files)).toBe(`${name}/log.npy: 3 rows appended, 3 in all\n`);
  await expectSame(bucket, "log.npy", "log.npy");
  printed(bucket, "append", "mixed.npy", ...objects, "s3:/log.npy");
  printed(bucket, "append", "s3:/log.npy", "s3:/log.npy");
  await expectSame(bucket, "log.npy", "mixed.npy");
  writeFileSync(join(directory, "rows.bin"), new Uint8Array(new Float64Array(6).fill(0.5).buffer));
  await putBytes("rows.bin", readFileSync(join(directory, "rows.bin")));
  printed(bucket, "append", "raw.npy", "rows.bin", "--dtype", "f8", "--row-shape", "3");
  printed(bucket, "append", "s3:/raw.npy", "s3:/rows.bin", "--dtype", "f8", "--row-shape", "3");
  await expectSame(bucket, "raw.npy", "raw.npy");
});

withStore("keeps the rows before an error in a source, and creates nothing without rows", async () => {
  const bucket = await commandBucket();
  const { run, put, name, directory, url } = bucket;
  await put("a.npy", pairs);
  await put("wide.npy", { data: new Int32Array(6), shape: [2, 3] });
  writeFileSync(join(directory, "bad.csv"), "1,2\n3,x\n");
  expect(run("append", "s3:/a.npy", "s3:/a.npy", "bad.csv")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining(`(${name}/a.npy holds 20 rows, 10 of them new)`),
  });
  expect(printed(bucket, "slice", "s3:/a.npy", "19:", "--csv")).toBe("18,19\n");
  expect(run("append", "s3:/a.npy", "s3:/wide.npy").stderr).toContain(`${name}/wide.npy: its rows have shape (3,)`);
  expect(run("append", "s3:/new.npy", "bad.csv", "--dtype", "i4").status).toBe(1);
  expect(await keysOf(url)).toEqual(["a.npy", "wide.npy"]);
});

withStore("joins objects and shards, in the store where it can and through here where it must", async () => {
  const bucket = await commandBucket();
  const { run, put, name, url } = bucket;
  for (const key of ["run/00000000.npy", "run/00000001.npy", "a.npy"]) await put(key, pairs);
  await put("floats.npy", { data: new Float64Array(4), shape: [2, 2] });
  expect(printed(bucket, "concat", "s3:/all.npy", "s3:/run", "s3:/a.npy")).toBe(`${name}/all.npy: 30 rows of 2 files\n`);
  printed(bucket, "concat", "all.npy", "s3:/run", "s3:/a.npy");
  await expectSame(bucket, "all.npy", "all.npy");
  expect(run("concat", "s3:/all.npy", "s3:/a.npy").stderr).toContain(`${name}/all.npy: it already exists`);
  expect(run("concat", "--overwrite", "s3:/all.npy", "s3:/all.npy").stderr).toContain("also one of the sources");
  expect(run("concat", "s3:/b.npy", "s3:/none.npy").stderr).toBe(
    `npy-append-array: ${name}/none.npy: there is no such object: check its name\n`,
  );
  printed(bucket, "concat", "cast.npy", "s3:/floats.npy", "s3:/a.npy");
  printed(bucket, "concat", "--overwrite", "s3:/all.npy", "s3:/floats.npy", "s3:/a.npy");
  await expectSame(bucket, "all.npy", "cast.npy");
  expect(await uploadsOf(url)).toEqual([]);
});

withStore("cuts, mends and rewrites objects", async () => {
  const bucket = await commandBucket();
  const { put, putBytes, bytes, name } = bucket;
  await put("a.npy", pairs);
  const whole = await bytes("a.npy");
  await putBytes("short.npy", whole.subarray(0, -1));
  expect(printed(bucket, "recover", "s3:/short.npy")).toContain(`${name}/short.npy: kept 9 rows`);
  expect(printed(bucket, "truncate", "s3:/a.npy", "9")).toBe(`${name}/a.npy: kept 9 rows, cut off 1\n`);
  expect(await bytes("a.npy")).toEqual(await bytes("short.npy"));
  const header = "{'descr': '<i4', 'fortran_order': False, 'shape': (10, 2), }\n";
  const prefix = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  await putBytes("old.npy", Buffer.concat([prefix, Buffer.from(header), whole.subarray(128)]));
  expect(printed(bucket, "ensure-appendable", "s3:/old.npy")).toBe(`${name}/old.npy: now appendable\n`);
  expect(await bytes("old.npy")).toEqual(whole);
});

withStore("writes shards and their index", async () => {
  const bucket = await commandBucket();
  const { run, put, name, bytes, directory } = bucket;
  await put("a.npy", pairs);
  expect(printed(bucket, "shard", "--rows", "4", "s3:/a.npy", "s3:/run.v1")).toBe(`${name}/run.v1: 10 rows in 3 files\n`);
  printed(bucket, "shard", "--rows", "4", "s3:/a.npy", "run");
  const shards = readdirSync(join(directory, "run"));
  expect(shards).toHaveLength(3);
  for (const shard of shards) await expectSame(bucket, `run.v1/${shard}`, `run/${shard}`);
  expect(run("shard", "--rows", "4", "s3:/a.npy", "s3:/run.v1").stderr).toContain("it already has shards");
  const index = JSON.parse(printed(bucket, "index", "s3:/run.v1"));
  expect(index.refs["0.0"]).toEqual([`${name}/run.v1/00000000.npy`, 128, 32]);
  expect(printed(bucket, "index", "s3:/run.v1", "--write-to", "index.json")).toBe("");
  expect(JSON.parse(Buffer.from(await bytes("run.v1/index.json")).toString())).toEqual(index);
  expect(printed(bucket, "recover", "s3:/run.v1/")).toBe(`${name}/run.v1/: 0 files made shards\n`);
  expect(run("index", "run", "--write-to", "../index.json")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("--write-to"),
  });
});

withStore("splits, packs, unpacks, converts and takes rows, from and into the store", async () => {
  const bucket = await commandBucket();
  const { run, put, putBytes, bytes, url, directory } = bucket;
  await put("a.npy", pairs);
  await put("step/x.npy", [1, 2]);
  await put("step/y.npy", [3, 4]);
  await putBytes("both.npy", Buffer.concat([await bytes("a.npy"), await bytes("step/x.npy")]));
  const commands = [
    ["split", "IN/both.npy", "--out", "OUT/parts"],
    ["pack", "IN/a.npy", "IN/step/x.npy", "OUT/a.npz"],
    ["pack", "IN/step", "OUT/step.npz"],
    ["convert", "--dtype", "f4", "--casting", "same_kind", "IN/a.npy", "OUT/f4.npy"],
    ["convert", "--order", "F", "IN/a.npy", "OUT/f.npy"],
    ["take", "IN/a.npy", "5", "-1", "--out", "OUT/taken.npy"],
  ];
  const into = (out: string, args: readonly string[]) =>
    args.map((arg) => arg.replace(/^IN\//, "s3:/").replace(/^OUT\//, out === "s3" ? "s3:/" : "./"));
  for (const args of commands) {
    printed(bucket, ...into("here", args));
    printed(bucket, ...into("s3", args));
    // Neither is replaced.
    expect(run(...into("s3", args)).stderr).toContain("it already exists");
  }
  printed(bucket, "unpack", "s3:/a.npz", "unpacked");
  printed(bucket, "unpack", "a.npz", "s3:/unpacked");
  const written = ["parts/both.0.npy", "parts/both.1.npy", "a.npz", "step.npz", "f4.npy", "f.npy", "taken.npy"];
  for (const key of [...written, "unpacked/a.npy", "unpacked/x.npy"]) await expectSame(bucket, key, key);
  expect((await keysOf(url)).filter((key) => !/^(?:a\.npy|both\.npy|step\/)/.test(key))).toHaveLength(9);
  printed(bucket, "convert", "--overwrite", "s3:/f.npy", "s3:/f4.npy");
  await expectSame(bucket, "f4.npy", "f.npy");
  expect(run("slice", "s3:/a.npy", "0", "--raw", "--out", "s3:/row.bin")).toMatchObject({
    status: 2,
    stderr: expect.stringContaining("name one, and upload it"),
  });
  expect(readdirSync(directory).filter((name) => /^\./.test(name))).toEqual([]);
});

withStore("leaves nothing of a new object after an error", async () => {
  const bucket = await commandBucket();
  const { run, put, url } = bucket;
  await put("a.npy", pairs);
  await put("words.npy", ["a", "b"]);
  expect(
    run("convert", "--dtype", "i1", "--casting", "unsafe", "--on-overflow", "throw", "s3:/words.npy", "s3:/b.npy").status,
  ).toBe(1);
  expect(run("take", "s3:/a.npy", "0", "--from", "s3:/words.npy", "--out", "s3:/b.npy").status).toBe(1);
  expect(run("unpack", "s3:/a.npy", "s3:/b").status).toBe(1);
  expect(await keysOf(url)).toEqual(["a.npy", "words.npy"]);
  expect(await uploadsOf(url)).toEqual([]);
});
