// Appending records: columns and objects of a structured dtype.
import { closeSync, openSync, writeSync } from "node:fs";
import { dtype, NpyAppendArray } from "../dist/node.js";
import { writePieces } from "./bare.mjs";
import { numbers, stopwatch } from "./measure.mjs";

export const title = "Records";
export const about =
  'Records `{ t: "float64", id: "int32", pos: ["float32", [3]] }`, 24 bytes each, 10,000 an append but where it says otherwise. Bare Node writes the bytes of so many ' +
  "records, and a header; the objects are also encoded by hand, with a `DataView`.";

const PER_APPEND = 10_000;

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const row = (id, label, job, targets, others, perAppend = PER_APPEND, appends = pick(2, 400, 1000)) => {
    const params = { records: appends * perAppend, perAppend };
    return {
      id: `records/${id}`,
      label,
      unit: "records/s",
      amount: params.records,
      contenders: [
        { name: "ours", job, params },
        { name: "bare", job: "bare", params: { total: 24 * params.records, piece: 24 * perAppend, withHeader: true } },
        { name: "reference", job: "records", runtime: "python", params: { ...params, columns: job === "columns" } },
        ...others.map(([name, job]) => ({ name, job, params })),
      ],
      targets,
      ...(job === "columns" && { note: "put together element by element in JavaScript" }),
    };
  };
  const few = pick(1_000, 10_000, 100_000);
  const many = pick(2_000, 300_000, 3_000_000);
  return [
    row("columns", "columns of typed arrays", "columns", [{ against: "raw bytes", atLeast: 0.5 }], [["raw bytes", "bytes"]]),
    row(
      "few",
      "columns of typed arrays, 10 an append",
      "columns",
      [{ against: "reference", atLeast: 2 }],
      [],
      10,
      pick(2, 10_000, 100_000),
    ),
    row("bytes", "raw bytes of records", "bytes", [{ against: "bare", atLeast: 0.95 }], []),
    {
      id: "records/one",
      label: "raw bytes of one record, `mmap: true`",
      unit: "records/s",
      amount: many,
      contenders: [
        { name: "ours", job: "bytes", params: { records: many, perAppend: 1, mmap: true } },
        { name: "bare", job: "bareEach", params: { total: 24 * few, piece: 24, withHeader: true, scale: many / few } },
      ],
      targets: [{ against: "bare", atLeast: 8 }],
      note:
        "where the digits of the count lie in the header follows from the dtype. If the last one begins a word of 8 bytes, two words change every 10 records, and are " +
        "written while the file ends there: no order of two stores has a count in between that is neither lower than what was acknowledged nor beyond the rows",
    },
    row("objects", "objects", "objects", [], [["`DataView` by hand", "byHand"]]),
  ];
}

const RECORD = dtype([
  ["t", "<f8"],
  ["id", "<i4"],
  ["pos", "<f4", [3]],
]);

function appendEach({ path, records, perAppend, mmap }, input) {
  const npaa = NpyAppendArray.openSync(path, { dtype: RECORD, rowShape: [], mmap });
  const seconds = stopwatch();
  for (let done = 0; done < records; done += perAppend) npaa.append(input);
  npaa.close();
  return seconds();
}

function makeObjects(perAppend) {
  return Array.from({ length: perAppend }, (_, i) => ({ t: i / 8, id: i, pos: [i, 0.5, 1] }));
}

export const jobs = {
  columns(params) {
    const { perAppend } = params;
    const columns = {
      t: numbers("float64", perAppend),
      id: numbers("int32", perAppend),
      pos: numbers("float32", 3 * perAppend),
    };
    return appendEach(params, columns);
  },

  objects(params) {
    return appendEach(params, makeObjects(params.perAppend));
  },

  bytes(params) {
    const { perAppend } = params;
    return appendEach(params, { data: numbers("uint8", 24 * perAppend), shape: [perAppend], dtype: RECORD });
  },

  byHand({ path, records, perAppend }) {
    const objects = makeObjects(perAppend);
    const bytes = new Uint8Array(24 * perAppend);
    const view = new DataView(bytes.buffer);
    const fd = openSync(path, "w");
    const seconds = stopwatch();
    for (let done = 0; done < records; done += perAppend) {
      for (let i = 0; i < perAppend; i++) {
        const { t, id, pos } = objects[i];
        view.setFloat64(24 * i, t, true);
        view.setInt32(24 * i + 8, id, true);
        for (let k = 0; k < 3; k++) view.setFloat32(24 * i + 12 + 4 * k, pos[k], true);
      }
      writeSync(fd, bytes);
    }
    closeSync(fd);
    return seconds();
  },

  bare: writePieces,
  bareEach: ({ scale, ...params }) => scale * writePieces(params),
};
