/** Notices that another program wrote to a file that is being grown, before anything of it is overwritten. */
import { NpyError } from "../../errors.ts";
import { currentSize, type Plan, read } from "../step.ts";
import { endOf, type GrowingFile } from "./growing-file.ts";

/**
 * How long a check is taken to hold, in milliseconds: it costs as much as some appends of one row, and would be most of what they cost if
 * each of them did it.
 */
const HOLDS = 1;

/** Where checking takes long, as over a network, it holds so many times what it took, */
const SHARE = 32;

/** up to so many milliseconds: a pause of this process must not pass for a slow check. */
const HOLDS_AT_MOST = 100;

/**
 * Whether the last check was so long ago that there is to be another one before the next write. Asked for each append: of the clocks this
 * is the one that costs nothing, but it may be set back.
 */
export function isDue({ checkedAt, checkHolds }: GrowingFile): boolean {
  const passed = Date.now() - checkedAt;
  return passed >= checkHolds || passed < 0;
}

/**
 * Checks that the file is as we left it, with our data up to `rows` rows.
 *
 * @throws NpyError `ERR_NPY_CHANGED`. Nothing more is written then.
 */
export function* checkUnchanged(growing: GrowingFile, rows: number = growing.rows): Plan<void> {
  const end = endOf(growing, rows);
  const problem = yield* noteCheck(growing, () => whatChanged(growing, growing.headerRows, () => exactly(end)));
  if (problem === undefined) return;
  const { path } = growing;
  growing.broken = new NpyError(
    "ERR_NPY_CHANGED",
    `${path ?? "The file"} is not as this object left it: ${problem}. Another program writes to it, so this object writes nothing more. Close ` +
      "it, make sure that nothing else writes to the file, see what it holds, and open it again.",
    { path },
  );
  throw growing.broken;
}

// biome-ignore lint/correctness/useYield: a plan, as where the sizes have to be asked for
function* exactly(end: number): Plan<readonly [least: number, most: number]> {
  return [end, end];
}

/** Makes a check, and remembers when that was. */
export function* noteCheck(growing: GrowingFile, check: () => Plan<string | undefined>): Plan<string | undefined> {
  const start = performance.now();
  const problem = yield* check();
  growing.checkedAt = Date.now();
  growing.checkHolds = Math.min(Math.max(HOLDS, SHARE * (performance.now() - start)), HOLDS_AT_MOST);
  return problem;
}

/** What is not as it was left. Which sizes are, is asked after the size was: other threads of ours may make the file longer. */
export function* whatChanged(
  growing: GrowingFile,
  headerRows: number,
  allowedSize: () => Plan<readonly [least: number, most: number]>,
): Plan<string | undefined> {
  const { file } = growing;
  const found = yield* currentSize(file);
  if (found === undefined) return "it was deleted, or another file took its place";
  const [least, most] = yield* allowedSize();
  if (found < least || found > most) return `it has ${found} bytes where ${most} were left`;
  const header = growing.asFound ?? growing.render(headerRows);
  const bytes = new Uint8Array(header.length);
  yield* read(file, bytes, 0);
  return bytes.every((byte, i) => byte === header[i]) ? undefined : "its header was rewritten";
}
