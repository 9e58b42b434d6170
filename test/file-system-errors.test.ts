/**
 * Real faults of a file system: a disk that is full, a limit on a file's size, files and disks that cannot be written to, a
 * directory that is gone, no descriptors left. What is refused leaves the committed rows, and nothing else; when the fault is
 * gone, work goes on.
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { sizeOf } from "../src/format/layout.ts";
import {
  type DTypeLike,
  dtype,
  ensureAppendable,
  ensureAppendableSync,
  formatHeader,
  load,
  loadSync,
  MemoryStorage,
  NpyAppendArray,
  needsRecoverySync,
  type OpenOptions,
  parseHeader,
  recover,
  recoverSync,
  save,
  saveSync,
} from "../src/node.ts";
import type { Eventually } from "../src/storage/storage.ts";
import { openDescriptors, temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Appender {
  readonly length: number;
  append(rows: Float64Array): Eventually<void>;
  updateHeader(): Eventually<void>;
  close(): Eventually<void>;
}

interface Verbs {
  open(path: string, options?: OpenOptions): Eventually<Appender>;
  readonly load: typeof load | typeof loadSync;
  readonly recover: typeof recover | typeof recoverSync;
  readonly save: typeof save | typeof saveSync;
  readonly ensureAppendable: typeof ensureAppendable | typeof ensureAppendableSync;
}

const FORMS: readonly (readonly ["sync" | "async", Verbs])[] = [
  [
    "sync",
    {
      open: NpyAppendArray.openSync,
      load: loadSync,
      recover: recoverSync,
      save: saveSync,
      ensureAppendable: ensureAppendableSync,
    },
  ],
  ["async", { open: NpyAppendArray.open, load, recover, save, ensureAppendable }],
];

function sh(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** A file system of its own, of so many KiB, until the test ends. */
function mountTmpfs(kibibytes: number): string {
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  if (!sh("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", directory)) throw new Error("mount failed");
  onTestFinished(() => {
    sh("umount", "--lazy", directory);
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

const canMount = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const mounted = sh("mount", "-t", "tmpfs", "tmpfs", directory);
  if (mounted) sh("umount", directory);
  rmSync(directory, { recursive: true });
  return mounted;
})();

/** Where files can be made immutable: not on every file system. */
const canFreeze = (() => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const frozen = sh("chattr", "+i", directory);
  if (frozen) sh("chattr", "-i", directory);
  rmSync(directory, { recursive: true });
  return frozen;
})();

/** Numbers from `start` on. */
function numbers(start: number, count: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: count }, (_, i) => start + i);
}

/** The file holds the numbers from 0 on, `count` of them, and is whole. */
async function expectNumbers(verbs: Verbs, path: string, count: number): Promise<void> {
  expect(needsRecoverySync(path)).toBe(false);
  const { data } = await verbs.load(path);
  expect(data.length).toBe(count);
  expect(Buffer.compare(new Uint8Array((data as Float64Array).buffer), new Uint8Array(numbers(0, count).buffer))).toBe(0);
}

/** Takes all the space that is left; gives a function that gives it back. */
function fill(directory: string): () => void {
  const path = join(directory, "filler");
  for (const size of [2 ** 16, 4096]) {
    try {
      for (;;) appendFileSync(path, Buffer.alloc(size));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
  return () => rmSync(path);
}

/** Rejects also what a synchronous function throws. */
async function attempt(action: () => unknown): Promise<unknown> {
  return await action();
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code, syscall: expect.any(String) });
}

/** Counted after a first use, which opens what stays open. */
function expectNoDescriptorsLost(): void {
  const before = openDescriptors();
  onTestFinished(() => expect(openDescriptors()).toBe(before));
}

/** A header that cannot grow. */
function tightFile(count: number): Buffer {
  const layout = { dtype: dtype("<f8"), fortranOrder: false, shape: [count], headerLength: 80 };
  return Buffer.concat([formatHeader(layout), Buffer.from(numbers(0, count).buffer)]);
}

