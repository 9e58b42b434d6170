/** Arrays that are large for the memory beside them, and files that are large for 32-bit offsets. */
import { spawnSync } from "node:child_process";
import { statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { inspect, NpyAppendArray, NpyReader } from "../src/node.ts";
import { temporaryPath } from "./support/temporary.ts";

const GIGABYTE = 1e9;
const { bavail, bsize } = statfsSync(tmpdir());
const freeSpace = bavail * bsize;

test.skipIf(freeSpace < 5 * GIGABYTE)(
  "40 appends of float64 zeros (50000, 76, 3): 3.65 GB, opened anew each time",
  { timeout: 300_000 },
  async () => {
    const path = temporaryPath();
    const zeros = { data: new Float64Array(50_000 * 76 * 3), shape: [50_000, 76, 3] };
    for (let i = 0; i < 40; i++) {
      const npaa = await NpyAppendArray.open(path);
      await npaa.append(zeros);
      await npaa.close();
    }
    // A last row that is not zero shows that it lies beyond 2^31 and 2^32 bytes, where it belongs.
    const npaa = NpyAppendArray.openSync(path);
    npaa.append({ data: new Float64Array(76 * 3).fill(7), shape: [1, 76, 3] });
    npaa.close();
    expect(await inspect(path)).toMatchObject({ shape: [2_000_001, 76, 3], fortranOrder: false, needsRecovery: false });
    expect(statSync(path).size).toBe(128 + 2_000_001 * 76 * 3 * 8);
    const reader = await NpyReader.open(path, { dtype: "float64" });
    expect((await reader.read(-1)).data.every((value) => value === 7)).toBe(true);
    for (const start of [0, 1_000_000, 1_999_999]) {
      expect((await reader.read(start, start + 1)).data.every((value) => value === 0)).toBe(true);
    }
    await reader.close();
  },
);

/** Appends 1 GiB in the given way, and prints how much the largest resident set grew meanwhile. */
const APPEND_1_GIB = `
const [module, path, way] = process.argv.slice(1);
const { NpyAppendArray } = await import(module);
const rows = 2 ** 13, columns = 2 ** 14;
const data = new Float64Array(rows * columns).fill(1.5);
const inputs = {
  strided: { data, shape: [rows, columns], strides: [1, rows] },
  reversed: { data, shape: [rows, columns], strides: [-columns, -1], offset: rows * columns - 1 },
  cast: { data, shape: [rows, columns] },
  swapped: { data, shape: [rows, columns] },
  contiguous: { data, shape: [rows, columns] },
};
const dtypes = { cast: "<f4", swapped: ">f8" };
const npaa = await NpyAppendArray.open(path, { dtype: dtypes[way] ?? "<f8", rowShape: [columns] });
await npaa.append([new Float64Array(columns)]);
const before = process.resourceUsage().maxRSS;
await npaa.append(inputs[way]);
console.log(process.resourceUsage().maxRSS - before);
await npaa.close();
`;

test.skipIf(freeSpace < 2 * GIGABYTE).each(["strided", "reversed", "cast", "swapped", "contiguous"])(
  "an append of 1 GiB, %s, needs at most 16 MiB beside it",
  { timeout: 300_000 },
  (way) => {
    const path = temporaryPath();
    const built = join(dirname(fileURLToPath(import.meta.url)), "../dist/node.js");
    const args = ["--input-type=module", "--eval", APPEND_1_GIB, built, path, way];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 300_000 });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(statSync(path).size).toBe(128 + (2 ** 13 + 1) * 2 ** 14 * (way === "cast" ? 4 : 8));
    const kibibytes = Number(stdout);
    expect(kibibytes).toBeLessThan(16 * 1024);
  },
);
