/** `doctor`: says what is wrong with files, and fixes it. */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  loadSync,
  MemoryStorage,
  NodeStorage,
  NpyAppendArray,
  NpyAppendGroup,
  NpyShards,
  saveNpz,
  saveSync,
} from "../src/node.ts";
import { npy, shell } from "./support/command.ts";
import { numpyVersion, pythonPrints } from "./support/numpy.ts";
import { lacksLinks } from "./support/systems.ts";
import { temporaryDirectory } from "./support/temporary.ts";
import { hasTerminal, inTerminal } from "./support/terminal.ts";

type Input = Parameters<typeof saveSync>[1];

function saved(array: Input, options: Parameters<typeof saveSync>[2] = {}): Buffer {
  const storage = new MemoryStorage();
  saveSync(storage, array, options);
  return Buffer.from(storage.bytes() as Uint8Array);
}

/** 50 rows of 32 bytes, 20 rows of 36, and 9 of 20: without line feeds but that of the header in the last. */
const FLOATS = saved({ data: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i)), shape: [50, 8] });
const BYTES = saved({ data: Uint8Array.from({ length: 720 }, (_, i) => (i * 7) % 256), shape: [20, 6, 6] });
const RECORDS = saved(
  Array.from({ length: 9 }, (_, i) => ({ t: i, name: `n${i}` })),
  { dtype: { t: "<i4", name: "<U4" } },
);

/** As naive programs do, and as those that leave "\r\n" alone. */
function withReturns(bytes: Buffer, leavesReturns = false): Buffer {
  const pattern = leavesReturns ? /(?<!\r)\n/g : /\n/g;
  return Buffer.from(bytes.toString("latin1").replace(pattern, "\r\n"), "latin1");
}

function asUtf8(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1"));
}

function withLengthField(bytes: Buffer, length: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt16LE(length, 8);
  return changed;
}

interface Case {
  readonly bytes: Buffer;
  readonly state: string;
  /** What --fix leaves; missing: nothing is changed. */
  readonly fixed?: Buffer;
  /** Whether commands are proposed among which the user chooses. */
  readonly hasChoice?: boolean;
}

