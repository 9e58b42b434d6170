/** The command line on Windows, played by a shim of the file system. */
import fs from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { run } from "../src/cli/program/running.ts";
import { loadSync, NpyReader, saveSync } from "../src/node.ts";
import { temporaryDirectory } from "./support/temporary.ts";
import { enterWindows, leaveWindows, windows } from "./support/windows-fs.ts";

vi.mock("node:fs", async (importOriginal) => (await import("./support/windows-fs.ts")).fsOfWindows(await importOriginal()));
vi.mock("node:fs/promises", async (importOriginal) => {
  const { promisesOfWindows } = await import("./support/windows-fs.ts");
  return promisesOfWindows(await importOriginal(), (await import("node:fs")).default);
});
vi.mock("node:path", async (importOriginal) => {
  const { win32 } = await importOriginal<typeof import("node:path")>();
  return { ...win32, default: win32 };
});
vi.mock("node:os", async (importOriginal) => {
  const os = await importOriginal<typeof import("node:os")>();
  const constants = { ...os.constants, signals: { ...os.constants.signals, SIGBREAK: 21 } };
  return { ...os, constants, tmpdir: () => "C:\\tmp" };
});
vi.mock("../src/storage/native/c-library.ts", async (importOriginal) =>
  (await import("./support/windows-fs.ts")).librariesOfWindows(await importOriginal()),
);

beforeAll(enterWindows);
beforeEach(enterWindows);
afterAll(leaveWindows);

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function npy(...args: readonly string[]): Promise<Ran> {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((part) => {
      texts[name] += Buffer.from(part as Uint8Array).toString();
      return true;
    }),
  );
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    await run(args, "0.0.0");
    return { ...texts, status: Number(process.exitCode ?? 0) };
  } finally {
    process.exitCode = before;
    for (const spy of spies) spy.mockRestore();
  }
}

/** Files of one row each, in a folder of their own. */
function filesOf(...names: readonly string[]): string {
  const directory = temporaryDirectory();
  for (const [i, name] of names.entries()) saveSync(join(directory, name), [i]);
  return directory;
}

test("wildcards stand for the files that match, in the order of their names, in any case", async () => {
  const directory = filesOf("shard-2.npy", "Shard-1.NPY", "shard-10.npy", ".shard-0.npy", "other.npy");
  const { status, stdout } = await npy("concat", "-q", join(directory, "all.npy"), join(directory, "shard-*.npy"));
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
  expect(loadSync(join(directory, "all.npy")).data).toEqual(Float64Array.of(1, 2, 0));
  await npy("concat", "-q", join(directory, "some.npy"), join(directory, "shard-?.npy").replaceAll("\\", "/"));
  expect(loadSync(join(directory, "some.npy")).data).toEqual(Float64Array.of(1, 0));
  // A wildcard may stand for folders, too.
  const folders = join(directory, "..", `${basename(directory).slice(0, -1)}*`, "oth*.npy");
  await npy("concat", "-q", join(directory, "one.npy"), folders);
  expect(loadSync(join(directory, "one.npy")).data).toEqual(Float64Array.of(4));
  const nothing = await npy("info", join(directory, "none-*.npy"));
  expect(nothing.status).toBe(1);
  expect(nothing.stderr).toContain("none-*.npy: Windows has no file of the name");
});

