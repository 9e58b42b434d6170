/** The options of reading, and their checks. */

import type { CheckedDType, DType } from "../format/dtype.ts";
import {
  abortSignal,
  anyDType,
  type Check,
  checkNames,
  checkOptions,
  flag,
  type HeaderOptions,
  INSPECT_OPTIONS,
  isPositive,
  oneOf,
  optional,
  optionError,
  rowNumber,
} from "../options.ts";
import type { Advice, ReadLimits } from "../storage/storage.ts";

/** How a file is read. */
export interface ReadOptions<D = unknown> extends HeaderOptions, ReadLimits {
  /**
   * The dtype that the file must have (in either byte order); nothing is converted. It tells the compiler what `data` is: `dtype: "float32"` gives a
   * `Float32Array`.
   *
   * @defaultValue that of the file
   * @example dtype: "float32"
   */
  readonly dtype?: CheckedDType<D>;
}

/** How an {@link NpyReader} reads. */
export interface ReaderOptions<D = unknown> extends ReadOptions<D> {
  /**
   * Map the file into memory, as `numpy.load` with `mmap_mode="c"`: `read` and `chunks` return the file's own bytes without a copy. Needs a path, the
   * package koffi, and a system other than Windows.
   *
   * Only pages that are looked at are read from the disk. Other byte orders, float16, strings, and elements that an old header leaves unaligned are
   * converted into copies. Writing to an array does not change the file, but later reads may show it. An array stays valid after `close()`, and is
   * unmapped once it has been collected. Its `buffer` may hold more of the file than the array, and cannot be transferred. The file must not be cut
   * while it is mapped: reading a page that is gone ends the process.
   *
   * @defaultValue `false`
   * @example mmap: true
   */
  readonly mmap?: boolean;
  /**
   * With `mmap`: the order in which you will look at the rows, so that the system reads ahead or does not (`madvise`).
   *
   * @defaultValue the system guesses
   * @example advise: "random"
   */
  readonly advise?: "sequential" | "random";
}

/** Which index of an array changes fastest in `data`: the last one (`"C"`), or the first one (`"F"`). */
export type Order = "C" | "F";

/** How {@link load} reads a file. */
export interface LoadOptions<D = unknown> extends ReadOptions<D> {
  /**
   * The order of `data`, whatever that of the file.
   *
   * Elements are copied only where the two orders differ. An array of one axis is in both: its `fortranOrder` is then `false`, as NumPy writes it.
   *
   * @defaultValue that of the file
   * @example order: "C"
   */
  readonly order?: Order | undefined;
}

export interface CheckedReaderOptions extends ReadLimits {
  readonly dtype: DType | undefined;
  readonly maxHeaderSize: number;
  readonly mmap: boolean;
  readonly advise: Advice | undefined;
}

/** What {@link NpyReader.follow} returns, and for how long. */
export interface FollowOptions {
  /**
   * The first row; negative ones count from the end.
   *
   * @defaultValue the first row that the reader has not seen yet, its `length`
   * @example from: 0
   */
  readonly from?: number;
  /**
   * Ends the iteration.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Rows of a chunk, at most.
   *
   * @defaultValue about 4 MiB of rows, 8 where several requests are under way; at least one
   * @example rows: 1000
   */
  readonly rows?: number;
}

/** Where {@link NpyReader.read} puts the rows, and how it is stopped. */
export interface ReadRowsOptions {
  /**
   * Stops this read, and no other: see {@link ReadLimits}.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(10_000)
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * The typed array to read into instead of a new one, as NumPy's `out`. The result is a view of it.
   *
   * It is of the class that `data` has (for structures a `Uint8Array`), and at least as long. Reading into the same memory again is several times as
   * fast as into new memory, which the system must first provide. With `mmap` the rows are copied. Not for dtypes whose elements are converted:
   * float16 and strings.
   *
   * @defaultValue new memory
   * @example out: new Float64Array(3000)
   */
  readonly out?: ArrayBufferView | undefined;
  /**
   * The order of `data`, whatever that of the file: see {@link LoadOptions}. With `mmap` rows in the other order are copied.
   *
   * @defaultValue that of the file
   * @example order: "C"
   */
  readonly order?: Order | undefined;
}

