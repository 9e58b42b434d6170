// Builds the published code from src/:
//
// - dist/node.js: one file, because Node takes about a millisecond for each file it loads; dist/node.cjs is the same for `require` where Node
//   cannot load modules with it, as in Jest.
// - dist/modules/: one file per module, for bundlers, which drop modules that an application does not use. Its node.js is src/bundled-node.ts.
// - dist/node.d.cts: all types in one file. dist/node.d.ts takes its types from there, so that both formats have one NpyError for the compiler.
// - dist/cli/: the command line with the packages it uses. Their licences go into dist/THIRD-PARTY-LICENSES.
//
// All code is minified; dist/node.js, which stack traces show, keeps its lines and the names of functions.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const [node, portable, forBundlers] = [path("src/node.ts"), path("src/index.ts"), path("src/bundled-node.ts")];

// rolldown asks twice for each module: with the specifier as written, and with the resolved path.
const isPackage = (id) => !id.startsWith(".") && !isAbsolute(id);
// The declarations keep the docstrings.
const comments = { legal: true, annotation: true, jsdoc: false };
const dist = path("dist");
const small = { dir: dist, comments, minify: true };
const readable = {
  ...small,
  minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: false } },
};

/** The directory of the package that holds a module; `undefined` for our own modules. */
function packageOf(module) {
  const [, directory] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(module) ?? [];
  return directory;
}

/** The licence of a package, from its own files. */
function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no licence file`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
}

rmSync(dist, { recursive: true, force: true });
const library = { platform: "node", external: isPackage };
await build({ ...library, input: node, output: readable });
await build({ ...library, input: node, output: { ...small, format: "cjs", entryFileNames: "[name].cjs" } });
await build({
  ...library,
  input: { index: portable, node: forBundlers },
  platform: "neutral",
  output: { ...small, dir: path("dist/modules"), preserveModules: true, preserveModulesRoot: dirname(node) },
});
await build({ ...library, input: node, plugins: [dts({ emitDtsOnly: true, oxc: {} })], output: { dir: dist } });
writeFileSync(
  path("dist/node.d.cts"),
  `/// <reference lib="esnext.disposable" />\n${readFileSync(path("dist/node.d.ts"), "utf8")}`,
);
writeFileSync(path("dist/node.d.ts"), 'export * from "./node.cjs";\n');
// Older compilers would take unknown generic types for any. A file that is no module makes them stop with an error that names it.
writeFileSync(path("dist/needs-typescript-5.7.d.ts"), "// These types need TypeScript 5.7 or later.\n");
const commandLine = await build({
  input: { "cli/main": path("src/cli/main.ts") },
  platform: "node",
  external: node,
  output: {
    ...small,
    chunkFileNames: "cli/[name].js",
    paths: { [node]: "./node.js" },
  },
});

const modules = commandLine.output.flatMap((chunk) => Object.entries(chunk.modules ?? {}));
const bundled = new Set(modules.flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? (packageOf(id) ?? []) : [])));
const licences = [...bundled].sort().map(licenceOf);
const preamble = "dist/cli contains code of these packages.\n";
writeFileSync(path("dist/THIRD-PARTY-LICENSES"), [preamble, ...licences].join(`\n${"-".repeat(80)}\n\n`));
