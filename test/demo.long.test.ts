/** The demo, as a newcomer sees it: `npm run demo`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { numpyVersion } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const DEMO = join(import.meta.dirname, "../examples/demo.mjs");

test("the demo kills a process, finds every acknowledged row, and shows what is in the files", () => {
  const directory = temporaryDirectory();
  const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO, directory], { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);

  const [, acknowledged, kept] =
    /kill -9 \d+, .*\n +(\d+) rows were acknowledged\n +(\d+) rows are in the file/.exec(stdout) ?? [];
  expect(Number(acknowledged)).toBeGreaterThan(0);
  expect(Number(kept)).toBeGreaterThanOrEqual(Number(acknowledged));
  expect(stdout).toContain(`went on after row ${kept}`);

  expect(stdout).toMatch(/^1460 {2}2015-12-31 .* sun$/m);
  expect(stdout).toMatch(/^ {2}temperature {2}float64 +any length/m);
  expect(stdout).toMatch(/^new-york\.npy, rows 1096:1461 over date/m);
  if (numpyVersion !== undefined) expect(stdout).toContain("hottest day: ('2013-07-18', 0.0, 37.8, 25.0, 4.1, 'sun')");

  const lines = stdout.split("\n").filter((line) => !line.includes(directory));
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
