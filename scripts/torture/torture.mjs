// Kills writers, for real: a process appends to a file, reports which appends have returned, and gets SIGKILL at a random moment.
// Then the file must hold every acknowledged row, undamaged and in its place, for our reader and for numpy.load, and the
// next process continues with it. `recover` and `ensureAppendable` are killed as well.
//
// npm run torture -- [--minutes N | --rounds N] [--seed N]

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  dtype,
  formatHeader,
  inspectSync,
  isAppendableSync,
  loadSync,
  MemoryStorage,
  needsRecoverySync,
  recoverSync,
} from "npy-append-array";
import { startNumpy } from "./numpy.mjs";
import { randomNumbers } from "./random.mjs";
import { checkRows } from "./rows.mjs";

const { values: args } = parseArgs({
  options: { minutes: { type: "string" }, rounds: { type: "string" }, seed: { type: "string" } },
});
const maxRounds = args.rounds === undefined ? Number.POSITIVE_INFINITY : Number(args.rounds);
const minutes = args.minutes === undefined ? (args.rounds === undefined ? 1 : Number.POSITIVE_INFINITY) : Number(args.minutes);
const seed = args.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(args.seed);
if (!(maxRounds > 0 && minutes > 0 && seed >= 0)) throw new Error("--minutes, --rounds and --seed are numbers");

const WRITER = fileURLToPath(new URL("writer.mjs", import.meta.url));

/** A larger file is replaced by a new one, because every round reads all of it. */
const MAX_BYTES = 2 ** 20;

const LAYOUTS = [
  { words: 4, dtype: "<u4", fortranOrder: false, rowShape: [4] },
  { words: 4, dtype: "<u4", fortranOrder: true, rowShape: [4] },
  { words: 6, dtype: "<f8", fortranOrder: false, rowShape: [3, 2] },
  { words: 6, dtype: ">u4", fortranOrder: true, rowShape: [3, 2] },
  { words: 5000, dtype: ">u4", fortranOrder: false, rowShape: [5000] }, // rows span many pages
  { words: 5000, dtype: "<f8", fortranOrder: true, rowShape: [50, 100] },
];

const canMap = process.platform === "linux" && (await import("koffi").then(Boolean, () => false));

/** With "os", rows may be stored in mapped memory. */
const MODES = ["sync", "async", "concurrent"].flatMap((form) =>
  [true, false].flatMap((rewriteHeaderOnAppend) =>
    ["os", "os, mapped", "data", "full"].flatMap((kind) =>
      ["create", "reopen", "replace"].map((start) => {
        const [durability, mapped] = kind.split(", ");
        return { form, rewriteHeaderOnAppend, durability, mmap: canMap && mapped !== undefined, start, rounds: 0 };
      }),
    ),
  ),
);

const total = { rounds: 0, killed: 0, acknowledged: 0, lost: 0, append: 0, recover: 0, ensureAppendable: 0, reserved: 0, cut: 0 };
const problems = [];
const deadline = Date.now() + minutes * 60_000;
const directory = mkdtempSync(join(tmpdir(), "npy-torture-"));
const numpy = await startNumpy();
console.log(`seed ${seed}, NumPy ${numpy?.version ?? "not installed"}`);

/** One file, and the processes that write to it one after another. */
class Lane {
  /** What the file must hold from now on: rows of which generation, and how many. */
  generation;
  rows = 0;
  /** Whether an in-place rewrite must be completed. */
  isInterrupted = false;

  constructor(number) {
    this.random = randomNumbers(seed + number);
    this.directory = join(directory, String(number));
    this.path = join(this.directory, "array.npy");
    this.generation = number * 1_000_000;
    mkdirSync(this.directory);
  }

  integer(below) {
    return Math.floor(this.random() * below);
  }

