/** Undoes writes that failed. */
import { NpyError } from "../../errors.ts";
import { type Plan, truncate, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/**
 * Restores the committed rows, and throws `cause`. The header goes first, so that it never counts rows that are cut off. A file that another
 * program changed is left alone.
 */
export function* rollBack(growing: GrowingFile, isHeaderTouched: boolean, cause: unknown): Plan<never> {
  if (growing.broken === undefined) {
    try {
      if (isHeaderTouched) yield* write(growing.file, growing.render(growing.headerRows), 0);
      yield* truncate(growing.file, growing.endOf(growing.rows));
    } catch (error) {
      growing.broken = notUndone(error, cause);
    }
  }
  throw cause;
}

/** The error for a write that could not be undone, because of `second`. Threads other than the one that wrote know neither error. */
export function notUndone(second?: unknown, cause: unknown = second): NpyError {
  return new NpyError(
    "ERR_NPY_BROKEN",
    `A write failed${because(cause)} and could not be undone${because(second)}. The file may need recovery: close every object ` +
      "that appends to it, and call recover.",
    cause === undefined ? {} : { cause },
  );
}

function because(error: unknown): string {
  return error === undefined ? "" : ` (${error instanceof Error ? error.message : error})`;
}
