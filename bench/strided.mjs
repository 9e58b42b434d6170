// Strided and transposed copies, casts, swaps and columns, against what C does with one thread.
import { rmSync } from "node:fs";
import { dtype, NpyAppendArray } from "../dist/node.js";
import { writePieces } from "./bare.mjs";
import { jobs as conversions } from "./convert.mjs";
import { numbers, stopwatch } from "./measure.mjs";

export const title = "Strided and transposed copies";
export const about =
  "The yardstick is C (`bench/strided.c`, compiled with `gcc -O3 -march=native`): one thread, loops for this one case, through a block of 1 MiB that it writes. " +
  '"C, memory only" writes nothing. NumPy makes the array that the file holds, and writes it with `tofile`. "After others" is ours in a process that did ' +
  "all other cases before. Each append writes some MiB; bytes per second are those written.";

/** As those of convert.mjs, with the job of strided.c that does the same, and what is to be reached of its speed. */
const CASES = [
  { label: "every 2nd float64", c: "every_2nd_float64", atLeast: 0.85, from: "float64", to: "<f8", shape: [2048, 2048], step: 2 },
  { label: "every 3rd uint8", c: "every_3rd_uint8", atLeast: 0.45, from: "uint8", to: "|u1", shape: [4096, 12_288], step: 3 },
  { label: "rows reversed", c: "rows_reversed", atLeast: 0.8, from: "float64", to: "<f8", shape: [2048, 1024], step: -1 },
  {
    label: "transposed, 3 columns",
    c: "transposed_3_columns",
    atLeast: 0.8,
    from: "float64",
    to: "<f8",
    shape: [3, 700_000],
    axes: [1, 0],
  },
  {
    label: "C to Fortran",
    c: "c_to_fortran",
    atLeast: 0.75,
    from: "float64",
    to: "<f8",
    shape: [1448, 1448],
    fortranOrder: true,
  },
  {
    label: "3-D C to Fortran",
    c: "c_to_fortran_3d",
    atLeast: 0.6,
    from: "float64",
    to: "<f8",
    shape: [128, 128, 128],
    fortranOrder: true,
  },
  {
    label: "axes (2, 0, 1), float32",
    c: "axes_2_0_1",
    atLeast: 0.5,
    from: "float32",
    to: "<f4",
    shape: [128, 256, 128],
    axes: [2, 0, 1],
  },
  { label: "float32 to float64", c: "float32_to_float64", atLeast: 0.8, from: "float32", to: "<f8", shape: [2048, 1024] },
  { label: "float64 to float32", c: "float64_to_float32", atLeast: 0.65, from: "float64", to: "<f4", shape: [4096, 1024] },
  { label: "swap int16", c: "swap_int16", atLeast: 0.75, from: "int16", to: ">i2", shape: [8192, 1024] },
  { label: "swap float32", c: "swap_float32", atLeast: 0.65, from: "float32", to: ">f4", shape: [4096, 1024] },
  { label: "swap float64", c: "swap_float64", atLeast: 0.65, from: "float64", to: ">f8", shape: [2048, 1024] },
];

const RECORD = dtype([
  ["t", "<f8"],
  ["id", "<i4"],
  ["pos", "<f4", [3]],
]);
const RECORDS = { label: "columns to records", c: "columns_to_records", atLeast: 0.7, perAppend: 700_000 };

/** Why WebAssembly does not help where it was tried, through pieces of 4 to 128 KiB that are copied into its memory. */
const NOTES = {
  "every 2nd float64":
    "loads and stores in WebAssembly, which checks no index, were tried: with the copy into its memory they took a fifth longer than a loop over typed arrays, in memory and with the write",
  "float32 to float64":
    "`set` of typed arrays is near what C does in memory; vector instructions in WebAssembly were tried, and took three times as long with the copies",
  "float64 to float32":
    "vector instructions in WebAssembly were tried: with the copies 0.9 to 1.3 times as fast in memory, and no faster with the write",
};

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const appends = pick(1, 4, 4);
  const perAppend = pick(24, RECORDS.perAppend, RECORDS.perAppend);
  const row = ({ label, c, atLeast, ...given }, bytes, job, numpy) => {
    const params = { ...given, appends, mode: "sync" };
    return {
      id: `strided/${label}`,
      label: `${label}, against C`,
      unit: "B/s",
      amount: bytes * appends,
      rounds: pick(1, 7, 13),
      contenders: [
        { name: "ours", job, params },
        { name: "ours, after others", job: "afterOthers", params: { ...params, job }, apart: true },
        { name: "bare", job: "bare", params: { total: bytes * appends, piece: 2 ** 20, withHeader: false } },
        { name: "C", job: c, runtime: "c", params: { appends } },
        { name: "C, memory only", job: c, runtime: "c", params: { appends, inMemory: true } },
        { name: "NumPy and write", job: numpy, runtime: "python", params: { ...given, appends } },
      ],
      targets: [{ against: "C", atLeast }],
      note:
        NOTES[label] ??
        "JavaScript checks every index, and has vector instructions only in WebAssembly, which reads just its own memory",
    };
  };
  return [
    ...CASES.map((given) => {
      const shape = given.shape.map((n) => pick(Math.min(n, 24), n, n));
      return row({ ...given, shape }, bytesOf({ ...given, shape }), "append", "converted");
    }),
    row({ ...RECORDS, perAppend }, 24 * perAppend, "columns", "interleaved"),
  ];
}

function bytesOf({ shape, step = 1, to }) {
  return (shape.reduce((all, n) => all * n, 1) / Math.max(1, step)) * dtype(to).itemsize;
}

let isUsed = false;

export const jobs = {
  append: conversions.append,
  bare: writePieces,

  columns({ path, perAppend, appends }) {
    const columns = {
      t: numbers("float64", perAppend),
      id: numbers("int32", perAppend),
      pos: numbers("float32", 3 * perAppend),
    };
    const npaa = NpyAppendArray.openSync(path, { dtype: RECORD, rowShape: [] });
    const seconds = stopwatch();
    for (let i = 0; i < appends; i++) npaa.append(columns);
    npaa.close();
    return seconds();
  },

  /** A job in a process that has seen all the other cases: those in turns, since an engine forgets what it saw first. */
  async afterOthers({ job, ...params }) {
    const once = { path: params.path, appends: 1, mode: "sync" };
    for (let pass = 0; !isUsed && params.appends > 1 && pass < 4; pass++) {
      for (const given of CASES) {
        await jobs.append({ ...given, ...once });
        rmSync(once.path);
      }
      jobs.columns({ ...RECORDS, ...once });
      rmSync(once.path);
    }
    isUsed = true;
    return jobs[job](params);
  },
};