describe("a header is rewritten", () => {
  const layouts: [DTypeLike, number[], boolean][] = [
    ["<f8", [], false],
    ["<f8", [3], false],
    [">i2", [7, 2], true],
    [[["field", "<f8"]], [1], false],
  ];

  test.each(layouts)("torn at any byte it counts rows that are there, or too many: %j of %j, %s", (like, row, fortranOrder) => {
    const type = dtype(like);
    const shapeOf = (rows: number): number[] => (fortranOrder ? [...row, rows] : [rows, ...row]);
    const headerOf = (rows: number): Uint8Array => formatHeader({ dtype: type, shape: shapeOf(rows), fortranOrder });
    const data = Buffer.alloc(2000 * sizeOf(row) * type.itemsize, 1);
    for (const [before, after] of [
      [0, 1],
      [19, 20],
      [199, 200],
      [198, 201],
      [989, 990],
      [1099, 2000],
    ] as const) {
      const [old, next] = [headerOf(before), headerOf(after)];
      const there = data.subarray(0, after * sizeOf(row) * type.itemsize);
      for (let at = 0; at <= next.length; at++) {
        const torn = [next.subarray(0, at), old.subarray(at)];
        const tornTheOtherWay = [old.subarray(0, at), next.subarray(at)];
        for (const header of [torn, tornTheOtherWay]) {
          const storage = new MemoryStorage(Buffer.concat([...header, there]));
          try {
            const { shape } = loadSync(storage);
            expect(shape[fortranOrder ? row.length : 0]).toBeLessThanOrEqual(after);
          } catch (error) {
            expect(error).toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
          }
          recoverSync(storage);
          expect(loadSync(storage).shape).toEqual(shapeOf(after));
        }
      }
    }
  });

  // With one digit more, the rest of the text moves: torn, it could say anything.
  test("with one digit more all that changes is in one sector, of every golden header", () => {
    const golden = new URL("golden/files/", import.meta.url);
    for (const name of readdirSync(golden).filter((file) => file.endsWith(".npy"))) {
      const header = parseHeader(readFileSync(new URL(name, golden)));
      if (header.shape.length === 0) continue;
      const axis = header.fortranOrder ? header.shape.length - 1 : 0;
      const headerOf = (rows: number): Uint8Array => formatHeader({ ...header, shape: header.shape.with(axis, rows) });
      const [old, next] = [headerOf(9), headerOf(10)];
      const changed = [...old.keys()].filter((at) => old[at] !== next[at]);
      expect(new Set(changed.map((at) => Math.floor(at / 512))).size, name).toBe(1);
    }
  });
});

