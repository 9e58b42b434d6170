/** Who may rewrite a file in place, where there are no locks: a file beside it says so. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import fs, {
  linkSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { dtype, formatHeader, isAppendable, load, NodeStorage, needsRecovery, type StorageFile, save } from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { ClaimFile } from "../src/storage/node-claim-file.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;
const isLinux = process.platform === "linux";

/** A file of `rows` numbers whose header cannot grow. */
function writeTight(path: string, rows = 2): void {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [rows], headerLength: 80 });
  writeFileSync(path, Buffer.concat([header, Buffer.from(Float64Array.from({ length: rows }, (_, i) => i).buffer)]));
}

/** A file that is one element short. */
async function writeShort(path: string): Promise<void> {
  await save(path, [1, 2, 3]);
  truncateSync(path, 128 + 20);
}

const claimOf = (path: string): string => join(dirname(path), `.${basename(path)}.rewriting`);

/** A storage without locks. */
function unlocked(path: string): NodeStorage {
  return new (class extends NodeStorage {
    override openSync(mode: "r" | "r+"): StorageFile {
      return Object.assign(super.openSync(mode), { lock: () => "unsupported", lockSync: () => "unsupported" });
    }
  })(path);
}

/** What this process would say of itself, changed. */
function holder(changes: Partial<Record<"pid" | "start" | "lock" | "machine" | "boot" | "namespace", unknown>>): string {
  const path = temporaryPath();
  const claim = new ClaimFile();
  claim.make(path, false);
  const text = readlinkSync(claimOf(path));
  claim.remove(path);
  const [pid, start, thread, lock, machine, boot, namespace, token] = text.split(" ");
  const all = { pid, start, thread, lock, machine, boot, namespace, token, ...changes };
  return Object.values(all).join(" ");
}

