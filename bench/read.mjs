// Reading slices and whole files.
import { closeSync, openSync, read, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { dtype, formatHeader, NpyReader } from "../dist/node.js";
import { numbers, sourceFile, stopwatch } from "./measure.mjs";

export const title = "Reading";
export const about =
  "A file of float64 that the system holds in memory. Bare Node reads the same bytes with `fs.readSync` (`fs.read`) into one buffer; so do we with `out`; " +
  "else we give a new array for each slice and chunk, which is the caller's to keep. NumPy copies the slices of a `memmap`. Where files are " +
  "mapped, nobody copies, and an element of each page is looked at.";

const readAsync = promisify(read);

const PAGE = 4096;

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const fileBytes = pick(2 ** 20, 2 ** 26, 2 ** 29);
  const row = (id, label, bytes, mode, job) => {
    const passes = bytes < 2 ** 16 ? (mode === "sync" ? 1 : 1 / 4) : mode === "sync" ? 8 : 4;
    const params = { fileBytes, passes, bytes, mode };
    return {
      id: `read/${id}`,
      label,
      unit: "B/s",
      amount: passes * fileBytes,
      contenders: [
        { name: "ours", job, params: { ...params, reuses: true } },
        { name: "ours, new arrays", job, params, apart: true },
        { name: "bare", job: "bare", params: { ...params, inOrder: job === "chunks" } },
        { name: "NumPy `memmap`", job: "slices", runtime: "python", params: { fileBytes, passes, bytes } },
      ],
      targets: [{ against: "bare", atLeast: 0.95 }],
    };
  };
  // A mapping costs nothing before it is looked at.
  const mapped = (id, label, bytes, inOrder) => {
    const params = { fileBytes, passes: 2, bytes, mode: "sync", inOrder, step: PAGE / 8 };
    return {
      id: `read/${id}`,
      label,
      unit: "B/s",
      amount: 2 * fileBytes,
      contenders: [
        { name: "ours", job: "slices", params: { ...params, mmap: true } },
        { name: "`read`", job: "slices", params, apart: true },
        { name: "bare", job: "bare", params },
        { name: "NumPy `memmap`", job: "mapped", runtime: "python", params: { fileBytes, bytes, inOrder } },
      ],
      targets: [{ against: "`read`", atLeast: 1 }],
    };
  };
  return [
    row("slices-4k-sync", "`read` of 4 KiB slices, sync", 2 ** 12, "sync", "slices"),
    row("slices-4k-async", "`read` of 4 KiB slices, async", 2 ** 12, "async", "slices"),
    row("slices-64k-sync", "`read` of 64 KiB slices, sync", 2 ** 16, "sync", "slices"),
    row("slices-1m-sync", "`read` of 1 MiB slices, sync", 2 ** 20, "sync", "slices"),
    row("slices-1m-async", "`read` of 1 MiB slices, async", 2 ** 20, "async", "slices"),
    row("chunks-sync", "`chunks` of 1 MiB, sync", 2 ** 20, "sync", "chunks"),
    row("chunks-async", "`chunks` of 1 MiB, async", 2 ** 20, "async", "chunks"),
    row("chunks-16m-sync", "`chunks` of 16 MiB, sync", Math.min(fileBytes, 2 ** 24), "sync", "chunks"),
    mapped("mmap-slices-4k", "4 KiB slices of a mapped file, at random", 2 ** 12, false),
    mapped("mmap-slices-1m", "1 MiB slices of a mapped file, at random", 2 ** 20, false),
    mapped("mmap-scan", "a mapped file from end to end, 4 MiB at a time", Math.min(fileBytes, 2 ** 22), true),
  ];
}

function fileOf(path, bytes) {
  return sourceFile(path, `read-${bytes}.npy`, (file) => writeNumbers(file, bytes));
}

function writeNumbers(path, bytes) {
  const fd = openSync(path, "w");
  writeSync(fd, formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [bytes / 8] }));
  const block = numbers("float64", 2 ** 17);
  for (let done = 0; done < bytes; done += block.byteLength) writeSync(fd, block);
  closeSync(fd);
}

/** The first elements of the slices, one after the other or in an order that jumps, again and again. */
function* starts({ fileBytes, passes, bytes, inOrder = false }) {
  const slices = fileBytes / bytes;
  for (let i = 0; i < passes * slices; i++) yield (((i * (inOrder ? 1 : 7919)) % slices) * bytes) / 8;
}

/** The least that a caller would do with data: looks at one of `step` elements, else at the first alone. */
function look(data, step = data.length) {
  for (let i = 0; i < data.length; i += step) if (Number.isNaN(data[i])) throw new Error("not what was written");
}

export const jobs = {
  async slices({ path, mode, reuses = false, mmap = false, step, ...order }) {
    const { fileBytes, bytes } = order;
    const file = fileOf(path, fileBytes);
    const rows = bytes / 8;
    const into = reuses ? { out: new Float64Array(rows) } : {};
    const reader = mode === "sync" ? NpyReader.openSync(file, { mmap }) : await NpyReader.open(file, { mmap });
    const seconds = stopwatch();
    for (const start of starts(order)) {
      const slice = mode === "sync" ? reader.read(start, start + rows, into) : await reader.read(start, start + rows, into);
      look(slice.data, step);
    }
    const taken = seconds();
    await reader.close();
    return taken;
  },

  async chunks({ path, fileBytes, passes, bytes, mode, reuses = false }) {
    const file = fileOf(path, fileBytes);
    const rows = bytes / 8;
    const into = reuses ? { out: new Float64Array(rows) } : {};
    const reader = mode === "sync" ? NpyReader.openSync(file) : await NpyReader.open(file);
    const seconds = stopwatch();
    for (let pass = 0; pass < passes; pass++) {
      if (mode === "sync") for (const { data } of reader.chunks({ rows, ...into })) look(data);
      else for await (const { data } of reader.chunks({ rows, ...into })) look(data);
    }
    const taken = seconds();
    await reader.close();
    return taken;
  },

  async bare({ path, mode, step, ...order }) {
    const { fileBytes, bytes } = order;
    const file = fileOf(path, fileBytes);
    const fd = openSync(file, "r");
    const data = new Float64Array(bytes / 8);
    const buffer = new Uint8Array(data.buffer);
    const seconds = stopwatch();
    for (const start of starts(order)) {
      const position = 128 + 8 * start;
      if (mode === "sync") readSync(fd, buffer, 0, bytes, position);
      else await readAsync(fd, buffer, 0, bytes, position);
      look(data, step);
    }
    const taken = seconds();
    closeSync(fd);
    return taken;
  },
};
