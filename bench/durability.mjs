// Appends that survive a power cut, many of them at a time.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { stopwatch } from "./measure.mjs";

export const title = "Durability";
export const about =
  'Rows of three float64 with `durability: "data"`: the promise resolves when the row survives a power cut. Appends that are under way at the ' +
  "same time share a sync. Bare Node writes each row and syncs it.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const syncs = pick(4, 20, 200);
  const list = [];
  for (const together of [1, 100, 1000]) {
    const params = { rounds: syncs, together };
    list.push({
      id: `durability/rate-${together}`,
      label: `${together} at a time`,
      unit: "rows/s",
      amount: syncs * together,
      contenders: [
        { name: "ours", job: "append", params },
        { name: "bare", job: "bare", params: { syncs, scale: together } },
      ],
    });
    list.push({
      id: `durability/syncs-${together}`,
      label: `${together} at a time: syncs an append`,
      unit: "syncs",
      lowerIsBetter: true,
      rounds: 1,
      contenders: [{ name: "ours", job: "countSyncs", params }],
      targets: [{ atMost: 1 / together }],
    });
  }
  return list;
}

let syncs = 0;
for (const name of ["fsync", "fdatasync"]) {
  const original = fs[name];
  fs[name] = (...args) => {
    syncs++;
    return original(...args);
  };
}
syncBuiltinESMExports();
// Not before: it takes the functions as they are when it is loaded.
const { NpyAppendArray } = await import("../dist/node.js");

export const jobs = {
  async append({ path, rounds, together }) {
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [3], durability: "data" });
    const row = new Float64Array(3);
    const seconds = stopwatch();
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: together }, () => npaa.append(row)));
    }
    const taken = seconds();
    await npaa.close();
    return taken;
  },

  async countSyncs({ path, rounds, together }) {
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [3], durability: "data" });
    await npaa.append(new Float64Array(3)); // the first one syncs the directory, too
    const before = syncs;
    for (let round = 0; round < rounds; round++) {
      await Promise.all(Array.from({ length: together }, () => npaa.append(new Float64Array(3))));
    }
    const counted = syncs - before;
    await npaa.close();
    return counted / (rounds * together);
  },

  bare({ path, syncs: times, scale }) {
    const fd = fs.openSync(path, "w+");
    const bytes = new Uint8Array(24);
    const header = new Uint8Array(128);
    const seconds = stopwatch();
    for (let i = 0; i < times; i++) {
      fs.writeSync(fd, bytes, 0, 24, 128 + 24 * i);
      fs.fsyncSync(fd);
      fs.writeSync(fd, header, 0, 128, 0);
    }
    const taken = seconds();
    fs.closeSync(fd);
    return scale * taken;
  },
};
