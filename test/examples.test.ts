/** What the README, the pages and the examples show is executed, on the built package, as a user would. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { blocksOf, codeOf, PAGES, textOf } from "./support/documents.ts";
import { numpyVersion, python, pythonPrints } from "./support/numpy.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** A directory in which `import "npy-append-array"` finds this package; and Arrow, into which some examples put what they read. */
function userDirectory(): string {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "npy-append-array"), "dir");
  symlinkSync(join(root, "node_modules", "apache-arrow"), join(directory, "node_modules", "apache-arrow"), "dir");
  return directory;
}

function run(script: string, cwd: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { cwd, encoding: "utf8", timeout: 60_000 });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

// The demo has a test of its own.
const examples = readdirSync(join(root, "examples")).filter((name) => name.endsWith(".mjs") && name !== "demo.mjs");

test.each(examples)("examples/%s", (name) => {
  const directory = userDirectory();
  const first = run(join(root, "examples", name), directory);
  expect(first).not.toBe("");
  // Each may be run again over what it left.
  run(join(root, "examples", name), directory);
});

/** Their examples run in tests of their own: with other libraries, in a store, and beside Python. */
const RUN_ELSEWHERE = ["docs/interop.md", "docs/object-storage.md", "docs/cookbook.md"];

/** The examples of a page that run on Node alone. The others are compiled (`examples-in-typescript.long.test.ts`). */
const examplesOf = (page: string): string[] =>
  codeOf(page, "js").filter((code) => !/from "(npy-append-array\/opfs|electron)"|require\("electron"\)/.test(code));

test.each(PAGES.filter((page) => !RUN_ELSEWHERE.includes(page) && examplesOf(page).length > 0))(
  "the examples of %s run, one after the other, as a user would run them",
  (page) => {
    const directory = userDirectory();
    for (const [i, code] of examplesOf(page).entries()) {
      writeFileSync(join(directory, `example-${i}.mjs`), code);
      const printed = run(join(directory, `example-${i}.mjs`), directory);
      // A comment after console.log says what it prints.
      const claimed = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text as string);
      for (const text of claimed) expect(printed).toContain(text);
    }
  },
);

test("every block of code is in a language that tests know", () => {
  // Text is a map of the code, or what commands print as their help, which `npm run docs` checks.
  const known = ["js", "python", "console", "text", "sh"];
  const blocks = PAGES.flatMap((page) => blocksOf(page).map(({ language }) => `${page}: ${language}`));
  expect(blocks.length).toBeGreaterThan(100);
  expect(blocks.filter((block) => !known.includes(block.split(": ")[1] as string))).toEqual([]);
  // What they print is compared in `cli-documents.long.test.ts`, and of the last in `object-storage-document.test.ts`.
  expect(new Set(blocks.filter((block) => block.endsWith(" console")))).toEqual(
    new Set(["README.md: console", "docs/cli.md: console", "docs/object-storage.md: console"]),
  );
});

test.skipIf(process.platform === "win32")("the commands in shell blocks can be parsed", () => {
  const commands = PAGES.flatMap((page) => codeOf(page, "sh"));
  expect(commands.length).toBeGreaterThan(1);
  for (const command of commands) expect(spawnSync("sh", ["-n"], { input: command, encoding: "utf8" }).stderr, command).toBe("");
});

test.skipIf(numpyVersion === undefined)("the examples in Python, which may need other packages, can be parsed", () => {
  const examples = PAGES.flatMap((page) => codeOf(page, "python"));
  expect(examples.length).toBeGreaterThan(2);
  for (const code of examples) expect(python(`import ast\nast.parse(${JSON.stringify(code)})\nprint('true')`), code).toBe(true);
});

describe("README.md", () => {
  const readme = textOf("README.md");

  test.skipIf(numpyVersion === undefined)("NumPy reads what its first example wrote", () => {
    const [, program = "", printed = ""] = /^\$ python3 -c '(.*)'\n(.*)\n```/m.exec(readme) ?? [];
    const directory = userDirectory();
    writeFileSync(join(directory, "first.mjs"), examplesOf("README.md")[0] as string);
    run(join(directory, "first.mjs"), directory);
    expect(python(`import os\nos.chdir(${JSON.stringify(directory)})\n${program}`)).toEqual(JSON.parse(printed));
  });

  test("is short, and begins with an example of ten lines", () => {
    expect(readme.split("\n").length).toBeLessThanOrEqual(200);
    expect(examplesOf("README.md")[0]?.trim().split("\n").length).toBeLessThanOrEqual(10);
  });

  test("leads to every page", () => {
    const missing = PAGES.slice(1).filter((page) => !readme.includes(`](${page}`));
    expect(missing).toEqual([]);
  });

  test("its commands are those of package.json", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    const named = [...`${readme}${textOf("CONTRIBUTING.md")}`.matchAll(/npm (?:run )?(test|[a-z]+(?=`)|demo)\b/g)]
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
    const blocks = blocksOf("docs/cookbook.md");
    let claims = 0;
    for (const [i, { language, code }] of blocks.entries()) {
      const isPython = language === "python";
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
