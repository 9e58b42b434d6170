// Appending large contiguous chunks.
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { NpyAppendArray, NpyReader, saveSync } from "../dist/node.js";
import { writePieces, writePiecesAsync } from "./bare.mjs";
import { numbers, sourceFile, stopwatch } from "./measure.mjs";

export const title = "Bulk";
export const about =
  "float64, in contiguous chunks of 1, 16 and 64 MiB, each followed by a header. Bare Node writes the same bytes with one " +
  "`fs.writeSync` (`fs.write`) a chunk. The rows of another file are read as well, by `appendFrom` of a reader, and of its chunks.";

/** Both make the system calls that bare Node makes, but for a look each millisecond whether another program changed the file. */
const NOTES = {
  sync: "to check, write and count a chunk takes about 15 µs more than bare Node's two calls, since the copy of 1 MiB has emptied the processor's caches of all code",
  async:
    "another thread writes, as for bare Node, and to hand it the work takes as long as to write some hundred kB: the reference blocks. To check and count the rows " +
    "takes about 15 µs of the main thread more, in caches that the copy has emptied; fewer steps and promises did not make it less",
};

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const list = [];
  for (const mebibytes of pick([1], [1, 16, 64], [1, 16, 64])) {
    const chunk = mebibytes * 2 ** 20;
    // So many appends that it does not matter what is still to be compiled.
    const total = Math.max(chunk, pick(2, mebibytes === 1 ? 256 : 128, 1024) * 2 ** 20);
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
        note: NOTES[mode],
      });
    }
  }
  const bytes = pick(2, 128, 1024) * 2 ** 20;
  for (const mode of ["sync", "async"]) {
    list.push({
      id: `bulk/appendFrom-${mode}`,
      label: `rows of another file, ${mode}`,
      unit: "B/s",
      amount: bytes,
      contenders: [
        { name: "ours", job: mode === "sync" ? "copyRowsSync" : "copyRows", params: { bytes } },
        { name: "bare", job: "bareCopy", params: { bytes } },
        { name: "cat", job: "cat", params: { bytes } },
        { name: "ours, chunks", job: "copyChunks", params: { bytes } },
      ],
      targets: [{ against: "cat", atLeast: 0.8 }],
    });
  }
  return list;
}

/** The time of a copy from a file of so many bytes. */
async function copying({ path, bytes }, copy) {
  const source = sourceFile(path, `bulk-${bytes}.npy`, (source) => saveSync(source, new Float64Array(bytes / 8).fill(1)));
  const seconds = stopwatch();
  await copy(source, path);
  const taken = seconds();
  return taken;
}

export const jobs = {
  copyRowsSync: (params) =>
    copying(params, (source, path) => {
      const reader = NpyReader.openSync(source);
      const npaa = NpyAppendArray.openSync(path);
      npaa.appendFrom(reader);
      npaa.close();
      reader.close();
    }),

  copyRows: (params) => copying(params, (source, path) => copyAsync(source, path, (reader) => reader)),
  copyChunks: (params) => copying(params, (source, path) => copyAsync(source, path, (reader) => reader.chunks())),

  bareCopy: (params) =>
    copying(params, (source, path) => {
      const [from, to] = [openSync(source, "r"), openSync(path, "w")];
      const block = new Uint8Array(2 ** 20);
      for (let count = readSync(from, block); count > 0; count = readSync(from, block)) writeSync(to, block, 0, count);
      closeSync(from);
      closeSync(to);
    }),

  cat: (params) => copying(params, (source, path) => spawnSync("sh", ["-c", 'cat "$0" > "$1"', source, path])),

  bareSync: writePieces,
  bareAsync: writePiecesAsync,

  appendSync({ path, total, chunk }) {
    const npaa = NpyAppendArray.openSync(path, { dtype: "float64", rowShape: [] });
    const data = numbers("float64", chunk / 8);
    const seconds = stopwatch();
    for (let done = 0; done < total; done += chunk) npaa.append(data);
    npaa.close();
    return seconds();
  },

  async appendAwaited({ path, total, chunk }) {
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
    const data = numbers("float64", chunk / 8);
    const seconds = stopwatch();
    for (let done = 0; done < total; done += chunk) await npaa.append(data);
    await npaa.close();
    return seconds();
  },
};

async function copyAsync(source, path, sourceOf) {
  const reader = await NpyReader.open(source);
  const npaa = await NpyAppendArray.open(path);
  await npaa.appendFrom(sourceOf(reader));
  await npaa.close();
  await reader.close();
}