  async round() {
    if (this.isInterrupted) return await (this.random() < 0.5 ? this.recover() : this.ensureAppendable(true));
    const size = existsSync(this.path) ? statSync(this.path).size : 0;
    if (size === 0 || size > 4 * MAX_BYTES) return await this.append("create");
    if (!isAppendableSync(this.path)) return await (this.random() < 0.7 ? this.ensureAppendable() : this.append("reopen"));
    if (needsRecoverySync(this.path)) return await (this.random() < 0.6 ? this.recover() : this.append("reopen"));
    if (size > MAX_BYTES) return await this.append(this.random() < 0.5 ? "create" : "replace");
    if (this.random() < 0.1) {
      this.takeRoomAway();
      return await this.ensureAppendable();
    }
    return await this.append();
  }

  /** Appends in the least tried mode, or the least tried one with this start. */
  async append(start) {
    const modes = start === undefined ? MODES : MODES.filter((mode) => mode.start === start);
    const mode = modes.reduce((rarest, mode) => (mode.rounds < rarest.rounds ? mode : rarest));
    mode.rounds++;
    total.append++;
    const old = { generation: this.generation, rows: this.rows };
    if (mode.start === "create") rmSync(this.path, { force: true });
    const isMadeAtOnce = this.random() < 0.5;
    // With another durability only the options are tried.
    const mmap = mode.mmap || (canMap && mode.durability !== "os" && this.random() < 0.5);
    let layout = LAYOUTS[this.integer(LAYOUTS.length)];
    if (mode.start === "reopen" && existsSync(this.path)) layout = layoutOf(this.path);
    else {
      this.generation++;
      this.rows = 0;
    }
    const { dtype: type, fortranOrder, rowShape } = layout;
    const words = wordsOf(rowShape);
    const { rewriteHeaderOnAppend, durability } = mode;
    const { said, killed } = await this.run({
      task: "append",
      form: mode.form,
      options: {
        rewriteHeaderOnAppend,
        durability,
        mmap,
        deleteIfExists: mode.start === "replace",
        onNeedsRecovery: "truncate",
        onNotAppendable: "rewrite",
        dtype: type,
        fortranOrder,
        ...(isMadeAtOnce ? { rowShape } : {}),
      },
      words,
      rowShape,
      // Windows open for small appends, and for many of them in a row.
      isSmall: mode.mmap && this.random() < 0.8,
      generation: this.generation,
      maxRows: Math.ceil((4 * MAX_BYTES) / (words * dtype(type).itemsize)),
    });
    const { opened = 0, appended = 0, counted = 0 } = said;
    total.acknowledged += Math.max(0, appended - opened);
    const isSurelyNew = appended > 0 || !killed || (isMadeAtOnce && said.opened !== undefined);
    const context = { ...mode, isMadeAtOnce, mmap, said, killed };
    const found = this.look(context);
    if (mode.start === "replace" && !isSurelyNew && found.generation === old.generation) Object.assign(this, old);
    const rows = Math.max(this.rows, appended);
    this.expect(found, { rows, readable: Math.max(opened, rewriteHeaderOnAppend ? appended : counted) }, context);
    if (isSurelyNew && found.isAbsent) this.fail("the file does not exist", context);
  }

  /** Recovers in a process that is killed. */
  async recover() {
    total.recover++;
    const form = this.random() < 0.5 ? "sync" : "async";
    const context = await this.run({ task: "recover", form });
    this.expect(this.look(context, this.isInterrupted), { rows: this.rows, readable: 0 }, context);
  }

  /** By copy, the file can be read at every moment. In place, nothing takes it for a `.npy` file until it is complete. */
  async ensureAppendable(inplace = this.random() < 0.5) {
    total.ensureAppendable++;
    const form = this.random() < 0.5 ? "sync" : "async";
    const context = await this.run({ task: "ensureAppendable", form, inplace });
    this.expect(this.look(context, inplace), { rows: this.rows, readable: inplace ? 0 : this.rows }, context);
  }

  /** Rewrites the file with a header that has no room. */
  takeRoomAway() {
    const { shape, dtype, fortranOrder } = loadSync(this.path);
    const header = formatHeader({ dtype, shape, fortranOrder });
    const headerLength = header.lastIndexOf("}".charCodeAt(0)) + 2;
    const data = readFileSync(this.path).subarray(header.length);
    writeFileSync(this.path, Buffer.concat([formatHeader({ dtype, shape, fortranOrder, headerLength }), data]));
  }

