/** Threads that append to one file, with the built package. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";
import * as built from "../../dist/node.js";
import type { ShareToken } from "../../src/node.ts";

export const PACKAGE: string = new URL("../../dist/node.js", import.meta.url).href;

export const PREAMBLE: string = `
import { parentPort, workerData } from "node:worker_threads";
export const { NpyAppendArray } = await import(workerData.module);
export const { token, id, done } = workerData;
export const codeOf = (promise) => promise.then(() => "none", (error) => error.code ?? String(error));
/** Row after row of [id, number of the append, row], in as many rows as the number says. */
export const rowsOf = (number, rows) => Int32Array.from({ length: 3 * rows }, (_, i) => [id, number, Math.floor(i / 3)][i % 3]);
`;

/** A thread that runs a program; `data` is what it finds in `workerData`. */
export function startWorker(program: string, data: object): Worker {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(PREAMBLE + program)}`), {
    workerData: { module: PACKAGE, ...data },
  });
  onTestFinished(async () => void (await worker.terminate()));
  return worker;
}

/** What a thread says before it ends. */
export async function ask(program: string, data: object): Promise<unknown> {
  const worker = startWorker(program, data);
  const answer = await Promise.race([
    once(worker, "message").then(([message]) => message as unknown),
    once(worker, "error").then(([error]) => Promise.reject(error)),
  ]);
  await worker.terminate();
  return answer;
}

export async function endOf(worker: Worker): Promise<void> {
  await Promise.race([once(worker, "exit"), once(worker, "error").then(([error]) => Promise.reject(error))]);
}

/** How many rows the append with this number has: few, or so many that it takes a while. */
export const LENGTH: string = `(number) => number % 7 === 3 ? 20_000 + number % 5 : 1 + number % 3`;
export const lengthOf: (number: number) => number = (number) => (number % 7 === 3 ? 20_000 + (number % 5) : 1 + (number % 3));

/** Checks that rows are whole appends, those of each writer in their order without a gap; gives how many each has. */
export function appendsOf(data: Int32Array): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < data.length; ) {
    const [id, number] = [data[i] as number, data[i + 1] as number];
    if (number !== (found.get(id) ?? 0)) throw new Error(`append ${number} of ${id} after ${found.get(id) ?? 0}`);
    for (let row = 0; row < lengthOf(number); row++, i += 3) {
      if (data[i] !== id || data[i + 1] !== number || data[i + 2] !== row) {
        throw new Error(`row ${row} of append ${number} of ${id} is [${data.slice(i, i + 3)}]`);
      }
    }
    found.set(id, number + 1);
  }
  return found;
}

export const APPEND_ALL: string = `
export const lengthOf = ${LENGTH};
export const npaa = await NpyAppendArray.attach(token);
for (let number = 0; number < workerData.appends; number++) {
  await npaa.append(rowsOf(number, lengthOf(number)));
  // Every append that is acknowledged is counted before anything else happens.
  if (done !== undefined) Atomics.add(done, id, 1);
}
await npaa.close();
`;

export async function openShared(path: string, options = {}): Promise<{ npaa: built.NpyAppendArray; token: ShareToken }> {
  const npaa = await built.NpyAppendArray.open(path, { dtype: "int32", rowShape: [3], ...options });
  return { npaa, token: npaa.share() };
}
