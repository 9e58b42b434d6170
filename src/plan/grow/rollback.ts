/** Undoes writes that failed. */
import { NpyError } from "../../errors.ts";
import { type Plan, truncate, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/**
 * Puts the file back to its committed rows, and throws `cause`. The header goes first, so that it never counts rows that are cut off. A file that
 * somebody else changed is left alone.
 */
export function* rollBack(growing: GrowingFile, isHeaderTouched: boolean, cause: unknown): Plan<never> {
  if (growing.broken === undefined) {
    try {
      if (isHeaderTouched) yield* write(growing.file, growing.render(growing.headerRows), 0);
      yield* truncate(growing.file, growing.endOf(growing.rows));
    } catch (error) {
      growing.broken = notUndone(growing.path, error, cause);
    }
  }
  throw cause;
}

/** Why nothing more can be appended. `second` is what undoing the write failed with. A thread may know neither that nor the `cause`. */
export function notUndone(path: string | undefined, second?: unknown, cause: unknown = second): NpyError {
  return new NpyError(
    "ERR_NPY_BROKEN",
    `A write failed${because(cause)} and could not be undone${because(second)}. The file may need recovery: close every object ` +
      "that appends to it, and call recover.",
    { path, ...(cause === undefined ? {} : { cause }) },
  );
}

function because(error: unknown): string {
  return error === undefined ? "" : ` (${error instanceof Error ? error.message : error})`;
}
