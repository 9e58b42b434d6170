/** ensureAppendable in place on real files: killed in the middle, and with blocks that a file system inserts. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  dtype,
  ensureAppendable,
  ensureAppendableSync,
  formatHeader,
  inspectSync,
  load,
  loadSync,
  NpyAppendArray,
  needsRecoverySync,
  recover,
  recoverSync,
  save,
} from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

const TIGHT = 80;

/** Numbers from 0 on under a header without room. */
function writeTight(path: string, count: number): void {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [count], headerLength: TIGHT });
  writeFileSync(path, Buffer.concat([header, Buffer.from(numbers(count).buffer)]));
}

function numbers(count: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: count }, (_, i) => i);
}

function expectNumbers(path: string, count: number): void {
  const { data } = loadSync(path, { dtype: "float64" });
  expect(Buffer.compare(new Uint8Array(data.buffer), new Uint8Array(numbers(count).buffer))).toBe(0);
}

const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Within the package, since it asks for koffi. */
const REWRITING = source("../node_modules/.cache/in-place/rewriting.mjs");

beforeAll(async () => {
  await build({ input: source("support/rewriting-process.ts"), platform: "node", output: { file: REWRITING } });
});

interface Rewriting {
  /** Kill it when so many blocks were moved. */
  readonly killAt?: number;
  readonly block?: number;
  readonly insertFrom?: number;
}

