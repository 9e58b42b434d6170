/**
 * A process that claims a file again and again: TARGET ROUNDS DEAD. While it has the claim, it creates a file exclusively, and says so if another
 * process had created that one. Often it leaves its claim as a process DEAD would that was killed.
 */
import { readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { ClaimFile } from "../../src/storage/node-claim-file.ts";

const [target = "", rounds, dead] = process.argv.slice(2);
const path = target.replace(/([^/]*)$/, ".$1.rewriting");
const inside = `${target}.inside`;
let claims = 0;
for (let round = 0; round < Number(rounds); round++) {
  const claim = new ClaimFile();
  if (claim.make(target, false) !== undefined) continue;
  claims++;
  try {
    writeFileSync(inside, "", { flag: "wx" });
  } catch {
    process.stdout.write("two at once\n");
    continue;
  }
  rmSync(inside);
  if (round % 4 === 0) {
    claim.remove(target);
    continue;
  }
  const left = [dead, ...readlinkSync(path).split(" ").slice(1, -1), globalThis.crypto.randomUUID().slice(0, 8)];
  const own = `${target}.${process.pid}`;
  symlinkSync(left.join(" "), own);
  renameSync(own, path);
}
process.stdout.write(`${claims} claims\n`);
