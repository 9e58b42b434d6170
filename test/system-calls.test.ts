/**
 * The order of writes and syncs as the operating system is asked for them, where strace can tell. It watches another process, which runs the
 * built package.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import type { OpenOptions } from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { temporaryPath } from "./support/temporary.ts";

const PACKAGE = new URL("../dist/node.js", import.meta.url).href;

/** Not where it is not installed, nor where processes may not be watched. */
const hasStrace = spawnSync("strace", ["-f", "-y", "-o", "/dev/null", process.execPath, "-e", ""]).status === 0;

const CALLS = "pwrite64,write,pwritev,fsync,fdatasync,ftruncate,rename,renameat,renameat2,flock";

/** What a program asks for that concerns a file or its directory, in this order. */
function trace(path: string, program: string): string[] {
  const log = `${path}.strace`;
  const code = `const { NpyAppendArray } = await import(${JSON.stringify(PACKAGE)});
    const path = ${JSON.stringify(path)};
    ${program}`;
  const command = [process.execPath, "--input-type=module", "-e", code];
  const { status, stderr } = spawnSync("strace", ["-f", "-y", "-o", log, "-e", `trace=${CALLS}`, ...command], {
    encoding: "utf8",
    timeout: 60_000,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const name = basename(path).replaceAll(".", "\\.");
  return readFileSync(log, "utf8")
    .split("\n")
    .flatMap((line) => {
      // A call that another thread interrupts has its arguments on its first line.
      const [, call, rest = ""] = /^\d+ +(\w+)\((.*)/.exec(line) ?? [];
      if (call === undefined || !new RegExp(`${name}(\\.[0-9a-f-]+\\.tmp)?[>"]|npy-append-array-\\w+>`).test(rest)) return [];
      if (call === "fsync" && /npy-append-array-\w+>/.test(rest)) return ["sync of the directory"];
      if (call === "pwrite64") return [`write ${/, 0[) ]/.test(rest) ? "header" : "data"}`];
      return [call];
    });
}

/** Where koffi has no binary, nothing is locked. */
const LOCK = cLibrary() === undefined ? [] : ["flock"];

describe.skipIf(!hasStrace)("the operating system is asked for", () => {
  const OPTIONS = { dtype: "<f8", rowShape: [] };

  test.each([
    ["os", ["write data", "write header"]],
    ["data", ["write data", "fsync", "write header"]],
    ["full", ["write data", "fsync", "write header", "fsync"]],
  ] as const)("durability %s: %j for each append, synchronous or not", (durability, expected) => {
    for (const open of ["await NpyAppendArray.open", "NpyAppendArray.openSync"]) {
      const options = JSON.stringify({ ...OPTIONS, durability } satisfies OpenOptions);
      const program = `const npaa = ${open}(path, ${options}); await npaa.append([1]); await npaa.append([2]); await npaa.close();`;
      const created = durability === "os" ? ["write header"] : ["write header", "fsync", "sync of the directory"];
      expect(trace(temporaryPath(), program)).toEqual([...LOCK, ...created, ...expected, ...expected]);
    }
  });

  test("a header that is written at the end is written when the rows are safe", () => {
    const options = JSON.stringify({ ...OPTIONS, durability: "full", rewriteHeaderOnAppend: false });
    const program = `const npaa = await NpyAppendArray.open(path, ${options}); await npaa.append([1]); await npaa.close();`;
    const calls = trace(temporaryPath(), program);
    expect(calls.slice(calls.indexOf("write data"))).toEqual(["write data", "fsync", "fsync", "write header", "fsync"]);
  });

  test("100 appends at once: the syncs of one", () => {
    const options = JSON.stringify({ ...OPTIONS, durability: "full" });
    const program = `const npaa = await NpyAppendArray.open(path, ${options});
      await Promise.all(Array.from({ length: 100 }, (_, i) => npaa.append([i])));
      await npaa.close();`;
    const calls = trace(temporaryPath(), program);
    expect(calls.slice(calls.indexOf("write data"))).toEqual(["write data", "fsync", "write header", "fsync"]);
  });

  test("a file that replaces another is locked and safe before it has the name, and the name safe before append returns", () => {
    const options = JSON.stringify({ durability: "full", deleteIfExists: true });
    const program = `await (await NpyAppendArray.open(path, ${JSON.stringify(OPTIONS)})).close();
      const npaa = await NpyAppendArray.open(path, ${options}); await npaa.append([1]); await npaa.close();`;
    const calls = trace(temporaryPath(), program);
    const replaced = calls.indexOf("rename");
    const before = ["write header", "fsync", "sync of the directory", ...LOCK, "write data", "fsync", "write header", "fsync"];
    expect(calls.slice(replaced - before.length)).toEqual([...before, "rename", "fsync", "sync of the directory"]);
  });
});