describe.each(FORMS)("%s", (form, verbs) => {
  describe.skipIf(!canMount)("a disk that is full", () => {
    const MODES: readonly OpenOptions[] = [{}, { rewriteHeaderOnAppend: false }, { durability: "full" }];

    test.each(MODES)("in the middle of a large append: %j", async (options) => {
      const directory = mountTmpfs(2048);
      const path = join(directory, "array.npy");
      const npaa = await verbs.open(path, options);
      await npaa.append(numbers(0, 1000));
      const large = numbers(1000, 300_000);
      for (let i = 0; i < 2; i++) {
        await expect(attempt(() => npaa.append(large))).rejects.toEqual(refusal("ENOSPC"));
        expect(npaa.length).toBe(1000);
        await npaa.updateHeader();
        await expectNumbers(verbs, path, 1000);
        expect(readdirSync(directory)).toEqual(["array.npy"]);
      }
      // What fits can be appended still, and all of it when there is space.
      await npaa.append(numbers(1000, 1000));
      if (!sh("mount", "-o", "remount,size=8m", directory)) throw new Error("remount failed");
      await npaa.append(numbers(2000, 300_000));
      await npaa.close();
      await expectNumbers(verbs, path, 302_000);
    });

    test.each([{}, { mmap: true }])("row by row, until there is space again: %j", async (options) => {
      const directory = mountTmpfs(512);
      const path = join(directory, "array.npy");
      const npaa = await verbs.open(path, options);
      await npaa.append(numbers(0, 400));
      const giveBack = fill(directory);
      let count = 400;
      const growUntilFull = async (): Promise<void> => {
        for (;;) {
          await npaa.append(numbers(count, 100));
          count += 100;
        }
      };
      await expect(growUntilFull()).rejects.toEqual(refusal("ENOSPC"));
      expect(npaa.length).toBe(count);
      // The append that failed closed its window.
      await expectNumbers(verbs, path, count);
      giveBack();
      await npaa.append(numbers(count, 100));
      await npaa.close();
      await expectNumbers(verbs, path, count + 100);
    });

    test("a file cannot be created: nothing is left, and it can be later", async () => {
      const directory = mountTmpfs(256);
      const path = join(directory, "array.npy");
      const giveBack = fill(directory);
      const npaa = await verbs.open(path);
      await expect(attempt(() => npaa.append(numbers(0, 10)))).rejects.toEqual(refusal("ENOSPC"));
      await expect(attempt(() => verbs.save(join(directory, "saved.npy"), numbers(0, 10)))).rejects.toEqual(refusal("ENOSPC"));
      expect(readdirSync(directory)).toEqual(["filler"]);
      giveBack();
      await npaa.append(numbers(0, 10));
      await npaa.close();
      await expectNumbers(verbs, path, 10);
    });

    test("a file cannot be replaced, copied or saved over: it stands, with nothing beside it", async () => {
      const directory = mountTmpfs(1024);
      const path = join(directory, "array.npy");
      const before = tightFile(80_000);
      writeFileSync(path, before);
      const replacing = await verbs.open(path, { deleteIfExists: true });
      const large = numbers(0, 80_000);
      await expect(attempt(() => replacing.append(large))).rejects.toEqual(refusal("ENOSPC"));
      await replacing.close();
      await expect(attempt(() => verbs.save(path, large))).rejects.toEqual(refusal("ENOSPC"));
      await expect(attempt(() => verbs.ensureAppendable(path))).rejects.toEqual(refusal("ENOSPC"));
      await expect(attempt(() => verbs.open(path, { onNotAppendable: "rewrite" }))).rejects.toEqual(refusal("ENOSPC"));
      expect(readdirSync(directory)).toEqual(["array.npy"]);
      expect(Buffer.compare(readFileSync(path), before)).toBe(0);
    });
  });

  test.skipIf(!canMount)("a disk that is read-only is read, and refused to be written", async () => {
    const directory = mountTmpfs(1024);
    const path = join(directory, "array.npy");
    const incomplete = join(directory, "incomplete.npy");
    await verbs.save(path, numbers(0, 10));
    writeFileSync(incomplete, readFileSync(path).subarray(0, 170));
    if (!sh("mount", "-o", "remount,ro", directory)) throw new Error("remount failed");
    expectNoDescriptorsLost();
    const { open, save } = verbs;
    await expect(attempt(() => open(path))).rejects.toEqual(refusal("EROFS"));
    await expect(attempt(() => save(path, [1]))).rejects.toEqual(refusal("EROFS"));
    await expect(attempt(() => verbs.recover(incomplete))).rejects.toEqual(refusal("EROFS"));
    for (const options of [{ deleteIfExists: true }, {}]) {
      const npaa = await open(options.deleteIfExists ? path : join(directory, "new.npy"), options);
      await expect(attempt(() => npaa.append(numbers(0, 3)))).rejects.toEqual(refusal("EROFS"));
      await npaa.close();
    }
    await expectNumbers(verbs, path, 10);
    expect(await verbs.recover(incomplete, { dryRun: true })).toMatchObject({ needed: true, rowsAfter: 5 });
    expect(readdirSync(directory)).toEqual(["array.npy", "incomplete.npy"]);
    if (!sh("mount", "-o", "remount,rw", directory)) throw new Error("remount failed");
    const npaa = await open(path);
    await npaa.append(numbers(10, 10));
    await npaa.close();
    await expectNumbers(verbs, path, 20);
  });

  test.skipIf(!canFreeze)(
    "a file that can no longer be changed, not even cut: the rows are as they were, another writer goes on",
    async () => {
      const path = join(temporaryDirectory(), "array.npy");
      expectNoDescriptorsLost();
      const npaa = await verbs.open(path);
      await npaa.append(numbers(0, 10));
      expect(sh("chattr", "+i", path)).toBe(true);
      onTestFinished(() => void sh("chattr", "-i", path));
      await expect(attempt(() => npaa.append(numbers(10, 10)))).rejects.toEqual(refusal("EPERM"));
      await attempt(() => npaa.close()).catch((error: unknown) => expect(error).toMatchObject({ code: "ERR_NPY_BROKEN" }));
      await expectNumbers(verbs, path, 10);
      await expect(attempt(() => verbs.open(path))).rejects.toEqual(refusal("EPERM"));
      expect(sh("chattr", "-i", path)).toBe(true);
      const next = await verbs.open(path);
      await next.append(numbers(10, 10));
      await next.close();
      await expectNumbers(verbs, path, 20);
    },
  );

  test("a directory that is gone before its file is created, and comes back", async () => {
    const directory = join(temporaryDirectory(), "gone");
    mkdirSync(directory);
    const path = join(directory, "array.npy");
    expectNoDescriptorsLost();
    const npaa = await verbs.open(path);
    rmSync(directory, { recursive: true });
    for (let i = 0; i < 2; i++) await expect(attempt(() => npaa.append(numbers(0, 3)))).rejects.toEqual(refusal("ENOENT"));
    mkdirSync(directory);
    await npaa.append(numbers(0, 3));
    await npaa.close();
    await expectNumbers(verbs, path, 3);
  });

  test.skipIf(process.platform === "win32")(
    "a directory that is moved under an open writer, and one that is removed",
    async () => {
      const parent = temporaryDirectory();
      const directory = join(parent, "before");
      mkdirSync(directory);
      expectNoDescriptorsLost();
      const npaa = await verbs.open(join(directory, "array.npy"));
      await npaa.append(numbers(0, 3));
      renameSync(directory, join(parent, "after"));
      await npaa.append(numbers(3, 3));
      await expectNumbers(verbs, join(parent, "after", "array.npy"), 6);
      rmSync(join(parent, "after"), { recursive: true });
      // Rows that nobody will see: the next check says so, and at the latest `close`.
      const changed = { code: "ERR_NPY_CHANGED" };
      await attempt(() => npaa.append(numbers(6, 3))).catch((error) => expect(error).toMatchObject(changed));
      await expect(attempt(() => npaa.close())).rejects.toMatchObject(changed);
      expect(readdirSync(parent)).toEqual([]);
    },
  );

  /** The limits are a process's own, which the one that runs the tests needs unharmed. */
  describe.skipIf(process.platform === "win32")("in a process of its own", () => {
    test("a limit on a file's size, in the middle of an append", async () => {
      const path = temporaryPath();
      const program = `
        const npaa = await open(${JSON.stringify(path)});
        await npaa.append(numbers(0, 1000));
        for (let i = 0; i < 2; i++) {
          const code = await codeOf(() => npaa.append(numbers(1000, 20_000)));
          say(code, npaa.length, statSync(npaa.path).size);
        }
        await npaa.append(numbers(1000, 1000));
        await npaa.close();
        say(npaa.length, openFiles());`;
      expect(runLimited("-f 64", form, program)).toEqual([
        ["EFBIG", 1000, 8128],
        ["EFBIG", 1000, 8128],
        [2000, []],
      ]);
      await expectNumbers(verbs, path, 2000);
    });

    test.each(["os", "full"])("no descriptors left, durability %s", async (durability) => {
      const directory = temporaryDirectory();
      const path = join(directory, "array.npy");
      const other = join(directory, "other.npy");
      const program = `
        const npaa = await open(${JSON.stringify(path)}, { durability: "${durability}" });
        const replacing = await open(${JSON.stringify(other)}, { durability: "${durability}", deleteIfExists: true });
        let taken = takeDescriptors();
        say(await codeOf(() => npaa.append(numbers(0, 10))), await codeOf(() => replacing.append(numbers(0, 10))));
        say(await codeOf(() => open(${JSON.stringify(join(directory, "third.npy"))})));
        // One is enough to create a file, not to make its name safe.
        closeSync(taken.pop());
        say(await codeOf(() => npaa.append(numbers(0, 10))));
        taken.forEach(closeSync);
        await npaa.append(numbers(npaa.length, 10));
        taken = takeDescriptors();
        await npaa.append(numbers(npaa.length, 10));
        taken.forEach(closeSync);
        await npaa.close();
        await replacing.append(numbers(0, 20));
        await replacing.close();
        say(npaa.length, openFiles());`;
      const fails = durability === "full";
      expect(runLimited("-n 256", form, program)).toEqual([
        ["EMFILE", "EMFILE"],
        ["EMFILE"],
        [fails ? "EMFILE" : "none"],
        [fails ? 20 : 30, []],
      ]);
      await expectNumbers(verbs, path, fails ? 20 : 30);
      await expectNumbers(verbs, other, 20);
      expect(readdirSync(directory)).toEqual(["array.npy", "other.npy"]);
    });
  });
});

