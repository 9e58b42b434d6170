// Looks for inputs that give neither a result nor an NpyError. Starts from the golden files, and is guided by the code that inputs reach.
//
// npm run fuzz -- [--minutes N] [--target literal|dtype|header|archive|file] [--seed N] [--input FILE]

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { TARGETS } from "./targets.mjs";

const { values: args } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    target: { type: "string" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    input: { type: "string" },
  },
});
const names = args.target === undefined ? Object.keys(TARGETS) : [args.target];
if (!names.every((name) => name in TARGETS)) throw new Error(`--target is one of ${Object.keys(TARGETS).join(", ")}`);

/** An input that takes longer is a problem as well. */
const LONGEST_SECONDS = 20;

/** Longer than any input. */
const ROOM = 2 ** 20;

/** Fuzzes a target for its share of the time; returns whether it found no problem. */
async function fuzz(name) {
  const current = new SharedArrayBuffer(8 + ROOM);
  const counts = new Int32Array(current, 0, 2);
  const milliseconds = (Number(args.minutes) * 60_000) / names.length;
  const worker = new Worker(new URL("worker.mjs", import.meta.url), {
    workerData: { name, milliseconds, seed: Number(args.seed), current },
    resourceLimits: { maxOldGenerationSizeMb: 512 },
  });
  const result = await new Promise((resolve) => {
    let runs = 0;
    const watch = setInterval(() => {
      if (counts[1] === runs) resolve({ runs, problem: `an input took more than ${LONGEST_SECONDS} s` });
      runs = counts[1];
    }, LONGEST_SECONDS * 1000);
    worker.on("message", resolve);
    worker.on("error", (error) => resolve({ runs, problem: error.stack }));
    worker.on("exit", () => clearInterval(watch));
  });
  await worker.terminate();
  const { runs, problem, found, covered } = result;
  if (problem === undefined) {
    console.log(
      `${name}: ${runs} runs, ${found} inputs that reached something new, ${covered} characters of code ran, no problem`,
    );
    return true;
  }
  const path = join(mkdtempSync(join(tmpdir(), "npy-fuzz-")), name);
  writeFileSync(path, new Uint8Array(current, 8, counts[0]).slice());
  console.log(`${name}: after ${runs} runs: ${problem}`);
  console.log(`Again: node scripts/fuzz/fuzz.mjs --target ${name} --input ${path}`);
  return false;
}

if (args.input !== undefined) {
  TARGETS[args.target].run(readFileSync(args.input));
  console.log("no problem");
} else {
  console.log(`seed ${args.seed}`);
  for (const name of names) if (!(await fuzz(name))) process.exitCode = 1;
}
