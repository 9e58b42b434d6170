// Runs the smoke suites of test/smoke on every supported runtime: smoke.mjs where there are files, portable.mjs in workerd, page.mjs in Chromium.
// Chromium must be installed; all other binaries come from npm packages, installed without running scripts.
//
// npm run runtimes -- [NAME...], as in `npm run runtimes -- bun "node 26"`

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withPage } from "./support/chromium.mjs";
import { startServers } from "./support/served-files.mjs";
import { withWorker } from "./support/workerd.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules/.cache/runtimes");
const smoke = join(root, "test/smoke/smoke.mjs");

const { platform, arch } = process;
const isWindows = platform === "win32";
const exe = isWindows ? ".exe" : "";
const nodePackage = `node-${isWindows ? "win" : platform}-${arch}`;
const bunPackage = `@oven/bun-${isWindows ? "windows" : platform}-${arch === "arm64" ? "aarch64" : arch}`;
const denoPackage = `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
const workerdPackage = `@cloudflare/workerd-${isWindows ? "windows" : platform}-${arch === "x64" ? "64" : arch}`;

const { server, otherServer } = await startServers();
const served = { server: server.url.href, otherServer: otherServer.url.href };

// Node 20 is tested in the oldest supported version.
const nodes = ["20.19.0", "22.23.3", "24.21.0", "26.10.0"].map((version) => ({
  name: `node ${version.split(".")[0]}`,
  package: nodePackage,
  version,
  binary: `bin/node${exe}`,
  run: (path) => withDirectory((directory) => execute(path, [smoke, directory, served.server])),
}));
const runtimes = [
  ...nodes,
  {
    name: "bun",
    package: bunPackage,
    version: "1.4.5",
    binary: `bin/bun${exe}`,
    run: (path) => withDirectory((directory) => execute(path, [smoke, directory, served.server])),
  },
  { name: "deno", package: denoPackage, version: "2.9.6", binary: `deno${exe}`, run: runDeno },
  { name: "workerd", package: workerdPackage, version: "1.20261117.1", binary: `bin/workerd${exe}`, run: runWorkerd },
  { name: "chromium", version: "installed", run: runChromium },
];

/** Resolves to what went wrong, or to nothing. */
async function execute(path, args) {
  const child = spawn(path, args, { stdio: "inherit", cwd: root });
  const [status, signal] = await new Promise((resolve) => {
    child.once("error", (error) => resolve([error.message]));
    child.once("exit", (...end) => resolve(end));
  });
  return status === 0 ? undefined : String(signal ?? status);
}

/** Runs `work` with a new directory, whose path has no symbolic links: permissions are for real paths. */
async function withDirectory(work) {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), "npy-smoke-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * With all permissions, and with the least: for files alone; for locks and mapped files, which need koffi; for a server. And a rehearsal of publishing
 * to JSR.
 */
async function runDeno(path) {
  const read = [join(root, "dist"), join(root, "node_modules")].join();
  const problems = [];
  for (const { permissions, args } of [
    { permissions: () => ["--allow-all"], args: [served.server] },
    { permissions: (directory) => [`--allow-read=${directory}`, `--allow-write=${directory}`], args: [] },
    {
      permissions: (directory) => [
        `--allow-read=${directory},${read}`,
        `--allow-write=${directory}`,
        "--allow-ffi",
        `--allow-net=${server.url.host}`,
      ],
      args: [served.server],
    },
  ]) {
    await withDirectory(async (directory) => {
      const given = permissions(directory);
      console.log(given.join(" "));
      const problem = await execute(path, ["run", "--no-prompt", "--no-lock", ...given, smoke, directory, ...args]);
      if (problem !== undefined) problems.push(`${given[0]}: ${problem}`);
    });
  }
  console.log("publish --dry-run");
  // Checks types with the libraries of Deno, and that JSR understands the public API without inferring types ("slow types").
  const { status, stderr } = spawnSync(path, ["publish", "--dry-run", "--allow-dirty", "--no-lock"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) problems.push(`publish --dry-run: ${stderr}`);
  return problems.length === 0 ? undefined : problems.join(", ");
}

/** As an old worker sees the platform, and as a new one does. */
async function runWorkerd(path) {
  for (const date of ["2023-01-01", "2026-11-01"]) {
    console.log(`--compatibility-date ${date}`);
    const problem = await withWorker({ root, server: served.server, date }, (args) => execute(path, args));
    if (problem !== undefined) return `${date}: ${problem}`;
  }
  return undefined;
}

/** The tests provoke what Chromium reports of a request that fails, or that a page may not read. */
const EXPECTED_REPORTS = /status of 404|blocked by CORS policy|net::ERR_FAILED/;

async function runChromium() {
  try {
    const { passed, failed } = await withPage(
      new URL("/files/page.html", server.url),
      (page) =>
        page.evaluate(async ([suite, context]) => (await import(suite)).runAll(context), ["/test/smoke/page.mjs", served]),
      EXPECTED_REPORTS,
    );
    for (const name of passed) console.log(`ok ${name}`);
    for (const problem of failed) console.log(`FAILED ${problem}`);
    return failed.length === 0 ? undefined : `${failed.length} failed`;
  } catch (error) {
    return String(error);
  }
}

/** The path of a runtime's binary; installs it if it is a package's, and is not there yet. */
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
  const path = runtime.package && install(runtime);
  if (runtime.package && path === undefined) {
    summary.push(`FAILED ${title}: installation failed`);
    continue;
  }
  console.log(`\n${title}`);
  const problem = await runtime.run(path);
  summary.push(`${problem === undefined ? "passed" : "FAILED"} ${title}${problem === undefined ? "" : `: ${problem}`}`);
}
server.close();
otherServer.close();
console.log(`\n${summary.join("\n")}`);
process.exitCode = summary.some((line) => line.startsWith("FAILED")) ? 1 : 0;
