/** Notices that another program wrote to the file, before anything is overwritten. */

import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import { currentSize, type Plan, read } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/** How long a check holds, in milliseconds. It costs as much as several appends of one row, so not every append can check. */
const HOLDS = 1;

/** Where checks are slow, as on a network, one holds this many times as long as it took, */
const SHARE = 32;

/** but no longer than this: a pause of this process must not count as a slow check. */
const HOLDS_AT_MOST = 100;

/**
 * Checks that no other program changed the file. The file has data for `rows` rows, or for up to `mostRows()`, which is called after the size
 * was read: other threads may make the file longer in between. A reserved tail has its size still.
 *
 * @throws NpyError `ERR_NPY_CHANGED`. Nothing more is written then.
 */
export function* checkUnchanged(
  growing: GrowingFile,
  rows: number = growing.rows,
  headerRows: number = growing.headerRows,
  mostRows?: () => Plan<number>,
): Plan<void> {
  const start = performance.now();
  const problem = yield* compare(growing, rows, headerRows, mostRows);
  growing.checkedAt = Date.now();
  growing.checkHolds = Math.min(Math.max(HOLDS, SHARE * (performance.now() - start)), HOLDS_AT_MOST);
  if (problem === undefined) return;
  growing.broken = changed(problem);
  throw growing.broken;
}

function* compare(
  growing: GrowingFile,
  rows: number,
  headerRows: number,
  mostRows: (() => Plan<number>) | undefined,
): Plan<string | undefined> {
  const { file } = growing;
  const size = yield* currentSize(file);
  if (size === undefined) return "it was deleted, or another file took its place";
  const { reservedEnd } = growing;
  const most = Math.max(growing.endOf(mostRows === undefined ? rows : yield* mostRows()), reservedEnd);
  if (size < Math.max(growing.endOf(rows), reservedEnd) || size > most)
    return `it has ${counted(size, "byte")}, expected ${most}`;
  const header = growing.asFound ?? growing.render(headerRows);
  const bytes = new Uint8Array(header.length);
  yield* read(file, bytes, 0);
  return bytes.every((byte, i) => byte === header[i]) ? undefined : "its header was rewritten";
}

/** The error for a file that another program changed. Threads other than the one that noticed it do not know the `problem`. */
export function changed(problem?: string): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    `Another program changed the file${problem === undefined ? "" : `: ${problem}`}. Nothing more is appended. Close it, make sure that ` +
      "nothing else writes to it, check its contents, and open it again.",
  );
}
