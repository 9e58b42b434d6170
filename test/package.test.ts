/** What is published: what it loads, what it depends on, and what bundlers make of it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";
import { saveSync } from "../src/node.ts";
import { temporaryDirectory } from "./support/temporary.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");

function importsOf(file: string): string[] {
  const code = readFileSync(join(dist, file), "utf8");
  return [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["`]([\w@./:-]+)["`]/g)].map(([, name = ""]) => name);
}

function requiredBy(file: string): string[] {
  return [...readFileSync(join(dist, file), "utf8").matchAll(/\brequire\([`"']([^`"']+)/g)].map(([, name = ""]) => name);
}

test("the library is one file for Node, and loads nothing of the command line", () => {
  expect(importsOf("node.js")).toContain("node:fs");
  expect(importsOf("node.js").filter((name) => !name.startsWith("node:"))).toEqual([]);
  const required = requiredBy("node.cjs");
  expect(required).toContain("node:fs");
  expect(required.filter((name) => !isBuiltin(name))).toEqual([]);
});

test("the portable modules need no runtime", () => {
  const modules = readdirSync(join(dist, "modules"), { recursive: true, encoding: "utf8" });
  const runtime = modules.filter(
    (name) => name.endsWith(".js") && importsOf(join("modules", name)).some((from) => from.startsWith("node:")),
  );
  expect(runtime).toContain("node-runtime.js");
  const reached = new Set<string>();
  const visit = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const from of importsOf(join("modules", name))) visit(join(dirname(name), from));
  };
  visit("index.js");
  expect(reached.size).toBeGreaterThan(50);
  expect(runtime.filter((name) => reached.has(name))).toEqual([]);
});

test("the package has no dependencies: those of the command line are bundled, with their licences", () => {
  const { dependencies, peerDependenciesMeta } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(dependencies).toBeUndefined();
  expect(peerDependenciesMeta).toEqual({ aws4fetch: { optional: true }, koffi: { optional: true } });
  const files = readdirSync(join(dist, "cli"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  const required = files.flatMap((name) => requiredBy(join("cli", name)));
  expect(required).toContain("./library/index.js");
  expect(required.filter((name) => !(isBuiltin(name) || name.startsWith("./") || name.startsWith("../")))).toEqual([]);
  const licences = readFileSync(join(dist, "THIRD-PARTY-LICENSES"), "utf8");
  for (const name of ["cli-progress", "commander"]) {
    expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\((?:MIT|ISC)\\)\n\n[^]+?copyright`, "im"));
  }
});

test.each([
  ["--version", ["output"]],
  ["--help", ["output", "program"]],
  ["append --help", ["append", "common", "library/index", "output", "program"]],
  ["info x.npy", ["common", "info", "library/describing", "library/index", "output", "program"]],
])("%s loads no code that it does not need", (line, needed) => {
  const cwd = temporaryDirectory();
  saveSync(join(cwd, "x.npy"), [1]);
  const report = "process.on('exit', () => process._rawDebug(Object.keys(require.cache).join('\\n')))";
  writeFileSync(join(cwd, "report.cjs"), report);
  const main = join(dist, "cli/main.js");
  const { stderr, status } = spawnSync(process.execPath, ["--require", "./report.cjs", main, ...line.split(" ")], {
    cwd,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  const loaded = stderr.split("\n").filter((name) => name.startsWith(dist) && name !== main);
  const names = loaded.map((name) => name.slice(dirname(main).length + 1, -".js".length).replaceAll("\\", "/"));
  // Small files that commands share may be apart.
  expect(names).toEqual(expect.arrayContaining(needed));
  expect(names.length).toBeLessThan(needed.length + 4);
  expect(names).not.toContain("library/writing");
});

test("JSR gets the same version as npm, and the entry points that need no browser", () => {
  const [npm, jsr] = ["package.json", "jsr.json"].map((name) => JSON.parse(readFileSync(join(root, name), "utf8")));
  expect(jsr).toMatchObject({
    name: expect.stringMatching(/^@[\w-]+\/npy-append-array$/),
    version: npm.version,
    license: npm.license,
    exports: { ".": "./src/node.ts", "./s3": "./src/s3.ts" },
  });
  for (const path of Object.values<string>(jsr.exports)) expect(existsSync(join(root, path)), path).toBe(true);
});

/** The size of a bundle of `code` in an application that has installed the package, and what it prints. */
async function bundled(code: string, platform: "browser" | "node"): Promise<{ size: number; printed: string }> {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules/npy-append-array"), "junction");
  writeFileSync(join(directory, "application.mjs"), code);
  const bundle = await rolldown({ input: join(directory, "application.mjs"), platform, logLevel: "silent" });
  const file = join(directory, "bundle.mjs");
  await bundle.write({ file, format: "esm", minify: true });
  await bundle.close();
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  return { size: readFileSync(file).length, printed: stdout + stderr };
}

test("an application takes only what it uses, in browsers", async () => {
  const { size, printed } = await bundled(
    `import { NpyError } from "npy-append-array";
     console.log(new NpyError("ERR_NPY_CLOSED", "It was closed.").code);`,
    "browser",
  );
  expect(printed).toBe("ERR_NPY_CLOSED\n");
  expect(size).toBeLessThan(2300);
});

test.each(["browser", "node"] as const)("a bundle for %s appends and reads", async (platform) => {
  const { printed } = await bundled(
    `import { loadSync, MemoryStorage, NpyAppendArray } from "npy-append-array";
     const storage = new MemoryStorage();
     const npaa = NpyAppendArray.openSync(storage);
     npaa.append([1, 2, 3]);
     npaa.close();
     console.log(loadSync(storage).data.join());`,
    platform,
  );
  expect(printed).toBe("1,2,3\n");
});

test("a bundle for Node opens paths, and one for browsers has no file system", async () => {
  const code = `import { inspectSync } from "npy-append-array";
     try { inspectSync("missing.npy"); } catch ({ code }) { console.log(code); }`;
  expect((await bundled(code, "node")).printed).toBe("ENOENT\n");
  const browser = await bundled(code, "browser");
  expect(browser.printed).toBe("ERR_NPY_OPTION\n");
});

test("what the README links to is in the package", () => {
  const args = ["pack", "--dry-run", "--ignore-scripts", "--json"];
  const { stdout } = spawnSync("npm", args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = new Set(files.map(({ path }) => path));
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter((link) => !packed.has(link))).toEqual([]);
});
