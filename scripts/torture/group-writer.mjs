// The process that is killed while it grows a group. It reports, as lines on standard output, how many rows the group had when it was opened, and how
// many it has after each append. Everything it has reported must be in every file afterwards.
import { writeSync } from "node:fs";
import { NpyAppendGroup } from "npy-append-array";
import { groupRows } from "./group-rows.mjs";
import { randomNumbers } from "./random.mjs";

const { path, form, options, maxRows, seed } = JSON.parse(process.argv[2]);
const random = randomNumbers(seed);

function say(word, rows) {
  writeSync(1, `${word} ${rows}\n`);
}

/** Mostly a few rows; sometimes more than is written at once. */
function rowsOfNextAppend() {
  return 1 + Math.floor(random() * (random() < 0.9 ? 8 : 3000));
}

const group = form === "sync" ? NpyAppendGroup.openSync(path, options) : await NpyAppendGroup.open(path, options);
let rows = group.length;
say("opened", rows);
while (rows < maxRows) {
  if (form === "concurrent") {
    const appends = [];
    for (let i = Math.floor(random() * 8); i >= 0; i--) {
      const first = rows;
      rows += rowsOfNextAppend();
      const after = rows;
      appends.push(group.append(groupRows(first, after)).then(() => say("appended", after)));
    }
    await Promise.all(appends);
  } else {
    const count = rowsOfNextAppend();
    await group.append(groupRows(rows, rows + count));
    rows += count;
    say("appended", rows);
  }
  if (random() < 0.02) {
    const kept = rows - Math.floor(random() * Math.min(rows, 20));
    say("truncating", kept);
    await group.truncate(kept);
    rows = kept;
    say("truncated", rows);
  }
}
await group.close();
