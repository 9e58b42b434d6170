// Builds the published code from src/:
//
// - dist/node.js: one file, because Node takes about a millisecond for each file it loads; dist/node.cjs is the same for `require` where Node
//   cannot load modules with it, as in Jest. dist/s3.js and dist/s3.cjs: the same of npy-append-array/s3, with copies of the few modules that it shares
//   with the library, which know nothing of each other.
// - dist/modules/: one file per module, for bundlers, which drop modules that an application does not use. Its node.js is src/bundled-node.ts.
// - dist/modules/opfs.js: the entry point for files of a browser, and dist/modules/opfs/worker.js, which a page starts as a worker.
// - dist/node.d.cts: all types in one file. dist/node.d.ts takes its types from there, so that both formats have one NpyError for the compiler.
// - dist/cli/: the command line with the packages it uses. Their licences go into dist/THIRD-PARTY-LICENSES. It is CommonJS, which Node starts
//   sooner, and each part is loaded when it is needed: a command when it runs, and the library, in four parts, when something of it is used.
// - dist/viewer/: the page of site/viewer, which the command `view` serves.
//
// All code is minified; dist/node.js, which stack traces show, keeps its lines and the names of functions.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { buildPage } from "../site/build.mjs";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const [node, portable, forBundlers] = [path("src/node.ts"), path("src/index.ts"), path("src/bundled-node.ts")];
const s3 = path("src/s3.ts");
const [opfs, opfsWorker] = [path("src/opfs.ts"), path("src/opfs/worker.ts")];

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
// A build that waits for a busy machine has nothing to tell those who only want to run the demo.
const checks = { pluginTimings: false };
const library = { platform: "node", external: isPackage, checks };
const { output } = await build({ ...library, input: node, output: readable });
const publicNames = output[0].exports;
await build({ ...library, input: node, output: { ...small, format: "cjs", entryFileNames: "[name].cjs" } });
await build({ ...library, platform: "neutral", input: s3, output: small });
await build({ ...library, platform: "neutral", input: s3, output: { ...small, format: "cjs", entryFileNames: "[name].cjs" } });
const forModules = await build({
  ...library,
  // The worker is an entry of its own, which bundlers find by its URL.
  input: { index: portable, node: forBundlers, s3, opfs, "opfs/worker": opfsWorker },
  platform: "neutral",
  output: { ...small, dir: path("dist/modules"), preserveModules: true, preserveModulesRoot: dirname(node) },
});
await build({ ...library, input: node, plugins: [dts({ emitDtsOnly: true, oxc: {} })], output: { dir: dist } });
await build({ ...library, input: s3, plugins: [dts({ emitDtsOnly: true, oxc: {} })], output: { dir: dist } });
await build({ ...library, input: opfs, plugins: [dts({ emitDtsOnly: true, oxc: {} })], output: { dir: dist } });
writeFileSync(
  path("dist/node.d.cts"),
  `/// <reference lib="esnext.disposable" />\n${readFileSync(path("dist/node.d.ts"), "utf8")}`,
);
writeFileSync(path("dist/node.d.ts"), 'export * from "./node.cjs";\n');
writeFileSync(path("dist/s3.d.cts"), readFileSync(path("dist/s3.d.ts"), "utf8"));
writeFileSync(path("dist/s3.d.ts"), 'export * from "./s3.cjs";\n');
// The module that a page's worker runs has no exports. Files of the browser are for modules; what is called by require loads them when it is called.
writeFileSync(path("dist/opfs-worker.d.ts"), "export {};\n");
writeFileSync(path("dist/opfs.d.cts"), readFileSync(path("dist/opfs.d.ts"), "utf8"));
const opfsNames = forModules.output.find(({ name }) => name === "opfs").exports;
writeFileSync(
  path("dist/opfs.cjs"),
  `"use strict";
for (const name of ${JSON.stringify(opfsNames)}) exports[name] = async (...args) => (await import("./modules/opfs.js"))[name](...args);
`,
);
// Older compilers would take unknown generic types for any. A file that is no module makes them stop with an error that names it.
writeFileSync(path("dist/needs-typescript-5.7.d.ts"), "// These types need TypeScript 5.7 or later.\n");

const commonJs = { ...small, format: "cjs" };
const { version } = JSON.parse(readFileSync(path("package.json"), "utf8"));

