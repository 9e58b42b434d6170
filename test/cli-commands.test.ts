/** Exit codes, messages, help, pipes and following. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Help } from "commander";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../src/cli/commands.ts";
import { dtype, formatHeader, NpyAppendArray, NpyAppendGroup, recoverSync, saveSync } from "../src/node.ts";
import { MAIN, npy, shell } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** `completion` reads its commands only when it runs. */
const program = new Command();
const commands = await Promise.all(COMMANDS.map(async ({ load }) => (await load())(program)));

test("the table of commands says of each what the command itself says", () => {
  const help = new Help();
  expect(COMMANDS.map(({ usage, summary }) => [usage, summary])).toEqual(
    commands.map((command) => [help.subcommandTerm(command), command.summary()]),
  );
});

/** A file as numpy.save of 1.20 writes it: the header has no room to grow. */
function oldFile(path: string): void {
  const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  const header = Buffer.from(`\u0093NUMPY\u0001\u0000\u0036\u0000${text.padEnd(53)}\n`, "latin1");
  writeFileSync(path, Buffer.concat([header.fill(text.length + 1, 8, 9), Buffer.from(Float64Array.of(1, 2).buffer)]));
}

test("exit codes: 1 for a problem with a file, while the others are still done; 2 for the command line; one line each", () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "good.npy"), [1, 2, 3]);
  saveSync(join(cwd, "short.npy"), [1, 2, 3]);
  truncateSync(join(cwd, "short.npy"), 145);
  writeFileSync(join(cwd, "not.npy"), "no array");
  const found = npy(["verify", "none.npy", "short.npy", "not.npy", "good.npy"], { cwd });
  expect(found).toMatchObject({ status: 1, stdout: "good.npy: ok\n" });
  expect(found.stderr.trimEnd().split("\n")).toEqual([
    "npy-append-array: none.npy: no such file or directory: check its name",
    'npy-append-array: short.npy: 17 bytes of data, its header says 24: run "npy-append-array recover short.npy"',
    expect.stringMatching(/^npy-append-array: not\.npy: Not a \.npy file/),
  ]);
  expect(npy(["recover", "--dry-run", "short.npy"], { cwd }).stdout).toBe(
    "short.npy: would keep 2 rows (the header said 3), would drop 1 byte of an incomplete row\n",
  );
  expect(npy(["recover", "--zerofill", "short.npy"], { cwd }).stdout).toBe(
    "short.npy: kept 3 rows (the header said 3), added 7 bytes of zeros\n",
  );
  for (const [args, verbs] of [
    [["--dry-run"], ["would keep", "would drop"]],
    [[], ["kept", "dropped"]],
  ] as const) {
    truncateSync(join(cwd, "short.npy"), 161);
    expect(npy(["recover", "--drop-uncounted", ...args, "short.npy"], { cwd }).stdout).toBe(
      `short.npy: ${verbs[0]} 3 rows (the header said 3), ${verbs[1]} 9 bytes after them\n`,
    );
  }
  truncateSync(join(cwd, "short.npy"), 151);
  expect(npy(["recover", "--drop-uncounted", "short.npy"], { cwd }).stdout).toBe(
    "short.npy: kept 2 rows (the header said 3), dropped 7 bytes of an incomplete row\n",
  );
  for (const args of [
    ["frobnicate"],
    ["head"],
    ["head", "good.npy", "-n", "x"],
    ["head", "good.npy", "--csv", "--raw"],
    ["append", "new.npy", "-"],
    ["recover", "good.npy", "--drop-uncounted", "--force"],
    ["recover", "good.npy", "--zerofill", "--drop-uncounted"],
    ["stats", "good.npy", "--columns", "nope"],
  ]) {
    const { status, stdout, stderr } = npy(args, { cwd });
    expect([args, status, stdout, stderr.match(/^npy-append-array: .*\n$/)?.length]).toEqual([args, 2, "", 1]);
  }
  expect(existsSync(join(cwd, "new.npy"))).toBe(false);
  expect(npy(["slice", "good.npy", "7", "--debug"], { cwd }).stderr).toMatch(/there is no row 7: it has 3 rows\n.*\n {4}at /);
});

test("ensure-appendable makes room in a copy or in place", () => {
  const cwd = temporaryDirectory();
  for (const inplace of [[], ["--inplace"]]) {
    const file = join(cwd, `old${inplace.length}.npy`);
    oldFile(file);
    expect(npy(["ensure-appendable", file, file, ...inplace], { cwd })).toMatchObject({
      status: 0,
      stdout: `${file}: now appendable\n${file}: already appendable\n`,
    });
    expect(npy(["slice", file, ":", "--csv"]).stdout).toBe("1.0\n2.0\n");
  }
});

