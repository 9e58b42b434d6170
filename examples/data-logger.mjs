// A data logger: numbers arrive one by one, and are safe once `append` has resolved. A second run appends to the same file.
import { NpyAppendArray } from "npy-append-array";

// If the last run was killed in the middle of a write, this cuts off the incomplete last row.
const log = await NpyAppendArray.open("log.npy", { dtype: "float64", rowShape: [2], onNeedsRecovery: "truncate" });

for (let i = 0; i < 100; i++) {
  const sensor = Math.sin(i / 10);
  await log.append([[Date.now(), sensor]]);
}
await log.sync(); // everything so far now survives a power cut, too
console.log(`log.npy holds ${log.length} rows`);
await log.close();
