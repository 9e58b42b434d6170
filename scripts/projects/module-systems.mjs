// Module systems and test runners.

import { join } from "node:path";
import { bothFormats, dynamicImport, importing, program, requiring, testProgram } from "./programs.mjs";
import { group, project, run } from "./workspace.mjs";

const packages = {
  jest: "30.5.2",
  "jest-environment-jsdom": "30.5.2",
  jsdom: "26.1.0",
  tsx: "4.23.15",
  vitest: "4.1.12",
};

const script = (name, files, options = []) => ({
  name,
  files,
  args: [...options, Object.keys(files)[0]],
});

const jest = (name, platform, files, config = {}, options = []) => ({
  name,
  files: { ...files, "jest.config.json": { transform: {}, ...config } },
  args: [...options, "TOOLS/jest/bin/jest.js", "--config=jest.config.json", "--watchman=false", "--runInBand"],
  platform,
});

const vitest = (name, platform, environment) => ({
  name,
  files: {
    "fits.test.mjs": testProgram(platform, `import { test } from "vitest";\n${importing}`),
  },
  args: ["TOOLS/vitest/vitest.mjs", "run", `--environment=${environment}`],
});

const projects = [
  script("import", { "main.mjs": program("node", "esm") }),
  script("import, in a package of type module", { "main.js": program("node", "esm"), "package.json": { type: "module" } }),
  script("require", { "main.cjs": program("node", "cjs") }),
  script("require, in a package without type", { "main.js": program("node", "cjs"), "package.json": {} }),
  script("require, where Node cannot require modules", { "main.cjs": program("node", "cjs") }, [
    "--no-experimental-require-module",
  ]),
  script("require and import in one process", { "main.cjs": bothFormats(true) }),
  script("require and import in one process, where Node cannot require modules", { "main.cjs": bothFormats(false) }, [
    "--no-experimental-require-module",
  ]),
  script("import() in CommonJS", { "main.cjs": dynamicImport }),
  script("tsx, ESM", { "main.mts": program("node", "esm") }, ["TOOLS/tsx/dist/cli.mjs"]),
  script("tsx, CommonJS", { "main.ts": program("node", "esm") }, ["TOOLS/tsx/dist/cli.mjs"]),
  script("tsx, a .cts file", { "main.cts": program("node", "esm") }, ["TOOLS/tsx/dist/cli.mjs"]),
  script("node:test, ESM", { "fits.test.mjs": testProgram("node", `import test from "node:test";\n${importing}`) }, ["--test"]),
  script("node:test, CommonJS", { "fits.test.cjs": testProgram("node", `const test = require("node:test");\n${requiring}`) }, [
    "--test",
  ]),
  jest("Jest, CommonJS", "node", { "fits.test.js": testProgram("node", requiring) }),
  jest("Jest, ESM", "node", { "fits.test.mjs": testProgram("node", importing) }, { testMatch: ["**/*.test.mjs"] }, [
    "--experimental-vm-modules",
  ]),
  jest("Jest, CommonJS, jsdom", "browser", { "fits.test.js": testProgram("browser", requiring) }, { testEnvironment: "jsdom" }),
  vitest("Vitest", "node", "node"),
  vitest("Vitest, jsdom", "browser", "jsdom"),
];

/** A test runner tells by its exit code, a script also by what it prints. */
const isScript = ({ files }) => Object.keys(files)[0].startsWith("main.");

export async function moduleSystems(temporary) {
  const directory = await group(temporary, "module-systems", packages);
  const tools = join(directory, "node_modules");
  return projects.map((entry) => ({
    title: ["module systems", entry.name],
    async check() {
      const cwd = project(directory, entry.name, { "package.json": {}, ...entry.files });
      const args = entry.args.map((arg) => arg.replace("TOOLS", tools));
      const { status, output } = await run(process.execPath, args, cwd);
      const fits = status === 0 && (!isScript(entry) || output.includes("fits"));
      return fits ? undefined : output || `exit code ${status}`;
    },
  }));
}
