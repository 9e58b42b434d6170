/** How files are read. */
import type { DType, DTypeLike } from "./format/dtype.ts";
import { anyDType, checkOptions, flag, maxHeaderSize, oneOf, optional, optionError } from "./options.ts";
import type { Advice } from "./storage/storage.ts";

/** How a file is read. */
export interface ReadOptions<D extends DTypeLike = DTypeLike> {
  /**
   * The dtype that the file must have (in either byte order); nothing is converted. With it the compiler knows what `data` is:
   * `dtype: "float32"` gives a `Float32Array`.
   */
  readonly dtype?: D;
  /** The longest header accepted, in characters, as NumPy's `max_header_size`. Default 10,000. */
  readonly maxHeaderSize?: number;
}

/** How an {@link NpyReader} reads. */
export interface ReaderOptions<D extends DTypeLike = DTypeLike> extends ReadOptions<D> {
  /**
   * Map the file into memory, as `numpy.load` with `mmap_mode="c"`: what `read` and `chunks` give are the file's own bytes, without a copy,
   * and only what is looked at is read from the disk. Other byte orders, float16, strings, and elements that an old header has left unaligned
   * are converted into copies. What is written into an array does not reach the file, but later reads may show it. An array stays valid
   * after `close()`, and is unmapped when it has been collected. Its `buffer` may hold more of the file than the array, and cannot be
   * transferred. Takes a path, the package koffi, and a system other than Windows. The file must not be cut while it is
   * mapped: looking at what is gone ends the process. Default `false`.
   */
  readonly mmap?: boolean;
  /**
   * With `mmap`: in what order the rows will be looked at, so that the system reads ahead, or does not (`madvise`). Default: it guesses.
   */
  readonly advise?: "sequential" | "random";
}

/** What {@link NpyReader.follow} gives. */
export interface FollowOptions {
  /** The first row; negative ones count from the end. Default: the first that the reader has not seen yet, its `length`. */
  readonly from?: number;
  /** Ends the iteration. */
  readonly signal?: AbortSignal | undefined;
  /** Rows of a chunk, at most. Default: about 4 MiB of them, at least one. */
  readonly rows?: number;
}

/** Where {@link NpyReader.read} puts the rows. */
export interface ReadRowsOptions {
  /**
   * The typed array to read into, instead of a new one, as NumPy's `out`: of the class that `data` has (for structures a `Uint8Array`), and at
   * least as long. What is returned is a view of it. Reading into the same memory again and again is several times as fast as into new
   * memory, which the system has to provide. With `mmap` it is a copy. Not for dtypes whose elements are converted: float16 and strings.
   */
  readonly out?: ArrayBufferView | undefined;
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions extends ReadRowsOptions {
  /** Rows of a chunk; the last one may have fewer. Default: about 4 MiB of them, at least one. */
  readonly rows?: number;
}

export interface CheckedReaderOptions {
  readonly dtype: DType | undefined;
  readonly maxHeaderSize: number;
  readonly mmap: boolean;
  readonly advise: Advice | undefined;
}

const READ_OPTIONS = { dtype: anyDType, maxHeaderSize };
const READER_OPTIONS = { ...READ_OPTIONS, mmap: flag(false), advise: oneOf([undefined, "sequential", "random"]) };

/** The options of `load`. */
export function checkReadOptions(options: ReadOptions): CheckedReaderOptions {
  return { ...checkOptions(options, READ_OPTIONS), mmap: false, advise: undefined };
}

export function checkReaderOptions(options: ReaderOptions): CheckedReaderOptions {
  const checked = checkOptions(options, READER_OPTIONS);
  if (checked.advise === undefined || checked.mmap) return checked;
  throw optionError("advise needs mmap: true: it says how what is mapped will be looked at");
}

const CHUNK_OPTIONS = {
  rows: optional<number>("a whole number of 1 or more", (rows) => Number.isSafeInteger(rows) && (rows as number) > 0),
  out: optional<ArrayBufferView>("a typed array", ArrayBuffer.isView),
};

export function checkChunkOptions(options: ChunkOptions): ChunkOptions {
  checkOptions(options, CHUNK_OPTIONS);
  return options;
}

/** A row as in `Array.prototype.slice`: negative ones count from the end, and none lies beyond it. */
export function position(row: number, length: number, name: string): number {
  if (!Number.isInteger(row) && Math.abs(row) !== Number.POSITIVE_INFINITY) {
    throw optionError(`${name} must be a whole number of rows: found ${String(row)}`);
  }
  return row < 0 ? Math.max(0, length + row) : Math.min(row, length);
}
