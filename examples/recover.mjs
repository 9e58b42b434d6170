// Recovery: kills a writer with rewriteHeaderOnAppend: false, and recovers its rows.
import { spawnSync } from "node:child_process";
import { inspect, load, recover } from "npy-append-array";

const writer = `
import { NpyAppendArray } from "npy-append-array";
const npaa = NpyAppendArray.openSync("killed.npy", { deleteIfExists: true, rewriteHeaderOnAppend: false });
for (let i = 0; i < 1000; i++) npaa.append([[i, i * i]]);
process.kill(process.pid, "SIGKILL");
`;
// Resolved here, because the new process would not find the package.
spawnSync(process.execPath, [
  "--input-type=module",
  "--eval",
  writer.replace('"npy-append-array"', JSON.stringify(import.meta.resolve("npy-append-array"))),
]);

const before = await inspect("killed.npy");
console.log(`the header says ${before.shape[0]} rows, ${before.dataLength} bytes of data are there`);
const { rowsAfter } = await recover("killed.npy");
const { data } = await load("killed.npy", { dtype: "float64" });
console.log(`recovered ${rowsAfter} rows, the last one ${data.slice(-2).join(", ")}`);
