/** Makes the header count the rows that are in the file. */
import { type Plan, sync, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import { rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";

/** Commits `rows` rows, of which the last `bytes` bytes have just been written. If that fails, they are undone. */
export function* countRows(growing: GrowingFile, rows: number, bytes: number): Plan<void> {
  const { file, durability } = growing;
  let isHeaderTouched = false;
  try {
    if (growing.isCheckDueAfter(bytes)) yield* checkUnchanged(growing, rows);
    isHeaderTouched = true;
    growing.asFound = undefined;
    const header = growing.render(rows);
    // Stored in mapped memory, a header could not be synced.
    if (durability !== "os" || !growing.mapped?.store(header)) yield* write(file, header, 0);
    if (durability === "full") yield* sync(file);
  } catch (error) {
    return yield* rollBack(growing, isHeaderTouched, error);
  }
  growing.rows = rows;
  growing.headerRows = rows;
}

/**
 * Writes the header, if it does not count all rows yet, with the syncs that the durability asks for.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to the file, also if the header need not be written.
 */
export function* updateHeader(growing: GrowingFile): Plan<void> {
  const { file, rows, durability } = growing;
  const isNeeded = growing.headerRows !== rows || !growing.isHeaderSafe;
  if (isNeeded && durability !== "os") yield* sync(file);
  yield* checkUnchanged(growing);
  if (!isNeeded) return;
  growing.asFound = undefined;
  try {
    yield* write(file, growing.render(rows), 0);
  } catch (error) {
    return yield* rollBack(growing, true, error);
  }
  growing.headerRows = rows;
  growing.isHeaderSafe = durability !== "full";
  if (durability === "full") yield* sync(file);
  growing.isHeaderSafe = true;
}