function startSleeper(): ChildProcess {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function deadPid(): Promise<number> {
  const child = startSleeper();
  child.kill("SIGKILL");
  await once(child, "exit");
  return child.pid as number;
}

describe.skipIf(!isLinux).each(FILE_FORMS)("%s", (_form, verbs) => {
  test("what another process may be rewriting is left as it is, and the error says what to look for", async () => {
    const living = startSleeper().pid as number;
    const claims: [string, RegExp][] = [
      [holder({ pid: living, start: "" }), new RegExp(`by process ${living}, as .* says: let it finish\\.$`)],
      [holder({}), /if thread \d+ of this process was ended, delete that file and try again/],
      [holder({ machine: "another" }), /another machine or container.*cannot be told from here.*delete that file and try again/],
      [holder({ namespace: "another" }), /another container.*cannot be told from here/],
      ["what is this", /left no name in .*delete that file and try again/],
    ];
    for (const [text, message] of claims) {
      const tight = temporaryPath();
      writeTight(tight);
      const short = temporaryPath();
      await writeShort(short);
      for (const path of [tight, short]) symlinkSync(text, claimOf(path));
      const before = [readFileSync(tight), readFileSync(short)];
      const locked = (path: string): unknown =>
        expect.objectContaining({ code: "ERR_NPY_LOCKED", path, message: expect.stringMatching(message) });
      for (const storage of [(path: string) => path, unlocked]) {
        await expect(attempt(() => verbs.ensureAppendable(storage(tight), { inplace: true }))).rejects.toEqual(locked(tight));
      }
      // Where no data are moved, a lock would be enough.
      await expect(attempt(() => verbs.recover(unlocked(short)))).rejects.toEqual(locked(short));
      await expect(attempt(() => verbs.open(unlocked(short), { onNeedsRecovery: "truncate" }))).rejects.toEqual(locked(short));
      expect([readFileSync(tight), readFileSync(short)]).toEqual(before);
      // What changes nothing in place needs no claim.
      expect((await verbs.recover(short, { dryRun: true })).needed).toBe(true);
      await verbs.ensureAppendable(tight);
      expect(readlinkSync(claimOf(tight))).toBe(text);
    }
  });

  test("a claim is taken over when its process is gone", async () => {
    const dead = await deadPid();
    for (const text of [holder({ pid: dead }), holder({ pid: startSleeper().pid, start: "1" }), holder({ boot: "before" })]) {
      const tight = temporaryPath();
      writeTight(tight);
      symlinkSync(text, claimOf(tight));
      await verbs.ensureAppendable(unlocked(tight), { inplace: true });
      const short = temporaryPath();
      await writeShort(short);
      writeFileSync(claimOf(short), text); // as where there are no symbolic links
      expect((await verbs.recover(unlocked(short))).rowsAfter).toBe(2);
      for (const path of [tight, short]) expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    }
  });

  test("a full disk, on which no claim can be made, can be recovered", async () => {
    const full = (storage: NodeStorage): NodeStorage =>
      Object.assign(storage, {
        claimRewrite: (): never => {
          throw Object.assign(new Error("ENOSPC: no space left on device, symlink"), { code: "ENOSPC" });
        },
      });
    for (const storage of [(path: string) => full(new NodeStorage(path)), (path: string) => full(unlocked(path))]) {
      const path = temporaryPath();
      await writeShort(path);
      expect((await verbs.recover(storage(path))).rowsAfter).toBe(2);
      await writeShort(path);
      await (await verbs.open(storage(path), { onNeedsRecovery: "zerofill" })).close();
      expect((await load(path)).data).toEqual(Float64Array.of(1, 2, 0));
    }
    // Where data are moved, only a lock can take its place.
    const path = temporaryPath();
    writeTight(path);
    await expect(attempt(() => verbs.ensureAppendable(full(unlocked(path)), { inplace: true }))).rejects.toMatchObject({
      code: "ENOSPC",
    });
    expect(await isAppendable(path)).toBe(false);
  });

  test("where links need a permission that Deno was not given, a claim is a file", async () => {
    const path = temporaryPath();
    const { symlinkSync: link } = fs;
    fs.symlinkSync = () => {
      throw Object.assign(new Error("symlinkSync() requires unscoped --allow-read and --allow-write"), { name: "NotCapable" });
    };
    syncBuiltinESMExports();
    const storage = unlocked(path);
    try {
      writeTight(path);
      expect(storage.claimRewrite(false)).toBeUndefined();
      expect(lstatSync(claimOf(path)).isFile()).toBe(true);
      await expect(attempt(() => verbs.ensureAppendable(unlocked(path), { inplace: true }))).rejects.toMatchObject({
        code: "ERR_NPY_LOCKED",
        message: expect.stringContaining(`process ${process.pid}`),
      });
      storage.releaseRewrite();
      await verbs.ensureAppendable(unlocked(path), { inplace: true });
    } finally {
      fs.symlinkSync = link;
      syncBuiltinESMExports();
    }
    expect(await isAppendable(path)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test("where there are no symbolic links, a claim without its text does not stay on a full disk", async () => {
    const { symlinkSync: link, writeFileSync: write } = fs;
    const failing = (code: string) => (): never => {
      throw Object.assign(new Error(`${code}: failed`), { code });
    };
    const path = temporaryPath();
    await writeShort(path);
    fs.symlinkSync = failing("EPERM");
    fs.writeFileSync = failing("ENOSPC");
    syncBuiltinESMExports();
    try {
      expect((await verbs.recover(path)).rowsAfter).toBe(2);
    } finally {
      Object.assign(fs, { symlinkSync: link, writeFileSync: write });
      syncBuiltinESMExports();
    }
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test("a file is rewritten by copy only with the claim, if it is rewritten in place since it was looked at", async () => {
    const path = temporaryPath();
    writeTight(path);
    const whole = readFileSync(path);
    let opened = 0;
    class BeingRewritten extends NodeStorage {
      override openSync(mode: "r" | "r+"): StorageFile {
        if (++opened === 2) {
          symlinkSync(holder({}), claimOf(path));
          writeFileSync(path, Buffer.concat([Buffer.from("\x94npy>0", "latin1"), whole.subarray(6)]));
        }
        return super.openSync(mode);
      }
    }
    await expect(attempt(() => verbs.open(new BeingRewritten(path), { onNotAppendable: "rewrite" }))).rejects.toMatchObject({
      code: "ERR_NPY_LOCKED",
      path,
    });
    expect(await needsRecovery(path)).toBe(true);
    expect(readdirSync(dirname(path)).length).toBe(2);
  });

  test.skipIf(cLibrary() === undefined)("recover lets go of its claim before the lock", async () => {
    const path = temporaryPath();
    writeTight(path);
    const stop = (): void => {
      throw new Error("stop");
    };
    await expect(attempt(() => verbs.ensureAppendable(path, { inplace: true, onProgress: stop }))).rejects.toThrow("stop");
    const steps: string[] = [];
    class Watched extends NodeStorage {
      override openSync(mode: "r" | "r+"): StorageFile {
        const file = super.openSync(mode);
        const close = file.closeSync.bind(file);
        const closeSync = (): void => {
          steps.push("closed");
          close();
        };
        return Object.assign(file, { closeSync, close: closeSync });
      }
      override releaseRewrite(): void {
        steps.push("released");
        super.releaseRewrite();
      }
    }
    await verbs.recover(new Watched(path));
    expect(steps).toEqual(["released", "closed"]);
  });

  test("what a process left that was killed when its work was done is removed by whoever repairs the file next", async () => {
    const path = temporaryPath();
    await verbs.save(path, [1, 2]);
    const living = holder({ pid: startSleeper().pid, start: "" });
    const left = holder({ pid: await deadPid() });
    for (const repair of [verbs.recover, verbs.ensureAppendable]) {
      for (const text of [living, left]) {
        symlinkSync(text, claimOf(path));
        await repair(path);
        expect(readdirSync(dirname(path)).includes(basename(claimOf(path)))).toBe(text === living);
        rmSync(claimOf(path), { force: true });
      }
    }
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test("a claim is taken over when its process has ended, and its parent has not noticed", async () => {
    const program = "sleep 100 & echo $!; exec sleep 100";
    const parent = spawn("sh", ["-c", program], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void parent.kill("SIGKILL"));
    const [text] = await once(parent.stdout, "data");
    const pid = Number(text);
    const path = temporaryPath();
    writeTight(path);
    symlinkSync(holder({ pid, start: "" }), claimOf(path));
    await expect(attempt(() => verbs.ensureAppendable(path, { inplace: true }))).rejects.toMatchObject({
      code: "ERR_NPY_LOCKED",
    });
    process.kill(pid, "SIGKILL");
    await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1")).toMatch(/\) Z /);
    await verbs.ensureAppendable(unlocked(path), { inplace: true });
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
  });

  test.skipIf(cLibrary() === undefined)("who had the lock, and has it no longer, has the claim no longer", async () => {
    const path = temporaryPath();
    writeTight(path);
    symlinkSync(holder({ pid: startSleeper().pid, start: "", lock: "locked" }), claimOf(path));
    await expect(attempt(() => verbs.ensureAppendable(unlocked(path), { inplace: true }))).rejects.toMatchObject({
      code: "ERR_NPY_LOCKED",
    });
    await verbs.ensureAppendable(path, { inplace: true });
    expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
  });

  test("a file with several names is not rewritten in place without a lock, and recovered where nothing is to be moved", async () => {
    const path = temporaryPath();
    writeTight(path);
    const other = join(temporaryDirectory(), "other.npy");
    linkSync(path, other);
    const before = readFileSync(path);
    const refusal = { code: "ERR_NPY_OPTION", message: expect.stringMatching(/2 names \(hard links\).*npm install koffi/) };
    await expect(attempt(() => verbs.ensureAppendable(unlocked(path), { inplace: true }))).rejects.toMatchObject(refusal);
    expect(readFileSync(path)).toEqual(before);
    truncateSync(path, before.length - 3);
    expect((await verbs.recover(unlocked(other))).rowsAfter).toBe(1);
  });

  test("the claim file is removed whatever happens, and not made where there is nothing to do", async () => {
    const path = temporaryPath(`${"ü".repeat(100)}.npy`);
    writeTight(path);
    const names: string[][] = [];
    const look = (): void => void names.push(readdirSync(dirname(path)));
    const stop = (): void => {
      look();
      throw new Error("stop");
    };
    await expect(attempt(() => verbs.ensureAppendable(path, { inplace: true, onProgress: stop }))).rejects.toThrow("stop");
    expect(names[0]?.length).toBe(2);
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    expect(await needsRecovery(path)).toBe(true);
    await (await verbs.open(path, { onNeedsRecovery: "truncate", onNotAppendable: "rewrite" })).close();
    expect(readdirSync(dirname(path))).toEqual([basename(path)]);
    symlinkSync("a claim", join(dirname(path), `.${basename(path)}.rewriting`));
    await verbs.ensureAppendable(path, { inplace: true });
    expect((await verbs.recover(path)).needed).toBe(false);
  });
});

describe.skipIf(!isLinux)("processes without koffi", () => {
  /** A process that rewrites a file in place, and stops in the middle of it. */
  async function startStopping(path: string): Promise<ChildProcess> {
    const program = `
      const { default: Module } = await import("node:module");
      const resolve = Module._resolveFilename;
      Module._resolveFilename = (request, ...rest) => {
        if (request === "koffi") throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
        return resolve(request, ...rest);
      };
      const [module, path] = process.argv.slice(1);
      const { ensureAppendable } = await import(module);
      let isFirst = true;
      await ensureAppendable(path, { inplace: true, onProgress() {
        if (isFirst) { process.stdout.write("moving"); process.kill(process.pid, "SIGSTOP"); }
        isFirst = false;
      } });`;
    const args = ["--input-type=module", "-e", program, PACKAGE, path];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    return child;
  }

  test.each(["goes on", "is killed"])("one rewrites at a time, whether the first one %s", async (what) => {
    const path = temporaryPath();
    const rows = 2 ** 21 + 5; // three blocks
    writeTight(path, rows);
    const child = await startStopping(path);
    for (const [, verbs] of FILE_FORMS) {
      const locked = expect.objectContaining({
        code: "ERR_NPY_LOCKED",
        message: expect.stringContaining(`process ${child.pid}, `),
      });
      for (const storage of [(path: string) => path, unlocked]) {
        await expect(attempt(() => verbs.ensureAppendable(storage(path), { inplace: true }))).rejects.toEqual(locked);
        await expect(attempt(() => verbs.ensureAppendable(storage(path)))).rejects.toEqual(locked);
        await expect(attempt(() => verbs.recover(storage(path)))).rejects.toEqual(locked);
        await expect(attempt(() => verbs.open(storage(path), { onNeedsRecovery: "zerofill" }))).rejects.toEqual(locked);
      }
    }
    const exit = once(child, "exit");
    child.kill(what === "goes on" ? "SIGCONT" : "SIGKILL");
    await exit;
    const [, verbs] = FILE_FORMS[1] as (typeof FILE_FORMS)[number];
    if (what === "is killed") await verbs.recover(unlocked(path));
    const { data } = await load(path, { dtype: "float64" });
    expect(data.length).toBe(rows);
    expect(data.every((value, i) => value === i)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual(["array.npy"]);
  });

  /** Within the package's folder, since it is bundled for this run alone. */
  const CLAIMING = fileURLToPath(new URL("../node_modules/.cache/claim-file/claiming.mjs", import.meta.url));

  beforeAll(async () => {
    const input = fileURLToPath(new URL("./support/claiming-process.ts", import.meta.url));
    await build({ input, platform: "node", output: { file: CLAIMING } });
  });

  test("of many that find a claim stale, one at a time takes it over", async () => {
    const path = temporaryPath();
    writeFileSync(path, "");
    const args = [CLAIMING, path, "500", String(await deadPid())];
    const said: string[] = [];
    const claiming = async (): Promise<void> => {
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      child.stdout.on("data", (data) => said.push(String(data)));
      await once(child, "close");
    };
    await Promise.all([claiming(), claiming(), claiming()]);
    expect(said.join("")).toMatch(/^([1-9]\d* claims\n){3}$/);
    const last = new ClaimFile();
    expect(last.make(path, false)).toBeUndefined();
    last.remove(path);
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".rewriting"))).toEqual([]);
  });
});
