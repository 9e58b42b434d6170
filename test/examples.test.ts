/** Everything that the README and the examples show is executed, on the built package, as a user would. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { numpyVersion, python, pythonPrints } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A directory in which `import "npy-append-array"` finds this package. */
function userDirectory(): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "npy-append-array"), "dir");
  return directory;
}

function run(script: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd, encoding: "utf8", timeout: 60_000 });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

test.each(readdirSync(join(root, "examples")).filter((name) => name.endsWith(".mjs")))("examples/%s", (name) => {
  const directory = userDirectory();
  const first = run(join(root, "examples", name), directory);
  expect(first).not.toBe("");
  // Each may be run again over what it left.
  run(join(root, "examples", name), directory);
});

/** The examples of a document, in JavaScript or in another language. */
function examplesOf(name: string, language = "js"): readonly string[] {
  const document = readFileSync(join(root, name), "utf8");
  return [...document.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, code]) => code as string);
}

test.each(["README.md", "docs/reading.md", "docs/npz.md", "docs/concurrency.md", "docs/errors.md", "docs/from-python.md"])(
  "the examples of %s run, one after the other, as a user would run them",
  (name) => {
    const blocks = examplesOf(name);
    expect(blocks.length).toBeGreaterThan(1);
    const directory = userDirectory();
    for (const [i, code] of blocks.entries()) {
      writeFileSync(join(directory, `example-${i}.mjs`), code);
      const printed = run(join(directory, `example-${i}.mjs`), directory);
      // A comment after console.log says what it prints.
      const claimed = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text as string);
      for (const text of claimed) expect(printed).toContain(text);
    }
  },
);

describe("README.md", () => {
  test.skipIf(numpyVersion === undefined)("NumPy reads what its first example wrote", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const [, program = "", printed = ""] = /^\$ python3 -c '(.*)'\n(.*)\n```/m.exec(readme) ?? [];
    const directory = userDirectory();
    writeFileSync(join(directory, "first.mjs"), examplesOf("README.md")[0] as string);
    run(join(directory, "first.mjs"), directory);
    expect(python(`import os\nos.chdir(${JSON.stringify(directory)})\n${program}`)).toEqual(JSON.parse(printed));
  });

  test("begins with an example of ten lines", () => {
    expect(examplesOf("README.md")[0]?.trim().split("\n").length).toBeLessThanOrEqual(10);
  });

  test("its commands are those of package.json", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const named = [...`${readme}${contributing}`.matchAll(/npm (?:run )?(test|[a-z]+(?=`)|demo)\b/g)]
      .map(([, name]) => name as string)
      .filter((name) => !["ci", "install"].includes(name));
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});

test.skipIf(numpyVersion === undefined)(
  "the examples of docs/cookbook.md run, also those in Python, and print what they say",
  () => {
    const directory = userDirectory();
    const blocks = examplesOf("docs/cookbook.md", "(?:js|python)");
    let claims = 0;
    for (const [i, code] of blocks.entries()) {
      const isPython = code.startsWith("import numpy");
      writeFileSync(join(directory, `example-${i}.mjs`), code);
      const printed = isPython ? pythonPrints(code, directory) : run(join(directory, `example-${i}.mjs`), directory);
      for (const [, text] of code.matchAll(/^ *(?:await |for .*\) )?(?:console\.log|print)\(.*\);? {1,2}(?:\/\/|#) (.*)$/gm)) {
        expect(printed, code).toContain(text);
        claims++;
      }
    }
    expect(claims).toBeGreaterThan(18);
  },
);
