// Appending one row at a time.
import { closeSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dtype, formatHeader, NpyAppendArray, NpyAppendGroup } from "../dist/node.js";
import { writeBuffered, writePieces, writePiecesAsync } from "./bare.mjs";
import { stopwatch } from "./measure.mjs";

export const title = "One row at a time";
export const about =
  "Rows of three float64. After each append (but where it says otherwise) the header is rewritten, so that readers see the row. " +
  "Bare Node writes the same 24 bytes with `fs.writeSync`, and a header of 128 bytes where we do.";

const NOTE =
  "two system calls a row, or one without a header, which bare Node makes as well: how many times faster than the reference that can be, depends on what they cost; `mmap: true` saves both";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const count = pick(2_000, 20_000, 300_000);
  const many = pick(10_000, 500_000, 3_000_000);
  const few = pick(1_000, 2_000, 100_000);
  const reference = (rewrite) => ({
    name: "reference",
    runtime: "python",
    job: "rows",
    params: { rows: few, rewrite, scale: count / few },
  });
  const pieces = (withHeader) => ({ total: 24 * count, piece: 24, withHeader });
  const bare = (withHeader) => ({ name: "bare", job: "bareSync", params: pieces(withHeader) });
  const bareWithoutHeader = { name: "bare, no header", job: "bareSync", params: pieces(false) };
  const long = pick(2_000, 300_000, 3_000_000);
  /** The same in mapped memory: no system calls. A row takes so little time that more rows are needed for opening and closing not to count. */
  const moreRows = (amount) => (amount < long ? { rows: long, scale: amount / long } : {});
  const mapped = ({ note: _, ...row }, { targets, note }) => ({
    ...row,
    note,
    id: `${row.id}-mmap`,
    label: `${row.label}, \`mmap: true\``,
    targets,
    contenders: row.contenders.map((contender) =>
      contender.name === "ours"
        ? { ...contender, params: { ...contender.params, mmap: true, ...moreRows(row.amount) } }
        : contender,
    ),
  });
  const list = [
    {
      id: "rows/sync",
      label: "`NpyAppendArraySync.append(row)`",
      unit: "rows/s",
      amount: count,
      contenders: [{ name: "ours", job: "appendSync", params: { rows: count } }, bare(true), bareWithoutHeader, reference(true)],
      targets: [
        { against: "reference", atLeast: 10 },
        { against: "bare", atLeast: 0.85 },
      ],
      note: NOTE,
    },
    {
      id: "rows/await",
      label: "`await append(row)`",
      unit: "rows/s",
      amount: count,
      contenders: [
        { name: "ours", job: "appendAwaited", params: { rows: count } },
        bare(true),
        { name: "two `fs.write`, awaited", job: "bareAwaited", params: { ...pieces(true), total: 24 * few, scale: count / few } },
        reference(true),
      ],
      targets: [{ against: "reference", atLeast: 8 }],
      note: NOTE,
    },
    {
      id: "rows/groups",
      label: "`append(row)`, awaited after every 1,000",
      unit: "rows/s",
      amount: many,
      contenders: [
        { name: "ours", job: "appendGroups", params: { rows: many, group: 1000 } },
        { name: "bare", job: "bareBuffered", params: { rows: many, rowsPerWrite: 1000, withHeader: true } },
        { name: "bare, 1 MiB buffer", job: "bareBuffered", params: { rows: many, rowsPerWrite: 40_000, withHeader: false } },
        { ...reference(true), params: { rows: few, rewrite: true, scale: many / few } },
      ],
      targets: [{ against: "reference", atLeast: 80 }],
    },
    {
      id: "rows/sync-no-header",
      label: "`NpyAppendArraySync.append(row)`, `rewriteHeaderOnAppend: false`",
      unit: "rows/s",
      amount: count,
      contenders: [
        { name: "ours", job: "appendSync", params: { rows: count, rewriteHeaderOnAppend: false } },
        bare(false),
        reference(false),
      ],
      targets: [
        { against: "reference", atLeast: 10 },
        { against: "bare", atLeast: 0.85 },
      ],
      note: NOTE,
    },
    {
      id: "rows/await-no-header",
      label: "`await append(row)`, `rewriteHeaderOnAppend: false`",
      unit: "rows/s",
      amount: count,
      contenders: [
        { name: "ours", job: "appendAwaited", params: { rows: count, rewriteHeaderOnAppend: false } },
        bare(false),
        reference(false),
      ],
    },
    {
      id: "rows/plain",
      label: "`NpyAppendArraySync.append([[x, y, z]])`, plain numbers",
      unit: "rows/s",
      amount: count,
      contenders: [{ name: "ours", job: "appendPlain", params: { rows: count } }, bare(true), reference(true)],
    },
    {
      id: "rows/view",
      label: "`NpyAppendArraySync.append({ data, shape: [1, 3] })`",
      unit: "rows/s",
      amount: count,
      contenders: [{ name: "ours", job: "appendViews", params: { rows: count } }, bare(true), reference(true)],
      targets: [{ against: "bare", atLeast: 0.85 }],
    },
    {
      id: "rows/group",
      label: "`NpyAppendGroupSync.append` of a row of three arrays, against three files by themselves",
      unit: "rows/s",
      amount: count,
      contenders: [
        { name: "ours", job: "appendGroup", params: { rows: count } },
        { name: "three files", job: "appendThree", params: { rows: count } },
      ],
      targets: [{ against: "three files", atLeast: 0.85 }],
    },
    {
      id: "rows/flat",
      label: "the same rows into a file of 10^7 rows, against one of 10 and of 10^4",
      unit: "rows/s",
      amount: count,
      contenders: [
        { name: "ours", job: "appendToLong", params: { rows: count, before: 10_000_000 } },
        { name: "10 rows", job: "appendToLong", params: { rows: count, before: 10 } },
        { name: "10^4 rows", job: "appendToLong", params: { rows: count, before: 10_000 } },
      ],
      targets: [
        { against: "10 rows", atLeast: 0.9 },
        { against: "10^4 rows", atLeast: 0.9 },
      ],
    },
  ];
  if (process.platform !== "linux") return list;
  const inMemory = {
    "rows/sync": {
      targets: [
        { against: "bare", atLeast: 10 },
        { against: "reference", atLeast: 100 },
      ],
      note: "the first store into each page of a file takes ext4 as long as a system call, in C as well",
    },
    "rows/await": {
      targets: [
        { against: "bare", atLeast: 4 },
        { against: "reference", atLeast: 40 },
      ],
    },
    "rows/groups": {
      targets: [{ against: "bare, 1 MiB buffer", atLeast: 0.5 }],
      note: "each row is checked and copied by itself, and each group is written and counted, where the bare buffer is written once for 40 groups",
    },
  };
  return list.flatMap((row) => (row.id in inMemory ? [row, mapped(row, inMemory[row.id])] : [row]));
}