  /** Starts a process, kills it at some moment, and returns what it reported before. */
  async run(task) {
    total.rounds++;
    const config = { path: this.path, seed: this.integer(2 ** 32), ...task };
    const child = spawn(process.execPath, [WRITER, JSON.stringify(config)], { stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
    let errors = "";
    child.stderr.on("data", (text) => {
      errors += text;
    });
    // Some die in their first steps, some while they append, some after a number of reports.
    const kind = this.random();
    const isAppend = task.task === "append";
    const from = isAppend && kind > 0.3 ? "opened" : "ready";
    // A window opens after a sync, which may take long.
    const delay = this.random() ** 2 * (task.isSmall ? 250 : isAppend ? 60 : 30);
    const messages = isAppend && kind > 0.7 ? 1 + this.integer(30) : Number.POSITIVE_INFINITY;
    const said = {};
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, rows] = line.split(" ");
      said[word] = Number(rows);
      if (word === "cut") this.cut(said);
      if (word === from && messages === Number.POSITIVE_INFINITY) setTimeout(() => child.kill("SIGKILL"), delay);
      if (lines++ === messages) child.kill("SIGKILL");
    }
    const { code, signal } = await ended;
    const killed = signal === "SIGKILL";
    if (killed) total.killed++;
    else if (code !== 0) this.fail(`the process ended with ${code ?? signal}: ${errors}`, config);
    this.removeTemporaries(killed, task.task, config);
    return { said, killed, task: task.task, inplace: task.inplace };
  }

  /** Rows that were cut off are promised no more. */
  cut(said) {
    for (const word of ["opened", "appended", "counted"]) said[word] = Math.min(said[word] ?? 0, said.cut);
    this.rows = Math.min(this.rows, said.cut);
    total.cut++;
  }

  /** A killed process cannot remove its temporary file; any other must. Whoever repairs the file next removes its claim. */
  removeTemporaries(killed, task, context) {
    if (killed) this.hasClaim = true;
    else if (task !== "append") this.hasClaim = false;
    for (const name of readdirSync(this.directory)) {
      if (name === "array.npy" || (name === ".array.npy.rewriting" && this.hasClaim)) continue;
      // The right to remove a claim is a claim of its own.
      const isTemporary = name.endsWith(".tmp") || name.startsWith(".array.npy.rewriting.");
      if (!killed || !isTemporary) this.fail(`${name} was left behind`, context);
      rmSync(join(this.directory, name));
    }
  }

  /** What a reader sees, and the rows of a recovered copy of the file. */
  look(context, mayBeInterrupted = false) {
    const bytes = existsSync(this.path) ? readFileSync(this.path) : Buffer.alloc(0);
    this.isInterrupted = false;
    if (bytes.length === 0) return { rows: 0, readable: 0, generation: undefined, isAbsent: true };
    try {
      const readable = this.readableRows(mayBeInterrupted);
      if (!this.isInterrupted && inspectSync(this.path).reservedLength > 0) total.reserved++;
      const copy = new MemoryStorage(bytes);
      recoverSync(copy);
      const { words, numbers, rows } = rowsOf(loadSync(copy));
      const { generation, problem } = checkRows(numbers, words);
      return { rows, readable, generation, problem };
    } catch (error) {
      this.fail(`the file cannot be read: ${error}`, context);
      return { rows: 0, readable: 0, generation: undefined };
    }
  }

  /** The rows a reader sees: none in a file that is being rewritten in place. */
  readableRows(mayBeInterrupted) {
    try {
      return rowsOf(loadSync(this.path)).rows;
    } catch (error) {
      if (!mayBeInterrupted || error.code !== "ERR_NPY_NEEDS_RECOVERY") throw error;
      this.isInterrupted = true;
      return 0;
    }
  }