/** A file of these rows, as recover leaves it. */
function rowsOf(bytes: Buffer, rows: number, rowBytes: number): Buffer {
  const header = bytes.subarray(0, bytes.indexOf("\n") + 1);
  const text = header.toString("latin1");
  const [, digits = ""] = /'shape': \((\d+)/.exec(text) ?? [];
  const changed = text.replace(`(${digits}`, `(${rows}`).replace(/ *\n$/, "");
  const padded = Buffer.from(`${changed.padEnd(header.length - 1)}\n`, "latin1");
  return Buffer.concat([padded, bytes.subarray(header.length, header.length + rows * rowBytes)]);
}

const CRLF_WITH_RETURNS = saved(Uint8Array.from(Buffer.from("a\r\nb\nc\n__")));
const TWO = Buffer.concat([FLOATS, BYTES]);
const HEADER_ONLY = { data: new Float64Array(1000), shape: [1, 1000] };

/** 30 broken files of ten kinds, and what an expert would say of each. */
const CASES: Readonly<Record<string, Case>> = {
  // Cut.
  "cut-within-a-row.npy": { bytes: FLOATS.subarray(0, -700), state: "cut", fixed: rowsOf(FLOATS, 28, 32) },
  "cut-after-a-row.npy": { bytes: FLOATS.subarray(0, -320), state: "cut", fixed: rowsOf(FLOATS, 40, 32) },
  "cut-records.npy": { bytes: RECORDS.subarray(0, -1), state: "cut", fixed: rowsOf(RECORDS, 8, 20) },
  "cut-within-the-first-row.npy": { bytes: saved(HEADER_ONLY).subarray(0, -8), state: "cut", hasChoice: true },
  "cut-within-the-header.npy": { bytes: FLOATS.subarray(0, 60), state: "damaged header" },
  // A killed appender.
  "killed-rows.npy": {
    bytes: Buffer.concat([FLOATS, FLOATS.subarray(128, 128 + 96)]),
    state: "uncounted rows",
    fixed: rowsOf(Buffer.concat([FLOATS, FLOATS.subarray(128, 128 + 96)]), 53, 32),
  },
  "killed-half.npy": { bytes: Buffer.concat([BYTES, Buffer.from("abc")]), state: "half a row", fixed: BYTES },
  "killed-both.npy": {
    bytes: Buffer.concat([RECORDS, RECORDS.subarray(-50)]),
    state: "uncounted rows",
    fixed: rowsOf(Buffer.concat([RECORDS, RECORDS.subarray(-50)]), 11, 20),
  },
  // Several arrays.
  "two.npy": { bytes: TWO, state: "several arrays", hasChoice: true },
  "three.npy": { bytes: Buffer.concat([TWO, RECORDS]), state: "several arrays", hasChoice: true },
  "two-cut.npy": { bytes: TWO.subarray(0, -5), state: "several arrays", hasChoice: true },
  // Damaged as text.
  "crlf.npy": { bytes: withReturns(BYTES), state: "damaged as text", fixed: BYTES },
  "crlf-floats.npy": { bytes: withReturns(FLOATS), state: "damaged as text", fixed: FLOATS },
  "crlf-naive.npy": { bytes: withReturns(CRLF_WITH_RETURNS), state: "damaged as text", fixed: CRLF_WITH_RETURNS },
  "crlf-unclear.npy": { bytes: withReturns(CRLF_WITH_RETURNS, true), state: "damaged as text" },
  "crlf-cut.npy": { bytes: withReturns(BYTES).subarray(0, -1), state: "damaged as text" },
  "utf8.npy": { bytes: asUtf8(BYTES), state: "damaged as text", fixed: BYTES },
  "utf8-crlf-bom.npy": {
    bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), asUtf8(withReturns(BYTES))]),
    state: "damaged as text",
    fixed: BYTES,
  },
  "lost.npy": { bytes: Buffer.from(BYTES.toString("utf8")), state: "damaged as text" },
  "bom.npy": { bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), FLOATS]), state: "damaged as text", fixed: FLOATS },
  // The header's length field.
  "length-short.npy": { bytes: withLengthField(FLOATS, 100), state: "header length", fixed: FLOATS },
  "length-long.npy": { bytes: withLengthField(FLOATS, 150), state: "header length", fixed: FLOATS },
  // Not .npy.
  "login.npy": { bytes: Buffer.from("<!DOCTYPE html><html>Please log in</html>"), state: "not .npy" },
  "table.npy": { bytes: Buffer.from("t,x\n1,2\n"), state: "not .npy" },
  // Foreign.
  "version.npy": {
    bytes: Buffer.concat([FLOATS.subarray(0, 6), Buffer.from([7, 0]), FLOATS.subarray(8)]),
    state: "foreign",
  },
  "objects.npy": {
    bytes: Buffer.from(FLOATS.toString("latin1").replace("'<f4'", "'|O' "), "latin1"),
    state: "foreign",
  },
  // Compressed.
  "gzip.npy": { bytes: gzipSync(FLOATS), state: "compressed", fixed: FLOATS },
  "gzip-cut.npy": { bytes: gzipSync(FLOATS).subarray(0, -50), state: "compressed" },
  // No bytes.
  "empty.npy": { bytes: Buffer.alloc(0), state: "empty", hasChoice: true },
  // Left over.
  "new.npy.part": { bytes: FLOATS.subarray(0, 300), state: "left over", hasChoice: true },
};

const WELL: Readonly<Record<string, Buffer>> = { "whole.npy": FLOATS, "whole.npy.gz": gzipSync(FLOATS) };

function brokenFolder(): string {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "data"));
  for (const [name, { bytes }] of Object.entries(CASES)) writeFileSync(join(cwd, "data", name), bytes);
  for (const [name, bytes] of Object.entries(WELL)) writeFileSync(join(cwd, "data", name), bytes);
  writeFileSync(join(cwd, "data", "notes.txt"), "Not looked at.");
  return cwd;
}

interface Line {
  readonly path: string;
  readonly state: string;
  readonly ok: boolean;
  readonly fix?: string;
  readonly fixed?: boolean;
  readonly copy?: string;
  readonly answers?: readonly { readonly command?: string }[];
}

function linesOf(stdout: string): Line[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** Names, contents, inodes and times of all files of a folder. */
function fingerprint(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { mtimeMs, ino } = statSync(join(folder, name));
      return `${name} ${createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex")} ${mtimeMs} ${ino}`;
    });
}

