// The same work with what one would take else.
import { closeSync, createWriteStream, openSync, writeSync } from "node:fs";
import { finished } from "node:stream/promises";
import { NpyAppendArray } from "../dist/node.js";
import { writePieces } from "./bare.mjs";
import { stopwatch } from "./measure.mjs";

export const title = "Peers";
export const about =
  "The same rows of float64 by other means: Arrow's stream format (a fixed-size list a row), Parquet (a column of doubles for each, " +
  "uncompressed; nothing can be read before the end), and a bare `createWriteStream` of the bytes. The target: ahead of each. Where each row is kept " +
  "when the process is killed, it has been handed to the system before the next one comes: with our `mmap: true`, by a write of Arrow's batch of one row, and in " +
  "SQLite (of Python) by a transaction in its log (`journal_mode=WAL`, `synchronous=OFF`).";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const MiB = 2 ** 20;
  const few = pick(2_000, 100_000, 1_000_000);
  const row = (id, label, unit, { rows, columns, batch, single = false }) => {
    const params = { rows, columns, batch };
    const bytes = 8 * columns * rows;
    const peers = [
      { name: "apache-arrow", job: "arrow", params, installed: true, apart: true },
      { name: "`createWriteStream`", job: "stream", params, apart: true },
      { name: "hyparquet-writer", job: "parquet", params, installed: true, apart: true },
    ].filter(({ job }) => !single || job !== "parquet");
    // Each record batch of one row is 200 times as slow: fewer will do.
    if (single) Object.assign(peers[0], { params: { ...params, rows: rows / 20, scale: 20 } });
    return {
      id: `peers/${id}`,
      label,
      unit,
      amount: unit === "B/s" ? bytes : rows,
      contenders: [
        { name: "ours", job: single ? "appendSingly" : "append", params },
        { name: "bare", job: "bare", params: { total: bytes, piece: 8 * columns * batch, withHeader: !single } },
        {
          name: "reference",
          job: "batches",
          runtime: "python",
          params: single ? { ...params, rows: rows / 20, scale: 20 } : params,
        },
        ...peers,
      ],
      targets: peers.map(({ name }) => ({ against: name, atLeast: 1 })),
    };
  };
  const slow = { rows: few / 20, columns: 3, batch: 1, scale: 20 };
  const each = {
    id: "peers/each",
    label: `${few} rows of 3, each kept when the process is killed`,
    unit: "rows/s",
    amount: few,
    contenders: [
      { name: "ours", job: "append", params: { rows: few, columns: 3, batch: 1, mmap: process.platform === "linux" } },
      { name: "ours, without `mmap`", job: "append", params: { rows: few, columns: 3, batch: 1 } },
      { name: "bare", job: "bare", params: { total: 24 * few, piece: 24, withHeader: true } },
      { name: "reference", job: "batches", runtime: "python", params: slow },
      { name: "apache-arrow", job: "arrow", params: { ...slow, isEach: true }, installed: true, apart: true },
      { name: "SQLite", job: "sqlite", runtime: "python", params: slow },
    ],
    targets: ["reference", "apache-arrow", "SQLite"].map((against) => ({ against, atLeast: 10 })),
  };
  return [
    each,
    row("rows", `${few} rows of 3, one by one`, "rows/s", { rows: few, columns: 3, batch: 1, single: true }),
    row("batches", `${few} rows of 3, 1,000 at a time`, "rows/s", { rows: few, columns: 3, batch: 1000 }),
    row("wide", `${pick(1, 32, 800)} MB in batches of 1,000 × 8`, "B/s", {
      rows: pick(2_000, 500_000, 12_500_000),
      columns: 8,
      batch: 1000,
    }),
    row("bulk", `${pick(16, 128, 1024)} MiB in chunks of 16 MiB`, "B/s", {
      rows: (pick(16, 128, 1024) * MiB) / 64,
      columns: 8,
      batch: 2 ** 18,
    }),
  ];
}

/** What `killed.mjs` asks for: the process ends, as by `kill -9`, when the last row has been appended, and nothing is closed. */
function endIf(killed) {
  if (killed) process.kill(process.pid, "SIGKILL");
}

function batchOf(batch, columns) {
  return Float64Array.from({ length: batch * columns }, (_, i) => i);
}

export const jobs = {
  bare: writePieces,

  append({ path, rows, columns, batch, mmap = false, killed = false }) {
    const npaa = NpyAppendArray.openSync(path, { dtype: "float64", rowShape: [columns], mmap });
    const data = batchOf(batch, columns);
    const seconds = stopwatch();
    for (let done = 0; done < rows; done += batch) npaa.append(data);
    endIf(killed);
    npaa.close();
    return seconds();
  },

  async appendSingly({ path, rows, columns }) {
    const npaa = await NpyAppendArray.open(path, { dtype: "float64", rowShape: [columns] });
    const row = batchOf(1, columns);
    const seconds = stopwatch();
    for (let done = 0; done < rows; done++) {
      const appended = npaa.append(row);
      if (done % 1000 === 999) await appended; // as streams do, which take more and more until they are full
    }
    await npaa.close();
    return seconds();
  },

  async stream({ path, rows, columns, batch }) {
    const stream = createWriteStream(path);
    const data = batchOf(batch, columns);
    const seconds = stopwatch();
    for (let done = 0; done < rows; done += batch) {
      // The stream keeps what it is given until it is written: small rows are new ones each time.
      const bytes = batch === 1 ? new Uint8Array(data.slice().buffer) : new Uint8Array(data.buffer);
      if (!stream.write(bytes)) await new Promise((resolve) => stream.once("drain", resolve));
    }
    stream.end();
    await finished(stream);
    return seconds();
  },

  async arrow({ path, rows, columns, batch, scale = 1, isEach = false, killed = false }) {
    const { Field, FixedSizeList, Float64, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct } = await import(
      "apache-arrow"
    );
    const type = new FixedSizeList(columns, new Field("item", new Float64()));
    const schema = new Schema([new Field("rows", type)]);
    const data = batchOf(batch, columns);
    const fd = openSync(path, "w");
    const seconds = stopwatch();
    const writer = new RecordBatchStreamWriter();
    const written = (async () => {
      for await (const bytes of writer) writeSync(fd, bytes);
    })();
    for (let done = 0; done < rows; done += batch) {
      const child = makeData({ type: new Float64(), length: data.length, data });
      const list = makeData({ type, length: batch, child });
      writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: batch, children: [list] })));
      // Lets what was written so far be taken, so that not all of it waits in memory.
      if (isEach || done % (100 * batch) === 0) await new Promise(setImmediate);
    }
    endIf(killed);
    writer.finish();
    await written;
    closeSync(fd);
    return scale * seconds();
  },

  /** In row groups of the size that readers like, whatever the batches. */
  async parquet({ path, rows, columns, killed = false }) {
    const batch = Math.min(rows, 100_000);
    const { fileWriter, ParquetWriter } = await import("hyparquet-writer");
    const schema = [
      { name: "root", num_children: columns },
      ...Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, type: "DOUBLE", repetition_type: "REQUIRED" })),
    ];
    const columnData = Array.from({ length: columns }, (_, i) => ({ name: `c${i}`, data: batchOf(batch, 1), encoding: "PLAIN" }));
    const seconds = stopwatch();
    const writer = new ParquetWriter({ writer: fileWriter(path), schema, codec: "UNCOMPRESSED", statistics: false });
    for (let done = 0; done < rows; done += batch) await writer.write({ columnData, rowGroupSize: batch });
    endIf(killed);
    await writer.finish();
    return seconds();
  },
};
