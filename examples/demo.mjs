// Three processes log real weather, and this one follows what they write. One of them is killed at a random moment: no acknowledged row
// is gone, and it goes on from there when it is started again. Then come records, a group and a plot, and what NumPy reads.
//
//   node examples/demo.mjs [directory]     (default: a new temporary directory)
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { LOGS } from "./demo/logs.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const directory = process.argv[2] ?? mkdtempSync(join(tmpdir(), "npy-demo-"));
const pathOf = ({ name }) => join(directory, name);
const title = (words) => console.log(process.stdout.isTTY ? `\n\x1b[1m${words}\x1b[0m\n` : `\n${words}\n`);

/** Starts the process that logs. `acknowledged` is how many rows it said to be in the file, once it has ended. */
function start(log) {
  const child = spawn(process.execPath, [path("demo/logger.mjs"), log.name, pathOf(log)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acknowledged = text(child.stdout).then((lines) => Number(lines.split("\n").at(-2) ?? 0));
  return { child, acknowledged, ended: once(child, "close") };
}

/** Fails unless these rows are those of the log from row `first` on. */
function check(log, first, rows) {
  if (!isDeepStrictEqual(rows, log.rows.slice(first, first + rows.length)))
    throw new Error(`${log.name} holds what was not logged`);
}

/** The number of rows in the file, each of which is as it was logged. */
async function checkedRows(log) {
  const reader = await log.read(pathOf(log));
  const rows = log.rowsOf(await reader.read());
  await reader.close();
  check(log, 0, rows);
  return rows.length;
}

/** Sees each row as it arrives, until all are there. */
async function follow(log) {
  const reader = await log.read(pathOf(log));
  for await (const chunk of reader.follow({ from: 0 })) {
    const rows = log.rowsOf(chunk);
    check(log, seen[log.name], rows);
    seen[log.name] += rows.length;
    if (seen[log.name] === log.rows.length) break;
  }
  await reader.close();
}

/** Runs a command of the package, as `npx npy-append-array` does. */
function command(...words) {
  console.log(`$ npx npy-append-array ${words.join(" ")}`);
  const { status } = spawnSync(process.execPath, [path("../dist/cli/main.js"), ...words], {
    cwd: directory,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`npy-append-array ${words[0]} failed`);
}

title("1. Three processes log, row by row; this one follows the files");
mkdirSync(directory, { recursive: true });
for (const log of LOGS) {
  console.log(`${log.name.padEnd(12)} ${log.about}`);
  rmSync(pathOf(log), { recursive: true, force: true });
  // Files with no rows yet, for the followers to open.
  await (await log.write(pathOf(log))).close();
}
const line = (cells) => console.log(cells.map((cell) => String(cell).padStart(14)).join(""));
console.log("\nrows seen so far:");
line(LOGS.map(({ name }) => name));
const seen = Object.fromEntries(LOGS.map(({ name }) => [name, 0]));
const following = Promise.all(LOGS.map(follow));
const printer = setInterval(() => line(LOGS.map(({ name }) => seen[name])), 400);
const loggers = LOGS.map(start);

const victim = Math.floor(Math.random() * LOGS.length);
const log = LOGS[victim];
while (Object.values(seen).includes(0)) await sleep(20);
await sleep(1500 * Math.random());
loggers[victim].child.kill("SIGKILL");
await loggers[victim].ended;
const acknowledged = await loggers[victim].acknowledged;
const kept = await checkedRows(log);
console.log(`
kill -9 ${loggers[victim].child.pid}, the process that logs ${log.name}
${String(acknowledged).padStart(14)} rows were acknowledged
${String(kept).padStart(14)} rows are in the file, each as it was logged
`);
if (kept < acknowledged) throw new Error("acknowledged rows are gone");
// It goes on after the rows that the file holds.
loggers[victim] = start(log);

await following;
clearInterval(printer);
await Promise.all(loggers.map(({ ended }) => ended));
for (const each of LOGS) if ((await checkedRows(each)) !== each.rows.length) throw new Error(`${each.name} lacks rows`);
console.log(`\nThe killed process was started again and went on after row ${kept}. \nAll rows are there, none of them twice.`);

title("2. Records");
command("tail", "-n", "5", "seattle.npy");

title("3. A group: arrays that grow in step, of hours that are ragged");
command("info", "hourly");

title("4. A plot");
command("plot", "new-york.npy", "--rows", "-365:", "--columns", "high,low");

title("5. What NumPy reads");
const python = `
import sys, numpy as np
for path in sys.argv[1:]:
    log = np.load(path)
    print(path, log.dtype.names, log.shape)
    print("  hottest day:", log[log["high"].argmax()])
`;
const { status, stdout, stderr, error } = spawnSync("python3", ["-c", python, "seattle.npy", "new-york.npy"], {
  cwd: directory,
  encoding: "utf8",
});
if (status === 0) process.stdout.write(stdout);
else if (error !== undefined || /No module named 'numpy'/.test(stderr)) console.log("(no python3 with numpy here)");
else throw new Error(stderr);

console.log(`\nThe files are in ${directory}`);
