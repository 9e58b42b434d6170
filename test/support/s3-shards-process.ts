/**
 * A process that appends to shards in a store until it is killed: URL ID SPOOL, where an empty SPOOL means memory. Its rows are (ID, 0), (ID, 1) ... It prints how
 * many rows are acknowledged: with a spool after each append, else after each sync.
 */
import { writeSync } from "node:fs";
import { NpyShards } from "../../src/node.ts";
import { usePaths } from "../../src/node-runtime.ts";
import { s3Folder } from "../../src/s3/s3-folder.ts";
import { signingFetchOf } from "./signing-fetch.ts";

// The bundler drops the call of src/node.ts.
usePaths();
const [url = "", id = "", spool = ""] = process.argv.slice(2);
const folder = s3Folder(url, {
  fetch: signingFetchOf(process.env),
  ...(spool !== "" && { spool }),
});
const shards = await NpyShards.open(folder, { rowsPerShard: 50, dtype: "int32", rowShape: [2] });
for (let next = 0, appends = 1; ; appends++) {
  const count = 1 + ((next * 7 + Number(id)) % 60);
  const rows = new Int32Array(2 * count);
  for (let i = 0; i < count; i++) rows.set([Number(id), next + i], 2 * i);
  await shards.append(rows);
  next += count;
  if (spool === "" || appends % 4 === 0) await shards.sync();
  writeSync(1, `${next}\n`);
}
