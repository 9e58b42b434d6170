/** Rows that come one by one: each is checked and copied as it comes, and many are written together. */
import { COPY_LIMIT, type EncodedRows } from "../encode/encoded-rows.ts";
import { NpyError } from "../errors.ts";
import { passCodePoints } from "../format/code-points.ts";
import { isTypedArray } from "../input/array-bytes.ts";
import { isPlainObject } from "../input/properties.ts";
import { refuseBytes } from "./raw-rows.ts";
import type { Writer } from "./writer.ts";

/** Bytes that are written at a time. */
const AT_ONCE = 2 ** 18;

/** What a row counts for at least: it takes time even if it has few bytes. */
const LEAST = 16;

/** Rows that are gathered before they are checked, and the most bytes that those of a known dtype have. */
const GATHERED_ROWS = 1000;
const GATHERED_BYTES = 2 ** 16;

/** Rows whose cost is known. */
export interface SizedRows {
  readonly byteLength: number;
}

/** How much of what is written at a time rows take. */
export function costOf({ byteLength }: SizedRows): number {
  return Math.max(byteLength, LEAST);
}

/** Whether rows are to be written: there are enough of them, or the last ones are large, and lie in the memory of the source. */
export function isEnough(last: SizedRows, cost: number): boolean {
  return cost >= AT_ONCE || last.byteLength > COPY_LIMIT;
}

/** Checks rows one by one, and passes them on. */
export interface RowChecking {
  /** Rows that passed all checks. */
  readonly rows: number;
  /** Whether rows were gathered, which `finish` would check. */
  readonly isWaiting: boolean;
  /** @throws NpyError as `append` does, with the number of the row. */
  check(row: unknown): void;
  finish(): void;
}

/** Where checked rows go, and how checks are called: a row may have getters. */
export interface RowSink {
  emit(rows: EncodedRows): void;
  guard(check: () => EncodedRows): EncodedRows;
}

/**
 * Checks rows, and counts them. Records are gathered, since many of them take much less time than each alone; so are texts that decide the dtype of a
 * new file, which is as long as the longest of them.
 */
export class RowChecker implements RowChecking {
  rows = 0;
  readonly #writer: Writer;
  readonly #fromStream: boolean;
  readonly #sink: RowSink;
  #gathered: unknown[] = [];

  constructor(writer: Writer, fromStream: boolean, sink: RowSink) {
    this.#writer = writer;
    this.#fromStream = fromStream;
    this.#sink = sink;
  }

  get isWaiting(): boolean {
    return this.#gathered.length > 0;
  }

  check(row: unknown): void {
    const { target } = this.#writer;
    if (isRecord(row) || (target === undefined && hasText(row))) {
      this.#gathered.push(copyOf(row));
      const enough = target === undefined ? GATHERED_ROWS : Math.min(GATHERED_ROWS, GATHERED_BYTES / target.itemsize);
      if (this.#gathered.length >= enough) this.finish();
    } else {
      this.finish();
      this.#checkOne(row);
    }
  }

  /** Checks the rows that were gathered. */
  finish(): void {
    const rows = this.#gathered;
    if (rows.length === 0) return;
    this.#gathered = [];
    const isNew = this.#writer.target === undefined;
    try {
      this.#emit(() => this.#writer.checkRows(rows));
    } catch (error) {
      // Of a new file's first rows none is written: what is wrong may be the dtype that all of them have.
      if (isNew || !(error instanceof NpyError)) throw error;
      for (const row of rows) this.#checkOne(row);
    }
  }

  #checkOne(row: unknown): void {
    try {
      this.#emit(() => {
        // A text may be a row.
        if (this.#fromStream && typeof row !== "string") refuseBytes(row, this.#writer.target, this.#writer.rowBytes);
        return this.#writer.checkRow(row);
      });
    } catch (error) {
      throw error instanceof NpyError ? this.#numbered(error) : error;
    }
  }

  #emit(check: () => EncodedRows): void {
    const encoded = this.#sink.guard(check);
    this.rows += encoded.rows;
    this.#sink.emit(encoded);
  }

  /** Counts an error's index, in an array of one row, from the first row of all. */
  #numbered(error: NpyError): NpyError {
    // What cannot be an array at all is told by its place in the list.
    const axis = error.row === undefined ? 0 : this.#writer.rowAxis;
    const index = error.index ?? [0];
    return error.within({ index: axis < index.length ? index.with(axis, this.rows) : index, row: this.rows });
  }
}

