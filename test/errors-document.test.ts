/** docs/errors.md has a section for each code, and for no other. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

test("each code has a line in the list and a section, in one order", () => {
  const document = textOf("docs/errors.md");
  // The list ends where the next thing begins.
  const [union = ""] = /^export type NpyErrorCode =.*?\n\n/ms.exec(textOf("src/errors.ts")) ?? [];
  const codes = [...union.matchAll(/"(ERR_NPY_\w+)"/g)].map(([, code]) => code as string).sort();
  const listed = [...document.matchAll(/^\| \[`(ERR_NPY_\w+)`\]/gm)].map(([, code]) => code);
  const sections = [...document.matchAll(/^## (ERR_NPY_\w+)$/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(10);
  expect([...listed].sort()).toEqual(codes);
  expect(sections).toEqual(listed);
});
