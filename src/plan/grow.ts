/** An array that grows: the plans of creating a file, appending rows and rewriting the header. */
import { NpyError } from "../errors.ts";
import { formatHeader, growingHeader, type NpyHeader, parseHeader } from "../format/header.ts";
import { type ArrayLayout, bytesPerRow, rowCount, rowShape } from "../format/layout.ts";
import { hasCode, type Storage, type StorageFile } from "../storage/storage.ts";
import { close, create, createTemporary, discard, open, type Plan, quietly, size, sync, truncate, write } from "./step.ts";

/**
 * When rows are safe. `"os"`: they are with the operating system, and survive the process; `"data"`: they survive a power cut,
 * after `recover`; `"full"`: they survive a power cut as they are.
 */
export type Durability = "os" | "data" | "full";

/** A file that rows are appended to, and what is known of it. */
export interface GrowingFile {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  readonly rowShape: readonly number[];
  readonly bytesPerRow: number;
  /** Renders the header for a number of rows. */
  readonly render: (rows: number) => Uint8Array;
  /** The rows whose data are in the file. */
  rows: number;
  /** The rows that the file's header says. */
  headerRows: number;
  /** Why nothing more can be done, after a failed write that could not be taken back. */
  broken: NpyError | undefined;
}

/** Rows that belong together: all of them are written, or none. */
export interface Rows {
  readonly rows: number;
  /** Their bytes as the file holds them. */
  readonly blocks: Iterable<Uint8Array>;
}

/** What is known of a file when it is opened. */
export function growingFile(file: StorageFile, header: NpyHeader): GrowingFile {
  const rows = rowCount(header);
  return {
    file,
    header,
    rowShape: rowShape(header),
    bytesPerRow: bytesPerRow(header),
    render: growingHeader(header),
    rows,
    headerRows: rows,
    broken: undefined,
  };
}

/** Where the data of `rows` rows end. */
function endOf(growing: GrowingFile, rows: number): number {
  return growing.header.headerLength + rows * growing.bytesPerRow;
}

/**
 * Creates a file that holds a header with 0 rows. A file that is there already is an error, unless it is empty.
 *
 * @throws NpyError `ERR_NPY_CHANGED` if a file appeared meanwhile.
 */
export function* createFile(storage: Storage, layout: ArrayLayout, durability: Durability): Plan<GrowingFile> {
  let file: StorageFile;
  let isOurs = true;
  try {
    file = yield* create(storage);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
    file = yield* openEmpty(storage);
    isOurs = false;
  }
  try {
    return yield* writeFirstHeader(file, layout, durability);
  } catch (error) {
    if (isOurs) yield* discard(storage, file);
    else yield* emptyAgain(file);
    throw error;
  }
}

/** The same beside the file that is there, which stands until `replace`. */
export function* createReplacement(storage: Storage, layout: ArrayLayout, durability: Durability): Plan<GrowingFile> {
  const file = yield* createTemporary(storage);
  try {
    return yield* writeFirstHeader(file, layout, durability);
  } catch (error) {
    yield* discard(storage, file);
    throw error;
  }
}

function* openEmpty(storage: Storage): Plan<StorageFile> {
  const file = yield* open(storage, "r+");
  try {
    if ((yield* size(file)) === 0) return file;
    throw new NpyError(
      "ERR_NPY_CHANGED",
      "A file appeared since this one was opened, and is not overwritten: open it again to append to it, or with deleteIfExists.",
      { path: storage.path },
    );
  } catch (error) {
    yield* quietly(close(file));
    throw error;
  }
}

function* emptyAgain(file: StorageFile): Plan<void> {
  yield* quietly(truncate(file, 0));
  yield* quietly(close(file));
}

function* writeFirstHeader(file: StorageFile, layout: ArrayLayout, durability: Durability): Plan<GrowingFile> {
  const bytes = formatHeader(layout);
  yield* write(file, bytes, 0);
  if (durability !== "os") yield* sync(file);
  return growingFile(file, parseHeader(bytes, { maxHeaderSize: bytes.length }));
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
 */
export function* append(growing: GrowingFile, added: Rows, rewriteHeader: boolean, durability: Durability): Plan<void> {
  const { file } = growing;
  const rows = growing.rows + added.rows;
  const isNewData = growing.bytesPerRow > 0 && added.rows > 0;
  const end = endOf(growing, rows);
  if (end > Number.MAX_SAFE_INTEGER) throw tooLong(rows);
  let headerTouched = false;
  try {
    let position = endOf(growing, growing.rows);
    for (const block of added.blocks) {
      yield { op: "write", file, bytes: block, position };
      position += block.length;
    }
    checkWritten(position, end);
    if (isNewData && durability !== "os") yield { op: "sync", file };
    if (rewriteHeader && rows !== growing.headerRows) {
      headerTouched = true;
      yield { op: "write", file, bytes: growing.render(rows), position: 0 };
      if (durability === "full") yield { op: "sync", file };
    }
  } catch (error) {
    yield* rollBack(growing, headerTouched, error);
    throw error;
  }
  growing.rows = rows;
  if (rewriteHeader) growing.headerRows = rows;
}

/** Puts the file back to its committed rows: the header first, so that it never counts rows that are cut off. */
function* rollBack(growing: GrowingFile, headerTouched: boolean, cause: unknown): Plan<void> {
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

/**
 * Blocks are read from the caller's memory when their turn comes, and that may have become less: an ArrayBuffer can be resized.
 *
 * @throws NpyError `ERR_NPY_SHAPE`, before a header counts rows that are not there.
 */
export function checkWritten(position: number, end: number): void {
  if (position === end) return;
  throw new NpyError(
    "ERR_NPY_SHAPE",
    `The data became ${end - position} bytes shorter before they were written: do not resize their buffer before the promise resolves.`,
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tooLong(rows: number): NpyError {
  return new NpyError("ERR_NPY_SHAPE", `${rows} rows would end beyond byte 2^53 of the file: start another one.`);
}

/** Writes the header for the rows that are in the file, with the syncs that `durability` asks for. */
export function* updateHeader(growing: GrowingFile, durability: Durability): Plan<void> {
  if (growing.headerRows === growing.rows) return;
  if (durability !== "os") yield* sync(growing.file);
  try {
    yield* write(growing.file, growing.render(growing.rows), 0);
  } catch (error) {
    yield* rollBack(growing, true, error);
    throw error;
  }
  if (durability === "full") yield* sync(growing.file);
  growing.headerRows = growing.rows;
}
