// The table beside other packages: what an installation brings, what an application bundles, what the compiler says, and who can load it.
//
// npm run projects -- compare

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { installed, packedPackage, project, registryPackage, run } from "./workspace.mjs";

const tools = {
  esbuild: "0.28.2",
  jest: "30.5.2",
  "typescript-5.9": "npm:typescript@~5.9.0",
  "typescript-7.0": "npm:typescript@~7.0.0",
};

/** The closest that each package has to parseHeader, load and NpyAppendArray, and a minimal program for the compiler. */
const peers = {
  npyjs: {
    version: "1.2.0",
    parseHeader: "parse",
    load: "load",
    typed: 'import { load } from "npyjs";\nexport const shape = load("a.npy").then(({ shape }) => shape.length);\n',
  },
  "numpy-ts": {
    version: "1.7.0",
    parseHeader: "parseNpyHeader",
    load: "parseNpy",
    typed: 'import { parseNpy } from "numpy-ts";\nexport const size: number = parseNpy(new ArrayBuffer(128)).size;\n',
  },
  zarrita: {
    version: "0.7.5",
    parseHeader: "open",
    load: "get",
    append: "set",
    typed:
      'import { open, FetchStore } from "zarrita";\nexport const opened = open(new FetchStore("https://example.org/a.zarr"));\n',
  },
  hyparquet: {
    version: "1.33.0",
    parseHeader: "parquetMetadata",
    load: "parquetReadObjects",
    typed:
      'import { parquetMetadata } from "hyparquet";\nexport const rows: bigint = parquetMetadata(new ArrayBuffer(128)).num_rows;\n',
  },
};

const ours = {
  parseHeader: "parseHeader",
  load: "load",
  append: "NpyAppendArray",
  typed: 'import { load } from "npy-append-array";\nexport const shape = load("a.npy").then(({ shape }) => shape.length);\n',
};

/** Bytes of the files in a directory. */
function bytesIn(directory) {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

const kB = (bytes) => (bytes / 1000).toFixed(1);

async function measure(name, peer, directory, toolDirectory) {
  const modules = join(directory, "node_modules");
  const lock = JSON.parse(readFileSync(join(modules, ".package-lock.json"), "utf8"));
  const packages = Object.keys(lock.packages).filter((path) => path !== "" && !path.startsWith("../"));
  const row = { package: name, version: lock.packages[`node_modules/${name}`].version };
  row.dependencies = packages.length - 1;
  row["installed, kB"] = Math.round(packages.reduce((sum, path) => sum + bytesIn(join(directory, path)), 0) / 1000);

  const work = project(directory, "work", { "package.json": { type: "module" }, "main.ts": peer.typed });
  for (const purpose of ["parseHeader", "load", "append"]) {
    const symbol = peer[purpose];
    row[purpose] = "no";
    if (symbol === undefined) continue;
    const code = `import { ${symbol} } from "${name}";\nconsole.log(${symbol});\n`;
    project(directory, "work", { [`${purpose}.js`]: code });
    const out = join(work, `out-${purpose}.js`);
    const bundleFor = (platform) => {
      const args = ["--bundle", "--minify", "--format=esm", `--platform=${platform}`, `--outfile=${out}`, `${purpose}.js`];
      return run(join(toolDirectory, "node_modules/.bin/esbuild"), args, work);
    };
    const forBrowsers = (await bundleFor("browser")).status === 0;
    const built = forBrowsers || (await bundleFor("node")).status === 0;
    const bundle = built ? readFileSync(out) : undefined;
    const note = forBrowsers ? "" : ", for Node only";
    row[purpose] = bundle
      ? `${symbol} ${kB(bundle.length)}, ${kB(gzipSync(bundle, { level: 9 }).length)} gzip${note}`
      : `${symbol} FAILED`;
  }

  for (const version of ["5.9", "7.0"]) {
    const options = "--noEmit --strict --target es2022 --lib es2022,dom --skipLibCheck false".split(" ");
    const counts = [];
    for (const [module, resolution] of [
      ["node16", "node16"],
      ["esnext", "bundler"],
    ]) {
      const compiler = join(toolDirectory, "node_modules", `typescript-${version}`, "bin/tsc");
      const args = [compiler, ...options, "--module", module, "--moduleResolution", resolution, "main.ts"];
      const { output } = await run(process.execPath, args, work);
      counts.push((output.match(/error TS\d+/g) ?? []).length);
    }
    row[`type errors, ${version}`] = counts.join(", ");
  }

  const loads = async (files, args) => {
    const cwd = project(directory, "work", files);
    return (await run(process.execPath, args, cwd)).status === 0 ? "yes" : "no";
  };
  row.import = await loads({ "loads.mjs": `import { ${peer.load} } from "${name}"; ${peer.load};` }, ["loads.mjs"]);
  const required = `if (require("${name}").${peer.load} === undefined) throw new Error("nothing");`;
  row.require = await loads({ "loads.cjs": required }, ["loads.cjs"]);
  const jest = join(toolDirectory, "node_modules/jest/bin/jest.js");
  row["require in Jest"] = await loads(
    {
      "loads.test.cjs": `test("loads", () => {${required}});`,
      "jest.config.json": { transform: {}, testMatch: ["**/*.test.cjs"] },
    },
    [jest, "--config=jest.config.json", "--watchman=false", "--runInBand"],
  );
  return row;
}

/** Prints the table. */
export async function compare() {
  const toolDirectory = await installed(tools);
  const rows = [await measure("npy-append-array", ours, await packedPackage(), toolDirectory)];
  for (const [name, peer] of Object.entries(peers)) {
    rows.push(await measure(name, peer, await registryPackage(name, peer.version), toolDirectory));
  }
  for (const [key] of Object.entries(rows[0])) console.log(`| ${key} | ${rows.map((row) => row[key]).join(" | ")} |`);
}
