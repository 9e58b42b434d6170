/** The file is a valid `.npy` at every moment: between appends, while the writer lives, right after creation. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { loadSync, NpyAppendArray } from "../src/node.ts";
import { cLibrary } from "../src/storage/native/c-library.ts";
import { runs } from "./support/effort.ts";
import { numpyVersion, pythonCommand } from "./support/numpy.ts";
import { temporaryPath } from "./support/temporary.ts";

const canMap = process.platform === "linux" && cLibrary() !== undefined;

test("load sees every append as soon as it has resolved, while the writer lives", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path, { dtype: "<i4", rowShape: [2] });
  expect(loadSync(path)).toMatchObject({ shape: [0, 2], data: new Int32Array(0) });
  for (let i = 0; i < 50; i++) {
    await npaa.append([[i, -i]]);
    expect(loadSync(path, { dtype: "<i4" }).data.slice(-2)).toEqual(new Int32Array([i, -i]));
  }
  await npaa.close();
  expect(loadSync(path).shape).toEqual([50, 2]);
});

test("with rewriteHeaderOnAppend: false readers see rows after updateHeader() and close()", async () => {
  const path = temporaryPath();
  const npaa = await NpyAppendArray.open(path, { rewriteHeaderOnAppend: false });
  await npaa.append([1]);
  expect(npaa.length).toBe(1);
  expect(loadSync(path).shape).toEqual([0]);
  await npaa.updateHeader();
  expect(loadSync(path).shape).toEqual([1]);
  await npaa.append([2, 3]);
  expect(loadSync(path).shape).toEqual([1]);
  await npaa.close();
  expect(loadSync(path).data).toEqual(new Float64Array([1, 2, 3]));
});

describe.skipIf(numpyVersion === undefined)("numpy.load, plain and mapped", () => {
  test("opens the file between appends", async () => {
    const ask = numpyLoader();
    for (const fortranOrder of [false, true]) {
      for (const dtype of ["<f8", ">u2"] as const) {
        const path = temporaryPath();
        const rowShape = [2, 3];
        const npaa = await NpyAppendArray.open(path, { dtype, rowShape, fortranOrder });
        expect(await ask(path)).toEqual({ shape: fortranOrder ? [2, 3, 0] : [0, 2, 3], sum: 0 });
        let [rows, sum] = [0, 0];
        for (const added of [1, 0, 9, 90, 900, 11]) {
          const view = new Uint16Array(6 * added).fill(added);
          await npaa.append({ data: view, shape: fortranOrder ? [2, 3, added] : [added, 2, 3] });
          rows += added;
          sum += 6 * added * added;
          expect(await ask(path)).toEqual({ shape: fortranOrder ? [2, 3, rows] : [rows, 2, 3], sum });
        }
        await npaa.close();
        expect(await ask(path)).toEqual({ shape: fortranOrder ? [2, 3, rows] : [rows, 2, 3], sum });
      }
    }
  });

  test.each([false, canMap])("opens the file while another process appends to it, again and again, mmap: %s", async (mmap) => {
    const path = temporaryPath();
    const npaa = await NpyAppendArray.open(path, { dtype: "<i8", rowShape: [4], mmap });
    const reader = spawn(pythonCommand, ["-u", "-c", POLLING_READER, path]);
    onTestFinished(() => void reader.kill());
    let errors = "";
    reader.stderr.on("data", (data) => {
      errors += data;
    });
    const ended = new Promise<string>((resolve) => {
      let output = "";
      reader.stdout.on("data", (data) => {
        output += data;
      });
      reader.on("close", () => resolve(output));
    });
    let next = 0;
    let isReading = true;
    void ended.finally(() => {
      isReading = false;
    });
    while (isReading) {
      const rows = mmap ? 1 : 1 + (next % 7) * 50;
      const data = BigInt64Array.from({ length: rows * 4 }, (_, i) => BigInt(next * 4 + i));
      await npaa.append({ data, shape: [rows, 4] });
      next += rows;
      // A file that grew without end would make the reader slower and slower.
      if (next > 100_000) await new Promise((resolve) => setTimeout(resolve, 5));
      else if (next % 5 === 0) await new Promise(setImmediate);
    }
    await npaa.close();
    const output = await ended;
    expect(errors).toBe("");
    const { loads, grew } = JSON.parse(output) as { loads: number; grew: number };
    expect(loads).toBe(LOADS);
    // It did read while rows came in.
    expect(grew).toBeGreaterThan(10);
  });
});

const LOADS = runs(400, 0.25);

/** Loads the file again and again, and checks that it holds 0, 1, 2 ... each time. */
const POLLING_READER = `
import sys, json
import numpy as np
loads, grew, last = 0, 0, -1
for i in range(${LOADS}):
    a = np.load(sys.argv[1], mmap_mode="r" if i % 2 else None)
    flat = np.asarray(a).ravel()
    assert a.shape[1:] == (4,) and np.array_equal(flat, np.arange(len(flat)))
    assert len(a) >= last
    grew += len(a) > last
    last = len(a)
    loads += 1
print(json.dumps({"loads": loads, "grew": grew}))
`;

const LOADER = `
import sys, json
import numpy as np
for line in sys.stdin:
    plain = np.load(line.strip())
    # numpy cannot map files without data.
    mapped = np.load(line.strip(), mmap_mode="r") if plain.size else plain
    assert np.array_equal(plain, mapped) and plain.flags.f_contiguous == mapped.flags.f_contiguous
    print(json.dumps({"shape": plain.shape, "sum": float(plain.sum())}), flush=True)
`;

/** A Python process that loads the files it is asked for. */
function numpyLoader(): (path: string) => Promise<{ shape: number[]; sum: number }> {
  const child = spawn(pythonCommand, ["-u", "-c", LOADER], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (path) => {
    // What another process sees is what a plain read sees.
    expect(readFileSync(path).length).toBeGreaterThan(0);
    child.stdin.write(`${path}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error("numpy.load failed: see above");
    return JSON.parse(value);
  };
}
