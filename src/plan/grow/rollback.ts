/** Undoes writes that failed. */
import { NpyError } from "../../errors.ts";
import { type Plan, read, size, truncate, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/**
 * Restores the committed rows, and throws `cause`. The header goes first, so that it never counts rows that are cut off. A file that another
 * program changed is left alone, and so is what the failed write did not change: on a full disk, touching it can need space.
 */
export function* rollBack(growing: GrowingFile, isHeaderTouched: boolean, cause: unknown): Plan<never> {
  if (growing.broken === undefined) {
    try {
      if (isHeaderTouched) yield* restoreHeader(growing);
      yield* cutUncounted(growing);
    } catch (error) {
      growing.broken = notUndone(error, cause);
    }
  }
  throw cause;
}

/** Cuts off what is after the committed rows. */
export function* cutUncounted(growing: GrowingFile): Plan<void> {
  const end = growing.endOf(growing.rows);
  if ((yield* size(growing.file)) > end) yield* truncate(growing.file, end);
  growing.reservedEnd = 0;
}

/** Writes the header of the committed rows, unless it is there. */
export function* restoreHeader({ file, headerRows, render }: GrowingFile): Plan<void> {
  const header = render(headerRows);
  const found = new Uint8Array(header.length);
  yield* read(file, found, 0);
  if (found.some((byte, i) => byte !== header[i])) yield* write(file, header, 0);
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
