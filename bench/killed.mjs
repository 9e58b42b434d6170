// What can be read when the process that wrote it was killed.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspectSync } from "../dist/node.js";

export const title = "Killed";
export const about =
  "1,000 rows of three float64, appended one by one by the writers of [Peers](#peers), Parquet's at once; then the process gets SIGKILL. The figure is how " +
  "many rows a reader finds in the file as it is, without repairing it.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows() {
  const params = { rows: 1000, columns: 3, batch: 1 };
  const contender = (name, job, more = {}, others = {}) => ({
    name,
    job,
    params: { ...params, ...more },
    fresh: true,
    ...others,
  });
  return [
    {
      id: "killed/rows",
      label: "rows of 1,000 that can be read after SIGKILL",
      unit: "rows",
      rounds: 3,
      contenders: [
        contender("ours", "npy", { mmap: process.platform === "linux" }),
        contender("ours, without `mmap`", "npy"),
        contender("reference", "left", { job: "batches" }, { runtime: "python" }),
        contender("apache-arrow", "arrow", { isEach: true }, { installed: true }),
        contender("SQLite", "left", { job: "sqlite" }, { runtime: "python" }),
        contender("hyparquet-writer", "parquet", {}, { installed: true }),
      ],
      targets: [{ atLeast: 1000 }],
    },
  ];
}

/** Does a job of `peers.mjs` in a process that is killed before it closes anything. */
function kill(job, params) {
  const peers = new URL("peers.mjs", import.meta.url).href;
  const script = `const { jobs } = await import(${JSON.stringify(peers)});
    await jobs[${JSON.stringify(job)}](${JSON.stringify({ ...params, killed: true })});`;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { signal, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd, encoding: "utf8" });
  // Windows has no signals.
  if (signal !== "SIGKILL" && process.platform !== "win32") throw new Error(`${job} was not killed: ${stderr}`);
}

export const jobs = {
  npy(params) {
    kill("append", params);
    return inspectSync(params.path).shape[0];
  },

  async arrow(params) {
    kill("arrow", params);
    const { tableFromIPC } = await import("apache-arrow");
    return tableFromIPC(readFileSync(params.path)).numRows;
  },

  async parquet(params) {
    kill("parquet", params);
    const { asyncBufferFromFile, parquetMetadataAsync } = await import("hyparquet");
    try {
      return Number((await parquetMetadataAsync(await asyncBufferFromFile(params.path))).num_rows);
    } catch {
      return 0; // no footer, or no file
    }
  },
};
