// Directories with installed packages, and projects in them.
//
// TEMPORARY/node_modules/npy-append-array    the packed package, installed as a user would
// TEMPORARY/GROUP/node_modules               tools, installed once and kept in node_modules/.cache/projects
// TEMPORARY/GROUP/PROJECT/                   a project: its package.json and sources

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, "node_modules/.cache/projects");
const isWindows = process.platform === "win32";
const installation = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"];

/** Runs a command; `output` is what it printed, to stdout and stderr. */
export function run(command, args, cwd, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: "", ...env },
      shell: isWindows && command === "npm",
    });
    let output = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), 180_000);
    const end = (status) => {
      clearTimeout(timer);
      resolve({ status, output });
    };
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", ({ message }) => {
      output += message;
      end(undefined);
    });
    child.on("close", end);
  });
}

async function must(command, args, cwd) {
  const { status, output } = await run(command, args, cwd);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${output}`);
  return output;
}

/** Runs `task` on each item, as many at a time as there are processors; gives the results in order. */
export async function inParallel(items, task) {
  const results = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/** A temporary directory in which the packed package is installed. */
export async function packedPackage() {
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-projects-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  await must("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", directory], root);
  const tarball = readdirSync(directory).find((name) => name.endsWith(".tgz"));
  writeFileSync(join(directory, "package.json"), "{}");
  await must("npm", [...installation, "--no-package-lock", `./${tarball}`], directory);
  return directory;
}

/** A temporary directory in which one package of the registry is installed. */
export async function registryPackage(name, version) {
  const directory = mkdtempSync(join(tmpdir(), "npy-append-array-projects-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "package.json"), "{}");
  await must("npm", [...installation, "--no-package-lock", `${name}@${version}`], directory);
  return directory;
}

/** The directory with `packages` installed, an object of names and versions; installs them if needed. */
export async function installed(packages) {
  const specs = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  const key = createHash("sha256").update(specs.join("\n")).digest("hex").slice(0, 12);
  const directory = join(cache, key);
  if (existsSync(join(directory, "node_modules"))) return directory;
  // Renamed when it is complete, so that an interrupted installation is not taken for one.
  const unfinished = `${directory}-${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, "package.json"), '{ "private": true }');
  await must("npm", [...installation, ...specs], unfinished);
  renameSync(unfinished, directory);
  return directory;
}

/** A directory for the projects of a group, which find `packages`. */
export async function group(temporary, name, packages) {
  const directory = join(temporary, name);
  mkdirSync(directory);
  symlinkSync(join(await installed(packages), "node_modules"), join(directory, "node_modules"), "junction");
  return directory;
}

/** Writes a project: `files` is an object of names and contents. Objects are written as JSON. */
export function project(parent, name, files) {
  const directory = join(parent, name.replaceAll(/[^\w.-]+/g, "-"));
  for (const [file, content] of Object.entries(files)) {
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content, undefined, 2));
  }
  return directory;
}
