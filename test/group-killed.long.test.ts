/** Processes that grow one group, killed at random moments: each acknowledged append is in every file, and no file has rows that another lacks. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
// @ts-expect-error a script
import { ARRAYS, textOf, tokensOf } from "../scripts/torture/group-rows.mjs";
import { loadSync, NpyAppendGroup, type NpyArray, NpyGroupReader, type RaggedArray } from "../src/node.ts";
import { numpyVersion, python } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const WRITER = fileURLToPath(new URL("../scripts/torture/group-writer.mjs", import.meta.url));
const KILLS = 120;

interface Reported {
  /** Rows that were acknowledged last. */
  readonly rows: number;
  /** Rows that a truncate under way was to keep. */
  readonly kept: number | undefined;
}

async function killed(task: object, milliseconds: number, before: number): Promise<Reported> {
  const child: ChildProcess = spawn(process.execPath, [WRITER, JSON.stringify(task)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), milliseconds);
    output += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code === null || code === 0, output).toBe(true);
  let [rows, kept]: [number, number | undefined] = [before, undefined];
  for (const line of output.split("\n").slice(0, -1)) {
    const [word, count] = line.split(" ") as [string, string];
    kept = word === "truncating" ? Number(count) : undefined;
    if (word !== "truncating") rows = Number(count);
  }
  return { rows, kept };
}

test.each(["os", "data", "full"] as const)("durability %s", { timeout: 600_000 }, async (durability) => {
  const directory = join(temporaryDirectory(), "group");
  const random = (n: number): number => Math.floor(Math.random() * n);
  let before = 0;
  let mends = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const form = ["sync", "await", "concurrent"][kill % 3];
    const task = { path: directory, form, options: { arrays: ARRAYS, durability }, maxRows: 1e9, seed: random(2 ** 31) };
    const { rows, kept } = await killed(task, random(60), before);
    const context = `kill ${kill} (${form})`;
    {
      using reader = NpyGroupReader.openSync(directory);
      expect(reader.length, context).toBeGreaterThanOrEqual(kept ?? rows);
    }
    {
      using group = NpyAppendGroup.openSync(directory);
      mends += group.recovered === undefined ? 0 : 1;
      before = group.length;
      expect(before, context).toBeGreaterThanOrEqual(kept ?? rows);
    }
    for (const name of ["id", "vec"]) expect(loadSync(join(directory, `${name}.npy`)).shape[0], context).toBe(before);
    for (const name of ["text", "tokens"]) {
      const offsets = loadSync(join(directory, `${name}.offsets.npy`)).data as BigInt64Array;
      expect(offsets.length, context).toBe(before + 1);
      expect(loadSync(join(directory, `${name}.values.npy`)).shape[0], context).toBe(Number(offsets.at(-1)));
    }
    using reader = NpyGroupReader.openSync(directory);
    const from = Math.max(0, before - 200);
    const { id, vec, text, tokens } = reader.read(from);
    expect((id as NpyArray).data, context).toEqual(BigInt64Array.from({ length: before - from }, (_, i) => BigInt(from + i)));
    const firsts = ((vec as NpyArray).data as Float32Array).filter((_, i) => i % 3 === 0);
    expect(firsts, context).toEqual(Float32Array.from({ length: before - from }, (_, i) => from + i));
    expect([...(text as RaggedArray)], context).toEqual(Array.from({ length: before - from }, (_, i) => textOf(from + i)));
    expect([...(tokens as RaggedArray)], context).toEqual(Array.from({ length: before - from }, (_, i) => tokensOf(from + i)));
    if (before > 200_000) {
      using group = NpyAppendGroup.openSync(directory);
      group.truncate(1000);
      before = 1000;
    }
  }
  expect(mends).toBeGreaterThan(0);
  using reader = NpyGroupReader.openSync(directory);
  const ids = (reader.read()["id"] as NpyArray).data as BigInt64Array;
  expect(ids.every((id, i) => id === BigInt(i))).toBe(true);
  if (numpyVersion === undefined) return;
  const shapes = python<number[]>(
    `
load = lambda name: np.load(data + "/" + name + ".npy")
print(json.dumps([len(load("id")), len(load("vec")), len(load("text.offsets")) - 1, len(load("tokens.offsets")) - 1]))`,
    directory,
  );
  expect(new Set(shapes)).toEqual(new Set([before]));
});
