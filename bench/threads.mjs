// Appending from several threads to one file.
import { Worker } from "node:worker_threads";
import { NpyAppendArray } from "../dist/node.js";
import { numbers, stopwatch } from "./measure.mjs";

export const title = "Threads";
export const about =
  "Workers that append to one shared file: float64 arrays in C order are cast to float32 and put into Fortran order, which mostly waits for memory, or float32 " +
  "arrays are cast to float16, which does not. Bytes per second are those of the arrays that are given. Starting the threads does not count. The reference's " +
  "threads append to one object of it, each after the other, since that takes one append at a time; they convert at the same time as far as NumPy lets go of Python's lock.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const arrays = pick(4, 16, 128);
  const size = pick(16, 1024, 1024);
  const amount = arrays * size * size * 8;
  const transposed = [1, 2, 4].map((threads) => ({
    id: `threads/${threads}`,
    label: `float64 → float32, C → Fortran, ${threads} ${threads === 1 ? "worker" : "workers"}`,
    unit: "B/s",
    amount,
    contenders: [
      { name: "ours", job: "append", params: { threads, arrays, size } },
      { name: "one thread, not shared", job: "alone", params: { arrays, size } },
      { name: "reference", runtime: "python", job: "threads", params: { threads, arrays, size } },
    ],
    targets: [{ against: "reference", atLeast: 2 }],
  }));
  // As many elements, of half the bytes.
  const halves = [2, 4].map((threads) => ({
    id: `threads/float16-${threads}`,
    label: `float32 → float16, ${threads} workers`,
    unit: "B/s",
    amount: amount / 2,
    contenders: [
      { name: "ours", job: "append", params: { threads, arrays, size, toHalf: true } },
      { name: "1 worker", job: "append", params: { threads: 1, arrays, size, toHalf: true } },
      { name: "one thread, not shared", job: "alone", params: { arrays, size, toHalf: true } },
    ],
    targets: [{ against: "1 worker", atLeast: 1.3 }],
  }));
  return [...transposed, ...halves];
}

const optionsOf = ({ size, toHalf }) =>
  toHalf
    ? { dtype: "float16", rowShape: [size], casting: "same_kind" }
    : { dtype: "float32", rowShape: [size], fortranOrder: true };

const arrayOf = ({ size, toHalf }) => ({ data: numbers(toHalf ? "float32" : "float64", size * size), shape: [size, size] });

const WORKER = `
import { parentPort, workerData } from "node:worker_threads";
const { NpyAppendArray } = await import(workerData.module);
const npaa = await NpyAppendArray.attach(workerData.token);
const { data, shape, arrays } = workerData;
// Before it counts: what is compiled then is no part of a figure.
for (let i = 0; i < 8; i++) await npaa.append({ data, shape });
parentPort.once("message", async () => {
  for (let i = 0; i < arrays; i++) await npaa.append({ data, shape });
  await npaa.close();
  parentPort.postMessage("done");
});
parentPort.postMessage("ready");
`;

export const jobs = {
  async append({ path, threads, arrays, ...kind }) {
    const npaa = await NpyAppendArray.open(path, optionsOf(kind));
    const token = npaa.share();
    const module = new URL("../dist/node.js", import.meta.url).href;
    const workers = Array.from({ length: threads }, () => {
      const workerData = { module, token, arrays: arrays / threads, ...arrayOf(kind) };
      return new Worker(new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`), { workerData });
    });
    const allSay = () => Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
    await allSay();
    const seconds = stopwatch();
    const done = allSay();
    for (const worker of workers) worker.postMessage("begin");
    await done;
    await npaa.close();
    const taken = seconds();
    await Promise.all(workers.map((worker) => worker.terminate()));
    return taken;
  },

  alone({ path, arrays, ...kind }) {
    const npaa = NpyAppendArray.openSync(path, optionsOf(kind));
    const given = arrayOf(kind);
    npaa.append(given);
    const seconds = stopwatch();
    for (let i = 0; i < arrays; i++) npaa.append(given);
    npaa.close();
    return seconds();
  },
};