describe("help", () => {
  test.each(commands.map((command) => [command.name(), command] as const))(
    "%s has examples of its own options",
    (name, command) => {
      let help = "";
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      const examples = [...help.slice(help.indexOf("Examples:")).matchAll(/npy-append-array ([a-z-]+)([^|>\n]*)/g)].filter(
        ([, called]) => called === name,
      );
      expect(examples.length).toBeGreaterThan(0);
      const known = command.options.flatMap(({ long, short }) => [long, short]).concat("--quiet");
      for (const [, , rest = ""] of examples) {
        for (const [flag] of rest.matchAll(/(?<=\s)--?[a-z][a-z-]*/g)) expect(known).toContain(flag);
      }
    },
  );
});

test("recover refuses a file that would become empty, and does the others", () => {
  const cwd = temporaryDirectory();
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: true, shape: [3, 1] });
  const bytes = Buffer.concat([header, Buffer.from(Float64Array.of(1, 2, 3).buffer)]);
  writeFileSync(join(cwd, "vector.npy"), bytes.subarray(0, -4));
  saveSync(join(cwd, "other.npy"), [1, 2, 3]);
  truncateSync(join(cwd, "other.npy"), 128 + 17);
  for (const args of [["--dry-run"], []]) {
    const { status, stdout, stderr } = npy(["recover", ...args, "vector.npy", "other.npy"], { cwd });
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^npy-append-array: vector.npy: The file has 20 of the 24 bytes of its one row, .*\. Run recover with --zerofill to keep them and fill the missing bytes with zeros, or with --allow-empty to drop them\.\n$/,
    );
    expect(stdout).toMatch(/^other.npy: (would keep|kept) 2 rows/);
  }
  expect(readFileSync(join(cwd, "vector.npy"))).toEqual(bytes.subarray(0, -4));
  const { status, stdout } = npy(["recover", "--allow-empty", "vector.npy"], { cwd });
  expect([status, stdout]).toEqual([0, "vector.npy: kept 0 rows (the header said 1), dropped 20 bytes of an incomplete row\n"]);
});

test("info and recover name the options of the command, not those of the library", () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "one.npy"), [1, 2, 3]);
  writeFileSync(join(cwd, "two.npy"), Buffer.concat([readFileSync(join(cwd, "one.npy")), readFileSync(join(cwd, "one.npy"))]));
  saveSync(join(cwd, "scalar.npy"), 1);
  truncateSync(join(cwd, "scalar.npy"), 130);
  const advice = [
    ["two.npy", "Run recover with --drop-uncounted to cut off the second array, or with --force to take its bytes for rows."],
    ["scalar.npy", "The one element of a 0-d array is incomplete. Run recover with --zerofill to fill it up with zeros."],
  ] as const;
  for (const [file, expected] of advice) {
    for (const { stdout, stderr } of [npy(["recover", file], { cwd }), npy(["info", file], { cwd })]) {
      expect(stdout + stderr).toContain(expected);
      expect(stdout + stderr).not.toMatch(/zerofillIncomplete|dropUncounted/);
    }
    expect(() => recoverSync(join(cwd, file))).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/ Call recover with (dropUncounted|zerofillIncomplete) to /) }),
    );
  }
});

test("info shows the arrays of a folder that grow in step, and recover repairs them", () => {
  const cwd = temporaryDirectory();
  const arrays = { id: { dtype: "int64" }, vec: { dtype: "float32", rowShape: [3] }, text: { dtype: "utf8" } } as const;
  {
    using group = NpyAppendGroup.openSync(join(cwd, "docs"), { arrays });
    group.append({ id: [1, 2], vec: new Float32Array(6), text: ["one", "two"] });
  }
  expect(npy(["info", "docs"], { cwd }).stdout).toBe(
    `docs
  arrays      3
  rows        2
  size        582 bytes
  complete    yes
  array  dtype         row         bytes
  id     int64         ()            144
  text   text (UTF-8)  any length    286
  vec    float32       (3,)          152
`,
  );
  expect(JSON.parse(npy(["info", "--json", "docs"], { cwd }).stdout)).toMatchObject({
    path: "docs",
    rows: 2,
    complete: true,
    arrays: { text: { dtype: "utf8", ragged: true }, vec: { dtype: "float32", rowShape: [3], ragged: false } },
  });
  truncateSync(join(cwd, "docs", "vec.npy"), 140);
  expect(npy(["info", "docs"], { cwd })).toMatchObject({
    status: 1,
    stderr: 'npy-append-array: docs: vec.npy is shorter than its header says: run "npy-append-array recover docs"\n',
  });
  const text = (verb: string, dropped: string): string =>
    `docs: ${verb} 1 row of each array (all files counted 2), ${dropped} 19 bytes\n`;
  expect(npy(["recover", "--dry-run", "docs"], { cwd }).stdout).toBe(text("would keep", "would drop"));
  saveSync(join(cwd, "docs", "stray.npy"), [1]);
  expect(npy(["recover", "--arrays", "id,vec,text", "docs"], { cwd }).stdout).toBe(text("kept", "dropped"));
  saveSync(join(cwd, "docs", "stray.npy"), [1, 2]);
  expect(npy(["info", "docs"], { cwd }).stdout).toContain("complete    no: ");
  expect(npy(["recover", "docs"], { cwd })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("may be no array of the group"),
  });
});

