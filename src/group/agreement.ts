/** Whether the files of a group agree on how many rows there are, and what makes them agree. */

import { within } from "../errors.ts";
import { counted } from "../format/counted.ts";
import { endOf, type HeldRows, isExactly } from "../plan/rewrite/recount.ts";
import type { Plan } from "../plan/step.ts";
import type { GroupFile } from "./columns.ts";
import { checkOffsets, notOffsets, offsetAt, rowsWithin } from "./offsets.ts";

/** A file of a group, and what a look at it found: nothing if it is missing or empty. */
export interface FoundFile {
  readonly file: GroupFile;
  readonly held: HeldRows | undefined;
}

export interface Agreement {
  /** The rows that every file counts. */
  readonly counted: number;
  /** The rows that the group has once the files agree. */
  readonly rows: number;
  /** The rows that each file has then, as its header counts them: elements and offsets are more. */
  readonly targets: readonly number[];
  /** Whether the files agree already. */
  readonly isWhole: boolean;
  /** Why rows that a header counts have to be cut off. */
  readonly problem: string | undefined;
  /** A file that is missing, although others hold rows. */
  readonly missing: GroupFile | undefined;
  /** A file that is whole in itself, and would make others lose rows: it may be no part of the group. */
  readonly stray: GroupFile | undefined;
}

/** Offsets are one more than the rows. The file of a group whose creation was interrupted may have none. */
function rowsOf({ role }: GroupFile, count: number): number {
  return role === "offsets" ? Math.max(0, count - 1) : count;
}

/**
 * Compares the files. Rows that any header counts are in all files, unless more happened than that an append was interrupted: then the group has the
 * rows that every file holds, and there is a problem.
 *
 * @throws NpyError `ERR_NPY_DTYPE`, `ERR_NPY_SHAPE` or `ERR_NPY_VALUE` for offsets that are none.
 */
export function* agreementOf(found: readonly FoundFile[]): Plan<Agreement> {
  const there = found.flatMap(({ file, held }) => (held === undefined ? [] : [{ file, held }]));
  const counting = there.filter(({ file }) => file.role !== "values");
  const counts = counting.map(({ file, held }) => rowsOf(file, held.counted));
  const most = Math.max(0, ...counts);
  const richest = counting[counts.indexOf(most)]?.file.name;
  let rows = most;
  let problem: string | undefined;
  let stray: GroupFile | undefined;
  for (const { file, held } of counting) {
    const whole = rowsOf(file, held.whole);
    if (whole >= most) continue;
    problem ??= `${file.name} holds ${counted(whole, "row")}, and ${richest} counts ${most}`;
    if (isExactly(held, held.counted)) stray ??= file;
    rows = Math.min(rows, whole);
  }
  const pairs = raggedPairs(found);
  for (const { file, values, offsets } of pairs) {
    yield* checkFirst(offsets, file);
    const end = yield* endOfRows(offsets, rows);
    if (end >= 0 && end <= values.whole) continue;
    problem ??= `${file.name} holds ${counted(values.whole, "element")}, and its offsets say ${end}`;
    if (isExactly(values, values.counted)) stray ??= file;
    rows = yield* rowsWithin(offsets, rows, values.whole);
  }
  const ends = new Map<GroupFile, number>();
  for (const { file, offsets } of pairs) ends.set(file, yield* endOfRows(offsets, rows));
  const targets = found.map(({ file }) =>
    file.role === "values" ? (ends.get(file) ?? 0) : file.role === "offsets" ? rows + 1 : rows,
  );
  return {
    counted: counts.length === found.length - pairs.length ? Math.min(...counts) : 0,
    rows,
    targets,
    isWhole: found.every(({ held }, i) => held !== undefined && isExactly(held, targets[i] as number)),
    problem,
    missing: there.every(isBlank) ? undefined : found.find(({ held }) => held === undefined)?.file,
    stray,
  };
}

/** Whether a file has only what creating it writes. */
function isBlank({ file, held }: { readonly file: GroupFile; readonly held: HeldRows }): boolean {
  return held.size <= endOf(held, file.role === "offsets" ? 1 : 0);
}

interface RaggedPair {
  /** Of the elements. */
  readonly file: GroupFile;
  readonly values: HeldRows;
  readonly offsets: HeldRows;
}

function raggedPairs(found: readonly FoundFile[]): RaggedPair[] {
  return found.flatMap(({ file, held: values }) => {
    if (file.role !== "values" || values === undefined) return [];
    const offsets = found.find((other) => other.file.role === "offsets" && other.file.column === file.column)?.held;
    return offsets === undefined ? [] : [{ file, values, offsets }];
  });
}

function* checkFirst(offsets: HeldRows, { column }: GroupFile): Plan<void> {
  try {
    checkOffsets(offsets.header);
    if (offsets.whole > 0 && (yield* offsetAt(offsets, 0)) !== 0) throw notOffsets(0);
  } catch (error) {
    throw within(error, { field: column.name });
  }
}

/** Where the elements of the first `rows` rows end. */
function* endOfRows(offsets: HeldRows, rows: number): Plan<number> {
  return rows === 0 ? 0 : yield* offsetAt(offsets, rows);
}