test("classifies 30 broken files of ten kinds as an expert does, and changes none of them", () => {
  const cwd = brokenFolder();
  const before = fingerprint(join(cwd, "data"));
  const { status, stdout, stderr } = npy(["doctor", "--json", "data"], { cwd });
  expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
  const found = linesOf(stdout).map(({ path, state, ok, fix, answers }) => {
    const hasChoice = fix === undefined && (answers ?? []).some(({ command }) => command !== undefined);
    return [path.replace(/^data[\\/]/, ""), { state, ok, hasFix: fix !== undefined, hasChoice }];
  });
  expect(Object.fromEntries(found)).toEqual({
    ...Object.fromEntries(
      Object.entries(CASES).map(([name, { state, fixed, hasChoice = false }]) => [
        name,
        { state, ok: false, hasFix: fixed !== undefined, hasChoice },
      ]),
    ),
    "whole.npy": { state: "complete", ok: true, hasFix: false, hasChoice: false },
    "whole.npy.gz": { state: "compressed", ok: true, hasFix: false, hasChoice: false },
  });
  expect(Object.keys(CASES)).toHaveLength(30);
  expect(fingerprint(join(cwd, "data"))).toEqual(before);
});

test("--fix leaves the right bytes, keeps what was there, and leaves every other file alone", () => {
  const cwd = brokenFolder();
  const { status, stdout } = npy(["doctor", "--fix", "--json", "data"], { cwd });
  expect(status).toBe(1);
  const lines = new Map(linesOf(stdout).map((line) => [line.path.replace(/^data[\\/]/, ""), line]));
  const expected = new Set([...Object.keys(CASES), ...Object.keys(WELL), "notes.txt"]);
  for (const [name, { bytes, fixed }] of Object.entries(CASES)) {
    const now = readFileSync(join(cwd, "data", name));
    expect({ name, isRight: now.equals(fixed ?? bytes) }).toEqual({ name, isRight: true });
    expect({ name, fixed: lines.get(name)?.fixed }).toEqual({ name, fixed: fixed === undefined ? undefined : true });
    if (fixed === undefined) continue;
    expected.add(`${name}.bak`);
    expect(lines.get(name)?.copy).toBe(join("data", `${name}.bak`));
    expect(readFileSync(join(cwd, "data", `${name}.bak`)).equals(bytes)).toBe(true);
  }
  expect(new Set(readdirSync(join(cwd, "data")))).toEqual(expected);
  const again = npy(["doctor", "--json", "data"], { cwd });
  const wrong = linesOf(again.stdout).filter(({ ok }) => !ok);
  expect(wrong.map(({ path }) => path.replace(/^data[\\/]/, "")).sort()).toEqual(
    Object.keys(CASES)
      .filter((name) => CASES[name]?.fixed === undefined)
      .sort(),
  );
});

test.skipIf(numpyVersion === undefined)("NumPy reads what was fixed", () => {
  const cwd = brokenFolder();
  npy(["doctor", "--fix", "--quiet", "data"], { cwd });
  const names = Object.keys(CASES).filter((name) => CASES[name]?.fixed !== undefined);
  const read = pythonPrints(
    `import json, numpy as np\nprint(json.dumps([list(np.load("data/" + name).shape) for name in ${JSON.stringify(names)}]))`,
    cwd,
  );
  const shapes = names.map((name) => loadSync(CASES[name]?.fixed as Buffer).shape);
  expect(JSON.parse(read)).toEqual(shapes);
});

test.skipIf(process.platform === "win32")("each command that is proposed does what it says", () => {
  const cwd = brokenFolder();
  const proposed = linesOf(npy(["doctor", "--json", "data"], { cwd }).stdout).flatMap(({ answers = [] }) =>
    answers.flatMap(({ command }) => command ?? []),
  );
  expect(proposed.length).toBeGreaterThan(10);
  for (const command of proposed) {
    const folder = brokenFolder();
    expect({ command, ...shell(command, folder) }).toMatchObject({ command, status: 0, stderr: "" });
  }
});