  /** Compares the rows found with the rows expected. From now on, all rows found are expected. */
  expect(found, { rows, readable }, context) {
    const isOther = found.rows > 0 && found.generation !== this.generation;
    if (found.problem !== undefined) this.fail(found.problem, context);
    if (isOther) this.fail(`the rows belong to file ${found.generation}, not ${this.generation}`, context);
    if (found.rows < rows) this.fail(`found ${found.rows} rows, ${rows} were acknowledged`, context);
    if (found.readable < readable) this.fail(`${found.readable} rows can be read, ${readable} were acknowledged`, context);
    total.lost += found.problem !== undefined || isOther ? rows : Math.max(0, rows - found.rows);
    this.rows = found.rows;
    this.readable = found.readable;
  }

  /** Checks the file with `numpy.load`. Sometimes recovers it for the next process; it must still hold the same rows then. */
  async secondOpinion() {
    if (!existsSync(this.path) || statSync(this.path).size === 0) return;
    if (this.isInterrupted) return await this.checkThatNumpyRefuses();
    await this.checkWithNumpy(this.readable);
    if (this.random() < 0.6 || !isAppendableSync(this.path)) return;
    if (!recoverSync(this.path).needed) return;
    const found = this.look("recovered");
    this.expect(found, { rows: this.rows, readable: this.rows }, "recovered");
    await this.checkWithNumpy(this.rows);
  }

  async checkWithNumpy(rows) {
    if (numpy === undefined) return;
    const { fortranOrder, rowShape } = layoutOf(this.path);
    const found = await numpy.check({ path: this.path, words: wordsOf(rowShape), fortran: fortranOrder });
    if (found.problem !== null) this.fail(`NumPy: ${found.problem}`);
    if (found.rows !== rows) this.fail(`NumPy: ${found.rows} rows, we read ${rows}`);
  }

  async checkThatNumpyRefuses() {
    if (numpy === undefined) return;
    const { problem } = await numpy.check({ path: this.path, words: 1, fortran: false });
    if (!problem?.includes("Error")) this.fail("NumPy reads a file that is being rewritten in place");
  }

  fail(problem, context) {
    problems.push(`${this.path}, round ${total.rounds}: ${problem}\n${JSON.stringify(context)}`);
  }
}

/** The dtype, order and row shape of a file. */
function layoutOf(path) {
  const { dtype, shape, fortranOrder } = inspectSync(path);
  return { dtype: dtype.str, fortranOrder, rowShape: fortranOrder ? shape.slice(0, -1) : shape.slice(1) };
}

function wordsOf(rowShape) {
  return rowShape.reduce((product, size) => product * size, 1);
}

/** An array as rows of numbers. */
function rowsOf({ data, shape, fortranOrder }) {
  const words = wordsOf(fortranOrder ? shape.slice(0, -1) : shape.slice(1));
  return { words, numbers: new Uint32Array(data), rows: data.length / words };
}

function report() {
  const { rounds, append, recover, ensureAppendable, killed, acknowledged, lost } = total;
  console.log(`rounds ${rounds} (append ${append}, recover ${recover}, ensureAppendable ${ensureAppendable}), killed ${killed}`);
  console.log(`modes ${MODES.filter((mode) => mode.rounds > 0).length} of ${MODES.length}`);
  console.log(`reserved tails ${total.reserved}`);
  console.log(`files cut ${total.cut}`);
  console.log(`rows acknowledged ${acknowledged}`);
  console.log(`rows lost ${lost}`);
}

let nextReport = Date.now() + 60_000;

async function ride(lane) {
  while (problems.length === 0 && total.rounds < maxRounds && Date.now() < deadline) {
    await lane.round();
    if (problems.length === 0) await lane.secondOpinion();
    if (Date.now() < nextReport) continue;
    nextReport += 60_000;
    report();
  }
}

// A process spends most of its time starting, so two per processor keep the processors busy.
await Promise.all(Array.from({ length: 2 * availableParallelism() }, (_, number) => ride(new Lane(number))));
numpy?.stop();
report();
for (const problem of problems) console.error(problem);
if (problems.length === 0) rmSync(directory, { recursive: true });
else console.error(`The files are kept in ${directory}.`);
process.exitCode = problems.length === 0 ? 0 : 1;
