// The process that is killed. It does what it is told (JSON in its arguments) and says on standard output, a line each, what it
// has done: what it has said must be there afterwards.
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ensureAppendable, ensureAppendableSync, NpyAppendArray, recover, recoverSync } from "npy-append-array";
import { randomNumbers } from "./random.mjs";
import { makeRows } from "./rows.mjs";

const { task, path, form, options, words, rowShape, generation, maxRows, inplace, seed } = JSON.parse(process.argv[2]);
const random = randomNumbers(seed);

/** Synchronously: what is said has left this process. */
function say(word, rows) {
  writeSync(1, rows === undefined ? `${word}\n` : `${word} ${rows}\n`);
}

/** One to a few rows, mostly; at times more than is copied (64 KiB), or than is written at once (1 MiB). */
function rowsOfNextAppend() {
  const kind = random();
  const bytes = kind < 0.8 ? 400 : kind < 0.97 ? 200_000 : 2_000_000;
  return Math.max(1, Math.floor((random() * bytes) / 4 / words));
}

function nextInput(first) {
  const count = rowsOfNextAppend();
  const { fortranOrder } = options;
  const shape = fortranOrder ? [...rowShape, count] : [count, ...rowShape];
  return { count, input: { data: makeRows(first, count, words, generation), shape, fortranOrder } };
}

async function appendUntilKilled() {
  const npaa = form === "sync" ? NpyAppendArray.openSync(path, options) : await NpyAppendArray.open(path, options);
  let rows = npaa.length;
  say("opened", rows);
  while (rows < maxRows) {
    if (form === "concurrent") {
      const appends = [];
      for (let i = Math.floor(random() * 20); i >= 0; i--) {
        const { count, input } = nextInput(rows);
        rows += count;
        const after = rows;
        appends.push(npaa.append(input).then(() => say("appended", after)));
        // Some of them while the first are being written.
        if (random() < 0.2) await setImmediate();
      }
      await Promise.all(appends);
    } else {
      const { count, input } = nextInput(rows);
      await npaa.append(input);
      rows += count;
      say("appended", rows);
    }
    if (random() < 0.05) {
      await npaa.updateHeader();
      say("counted", rows);
    }
    if (random() < 0.01) await npaa.sync();
  }
  await npaa.close();
  say("counted", rows);
}

// The package does so at its first lock, and that would be all that many a process has time for.
await import("koffi").catch(() => {});
say("ready");
if (task === "append") await appendUntilKilled();
else if (task === "recover") await (form === "sync" ? recoverSync : recover)(path);
else await (form === "sync" ? ensureAppendableSync : ensureAppendable)(path, { inplace });
say("done");
