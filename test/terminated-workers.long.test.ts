/** Workers that load koffi, in processes of their own: a worker that is terminated there must not end its process. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { runs } from "./support/effort.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const koffi = await import("koffi").catch(() => undefined);
const hasLocks = koffi !== undefined;

/** Runs a program in a process, with `start(body, data)` for workers and what `say` is given as the result. */
async function inProcess(imports: boolean, program: string, ...args: string[]): Promise<unknown> {
  const preamble = `
    import { once } from "node:events";
    import { Worker } from "node:worker_threads";
    const [module, ...args] = process.argv.slice(1);
    ${imports ? "const { NpyAppendArray } = await import(module);" : ""}
    const say = (value) => console.log(JSON.stringify(value));
    const start = (body, data) => new Worker(
      'import { parentPort, workerData } from "node:worker_threads"; const npy = await import(workerData.module);' +
      'parentPort.postMessage("imported"); ' + body,
      { eval: true, workerData: { module, ...data } });
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    "--input-type=module",
    "-e",
    preamble + program,
    PACKAGE,
    ...args,
  ]);
  return JSON.parse(stdout);
}

/** What loads koffi: a lock, a mapped file, a mapped header, a copy done by the system. */
const uses = {
  open: `const npaa = await npy.NpyAppendArray.open(path, { dtype: "int8", rowShape: [] }); for (;;) await npaa.append([1]);`,
  mmap: `npy.saveSync(path, new Int8Array(1e5)); for (;;) await (await npy.NpyReader.open(path, { mmap: true })).read();`,
  mappedHeader: `const npaa = await npy.NpyAppendArray.open(path, { dtype: "int8", rowShape: [], mmap: true, lock: false });
    for (;;) await npaa.append([1]);`,
  appendFrom: `npy.saveSync(path, new Int8Array(1e7)); const npaa = await npy.NpyAppendArray.open(path + "2");
    for (;;) await npaa.appendFrom(await npy.NpyReader.open(path));`,
};

/** Those that do without koffi in workers whose main thread does not hold still for them. */
const UNPROTECTED = ["open", "appendFrom"];

const cases = Object.keys(uses).flatMap((use) =>
  (UNPROTECTED.includes(use) ? [true, false] : [true]).map((imports) => [use, imports]),
);

/**
 * koffi ends the process if a worker is terminated just while it makes a view of mapped memory, about once in 200 terminations of one that does nothing
 * else (docs/concurrency.md). Loading koffi, which is tested here, would end it far more often.
 */
const RARELY_ENDED = { retry: 3 };

test.each(cases as [string, boolean][])(
  "terminated at any moment of %s, where the main thread imports the package: %s",
  RARELY_ENDED,
  async (use, imports) => {
    const program = `
      let ended = 0;
      for (let i = 0; i < ${runs(40, 0.5)}; i++) {
        const worker = start("const { path } = workerData;" + ${JSON.stringify(uses[use as keyof typeof uses])}, { path: args[0] + "/" + i + ".npy" });
        await once(worker, "message");
        await new Promise((resolve) => setTimeout(resolve, 40 * Math.random()));
        await worker.terminate();
        ended++;
      }
      say(ended);
    `;
    expect(await inProcess(imports, program, temporaryDirectory())).toBe(runs(40, 0.5));
  },
);

test("terminated by a worker that started it", RARELY_ENDED, async () => {
  const inner = `
    const { path } = workerData;
    const { once } = await import("node:events");
    const { Worker } = await import("node:worker_threads");
    for (let i = 0; i < ${runs(40, 0.5)}; i++) {
      const body = 'import { parentPort, workerData } from "node:worker_threads"; const npy = await import(workerData.module);' +
        'parentPort.postMessage(1); const { path } = workerData;' + ${JSON.stringify(uses.mmap)};
      const worker = new Worker(body, { eval: true, workerData: { module: workerData.module, path: path + i } });
      await once(worker, "message");
      await new Promise((resolve) => setTimeout(resolve, 40 * Math.random()));
      await worker.terminate();
    }
    parentPort.postMessage("done");
  `;
  const program = `
    const worker = start(${JSON.stringify(inner)}, { path: args[0] });
    await once(worker, "message");
    say(await once(worker, "message"));
  `;
  expect(await inProcess(true, program, temporaryPath())).toEqual(["done"]);
});

test.skipIf(!hasLocks)("a worker has locks if the main thread imported the package before, or if they are demanded", async () => {
  const path = temporaryPath();
  const holder = `
    const npaa = await NpyAppendArray.open(args[0], { dtype: "int8", rowShape: [] });
    await npaa.append([1]);
    const ask = async (lock) => {
      const worker = start(
        \`const code = await npy.NpyAppendArray.open(workerData.path, { lock: \${JSON.stringify(lock)} }).then(() => "opened", (error) => error.code);
        parentPort.postMessage(code);\`, { path: args[0] });
      await once(worker, "message");
      const [code] = await once(worker, "message");
      await worker.terminate();
      return code;
    };
    const said = [await ask("auto"), await ask(true)];
    await npaa.close();
    say([...said, await ask("auto")]);
  `;
  expect(await inProcess(true, holder, path)).toEqual(["ERR_NPY_LOCKED", "ERR_NPY_LOCKED", "opened"]);
  const demanding = `
    const open = (lock) => start(
      "const code = await npy.NpyAppendArray.open(workerData.path, { lock: " + lock + " }).then(() => 'opened', (error) => error.code);" +
      "parentPort.postMessage(code); setInterval(() => undefined, 1000);", { path: args[0] });
    const said = [];
    for (const lock of [true, true]) {
      const worker = open(lock);
      await once(worker, "message");
      said.push((await once(worker, "message"))[0]);
    }
    say(said);
    process.exit();
  `;
  expect(await inProcess(false, demanding, path)).toEqual(["opened", "ERR_NPY_LOCKED"]);
});

test("the main thread goes on at once, and messages of others pass through", async () => {
  const program = `
    import { postMessageToThread } from "node:worker_threads";
    const worker = start(${JSON.stringify(`
      const { postMessageToThread } = await import("node:worker_threads");
      const npaa = await npy.NpyAppendArray.open(workerData.path, { dtype: "int8", rowShape: [] });
      await postMessageToThread(0, { other: 1 });
      await npaa.append([1]);
      await npaa.close();
    `)}, { path: args[0] });
    const seen = [];
    process.on("workerMessage", (message) => seen.push(message.other ?? "hold"));
    await once(worker, "exit");
    say(seen.filter((message) => message !== "hold"));
  `;
  expect(await inProcess(true, program, temporaryPath())).toEqual([1]);
});
