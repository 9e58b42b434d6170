// Appending records: columns and objects of a structured dtype.
import { closeSync, openSync, writeSync } from "node:fs";
import { dtype, NpyAppendArray } from "../dist/node.js";
import { writePieces } from "./bare.mjs";
import { numbers, stopwatch } from "./measure.mjs";

export const title = "Records";
export const about =
  'Records `{ t: "float64", id: "int32", pos: ["float32", [3]] }`, 24 bytes each, 10,000 an append. Bare Node writes the bytes of so many ' +
  "records, and a header; the objects are also encoded by hand, with a `DataView`.";

const PER_APPEND = 10_000;

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const records = pick(20_000, 4_000_000, 10_000_000);
  const row = (id, label, job, targets, others) => ({
    id: `records/${id}`,
    label,
    unit: "records/s",
    amount: records,
    contenders: [
      { name: "ours", job, params: { records } },
      { name: "bare", job: "bare", params: { total: 24 * records, piece: 24 * PER_APPEND, withHeader: true } },
      {
        name: "reference",
        job: "records",
        runtime: "python",
        params: { records, perAppend: PER_APPEND, columns: id === "columns" },
      },
      ...others,
    ],
    targets,
  });
  const byHand = { name: "`DataView` by hand", job: "byHand", params: { records } };
  return [
    row(
      "columns",
      "columns of typed arrays",
      "columns",
      [{ against: "raw bytes", atLeast: 0.5 }],
      [{ name: "raw bytes", job: "bytes", params: { records } }],
    ),
    row("bytes", "raw bytes of records", "bytes", [{ against: "bare", atLeast: 0.95 }], []),
    row("objects", "objects", "objects", [], [byHand]),
  ];
}

const RECORD = dtype([
  ["t", "<f8"],
  ["id", "<i4"],
  ["pos", "<f4", [3]],
]);

function appendEach(path, records, input) {
  const npaa = NpyAppendArray.openSync(path, { dtype: RECORD, rowShape: [] });
  const seconds = stopwatch();
  for (let done = 0; done < records; done += PER_APPEND) npaa.append(input);
  npaa.close();
  return seconds();
}

function makeObjects() {
  return Array.from({ length: PER_APPEND }, (_, i) => ({ t: i / 8, id: i, pos: [i, 0.5, 1] }));
}

export const jobs = {
  columns({ path, records }) {
    const columns = {
      t: numbers("float64", PER_APPEND),
      id: numbers("int32", PER_APPEND),
      pos: numbers("float32", 3 * PER_APPEND),
    };
    return appendEach(path, records, columns);
  },

  objects({ path, records }) {
    return appendEach(path, records, makeObjects());
  },

  bytes({ path, records }) {
    return appendEach(path, records, { data: numbers("uint8", 24 * PER_APPEND), shape: [PER_APPEND], dtype: RECORD });
  },

  byHand({ path, records }) {
    const objects = makeObjects();
    const bytes = new Uint8Array(24 * PER_APPEND);
    const view = new DataView(bytes.buffer);
    const fd = openSync(path, "w");
    const seconds = stopwatch();
    for (let done = 0; done < records; done += PER_APPEND) {
      for (let i = 0; i < PER_APPEND; i++) {
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
};
