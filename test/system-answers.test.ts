/** What file systems and runtimes answer that are not at hand: directories that cannot be synced, syncs on macOS, pipes on Windows. */
import type * as NodeFs from "node:fs";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { openDescriptor } from "../src/cli/sources/bytes.ts";
import { load, NpyAppendArray } from "../src/node.ts";
import { syncFile, syncFileSync } from "../src/storage/node-sync.ts";
import { attempt, FILE_FORMS } from "./support/forms.ts";
import { temporaryDirectory, temporaryPath } from "./support/temporary.ts";

/** What was asked for, and the codes of errors that calls fail with. */
const system = vi.hoisted(() => ({
  asked: [] as string[],
  failing: new Map<string, string>(),
  directories: new Set<number>(),
  kind: "",
}));

vi.mock("node:fs", async (importOriginal) => {
  const fs = await importOriginal<typeof NodeFs>();
  const answer = (name: string): void => {
    const code = system.failing.get(name);
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${name}`), { code, syscall: name });
  };
  const later = (call: (fd: number) => void) => (fd: number, done: (error?: unknown) => void) => {
    try {
      call(fd);
      done();
    } catch (error) {
      done(error);
    }
  };
  const fsyncSync = (fd: number): void => {
    const name = system.directories.has(fd) ? "sync of the directory" : "fsync";
    system.asked.push(name);
    answer(name);
  };
  const fdatasyncSync = (): void => {
    system.asked.push("fdatasync");
    answer("fdatasync");
  };
  return {
    ...fs,
    openSync(path: string, ...rest: [number]) {
      const isDirectory = fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
      if (isDirectory) answer("open of the directory");
      const fd = fs.openSync(path, ...rest);
      if (isDirectory) system.directories.add(fd);
      else system.directories.delete(fd);
      return fd;
    },
    fsyncSync,
    fsync: later(fsyncSync),
    fdatasyncSync,
    fdatasync: later(fdatasyncSync),
    fstatSync(fd: number, options: object) {
      const stats = fs.fstatSync(fd, options);
      if (system.kind === "") return stats;
      const is = (kind: string) => () => system.kind === kind;
      return Object.assign(stats, {
        isFile: is("file"),
        isDirectory: is("directory"),
        isCharacterDevice: is("device"),
        isFIFO: () => false,
        isSocket: () => false,
      });
    },
  };
});

beforeEach(() => {
  system.asked.length = 0;
  system.failing.clear();
  system.kind = "";
});

/** Until the test ends this process seems to run there. */
function seem(platform: NodeJS.Platform, runtime?: string): void {
  const real = process.platform;
  Object.defineProperty(process, "platform", { value: platform });
  if (runtime !== undefined) Object.defineProperty(process.versions, runtime, { value: "1", configurable: true });
  onTestFinished(() => {
    Object.defineProperty(process, "platform", { value: real });
    if (runtime !== undefined) Reflect.deleteProperty(process.versions, runtime);
  });
}

describe.each(FILE_FORMS)("%s", (_form, verbs) => {
  test.each([
    ["open of the directory", "EACCES"],
    ["open of the directory", "EINVAL"],
    ["sync of the directory", "EINVAL"],
    ["sync of the directory", "ENOTSUP"],
    ["sync of the directory", "ENOSYS"],
  ])("rows are appended where the %s fails with %s", async (call, code) => {
    system.failing.set(call, code);
    const path = temporaryPath();
    const npaa = await verbs.open(path, { dtype: "<f8", rowShape: [], durability: "full" });
    await npaa.append([1]);
    await npaa.close();
    const replacing = await verbs.open(path, { deleteIfExists: true, durability: "full" });
    await replacing.append([2, 3]);
    await replacing.close();
    expect((await load(path)).data).toEqual(Float64Array.of(2, 3));
  });

  test("a directory that the disk could not write is an error", async () => {
    system.failing.set("sync of the directory", "EIO");
    const path = temporaryPath();
    await expect(
      attempt(async () => {
        const npaa = await verbs.open(path, { dtype: "<f8", rowShape: [], durability: "full" });
        await npaa.append([1]);
      }),
    ).rejects.toMatchObject({ code: "EIO" });
  });
});

describe.each([
  ["sync", (fd: number) => syncFileSync(fd)],
  ["async", (fd: number) => syncFile(fd)],
] as const)("a file is synced, %s", (_form, sync) => {
  test("by fsync, which Node and Deno make complete on macOS", async () => {
    await sync(0);
    seem("darwin");
    await sync(0);
    expect(system.asked).toEqual(["fsync", "fsync"]);
  });

  test("by fdatasync in Bun on macOS, or by fsync where the file system cannot do that", async () => {
    seem("darwin", "bun");
    await sync(0);
    expect(system.asked).toEqual(["fdatasync"]);
    system.failing.set("fdatasync", "ENOTSUP");
    await sync(0);
    expect(system.asked).toEqual(["fdatasync", "fdatasync", "fsync"]);
    system.failing.set("fsync", "EIO");
    await expect(attempt(() => sync(0))).rejects.toMatchObject({ code: "EIO" });
  });
});

test("on Windows all that is neither a file nor a device may block, and is read by events", () => {
  seem("win32");
  const isPipe = ["file", "directory", "device", "pipe"].map((kind) => {
    system.kind = kind;
    return openDescriptor("-", { mayBeTerminal: true }).isPipe;
  });
  expect(isPipe).toEqual([false, false, false, true]);
});

test("a file that is created has its directory synced once", async () => {
  const npaa = await NpyAppendArray.open(`${temporaryDirectory()}/a.npy`, { dtype: "<f8", durability: "full" });
  await npaa.append([1]);
  await npaa.close();
  expect(system.asked.filter((call) => call === "sync of the directory")).toHaveLength(1);
});
