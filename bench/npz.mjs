// Archives: saved and loaded, whole and one array of many.
import { readFileSync, writeFileSync } from "node:fs";
import { loadNpz, openNpz, saveNpz, saveNpzSync } from "../dist/node.js";
import { numbers, sourceFile, stopwatch } from "./measure.mjs";

export const title = "Archives";
export const about =
  "`.npz` archives of float64 in files that the system holds in memory: one large array, saved and loaded with its checksum; the same compressed; and one of " +
  "1,000 arrays. NumPy does it by `savez`, `savez_compressed` and `load`; numpy-ts, which verifies no checksums, reads and writes whole files.";

const NUMPY = "NumPy";
const PEER = "numpy-ts";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const large = pick(2 ** 16, 2 ** 26, 2 ** 29);
  const small = pick(2 ** 16, 2 ** 24, 2 ** 26);
  const row = (id, label, job, bytes, params = {}) => ({
    id: `npz/${id}`,
    label,
    unit: "B/s",
    amount: bytes,
    contenders: [
      { name: "ours", job, params: { bytes, ...params } },
      { name: NUMPY, job: `npz_${job}`, runtime: "python", params: { bytes, ...params } },
      { name: PEER, job: `${job}ByPeer`, params: { bytes, ...params }, apart: true },
    ],
    targets: [{ against: PEER, atLeast: 1 }],
  });
  const passes = pick(1, 20, 100);
  return [
    row("save", "saving an array", "save", large),
    row("load", "loading an array", "load", large),
    row("save-compressed", "saving an array, compressed", "save", small, { compress: true }),
    row("load-compressed", "loading an array, compressed", "load", small, { compress: true }),
    {
      ...row("one", "one of 1,000 arrays, with the archive opened each time", "one", small, { passes }),
      unit: "arrays/s",
      amount: passes,
    },
  ];
}

/** An archive of `count` arrays. */
function archiveOf(path, bytes, count, compress = false) {
  return sourceFile(path, `npz-${bytes}-${count}-${compress}.npz`, (file) => {
    const array = numbers("float64", bytes / 8 / count);
    saveNpzSync(file, Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, array])), { compress });
  });
}

async function timed(work) {
  const seconds = stopwatch();
  await work();
  return seconds();
}

async function repeated(passes, work) {
  return await timed(async () => {
    for (let i = 0; i < passes; i++) await work(`a${(7 * i) % 1000}`);
  });
}

let peer;
/** Loaded by the process that measures it. */
async function numpyTs() {
  peer ??= await import("numpy-ts");
  return peer;
}

export const jobs = {
  save({ path, bytes, compress }) {
    const array = numbers("float64", bytes / 8);
    return timed(() => saveNpz(path, { array }, { compress }));
  },

  load({ path, bytes, compress }) {
    const file = archiveOf(path, bytes, 1, compress);
    return timed(() => loadNpz(file));
  },

  one({ path, bytes, passes }) {
    const file = archiveOf(path, bytes, 1000);
    return repeated(passes, async (name) => {
      const npz = await openNpz(file);
      await npz.load(name);
      await npz.close();
    });
  },

  async saveByPeer({ path, bytes, compress = false }) {
    const { array, serializeNpz } = await numpyTs();
    const given = array(numbers("float64", bytes / 8));
    return await timed(async () => writeFileSync(path, await serializeNpz({ array: given }, { compress })));
  },

  async loadByPeer({ path, bytes, compress }) {
    const { parseNpz } = await numpyTs();
    const file = archiveOf(path, bytes, 1, compress);
    return await timed(() => parseNpz(readFileSync(file)));
  },

  async oneByPeer({ path, bytes, passes }) {
    const { parseNpz } = await numpyTs();
    const file = archiveOf(path, bytes, 1000);
    return await repeated(passes, async (name) => (await parseNpz(readFileSync(file))).arrays.get(name));
  },
};
