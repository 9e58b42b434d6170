/** What `appendFrom` of groups takes: rows of all arrays, or single rows. */
import { NpyError } from "../errors.ts";
import { hasMethod, isPlainObject } from "../input/properties.ts";
import { abortSignal, checkOptions, optionError } from "../options.ts";
import { isReader, isReaderSync } from "../reader/open-readers.ts";
import type { RowChecking } from "../writer/each-row.ts";
import { checkIterable } from "../writer/raw-rows.ts";
import { type Each, eachOf } from "../writer/streams.ts";
import type { CheckedRows } from "./group-batch.ts";
import { GroupReader } from "./group-reader.ts";
import type { GroupWriter } from "./group-writer.ts";

/**
 * Checks the arguments of `appendFrom`.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkGroupSource(source: unknown, options: object, isSync: boolean): { each: Each; signal?: AbortSignal } {
  if (isReader(source as object) || isReaderSync(source as object)) {
    throw optionError("a reader has the rows of one array: append what it reads as that array, beside the rows of the others");
  }
  if (source instanceof GroupReader) throw optionError("pass the chunks of the reader: appendFrom(reader.chunks())");
  checkIterable(source, isSync);
  if ((options as { readonly raw?: unknown }).raw === true) {
    throw optionError("raw: true takes the bytes of one array: open that file with NpyAppendArray, or leave raw out");
  }
  const checked = checkOptions<{ each: Each; signal?: AbortSignal }>(
    options,
    isSync ? { each: eachOf } : { each: eachOf, signal: abortSignal },
  );
  // Iterating a table gives its rows.
  if (checked.each !== "row" && "schema" in (source as object) && hasMethod(source as object, "getChildAt")) {
    throw optionError("a table is one input: pass it to append, or its batches to appendFrom");
  }
  return checked;
}

/** An error of rows of all arrays, with a hint if they are one row. */
export function hintingAtGroupRows(error: unknown, input: unknown, writer: GroupWriter): unknown {
  if (!(error instanceof NpyError) || typeof input !== "object" || input === null || !isPlainObject(input)) return error;
  try {
    writer.checkRow(input, 0);
  } catch {
    return error;
  }
  return new NpyError(error.code, `${error.reason} If each item is one row, pass { each: "row" }.`, error);
}

/** Rows of a group, and the bytes of all their arrays. */
export interface SizedGroupRows extends CheckedRows {
  readonly byteLength: number;
}

/** Checks rows of a group one by one. */
export class GroupRowChecker implements RowChecking {
  rows = 0;
  readonly isWaiting: boolean = false;
  readonly #check: (row: unknown, number: number) => CheckedRows;
  readonly #emit: (rows: SizedGroupRows) => void;

  /** `check` takes a row and its number. */
  constructor(check: (row: unknown, number: number) => CheckedRows, emit: (rows: SizedGroupRows) => void) {
    this.#check = check;
    this.#emit = emit;
  }

  check(row: unknown): void {
    const { rows, columns } = this.#check(row, this.rows);
    let byteLength = 0;
    for (const column of columns) byteLength += "ends" in column ? column.values.byteLength : column.byteLength;
    this.rows++;
    this.#emit({ rows, columns, byteLength });
  }

  finish(): void {
    // No row was gathered.
  }
}
