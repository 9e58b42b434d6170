// Runs test/smoke/smoke.mjs on every supported runtime. The binaries come from npm packages, installed without running scripts.
//
// npm run runtimes -- [NAME...], as in `npm run runtimes -- bun "node 26"`

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules/.cache/runtimes");
const smoke = join(root, "test/smoke/smoke.mjs");

const { platform, arch } = process;
const isWindows = platform === "win32";
const exe = isWindows ? ".exe" : "";
const nodePackage = `node-${isWindows ? "win" : platform}-${arch}`;
const bunPackage = `@oven/bun-${isWindows ? "windows" : platform}-${arch === "arm64" ? "aarch64" : arch}`;
const denoPackage = `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;

// Node 20 is tested in the oldest supported version.
const nodes = ["20.19.0", "22.23.3", "24.21.0", "26.10.0"].map((version) => ({
  name: `node ${version.split(".")[0]}`,
  package: nodePackage,
  version,
  binary: `bin/node${exe}`,
  args: [],
}));
const runtimes = [
  ...nodes,
  { name: "bun", package: bunPackage, version: "1.4.5", binary: `bin/bun${exe}`, args: [] },
  { name: "deno", package: denoPackage, version: "2.9.6", binary: `deno${exe}`, args: ["run", "--allow-all", "--no-lock"] },
];

/** The path of a runtime's binary; installs it if needed. */
function install({ name, package: packageName, version, binary }) {
  const directory = join(cache, `${name.replace(" ", "-")}-${version}`);
  const path = join(directory, "node_modules", packageName, binary);
  if (existsSync(path)) return path;
  mkdirSync(directory, { recursive: true });
  // Otherwise npm would install into this package.
  writeFileSync(join(directory, "package.json"), "{}");
  const args = ["install", "--ignore-scripts", "--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--silent"];
  const npm = spawnSync("npm", [...args, `${packageName}@${version}`], { cwd: directory, stdio: "inherit", shell: isWindows });
  return npm.status === 0 && existsSync(path) ? path : undefined;
}

const wanted = process.argv.slice(2);
const chosen = runtimes.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
if (chosen.length === 0) throw new Error(`The runtimes are ${runtimes.map(({ name }) => name).join(", ")}`);

const summary = [];
for (const runtime of chosen) {
  const title = `${runtime.name} (${runtime.version})`;
  const path = install(runtime);
  if (path === undefined) {
    summary.push(`FAILED ${title}: installation failed`);
    continue;
  }
  console.log(`\n${title}`);
  const { status, signal } = spawnSync(path, [...runtime.args, smoke], { stdio: "inherit", cwd: root });
  summary.push(`${status === 0 ? "passed" : "FAILED"} ${title}${signal === null ? "" : `: ${signal}`}`);
}
console.log(`\n${summary.join("\n")}`);
process.exitCode = summary.some((line) => line.startsWith("FAILED")) ? 1 : 0;
