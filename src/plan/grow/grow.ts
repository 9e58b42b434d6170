/** An array that grows: the plans of creating a file, appending rows and rewriting the header. */

import { NpyError } from "../../errors.ts";
import { formatHeader, parseHeader } from "../../format/header.ts";
import type { ArrayLayout } from "../../format/layout.ts";
import type { Blocks } from "../../memory/blocks.ts";
import { hasCode, type Storage, type StorageFile } from "../../storage/storage.ts";
import { close, create, createTemporary, discard, open, type Plan, quietly, size, sync, truncate, write } from "../step.ts";
import { endOf, type GrowingFile, growingFile } from "./growing-file.ts";
import { checkUnchanged, isDue } from "./unchanged.ts";
import { writeBlocks } from "./write-blocks.ts";

/** What is written in so many bytes takes less time than a check holds. */
export const SHORT_WRITE: number = 2 ** 16;

/**
 * When rows are safe. `"os"`: they are with the operating system, and survive the process; `"data"`: they survive a power cut,
 * after `recover`; `"full"`: they survive a power cut as they are.
 */
export type Durability = "os" | "data" | "full";

/** Rows that belong together: all of them are written, or none. */
export interface Rows {
  readonly rows: number;
  /** Their bytes as the file holds them. */
  readonly blocks: Blocks;
  /** The same, if it is one block that is in memory already. */
  readonly onlyBlock?: Uint8Array | undefined;
  /** For rows that are not in memory: puts them there, instead of `blocks`. */
  readonly copyTo?: (file: StorageFile, position: number) => Plan<void>;
}

/**
 * Creates a file that holds a header with 0 rows. A file that is there already is an error, unless it is empty. Before anything is
 * written, `take` keeps other writers away.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a file appeared meanwhile.
 */
export function* createFile(
  storage: Storage,
  layout: ArrayLayout,
  durability: Durability,
  take: (file: StorageFile) => Plan<void>,
): Plan<GrowingFile> {
  const { file, isOurs } = yield* createOrOpen(storage);
  try {
    yield* take(file);
    if ((yield* size(file)) > 0) throw appeared(storage.path);
  } catch (error) {
    // Not removed: who was faster may write to it already.
    yield* quietly(close(file));
    throw error;
  }
  try {
    return yield* writeFirstHeader(file, layout, durability, storage.path);
  } catch (error) {
    if (isOurs) yield* discard(storage, file);
    else yield* emptyAgain(file);
    throw error;
  }
}

/** How often creating is tried again when what was in its way is gone, or is a link that leads to nothing. */
const TRIES = 10;

