/** Completion scripts in the shells that read them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hasShell, offered, type Shell } from "./support/shells.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const CASES: readonly (readonly [line: string, words: readonly string[]])[] = [
  ["re", ["recover"]],
  ["--quiet re", ["recover"]],
  ["--ver", ["--version"]],
  ["append x.npy --ca", ["--casting"]],
  ["append x.npy --quiet --deb", ["--debug"]],
  ["append x.npy --casting s", ["safe", "same_kind"]],
  ["completion f", ["fish"]],
  ["head fi", ["first.npy"]],
  ["head --out sec", ["second.npy"]],
  // A number of rows is no file.
  ["head --rows fi", []],
];

describe.each(["bash", "zsh", "fish"] as const)("%s", (shell: Shell) => {
  test.skipIf(!hasShell(shell))("completes commands, options, values and files", () => {
    const cwd = temporaryDirectory();
    for (const name of ["first.npy", "second.npy"]) writeFileSync(join(cwd, name), "");
    const lines = CASES.map(([line]) => line);
    const found = offered(shell, lines, cwd).map((offers, i) => [lines[i], offers.map(({ word }) => word)]);
    expect(found).toEqual(CASES);
  });
});

describe.each(["zsh", "fish"] as const)("%s", (shell: Shell) => {
  test.skipIf(!hasShell(shell))("describes what it offers", () => {
    expect(offered(shell, ["verif", "recover --dry"], temporaryDirectory())).toEqual([
      [{ word: "verify", description: expect.stringContaining("exit with 0 if all files are complete and consistent") }],
      [{ word: "--dry-run", description: expect.stringContaining("only report what would change") }],
    ]);
  });
});
