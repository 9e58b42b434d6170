// The command line, from the start of its process to the end.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { saveSync } from "../dist/node.js";
import { python } from "./harness.mjs";
import { sourceFile, stopwatch } from "./measure.mjs";

export const title = "Command line";
export const about =
  "From the start of a shell that runs the command to its end, beside one that runs `cat`. What Node takes to start is in it: bare Node copies " +
  "the same files and does nothing else. Text is compared by processor time, without what it takes each program to start.";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const COMMAND = `"${process.execPath}" "${MAIN}"`;

/** What Node needs at least for it. */
const BARE_CONCAT = `
  const [block, out] = [new Uint8Array(2 ** 20), fs.openSync(process.env.OUT, "w")];
  for (let file = 0; file < 3; file++) {
    const fd = fs.openSync(process.env.IN);
    for (let count; (count = fs.readSync(fd, block)) > 0; ) fs.writeSync(out, block, 0, count);
  }`;

/** Whether the Python that is compared with has a package. */
function hasPackage(name) {
  return spawnSync(python, ["-c", `import ${name}`], { stdio: "ignore" }).status === 0;
}

/** Numbers out to CSV, and back in, beside what NumPy and pandas take. */
function textRows(pick) {
  const isCompared = pick(false, true, true);
  const [hasNumPy, hasPandas] = ["numpy", "pandas"].map((name) => isCompared && hasPackage(name));
  const count = pick(10_000, 1_000_000, 10_000_000);
  const row = (id, label, params, atLeast, { ours, numpy, pandas }) => ({
    id: `cli/${id}`,
    label,
    unit: "numbers/s",
    amount: count,
    rounds: pick(1, 3, 5),
    contenders: [
      {
        name: "ours",
        job: "text",
        params: { ...params, count, script: `${COMMAND} ${ours}`, start: `${COMMAND} info "$ARRAY"` },
      },
      ...(hasNumPy ? [{ name: "numpy", job: "text", params: { ...params, count, ...pythonScripts("numpy", numpy) } }] : []),
      ...(hasPandas && pandas
        ? [{ name: "pandas", job: "text", params: { ...params, count, ...pythonScripts("pandas", pandas) } }]
        : []),
    ],
    targets: [{ against: "numpy", atLeast }, ...(pandas ? [{ against: "pandas", atLeast: 0.5 }] : [])],
  });
  return [
    ...["float16", "float32", "float64"].flatMap((dtype) =>
      [1, 10].map((columns) =>
        row(
          `csv-out-${dtype}-${columns}`,
          `\`slice --csv\` of ${columns} × ${dtype} a row`,
          { dtype, columns },
          dtype === "float64" ? 1 / 0.7 : 1,
          {
            ours: 'slice "$IN" --csv > "$OUT"',
            numpy: 'numpy.savetxt(os.environ["OUT"], numpy.load(os.environ["IN"]), "%.9g", delimiter=",")',
          },
        ),
      ),
    ),
    ...["int32", "float32", "float64"].map((dtype) =>
      row(`csv-in-${dtype}`, `\`append\` of ${dtype} from CSV`, { dtype, columns: 10, isText: true }, 1, {
        ours: `append --quiet "$OUT" "$IN" --format csv --dtype ${dtype} --row-shape 10`,
        numpy: `numpy.save(os.environ["OUT"], numpy.loadtxt(os.environ["IN"], "${dtype}", delimiter=","))`,
        pandas: `pandas.read_csv(os.environ["IN"], header=None, dtype="${dtype}").to_numpy()`,
      }),
    ),
  ];
}

function pythonScripts(name, script) {
  const run = (text) => `"${python}" -c 'import os, ${name}\n${text}'`;
  return { script: run(script), start: run("") };
}

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
  const files = pick([1], [64, 256], [256, 1024]).flatMap((mebibytes) => [
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
  return [...files, ...textRows(pick)];
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

  /** The processor time of a script that reads the file IN, less that of `start`. */
  text({ path, dtype, columns, count, isText = false, script, start }) {
    const name = `text-${dtype}-${columns}-${count}`;
    const array = sourceFile(path, `${name}.npy`, (file) => saveSync(file, randomRows(dtype, count, columns), { dtype }));
    const source = isText ? sourceFile(path, `${name}.csv`, (file) => writeText(array, file)) : array;
    const env = { ...process.env, ARRAY: array, IN: source, OUT: path };
    return Math.max(1e-3, processorTime(script, env) - processorTime(start, env));
  },
};

function randomRows(dtype, count, columns) {
  const data = (dtype === "int32" ? Int32Array : Float64Array).from(
    { length: count },
    () => (Math.random() - 0.5) * (dtype === "int32" ? 1e9 : 2000),
  );
  return { data, shape: columns === 1 ? [count] : [count / columns, columns] };
}

function writeText(array, file) {
  writeFileSync(file, spawnSync(process.execPath, [MAIN, "slice", array, "--csv"], { maxBuffer: 2 ** 30 }).stdout);
}

/** In seconds, of the user and of the system. */
function processorTime(script, env) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `exec 3>&1; { ${script}; } > /dev/null || exit; times >&3`], {
    env,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${script} failed: ${stderr}`);
  // The second line is that of the children.
  const [, children = ""] = stdout.trim().split("\n");
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds),
    0,
  );
}
