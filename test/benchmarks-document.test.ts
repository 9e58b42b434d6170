/** The picture of the README shows the figures of docs/benchmarks.md. */
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { textOf } from "./support/documents.ts";

const script = fileURLToPath(new URL("../bench/chart.mjs", import.meta.url));

test("docs/benchmarks.svg is drawn from docs/benchmarks.md", async () => {
  const { chart } = (await import(/* @vite-ignore */ script)) as { chart(report: string): string };
  const picture = chart(textOf("docs/benchmarks.md"));
  // The background, and a bar for each writer.
  expect(picture.match(/<rect /g)).toHaveLength(7);
  expect(textOf("docs/benchmarks.svg")).toBe(picture);
});
