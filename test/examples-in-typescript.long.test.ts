/** The examples of the README and the docs are TypeScript, too: as users' programs, over the package's own declarations. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");

/** Documents, and whether their examples need other packages, whose declarations are not checked. */
const DOCUMENTS: readonly { readonly name: string; readonly needsPackages?: boolean }[] = [
  { name: "README.md" },
  { name: "docs/reading.md" },
  { name: "docs/concurrency.md" },
  { name: "docs/interop.md", needsPackages: true },
  { name: "docs/object-storage.md", needsPackages: true },
];

/** A program of all examples of these documents, each a module. */
function program(needsPackages: boolean): { readonly directory: string; readonly examples: number } {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "npy-append-array"), "junction");
  const packages = [
    "@stdlib",
    "@tensorflow",
    "@uwdata",
    "apache-arrow",
    "arquero",
    "aws4fetch",
    "mathjs",
    "ml-matrix",
    "ndarray",
    "numpy-ts",
    "npyjs",
    "onnxruntime-common",
    "pngjs",
    "sharp",
    "three",
    "zarrita",
  ];
  for (const name of ["@types", "undici-types", ...(needsPackages ? packages : [])]) {
    symlinkSync(join(modules, name), join(directory, "node_modules", name), "junction");
  }
  if (needsPackages) copyFileSync(join(root, "test/support/untyped-modules.d.ts"), join(directory, "untyped-modules.d.ts"));
  let examples = 0;
  for (const { name, needsPackages: needs = false } of DOCUMENTS) {
    if (needs !== needsPackages) continue;
    for (const [, code] of readFileSync(join(root, name), "utf8").matchAll(/^```[jt]s\n(.*?)^```$/gms)) {
      writeFileSync(join(directory, `${name.replaceAll("/", "-")}-${examples++}.mts`), `${code}export {};\n`);
    }
  }
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable", ...(needsPackages ? ["dom"] : [])],
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
    skipLibCheck: needsPackages,
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts", "*.d.ts"] }));
  return { directory, examples };
}

/** What a compiler says of a program: nothing, if it has no errors. */
function compile(directory: string, compiler: string): Promise<string> {
  return new Promise((resolve) => {
    const script = join(modules, compiler, "bin", "tsc");
    execFile(process.execPath, [script, "-p", directory], { cwd: directory }, (_, stdout, stderr) => resolve(stdout + stderr));
  });
}

test.each(["typescript57", "typescript70"])(
  "examples without other packages, and the package's declarations: %s",
  async (compiler) => {
    const { directory, examples } = program(false);
    expect(examples).toBeGreaterThan(15);
    expect(await compile(directory, compiler)).toBe("");
  },
);

test("examples with other packages", async () => {
  const { directory, examples } = program(true);
  expect(examples).toBeGreaterThan(0);
  expect(await compile(directory, "typescript70")).toBe("");
});

test("a mistake in an example is found", async () => {
  const { directory } = program(false);
  writeFileSync(
    join(directory, "mistake.mts"),
    `import { load } from "npy-append-array";\nawait load("a.npy", { dtyp: "float32" });\n`,
  );
  expect(await compile(directory, "typescript70")).toMatch(/mistake\.mts.*dtyp/s);
});
