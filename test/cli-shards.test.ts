/** Folders of shards on the command line. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { loadSync, NpyShards, saveSync } from "../src/node.ts";
import { MAIN, npy } from "./support/command.ts";

let cwd: string;
const run = (...args: string[]): string => {
  const { status, stdout, stderr } = npy(args, { cwd });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
};
const fails = (...args: string[]): string => {
  const { status, stdout, stderr } = npy(args, { cwd });
  expect([status, stdout]).toEqual([1, ""]);
  return stderr.replace("npy-append-array: ", "").trim();
};

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "npy-append-array-"));
  saveSync(join(cwd, "log.npy"), { data: Float64Array.from({ length: 20 }, (_, i) => i), shape: [10, 2] });
  saveSync(join(cwd, "fortran.npy"), { data: Int16Array.from({ length: 20 }, (_, i) => i), shape: [2, 10], fortranOrder: true });
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe("shard", () => {
  test("writes files of equal size, which concat joins again", () => {
    expect(run("shard", "--rows", "4", "log.npy", "shards")).toBe("shards: 10 rows in 3 files\n");
    expect(readdirSync(join(cwd, "shards")).sort()).toEqual(["00000000.npy", "00000001.npy", "00000002.npy"]);
    expect(run("concat", "all.npy", "shards")).toBe("all.npy: 10 rows of 1 file\n");
    expect(readFileSync(join(cwd, "all.npy"))).toEqual(readFileSync(join(cwd, "log.npy")));
    run("-q", "shard", "-n", "3", "shards", "smaller");
    expect(loadSync(join(cwd, "smaller")).data).toEqual(loadSync(join(cwd, "log.npy")).data);
    expect(readdirSync(join(cwd, "smaller"))).toHaveLength(4);
    expect(fails("shard", "-n", "4", "log.npy", "shards")).toBe("shards: it already has shards: choose another directory");
    expect(fails("shard", "-n", "4", "none.npy", "new")).toMatch(/^none\.npy: no such file/);
  });

  test("keeps Fortran order", () => {
    run("shard", "-n", "4", "fortran.npy", "f");
    run("concat", "f.npy", "f");
    expect(readFileSync(join(cwd, "f.npy"))).toEqual(readFileSync(join(cwd, "fortran.npy")));
  });
});

describe("commands that read take folders", () => {
  beforeAll(() => {
    run("-q", "shard", "-n", "4", "log.npy", "read");
  });

  test.each([
    ["head", "-n", "5"],
    ["tail", "-n", "7"],
    ["head", "--csv", "--columns", "1"],
    ["head", "--raw"],
    ["slice", "2:9:3"],
    ["head", "--random", "3", "--seed", "1", "--ndjson"],
    ["stats"],
  ])("%s %s %s", (command, ...options) => {
    const [before, after] = command === "slice" ? [[], options] : [options, []];
    expect(run(command, ...before, "read", ...after)).toBe(run(command, ...before, "log.npy", ...after));
  });

  test("info", async () => {
    const writer = await NpyShards.open(join(cwd, "read"), { rowsPerShard: 4 });
    await writer.append([[1, 2]]);
    expect(run("info", "read")).toBe(
      "read\n  dtype       float64 (<f8)\n  shape       (10, 2)\n  order       C\n  growth      along axis 0, rows of 16 bytes\n  data        160 bytes\n  shards      3 files of 4 rows, the last of 2\n" +
        "  writing     1 file that no shard was made of yet: recover does, if the writers are gone\n",
    );
    expect(JSON.parse(run("info", "--json", "read"))).toMatchObject({ shape: [10, 2], shards: 3, rows: [4, 4, 2], writing: 1 });
    expect(run("recover", "read")).toBe("read: 0 files made shards, 1 file in use\n");
    await writer.close();
    expect(run("info", "read")).toContain("4 files of 1 to 4 rows\n");
    truncateSync(join(cwd, "read", "00000000.npy"), 150);
    expect(fails("head", "read")).toContain("00000000.npy");
    expect(run("recover", "read")).toBe("read: 0 files made shards, 1 file repaired\n");
  });

  test("a folder without shards is named", () => {
    mkdirSync(join(cwd, "empty"));
    expect(fails("head", "empty")).toMatch(/^empty: there are no shards, whose names are digits alone such as 00000000\.npy/);
  });
});

test("index prints a reference", () => {
  run("-q", "shard", "-n", "4", "log.npy", "indexed");
  const { refs } = JSON.parse(run("index", "--url", "https://example.org/x", "indexed"));
  expect(refs["1.0"]).toEqual(["https://example.org/x/00000001.npy", 128, 64]);
  expect(refs["2.0"]).toMatch(/^base64:/);
  expect(fails("index", "empty")).toMatch(/^empty: there are no shards/);
});

test("tail -F goes on with the shards that come", async () => {
  run("-q", "shard", "-n", "4", "log.npy", "followed");
  const child = spawn(process.execPath, [MAIN, "tail", "-F", "--ndjson", "-n", "1", "followed"], { cwd });
  onTestFinished(() => void child.kill());
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  const until = async (text: string): Promise<void> => {
    while (!output.endsWith(text)) await once(child.stdout, "data");
  };
  await until("[18.0,19.0]\n");
  const writer = await NpyShards.open(join(cwd, "followed"), { rowsPerShard: 2 });
  await writer.append([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
  await until("[1.0,2.0]\n[3.0,4.0]\n");
  await writer.close();
  await until("[5.0,6.0]\n");
});
