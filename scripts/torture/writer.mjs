// The process that is killed. It performs its task (JSON in its arguments), and reports each thing it has done as a line on standard
// output. Everything it has reported must be in the file afterwards.
import { writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ensureAppendable, ensureAppendableSync, NpyAppendArray, recover, recoverSync } from "npy-append-array";
import { randomNumbers } from "./random.mjs";
import { makeRows } from "./rows.mjs";

const { task, path, form, options, words, rowShape, isSmall, generation, maxRows, inplace, seed } = JSON.parse(process.argv[2]);
const random = randomNumbers(seed);

/** Synchronous, so that the report has left this process when it returns. */
function say(word, rows) {
  writeSync(1, rows === undefined ? `${word}\n` : `${word} ${rows}\n`);
}

/** Usually a few rows; sometimes more than is copied (64 KiB), or more than is written at once (1 MiB). */
function rowsOfNextAppend() {
  if (isSmall && random() < 0.995) return random() < 0.9 ? 1 : 1 + Math.floor(random() * 30);
  const kind = random();
  const bytes = kind < 0.8 ? 400 : kind < 0.97 ? 200_000 : 2_000_000;
  return Math.max(1, Math.floor((random() * bytes) / 4 / words));
}

function input(first, count) {
  const { fortranOrder } = options;
  const shape = fortranOrder ? [...rowShape, count] : [count, ...rowShape];
  return { data: makeRows(first, count, words, generation), shape, fortranOrder };
}

async function appendUntilKilled() {
  const npaa = form === "sync" ? NpyAppendArray.openSync(path, options) : await NpyAppendArray.open(path, options);
  let rows = npaa.length;
  say("opened", rows);
  while (rows < maxRows) {
    if (form === "concurrent") {
      const appends = [];
      for (let i = Math.floor(random() * 20); i >= 0; i--) {
        const first = rows;
        rows += rowsOfNextAppend();
        const after = rows;
        appends.push(npaa.append(input(first, after - first)).then(() => say("appended", after)));
        // Makes some appends while the first are being written.
        if (random() < 0.2) await setImmediate();
      }
      await Promise.all(appends);
    } else {
      const count = rowsOfNextAppend();
      await npaa.append(input(rows, count));
      rows += count;
      // Reports take longer than appends: without some of them, more of the kills hit an append.
      if (!isSmall || random() < 0.1) say("appended", rows);
    }
    if (random() < (isSmall ? 0.0005 : 0.1)) {
      // The same rows again: their numbers and checksums show if any lands elsewhere.
      const first = Math.floor(random() * rows);
      const count = Math.min(rows - first, rowsOfNextAppend());
      await npaa.set(first, input(first, count));
    }
    if (rows > 1 && random() < (isSmall ? 0.0005 : 0.05)) {
      rows -= Math.min(rows - 1, rowsOfNextAppend());
      // Said before: from now on the others may be gone.
      say("cut", rows);
      await npaa.truncate(rows);
    }
    if (random() < (isSmall ? 0.001 : 0.05)) {
      await npaa.updateHeader();
      say("counted", rows);
    }
    if (random() < (isSmall ? 0.001 : 0.01)) await npaa.sync();
  }
  await npaa.close();
  say("counted", rows);
}

// The package would load it for its first lock, and many processes would be killed before they get any further.
await import("koffi").catch(() => {});
say("ready");
if (task === "append") await appendUntilKilled();
else if (task === "recover") await (form === "sync" ? recoverSync : recover)(path);
else await (form === "sync" ? ensureAppendableSync : ensureAppendable)(path, { inplace });
say("done");
