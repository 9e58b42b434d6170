/** Several threads that append to one file: real ones, which run the built package. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { serialize } from "node:v8";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import * as built from "../dist/node.js";
import { inspect, load, MemoryStorage, NpyAppendArray, NpyReader, recover, type ShareToken } from "../src/node.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";
import {
  APPEND_ALL,
  appendsOf,
  ask,
  endOf,
  LENGTH,
  lengthOf,
  openShared,
  PACKAGE,
  PREAMBLE,
  startWorker,
} from "./support/threads.ts";

test("many threads append at full speed, while a reader follows", async () => {
  const before = openDescriptors();
  const path = temporaryPath();
  const { npaa, token } = await openShared(path);
  const appends = 300;
  const workers = [1, 2, 3].map((id) => startWorker(APPEND_ALL, { token, id, appends }));
  // From now on: they may be done before this thread is.
  const ends = Promise.all(workers.map(endOf));
  const reader = await NpyReader.open(path);
  let isDone = false;
  const reading = (async () => {
    let last = 0;
    for (;;) {
      const isLast = isDone;
      await reader.refresh();
      expect(reader.length).toBeGreaterThanOrEqual(last);
      const { data } = await reader.read(last, reader.length);
      // No row that nobody wrote.
      for (let i = 0; i < data.length; i += 3) if ((data as Int32Array)[i] === 0) throw new Error(`row ${last + i / 3} is a gap`);
      last = reader.length;
      if (isLast) return last;
      await wait(5);
    }
  })();
  const id = 4;
  for (let number = 0; number < appends; number++) {
    const rows = lengthOf(number);
    await npaa.append(Int32Array.from({ length: 3 * rows }, (_, i) => [id, number, Math.floor(i / 3)][i % 3] as number));
    if (number % 10 === 0) await wait(1);
  }
  await ends;
  isDone = true;
  expect(await reading).toBe(npaa.length);
  await reader.close();
  const { length } = npaa;
  await npaa.close();
  const { data, shape } = await load(path);
  expect(shape).toEqual([length, 3]);
  expect(appendsOf(data as Int32Array)).toEqual(new Map([1, 2, 3, 4].map((writer) => [writer, appends])));
  expect((await inspect(path)).needsRecovery).toBe(false);
  expect(openDescriptors()).toBe(before);
});

test.skipIf(process.platform === "win32")(
  "a file that may not grow any more: who cannot write is told, and what was acknowledged is there",
  async () => {
    const path = temporaryPath();
    const program = `
    import { Worker } from "node:worker_threads";
    const { NpyAppendArray } = await import(${JSON.stringify(PACKAGE)});
    const npaa = await NpyAppendArray.open(${JSON.stringify(path)}, { dtype: "int32", rowShape: [3] });
    const token = npaa.share();
    const results = await Promise.all([1, 2, 3].map((id) => new Promise((resolve, reject) => {
      const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(`${PREAMBLE}
        const lengthOf = ${LENGTH};
        const npaa = await NpyAppendArray.attach(token);
        let number = 0, code = "none";
        for (; code === "none"; number++) code = await codeOf(npaa.append(rowsOf(number, lengthOf(number))));
        // Short ones still fit in, perhaps.
        await npaa.close();
        parentPort.postMessage([id, number - 1, code]);
      `)})), { workerData: { module: ${JSON.stringify(PACKAGE)}, token, id } });
      worker.once("message", resolve);
      worker.once("error", reject);
    })));
    await npaa.close();
    console.log(JSON.stringify(results));
  `;
    const script = `ulimit -f 8192; exec "$0" --input-type=module -e "$1"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, program], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(stderr).toBe("");
    const results = JSON.parse(stdout) as [number, number, string][];
    expect(results.map(([, , code]) => code)).toEqual(["EFBIG", "EFBIG", "EFBIG"]);
    expect((await inspect(path)).needsRecovery).toBe(false);
    expect(appendsOf((await load(path)).data as Int32Array)).toEqual(new Map(results.map(([id, appends]) => [id, appends])));
  },
);

describe("what attached writers do", () => {
  test("they cast, transpose and check as the options of the file say", async () => {
    const path = temporaryPath();
    const npaa = await built.NpyAppendArray.open(path, { dtype: "float32", rowShape: [2], fortranOrder: true });
    const answer = await ask(
      `
      const npaa = await NpyAppendArray.attach(token);
      const said = [npaa.path, npaa.length, npaa.shape, npaa.dtype.name, npaa.fortranOrder];
      await npaa.append({ data: new Float64Array([1, 2, 3, 4, 5, 6]), shape: [2, 3] });
      said.push(await codeOf(npaa.append({ data: new Float32Array(9), shape: [3, 3] })));
      said.push(await codeOf(npaa.append({ data: new Float64Array(4), shape: [2, 2], dtype: "complex64" })));
      said.push(await npaa.appendFrom([[[7], [8]]]), npaa.length);
      await npaa.sync();
      await npaa.updateHeader();
      try { npaa.share(); } catch (error) { said.push(error.code); }
      await npaa.close();
      await npaa.close();
      said.push(await codeOf(npaa.append([[1], [2]])));
      parentPort.postMessage(said);
      `,
      { token: npaa.share() },
    );
    expect(answer).toEqual([
      path,
      0,
      [2, 0],
      "float32",
      true,
      "ERR_NPY_SHAPE",
      expect.stringMatching(/^ERR_NPY_/),
      1,
      4,
      "ERR_NPY_OPTION",
      "ERR_NPY_CLOSED",
    ]);
    expect(npaa.shape).toEqual([2, 4]);
    await npaa.close();
    const array = await load(path);
    expect(array.shape).toEqual([2, 4]);
    expect(array.data).toEqual(new Float32Array([1, 4, 2, 5, 3, 6, 7, 8]));
  });

  test("they append the rows of other files, copied and converted", async () => {
    const path = temporaryPath();
    const sources = ([Int32Array, Int16Array] as const).map((Numbers: Int32ArrayConstructor | Int16ArrayConstructor, i) => {
      const source = temporaryPath();
      const rows = 100_000 + i;
      const data = new Numbers(3 * rows).map((_, at) => [i, Math.floor(at / 3) % 30_000, 7][at % 3] as number);
      built.saveSync(source, { data, shape: [rows, 3] });
      return source;
    });
    const { npaa, token } = await openShared(path);
    const program = `
      const { NpyReader } = await import(workerData.module);
      const npaa = await NpyAppendArray.attach(token);
      const reader = await NpyReader.open(workerData.source);
      for (let i = 0; i < 3; i++) await npaa.appendFrom(reader);
      await reader.close();
      await npaa.close();
    `;
    await Promise.all(sources.map((source) => endOf(startWorker(program, { token, source }))));
    const reader = await built.NpyReader.open(sources[0] as string);
    expect(await npaa.appendFrom(reader, { start: -5 })).toBe(5);
    await reader.close();
    await npaa.close();
    const { data, shape } = await load(path, { dtype: "int32" });
    expect(shape).toEqual([3 * 100_000 + 3 * 100_001 + 5, 3]);
    const next = [0, 0];
    for (let i = 0; i < data.length - 15; i += 3) {
      const id = data[i] as number;
      const row = (next[id] as number) % (100_000 + id);
      if (data[i + 1] !== row % 30_000 || data[i + 2] !== 7)
        throw new Error(`row ${i / 3}: [${data.slice(i, i + 3)}], not row ${row} of ${id}`);
      next[id] = (next[id] as number) + 1;
    }
    expect(next).toEqual([300_000, 300_003]);
    expect([...data.slice(-2)]).toEqual([99_999 % 30_000, 7]);
  });

  test("each append is counted by the header, also where that is written on demand else", async () => {
    const path = temporaryPath();
    const { npaa, token } = await openShared(path, { rewriteHeaderOnAppend: false });
    await npaa.append([[1, 2, 3]]);
    const attached = await built.NpyAppendArray.attach(token);
    await attached.append([[4, 5, 6]]);
    expect([attached.length, npaa.length]).toEqual([2, 2]);
    expect((await load(path)).shape).toEqual([2, 3]);
    await npaa.append([[7, 8, 9]]);
    expect((await load(path)).shape).toEqual([3, 3]);
    await attached.updateHeader();
    await attached.close();
    await npaa.close();
  });

  test("rows that are not counted when a file is shared are from then on", async () => {
    const path = temporaryPath();
    const npaa = await built.NpyAppendArray.open(path, { dtype: "int32", rowShape: [3], rewriteHeaderOnAppend: false });
    await npaa.append([[1, 2, 3]]);
    expect((await load(path)).shape).toEqual([0, 3]);
    const attached = await built.NpyAppendArray.attach(npaa.share());
    expect(attached.length).toBe(1);
    expect((await load(path)).shape).toEqual([1, 3]);
    await attached.close();
    await npaa.close();
  });

  test("a thread whose appends wait for nothing lets others attach, and is told of the end", async () => {
    const path = temporaryPath();
    const loop = `
      let code = "none";
      while (code === "none") code = await codeOf(npaa.append(rowsOf(0, 1)));
      parentPort.postMessage(code);
    `;
    const sharer = startWorker(
      `
      const npaa = await NpyAppendArray.open(workerData.path, { dtype: "int32", rowShape: [3] });
      parentPort.postMessage(npaa.share());
      ${loop}`,
      { path, id: 1 },
    );
    const [token] = (await once(sharer, "message")) as [ShareToken];
    const attached = startWorker(
      `
      const npaa = await NpyAppendArray.attach(token);
      parentPort.postMessage("attached");
      ${loop}`,
      { token, id: 2 },
    );
    expect(await once(attached, "message")).toEqual(["attached"]);
    const told = once(attached, "message");
    await wait(20);
    await sharer.terminate();
    expect(await told).toEqual(["ERR_NPY_CLOSED"]);
    await recover(path, { dropUncounted: true });
    expect((await load(path)).data).not.toContain(3);
  });

  test("appends that are under way when a file is shared come first", async () => {
    const path = temporaryPath();
    const npaa = await built.NpyAppendArray.open(path, { dtype: "int32", rowShape: [] });
    const large = npaa.append(new Int32Array(2 ** 20).fill(1));
    await Promise.resolve();
    const attached = await built.NpyAppendArray.attach(npaa.share());
    await attached.append(new Int32Array([2]));
    await large;
    expect(npaa.length).toBe(2 ** 20 + 1);
    await npaa.close();
    expect(((await load(path)).data as Int32Array).at(-1)).toBe(2);
    await attached.close();
  });

  test("another program's writes are noticed by all of them", async () => {
    const path = temporaryPath();
    const { npaa, token } = await openShared(path);
    const attached = await built.NpyAppendArray.attach(token);
    await attached.append([[1, 2, 3]]);
    writeFileSync(path, "x", { flag: "a" });
    await wait(150);
    await expect(attached.append([[4, 5, 6]])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await expect(npaa.append([[4, 5, 6]])).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    const bytes = readFileSync(path);
    await expect(attached.close()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    await expect(npaa.close()).rejects.toMatchObject({ code: "ERR_NPY_CHANGED" });
    expect(readFileSync(path)).toEqual(bytes);
  });
});

describe("the end of sharing", () => {
  test("while closing waits, an append is told that the file was closed", async () => {
    const { npaa, token } = await openShared(temporaryPath());
    const [slow, late] = [await built.NpyAppendArray.attach(token), await built.NpyAppendArray.attach(token)];
    // A writer that has just checked the file begins to write at once: with the clock stopped, the check holds.
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    await slow.append([[1, 2, 3]]);
    const writing = slow.append({ data: new Int32Array(3 * 2 ** 22), shape: [2 ** 22, 3] });
    const closing = npaa.close();
    await wait(0);
    await expect(late.append([[1, 2, 3]])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await writing;
    await Promise.all([closing, slow.close(), late.close()]);
  });

  test("closing waits for what others write, and then they are told", async () => {
    const path = temporaryPath();
    const { npaa, token } = await openShared(path);
    const worker = startWorker(
      `
      const npaa = await NpyAppendArray.attach(token);
      parentPort.postMessage("ready");
      let code = "none", number = 0;
      for (; code === "none"; number++) code = await codeOf(npaa.append(rowsOf(3, 20003)));
      await npaa.close();
      parentPort.postMessage([code, number - 1]);
      `,
      { token, id: 1 },
    );
    await once(worker, "message");
    const answer = once(worker, "message");
    await wait(20);
    await npaa.close();
    const size = statSync(path).size;
    const [[code, appends]] = (await answer) as [[string, number]];
    expect(code).toBe("ERR_NPY_CLOSED");
    expect((await load(path)).shape).toEqual([20003 * appends, 3]);
    expect(statSync(path).size).toBe(size);
    await expect(built.NpyAppendArray.attach(token)).rejects.toMatchObject({ code: "ERR_NPY_CLOSED", path });
    // Who comes next has the file to itself.
    const next = await NpyAppendArray.open(path);
    await next.append([[1, 2, 3]]);
    await next.close();
  });

  test("when the thread that shared the file is terminated, the others are told, and hold nothing up", async () => {
    const path = temporaryPath();
    const worker = startWorker(
      `
      const npaa = await NpyAppendArray.open(workerData.path, { dtype: "int32", rowShape: [3] });
      parentPort.postMessage(npaa.share());
      parentPort.once("message", async () => {
        const data = new Int32Array(3 * 2 ** 22);
        for (;;) await npaa.append(data);
      });
      `,
      { path },
    );
    const [token] = (await once(worker, "message")) as [ShareToken];
    const attached = await built.NpyAppendArray.attach(token);
    await attached.append([[1, 2, 3]]);
    worker.postMessage("go on");
    await wait(100);
    const pending = attached.append([[4, 5, 6]]).then(
      () => "none",
      (error) => error.code,
    );
    await worker.terminate();
    expect(["none", "ERR_NPY_CLOSED"]).toContain(await pending);
    await wait(20);
    await expect(attached.append([[4, 5, 6]])).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    await attached.close();
    await expect(built.NpyAppendArray.attach(token)).rejects.toMatchObject({ code: "ERR_NPY_CLOSED" });
    const { shape } = await load(path);
    expect(shape[0]).toBeGreaterThanOrEqual(1);
  });
});

describe("attaching", () => {
  test("threads that end while they attach keep no place", async () => {
    const { npaa, token } = await openShared(temporaryPath());
    for (let round = 0; round < 3; round++) {
      const worker = startWorker(
        `
        for (let i = 0; i < 120; i++) NpyAppendArray.attach(token).catch(() => undefined);
        parentPort.postMessage("begun");
        `,
        { token },
      );
      await once(worker, "message");
      await wait(round);
      await worker.terminate();
    }
    await wait(50);
    const attached: built.NpyAppendArray[] = [];
    for (let i = 1; i < 128; i++) attached.push(await built.NpyAppendArray.attach(token));
    for (const one of attached) await one.close();
    await npaa.close();
  });

  test("a thread that ends before it answers does not keep others waiting", async () => {
    const worker = startWorker(
      `
      const npaa = await NpyAppendArray.open(workerData.path, { dtype: "int32", rowShape: [3] });
      parentPort.postMessage(npaa.share());
      setImmediate(() => { for (;;); });
      `,
      { path: temporaryPath() },
    );
    const [token] = (await once(worker, "message")) as [ShareToken];
    await wait(20);
    const attaching = built.NpyAppendArray.attach(token).catch((error) => error);
    await wait(20);
    await worker.terminate();
    expect(await attaching).toMatchObject({ code: "ERR_NPY_CLOSED" });
  });

  /** What a process prints whose main thread waits for its workers without an event loop, from when it stores 1 to `flag`. */
  function whileMainWaits(program: string): unknown {
    const preamble = `
      import { once } from "node:events";
      import { MessageChannel, Worker } from "node:worker_threads";
      const { NpyAppendArray, load } = await import(${JSON.stringify(PACKAGE)});
      const path = ${JSON.stringify(temporaryPath())};
      const flag = new Int32Array(new SharedArrayBuffer(8));
      // The main thread waits for each worker to be up, and then for the word 0.
      const start = async (body, data = {}, transferList = []) => {
        const up = 'parentPort.postMessage("up");';
        const finish = 'const finish = (value) => { Atomics.store(flag, 0, value); Atomics.notify(flag, 0); };';
        const keep = 'setInterval(() => undefined, 1000); const { flag, port, path } = workerData;';
        const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(
          ${JSON.stringify(PREAMBLE)} + keep + finish + up +
          "while (Atomics.load(flag, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));" + body)),
          { workerData: { module: ${JSON.stringify(PACKAGE)}, path, flag, ...data }, transferList });
        await once(worker, "message");
        return worker;
      };
      const waitForWorkers = () => {
        Atomics.store(flag, 1, 1);
        Atomics.wait(flag, 0, 0, 10_000);
        return Atomics.load(flag, 0);
      };
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", preamble + program], {
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(stderr).toBe("");
    return JSON.parse(stdout);
  }

  test("works while the main thread waits for the two threads", () => {
    const program = `
      const { port1, port2 } = new MessageChannel();
      await start(\`
        const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
        port.postMessage(npaa.share());
        port.once("message", async () => { await npaa.append([2]); finish(npaa.length); });
      \`, { port: port1 }, [port1]);
      await start(\`
        port.once("message", async (token) => {
          const npaa = await NpyAppendArray.attach(token);
          await npaa.append([1]);
          await npaa.close();
          port.postMessage("done");
        });
      \`, { port: port2 }, [port2]);
      const length = waitForWorkers();
      console.log(JSON.stringify([length, [...(await load(path)).data]]));
      process.exit();
    `;
    expect(whileMainWaits(program)).toEqual([2, [1, 2]]);
  });

  test("works while the main thread, which shared the file, waits, again and again", () => {
    const program = `
      const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
      const token = npaa.share();
      await npaa.append([0]);
      const worker = await start(\`
        let length = 0;
        for (let i = 0; i < 300; i++) {
          const npaa = await NpyAppendArray.attach(token);
          await npaa.append([i]);
          ({ length } = npaa);
          await npaa.close();
        }
        finish(length);
      \`, { token });
      const length = waitForWorkers();
      await npaa.append([0]);
      await worker.terminate();
      await npaa.close();
      console.log(JSON.stringify([length, (await load(path)).shape]));
    `;
    expect(whileMainWaits(program)).toEqual([301, [302]]);
  });

  test("is refused while the main thread waits, if that has closed the file", () => {
    const program = `
      const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
      const token = npaa.share();
      await npaa.close();
      await start(\`finish((await codeOf(NpyAppendArray.attach(token))) === "ERR_NPY_CLOSED" ? 1 : 2);\`, { token });
      console.log(waitForWorkers());
      process.exit();
    `;
    expect(whileMainWaits(program)).toBe(1);
  });

  test("places of threads that ended while the main thread waited are given to others", () => {
    const program = `
      const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [] });
      const token = npaa.share();
      await npaa.append([0]);
      const worker = await start(\`
        const all = [];
        for (let i = 1; i < 128; i++) all.push(await NpyAppendArray.attach(token));
        const code = await codeOf(NpyAppendArray.attach(token));
        await Promise.all(all.map((one) => one.append([1])));
        finish(code === "ERR_NPY_OPTION" ? all[0].length : -1);
        process.exit();
      \`, { token });
      const length = waitForWorkers();
      await once(worker, "exit");
      const other = await start(\`
        const all = [];
        // The main thread may hear late that a thread has ended.
        const attach = async (tries) => await NpyAppendArray.attach(token).catch(async (error) => {
          if (tries === 0) throw error;
          await new Promise((resolve) => setTimeout(resolve, 10));
          return await attach(tries - 1);
        });
        for (let i = 1; i < 128; i++) all.push(await attach(1000));
        for (const one of all) await one.close();
        parentPort.postMessage("closed");
      \`, { token });
      await once(other, "message");
      await other.terminate();
      await npaa.close();
      console.log(JSON.stringify([length, (await load(path)).shape]));
    `;
    expect(whileMainWaits(program)).toEqual([128, [128]]);
  });

  test("two copies of this package in one thread", async () => {
    const ours = await openShared(temporaryPath());
    const path = temporaryPath();
    const other = await NpyAppendArray.open(path, { dtype: "int32", rowShape: [3] });
    for (const token of [ours.token, other.share()]) {
      const program =
        "const npaa = await NpyAppendArray.attach(token); await npaa.append([[1, 2, 3]]); parentPort.postMessage(1);";
      await ask(program, { token, id: 1 });
    }
    expect([ours.npaa.length, other.length]).toEqual([1, 1]);
    await ours.npaa.close();
    await other.close();
  });
});