test("files whose ids are the same number, once they are rounded, are told apart", async () => {
  const directory = filesOf("a.npy", "b.npy");
  const [a, b, out] = ["a.npy", "b.npy", "out.npy"].map((name) => join(directory, name)) as [string, string, string];
  saveSync(out, [9]);
  expect(fs.statSync(a).ino).toBe(fs.statSync(b).ino);
  expect(await npy("concat", "-q", "--overwrite", out, a, b)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(loadSync(out).data).toEqual(Float64Array.of(0, 1));
  const same = await npy("concat", "--overwrite", out, a, out.toUpperCase());
  expect(same.stderr).toContain("it is also one of the sources");
});

test("convert, split and plot replace files, and wait for a scanner that has one open", async () => {
  const directory = filesOf("a.npy");
  const path = join(directory, "a.npy");
  windows.disturbed = 2;
  expect(await npy("convert", "-q", "--overwrite", "--dtype", "f4", path, path)).toMatchObject({ status: 0, stderr: "" });
  expect(loadSync(path).data).toEqual(Float32Array.of(0));
  windows.disturbed = 2;
  expect(await npy("split", "-q", "--out", join(directory, "parts"), path)).toMatchObject({ status: 0, stderr: "" });
  expect(await npy("split", "-q", "--overwrite", "--out", join(directory, "parts"), path)).toMatchObject({
    status: 0,
    stderr: "",
  });
  expect(fs.readdirSync(join(directory, "parts"))).toEqual(["a.0.npy"]);
  const svg = join(directory, "a.svg");
  for (const options of [[], ["--overwrite"]]) {
    windows.disturbed = 2;
    expect(await npy("plot", "-q", "--svg", svg, ...options, path)).toMatchObject({ status: 0, stderr: "" });
  }
  expect(fs.readdirSync(directory).sort()).toEqual(["a.npy", "a.svg", "parts"]);
});

test("convert gives its file the name where there are no hard links", async () => {
  windows.hasHardLinks = false;
  const directory = filesOf("a.npy");
  expect(await npy("convert", "-q", join(directory, "a.npy"), join(directory, "b.npy"))).toMatchObject({ status: 0, stderr: "" });
  expect(fs.readdirSync(directory).sort()).toEqual(["a.npy", "b.npy"]);
});

test("a file that another program has open is not blamed on its owner or mode, which Windows does not have", async () => {
  const directory = filesOf("a.npy", "b.npy");
  const path = join(directory, "b.npy");
  const reader = NpyReader.openSync(path);
  onTestFinished(() => reader.close());
  const { status, stderr } = await npy("convert", "--overwrite", join(directory, "a.npy"), path);
  expect(status).toBe(1);
  expect(stderr).toMatch(/b\.npy: Windows refuses it: close all programs that have the file open/);
  expect(fs.readdirSync(directory).sort()).toEqual(["a.npy", "b.npy"]);
});

test("advice quotes names as the shells of Windows do", async () => {
  const directory = temporaryDirectory();
  const [plain, spaced] = [join(directory, "x.npy"), join(directory, "two words.npy")];
  for (const path of [plain, spaced]) {
    saveSync(path, [1, 2, 3]);
    fs.truncateSync(path, 140);
  }
  expect((await npy("tail", plain)).stderr).toContain(`run "npy-append-array recover ${plain}"`);
  expect((await npy("tail", spaced)).stderr).toContain(`run "npy-append-array recover "${spaced}""`);
});

test("--out writes raw bytes into a new file, past the pipes of PowerShell", async () => {
  const directory = filesOf("a.npy");
  const [path, out] = [join(directory, "a.npy"), join(directory, "a.bin")];
  expect(await npy("slice", path, "--raw", "--out", out)).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(fs.readFileSync(out)).toEqual(Buffer.alloc(8));
  expect((await npy("head", path, "--raw", "--out", out)).stderr).toContain("a.bin: it already exists");
  expect((await npy("tail", path, "--out", out)).stderr).toContain("--out is for --raw");
  expect((await npy("tail", "-f", path, "--raw", "--out", out)).stderr).toContain("--follow and --out cannot be combined");
  expect((await npy("head", "--random", "1", path, "--raw", "--out", out)).stderr).toContain("--random and --out");
});

describe("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
    ["SIGBREAK", 149],
  ] as const)(
    "%s ends the work at a safe point, with exit code %i, and does not end the process in between",
    async (signal, status) => {
      const kill = vi.spyOn(process, "kill").mockImplementation(() => expect.unreachable());
      onTestFinished(() => kill.mockRestore());
      const path = join(temporaryDirectory(), "late.npy");
      const following = npy("tail", "--follow", "-q", path);
      await vi.waitFor(() => expect(process.listenerCount(signal)).toBeGreaterThan(0));
      process.emit(signal, signal);
      expect(await following).toMatchObject({ status });
    },
  );
});
