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
   * The dtype that the file must have (in either byte order); nothing is converted. It tells the compiler what `data` is:
   * `dtype: "float32"` gives a `Float32Array`.
   */
  readonly dtype?: CheckedDType<D>;
}

/** How an {@link NpyReader} reads. */
export interface ReaderOptions<D = unknown> extends ReadOptions<D> {
  /**
   * Map the file into memory, as `numpy.load` with `mmap_mode="c"`: `read` and `chunks` return the file's own bytes without a copy, and only
   * pages that are looked at are read from the disk. Other byte orders, float16, strings, and elements that an old header leaves unaligned
   * are converted into copies. Writing to an array does not change the file, but later reads may show it. An array stays valid after
   * `close()`, and is unmapped once it has been collected. Its `buffer` may hold more of the file than the array, and cannot be transferred.
   * Needs a path, the package koffi, and a system other than Windows. The file must not be cut while it is mapped: reading a page that is
   * gone ends the process. Default `false`.
   */
  readonly mmap?: boolean;
  /** With `mmap`: the order in which you will look at the rows, so that the system reads ahead or does not (`madvise`). Default: it guesses. */
  readonly advise?: "sequential" | "random";
}

/** Which index of an array changes fastest in `data`: the last one (`"C"`), or the first one (`"F"`). */
export type Order = "C" | "F";

/** How {@link load} reads a file. */
export interface LoadOptions<D = unknown> extends ReadOptions<D> {
  /**
   * The order of `data`, whatever that of the file. Default: the file's. Elements are copied only where the two orders differ. An array of one axis
   * is in both: its `fortranOrder` is then `false`, as NumPy writes it.
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
  /** The first row; negative ones count from the end. Default: the first that the reader has not seen yet, its `length`. */
  readonly from?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Rows of a chunk, at most. Default: about 4 MiB of them, 8 where several requests are under way; at least one. */
  readonly rows?: number;
}

/** Where {@link NpyReader.read} puts the rows, and how it is stopped. */
export interface ReadRowsOptions {
  /** Stops this read, and no other: see {@link ReadLimits}. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The typed array to read into instead of a new one, as NumPy's `out`: of the class that `data` has (for structures a `Uint8Array`), and at
   * least as long. The result is a view of it. Reading into the same memory again is several times as fast as into new memory, which the
   * system must first provide. With `mmap` the rows are copied. Not for dtypes whose elements are converted: float16 and strings.
   */
  readonly out?: ArrayBufferView | undefined;
  /** The order of `data`, whatever that of the file: see {@link LoadOptions}. With `mmap` rows in the other order are copied. Default: the file's. */
  readonly order?: Order | undefined;
}

/** What {@link NpyReader.select} takes of each element, where it puts the result, and how it is stopped. */
export interface SelectOptions<Name extends string = string> extends ReadRowsOptions {
  /**
   * The fields to read, of a structured dtype. The result has a dtype of these fields in this order, without padding, as
   * `numpy.lib.recfunctions.repack_fields(a[fields])`.
   */
  readonly fields?: readonly Name[] | undefined;
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions extends ReadRowsOptions {
  /** Rows of a chunk; the last one may have fewer. Default: about 4 MiB of them, 8 where several requests are under way; at least one. */
  readonly rows?: number | undefined;
}

/** Which rows {@link NpyReader.rows} gives, and how it is stopped. */
export interface RowsOptions {
  /** The first row; negative ones count from the end. Default 0. */
  readonly start?: number | undefined;
  /** The row after the last one; negative ones count from the end. Default: all that the reader has seen when the iteration begins. */
  readonly stop?: number | undefined;
  /** Ends the iteration with its reason. */
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
