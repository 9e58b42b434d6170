// The physical limit: bytes that are written with Node's own functions, as large pieces as the job has.
import { closeSync, openSync, write, writeSync } from "node:fs";
import { promisify } from "node:util";
import { numbers, stopwatch } from "./measure.mjs";

const writeAsync = promisify(write);
const header = new Uint8Array(128).fill(32);

/** `total` bytes, in pieces of `piece`; with a header write after each, if `withHeader`. */
export function writePieces({ path, total, piece, withHeader }) {
  const bytes = numbers("uint8", piece);
  const fd = openSync(path, "w+");
  const seconds = stopwatch();
  for (let at = 0; at < total; at += piece) {
    writeSync(fd, bytes, 0, piece, 128 + at);
    if (withHeader) writeSync(fd, header, 0, 128, 0);
  }
  closeSync(fd);
  return seconds();
}

/** The same with `fs.write`, one awaited after the other. */
export async function writePiecesAsync({ path, total, piece, withHeader }) {
  const bytes = numbers("uint8", piece);
  const fd = openSync(path, "w+");
  const seconds = stopwatch();
  for (let at = 0; at < total; at += piece) {
    await writeAsync(fd, bytes, 0, piece, 128 + at);
    if (withHeader) writeSync(fd, header, 0, 128, 0);
  }
  closeSync(fd);
  return seconds();
}

/** Rows of three float64 that are copied into a buffer, which is written when it holds `rowsPerWrite` of them. */
export function writeBuffered({ path, rows, rowsPerWrite, withHeader }) {
  const row = new Float64Array(3);
  const buffer = new Float64Array(3 * rowsPerWrite);
  const bytes = new Uint8Array(buffer.buffer);
  const fd = openSync(path, "w+");
  const seconds = stopwatch();
  for (let written = 0; written < rows; written += rowsPerWrite) {
    for (let i = 0; i < rowsPerWrite; i++) {
      row[0] = written + i;
      buffer.set(row, 3 * i);
    }
    writeSync(fd, bytes, 0, bytes.length, 128 + 24 * written);
    if (withHeader) writeSync(fd, header, 0, 128, 0);
  }
  closeSync(fd);
  return seconds();
}
