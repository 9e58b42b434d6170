// Fuzzes one target in its own thread, which can be stopped if it hangs.
import { parentPort, workerData } from "node:worker_threads";
import { randomNumbers } from "../torture/random.mjs";
import { Coverage } from "./coverage.mjs";
import { mutate } from "./mutate.mjs";
import { TARGETS } from "./targets.mjs";

/** Runs per look at the coverage, which takes as long as many runs. If the coverage grew, each run of the batch is looked at. */
const BATCH = 64;

const { name, milliseconds, seed, current } = workerData;
const { run, seeds, hasHeader } = TARGETS[name];
const numbers = randomNumbers(seed);
const random = (below) => Math.floor(numbers() * below);
const coverage = new Coverage();
const length = new Int32Array(current, 0, 2);
const shared = new Uint8Array(current, 8);
let runs = 0;

/** Leaves the input where the main thread finds it, in case this thread hangs. */
function attempt(bytes) {
  shared.set(bytes);
  length[0] = bytes.length;
  length[1] = ++runs;
  run(bytes);
}

const inputs = [];
try {
  for (const bytes of seeds) {
    attempt(bytes);
    coverage.isNew({ keep: true });
    inputs.push(bytes);
  }
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    const batch = Array.from({ length: BATCH }, () => mutate(inputs, random, hasHeader));
    for (const bytes of batch) attempt(bytes);
    if (!coverage.isNew({ keep: false })) continue;
    for (const bytes of batch) {
      attempt(bytes);
      if (coverage.isNew({ keep: true })) inputs.push(bytes);
    }
  }
  parentPort.postMessage({ runs, found: inputs.length - seeds.length, covered: coverage.size });
} catch (error) {
  parentPort.postMessage({ runs, problem: error?.stack ?? String(error) });
}