/** A process that rewrites a file in place. */
function rewriting(
  path: string,
  { killAt = 0, block = 4096, insertFrom = Number.POSITIVE_INFINITY }: Rewriting = {},
): ChildProcess {
  const args = [REWRITING, path, String(killAt), String(block), String(insertFrom)];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

async function end(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return await new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
}

describe("a process that is killed with kill -9", () => {
  const COUNT = 20_000;
  const BLOCKS = Math.ceil((COUNT * 8) / 4096);

  test.each([1, 2, 7, BLOCKS - 1, BLOCKS])("after block %i: nobody reads the file, and it can be completed", async (killAt) => {
    const path = temporaryPath();
    writeTight(path, COUNT);
    expect(await end(rewriting(path, { killAt }))).toBe("SIGKILL");
    expect(needsRecoverySync(path)).toBe(true);
    await expect(load(path)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    await expect(NpyAppendArray.open(path)).rejects.toMatchObject({ code: "ERR_NPY_NEEDS_RECOVERY" });
    if (numpyVersion !== undefined) {
      const code = `
def refusal(**options):
    try:
        np.load(data, **options)
    except Exception as error:
        return type(error).__name__
print(json.dumps([refusal(), refusal(allow_pickle=True), refusal(mmap_mode="r")]))
`;
      expect(python(code, path)).toEqual(["ValueError", expect.any(String), expect.any(String)]);
    }
    const before = readFileSync(path);
    const report = { needed: true, rowsBefore: COUNT, rowsAfter: COUNT, bytesDropped: 0, bytesZeroFilled: 0 };
    expect(await recover(path, { dryRun: true })).toEqual(report);
    expect(readFileSync(path).equals(before)).toBe(true);
    const other = temporaryPath();
    copyFileSync(path, other);
    const third = temporaryPath();
    copyFileSync(path, third);
    expect(await recover(path)).toEqual(report);
    await ensureAppendable(other, { inplace: true });
    ensureAppendableSync(third);
    const saved = temporaryPath();
    await save(saved, numbers(COUNT));
    for (const completed of [path, other, third]) expect(readFileSync(completed).equals(readFileSync(saved))).toBe(true);
  });

  test.each(["moved", "inserted where that is possible"])("at any moment: %s", async (how) => {
    const insertFrom = how === "moved" ? Number.POSITIVE_INFINITY : 0;
    for (let round = 0; round < 8; round++) {
      const path = temporaryPath();
      writeTight(path, COUNT);
      const child = rewriting(path, { insertFrom });
      child.stdout?.once("data", () => setTimeout(() => child.kill("SIGKILL"), Math.random() * (how === "moved" ? 60 : 10)));
      await end(child);
      if (needsRecoverySync(path)) recoverSync(path);
      expectNumbers(path, COUNT);
      ensureAppendableSync(path);
      expectNumbers(path, COUNT);
    }
  });
});

/** More than is moved. */
const LARGE = 2 ** 20 + 5;

/** Rewrites a large file in a directory; tells whether a block was inserted. */
async function rewriteLarge(directory: string): Promise<boolean> {
  const path = join(directory, "large.npy");
  writeTight(path, LARGE);
  const { ino, mode } = statSync(path);
  const progress: number[] = [];
  await ensureAppendable(path, { inplace: true, onProgress: (done, total) => progress.push(done / total) });
  expect(progress.at(-1)).toBe(1);
  expect(statSync(path)).toMatchObject({ ino, mode });
  expectNumbers(path, LARGE);
  if (numpyVersion !== undefined) {
    const code =
      "a = np.load(data); b = np.load(data, mmap_mode='r'); print(json.dumps([a.tolist() == list(range(len(a))), len(b)]))";
    expect(python(code, path)).toEqual([true, LARGE]);
  }
  const { headerLength, appendable } = inspectSync(path);
  expect(appendable).toBe(true);
  const npaa = await NpyAppendArray.open(path);
  await npaa.append([LARGE]);
  await npaa.close();
  expectNumbers(path, LARGE + 1);
  const { blksize } = statSync(path);
  expect([128, TIGHT + blksize]).toContain(headerLength);
  return headerLength !== 128;
}

function sh(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Where a file system of this type can be made and mounted: as root, with its tools and a loop device. */
function mountImage(type: string, megabytes: number): { directory: string; unmount: () => void } | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const parent = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const image = join(parent, "image");
  const unmount = (): void => {
    sh("umount", parent);
    rmSync(parent, { recursive: true, force: true });
  };
  closeSync(openSync(image, "w"));
  truncateSync(image, megabytes * 2 ** 20);
  if (sh(`mkfs.${type}`, "-q", image) && sh("mount", "-o", "loop", image, parent)) return { directory: parent, unmount };
  unmount();
  return undefined;
}

/** A file system of its own until the test ends, where that is allowed. */
function mountTmpfs(megabytes: number): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  const isMounted = process.platform === "linux" && sh("mount", "-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", directory);
  onTestFinished(() => {
    if (isMounted) sh("umount", "--lazy", directory);
    rmSync(directory, { recursive: true, force: true });
  });
  return isMounted ? directory : undefined;
}

describe("a large file", () => {
  test("wherever temporary files are", async () => {
    await rewriteLarge(temporaryDirectory());
  });

  test.for([
    ["ext4", 64],
    ["xfs", 400],
  ] as const)("on %s a block is inserted", async ([type, megabytes], { skip }) => {
    const mounted = mountImage(type, megabytes);
    if (mounted === undefined) return skip(`${type} cannot be mounted here`);
    onTestFinished(mounted.unmount);
    const koffi = await import("koffi").catch(() => undefined);
    expect(await rewriteLarge(mounted.directory)).toBe(koffi !== undefined);
  });

  test("on tmpfs, which cannot, the data are moved", async ({ skip }) => {
    const directory = mountTmpfs(64);
    if (directory === undefined) return skip("tmpfs cannot be mounted here");
    expect(await rewriteLarge(directory)).toBe(false);
  });

  test("on a disk that is full it stays as it was, and is not copied either", async ({ skip }) => {
    const directory = mountTmpfs(10);
    if (directory === undefined) return skip("tmpfs cannot be mounted here");
    const path = join(directory, "large.npy");
    writeTight(path, LARGE);
    const before = readFileSync(path);
    for (const inplace of [true, false]) {
      await expect(ensureAppendable(path, { inplace })).rejects.toMatchObject({ code: "ENOSPC", syscall: "write" });
      expect(readFileSync(path).equals(before)).toBe(true);
      expect(readdirSync(directory)).toEqual(["large.npy"]);
    }
    expect(sh("mount", "-o", "remount,size=64m", directory)).toBe(true);
    await ensureAppendable(path, { inplace: true });
    expectNumbers(path, LARGE);
  });
});
