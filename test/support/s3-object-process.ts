/**
 * A process that appends to one object in a store until it is killed: URL EQUAL-PARTS. Row i holds the number i. Before each sync it prints
 * `syncing ROWS`, and after it `synced ROWS`.
 */
import { writeSync } from "node:fs";
import { NpyAppendArray } from "../../src/node.ts";
import { s3Object } from "../../src/s3/s3-object.ts";
import { signingFetchOf } from "./signing-fetch.ts";

const ROW = 2 ** 12;

const [url = "", equalParts] = process.argv.slice(2);
const object = s3Object(url, { fetch: signingFetchOf(process.env), partSize: 5 * 2 ** 20, equalParts: equalParts === "true" });
const npaa = await NpyAppendArray.open(object, { dtype: "int32", rowShape: [ROW] });
writeSync(1, `synced ${npaa.length}\n`);
for (;;) {
  // From one row to 16 MiB, in several appends.
  for (let appends = Math.ceil(4 * Math.random()); appends > 0; appends--) {
    const rows = Math.ceil(256 * Math.random() ** 3);
    const data = Int32Array.from({ length: rows * ROW }, (_, i) => npaa.length + Math.floor(i / ROW));
    await npaa.append({ data, shape: [rows, ROW] });
  }
  writeSync(1, `syncing ${npaa.length}\n`);
  await npaa.sync();
  writeSync(1, `synced ${npaa.length}\n`);
}
