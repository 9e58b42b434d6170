/**
 * A process that appends to a folder of shards until it is killed: MODULE FOLDER ID. Its rows are (ID, 0), (ID, 1) ... It prints how many rows are
 * acknowledged, one line for each append.
 */
import { writeSync } from "node:fs";

const [module = "", folder = "", id] = process.argv.slice(2);
const { NpyShards } = await import(module);
const shards = await NpyShards.open(folder, { rowsPerShard: 50, dtype: "int32", rowShape: [2] });
for (let next = 0; ; ) {
  const count = 1 + ((next * 7 + Number(id)) % 60);
  const rows = new Int32Array(2 * count);
  for (let i = 0; i < count; i++) rows.set([Number(id), next + i], 2 * i);
  await shards.append(rows);
  next += count;
  writeSync(1, `${next}\n`);
  if (next % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