test("a copy gets a name that no other file has, and --no-backup keeps none", () => {
  const cwd = temporaryDirectory();
  for (const name of ["a.npy", "b.npy"]) writeFileSync(join(cwd, name), FLOATS.subarray(0, -1));
  writeFileSync(join(cwd, "a.npy.bak"), "mine");
  writeFileSync(join(cwd, "c.npy"), withReturns(BYTES));
  writeFileSync(join(cwd, "c.npy.bak"), "mine too");
  expect(npy(["doctor", "--fix", "--quiet", "a.npy", "c.npy"], { cwd })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(npy(["doctor", "--fix", "--no-backup", "--quiet", "b.npy"], { cwd }).status).toBe(0);
  expect(readdirSync(cwd).sort()).toEqual(["a.npy", "a.npy.bak", "a.npy.bak2", "b.npy", "c.npy", "c.npy.bak", "c.npy.bak2"]);
  expect(readFileSync(join(cwd, "a.npy.bak"), "utf8")).toBe("mine");
  expect(readFileSync(join(cwd, "a.npy.bak2")).equals(FLOATS.subarray(0, -1))).toBe(true);
  expect(readFileSync(join(cwd, "c.npy.bak2")).equals(withReturns(BYTES))).toBe(true);
});

test.skipIf(lacksLinks || process.getuid?.() === undefined)("a fixed file keeps its mode, and a link to it stays a link", () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "real.npy"), withReturns(BYTES));
  chmodSync(join(cwd, "real.npy"), 0o640);
  symlinkSync("real.npy", join(cwd, "link.npy"));
  expect(npy(["doctor", "--fix", "--quiet", "link.npy"], { cwd }).status).toBe(0);
  expect(readFileSync(join(cwd, "real.npy")).equals(BYTES)).toBe(true);
  expect(statSync(join(cwd, "real.npy")).mode & 0o777).toBe(0o640);
  expect(readFileSync(join(cwd, "link.npy.bak")).equals(withReturns(BYTES))).toBe(true);
});

test.skipIf(new NodeStorage("x").lockProblem() !== undefined)(
  "leaves the file of a live writer alone, and names it",
  async () => {
    const cwd = temporaryDirectory();
    const npaa = await NpyAppendArray.open(join(cwd, "log.npy"), { rewriteHeaderOnAppend: false, lock: true });
    await npaa.append([[1, 2]]);
    await npaa.append([[3, 4]]);
    const before = readFileSync(join(cwd, "log.npy"));
    const { status, stdout } = npy(["doctor", "--fix", "."], { cwd });
    expect(stdout).toContain("log.npy  in use  a process is appending to it\n");
    expect(status).toBe(0);
    expect(readFileSync(join(cwd, "log.npy")).equals(before)).toBe(true);
    await npaa.close();
  },
);

test("folders of shards and groups are one entry each, and are recovered as a whole", async () => {
  const cwd = temporaryDirectory();
  const shards = await NpyShards.open(join(cwd, "shards"), { dtype: "int32", rowShape: [2], rowsPerShard: 2 });
  await shards.append([
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ]);
  await shards.close();
  const group = await NpyAppendGroup.open(join(cwd, "group"), {
    arrays: { id: { dtype: "int64" }, words: { dtype: "int32", ragged: true } },
  });
  await group.append({ id: [1, 2], words: [[1], [2, 3]] });
  await group.close();
  const first = linesOf(npy(["doctor", "--json", "."], { cwd }).stdout);
  expect(first.map(({ path, state, ok }) => ({ path, state, ok }))).toEqual([
    { path: "group", state: "group", ok: true },
    { path: "shards", state: "shards", ok: true },
  ]);
  const [name = ""] = readdirSync(join(cwd, "shards")).sort();
  const shard = join(cwd, "shards", name);
  writeFileSync(shard, readFileSync(shard).subarray(0, -3));
  const id = join(cwd, "group", "id.npy");
  writeFileSync(id, Buffer.concat([readFileSync(id), Buffer.alloc(8, 1)]));
  expect(linesOf(npy(["doctor", "--json", "shards"], { cwd }).stdout)).toMatchObject([
    { state: "shards", ok: false, fix: "recover 1 file" },
  ]);
  expect(npy(["doctor", "--fix", "--quiet", "shards"], { cwd }).status).toBe(0);
  expect(existsSync(join(cwd, "shards.bak", name))).toBe(true);
  expect(loadSync(shard).shape).toEqual([1, 2]);
  expect(linesOf(npy(["doctor", "--json", "group"], { cwd }).stdout)).toMatchObject([
    {
      state: "group",
      ok: false,
      found: "the arrays do not agree on how many rows there are",
      fix: "keep 2 rows of each array, and cut off 8 bytes",
    },
  ]);
  expect(npy(["doctor", "--fix", "--quiet", "group"], { cwd }).status).toBe(0);
  expect(loadSync(id).data).toEqual(BigInt64Array.of(1n, 2n));
  expect(linesOf(npy(["doctor", "--json", "."], { cwd }).stdout).map(({ ok }) => ok)).toEqual([true, true]);
});

