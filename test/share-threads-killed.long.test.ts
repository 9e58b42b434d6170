/** Threads that append to one file are terminated, and their process is killed. They run the built package. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { inspect, load, recover } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";
import { APPEND_ALL, appendsOf, endOf, LENGTH, lengthOf, openShared, PACKAGE, PREAMBLE, startWorker } from "./support/threads.ts";

test.each([{}, { durability: "data" }, { durability: "full" }])(
  "threads are terminated at random moments, the others go on: %o",
  async (options) => {
    const path = temporaryPath();
    const { npaa, token } = await openShared(path, options);
    const rounds = 12;
    const done = new Int32Array(new SharedArrayBuffer(4 * (3 * rounds + 2)));
    // One lives through all of it, and must not be held up.
    const survivor = startWorker(
      `
      const lengthOf = ${LENGTH};
      const npaa = await NpyAppendArray.attach(token);
      let isOver = false;
      parentPort.once("message", () => { isOver = true; });
      for (let number = 0; !isOver; number++) {
        await npaa.append(rowsOf(number, lengthOf(number)));
        Atomics.add(done, id, 1);
        await new Promise(setImmediate);
      }
      await npaa.close();
      parentPort.close();
      `,
      { token, id: 0, done },
    );
    for (let round = 0; round < rounds; round++) {
      const ids = [1, 2, 3].map((i) => 3 * round + i);
      const workers = ids.map((id) => startWorker(APPEND_ALL, { token, id, appends: 1e9, done }));
      const own = 3 * rounds + 1;
      await Promise.all(
        workers.map(async (worker, i) => {
          const soon = performance.now() + 2000;
          while (Atomics.load(done, ids[i] as number) === 0 && performance.now() < soon) {
            await wait(1);
          }
          await wait(Math.random() * 15);
          await worker.terminate();
        }),
      );
      const before = Atomics.load(done, 0);
      const number = Atomics.load(done, own);
      const rows = lengthOf(number);
      // Behind whatever they left.
      await npaa.append(Int32Array.from({ length: 3 * rows }, (_, i) => [own, number, Math.floor(i / 3)][i % 3] as number));
      Atomics.add(done, own, 1);
      const late = performance.now() + 20_000;
      while (Atomics.load(done, 0) === before) {
        expect(performance.now()).toBeLessThan(late);
        await wait(1);
      }
    }
    survivor.postMessage("enough");
    await endOf(survivor);
    const { length } = npaa;
    await npaa.close();
    expect((await inspect(path)).needsRecovery).toBe(false);
    const { data, shape } = await load(path);
    expect(shape[0]).toBe(length);
    const found = appendsOf(data as Int32Array);
    for (const [id, acknowledged] of done.entries()) {
      const appends = found.get(id) ?? 0;
      // Whoever was terminated may have had one more, whole, that it was not told of.
      expect([acknowledged, id === 0 || id === 3 * rounds + 1 ? acknowledged : acknowledged + 1]).toContain(appends);
    }
  },
);

test.each([{}, { rewriteHeaderOnAppend: false }])(
  "the process is killed again and again: what recover keeps are whole appends, and all that were acknowledged (%o)",
  async (options) => {
    const path = temporaryPath();
    const worker = `${PREAMBLE}
    import { openSync, writeSync } from "node:fs";
    const lengthOf = ${LENGTH};
    const npaa = await NpyAppendArray.attach(token);
    const acknowledged = openSync(workerData.path + "." + id, "w");
    for (let number = 0; ; number++) {
      await npaa.append(rowsOf(number, lengthOf(number)));
      writeSync(acknowledged, ".");
    }
  `;
    const program = `
    import { Worker } from "node:worker_threads";
    const [module, path, worker, options, ...ids] = process.argv.slice(1);
    const { NpyAppendArray } = await import(module);
    const npaa = await NpyAppendArray.open(path, { dtype: "int32", rowShape: [3], ...JSON.parse(options) });
    const token = npaa.share();
    for (const id of ids.map(Number)) {
      new Worker(new URL("data:text/javascript," + encodeURIComponent(worker)), { workerData: { module, token, id, path } });
    }
  `;
    const acknowledged = (id: number): number => statSync(`${path}.${id}`, { throwIfNoEntry: false })?.size ?? 0;
    const all: number[] = [];
    for (let round = 0; round < 4; round++) {
      const ids = [1, 2, 3].map((i) => 3 * round + i);
      all.push(...ids);
      const args = ["--input-type=module", "-e", program, PACKAGE, path, worker, JSON.stringify(options), ...ids.map(String)];
      const child = spawn(process.execPath, args, { stdio: "inherit" });
      onTestFinished(() => void child.kill("SIGKILL"));
      while (!ids.every((id) => acknowledged(id) > 0)) await wait(1);
      await wait(Math.random() * 50);
      child.kill("SIGKILL");
      await once(child, "exit");
      const { shape } = await load(path);
      const report = await recover(path, { dropUncounted: true });
      expect([report.rowsBefore, report.rowsAfter]).toEqual([shape[0], shape[0]]);
      expect((await inspect(path)).needsRecovery).toBe(false);
      const found = appendsOf((await load(path)).data as Int32Array);
      for (const id of all) expect([acknowledged(id), acknowledged(id) + 1]).toContain(found.get(id));
    }
  },
);