const float64Rows = { dtype: "float64", rowShape: [3] };

/** A job that does less than its row says, so that it takes no longer than the others, or more, so that it takes long enough. */
const scaled =
  (job) =>
  async ({ scale = 1, ...params }) =>
    scale * (await job(params));

function appendEach(path, rows, options) {
  const npaa = NpyAppendArray.openSync(path, options);
  const row = new Float64Array(3);
  const seconds = stopwatch();
  for (let i = 0; i < rows; i++) {
    row[0] = i;
    npaa.append(row);
  }
  npaa.close();
  return seconds();
}

/** The arrays of a group. */
const THREE = {
  id: { dtype: "int64" },
  vec: { dtype: "float64", rowShape: [3] },
  more: { dtype: "float32", rowShape: [4] },
};

function elapsedWithout(directory, seconds) {
  rmSync(directory, { recursive: true });
  return seconds;
}

export const jobs = {
  bareSync: writePieces,
  bareAwaited: scaled(writePiecesAsync),
  bareBuffered: writeBuffered,

  appendSync: scaled(({ path, rows, ...options }) => appendEach(path, rows, { ...float64Rows, ...options })),

  appendGroup({ path, rows }) {
    const group = NpyAppendGroup.openSync(`${path}.group`, { arrays: THREE });
    const row = { id: new BigInt64Array(1), vec: new Float64Array(3), more: new Float32Array(4) };
    const seconds = stopwatch();
    for (let i = 0; i < rows; i++) {
      row.vec[0] = i;
      group.append(row);
    }
    group.close();
    return elapsedWithout(`${path}.group`, seconds());
  },

  appendThree({ path, rows }) {
    mkdirSync(`${path}.three`);
    const [id, vec, more] = Object.entries(THREE).map(([name, options]) => {
      return NpyAppendArray.openSync(`${path}.three/${name}.npy`, { rowShape: [], ...options });
    });
    const row = { id: new BigInt64Array(1), vec: new Float64Array(3), more: new Float32Array(4) };
    const seconds = stopwatch();
    for (let i = 0; i < rows; i++) {
      row.vec[0] = i;
      id.append(row.id);
      vec.append(row.vec);
      more.append(row.more);
    }
    for (const npaa of [id, vec, more]) npaa.close();
    return elapsedWithout(`${path}.three`, seconds());
  },

  appendAwaited: scaled(async ({ path, rows, ...options }) => {
    const npaa = await NpyAppendArray.open(path, { ...float64Rows, ...options });
    const row = new Float64Array(3);
    const seconds = stopwatch();
    for (let i = 0; i < rows; i++) {
      row[0] = i;
      await npaa.append(row);
    }
    await npaa.close();
    return seconds();
  }),

  async appendGroups({ path, rows, group, ...options }) {
    const npaa = await NpyAppendArray.open(path, { ...float64Rows, ...options });
    const row = new Float64Array(3);
    const seconds = stopwatch();
    for (let done = 0; done < rows; done += group) {
      let last;
      for (let i = 0; i < group; i++) {
        row[0] = done + i;
        last = npaa.append(row);
      }
      await last;
    }
    await npaa.close();
    return seconds();
  },

  appendPlain({ path, rows }) {
    const npaa = NpyAppendArray.openSync(path, float64Rows);
    const seconds = stopwatch();
    for (let i = 0; i < rows; i++) npaa.append([[i, 0.5, 1]]);
    npaa.close();
    return seconds();
  },

  appendViews({ path, rows }) {
    const npaa = NpyAppendArray.openSync(path, float64Rows);
    const row = new Float64Array(3);
    const seconds = stopwatch();
    for (let i = 0; i < rows; i++) {
      row[0] = i;
      npaa.append({ data: row, shape: [1, 3] });
    }
    npaa.close();
    return seconds();
  },

  /** Into a file that has rows already (a hole, which takes no time to make). */
  appendToLong({ path, rows, before }) {
    const header = formatHeader({ dtype: dtype("<f8"), fortranOrder: false, shape: [before, 3] });
    const fd = openSync(path, "w");
    writeSync(fd, header);
    ftruncateSync(fd, header.length + 24 * before);
    closeSync(fd);
    return appendEach(path, rows, {});
  },
};