/** Runs a program under a limit of the shell's `ulimit`, on the built package; gives what it said. */
function runLimited(limit: string, form: string, program: string): unknown[][] {
  const preamble = `
    import { closeSync, openSync, readdirSync, readlinkSync, statSync } from "node:fs";
    import { NpyAppendArray } from "npy-append-array";
    const open = NpyAppendArray.${form === "sync" ? "openSync" : "open"};
    const numbers = (start, count) => Float64Array.from({ length: count }, (_, i) => start + i);
    const said = [];
    const say = (...values) => said.push(values);
    const codeOf = async (action) => {
      try {
        await action();
        return "none";
      } catch (error) {
        return error.code;
      }
    };
    function takeDescriptors() {
      const taken = [];
      for (;;) {
        try {
          taken.push(openSync("/dev/null"));
        } catch (error) {
          if (error.code !== "EMFILE") throw error;
          return taken;
        }
      }
    }
    /** The .npy files that this process holds open, where the system tells. */
    function openFiles() {
      const names = process.platform === "linux" ? readdirSync("/proc/self/fd") : [];
      return names.flatMap((fd) => {
        try {
          return [readlinkSync("/proc/self/fd/" + fd)].filter((path) => path.includes(".npy"));
        } catch {
          return [];
        }
      });
    }`;
  const code = `${preamble}\n${program}\nconsole.log(JSON.stringify(said));`;
  const args = ["-c", `ulimit ${limit} && exec "$0" "$@"`, process.execPath, "--input-type=module", "-e", code];
  const { status, stdout, stderr } = spawnSync("bash", args, { encoding: "utf8", timeout: 60_000, cwd: root });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout) as unknown[][];
}

