/** A short session of scripts/torture, where writers are killed; `npm run torture` has longer ones. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test.skipIf(process.platform === "win32")("of writers that are killed, no acknowledged row is lost", { timeout: 300_000 }, () => {
  const script = fileURLToPath(new URL("../scripts/torture/torture.mjs", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, "--rounds", "72"], {
    encoding: "utf8",
    timeout: 300_000,
  });
  // Whole: what an assertion prints of it is cut.
  if (stderr !== "") throw new Error(stderr);
  expect(stdout).toMatch(/^rows acknowledged [1-9]\d*\nrows lost 0$/m);
  expect(Number(/killed (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(0);
  // Some were killed while the file was longer than its rows.
  if (process.platform === "linux") expect(Number(/^reserved tails (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(0);
  expect(status).toBe(0);
});
