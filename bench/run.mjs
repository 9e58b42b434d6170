// node bench/run.mjs: runs the benchmark on the built package, prints a table, and writes docs/benchmarks.md and its chart.
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { arch, availableParallelism, cpus, freemem, platform, release, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chart } from "./chart.mjs";
import { FAMILIES } from "./families.mjs";
import { compiledC, measure, python, Workers } from "./harness.mjs";
import { markdown, terminalLines } from "./report.mjs";

const USAGE = `node bench/run.mjs [options]
  --full            ten times the work, and more rounds
  --tiny            next to no work, neither Python nor peers: whether it runs at all
  --only TEXT       the rows whose id has this text; writes no report without --out
  --rounds N        how often each contender does its job
  --dir DIRECTORY   where files are written and deleted (default: the system's directory for temporary files)
  --out DIRECTORY   where the report goes (default: docs/)`;

const { values: options } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    tiny: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string" },
    dir: { type: "string", default: tmpdir() },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit();
}

const root = fileURLToPath(new URL("..", import.meta.url));
const mode = options.tiny ? 0 : options.full ? 2 : 1;
const pick = (...sizes) => sizes[mode];
const rounds = options.rounds === undefined ? pick(1, 5, 11) : Number(options.rounds);
/** Seconds for a row. The short run takes about three minutes. */
const budget = options.rounds === undefined ? pick(0, 1.2, Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
const usesPackages = mode > 0;
if (usesPackages && !existsSync(join(root, "bench/node_modules"))) {
  execFileSync("npm", ["ci", "--prefix", join(root, "bench")], { stdio: "inherit", shell: process.platform === "win32" });
}
const referenceVersion = mode === 0 ? undefined : findReference();
if (mode > 0 && referenceVersion === undefined) {
  console.log(`${python} cannot import npy_append_array: install it, or name its directory in PYTHONPATH, to compare with it.`);
}
const hasC = mode > 0 && compiledC() !== undefined;
if (mode > 0 && !hasC) console.log("gcc is not there: the loops in C (strided.c) are skipped.");
const directory = mkdtempSync(join(resolve(options.dir), "npy-bench-"));
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    rmSync(directory, { recursive: true, force: true });
    console.error(`stopped by ${signal}`);
    process.exit(1);
  });
}
try {
  const families = await runAll();
  const target = options.out ?? (options.only === "" ? join(root, "docs") : undefined);
  if (target !== undefined) {
    mkdirSync(target, { recursive: true });
    const report = markdown(families, machine());
    writeFileSync(join(target, "benchmarks.md"), report);
    writeFileSync(join(target, "benchmarks.svg"), chart(report));
    console.log(`\nwritten: ${join(target, "benchmarks.md")}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function runAll() {
  if (mode > 0) warmMemory();
  const isAvailable = ({ runtime, installed = false }) =>
    (runtime !== "python" || referenceVersion !== undefined) && (runtime !== "c" || hasC) && (!installed || usesPackages);
  const families = [];
  for (const name of FAMILIES) {
    const { title, about, rows } = await import(`./${name}.mjs`);
    const results = [];
    const workers = new Workers(name);
    for (const row of rows(pick)) {
      if (!row.id.includes(options.only)) continue;
      const figures = await measure(row, { workers, directory, rounds, budget, warmUp: mode > 0, isAvailable });
      if (mode > 0) await workers.end();
      results.push({ row, figures });
      if (results.length === 1) console.log(`\n== ${title}`);
      console.log(terminalLines({ row, figures }).join("\n"));
    }
    await workers.end();
    if (results.length > 0) families.push({ title, about, results });
  }
  return families;
}

/**
 * On a virtual machine memory that is used for the first time can be ten times as slow: writes and deletes as much as any time during the
 * run will be in files.
 */
function warmMemory() {
  const bytes = Math.min(pick(0, 2, 4) * 2 ** 30, freemem() / 2);
  const block = new Uint8Array(2 ** 24).fill(1);
  const path = join(directory, "warm-up");
  const fd = openSync(path, "w");
  for (let done = 0; done < bytes; done += block.length) writeSync(fd, block);
  closeSync(fd);
  rmSync(path);
}

function findReference() {
  const code = "import npy_append_array, numpy, sys; print(numpy.__version__, sys.version.split()[0])";
  const { status, stdout } = spawnSync(python, ["-c", code], { encoding: "utf8" });
  return status === 0 ? stdout.trim().split(" ") : undefined;
}

function machine() {
  const [numpy, pythonVersion] = referenceVersion ?? [];
  return {
    Date: new Date().toISOString().slice(0, 10),
    Machine: `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    System: `${platform()} ${release().split("-")[0]} ${arch()}, files on ${fileSystem()}`,
    Versions: [
      `Node ${process.versions.node}`,
      ...(pythonVersion === undefined ? [] : [`Python ${pythonVersion}`, `NumPy ${numpy}`]),
      ...(usesPackages ? ["apache-arrow", "hyparquet-writer"].map((name) => `${name} ${versionOf(name)}`) : []),
    ].join(", "),
    Run: `${["tiny", "short", "full"][mode]}, up to ${rounds} rounds a row`,
  };
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(root, "bench/node_modules", name, "package.json"), "utf8")).version;
}

/** The type of the file system that the files are in, as the mount table has it. */
function fileSystem() {
  try {
    const mounts = readFileSync("/proc/mounts", "utf8").trim().split("\n");
    const found = mounts
      .map((line) => line.split(" "))
      .filter(([, point]) => `${directory}/`.startsWith(point === "/" ? "/" : `${point}/`))
      .sort(([, a], [, b]) => b.length - a.length);
    return found[0]?.[2] ?? "an unknown file system";
  } catch {
    return "an unknown file system";
  }
}