/** Runs a program in a process of its own, since a fault in mapped memory ends it. It gets the library and the directory, and prints JSON. */
function inProcess(directory: string, program: string): unknown {
  const entry = new URL("../dist/node.js", import.meta.url).href;
  const source = `import * as fs from "node:fs"; import { spawnSync } from "node:child_process"; import { join } from "node:path";
    const npy = await import(${JSON.stringify(entry)}); const directory = ${JSON.stringify(directory)};
    ${program}`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", source], { encoding: "utf8" });
  expect({ signal, stderr }).toEqual({ signal: null, stderr: "" });
  return JSON.parse(stdout);
}

test.skipIf(!canMount || process.platform !== "linux")(
  "a mapped reader of a container's file sees rows that are appended to the container's copy",
  (context) => {
    const directory = mountTmpfs(8192);
    const [lower, upper, work, merged] = ["lower", "upper", "work", "merged"].map((name) => join(directory, name));
    for (const path of [lower, upper, work, merged]) mkdirSync(path as string);
    saveSync(join(lower as string, "array.npy"), numbers(0, 1000));
    const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
    if (!sh("mount", "-t", "overlay", "overlay", "-o", layers, merged as string)) context.skip();
    onTestFinished(() => void sh("umount", "--lazy", merged as string));
    const seen = inProcess(
      merged as string,
      `const file = join(directory, "array.npy"); const sum = ({ data }) => data.reduce((a, b) => a + b, 0);
      const readers = [npy.NpyReader.openSync(file, { mmap: true }), npy.NpyReader.openSync(file, { mmap: true })];
      const first = sum(readers[0].read()); // the other maps nothing yet
      const npaa = npy.NpyAppendArray.openSync(file);
      for (let i = 0; i < 100; i++) npaa.append(new Float64Array(1000).fill(7));
      npaa.close();
      const sums = readers.map((reader) => (reader.refresh(), [sum(reader.read()), sum(reader.read(1000))]));
      console.log(JSON.stringify([first, sums]));`,
    );
    expect(seen).toEqual([
      499_500,
      [
        [1_199_500, 700_000],
        [1_199_500, 700_000],
      ],
    ]);
  },
);

/** A file system of 400 MB, if there are a program that makes it and loop devices. */
function mountImage(...make: string[]): string | undefined {
  const [command, ...options] = make as [string, ...string[]];
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const [image, mounted] = [join(directory, "image"), join(directory, "mounted")];
  mkdirSync(mounted);
  onTestFinished(() => {
    sh("umount", mounted);
    rmSync(directory, { recursive: true, force: true });
  });
  const isThere =
    sh("truncate", "-s", "400M", image) && sh(command, ...options, image) && sh("mount", "-o", "loop", image, mounted);
  return isThere ? mounted : undefined;
}