test("what programs leave beside a file is named, and never deleted", () => {
  const cwd = temporaryDirectory();
  const names = [".log.npy.2b1f8e0a-0000-4000-8000-000000000000.tmp", ".log.npy.rewriting", "whole.npy.part"];
  for (const name of names) writeFileSync(join(cwd, name), FLOATS);
  const lines = linesOf(npy(["doctor", "--fix", "--json", "."], { cwd }).stdout);
  expect(lines.map(({ state, answers }) => [state, answers?.map(({ command }) => command)])).toEqual([
    ["left over", [`rm ${names[0]}`]],
    ["left over", ["npy-append-array recover log.npy"]],
    ["left over", ["mv -n whole.npy.part whole.npy", "rm whole.npy.part"]],
  ]);
  expect(readdirSync(cwd).sort()).toEqual(names);
});

test("files that are numbered like shards but differ are looked at one by one", () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "1.npy"), FLOATS);
  writeFileSync(join(cwd, "2.npy"), withReturns(BYTES));
  const lines = linesOf(npy(["doctor", "--json", "."], { cwd }).stdout);
  expect(lines.map(({ path, state }) => ({ path, state }))).toEqual([
    { path: "1.npy", state: "complete" },
    { path: "2.npy", state: "damaged as text" },
  ]);
});

test("does not guess whether files of one number of rows grow in step", () => {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "data"));
  const id = saved({ data: Int32Array.of(1, 2, 3), shape: [3] });
  writeFileSync(join(cwd, "data/id.npy"), Buffer.concat([id, id.subarray(-4)]));
  writeFileSync(join(cwd, "data/vec.npy"), saved({ data: new Float64Array(6), shape: [3, 2] }));
  const [first] = linesOf(npy(["doctor", "--fix", "--json", "data"], { cwd }).stdout);
  expect(first).toMatchObject({
    state: "uncounted rows",
    ok: false,
    answers: [{ command: "npy-append-array recover data/id.npy" }, { command: "npy-append-array recover data" }],
  });
  expect(first?.fix).toBeUndefined();
  expect(readdirSync(join(cwd, "data"))).toEqual(["id.npy", "vec.npy"]);
});

test("reads archives to their end, and names the arrays whose checksum is wrong", async () => {
  const cwd = temporaryDirectory();
  await saveNpz(join(cwd, "good.npz"), { a: Float64Array.of(1, 2, 3), b: [4] });
  const bytes = readFileSync(join(cwd, "good.npz"));
  const at = bytes.indexOf(Buffer.from(Float64Array.of(2).buffer));
  bytes[at] = 1;
  writeFileSync(join(cwd, "bad.npz"), bytes);
  const { status, stdout } = npy(["doctor", "--json", "bad.npz", "good.npz"], { cwd });
  expect(status).toBe(1);
  expect(linesOf(stdout)).toMatchObject([
    {
      path: "bad.npz",
      state: "archive",
      ok: false,
      found: "damaged: a, of 2 arrays",
      answers: [{}, { command: "npy-append-array take bad.npz:b : --out b.npy" }],
    },
    { path: "good.npz", state: "archive", ok: true, found: "2 arrays, their checksums are right" },
  ]);
  expect(npy(["take", "bad.npz:b", ":", "--out", "b.npy"], { cwd }).status).toBe(0);
  expect(loadSync(join(cwd, "b.npy")).data).toEqual(Float64Array.of(4));
});

test.skipIf(process.platform === "win32")("proposes room for a header that cannot count the rows", () => {
  const cwd = temporaryDirectory();
  const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (9,), }\n";
  const header = Buffer.concat([FLOATS.subarray(0, 8), Buffer.from([text.length, 0]), Buffer.from(text)]);
  const data = Float64Array.from({ length: 12 }, (_, i) => i);
  writeFileSync(join(cwd, "old.npy"), Buffer.concat([header, Buffer.from(data.buffer)]));
  const [{ state, answers = [] } = { state: "" }] = linesOf(npy(["doctor", "--json", "old.npy"], { cwd }).stdout);
  expect(state).toBe("uncounted rows");
  expect(shell(answers[0]?.command ?? "", cwd).status).toBe(0);
  expect(loadSync(join(cwd, "old.npy")).data).toEqual(data);
});

