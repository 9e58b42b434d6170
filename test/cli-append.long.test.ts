/** `append` and `concat`: all kinds of sources, into new and existing files. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { type ArrayInput, inspectSync, load, loadSync, type RecordArray, saveSync } from "../src/node.ts";
import { MAIN, npy, shell } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

function columnsOf(path: string): unknown {
  return (loadSync(path).data as RecordArray).columns();
}

test("columns of CSV become fields of inferred dtypes, and find their fields again by name", async () => {
  const cwd = temporaryDirectory();
  const file = join(cwd, "log.npy");
  const big = "9223372036854775808";
  writeFileSync(
    join(cwd, "a.csv"),
    `\ufefft,id,big,ok,when,name,gap\n0.5,-3,${big},true,2024-01-01T00:00:00.5,"x, ""y""\nz",1\n\n1e3,4,7,FALSE,2024-01-02,é,\n`,
  );
  writeFileSync(join(cwd, "b.csv"), "name;t;id;big;ok;when;gap\nq;2;9007199254740993;1;0;NaT;nan\n");
  expect(npy(["append", file, "a.csv"], { cwd })).toMatchObject({ status: 0, stderr: "" });
  expect(npy(["append", file, "b.csv", "--delimiter", ";", "-q"], { cwd })).toMatchObject({ status: 0, stdout: "", stderr: "" });
  expect(loadSync(file).dtype.descr).toEqual([
    ["t", "<f8"],
    ["id", "<i8"],
    ["big", "<u8"],
    ["ok", "|b1"],
    ["when", "<M8[ms]"],
    ["name", "<U8"],
    ["gap", "<f8"],
  ]);
  expect(columnsOf(file)).toEqual({
    t: Float64Array.of(0.5, 1000, 2),
    id: BigInt64Array.of(-3n, 4n, 9007199254740993n),
    big: BigUint64Array.of(BigInt(big), 7n, 1n),
    ok: Uint8Array.of(1, 0, 0),
    when: BigInt64Array.of(1704067200500n, 1704153600000n, -(2n ** 63n)),
    name: ['x, "y"\nz', "é", "q"],
    gap: Float64Array.of(1, Number.NaN, Number.NaN),
  });
});

test("nested fields and sub-arrays print as CSV and NDJSON that can be appended again", async () => {
  const cwd = temporaryDirectory();
  const descr = [
    ["pos", "<f4", [2]],
    [
      "in",
      [
        ["z", "<c16"],
        ["d", ">i2"],
      ],
    ],
    ["wait", "<m8[s]"],
    ["s", "|S3"],
  ] as const;
  const records = [
    { pos: [0.1, Number.POSITIVE_INFINITY], in: { z: { re: 1, im: -2.5 }, d: -7 }, wait: 5n, s: "ab" },
    { pos: [Number.NaN, -0], in: { z: { re: 0, im: 1e-20 }, d: 9 }, wait: -(2n ** 63n), s: "" },
  ];
  const file = join(cwd, "in.npy");
  saveSync(file, records as unknown as ArrayInput, { dtype: descr as never });
  for (const form of ["csv", "ndjson"]) {
    const printed = npy(["head", file, `--${form}`], { cwd });
    const dtype = "[('pos', '<f4', (2,)), ('in', [('z', '<c16'), ('d', '>i2')]), ('wait', '<m8[s]'), ('s', 'S3')]";
    const again = npy(["append", `${form}.npy`, "-", "--format", form, "--dtype", dtype], { cwd, input: printed.stdout });
    expect(again).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(join(cwd, `${form}.npy`))).toEqual(readFileSync(file));
  }
  // Nothing but the rows follows the header.
  const { headerLength } = JSON.parse(npy(["info", "--json", file]).stdout) as { headerLength: number };
  const raw = npy(["slice", file, "1:", "--raw"]).stdout;
  expect(raw).toBe(
    readFileSync(file)
      .subarray(headerLength + 37)
      .toString("utf8"),
  );
});

test("rows of text into files of other dtypes, orders and shapes", async () => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "f.npy"), { data: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], fortranOrder: true });
  expect(npy(["append", "f.npy", "-", "--format", "csv"], { cwd, input: "7,8,9\n" })).toMatchObject({ status: 0 });
  expect(await load(join(cwd, "f.npy"))).toMatchObject({
    shape: [3, 3],
    fortranOrder: true,
    data: Int16Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  });
  expect(npy(["append", "n.npy", "-", "--format", "ndjson"], { cwd, input: "[[1,2],[3,4]]\n[[5,6],[7,8.5]]\n" }).status).toBe(0);
  expect(await load(join(cwd, "n.npy"))).toMatchObject({ shape: [2, 2, 2], data: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8.5) });
  expect(
    npy(["append", "flat.npy", "-", "--format", "csv", "--dtype", "f4", "--row-shape", ""], { cwd, input: "1\n2\n" }).status,
  ).toBe(0);
  expect(await load(join(cwd, "flat.npy"))).toMatchObject({ shape: [2], data: Float32Array.of(1, 2) });
});

test.skipIf(process.platform === "win32")("raw bytes come through a pipe whole and in order, however they are sent", () => {
  const cwd = temporaryDirectory();
  const bytes = randomBytes(3 * 1_700_001);
  writeFileSync(join(cwd, "x.bin"), bytes);
  const scripts = [
    "cat x.bin",
    "dd if=x.bin bs=1000 2> dd.txt",
    "(head -c 1048577 x.bin; sleep 0.1; tail -c +1048578 x.bin)",
    "cat x.bin | (sleep 0.5; cat)",
  ];
  for (const [i, script] of scripts.entries()) {
    const { stdout, stderr, status } = shell(`${script} | npy-append-array append ${i}.npy - --dtype u1 --row-shape 3`, cwd);
    expect([stdout, stderr, status]).toEqual([`${i}.npy: 1700001 rows appended, 1700001 in all\n`, "", 0]);
    expect(Buffer.compare(readFileSync(join(cwd, `${i}.npy`)).subarray(128), bytes)).toBe(0);
  }
  // A pipe without bytes makes an empty file. A slow writer is waited for.
  const late = shell("sleep 0.3 | npy-append-array append late.npy - --dtype u1", cwd);
  expect(late.stdout).toBe("late.npy: 0 rows appended, 0 in all\n");
});

test("an error within a source gives its place, and how many rows the file holds", () => {
  const cwd = temporaryDirectory();
  const sends = (input: string | Uint8Array, ...args: string[]) => npy(["append", "x.npy", "-", ...args], { cwd, input });
  const rows = "1,2\n".repeat(200_000);
  expect(sends(`${rows}3,300\n`, "--format", "csv", "--dtype", "i1")).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^npy-append-array: stdin: line 200001: 300 does not fit into \|i1: .* \(x\.npy holds \d+ rows, \d+ of them new\)\n$/,
    ),
  });
  expect(sends("1,2\n1,2,3\n", "--format", "csv").stderr).toContain("line 2 has 3 columns, the others have 2");
  expect(sends('{"a":1}\n{"a":}\n', "--format", "ndjson").stderr).toContain("line 2 is not JSON");
  expect(sends(new Uint8Array(5)).stderr).toContain("it ends within a row, after 1 of its 2 bytes");
  expect(npy(["verify", "x.npy"], { cwd }).status).toBe(0);
});

test("concat takes shards of either order and other dtypes, and refuses before it writes", async () => {
  const cwd = temporaryDirectory();
  const at = (name: string) => join(cwd, name);
  saveSync(at("c.npy"), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  saveSync(at("f.npy"), { data: Float32Array.of(1, 4, 2, 5, 3, 6), shape: [2, 3], fortranOrder: true });
  expect(npy(["concat", "out.npy", "c.npy", "f.npy", "c.npy"], { cwd })).toMatchObject({
    status: 0,
    stdout: "out.npy: 6 rows of 3 files\n",
  });
  expect(await load(at("out.npy"))).toMatchObject({
    shape: [6, 3],
    data: Float64Array.from({ length: 18 }, (_, i) => (i % 6) + 1),
  });
  expect(npy(["concat", "wide.npy", "f.npy", "c.npy", "--casting", "same_kind"], { cwd }).status).toBe(0);
  expect(await load(at("wide.npy"))).toMatchObject({
    shape: [2, 6],
    fortranOrder: true,
    data: Float32Array.of(1, 4, 2, 5, 3, 6, 1, 4, 2, 5, 3, 6),
  });
  saveSync(at("large.npy"), [[1, 2, 1e39]]);
  const narrow = ["--dtype", "float32", "--overwrite"];
  expect(npy(["concat", "narrow.npy", "large.npy", ...narrow], { cwd }).status).toBe(0);
  expect(await load(at("narrow.npy"))).toMatchObject({ data: Float32Array.of(1, 2, Number.POSITIVE_INFINITY) });
  const overflow = npy(["concat", "narrow.npy", "large.npy", ...narrow, "--on-overflow", "throw"], { cwd });
  expect(overflow).toMatchObject({ status: 1, stderr: expect.stringMatching(/large\.npy.*1e\+39 cannot be converted to <f4/) });
  expect(await load(at("narrow.npy"))).toMatchObject({ data: Float32Array.of(1, 2, Number.POSITIVE_INFINITY) });
  const before = readFileSync(at("out.npy"));
  saveSync(at("bad.npy"), [["a", "b", "c"]]);
  for (const args of [
    ["c.npy"],
    ["--overwrite", "c.npy", "bad.npy"],
    ["--overwrite", "c.npy", "out.npy"],
    ["--overwrite", "c.npy", "none.npy"],
  ]) {
    const { status, stderr } = npy(["concat", "out.npy", ...args], { cwd });
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toContain(args.length === 1 ? "--overwrite" : (args.at(-1) as string));
  }
  expect(readFileSync(at("out.npy"))).toEqual(before);
});

test("odd file names work", () => {
  const cwd = join(temporaryDirectory(), "a b");
  mkdirSync(cwd);
  saveSync(join(cwd, "é 1.npy"), [1]);
  saveSync(join(cwd, "-dash\n.npy"), [2]);
  expect(npy(["concat", "--", "-out.npy", "é 1.npy", "-dash\n.npy"], { cwd })).toMatchObject({
    status: 0,
    stdout: "-out.npy: 2 rows of 2 files\n",
  });
  expect(npy(["slice", "--csv", "--", "-out.npy", "-1:"], { cwd })).toMatchObject({ status: 0, stdout: "2.0\n" });
  expect(npy(["slice", "--csv", "./-out.npy", "-1:"], { cwd })).toMatchObject({ status: 0, stdout: "2.0\n" });
  writeFileSync(join(cwd, "-dash\n.npy"), "broken");
  const { stderr } = npy(["verify", "--", "-dash\n.npy"], { cwd });
  expect(stderr).toMatch(/^npy-append-array: -dash\\n\.npy: .*\n$/);
});

test("rows from a pipe are appended as they arrive, once the first megabytes have decided the dtypes", async () => {
  const cwd = temporaryDirectory();
  const file = join(cwd, "log.npy");
  const child = spawn(process.execPath, [MAIN, "append", file, "-", "--format", "csv"], {
    cwd,
    stdio: ["pipe", "ignore", "inherit"],
  });
  const count = async (rows: number): Promise<void> => {
    await vi.waitFor(() => expect(inspectSync(file).shape).toEqual([rows]), { timeout: 20_000, interval: 50 });
  };
  child.stdin.write(`a,b\n${"1,2\n".repeat(1_200_000)}`);
  await count(1_200_000);
  child.stdin.write("3,4\n5,");
  await count(1_200_001);
  child.stdin.end("6\n");
  await once(child, "exit");
  await count(1_200_002);
}, 60_000);