/** XFS with shared blocks. */
function mountXfs(): string | undefined {
  return mountImage("mkfs.xfs", "-q", "-m", "reflink=1");
}

test.skipIf(!canMount).for(["tmpfs", "ext4", "xfs", "btrfs"])(
  "a disk that fills up under a window is an error, not the end of the process: %s",
  { timeout: 120_000 },
  (kind, context) => {
    const images: Record<string, () => string | undefined> = {
      tmpfs: () => mountTmpfs(4096),
      ext4: () => mountImage("mkfs.ext4", "-q"),
      xfs: mountXfs,
      btrfs: () => mountImage("mkfs.btrfs", "-q"),
    };
    const directory = images[kind]?.() ?? context.skip();
    const seen = inProcess(
      directory,
      `const file = join(directory, "log.npy");
    const npaa = npy.NpyAppendArray.openSync(file, { dtype: "float64", rowShape: [8], mmap: true });
    let rows = 0;
    const row = new Float64Array(8);
    const append = () => { npaa.append(row.fill(rows)); rows++; };
    const isMarked = () => fs.readFileSync(file)[126] === 9;
    for (let i = 0; i < 5000; i++) append();
    const wasOpen = isMarked();
    const filler = fs.openSync(join(directory, "filler"), "w");
    let filled = 0;
    for (const size of [2 ** 20, 4096]) try { for (;;) filled += fs.writeSync(filler, Buffer.alloc(size, 1)); } catch {}
    try { fs.fsyncSync(filler); } catch {}
    const codes = new Set();
    const right = () => {
      const { data, shape } = npy.loadSync(file);
      return shape[0] === rows && data.every((value, i) => value === Math.floor(i / 8));
    };
    const checks = [];
    // What is reserved is there still; then there is an error for each append, until there is space.
    for (let left = 4; left > 0; left--) {
      try { for (let i = 0; i < 200_000; i++) append(); } catch (error) { codes.add(error.code); }
      checks.push(right(), isMarked());
      filled -= 2 ** 18;
      fs.ftruncateSync(filler, filled);
      fs.fsyncSync(filler);
    }
    fs.closeSync(filler);
    fs.unlinkSync(join(directory, "filler"));
    npaa.sync();
    for (let i = 0; i < 200; i++) append();
    npaa.close();
    console.log(JSON.stringify({ wasOpen, codes: [...codes], checks, isRight: right(), isWhole: !npy.needsRecoverySync(file) }));`,
    );
    expect(seen).toEqual({
      wasOpen: kind === "tmpfs" || kind === "ext4",
      codes: ["ENOSPC"],
      checks: Array.from({ length: 4 }, () => [true, false]).flat(),
      isRight: true,
      isWhole: true,
    });
  },
);

test.skipIf(!canMount).for([false, true])(
  "a full disk under a file that was copied with shared blocks, mmap: %s",
  (mmap, context) => {
    const directory = mountXfs() ?? context.skip();
    const seen = inProcess(
      directory,
      `const file = join(directory, "log.npy");
    const npaa = npy.NpyAppendArray.openSync(file, { dtype: "float64", rowShape: [8], mmap: ${mmap} });
    for (let i = 0; i < 150; i++) npaa.append(new Float64Array(8).fill(i));
    npaa.sync();
    spawnSync("cp", ["--reflink=always", file, join(directory, "snapshot.npy")]);
    const filler = fs.openSync(join(directory, "filler"), "w");
    for (const size of [2 ** 20, 4096]) try { for (;;) fs.writeSync(filler, Buffer.alloc(size, 1)); } catch {}
    let code;
    try { npaa.append(new Float64Array(8).fill(150)); } catch (error) { code = error.code; }
    fs.closeSync(filler);
    fs.unlinkSync(join(directory, "filler"));
    npaa.append(new Float64Array(8).fill(150));
    npaa.close();
    console.log(JSON.stringify([code, npy.loadSync(file).shape]));`,
    );
    expect(seen).toEqual(["ENOSPC", [151, 8]]);
  },
);
