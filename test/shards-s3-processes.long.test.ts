/** Many processes that fill shards in an S3 store at the same time, and are killed again and again. */
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { load, recoverShards } from "../src/node.ts";
import { s3Folder } from "../src/s3/s3-folder.ts";
import { runs } from "./support/effort.ts";
import { type Fate, faultyWay, gatewayVariables, keysOf, newBucket, signingFetch } from "./support/gateway.ts";
import { bundled, untilKilled } from "./support/killed-process.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const WRITERS = 8;
const LIVES = runs(5);

/** What boto3 and NumPy see: the rows of all objects, and their sum. */
function seenByBoto(bucket: string): [rows: number, sum: number] {
  const code = `
import boto3, io, json, os, sys, numpy as np
s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
keys = [o["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=sys.argv[1]) for o in page.get("Contents", [])]
arrays = [np.load(io.BytesIO(s3.get_object(Bucket=sys.argv[1], Key=k)["Body"].read())) for k in keys if k.endswith(".npy")]
a = np.concatenate(arrays)
print(json.dumps([len(a), int(a.astype("int64").sum())]))`;
  const env = { ...process.env, ...gatewayVariables };
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", ["-c", code, new URL(bucket).pathname.slice(1)], {
    encoding: "utf8",
    env,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

test.runIf(gatewayVariables !== undefined).each([
  ["in memory", 0],
  ["spooled", 0],
  ["in memory, through a network that fails", 0.15],
  ["spooled, through a network that fails", 0.15],
])(
  "%s: no acknowledged row is lost or doubled, and names have no gaps",
  async (where, rate) => {
    const script = await bundled("s3-shards-process.ts");
    const bucket = await newBucket();
    const faults: readonly Fate[] = ["lose", "lose", "drop", 500, 503];
    const way = await faultyWay(({ method }) => {
      if (Math.random() >= rate) return "pass";
      return method === "PUT" ? (faults[Math.floor(Math.random() * faults.length)] as Fate) : 500;
    });
    const url = way.via(`${bucket}/fleet`);
    // Two machines, each with one spool.
    const spools = where.startsWith("spooled") ? [temporaryDirectory(), temporaryDirectory()] : ["", ""];
    const acknowledged = new Map<number, number>();
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        for (let round = 0; round < LIVES; round++) {
          const id = 1000 * writer + round;
          const args = [url, String(id), spools[writer % 2] as string];
          const lines = await untilKilled(script, args, Math.random() * 600);
          acknowledged.set(id, Number(lines.at(-1)));
        }
      }),
    );
    for (const spool of spools) {
      if (spool === "") continue;
      await recoverShards(s3Folder(url, { fetch: signingFetch(), spool }));
      expect(readdirSync(spool).filter((name) => statSync(join(spool, name)).size > 0)).toEqual([]);
    }
    const names = (await keysOf(bucket)).map((key) => key.replace("fleet/", "")).filter((name) => !name.startsWith("."));
    expect(names).toEqual(names.map((_, i) => `${String(i).padStart(8, "0")}.npy`));

    const { data, shape } = await load(s3Folder(`${bucket}/fleet`, { fetch: signingFetch() }), { dtype: "int32" });
    const counts = new Map<number, number>();
    for (let i = 0; i < data.length; i += 2) {
      const [id, row] = [data[i] as number, data[i + 1] as number];
      // In the order of its appends, each once.
      expect(row, `writer ${id}`).toBe(counts.get(id) ?? 0);
      counts.set(id, row + 1);
    }
    for (const [id, rows] of acknowledged) expect(counts.get(id) ?? 0, `writer ${id}`).toBeGreaterThanOrEqual(rows);
    expect(Math.max(...acknowledged.values())).toBeGreaterThan(0);
    if (rate > 0) expect(way.log.some((line) => line.startsWith("PUT") && line.endsWith(" lose"))).toBe(true);
    expect(seenByBoto(bucket)).toEqual([shape[0], data.reduce((total, value) => total + value, 0)]);
  },
  600_000,
);