/** What {@link NpyReader.select} takes of each element, where it puts the result, and how it is stopped. */
export interface SelectOptions<Name extends string = string> extends ReadRowsOptions {
  /**
   * The fields to read, of a structured dtype.
   *
   * The result has a dtype of these fields in this order, without padding, as `numpy.lib.recfunctions.repack_fields(a[fields])`.
   *
   * @defaultValue all
   * @example fields: ["t", "pos"]
   */
  readonly fields?: readonly Name[] | undefined;
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions extends ReadRowsOptions {
  /**
   * Rows of a chunk; the last one may have fewer.
   *
   * @defaultValue about 4 MiB of rows, 8 where several requests are under way; at least one
   * @example rows: 1000
   */
  readonly rows?: number | undefined;
}

/** Which rows {@link NpyReader.rows} gives, and how it is stopped. */
export interface RowsOptions {
  /**
   * The first row; negative ones count from the end.
   *
   * @defaultValue `0`
   * @example start: -100
   */
  readonly start?: number | undefined;
  /**
   * The row after the last one; negative ones count from the end.
   *
   * @defaultValue all rows that the reader has seen when the iteration begins
   * @example stop: 100
   */
  readonly stop?: number | undefined;
  /**
   * Ends the iteration with its reason.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(60_000)
   */
  readonly signal?: AbortSignal | undefined;
}

const chunkRows: Check<number | undefined> = optional("a whole number of 1 or more", isPositive);
const READ_OPTIONS = { dtype: anyDType, ...INSPECT_OPTIONS };
const READER_OPTIONS = { ...READ_OPTIONS, mmap: flag(false), advise: oneOf([undefined, "sequential", "random"]) };
const order: Check<Order | undefined> = oneOf([undefined, "C", "F"]);
const LOAD_OPTIONS = { ...READ_OPTIONS, order };
/** The options of `take`. */
export const TAKE_OPTIONS: {
  readonly out: Check<ArrayBufferView | undefined>;
  readonly order: Check<Order | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
} = {
  out: optional<ArrayBufferView>("a typed array", ArrayBuffer.isView),
  order,
  signal: abortSignal,
};
export const SELECT_OPTIONS: typeof TAKE_OPTIONS & { readonly fields: Check<readonly string[] | undefined> } = {
  ...TAKE_OPTIONS,
  fields: optional<readonly string[]>("a list of names of fields", isNames),
};
export const CHUNK_OPTIONS: typeof TAKE_OPTIONS & { readonly rows: Check<number | undefined> } = {
  rows: chunkRows,
  ...TAKE_OPTIONS,
};
export const READABLE_OPTIONS: Omit<typeof CHUNK_OPTIONS, "out"> = { rows: chunkRows, order, signal: abortSignal };
export const FOLLOW_OPTIONS: {
  readonly from: Check<number | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
  readonly rows: Check<number | undefined>;
} = { from: rowNumber, signal: abortSignal, rows: chunkRows };

export const ROWS_OPTIONS: {
  readonly start: Check<number | undefined>;
  readonly stop: Check<number | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
} = { start: rowNumber, stop: rowNumber, signal: abortSignal };

const READ_ROWS_OPTIONS = ["out", "order", "signal"];

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

/** The options of `read`, which is called too often for {@link checkOptions}. */
export function checkedRead(options: ReadRowsOptions): ReadRowsOptions {
  checkNames(options, READ_ROWS_OPTIONS);
  abortSignal(options.signal, "signal");
  if (options.order !== undefined) order(options.order, "order");
  return options;
}

/** The options of `load`. */
export function checkLoadOptions(options: object): CheckedReaderOptions & { readonly order: Order | undefined } {
  return { ...checkOptions(options, LOAD_OPTIONS), mmap: false, advise: undefined };
}

export function checkReaderOptions(options: object): CheckedReaderOptions {
  const checked = checkOptions(options, READER_OPTIONS);
  if (checked.advise === undefined || checked.mmap) return checked;
  throw optionError("advise needs mmap: true: it says in what order mapped rows will be looked at");
}
