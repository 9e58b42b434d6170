/** A hundred shards that a real S3 server joins. */
import { expect, test } from "vitest";
import { NpyReader, NpyShards } from "../src/node.ts";
import { concat } from "../src/s3/concat.ts";
import { s3Folder } from "../src/s3/s3-folder.ts";
import { s3Object } from "../src/s3/s3-object.ts";
import { countingFetch, gatewayVariables, newBucket, signingFetch } from "./support/gateway.ts";

const MIB = 2 ** 20;
const SHARDS = 100;

test.runIf(gatewayVariables !== undefined)(
  "100 shards of 8 MiB become one object in seconds",
  async () => {
    const bucket = await newBucket();
    const folder = s3Folder(`${bucket}/shards`, { fetch: signingFetch() });
    const shards = await NpyShards.open(folder, { maxBytes: 8 * MIB, dtype: "float64", rowShape: [16] });
    for (let i = 0; i < SHARDS; i++) {
      await shards.append({ data: new Float64Array(MIB).fill(i), shape: [MIB / 16, 16] });
    }
    await shards.close();
    const counts = countingFetch();
    const began = performance.now();
    const report = await concat(`${bucket}/joined.npy`, folder, { fetch: counts.fetch });
    const seconds = (performance.now() - began) / 1000;
    console.info(`joined in ${seconds.toFixed(1)} s, ${counts.requests} requests`);
    expect(seconds).toBeLessThan(60);
    expect(report).toEqual({ rows: (SHARDS * MIB) / 16, bytesCopied: 8 * (SHARDS - 1) * MIB, bytesSent: 8 * MIB });
    expect(counts.received).toBeLessThan(9 * MIB);
    expect(counts.sent).toBeLessThan(9 * MIB);
    const reader = await NpyReader.open(s3Object(`${bucket}/joined.npy`, { fetch: signingFetch() }), { dtype: "float64" });
    expect(reader.shape).toEqual([(SHARDS * MIB) / 16, 16]);
    const rows = Array.from({ length: SHARDS }, (_, i) => [(i * MIB) / 16, ((i + 1) * MIB) / 16 - 1]).flat();
    const { data } = await reader.take(rows);
    for (let i = 0; i < rows.length; i++) expect([...data.slice(16 * i, 16 * i + 16)]).toEqual(new Array(16).fill(i >> 1));
    await reader.close();
  },
  300_000,
);
