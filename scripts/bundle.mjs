// Builds the published code from src/:
//
// - dist/node.js and dist/index.js: one file per entry point, because Node takes about a millisecond for each file it loads.
// - dist/modules/: one file per module, for bundlers, which drop modules that an application does not use.
// - dist/cli/: the command line with the packages it uses. Their licences go into dist/THIRD-PARTY-LICENSES.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const [node, portable] = [path("src/node.ts"), path("src/index.ts")];

// rolldown asks twice for each module: with the specifier as written, and with the resolved path.
const isPackage = (id) => !id.startsWith(".") && !isAbsolute(id);
// Drops docstrings, which the declarations keep. The code is readable without a source map.
const output = { dir: path("dist"), comments: { legal: true, annotation: true, jsdoc: false } };

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

rmSync(output.dir, { recursive: true, force: true });
await build({ input: node, platform: "node", external: isPackage, output });
await build({ input: portable, platform: "neutral", external: isPackage, output });
await build({
  input: [node, portable],
  platform: "neutral",
  external: isPackage,
  output: { ...output, dir: path("dist/modules"), preserveModules: true, preserveModulesRoot: dirname(node) },
});
const commandLine = await build({
  input: { "cli/main": path("src/cli/main.ts") },
  platform: "node",
  external: node,
  output: {
    ...output,
    chunkFileNames: "cli/[name].js",
    paths: { [node]: "./node.js" },
  },
});

const modules = commandLine.output.flatMap((chunk) => Object.entries(chunk.modules ?? {}));
const bundled = new Set(modules.flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? (packageOf(id) ?? []) : [])));
const licences = [...bundled].sort().map(licenceOf);
const preamble = "dist/cli contains code of these packages.\n";
writeFileSync(path("dist/THIRD-PARTY-LICENSES"), [preamble, ...licences].join(`\n${"-".repeat(80)}\n\n`));
