/** Eight processes append to one folder of shards, are killed at random moments, and started again. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inspectSync, loadSync, NpyShards, recoverShards } from "../src/node.ts";
import { runs } from "./support/effort.ts";
import { untilKilled } from "./support/killed-process.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const LIBRARY = new URL("../dist/node.js", import.meta.url).href;
const PROCESS = fileURLToPath(new URL("support/shards-process.mjs", import.meta.url));
const WRITERS = 8;
const LIVES = runs(25, 0.2);

/** One life of a process; returns the rows that it had acknowledged when it was killed. */
async function live(folder: string, id: number, milliseconds: number): Promise<number> {
  const lines = await untilKilled(PROCESS, [LIBRARY, folder, String(id)], milliseconds);
  return Number(lines.at(-1));
}

test("no acknowledged row is lost or doubled, and names have no gaps", async () => {
  const folder = temporaryDirectory();
  const acknowledged = new Map<number, number>();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let round = 0; round < LIVES; round++) {
        const id = 1000 * writer + round;
        acknowledged.set(id, await live(folder, id, Math.random() * 150));
      }
    }),
  );
  // Where there are no locks, nothing shows that the processes are gone.
  const { inUse } = await recoverShards(folder);
  expect(inUse).toEqual([]);
  const last = await NpyShards.open(folder, { rowsPerShard: 50 });
  expect(last.adopted).toEqual([]);
  await last.close();

  const names = readdirSync(folder).sort();
  const shards = names.filter((name) => !name.startsWith("."));
  expect(shards).toEqual(Array.from({ length: shards.length }, (_, i) => `${String(i).padStart(8, "0")}.npy`));
  expect(names.filter((name) => name.startsWith(".") && statSync(join(folder, name)).size > 0)).toEqual([]);
  for (const shard of shards) expect(inspectSync(join(folder, shard))).toMatchObject({ needsRecovery: false });

  const { data, shape } = loadSync(folder, { dtype: "int32" });
  const counts = new Map<number, number>();
  for (let i = 0; i < data.length; i += 2) {
    const [id, row] = [data[i] as number, data[i + 1] as number];
    // In the order of its appends, each once.
    expect(row, `writer ${id}`).toBe(counts.get(id) ?? 0);
    counts.set(id, row + 1);
  }
  for (const [id, rows] of acknowledged) expect(counts.get(id) ?? 0, `writer ${id}`).toBeGreaterThanOrEqual(rows);
  if (numpyVersion === undefined) return;
  const [rows, sum] = python<[number, number]>(
    "a = np.concatenate([np.load(f) for f in data]); print(json.dumps([len(a), int(a.astype('int64').sum())]))",
    shards.map((name) => join(folder, name)),
  );
  expect([rows, sum]).toEqual([shape[0], data.reduce((total, value) => total + value, 0)]);
}, 600_000);