function* createOrOpen(storage: Storage): Plan<{ readonly file: StorageFile; readonly isOurs: boolean }> {
  for (let tries = 1; ; tries++) {
    try {
      return { file: yield* create(storage), isOurs: true };
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    try {
      return { file: yield* open(storage, "r+"), isOurs: false };
    } catch (error) {
      if (!hasCode(error, "ENOENT") || tries === TRIES) throw error;
    }
  }
}

/** The same beside the file that is there, which stands until `replace`. */
export function* createReplacement(storage: Storage, layout: ArrayLayout, durability: Durability): Plan<GrowingFile> {
  const file = yield* createTemporary(storage);
  try {
    return yield* writeFirstHeader(file, layout, durability, storage.path);
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
}

function appeared(path: string | undefined): NpyError {
  return new NpyError(
    "ERR_NPY_CHANGED",
    `${path ?? "A file"} appeared since this object was opened, and is not overwritten: open it again to append to it, or with deleteIfExists.`,
    { path },
  );
}

function* emptyAgain(file: StorageFile): Plan<void> {
  yield* quietly(truncate(file, 0));
  yield* quietly(close(file));
}

function* writeFirstHeader(
  file: StorageFile,
  layout: ArrayLayout,
  durability: Durability,
  path: string | undefined,
): Plan<GrowingFile> {
  const bytes = formatHeader(layout);
  yield* write(file, bytes, 0);
  if (durability !== "os") yield* sync(file);
  return growingFile(file, parseHeader(bytes, { maxHeaderSize: bytes.length }), path);
}

/** Makes the new name of a replacement safe. If that fails its rows are taken back; the old file is gone then. */
export function* syncReplacement(growing: GrowingFile): Plan<void> {
  try {
    yield* sync(growing.file);
  } catch (error) {
    growing.rows = 0;
    growing.headerRows = 0;
    yield* rollBack(growing, true, error);
    throw error;
  }
}

/**
 * Writes rows after the committed ones, then (if `rewriteHeader`) the header that counts them: a reader never sees rows that are not
 * there, and until the header is written the file stays as it was for it. If a step fails, everything is taken back.
 *
 * A few rows, or with `isBlocking` any, are written at once where no check is due: a plan costs as much as a few rows do. `undefined`: they
 * are there.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to the file: then nothing is.
 */
export function append(
  growing: GrowingFile,
  added: Rows,
  rewriteHeader: boolean,
  durability: Durability,
  isBlocking: boolean,
): Plan<void> | undefined {
  const { file } = growing;
  const position = endOf(growing, growing.rows);
  const rows = growing.rows + added.rows;
  const block = durability === "os" && !isDue(growing) ? added.onlyBlock : undefined;
  if (
    block === undefined ||
    (block.length > (file.writesAtOnce ?? 0) && !isBlocking) ||
    position + block.length !== endOf(growing, rows) ||
    position + block.length > Number.MAX_SAFE_INTEGER
  ) {
    return appending(growing, added, rewriteHeader, durability);
  }
  let headerTouched = false;
  try {
    file.writeSync(block, position);
    if (rewriteHeader && rows !== growing.headerRows) {
      if (block.length > SHORT_WRITE && isDue(growing)) return counting(growing, rows, true, durability);
      headerTouched = true;
      growing.asFound = undefined;
      const header = growing.render(rows);
      if (!isStored(growing, header)) file.writeSync(header, 0);
    }
  } catch (error) {
    return failing(growing, headerTouched, error);
  }
  growing.rows = rows;
  if (rewriteHeader) growing.headerRows = rows;
  return undefined;
}

function* failing(growing: GrowingFile, headerTouched: boolean, error: unknown): Plan<void> {
  yield* rollBack(growing, headerTouched, error);
  throw error;
}

/** The steps of {@link append}. */
export function* appending(growing: GrowingFile, added: Rows, rewriteHeader: boolean, durability: Durability): Plan<void> {
  const { file } = growing;
  const rows = growing.rows + added.rows;
  const isNewData = growing.bytesPerRow > 0 && added.rows > 0;
  const end = endOf(growing, rows);
  checkLength(growing, rows);
  if (isDue(growing)) yield* checkUnchanged(growing);
  const position = endOf(growing, growing.rows);
  try {
    if (added.copyTo !== undefined) yield* added.copyTo(file, position);
    else yield* writeBlocks(file, added.blocks, position, end);
    if (isNewData && durability !== "os") yield* sync(file);
  } catch (error) {
    yield* rollBack(growing, false, error);
    throw error;
  }
  const isLong = durability !== "os" || end - position > SHORT_WRITE;
  if (rewriteHeader && rows !== growing.headerRows) return yield* counting(growing, rows, isLong, durability);
  growing.rows = rows;
}

/** Makes the header count `rows`, which are in the file. They take so long, if `isLong`, that another program may have written to it meanwhile. */
function* counting(growing: GrowingFile, rows: number, isLong: boolean, durability: Durability): Plan<void> {
  const { file } = growing;
  let headerTouched = false;
  try {
    if (isLong && isDue(growing)) yield* checkUnchanged(growing, rows);
    headerTouched = true;
    growing.asFound = undefined;
    const header = growing.render(rows);
    if (durability !== "os" || !isStored(growing, header)) yield* write(file, header, 0);
    if (durability === "full") yield* sync(file);
  } catch (error) {
    yield* rollBack(growing, headerTouched, error);
    throw error;
  }
  growing.rows = rows;
  growing.headerRows = rows;
}

/** Whether a header, of a file that has the rows that it counts, need not be written. */
function isStored({ mapped }: GrowingFile, header: Uint8Array): boolean {
  return mapped?.store(header) ?? false;
}

/**
 * Puts the file back to its committed rows: the header first, so that it never counts rows that are cut off. A file that somebody else
 * changed is left alone.
 */
function* rollBack(growing: GrowingFile, headerTouched: boolean, cause: unknown): Plan<void> {
  if (growing.broken !== undefined) return;
  try {
    if (headerTouched) yield* write(growing.file, growing.render(growing.headerRows), 0);
    yield* truncate(growing.file, endOf(growing, growing.rows));
  } catch (error) {
    growing.broken = new NpyError(
      "ERR_NPY_BROKEN",
      `A write failed (${messageOf(cause)}) and could not be taken back (${messageOf(error)}). The file may need recovery: ` +
        "close this object, and call recover on the file.",
      { cause },
    );
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Refuses rows that cannot be counted exactly, or whose places cannot: rows without bytes may be as many as there are numbers.
 *
 * @throws NpyError `ERR_NPY_SHAPE`.
 */
export function checkLength(growing: GrowingFile, rows: number): void {
  if (Math.max(rows, endOf(growing, rows)) <= Number.MAX_SAFE_INTEGER) return;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `${rows} rows would be more than 2^53, or end beyond byte 2^53 of the file: start another one.`,
  );
}

/**
 * Writes the header for the rows that are in the file, with the syncs that `durability` asks for.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to the file, also if the header need not be written.
 */
export function* updateHeader(growing: GrowingFile, durability: Durability): Plan<void> {
  const isNeeded = growing.headerRows !== growing.rows || !growing.isHeaderSafe;
  if (isNeeded && durability !== "os") yield* sync(growing.file);
  yield* checkUnchanged(growing);
  if (!isNeeded) return;
  growing.asFound = undefined;
  try {
    yield* write(growing.file, growing.render(growing.rows), 0);
  } catch (error) {
    yield* rollBack(growing, true, error);
    throw error;
  }
  growing.headerRows = growing.rows;
  growing.isHeaderSafe = durability !== "full";
  if (durability === "full") yield* sync(growing.file);
  growing.isHeaderSafe = true;
}
