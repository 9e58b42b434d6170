/** Cuts rows off the end of a file. */
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, publish, quietly, size, sync, truncate, write } from "../step.ts";
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
  if (rows === growing.rows) {
    // An earlier cut may not have been synced.
    if (durability !== "os") yield* publishSynced(file);
    return;
  }
  // Never more than before: rows that the header does not count yet may not be safe.
  const counted = Math.min(rows, growing.headerRows);
  yield* countFewer(growing, counted);
  const end = growing.endOf(rows);
  if (end < growing.endOf(growing.rows)) yield* cutTo(growing, end, counted);
  growing.rows = rows;
  growing.headerRows = counted;
  if (durability !== "os") yield* publishSynced(file);
}

function* publishSynced(file: StorageFile): Plan<void> {
  yield* sync(file);
  yield* publish(file);
}

function* countFewer(growing: GrowingFile, counted: number): Plan<void> {
  const { file } = growing;
  try {
    if (counted < growing.headerRows) {
      growing.asFound = undefined;
      yield* write(file, growing.render(counted), 0);
    }
    yield* sync(file);
    // The sync may have taken long. What another program appended meanwhile must not be cut off.
    if (growing.isCheckDue()) yield* checkUnchanged(growing, growing.rows, counted);
  } catch (error) {
    yield* countAgain(growing, counted, error);
  }
}

function* cutTo(growing: GrowingFile, end: number, counted: number): Plan<void> {
  const { file } = growing;
  try {
    yield* truncate(file, end);
  } catch (error) {
    let found: number;
    try {
      found = yield* size(file);
    } catch (second) {
      growing.broken = notUndone(second, error);
      throw error;
    }
    if (found === end) return;
    if (found < growing.endOf(growing.rows)) {
      growing.broken = notUndone(undefined, error);
      throw error;
    }
    yield* countAgain(growing, counted, error);
  }
}

/** Restores the header, and throws `cause`. With durability `"full"`, its rows must survive a power cut again. */
function* countAgain(growing: GrowingFile, counted: number, cause: unknown): Plan<never> {
  const isHeaderTouched = counted < growing.headerRows;
  try {
    return yield* rollBack(growing, isHeaderTouched, cause);
  } finally {
    if (isHeaderTouched && growing.durability === "full" && growing.broken === undefined) {
      growing.isHeaderSafe = false;
      yield* quietly(makeHeaderSafe(growing));
    }
  }
}

function* makeHeaderSafe(growing: GrowingFile): Plan<void> {
  yield* sync(growing.file);
  growing.isHeaderSafe = true;
}
