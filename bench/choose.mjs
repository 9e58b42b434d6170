// Rows in any order, and parts of arrays.
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { dtype, formatHeader, NpyReader } from "../dist/node.js";
import { numbers, sourceFile, stopwatch } from "./measure.mjs";

export const title = "Choosing rows and axes";
export const about =
  "Of a file that the system holds in memory: `take` of 1,000 random rows of 384 float32, a crop of 100 x 20 pixels out of 100 frames of 480 x 640, and " +
  "one of 512 float32 columns. Bare Node reads the same rows by a loop of `fs.readSync`, and lines of pixels or whole rows where that is all it can do; " +
  "NumPy indexes a `memmap`. Everyone but NumPy reads into the same memory again.";

const FRAME = [480, 640];

const NUMPY = "NumPy `memmap`";

/** @returns {import("./harness.mjs").Row[]} */
export function rows(pick) {
  const bytes = pick(2 ** 21, 2 ** 28, 2 ** 30);
  const table = { rowCount: Math.floor(bytes / 1536), columns: 384, passes: pick(1, 20, 50) };
  const wide = { rowCount: bytes / 2048, columns: 512, passes: pick(1, 3, 5) };
  const video = { frames: pick(2, 100, 100), passes: pick(1, 10, 20) };
  const row = (id, label, job, params, unit, amount, targets) => ({
    id: `choose/${id}`,
    label,
    unit,
    amount,
    contenders: [
      { name: "ours", job, params },
      { name: "bare", job, params: { ...params, isBare: true } },
      { name: NUMPY, job, runtime: "python", params },
    ],
    targets,
  });
  const mapped = (id, label, job, params, unit, amount, targets) => ({
    id: `choose/${id}-mapped`,
    label: `${label}, mapped`,
    unit,
    amount,
    contenders: [
      { name: "ours", job, params: { ...params, mmap: true } },
      { name: NUMPY, job, runtime: "python", params },
    ],
    targets,
  });
  const asFast = [{ against: "bare", atLeast: 0.95 }];
  const takes = ["taken", table, "rows/s", 1000 * table.passes];
  const crops = ["cropped", video, "frames/s", video.frames * video.passes];
  const columns = ["column", wide, "rows/s", wide.rowCount * wide.passes];
  return [
    row("take", "1,000 random rows of 384 float32", ...takes, asFast),
    mapped("take", "1,000 random rows of 384 float32", ...takes, [{ against: NUMPY, atLeast: 0.5 }]),
    row("crop", "a crop of frames", ...crops, asFast),
    mapped("crop", "a crop of frames", ...crops, []),
    row("column", "one of 512 columns", ...columns, []),
    mapped("column", "one of 512 columns", ...columns, []),
  ];
}

function tableOf(path, { rowCount, columns }) {
  return sourceFile(path, `choose-${rowCount}-${columns}.npy`, (file) => {
    const block = numbers("float32", 2 ** 18);
    writeFile(file, "<f4", [rowCount, columns], new Uint8Array(block.buffer, block.byteOffset, block.byteLength));
  });
}

function videoOf(path, { frames }) {
  return sourceFile(path, `choose-${frames}-frames.npy`, (file) =>
    writeFile(file, "|u1", [frames, ...FRAME], numbers("uint8", 2 ** 20)),
  );
}

function writeFile(path, type, shape, block) {
  const fd = openSync(path, "w");
  const total = shape.reduce((product, size) => product * size, dtype(type).itemsize);
  writeSync(fd, formatHeader({ dtype: dtype(type), fortranOrder: false, shape }));
  for (let done = 0; done < total; done += block.length) writeSync(fd, block, 0, Math.min(block.length, total - done));
  closeSync(fd);
}

/** Other rows in each pass. */
function randomRows(rowCount) {
  return Int32Array.from({ length: 1000 }, () => Math.floor(Math.random() * rowCount));
}

/** Runs `use` as often as a job says, and tells the seconds. */
function measured(file, { passes, mmap = false }, use) {
  const reader = NpyReader.openSync(file, { mmap });
  const fd = openSync(file, "r");
  // The first pass makes what is made once: mappings, and code.
  use(reader, fd, 0);
  const seconds = stopwatch();
  for (let pass = 1; pass <= passes; pass++) use(reader, fd, pass);
  const taken = seconds();
  closeSync(fd);
  reader.close();
  return taken;
}

export const jobs = {
  taken({ path, isBare = false, ...params }) {
    const out = new Float32Array(1000 * params.columns);
    const buffer = new Uint8Array(out.buffer);
    const width = 4 * params.columns;
    const wanted = Array.from({ length: params.passes + 1 }, () => randomRows(params.rowCount));
    return measured(tableOf(path, params), params, (reader, fd, pass) => {
      const list = wanted[pass];
      if (!isBare) reader.take(list, { out });
      else for (let i = 0; i < list.length; i++) readSync(fd, buffer, i * width, width, 128 + list[i] * width);
    });
  },

  cropped({ path, isBare = false, ...params }) {
    const out = new Uint8Array(params.frames * 100 * 20);
    const crop = [null, { start: 100, stop: 200 }, { start: 300, stop: 320 }];
    return measured(videoOf(path, params), params, (reader, fd) => {
      if (!isBare) return void reader.select(crop, { out });
      for (let line = 0; line < params.frames * 100; line++) {
        const position = 128 + ((Math.floor(line / 100) * 480 + 100 + (line % 100)) * 640 + 300);
        readSync(fd, out, line * 20, 20, position);
      }
    });
  },

  column({ path, isBare = false, ...params }) {
    const out = new Float32Array(params.rowCount);
    const block = new Float32Array(512 * 512);
    const bytes = new Uint8Array(block.buffer);
    return measured(tableOf(path, params), params, (reader, fd) => {
      if (!isBare) return void reader.select([null, 7], { out });
      for (let row = 0; row < params.rowCount; row += 512) {
        readSync(fd, bytes, 0, bytes.length, 128 + row * 2048);
        for (let i = 0; i < 512; i++) out[row + i] = block[i * 512 + 7];
      }
    });
  },
};
