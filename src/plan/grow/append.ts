/** Appends rows to a file that has one writer. */
import { type Plan, sync } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import type { Rows } from "./growth.ts";
import { countRows } from "./rewrite-header.ts";
import { rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";
import { writeBlocks } from "./write-blocks.ts";

/**
 * Writes rows after the committed ones, then (if `rewriteHeader`) the header that counts them. A reader never sees rows that are not there: until
 * the header is written, it sees the file as it was. If a step fails, the rows are undone.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to the file. Nothing is written then.
 */
export function* append(growing: GrowingFile, added: Rows, rewriteHeader: boolean): Plan<void> {
  const { file } = growing;
  const rows = growing.rows + added.rows;
  growing.checkLength(rows);
  if (growing.isCheckDue()) yield* checkUnchanged(growing);
  const position = growing.endOf(growing.rows);
  const end = growing.endOf(rows);
  try {
    if (added.copyTo !== undefined) yield* added.copyTo(file, position);
    else yield* writeBlocks(file, added.blocks, position, end);
    if (end > position && growing.durability !== "os") yield* sync(file);
  } catch (error) {
    return yield* rollBack(growing, false, error);
  }
  if (rewriteHeader && rows !== growing.headerRows) return yield* countRows(growing, rows, end - position);
  growing.rows = rows;
}
