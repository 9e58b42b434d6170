/** The examples of the README and the docs are TypeScript, too: as users' programs, over the package's own declarations. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { codeOf, PAGES, textOf } from "./support/documents.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");

/** Examples that run, but leave out what a compiler would ask for: of the elements of a ragged array Arrow wants to know the class. */
const UNTYPED = ["docs-cookbook.md", "docs-groups.md-1"];

/** Other packages that examples import. */
const PACKAGES = [
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

interface Example {
  readonly name: string;
  readonly code: string;
  /** Whether it needs a browser, or other packages, whose declarations are not checked. */
  readonly needsMore: boolean;
}

const EXAMPLES: readonly Example[] = PAGES.flatMap((page) =>
  codeOf(page, "js").map((code, i) => ({
    name: `${page.replaceAll("/", "-")}-${i}`,
    code,
    needsMore: /(from|import|require\() ?"(?!node:|npy-append-array")/.test(code),
  })),
)
  .filter(({ name }) => !UNTYPED.some((untyped) => name.startsWith(untyped)))
  .concat({ name: "options", code: examplesOfOptions(), needsMore: true });

/** Each example of an option is one of the type whose table it stands in. */
function examplesOfOptions(): string {
  const imports = new Map([["npy-append-array", [] as string[]]]);
  const lines: string[] = [];
  for (const [, type = "", section = ""] of textOf("docs/options.md").matchAll(/^`(\w+Options)`, of (.*?)(?=^## |^<!--)/gms)) {
    const entry = /^`opfs|^`export/.test(section) ? "opfs" : /^`(s3|concat|abort)/.test(section) ? "s3" : undefined;
    const from = entry === undefined ? "npy-append-array" : `npy-append-array/${entry}`;
    imports.set(from, [...(imports.get(from) ?? []), type]);
    for (const [, example = ""] of section.matchAll(/^\| `\w+` *\| `.*?` *\| .*? \| `(\w+: .*?)` +\|/gm)) {
      lines.push(`({ ${example} }) satisfies Partial<${type}>;`);
    }
  }
  expect(lines.length).toBeGreaterThan(100);
  const declared = "declare const client: { fetch(url: string, init?: RequestInit): Promise<Response> };";
  return [...imports]
    .map(([from, types]) => `import type { ${types.join(", ")} } from "${from}";`)
    .concat(declared, lines, "")
    .join("\n");
}

/** What runs nowhere in these tests, or has no types there. */
const DECLARATIONS = `
declare module "electron" {
  export const app: { getPath(name: string): string };
  export const ipcMain: { handle(channel: string, listener: (event: unknown, rows: import("npy-append-array").ArrayInput) => unknown): void };
  export const contextBridge: { exposeInMainWorld(key: string, api: object): void };
  export const ipcRenderer: { invoke(channel: string, rows: unknown): Promise<unknown> };
}
declare function showSaveFilePicker(options?: { suggestedName?: string }): Promise<FileSystemFileHandle>;
`;

/** A program of all examples, each a module. */
function program(needsMore: boolean): { readonly directory: string; readonly examples: number } {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules", "npy-append-array"), "junction");
  for (const name of ["@types", "undici-types", ...(needsMore ? PACKAGES : [])]) {
    symlinkSync(join(modules, name), join(directory, "node_modules", name), "junction");
  }
  if (needsMore) {
    copyFileSync(join(root, "test/support/untyped-modules.d.ts"), join(directory, "untyped-modules.d.ts"));
    writeFileSync(join(directory, "declared.d.ts"), DECLARATIONS);
  }
  const examples = EXAMPLES.filter((example) => example.needsMore === needsMore);
  for (const { name, code } of examples) writeFileSync(join(directory, `${name}.mts`), `${code}export {};\n`);
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023", "esnext.disposable", ...(needsMore ? ["dom"] : [])],
    module: "nodenext",
    strict: true,
    // The examples are JavaScript, whose parameters have no types.
    noImplicitAny: false,
    noEmit: true,
    types: ["node"],
    skipLibCheck: needsMore,
  };
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.mts", "*.d.ts"] }));
  return { directory, examples: examples.length };
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

test("examples with other packages, for browsers, and of options", async () => {
  const { directory, examples } = program(true);
  expect(examples).toBeGreaterThan(0);
  expect(await compile(directory, "typescript70")).toBe("");
});

/** What a program gets wrong, and what its first error must name. */
const MISTAKES = [
  [`load("a.npy", { dtyp: "float32" })`, "Did you mean to write 'dtype'?"],
  [`load("a.npy", { dtype: "flaot32" })`, "Did you mean '\"float32\"'?"],
  [`NpyAppendArray.open("a.npy", { durability: "ful" })`, "Did you mean '\"full\"'?"],
  [`NpyAppendArray.open("a.npy", "float32")`, "has no properties in common with type 'OpenOptions"],
  [`npaa.append(5)`, "type 'ArrayInput'"],
  [`npaa.append({ data: [1, 2], shape: 2 })`, "Types of property 'shape' are incompatible"],
  [`npaa.appendFrom([[1]], { each: "rows" })`, `Type '"rows"' is not assignable`],
  [`npaa.appendFrom([[1]], { sig: 1 })`, "'sig' does not exist in type 'AppendFromOptions'"],
  [`npaa.writable({ highWaterMark: "5" })`, "Type 'string' is not assignable to type 'number'"],
  [`recover("a.npy", { zerofill: true })`, "'zerofill' does not exist in type 'RecoverOptions'"],
] as const;

test("the error about a mistake is short, and names it", async () => {
  const { directory } = program(false);
  const imports = `import { load, NpyAppendArray, recover } from "npy-append-array";\ndeclare const npaa: NpyAppendArray;\n`;
  for (const [i, [code]] of MISTAKES.entries()) writeFileSync(join(directory, `mistake-${i}.mts`), `${imports}await ${code};\n`);
  const errors = (await compile(directory, "typescript70")).split(/^(?=mistake-)/m);
  expect(errors).toHaveLength(MISTAKES.length);
  const byName = new Map(errors.map((error) => [/^mistake-(\d+)/.exec(error)?.[1], error.trimEnd()]));
  for (const [i, [code, named]] of MISTAKES.entries()) {
    expect(byName.get(String(i)), code).toContain(named);
    expect(byName.get(String(i))?.split("\n").length, code).toBeLessThan(8);
  }
});
