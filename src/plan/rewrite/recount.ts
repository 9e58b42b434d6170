/** Makes a file count rows that it holds, and no others. */
import { formatHeader, type NpyHeader, zeroDimensional } from "../../format/header.ts";
import { bytesPerRow, growthAxis, rowCount } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { readHeader } from "../read/header.ts";
import { type Plan, quietly, read, size, truncate, write } from "../step.ts";

/** The rows of an open file: those that its header counts, and those whose bytes are there. */
export interface HeldRows {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  readonly size: number;
  readonly counted: number;
  /** Whole rows, counted or not. Rows of 0 bytes are always there. */
  readonly whole: number;
}

/** @throws NpyError as `readHeader` does; `ERR_NPY_SHAPE` for 0-d arrays. */
export function* heldRows(file: StorageFile, maxHeaderSize: number): Plan<HeldRows> {
  const header = yield* readHeader(file, maxHeaderSize);
  if (header.shape.length === 0) throw zeroDimensional();
  const fileSize = yield* size(file);
  const rowBytes = bytesPerRow(header);
  const present = Math.max(0, fileSize - header.headerLength);
  const whole = rowBytes === 0 ? Number.POSITIVE_INFINITY : Math.floor(present / rowBytes);
  return { file, header, size: fileSize, counted: rowCount(header), whole };
}

/** Where so many rows end. */
export function endOf({ header }: HeldRows, rows: number): number {
  return header.headerLength + rows * bytesPerRow(header);
}

/** Whether the file counts so many rows, and ends after them. */
export function isExactly(held: HeldRows, rows: number): boolean {
  return held.counted === rows && held.size === endOf(held, rows) && held.header.reservesTail === undefined;
}

/** Makes the header count `rows` rows. If that fails, it is what it was. */
export function* writeCount({ file, header, counted }: HeldRows, rows: number): Plan<void> {
  if (counted === rows && header.reservesTail === undefined) return;
  const axis = growthAxis(header.fortranOrder, header.shape.length) as number;
  const { reservesTail: _, ...bare } = header;
  const bytes = formatHeader({ ...bare, shape: header.shape.with(axis, rows) });
  const old = new Uint8Array(header.headerLength);
  yield* read(file, old, 0);
  try {
    yield* write(file, bytes, 0);
  } catch (error) {
    // Half a header cannot be read.
    yield* quietly(write(file, old, 0));
    throw error;
  }
}

/** Cuts off what is after the first `rows` rows. */
export function* cutAfter(held: HeldRows, rows: number): Plan<void> {
  const end = endOf(held, rows);
  if (held.size > end) yield* truncate(held.file, end);
}