describe("refusals", () => {
  test("what cannot be shared", async () => {
    const refused = (text: string): unknown =>
      expect.objectContaining({ code: "ERR_NPY_OPTION", message: expect.stringContaining(text) });
    const inMemory = await NpyAppendArray.open(new MemoryStorage(), { dtype: "int8", rowShape: [] });
    expect(() => inMemory.share()).toThrow(refused("file system"));
    const unborn = await NpyAppendArray.open(temporaryPath());
    expect(() => unborn.share()).toThrow(refused("rowShape"));
    await unborn.append([1]);
    expect(unborn.share()).toBe(unborn.share());
    await unborn.close();
    expect(() => unborn.share()).toThrow(expect.objectContaining({ code: "ERR_NPY_CLOSED" }));
  });

  test("what is no token, or was posted to another process", async () => {
    const { npaa, token } = await openShared(temporaryPath());
    // What processes send each other: as JSON the memory is lost, and as V8 writes values it is refused.
    const sent = JSON.parse(JSON.stringify(token));
    expect(() => serialize(token)).toThrow(/could not be cloned/);
    for (const wrong of [undefined, null, 1, "x", {}, { kind: "npy-append-array/share/0", path: "x" }, sent]) {
      await expect(NpyAppendArray.attach(wrong as never)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    }
    await npaa.close();
  });

  test.each(["Bun", "Deno"])("%s, whose threads cannot find each other", async (runtime) => {
    const { npaa, token } = await openShared(temporaryPath());
    const other = await NpyAppendArray.open(temporaryPath(), { dtype: "int32", rowShape: [3] });
    vi.stubGlobal(runtime, {});
    onTestFinished(() => void vi.unstubAllGlobals());
    const refusal = { code: "ERR_NPY_OPTION", message: expect.stringContaining("threads of Node") };
    expect(() => other.share()).toThrow(expect.objectContaining(refusal));
    await expect(NpyAppendArray.attach(token)).rejects.toMatchObject(refusal);
    await npaa.close();
    await other.close();
  });

  test("a token for a file in whose place there is another one", async () => {
    const path = temporaryPath();
    const { npaa, token } = await openShared(path);
    renameSync(path, `${path}.old`);
    writeFileSync(path, readFileSync(`${path}.old`));
    await expect(built.NpyAppendArray.attach(token)).rejects.toMatchObject({ code: "ERR_NPY_CHANGED", path });
    renameSync(`${path}.old`, path);
    const attached = await built.NpyAppendArray.attach(token);
    await attached.append([[1, 2, 3]]);
    await attached.close();
    await npaa.close();
    expect((await load(path)).shape).toEqual([1, 3]);
  });

  test("more writers than there is room for", async () => {
    const { npaa, token } = await openShared(temporaryPath());
    const attached: built.NpyAppendArray[] = [];
    for (let i = 1; i < 128; i++) attached.push(await built.NpyAppendArray.attach(token));
    await expect(built.NpyAppendArray.attach(token)).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
    await Promise.all(attached.map((one) => one.append([[1, 2, 3]])));
    expect(npaa.length).toBe(127);
    await attached.pop()?.close();
    // The sharer hears of that when its event loop turns.
    await expect.poll(async () => attached.push(await built.NpyAppendArray.attach(token)), { timeout: 10_000 }).toBe(127);
    for (const one of attached) await one.close();
    await npaa.close();
  });
});
