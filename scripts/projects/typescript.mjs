// TypeScript: compilers x resolution x format, for Node and for browsers in turn. What they emit is run.

import { join } from "node:path";
import { typed } from "./programs.mjs";
import { group, project, run } from "./workspace.mjs";

const versions = ["5.7", "5.8", "5.9", "6.0", "7.0"];
const olderVersions = ["5.4", "5.6"];
const alias = (version) => `typescript-${version}`;
const packages = {
  ...Object.fromEntries([...olderVersions, ...versions].map((version) => [alias(version), `npm:typescript@~${version}.0`])),
  "@types/node": "20.19.43",
};

/** The options of `module` that a resolution takes. */
const modules = {
  node16: { esm: "node16", cjs: "node16" },
  nodenext: { esm: "nodenext", cjs: "nodenext" },
  bundler: { esm: "esnext", cjs: "commonjs" },
  node10: { esm: "esnext", cjs: "commonjs" },
};

/** Whether a compiler has the combination: 7.0 has no node10, and before 6.0 bundlers resolve no CommonJS. */
function exists(version, resolution, format) {
  if (resolution === "node10") return version < "7";
  return resolution !== "bundler" || format === "esm" || version >= "6";
}

function combinations(among) {
  const all = among.flatMap((version) =>
    Object.keys(modules).flatMap((resolution) => ["esm", "cjs"].map((format) => ({ version, resolution, format }))),
  );
  return all
    .filter(({ version, resolution, format }) => exists(version, resolution, format))
    .map((combination, index) => ({ ...combination, platform: index % 3 === 2 ? "browser" : "node" }));
}

function config({ version, resolution, format, platform }) {
  const compilerOptions = {
    target: "es2022",
    module: modules[resolution][format],
    moduleResolution: resolution,
    strict: true,
    skipLibCheck: false,
    noEmitOnError: true,
    rootDir: ".",
    outDir: "out",
    ...(platform === "node" ? { lib: ["es2022"], types: ["node"] } : { lib: ["es2022", "dom"], types: [] }),
    ...(version === "6.0" && resolution === "node10" ? { ignoreDeprecations: "6.0" } : {}),
  };
  return { compilerOptions, files: ["main.ts"] };
}

export async function typescript(temporary) {
  const directory = await group(temporary, "typescript", packages);
  const compile = async (combination) => {
    const { version, resolution, format, platform } = combination;
    const cwd = project(directory, `${version} ${resolution} ${format} ${platform}`, {
      "package.json": { type: format === "esm" ? "module" : "commonjs" },
      "tsconfig.json": config(combination),
      "main.ts": typed(platform),
    });
    const compiler = join(directory, "node_modules", alias(version), "bin/tsc");
    return { cwd, ...(await run(process.execPath, [compiler, "-p", "."], cwd)) };
  };
  const title = ({ version, resolution, format, platform }) => [
    `TypeScript ${version}`,
    `${resolution}, ${format === "esm" ? "ESM" : "CommonJS"}, ${platform === "node" ? "Node" : "browser"}`,
  ];
  const current = combinations(versions).map((combination) => ({
    title: title(combination),
    async check() {
      const { cwd, status, output } = await compile(combination);
      if (status !== 0) return output;
      const result = await run(process.execPath, ["out/main.js"], cwd);
      return result.output === "fits\n" ? undefined : result.output;
    },
  }));
  const older = combinations(olderVersions).map((combination) => ({
    title: [...title(combination), "refused"],
    async check() {
      const { status, output } = await compile(combination);
      if (status === 0) return "It compiles, with types that this compiler does not understand";
      return output.includes("needs-typescript-5.7") ? undefined : output;
    },
  }));
  return [...current, ...older];
}