function isRecord(row: unknown): row is object {
  return (
    typeof row === "object" && row !== null && !Array.isArray(row) && isPlainObject(row) && !("data" in row && "shape" in row)
  );
}

/** Whether a row may have strings, which other rows may have longer. */
function hasText(row: unknown): boolean {
  return Array.isArray(row) ? row.length > 0 && hasText(row[0]) : typeof row === "string";
}

/** A source may use the same memory for every row. */
function copyOf(row: unknown): unknown {
  if (isTypedArray(row)) return (row as Uint8Array).slice();
  if (Array.isArray(row)) {
    const list = row.slice();
    for (let i = 0; i < list.length; i++) copyItem(row, i, list);
    return list;
  }
  if (!isRecord(row)) return row;
  const record = { ...row };
  for (const name of Object.keys(record)) copyItem(row, name, record);
  return record;
}

/** The properties of a list or a record. */
interface Items {
  [key: string | number]: unknown;
}

function copyItem(from: object, key: string | number, to: object): void {
  const item = (to as Items)[key];
  if (typeof item === "object") (to as Items)[key] = copyOf(item);
  else passCodePoints(from, key, to, key);
}

/** An error of an input that is not an array, with a hint if it is one row. */
export function hintingAtRows(error: unknown, input: unknown, writer: Writer): unknown {
  if (!(error instanceof NpyError) || error.code !== "ERR_NPY_SHAPE" || !isRow(input, writer)) return error;
  return new NpyError(error.code, `${error.reason} If each item is one row, pass { each: "row" }.`, error);
}

function isRow(input: unknown, writer: Writer): boolean {
  // Checking a row would settle what rows of a new file are.
  if (writer.dtype === undefined) return typeof input !== "object";
  try {
    return writer.checkRow(input).rows === 1;
  } catch {
    return false;
  }
}

/** How rows are written. */
export interface RowQueue<Rows extends SizedRows> {
  /** Queues rows, to be written with those that follow soon. */
  append(rows: Rows): Promise<void>;
  /** Writes what is queued. */
  flush(): void;
}

/** Appends rows, asynchronously. */
export class RowAppender<Rows extends SizedRows = SizedRows> {
  /** Called if rows cannot be written, or those that were gathered are refused. */
  onFailure: (error: unknown) => void = () => undefined;
  readonly #checker: RowChecking;
  readonly #queue: RowQueue<Rows>;
  #cost = 0;
  /** The last rows that were queued. */
  #last: Promise<void> | undefined;
  /** Settles when the source may go on. */
  #pause: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `checkerOf` makes what checks rows and emits them. */
  constructor(queue: RowQueue<Rows>, checkerOf: (emit: (rows: Rows) => void) => RowChecking) {
    this.#checker = checkerOf((rows) => this.#append(rows));
    this.#queue = queue;
  }

  /** Rows that were appended, once {@link finish} is done. */
  get rows(): number {
    return this.#checker.rows;
  }

  /** Appends a row. If it gives a promise, its source must wait for it. */
  add(row: unknown): Promise<void> | undefined {
    this.#checker.check(row);
    if (this.#checker.isWaiting) this.#timer ??= setTimeout(this.#finishGathered, 0);
    const pause = this.#pause;
    this.#pause = undefined;
    return pause;
  }

  /** Resolves when all rows are in the file. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    this.#checker.finish();
    this.#queue.flush();
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  readonly #finishGathered = (): void => {
    this.#timer = undefined;
    try {
      this.#checker.finish();
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error };
    this.onFailure(error);
  };

  #append(encoded: Rows): void {
    const isFirst = this.#last === undefined;
    const done = this.#queue.append(encoded);
    if (done !== this.#last) {
      this.#last = done;
      done.catch(this.#fail);
    }
    this.#cost += costOf(encoded);
    // Until there is a file, rows are checked in the general way, which takes longer.
    if (!isFirst && !isEnough(encoded, this.#cost)) return;
    this.#cost = 0;
    this.#queue.flush();
    this.#pause = done;
  }
}
