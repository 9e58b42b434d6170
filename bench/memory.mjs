// What appending needs beside the array that is appended.
import { closeSync, openSync, writeSync } from "node:fs";
import { NpyAppendArray } from "../dist/node.js";
import { numbers, watchMemory } from "./measure.mjs";

export const title = "Memory";
export const about =
  "Each figure is of a process of its own. Extra memory: by how much the peak during one append of a large array was above what the " +
  "process had before it, with the array in it; and what smaller appends before that one left behind.";

const KINDS = {
  contiguous: { label: "contiguous", from: "float64", to: "<f8" },
  cast: { label: "float32 → float64", from: "float32", to: "<f8" },
  narrowed: { label: "float64 → float16", from: "float64", to: "<f2" },
  swapped: { label: "byte-swapped", from: "float64", to: ">f8" },
  transposed: { label: "transposed", from: "float64", to: "<f8", transposed: true },
  records: { label: "columns of records", records: true },
};

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const rounds = pick(1, 2, 5);
  const bytes = pick(2 ** 20, 2 ** 26, 2 ** 30);
  const list = [];
  for (const [kind, { label, records = false, ...params }] of Object.entries(KINDS)) {
    for (const mode of kind === "contiguous" || kind === "swapped" ? ["sync", "async"] : ["sync"]) {
      const contenders = [
        { name: "ours", job: records ? "records" : "append", params: { bytes, mode, ...params }, fresh: true },
        { name: "reference", job: "extra", runtime: "python", params: { bytes, ...params }, fresh: true },
      ];
      if (kind === "contiguous" && mode === "sync")
        contenders.push({ name: "bare", job: "bare", params: { bytes }, fresh: true });
      list.push({
        id: `memory/${kind}-${mode}`,
        label: `extra memory: ${bytes / 2 ** 20} MiB, ${label}, ${mode}`,
        unit: "MiB",
        lowerIsBetter: true,
        rounds,
        contenders: contenders.filter(({ name }) => name !== "reference" || !records),
        targets: [{ atMost: 4 }],
      });
    }
  }
  const total = pick(2 ** 22, 2 ** 30, 10 * 2 ** 30);
  for (const mode of ["sync", "async"]) {
    list.push({
      id: `memory/peak-${mode}`,
      label: `peak of the process: ${total / 2 ** 20} MiB in appends of 1 MiB, ${mode}`,
      unit: "MiB",
      lowerIsBetter: true,
      rounds: pick(1, 1, 2),
      contenders: [
        { name: "ours", job: "peak", params: { total, mode }, fresh: true },
        { name: "bare", job: "barePeak", params: { total }, fresh: true },
        { name: "reference", job: "peak", runtime: "python", params: { total }, fresh: true },
      ],
      targets: [{ atMost: 100 }],
    });
  }
  return list;
}

/**
 * Appends a smaller input some times, so that what is loaded, compiled and optimized then is not of the append that is measured; gives the
 * MiB that this left behind, which are: blocks that are kept for the next append.
 */
async function keptBy(append, small) {
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 4; i++) await append(small);
  globalThis.gc();
  return Math.max(0, process.memoryUsage().arrayBuffers - before) / 2 ** 20;
}

export const jobs = {
  async append({ path, bytes, mode, from, to, transposed = false }) {
    const data = numbers(from, 0);
    const columns = 1024;
    const count = bytes / data.BYTES_PER_ELEMENT;
    const options = { dtype: to, rowShape: [columns], casting: "unsafe" };
    const npaa = mode === "sync" ? NpyAppendArray.openSync(path, options) : await NpyAppendArray.open(path, options);
    const array = (rows) => {
      const elements = numbers(from, rows * columns);
      const strides = transposed ? [1, rows] : [columns, 1];
      return { data: elements, shape: [rows, columns], strides };
    };
    const kept = await keptBy((input) => npaa.append(input), array(Math.ceil(count / columns / 16)));
    const large = array(count / columns);
    const memory = watchMemory();
    await npaa.append(large);
    const { extra } = memory();
    await npaa.close();
    return kept + extra;
  },

  async records({ path, bytes }) {
    const npaa = NpyAppendArray.openSync(path, { dtype: RECORD, rowShape: [] });
    const columns = (rows) => ({ t: numbers("float64", rows), id: numbers("int32", rows), pos: numbers("float32", 3 * rows) });
    const kept = await keptBy((input) => npaa.append(input), columns(Math.ceil(bytes / 24 / 16)));
    const large = columns(Math.floor(bytes / 24));
    const memory = watchMemory();
    npaa.append(large);
    const { extra } = memory();
    npaa.close();
    return kept + extra;
  },

  bare({ path, bytes }) {
    const fd = openSync(path, "w");
    const data = new Uint8Array(bytes).fill(1);
    const memory = watchMemory();
    writeSync(fd, data);
    closeSync(fd);
    return memory().extra;
  },

  async peak({ path, total, mode }) {
    const memory = watchMemory();
    const options = { dtype: "float64", rowShape: [] };
    const npaa = mode === "sync" ? NpyAppendArray.openSync(path, options) : await NpyAppendArray.open(path, options);
    const data = numbers("float64", 2 ** 17);
    for (let done = 0; done < total; done += 2 ** 20) {
      if (mode === "sync") void npaa.append(data);
      else await npaa.append(data);
    }
    await npaa.close();
    return memory().peak;
  },

  barePeak({ path, total }) {
    const memory = watchMemory();
    const fd = openSync(path, "w");
    const data = new Uint8Array(2 ** 20).fill(1);
    for (let done = 0; done < total; done += data.length) writeSync(fd, data);
    closeSync(fd);
    return memory().peak;
  },
};

const RECORD = [
  ["t", "<f8"],
  ["id", "<i4"],
  ["pos", "<f4", [3]],
];
