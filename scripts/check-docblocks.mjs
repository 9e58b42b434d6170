// Checks that every public name and member has a docblock, and runs every @example on the built package.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as npy from "npy-append-array";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));
// The examples of the others need a browser, or a store: test/opfs*.test.ts and test/s3*.test.ts do what they do.
const entries = ["src/node.ts", "src/opfs.ts", "src/s3.ts"].map((name) => join(root, name));
const program = ts.createProgram(
  entries,
  ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config, ts.sys, root).options,
);
const checker = program.getTypeChecker();

const problems = [];
const examples = new Map();
let checked = 0;

function docblock(node) {
  return ts
    .getJSDocCommentsAndTags(node)
    .map((doc) => doc.getFullText())
    .join("\n");
}

function check(name, node, entry) {
  checked++;
  // The docblock of a variable belongs to the statement around it.
  const text = docblock(node);
  if (!text.includes("/**")) problems.push(`${name} has no docblock`);
  if (entry !== entries[0]) return;
  for (const [, code] of text.matchAll(/```ts\n(.*?)```/gs)) examples.set(`${name}\n${code}`, code.replace(/^ *\* ?/gm, ""));
}

const exportsOf = (entry) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)));
for (const [exported, entry] of entries.flatMap((entry) => exportsOf(entry).map((exported) => [exported, entry]))) {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  const [declaration] = symbol.declarations;
  check(exported.name, declaration, entry);
  if (!ts.isClassDeclaration(declaration)) continue;
  const seen = new Set();
  for (const member of declaration.members) {
    const name = member.name?.getText() ?? "constructor";
    // One overload's docblock covers those without one.
    if (seen.has(name) && docblock(member) === "") continue;
    seen.add(name);
    const isHidden = name.startsWith("#") || ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private;
    // Well-known symbols, and members documented by an interface, need no docblock.
    const isKnown =
      name.startsWith("[Symbol.") ||
      (/(Storage|Folder)$/.test(exported.name) && ts.isMethodDeclaration(member)) ||
      name === "key";
    if (!isHidden && !isKnown && !(declaration.name.text === "NpyError") && !ts.isConstructorDeclaration(member))
      check(`${exported.name}.${name}`, member, entry);
  }
}

let run = 0;
for (const [title, code] of examples) {
  const directory = mkdtempSync(join(tmpdir(), "npy-example-"));
  try {
    mkdirSync(join(directory, "node_modules"));
    symlinkSync(root, join(directory, "node_modules/npy-append-array"), "dir");
    npy.saveSync(join(directory, "log.npy"), { data: new Float64Array(60), shape: [20, 3] });
    npy.saveSync(join(directory, "points.npy"), { data: new Float32Array(6), shape: [2, 3] });
    npy.saveSync(join(directory, "old.npy"), [1, 2, 3]);
    npy.saveSync(join(directory, "records.npy"), [{ t: 0.5, id: 7 }], { dtype: { t: "<f8", id: "<i4" } });
    // `expression; // value` claims a result: checked if the comment is a value.
    const claims = code.replace(
      /^([^=\n]+); \/\/ ([[\d"{tf].*)$/gm,
      (_, expression, value) => `__equal(${expression}, ${value});`,
    );
    const names = Object.keys(npy).filter((name) => new RegExp(`\\b${name}\\b`).test(code));
    const script = `import { deepEqual as __equal } from "node:assert/strict";\nimport { ${names.join(", ")} } from "npy-append-array";\n${claims}`;
    const { outputText } = ts.transpileModule(script, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    writeFileSync(join(directory, "example.mjs"), outputText);
    const { status, stderr } = spawnSync(process.execPath, ["example.mjs"], { cwd: directory, encoding: "utf8" });
    if (status !== 0) problems.push(`the example of ${title} fails:\n${stderr}`);
    run++;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

for (const problem of problems) console.error(problem);
console.log(`${checked} docblocks checked, ${run} examples run, ${problems.length} problems`);
if (problems.length > 0 || run < 8) process.exitCode = 1;