test("cuts off what a killed writer with mmap had reserved", () => {
  const cwd = temporaryDirectory();
  const marked = Buffer.from(FLOATS);
  marked[126] = 0x09;
  writeFileSync(join(cwd, "log.npy"), Buffer.concat([marked, Buffer.alloc(4096)]));
  expect(linesOf(npy(["doctor", "--json", "log.npy"], { cwd }).stdout)).toMatchObject([
    { state: "reserved room", ok: false, found: "4096 bytes after 50 rows", fix: "cut them off, and keep 50 rows" },
  ]);
  const { status, stdout } = npy(["doctor", "--fix", "log.npy"], { cwd });
  // Without locks nothing shows that the writer is gone, and recover refuses.
  const hasLocks = new NodeStorage("x").lockProblem() === undefined;
  expect(status).toBe(hasLocks ? 0 : 1);
  expect(stdout).toContain(hasLocks ? "fixed: cut them off" : "not fixed: ");
  expect(readFileSync(join(cwd, "log.npy")).equals(FLOATS)).toBe(hasLocks);
});

test("looks into folders within folders only with --recursive", () => {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, "inner"));
  writeFileSync(join(cwd, "a.npy"), FLOATS);
  writeFileSync(join(cwd, "inner/b.npy"), FLOATS.subarray(0, -1));
  expect(npy(["doctor", "."], { cwd })).toMatchObject({
    status: 0,
    stdout: `file   state     found            what to do
a.npy  complete  float32 (50, 8)

1 looked at: 1 well
`,
  });
  expect(npy(["doctor", "-r", "."], { cwd }).status).toBe(1);
  expect(npy(["doctor", "gone.npy"], { cwd })).toMatchObject({ status: 1, stderr: "" });
  expect(npy(["doctor", "gone.npy"], { cwd }).stdout).toContain("no such file or directory");
});

test.skipIf(lacksLinks)(
  "a link that leads nowhere is unreadable if its name is that of an array, and a pipe is never opened",
  () => {
    const cwd = temporaryDirectory();
    symlinkSync("gone", join(cwd, "link.npy"));
    symlinkSync("gone", join(cwd, "other"));
    expect(linesOf(npy(["doctor", "--json", "."], { cwd }).stdout)).toMatchObject([
      { path: "link.npy", state: "unreadable", ok: false, found: "no such file or directory: check its name" },
    ]);
    if (process.platform === "win32") return;
    expect(shell("mkfifo pipe.npy", cwd).status).toBe(0);
    expect(linesOf(npy(["doctor", "--json", "pipe.npy"], { cwd }).stdout)).toMatchObject([{ state: "unreadable", ok: false }]);
  },
);

test.skipIf(!hasTerminal)("the table fits into the terminal, and names are escaped", () => {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "a\u001b[2Jname.npy"), FLOATS.subarray(0, -1));
  writeFileSync(join(cwd, `${"long".repeat(20)}.npy`), TWO);
  const { output, status } = inTerminal("$npy doctor .", { cwd, env: { NO_COLOR: "1" } });
  expect(status).toBe(1);
  expect(output).toContain("\\u001b[2Jname");
  const table = output.split(/\r?\n\r?\n/)[0] ?? "";
  expect(Math.max(...table.split(/\r?\n/).map((line) => line.length))).toBeLessThanOrEqual(60);
  expect(output).toContain("npy-append-array split ");
});

test("completes what ensure-appendable --inplace left when it was killed", () => {
  const cwd = temporaryDirectory();
  const marked = (state: string): Buffer => Buffer.concat([Buffer.from(`\x94npy>${state}`, "latin1"), FLOATS.subarray(6)]);
  // Nothing was moved yet. In the other, the journal that says how far the data were moved is missing.
  writeFileSync(join(cwd, "started.npy"), marked("0"));
  writeFileSync(join(cwd, "torn.npy"), marked("1"));
  const claims = [".started.npy.rewriting", ".started.npy.rewriting.0123abcd"].filter(() => !lacksLinks);
  for (const name of claims) symlinkSync("99999999 ohph 0 locked 1258q1g 1xiqxds q5mhmc 0123abcd", join(cwd, name));
  const left = claims.map((path) => ({ path, state: "left over" }));
  const before = linesOf(npy(["doctor", "--json", "."], { cwd }).stdout);
  expect(before.map(({ path, state }) => ({ path, state }))).toEqual([
    ...left,
    { path: "started.npy", state: "interrupted" },
    { path: "torn.npy", state: "cut" },
  ]);
  expect(npy(["info", "started.npy"], { cwd }).stderr).toContain("ensure-appendable --inplace was interrupted, or still runs");
  npy(["doctor", "--fix", "--quiet", "started.npy"], { cwd });
  expect(readFileSync(join(cwd, "started.npy"))).toEqual(FLOATS);
  expect(readFileSync(join(cwd, "torn.npy"))).toEqual(marked("1"));
});
