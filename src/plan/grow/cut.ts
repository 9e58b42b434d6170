/** Cuts rows off the end of a file. */
import { type Plan, size, sync, truncate, write } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";
import { notUndone, rollBack } from "./rollback.ts";
import { checkUnchanged } from "./unchanged.ts";

/**
 * Keeps the first `rows` rows. The header goes first, and is synced whatever the durability: it never counts rows that are not there. Interrupted
 * in between, the file holds rows that are not counted, as after an interrupted append. If the cut fails, the old header comes back.
 */
export function* cutRows(growing: GrowingFile, rows: number): Plan<void> {
  const { file, durability } = growing;
  yield* checkUnchanged(growing);
  if (rows === growing.rows) return;
  yield* countFewer(growing, rows);
  const end = growing.endOf(rows);
  if (end < growing.endOf(growing.rows)) yield* cutTo(growing, end);
  growing.rows = rows;
  growing.headerRows = rows;
  if (durability !== "os") yield* sync(file);
}

function* countFewer(growing: GrowingFile, rows: number): Plan<void> {
  const { file } = growing;
  try {
    growing.asFound = undefined;
    yield* write(file, growing.render(rows), 0);
    yield* sync(file);
  } catch (error) {
    yield* rollBack(growing, true, error);
  }
}

function* cutTo(growing: GrowingFile, end: number): Plan<void> {
  const { file } = growing;
  try {
    yield* truncate(file, end);
  } catch (error) {
    let isCut: boolean;
    try {
      isCut = (yield* size(file)) === end;
    } catch (second) {
      growing.broken = notUndone(second, error);
      throw error;
    }
    if (!isCut) yield* rollBack(growing, true, error);
  }
}