/** The parts of the library, each with what the parts above it lack. What `info` needs comes first. */
const PARTS = {
  describing: ["inspect", "errors", "format/dtype", "headers", "cast/can-cast", "storage/node-storage", "storage/memory"],
  reading: ["reader/npy-reader", "load"],
  writing: ["writer/npy-append-array", "save"],
  rest: ["node"],
};
const partOf = (id) => (id.startsWith("\0part:") ? id.slice("\0part:".length) : undefined);
const parts = await build({
  input: Object.fromEntries(Object.keys(PARTS).map((part) => [`cli/library/${part}`, `\0part:${part}`])),
  platform: "node",
  external: isPackage,
  checks,
  plugins: [
    {
      name: "parts",
      resolveId: (id) => (partOf(id) === undefined ? undefined : id),
      load(id) {
        const part = partOf(id);
        if (part === undefined) return;
        const names = PARTS[part].map((name) => `export * from ${JSON.stringify(path(`src/${name}.ts`))};`);
        const runtime = `import { useDeflate, usePaths, useThreads } from ${JSON.stringify(path("src/node-runtime.ts"))};`;
        return `${names.join("\n")}\n${part === "describing" ? `${runtime}\nusePaths();\nuseThreads();\nuseDeflate();` : ""}`;
      },
    },
  ],
  preserveEntrySignatures: "allow-extension",
  treeshake: { moduleSideEffects: (id) => partOf(id) !== undefined },
  output: {
    ...commonJs,
    codeSplitting: {
      groups: Object.keys(PARTS).map((name, i) => ({ name, test: (id) => partOf(id) === name, priority: 9 - i })),
    },
  },
});
const names = new Set();
const partsOfNames = Object.keys(PARTS).map((part) => {
  const { fileName, exports } = parts.output.find(({ name }) => name === `cli/library/${part}`);
  const own = publicNames.filter((name) => exports.includes(name) && !names.has(name));
  for (const name of own) names.add(name);
  return [`./${basename(fileName)}`, own];
});
const missing = publicNames.filter((name) => !names.has(name));
if (missing.length > 0) throw new Error(`The parts of the library lack ${missing.join(", ")}`);
writeFileSync(
  path("dist/cli/library/index.js"),
  `"use strict";
const parts = ${JSON.stringify(partsOfNames)};
const load = (part, names) => {
  // Whatever is used first, paths name files.
  require(parts[0][0]);
  const loaded = require(part);
  for (const name of names) Object.defineProperty(exports, name, { value: loaded[name] });
  return loaded;
};
for (const [part, names] of parts) {
  for (const name of names) Object.defineProperty(exports, name, { get: () => load(part, names)[name], configurable: true });
}
`,
);

/** Commander would load it for commands that are programs of their own, of which there are none. */
const WITHOUT_PROCESSES = {
  name: "without-processes",
  resolveId: (id, importer) => (id === "node:child_process" && importer?.includes("commander") ? "\0no-processes" : undefined),
  load: (id) => (id === "\0no-processes" ? "export default {};" : undefined),
};
const commandLine = await build({
  input: { "cli/main": path("src/cli/main.ts") },
  platform: "node",
  external: node,
  checks,
  plugins: [WITHOUT_PROCESSES],
  transform: { define: { VERSION: JSON.stringify(version) } },
  preserveEntrySignatures: "allow-extension",
  output: {
    ...commonJs,
    chunkFileNames: "cli/[name].js",
    paths: { [node]: "./cli/library/index.js" },
    // Each file takes longer to find than to compile.
    codeSplitting: {
      groups: [
        { name: "output", test: /cli[\\/]program[\\/]terminal\.ts$/, priority: 3 },
        { name: "program", test: /cli[\\/]program[\\/]running\.ts$/, priority: 2 },
        { name: "common", test: /[\\/]cli[\\/]/, minShareCount: 3, includeDependenciesRecursively: false, priority: 1 },
      ],
    },
  },
});
writeFileSync(path("dist/cli/package.json"), '{ "type": "commonjs" }\n');

const modules = commandLine.output.flatMap((chunk) => Object.entries(chunk.modules ?? {}));
const bundled = new Set(modules.flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? (packageOf(id) ?? []) : [])));
const licences = [...bundled].sort().map(licenceOf);
// uPlot is in the viewer, whose other packages the command line has, too.
licences.push(licenceOf(path("node_modules/uplot")));
await buildPage("viewer", path("dist/viewer"));
const preamble = "dist/cli and dist/viewer contain code of these packages.\n";
writeFileSync(path("dist/THIRD-PARTY-LICENSES"), [preamble, ...licences].join(`\n${"-".repeat(80)}\n\n`));
