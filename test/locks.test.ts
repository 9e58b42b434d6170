/** One writer of a file among processes: locks of the operating system. Other processes run the built package. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  dtype,
  formatHeader,
  inspect,
  load,
  MemoryStorage,
  NodeStorage,
  NpyAppendArray,
  type OpenOptions,
  recover,
  type Storage,
  type StorageFile,
  save,
} from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import type { LockResult } from "../src/storage/storage.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { keepsOpenFiles } from "./support/systems.ts";
import { openDescriptors, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const hasLocks = cLibrary() !== undefined;

test("the tests of locks have koffi", () => {
  expect(hasLocks).toBe(true);
});

const PREAMBLE = `
const [module, path, options] = process.argv.slice(1);
const { ensureAppendable, load, NpyAppendArray, recover, save } = await import(module);
const say = (value) => process.stdout.write(JSON.stringify(value) + "\\n");
const codeOf = (promise) => promise.then(() => "none", (error) => error.code ?? String(error));
`;

function argumentsOf(program: string, path: string, options: OpenOptions): string[] {
  return ["--input-type=module", "-e", PREAMBLE + program, PACKAGE, path, JSON.stringify(options)];
}

/** What a process says that runs `program` to its end. */
function say(program: string, path: string, options: OpenOptions = {}): unknown {
  const { stdout, stderr, status } = spawnSync(process.execPath, argumentsOf(program, path, options), {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

/** A process that has opened the file and called `then` on it, and does nothing more until it is killed. */
async function startHolder(path: string, options: OpenOptions = {}, then = ""): Promise<ChildProcess> {
  const program = `const npaa = await NpyAppendArray.open(path, JSON.parse(options)); ${then}; say("ready"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, argumentsOf(program, path, options), { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

const OPEN = `say(await codeOf(NpyAppendArray.open(path, JSON.parse(options))));`;

function locked(path: string): unknown {
  return expect.objectContaining({ code: "ERR_NPY_LOCKED", path, message: expect.stringContaining(path) });
}

/** A file of 2 rows whose header cannot grow. */
function writeTight(path: string): void {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [2], headerLength: 80 });
  writeFileSync(path, Buffer.concat([header, Buffer.from(new Float64Array([1, 2]).buffer)]));
}

describe.skipIf(!hasLocks).each(FILE_FORMS)("%s", (_form, verbs) => {
  test("what another process writes to is refused at once, to whoever would write, until that is killed", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1, 2]);
    const before = openDescriptors();
    const holder = await startHolder(path, {}, "await npaa.append([3])");
    const bytes = readFileSync(path);
    for (const options of [{}, { deleteIfExists: true }, { lock: true }, { onNeedsRecovery: "truncate" }] as const) {
      await expect(attempt(() => verbs.open(path, options))).rejects.toEqual(locked(path));
    }
    await expect(attempt(() => verbs.recover(path))).rejects.toEqual(locked(path));
    await expect(attempt(() => verbs.ensureAppendable(path))).rejects.toEqual(locked(path));
    await expect(attempt(() => verbs.ensureAppendable(path, { inplace: true }))).rejects.toEqual(locked(path));
    await expect(attempt(() => verbs.save(path, [9]))).rejects.toEqual(locked(path));
    expect(readFileSync(path)).toEqual(bytes);
    // Who only looks is not.
    expect((await load(path)).data).toEqual(new Float64Array([1, 2, 3]));
    expect((await recover(path, { dryRun: true })).needed).toBe(false);
    const careless = await verbs.open(path, { lock: false });
    await careless.close();
    await kill(holder);
    const npaa = await verbs.open(path, { lock: true });
    await npaa.append([4]);
    await npaa.close();
    expect((await load(path)).data).toEqual(new Float64Array([1, 2, 3, 4]));
    expect(openDescriptors()).toBe(before);
    expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
  });

  test("what this process writes to is refused to others, whatever else of it is opened and closed, until it is closed", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1]);
    const npaa = await verbs.open(path);
    // A lock that belonged to the process would end here.
    await load(path);
    await inspect(path);
    const everything = `say([
      await codeOf(NpyAppendArray.open(path)),
      await codeOf(NpyAppendArray.open(path, { deleteIfExists: true })),
      await codeOf(recover(path)),
      await codeOf(ensureAppendable(path)),
      await codeOf(save(path, [1])),
      await codeOf(load(path)),
    ]);`;
    const refused = "ERR_NPY_LOCKED";
    expect(say(everything, path)).toEqual([refused, refused, refused, refused, refused, "none"]);
    await npaa.append([2]);
    await npaa.close();
    expect(say(OPEN, path)).toBe("none");
  });

  test("a file that is created is locked from its first byte on", async () => {
    for (const [options, first] of [
      [{ dtype: "<f8", rowShape: [] }, []],
      [{}, [[1]]],
    ] as const) {
      const path = temporaryPath();
      const npaa = await verbs.open(path, options);
      for (const rows of first) await npaa.append([...rows]);
      expect(say(OPEN, path)).toBe("ERR_NPY_LOCKED");
      await npaa.close();
    }
  });

  test("of two that would create a file the second is refused, and changes nothing", async () => {
    const path = temporaryPath();
    const npaa = await verbs.open(path);
    const holder = await startHolder(path, {}, "await npaa.append([1])");
    await expect(attempt(() => npaa.append([2]))).rejects.toEqual(locked(path));
    await npaa.close();
    expect((await load(path)).data).toEqual(new Float64Array([1]));
    await kill(holder);
  });

  test("a file that is to be replaced is locked until then, and the one that replaces it from then on", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1]);
    const before = openDescriptors();
    const npaa = await verbs.open(path, { deleteIfExists: true });
    expect(say(OPEN, path)).toBe("ERR_NPY_LOCKED");
    await npaa.append([2]);
    expect(say(OPEN, path)).toBe("ERR_NPY_LOCKED");
    // The old file is gone for good, not kept by a descriptor.
    if (before !== undefined) expect(openDescriptors()).toBe(before + 1);
    await npaa.append([3]);
    await npaa.close();
    expect((await load(path)).data).toEqual(new Float64Array([2, 3]));
    expect(openDescriptors()).toBe(before);
    expect(say(OPEN, path)).toBe("none");
  });

  test("a file whose header was given room by a copy is locked", async () => {
    const path = temporaryPath();
    writeTight(path);
    const npaa = await verbs.open(path, { onNotAppendable: "rewrite" });
    expect(say(OPEN, path)).toBe("ERR_NPY_LOCKED");
    await npaa.append([3]);
    await npaa.close();
    expect((await load(path)).data).toEqual(new Float64Array([1, 2, 3]));
    expect(say(OPEN, path)).toBe("none");
  });

  test.skipIf(keepsOpenFiles)(
    "a file that took the name while the old one was being locked is the one that is written to",
    async () => {
      const path = temporaryPath();
      await verbs.save(path, [1]);
      await verbs.save(`${path}.new`, [7]);
      class Raced extends NodeStorage {
        override openSync(mode: "r" | "r+"): StorageFile {
          const file = super.openSync(mode);
          if (readdirSync(dirname(path)).includes("array.npy.new")) renameSync(`${path}.new`, path);
          return file;
        }
      }
      const before = openDescriptors();
      const npaa = await verbs.open(new Raced(path));
      await npaa.append([8]);
      await npaa.close();
      expect((await load(path)).data).toEqual(new Float64Array([7, 8]));
      expect(openDescriptors()).toBe(before);
    },
  );

  test.skipIf(keepsOpenFiles)("a file that is replaced again and again is given up", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1]);
    class Restless extends NodeStorage {
      override openSync(mode: "r" | "r+"): StorageFile {
        const file = super.openSync(mode);
        writeFileSync(`${path}.new`, readFileSync(path));
        renameSync(`${path}.new`, path);
        return file;
      }
    }
    const before = openDescriptors();
    await expect(attempt(() => verbs.open(new Restless(path)))).rejects.toEqual(locked(path));
    expect(openDescriptors()).toBe(before);
    await (await verbs.open(path)).close();
  });
});

test.skipIf(!hasLocks)("another thread of this process is another writer", async () => {
  const path = temporaryPath();
  await save(path, [1]);
  const npaa = await NpyAppendArray.open(path);
  const program = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.module)
      .then(({ NpyAppendArray }) => NpyAppendArray.open(workerData.path))
      .then(() => parentPort.postMessage("none"), (error) => parentPort.postMessage(error.code));`;
  const worker = new Worker(program, { eval: true, workerData: { module: PACKAGE, path } });
  expect(await once(worker, "message")).toEqual(["ERR_NPY_LOCKED"]);
  await worker.terminate();
  await npaa.close();
});

describe("where there are no locks", () => {
  /** A process in which koffi cannot be found, as where it is not installed. */
  const WITHOUT_KOFFI = `
    const { default: Module } = await import("node:module");
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (request, ...rest) => {
      if (request === "koffi") throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
      return resolve(request, ...rest);
    };`;

  test('without koffi "auto" goes on without a lock, and true is an error that names it, before a file is created', async () => {
    const path = temporaryPath();
    const auto = `const npaa = await NpyAppendArray.open(path); await npaa.append([1]); await npaa.append([2]); await npaa.close();
      say((await load(path)).shape);`;
    expect(say(WITHOUT_KOFFI + auto, path)).toEqual([2]);
    const demand = `await NpyAppendArray.open(path, { lock: true }).catch(({ code, message }) => say([code, message]));`;
    const other = temporaryPath();
    const refused = ["ERR_NPY_OPTION", expect.stringMatching(process.platform === "win32" ? /Windows/ : /npm install koffi/)];
    expect(say(WITHOUT_KOFFI + demand, other)).toEqual(refused);
    expect(readdirSync(dirname(other))).toEqual([]);
  });

  /** A storage whose files are locked with this result. */
  function locking(path: string, result: LockResult): Storage {
    return new (class extends NodeStorage {
      override lockProblem(): undefined {}
      override openSync(mode: "r" | "r+"): StorageFile {
        return Object.assign(super.openSync(mode), { lock: () => result, lockSync: () => result });
      }
    })(path);
  }

  test.each(FILE_FORMS)("%s: a storage, or a file system, that has none", async (_form, { open, save }) => {
    const none = expect.objectContaining({
      code: "ERR_NPY_OPTION",
      message: expect.stringMatching(/^(\S+\.npy: )?lock: true .* none/),
    });
    const memory = new MemoryStorage();
    await expect(attempt(() => open(memory, { lock: true }))).rejects.toEqual(none);
    expect(memory.bytes()).toBeUndefined();
    await (await open(memory)).close();
    const path = temporaryPath();
    await save(path, [1]);
    const before = openDescriptors();
    await expect(attempt(() => open(locking(path, "unsupported"), { lock: true }))).rejects.toEqual(none);
    const npaa = await open(locking(path, "unsupported"));
    await npaa.append([2]);
    await npaa.close();
    await expect(attempt(() => open(locking(path, "taken"), { lock: "auto" }))).rejects.toEqual(locked(path));
    const careless = await open(locking(path, "taken"), { lock: false });
    await careless.close();
    expect((await load(path)).data).toEqual(new Float64Array([1, 2]));
    expect(openDescriptors()).toBe(before);
  });
});

test.skipIf(!hasLocks)("koffi is loaded by the first open that may lock, and by nothing before", async () => {
  const path = temporaryPath();
  await save(path, [1]);
  const program = `
    const { createRequire } = await import("node:module");
    const isLoaded = () => Object.keys(createRequire(module).cache).some((name) => /node_modules.koffi/.test(name));
    const loaded = [isLoaded()];
    await load(path);
    await (await NpyAppendArray.open(path, { lock: false })).close();
    loaded.push(isLoaded());
    await NpyAppendArray.open(path);
    loaded.push(isLoaded());
    say(loaded);`;
  expect(say(program, path)).toEqual([false, false, true]);
});

describe("lock: { wait }", () => {
  test("waits for a writer of this process, and no longer than it says", async () => {
    const path = temporaryPath();
    const first = await NpyAppendArray.open(path, { dtype: "uint8", rowShape: [] });
    const refused = expect.objectContaining({ code: "ERR_NPY_LOCKED", path, message: expect.stringContaining("Waited 50 ms") });
    await expect(NpyAppendArray.open(path, { lock: { wait: 50 } })).rejects.toEqual(refused);
    const second = NpyAppendArray.open(path, { lock: { wait: 60_000 } });
    await first.append([1]);
    await first.close();
    const npaa = await second;
    await npaa.append([2]);
    await npaa.close();
    expect([...(await load(path, { dtype: "uint8" })).data]).toEqual([1, 2]);
  });

  test("openSync does not wait for a writer of its own thread, which it would keep from closing the file", async () => {
    const path = temporaryPath();
    const first = NpyAppendArray.openSync(path, { dtype: "uint8", rowShape: [] });
    const refused = expect.objectContaining({
      code: "ERR_NPY_LOCKED",
      path,
      message: expect.stringMatching(/another object of this process: close that first, or append through it\.$/),
    });
    // Longer than a test may take.
    expect(() => NpyAppendArray.openSync(path, { lock: { wait: 3_600_000 } })).toThrow(refused);
    const memory = new MemoryStorage();
    const other = await NpyAppendArray.open(memory, { dtype: "uint8", rowShape: [] });
    expect(() => NpyAppendArray.openSync(memory, { lock: { wait: 3_600_000 } })).toThrow(
      expect.objectContaining({ code: "ERR_NPY_LOCKED" }),
    );
    await other.close();
    first.close();
  });

  test.skipIf(!hasLocks).each(FILE_FORMS)("waits for another process, %s", async (_form, verbs) => {
    const path = temporaryPath();
    const holder = await startHolder(path, { dtype: "uint8", rowShape: [] });
    setTimeout(() => holder.kill("SIGKILL"), 300);
    // The synchronous form blocks the timer.
    if (verbs.open === NpyAppendArray.openSync) holder.kill("SIGKILL");
    const npaa = await verbs.open(path, { lock: { wait: 60_000 } });
    await npaa.close();
  });

  test.each([{ wait: -1 }, { wait: "1" }, {}, { wait: 1, for: 2 }])("%j is refused", async (lock) => {
    await expect(NpyAppendArray.open(temporaryPath(), { lock: lock as never })).rejects.toMatchObject({ code: "ERR_NPY_OPTION" });
  });
});
