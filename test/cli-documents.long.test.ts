/** Runs the commands in the documents, and compares their output. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shell } from "./support/command.ts";
import { temporaryDirectory } from "./support/temporary.ts";

/** Each command of a document, and the output below it. What NumPy prints is tested where NumPy is (`examples.test.ts`). */
function commandsOf(document: string): [command: string, output: string][] {
  const text = readFileSync(new URL(`../${document}`, import.meta.url), "utf8");
  return [...text.matchAll(/^```console\n(.*?)^```$/gms)].flatMap(([, block]) =>
    (block as string)
      .split(/^\$ /m)
      .slice(1)
      .map((part): [string, string] => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)])
      .filter(([command]) => !command.startsWith("python3")),
  );
}

describe.skipIf(process.platform === "win32").each(["README.md", "docs/cli.md"])("%s", (document) => {
  test("its commands print the output shown", { timeout: 180_000 }, () => {
    const directory = temporaryDirectory();
    const commands = commandsOf(document);
    expect(commands.length).toBeGreaterThan(2);
    const found = commands.map(([command]) => [command, shell(`exec 2>&1\n${command}`, directory).stdout]);
    expect(found).toEqual(commands);
  });
});
