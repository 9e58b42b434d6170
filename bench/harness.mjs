// Runs jobs in child processes, the contenders of a row in turns and in another order in every round, and makes figures of their times.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * A row of the benchmark: one job, done by several contenders.
 *
 * @typedef {object} Row
 * @property {string} id
 * @property {string} label
 * @property {string} unit
 * @property {number} [amount] what a job does in the seconds that it returns; without it, what it returns is the figure
 * @property {boolean} [lowerIsBetter]
 * @property {number} [rounds] where another number than that of the run is needed
 * @property {Contender[]} contenders the one called "ours" first
 * @property {Target[]} [targets]
 * @property {string} [note] what a missed target is due to
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} job a function of the family's `jobs`; for Python of `reference.py`, for C of `strided.c`
 * @property {object} [params]
 * @property {"python" | "c"} [runtime]
 * @property {boolean} [fresh] needs a new process every time, as peak memory does
 * @property {boolean} [apart] needs a process of its own, since it leaves garbage that others would wait for
 * @property {boolean} [installed] needs the packages of this folder
 *
 * @typedef {object} Target of our figure, or of its ratio to (or difference from) another's
 * @property {string} [against]
 * @property {string} [minus]
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

const here = fileURLToPath(new URL(".", import.meta.url));

/** The Python that is compared with. */
export const python = process.env.PYTHON || "python3";

/** A process that does jobs of one module, one after the other, when it is told to. */
class Worker {
  #process;
  #answers;

  constructor(command, args) {
    this.#process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Does a job once; gives the number that it returns. */
  async run(job, params) {
    this.#process.stdin.write(`${JSON.stringify({ job, params })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`${this.#process.spawnargs.join(" ")} failed`);
    return JSON.parse(value);
  }

  async end() {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin.end();
    await ended;
  }
}

function startWorker(family, { runtime }) {
  if (runtime === "python") return new Worker(python, [join(here, "reference.py")]);
  if (runtime === "c") return new Worker(compiledC(), []);
  return new Worker(process.execPath, ["--expose-gc", join(here, "worker.mjs"), join(here, `${family}.mjs`)]);
}

let compiled;

/**
 * The path of `strided.c` as a program: compiled once, into a directory that is deleted when this process ends.
 *
 * @returns {string | undefined} `undefined` where there is no compiler
 */
export function compiledC() {
  if (compiled !== undefined) return compiled.path;
  const directory = mkdtempSync(join(tmpdir(), "npy-bench-c-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "strided");
  const { status } = spawnSync("gcc", ["-O3", "-march=native", "-o", path, join(here, "strided.c")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  compiled = { path: status === 0 ? path : undefined };
  return compiled.path;
}

/** Processes for the contenders of a family's rows. */
export class Workers {
  #family;
  #running = new Map();

  constructor(family) {
    this.#family = family;
  }

  /** One process for all contenders of a runtime, since what else goes on in it concerns them alike. */
  async run(contender, params) {
    const key = contender.fresh || contender.apart ? contender : contender.runtime;
    const worker = this.#running.get(key) ?? startWorker(this.#family, contender);
    this.#running.set(key, worker);
    const result = await worker.run(contender.job, params);
    if (contender.fresh) {
      this.#running.delete(key);
      await worker.end();
    }
    return result;
  }

  async end() {
    for (const worker of this.#running.values()) await worker.end();
    this.#running.clear();
  }
}

let files = 0;

/**
 * Measures a row.
 *
 * @param {Row} row
 * @param {{ workers: Workers, directory: string, rounds: number, budget: number, warmUp: boolean, isAvailable(contender: Contender): boolean }} options
 *   `budget`: the seconds after which no further round begins, once there were three
 * @returns {Promise<Map<string, number[]>>} the figures of each contender, round by round
 */
export async function measure(row, { workers, directory, rounds, budget, warmUp, isAvailable }) {
  const start = performance.now();
  const contenders = row.contenders.filter(isAvailable);
  const figures = new Map(contenders.map(({ name }) => [name, []]));
  const runOnce = async (contender) => {
    const path = join(directory, `file-${files++}`);
    const result = await workers.run(contender, { ...contender.params, path });
    rmSync(path, { force: true });
    return row.amount === undefined ? result : row.amount / result;
  };
  if (warmUp) for (const contender of contenders) if (!contender.fresh) await runUntilWarm(contender, () => runOnce(contender));
  const hasTime = () => performance.now() - start < 1000 * budget;
  for (let round = 0; round < (row.rounds ?? rounds) && (round < 3 || hasTime()); round++) {
    for (const contender of shuffled(contenders)) figures.get(contender.name).push(await runOnce(contender));
  }
  return figures;
}

/** What is compiled and optimized the first times is no part of a figure; in a fresh process it is. */
async function runUntilWarm({ name, runtime }, run) {
  const start = performance.now();
  // Python compiles nothing; what bare Node runs is compiled already, but for a loop.
  const [times, ms] = runtime === "python" ? [1, 0] : name === "ours" ? [16, 400] : [8, 100];
  for (let i = 0; i === 0 || (i < times && performance.now() - start < ms); i++) await run();
}

function shuffled(list) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/**
 * The median, and the least and the greatest.
 *
 * @param {readonly number[]} values
 */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** Two contenders' figures compared round by round, so that what slows a whole round down does not count. */
export function compare(ours, theirs, operation) {
  return summary(ours.map((value, round) => operation(value, theirs[round])));
}

/**
 * Whether targets are met: for each, what was found, `undefined` where a contender was not there. Bare Node, which converts and checks nothing, is
 * the limit: where it would not meet a target either, `beyond` has its ratio to the other contender, and ours to it.
 */
export function judge(row, figures) {
  const ours = figures.get("ours");
  return (row.targets ?? []).map((target) => {
    const theirs = figures.get(target.against ?? target.minus);
    const isAbsolute = target.against === undefined && target.minus === undefined;
    if (ours === undefined || (theirs === undefined && !isAbsolute)) return { target, found: undefined };
    const found = isAbsolute ? summary(ours) : compare(ours, theirs, target.minus === undefined ? ratio : difference);
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = target;
    const isMet = (value) => value >= atLeast && value <= atMost;
    // The noise of this run is larger than the distance to the target.
    const isClose = isMet(found.min) !== isMet(found.max);
    const bare = figures.get("bare");
    if (target.against !== "reference" || bare === undefined || isMet(found.median))
      return { target, found, isMet: isMet(found.median), isClose };
    const limit = compare(bare, theirs, ratio).median;
    const beyond = isMet(limit) ? undefined : { limit, ofBare: compare(ours, bare, ratio).median };
    return { target, found, isMet: false, isClose, beyond };
  });
}

export const ratio = (a, b) => a / b;
const difference = (a, b) => a - b;
