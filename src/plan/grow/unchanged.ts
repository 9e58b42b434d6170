/** Notices that another program wrote to the file, before anything is overwritten. */
import { NpyError } from "../../errors.ts";
import { currentSize, type Plan, read } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/** How long a check holds, in milliseconds. A check costs as much as several appends of one row, so not every append can make one. */
const HOLDS = 1;

/** Where checks are slow, as on a network, one holds this many times as long as it took, */
const SHARE = 32;

/** but no longer than this: a pause of this process must not count as a slow check. */
const HOLDS_AT_MOST = 100;

/**
 * Checks that the file is as its only writer left it, with data for `rows` rows.
 *
 * @throws NpyError `ERR_NPY_CHANGED`. Nothing more is written then.
 */
export function* checkUnchanged(growing: GrowingFile, rows: number = growing.rows): Plan<void> {
  const problem = yield* whatChanged(growing, rows, growing.headerRows);
  if (problem === undefined) return;
  growing.broken = changed(growing.path, problem);
  throw growing.broken;
}

/**
 * What is not as it was left, if anything. The file has data for `rows` rows, or for up to `mostRows()`. That is asked after the size was: other
 * threads may make the file longer in between.
 */
export function* whatChanged(
  growing: GrowingFile,
  rows: number,
  headerRows: number,
  mostRows?: () => Plan<number>,
): Plan<string | undefined> {
  const start = performance.now();
  const problem = yield* compare(growing, rows, headerRows, mostRows);
  growing.checkedAt = Date.now();
  growing.checkHolds = Math.min(Math.max(HOLDS, SHARE * (performance.now() - start)), HOLDS_AT_MOST);
  return problem;
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
  const most = growing.endOf(mostRows === undefined ? rows : yield* mostRows());
  if (size < growing.endOf(rows) || size > most) return `it has ${size} bytes where ${most} were left`;
  const header = growing.asFound ?? growing.render(headerRows);
  const bytes = new Uint8Array(header.length);
  yield* read(file, bytes, 0);
  return bytes.every((byte, i) => byte === header[i]) ? undefined : "its header was rewritten";
}

export function changed(path: string | undefined, problem?: string): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    `The file is not as it was left${problem === undefined ? "" : `: ${problem}`}. Another program writes to it, so nothing more is ` +
      "appended. Close it, make sure that nothing else writes to the file, check what it holds, and open it again.",
    { path },
  );
}
