// Appending large contiguous chunks.
import { NpyAppendArray } from "../dist/node.js";
import { writePieces, writePiecesAsync } from "./bare.mjs";
import { stopwatch } from "./measure.mjs";

export const title = "Bulk";
export const about =
  "float64, in contiguous chunks of 1, 16 and 64 MiB, each followed by a header. Bare Node writes the same bytes with one " +
  "`fs.writeSync` (`fs.write`) a chunk.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const list = [];
  for (const mebibytes of pick([1], [1, 16, 64], [1, 16, 64])) {
    const chunk = mebibytes * 2 ** 20;
    const total = Math.max(chunk, pick(2, 256, 1024) * 2 ** 20);
    const bare = (job, withHeader) => ({
      name: withHeader ? "bare" : "bare, no header",
      job,
      params: { total, piece: chunk, withHeader },
    });
    for (const mode of ["sync", "async"]) {
      const job = mode === "sync" ? "bareSync" : "bareAsync";
      list.push({
        id: `bulk/${mode}-${mebibytes}`,
        label: `${mebibytes} MiB, ${mode}`,
        unit: "B/s",
        amount: total,
        contenders: [
          { name: "ours", job: mode === "sync" ? "appendSync" : "appendAwaited", params: { total, chunk } },
          bare(job, true),
          bare(job, false),
          { name: "reference", runtime: "python", job: "bulk", params: { total, chunk } },
          { name: "NumPy `tofile`", runtime: "python", job: "tofile", params: { total, chunk } },
        ],
        targets: [
          { against: "bare", atLeast: 0.95 },
          { against: "reference", atLeast: 1.2 },
        ],
      });
    }
  }
  return list;
}

export const jobs = {
  bareSync: writePieces,
  bareAsync: writePiecesAsync,

  appendSync({ path, total, chunk }) {
    const npaa = NpyAppendArray.openSync(path, { dtype: "float64", rowShape: [] });
    const data = new Float64Array(chunk / 8).fill(1);
    const seconds = stopwatch();
    for (let done = 0; done < total; done += chunk) npaa.append(data);
    npaa.close();
    return seconds();
  },

  async appendAwaited({ path, total, chunk }) {
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
    const data = new Float64Array(chunk / 8).fill(1);
    const seconds = stopwatch();
    for (let done = 0; done < total; done += chunk) await npaa.append(data);
    await npaa.close();
    return seconds();
  },
};
