/** The benchmark still runs, on the built package, and reports all of its rows. No time is asserted. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "./support/temporary.ts";

const bench = fileURLToPath(new URL("../bench", import.meta.url));

interface Row {
  readonly id: string;
  readonly label: string;
  readonly contenders: readonly { readonly name: string; readonly installed?: boolean }[];
}

/** The rows of all families, as the tiny run has them. */
async function allRows(): Promise<Row[]> {
  const { FAMILIES } = (await import(/* @vite-ignore */ join(bench, "families.mjs"))) as { FAMILIES: readonly string[] };
  const modules = await Promise.all(
    FAMILIES.map((family) => import(/* @vite-ignore */ join(bench, `${family}.mjs`)) as Promise<{ rows(pick: unknown): Row[] }>),
  );
  return modules.flatMap(({ rows }) => rows((...sizes: unknown[]) => sizes[0]));
}

test("it measures every row and writes its report", { timeout: 300_000 }, async () => {
  const [out, files] = [temporaryDirectory(), temporaryDirectory()];
  const command = [join(bench, "run.mjs"), "--tiny", "--out", out, "--dir", files];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", timeout: 300_000 });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(readdirSync(files)).toEqual([]);

  const report = readFileSync(join(out, "benchmarks.md"), "utf8");
  const rows = await allRows();
  expect(rows.length).toBeGreaterThan(50);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  for (const { label, contenders } of rows) {
    expect(stdout).toContain(label.replaceAll("`", ""));
    const cells = report
      .split("\n")
      .find((line) => line.startsWith(`| ${label} |`))
      ?.split(" | ");
    expect(cells, label).toHaveLength(8);
    // What needs packages that are not installed is a row without a figure.
    const isMeasured = contenders[0]?.installed !== true;
    expect(/\d/.test(cells?.[1] as string), label).toBe(isMeasured);
  }
  expect(report).not.toMatch(/NaN|undefined|Infinity/);
  expect(report.match(/^- \*\*[\d.]+ /gm), "plain figures, which come first").toHaveLength(5);
  expect(report.indexOf("## Targets that were missed")).toBeGreaterThan(report.lastIndexOf("\n| "));

  const chart = readFileSync(join(out, "benchmarks.svg"), "utf8");
  expect(chart).toMatch(/^<svg .*<\/svg>\n$/s);
  // The background, and ours, with `mmap` and without: the others need packages or Python.
  expect(chart.match(/<rect /g)).toHaveLength(3);
  expect(chart).not.toMatch(/NaN|undefined|Infinity/);
});
