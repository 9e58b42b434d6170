/** Replaces rows that are in the file. */
import type { Plan } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeRows } from "./write-blocks.ts";

/**
 * Writes rows over those from row `start` on. Nothing else is touched, so that whatever interrupts it can only leave some of these rows new and
 * the others as they were.
 */
export function* overwriteRows(growing: GrowingFile, start: number, rows: Rows): Plan<void> {
  if (growing.isCheckDue()) yield* checkUnchanged(growing);
  yield* writeRows(growing, rows, start);
}
