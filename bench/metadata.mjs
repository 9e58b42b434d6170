// What must not depend on the file's size, and the copy that must.
import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import {
  dtype,
  ensureAppendableSync,
  formatHeader,
  inspectSync,
  NpyAppendArray,
  needsRecoverySync,
  recoverSync,
} from "../dist/node.js";
import { numbers, stopwatch, watchMemory } from "./measure.mjs";

export const title = "Opening, inspecting, repairing";
export const about =
  "A file of 1 TiB (a hole) against one of 1 MiB. `ensureAppendable` copies the file and syncs the copy before it takes the old one's place, " +
  "whose space the system gives back then: `cp`, an `fsync` and `mv` do the same. `cp` alone does the first of the three, about a fifth of " +
  "the time on a disk.";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const times = pick(5, 200, 2000);
  const list = ["open", "inspect", "needsRecovery", "recover"].map((verb) => {
    const params = (bytes) => ({ verb, bytes, times: verb === "recover" ? Math.ceil(times / 10) : times });
    return {
      id: `metadata/${verb}`,
      label: `\`${verb}\`, 1 TiB`,
      unit: "ms",
      lowerIsBetter: true,
      contenders: [
        { name: "ours", job: "repeat", params: params(2 ** 40) },
        { name: "1 MiB", job: "repeat", params: params(2 ** 20) },
        ...(verb === "inspect" ? [] : [{ name: "reference", job: "repeat", runtime: "python", params: params(2 ** 40) }]),
      ],
      targets: [{ against: "1 MiB", atMost: 2 }],
    };
  });
  const bytes = pick(2 ** 20, 2 ** 26, 2 ** 30);
  list.push({
    id: "metadata/ensureAppendable",
    label: `\`ensureAppendable\` by copy, ${bytes / 2 ** 20} MiB`,
    unit: "B/s",
    amount: bytes,
    contenders: [
      { name: "ours", job: "rewrite", params: { bytes } },
      { name: "cp", job: "copy", params: { bytes, command: "cp" } },
      { name: "cp, fsync, mv", job: "copy", params: { bytes, command: "cp", sync: true, replace: true } },
      { name: "cp, then fsync", job: "copy", params: { bytes, command: "cp", sync: true } },
      { name: "`fs.copyFileSync`", job: "copy", params: { bytes } },
      { name: "reference", job: "rewrite", runtime: "python", params: { bytes } },
    ],
    targets: [
      { against: "cp", atLeast: 0.9 },
      { against: "cp, fsync, mv", atLeast: 0.9 },
    ],
  });
  list.push({
    id: "metadata/ensureAppendable-memory",
    label: `\`ensureAppendable\` by copy, ${bytes / 2 ** 20} MiB: extra memory`,
    unit: "MiB",
    lowerIsBetter: true,
    rounds: pick(1, 3, 3),
    contenders: [{ name: "ours", job: "rewriteMemory", params: { bytes }, fresh: true }],
    targets: [{ atMost: 4 }],
  });
  return list;
}

/** A file of so many bytes of data, which are a hole; its header says `rows`, if that is another number. */
function makeSparse(path, bytes, rows = bytes / 8) {
  const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [rows] });
  const fd = openSync(path, "w+");
  writeSync(fd, header);
  ftruncateSync(fd, header.length + bytes);
  return { fd, header };
}

/** As NumPy before 1.25 wrote it: without room for more digits. Its data are written, not a hole. */
function makeOld(path, bytes) {
  const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${bytes / 8},), }`;
  const header = Buffer.alloc(80, " ");
  header.write("\x93NUMPY\x01\x00", 0, "latin1");
  header.writeUInt16LE(70, 8);
  header.write(text, 10, "latin1");
  header.write("\n", 79);
  const fd = openSync(path, "w");
  writeSync(fd, header);
  const block = numbers("float64", Math.min(2 ** 17, bytes / 8));
  for (let done = 0; done < bytes; done += block.byteLength) writeSync(fd, block);
  fsyncSync(fd); // else its own writes would be in the way of the copy's
  closeSync(fd);
}

const VERBS = {
  open: (path) => NpyAppendArray.openSync(path).close(),
  inspect: inspectSync,
  needsRecovery: needsRecoverySync,
  recover: recoverSync,
};

export const jobs = {
  /** Milliseconds of a call. */
  repeat({ path, verb, bytes, times }) {
    const damaged = verb === "recover" ? bytes / 8 - 1 : undefined;
    const { fd, header } = makeSparse(path, bytes, damaged);
    let all = 0;
    for (let i = 0; i < times; i++) {
      if (verb === "recover") writeSync(fd, header, 0, header.length, 0);
      const seconds = stopwatch();
      VERBS[verb](path);
      all += seconds();
    }
    closeSync(fd);
    return (1000 * all) / times;
  },

  rewrite({ path, bytes }) {
    makeOld(path, bytes);
    const seconds = stopwatch();
    ensureAppendableSync(path);
    return seconds();
  },

  rewriteMemory({ path, bytes }) {
    // What is loaded, compiled and optimized the first times is not of this copy.
    for (let i = 0; i < 4; i++) {
      makeOld(path, bytes / 16);
      ensureAppendableSync(path);
    }
    makeOld(path, bytes);
    const memory = watchMemory();
    ensureAppendableSync(path);
    return memory().extra;
  },

  copy({ path, bytes, command, sync = false, replace = false }) {
    makeOld(path, bytes);
    const seconds = stopwatch();
    if (command === undefined) copyFileSync(path, `${path}.copy`);
    else spawnSync(command, [path, `${path}.copy`]);
    if (sync) {
      const fd = openSync(`${path}.copy`, "r+");
      fsyncSync(fd);
      closeSync(fd);
    }
    if (replace) renameSync(`${path}.copy`, path);
    const taken = seconds();
    rmSync(`${path}.copy`, { force: true });
    return taken;
  },
};
