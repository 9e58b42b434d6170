// A process of the demo: appends the rows of one log, one by one, after those that the file holds already. After each row it says on
// stdout how many are acknowledged.
import { writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { LOGS } from "./logs.mjs";

const [name, path] = process.argv.slice(2);
const { rows, write } = LOGS.find((log) => log.name === name);
// As if measurements arrived: the whole log takes about three seconds.
const pause = 3000 / rows.length - 1;

const log = await write(path);
for (let i = log.length ?? 0; i < rows.length; i++) {
  await log.append([rows[i]]);
  writeSync(1, `${i + 1}\n`);
  await setTimeout(pause);
}
await log.close();
