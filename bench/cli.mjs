// The command line, from the start of its process to the end.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { saveSync } from "../dist/node.js";
import { sourceFile, stopwatch } from "./measure.mjs";

export const title = "Command line";
export const about =
  "From the start of a shell that runs the command to its end, beside one that runs `cat`. What Node takes to start is in it: bare Node copies " +
  "the same files and does nothing else.";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const COMMAND = `"${process.execPath}" "${MAIN}"`;

/** What Node needs at least for it. */
const BARE_CONCAT = `
  const [block, out] = [new Uint8Array(2 ** 20), fs.openSync(process.env.OUT, "w")];
  for (let file = 0; file < 3; file++) {
    const fd = fs.openSync(process.env.IN);
    for (let count; (count = fs.readSync(fd, block)) > 0; ) fs.writeSync(out, block, 0, count);
  }`;

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const row = (id, label, { bytes, amount, ours, other, bare = [], atLeast }) => ({
    id: `cli/${id}`,
    label,
    unit: "B/s",
    amount,
    rounds: pick(1, 3, 7),
    contenders: [
      { name: "ours", job: "shell", params: { bytes, script: ours } },
      { name: "cat", job: "shell", params: { bytes, script: other } },
      ...bare.map((script) => ({ name: "bare", job: "shell", params: { bytes, script } })),
    ],
    targets: [{ against: "cat", atLeast }],
    note: "the start of Node and of the command takes as long whatever the files, and as much as to copy some hundred MB",
  });
  return pick([1], [64, 256], [256, 1024]).flatMap((mebibytes) => [
    row(`concat-${mebibytes}`, `\`concat\` of 3 files of ${mebibytes} MiB`, {
      bytes: mebibytes * 2 ** 20,
      amount: 3 * mebibytes * 2 ** 20,
      ours: `${COMMAND} concat --quiet "$OUT" "$IN" "$IN" "$IN"`,
      other: 'cat "$IN" "$IN" "$IN" > "$OUT"',
      bare: [`"${process.execPath}" --eval '${BARE_CONCAT}'`],
      atLeast: 0.8,
    }),
    row(`pipe-${3 * mebibytes}`, `\`append\` of ${3 * mebibytes} MiB from a pipe`, {
      bytes: 3 * mebibytes * 2 ** 20,
      amount: 3 * mebibytes * 2 ** 20,
      ours: `cat "$IN" | ${COMMAND} append --quiet "$OUT" - --dtype f8 --row-shape 4`,
      other: 'cat "$IN" | cat > "$OUT"',
      atLeast: 0.7,
    }),
  ]);
}

export const jobs = {
  /** Runs a script that makes the file OUT of the file IN, which has an array of so many bytes. */
  shell({ path, bytes, script }) {
    const source = sourceFile(path, `cli-${bytes}.npy`, (source) => saveSync(source, new Float64Array(bytes / 8).fill(1)));
    const seconds = stopwatch();
    const { status, stderr } = spawnSync("sh", ["-c", script], { env: { ...process.env, IN: source, OUT: path } });
    const taken = seconds();
    if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
    return taken;
  },
};
