/** A process that rewrites a file in place: PATH KILL_AT BLOCK INSERT_FROM. It is killed when KILL_AT blocks were moved. */
import { rewriteInPlace } from "../../src/plan/rewrite/in-place.ts";
import { runSync } from "../../src/plan/run.ts";
import { NodeStorage } from "../../src/storage/node-storage.ts";

const [path = "", killAt, block, insertFrom] = process.argv.slice(2);
let blocks = 0;
const onProgress = (): void => {
  if (++blocks === Number(killAt)) process.kill(process.pid, "SIGKILL");
};
process.stdout.write("started");
// With the plan itself, since its blocks are too large to be in the middle of many of them.
runSync(
  rewriteInPlace(new NodeStorage(path), undefined, { onProgress }, { block: Number(block), insertFrom: Number(insertFrom) }),
);