test.skipIf(process.platform === "win32")("a broken pipe and a full disk end as they should", async () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "long.npy"), new Float64Array(300_000));
  const { stdout, stderr } = shell("npy-append-array slice long.npy --csv | head -n 1", cwd);
  expect([stdout, stderr]).toEqual(["0.0\n", ""]);
  if (existsSync("/dev/full")) {
    const full = shell("npy-append-array head long.npy > /dev/full", cwd);
    expect(full.stderr).toMatch(/^npy-append-array: .*no space left on the device.*\n$/);
    expect(full.status).toBe(1);
  }
});

async function textOf({ stdout }: ChildProcess, isEnough: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const part of stdout ?? []) {
    text += String(part);
    if (isEnough(text)) break;
  }
  return text;
}

test.skipIf(process.platform === "win32")("tail --follow prints rows as they are appended, until it is stopped", async () => {
  const file = join(temporaryDirectory(), "log.npy");
  const npaa = await NpyAppendArray.open(file);
  await npaa.append([1, 2, 3, 4]);
  const child = spawn(process.execPath, [MAIN, "tail", "-n", "3", "--follow", "--ndjson", file], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const printed = textOf(child, (text) => text.endsWith("6.5\n"));
  await npaa.append([5]);
  await npaa.append([6.5]);
  // The last three rows when it started, and all later ones. How many rows existed at the start depends on timing.
  expect("1.0\n2.0\n3.0\n4.0\n5.0\n6.5\n").toContain(await printed);
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([null, "SIGINT"]);
  await npaa.close();
});

test("plot draws SVG, and lines of text", () => {
  const cwd = temporaryDirectory();
  saveSync(
    join(cwd, "x.npy"),
    Float64Array.from({ length: 5000 }, (_, i) => Math.sin(i / 500)),
  );
  expect(npy(["plot", "x.npy", "--svg", "x.svg"], { cwd }).stdout).toBe("x.svg: lines of 1 column, 5000 rows\n");
  const svg = readFileSync(join(cwd, "x.svg"), "utf8");
  expect(svg).toMatch(
    /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg".*<path class="line line0" d="M[\d.]+,[\d.]+[\d.,LV]+".*<\/svg>\n$/s,
  );
  const { stdout } = npy(["plot", "x.npy", "--rows", ":785"], { cwd });
  expect(stdout).toMatch(/^x\.npy, rows 0:785\n1\.0 ┤ +[⠀-⣿]+\n/);
});

test("truncate --copy keeps the mode and refuses a file of several names, which a copy would part", () => {
  const cwd = temporaryDirectory();
  const path = join(cwd, "x.npy");
  saveSync(path, [1, 2, 3]);
  chmodSync(path, 0o640);
  expect(npy(["truncate", "--copy", "--durability", "full", "x.npy", "2"], { cwd })).toMatchObject({ stderr: "", status: 0 });
  if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o640);
  linkSync(path, join(cwd, "y.npy"));
  const before = readFileSync(path);
  expect(npy(["truncate", "--copy", "x.npy", "1"], { cwd })).toMatchObject({
    stderr: expect.stringMatching(/x\.npy: it has 2 names \(hard links\)/),
    status: 1,
  });
  expect(readFileSync(path)).toEqual(before);
  expect(readdirSync(cwd).sort()).toEqual(["x.npy", "y.npy"]);
  expect(npy(["truncate", "x.npy", "1"], { cwd })).toMatchObject({ stderr: "", status: 0 });
  expect(readFileSync(join(cwd, "y.npy"))).toEqual(readFileSync(path));
});

test.each([false, true])("truncate keeps the first rows, with a copy: %s", (copy) => {
  const cwd = temporaryDirectory();
  const path = join(cwd, "x.npy");
  const flags = copy ? ["--copy"] : [];
  for (const [rows, said] of [
    [3, "x.npy: kept 3 rows, cut off 2\n"],
    [3, "x.npy: kept 3 rows\n"],
    [0, "x.npy: kept 0 rows, cut off 3\n"],
  ] as const) {
    if (rows === 3 && !existsSync(path))
      saveSync(path, { data: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), shape: [5, 2] });
    const inode = statSync(path).ino;
    expect(npy(["truncate", ...flags, "x.npy", String(rows)], { cwd })).toMatchObject({ stdout: said, stderr: "", status: 0 });
    expect(statSync(path).ino === inode).toBe(!copy);
    saveSync(join(cwd, "expected.npy"), { data: Float32Array.from([1, 2, 3, 4, 5, 6].slice(0, 2 * rows)), shape: [rows, 2] });
    expect(readFileSync(path)).toEqual(readFileSync(join(cwd, "expected.npy")));
  }
  expect(npy(["truncate", ...flags, "x.npy", "1"], { cwd })).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/x\.npy.* 0 rows/),
  });
  expect(npy(["truncate", ...flags, "missing.npy", "1"], { cwd })).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("missing.npy"),
  });
  expect(existsSync(join(cwd, "missing.npy"))).toBe(false);
  expect(npy(["truncate", ...flags, "x.npy", "-1"], { cwd }).status).not.toBe(0);
});
