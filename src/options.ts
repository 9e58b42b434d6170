/** The options of opening, appending and reading, and the table-driven check that all options pass. */
import { CASTING_LEVELS, type Casting } from "./cast/can-cast.ts";
import { ON_OVERFLOW, type OnOverflow } from "./cast/overflow.ts";
import { NULLS, type Nulls } from "./encode/nulls.ts";
import { NpyError, quoted } from "./errors.ts";
import { type CheckedDType, type DType, type DTypeLike, dtype } from "./format/dtype.ts";
import { MAX_HEADER_SIZE } from "./format/header.ts";
import { similarName } from "./format/similar.ts";
import type { Durability } from "./plan/grow/growing-file.ts";
import type { Advice, ReadLimits, Storage } from "./storage/storage.ts";
import { TIMEOUT } from "./storage/watch.ts";

/** The option that all verbs share which parse a header. */
export interface HeaderOptions {
  /** The longest header accepted, in characters, as NumPy's `max_header_size`. Default 10,000. */
  readonly maxHeaderSize?: number;
}

/** How a header is read, and how long that may take. */
export interface InspectOptions extends HeaderOptions, ReadLimits {}

/** How a file is opened for appending. */
export interface OpenOptions<D = unknown> extends HeaderOptions {
  /** Replace an existing file. The old one stays until the first append is valid. Default `false`. */
  readonly deleteIfExists?: boolean;
  /**
   * `false`: only creating the file, `updateHeader()` and `close()` write the header; while the file is shared, each append still does.
   * Default `true`.
   */
  readonly rewriteHeaderOnAppend?: boolean;
  /** The dtype of a new file, to which appended rows are cast. An existing file must have it. */
  readonly dtype?: CheckedDType<D>;
  /** With `dtype`: create the file at once, with 0 rows of this shape. An existing file must have it. */
  readonly rowShape?: readonly number[];
  /**
   * The order of a new file. Default: that of the first {@link NpyArray} appended, else `false`; strides never decide it. An existing file
   * of two or more dimensions must have it.
   */
  readonly fortranOrder?: boolean;
  /**
   * Which casts appending may do, as in `numpy.can_cast`. Default `"same_kind"`, as `numpy.concatenate`. It allows casts by their dtypes alone:
   * values that do not fit are changed silently, unless `onOverflow` is `"throw"`.
   */
  readonly casting?: Casting;
  /**
   * What happens to typed data that a cast would change beyond rounding. `"wrap"` does what NumPy does: 300 becomes 44 in uint8, 1e300 infinite
   * in float32, and text is cut off. `"throw"` refuses them with `ERR_NPY_VALUE`, the `index` and the `field`. (Plain values are refused
   * either way.) Fractions and imaginary parts are no overflow: only `casting: "unsafe"` drops them. Default `"wrap"`.
   */
  readonly onOverflow?: OnOverflow;
  /**
   * What happens to `null` and `undefined` among plain values, in records and in lists. `"nan"` stores them as NaN in floats and complex
   * numbers, and as NaT in datetime64 and timedelta64. Other dtypes have nothing that stands for null, and refuse it. `"error"` refuses them all,
   * with `ERR_NPY_VALUE`, the `index` and the `field`. Default `"error"`.
   */
  readonly nulls?: Nulls;
  /**
   * Without `dtype`: how many characters the text of a new file may have, in every field with text. Default: as many as the longest text of the
   * first append, so that longer ones do not fit later.
   */
  readonly textLength?: number | undefined;
  /**
   * What to do with a file that needs recovery. Like {@link recover}, `"truncate"` refuses to drop all data of a file that has rows.
   * Default `"throw"`.
   */
  readonly onNeedsRecovery?: "throw" | "truncate" | "zerofill";
  /** What to do with a file whose header has no room: `"rewrite"` runs `ensureAppendable`. Default `"throw"`. */
  readonly onNotAppendable?: "throw" | "rewrite";
  /** When rows are safe: see {@link Durability}. Default `"os"`. */
  readonly durability?: Durability;
  /**
   * Whether a lock of the operating system, which ends with this process, keeps other processes from writing to the file: a second writer,
   * `recover`, `ensureAppendable` and `save` get `ERR_NPY_LOCKED` at once. Locking needs the package koffi, a system other than Windows, and
   * a file system with locks. `"auto"` locks where it can, `true` fails where it cannot, `false` does not lock. A second writer in the same
   * thread is always refused; another thread counts as another process. Programs that ignore locks, such as Python, are noticed: see `ERR_NPY_CHANGED`. In a worker, `"auto"` locks only
   * if the main thread imported this package before it started the worker. Default `"auto"`.
   */
  readonly lock?: boolean | "auto";
  /**
   * Whether to map the file's header into memory: appending a few rows then takes one system call instead of two. Each append still reaches
   * the file before it is done, and in the same order. Needs Linux and the package koffi. Has no effect on file systems other than ext2 to
   * ext4 and tmpfs, where storing into mapped memory may need disk space, with a `durability` other than `"os"`, or with a header of more
   * than 1,024 bytes. As with all mapped files, the process ends if the system cannot store into the mapped memory: if another program cuts
   * the file to nothing during an append, or if a disk cannot be read. Earlier appends are in the file even then. Default `false`.
   */
  readonly mmap?: boolean;
}

/** {@link OpenOptions} with all defaults filled in. */
export interface CheckedOpenOptions extends Required<Omit<OpenOptions, "dtype" | "rowShape" | "fortranOrder" | "textLength">> {
  readonly dtype: DType | undefined;
  readonly rowShape: readonly number[] | undefined;
  readonly fortranOrder: boolean | undefined;
  readonly textLength: number | undefined;
}

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
  /** Rows of a chunk, at most. Default: about 4 MiB of them, at least one. */
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
}

/** How {@link NpyReader.chunks} divides an array. */
export interface ChunkOptions extends ReadRowsOptions {
  /** Rows of a chunk; the last one may have fewer. Default: about 4 MiB of them, at least one. */
  readonly rows?: number | undefined;
}

/** Checks the value of an option, and fills in the default. */
export type Check<Value> = (value: unknown, name: string) => Value;

/** One of the values of a list. */
export function oneOf<const Value>(allowed: readonly Value[], preset?: Value): Check<Value> {
  return (given, name) => {
    const value = preset === undefined ? given : (given ?? preset);
    if (allowed.includes(value as Value)) return value as Value;
    const list = allowed.filter((item) => item !== undefined).map((item) => JSON.stringify(item));
    throw optionError(`${name} must be ${list.join(" or ")}: found ${quoted(value)}`);
  };
}

export function flag(preset: boolean): Check<boolean> {
  return oneOf<boolean>([true, false], preset);
}

/** A value that passes `isValid`, or none. */
export function optional<Value>(what: string, isValid: (value: unknown) => boolean): Check<Value | undefined> {
  return (value, name) => {
    if (value === undefined || isValid(value)) return value as Value | undefined;
    throw optionError(`${name} must be ${what}: found ${quoted(value)}`);
  };
}

export const isPositive = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) > 0;
const isRow = (value: unknown): boolean =>
  typeof value === "number" && (Number.isInteger(value) || Math.abs(value) === Number.POSITIVE_INFINITY);
const isShape = (value: unknown): boolean => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const headerSize = optional<number>("a number of characters", (size) => typeof size === "number" && size > 0);
export const maxHeaderSize: Check<number> = (value, name) => headerSize(value, name) ?? MAX_HEADER_SIZE;
export const abortSignal: Check<AbortSignal | undefined> = optional("an AbortSignal", (value) => value instanceof AbortSignal);
const delay = optional<number>("a number of milliseconds, more than 0", (value) => typeof value === "number" && value > 0);
const milliseconds: Check<number> = (value, name) => delay(value, name) ?? TIMEOUT;
const anyDType: Check<DType | undefined> = (value) => (value === undefined ? undefined : dtype(value as DTypeLike));
export const rowNumber: Check<number | undefined> = optional("a whole number of rows", isRow);
const chunkRows: Check<number | undefined> = optional("a whole number of 1 or more", isPositive);

/** Refuses a string dtype without a length: it would take its length from the data, which a growing file cannot do. */
export const fixedSizeDType: Check<DType | undefined> = (value, name) => {
  const type = anyDType(value, name);
  if (type?.itemsize !== 0 || (type.kind !== "S" && type.kind !== "U")) return type;
  const message = `${type.str} has no length: say how many characters an element holds, as in "${type.kind}10".`;
  throw new NpyError("ERR_NPY_DTYPE", message);
};

const OPEN_OPTIONS = {
  deleteIfExists: flag(false),
  rewriteHeaderOnAppend: flag(true),
  dtype: fixedSizeDType,
  rowShape: optional<readonly number[]>("a list of sizes of 0 or more ([] for numbers, [3] for rows of three)", isShape),
  fortranOrder: oneOf([undefined, true, false]),
  casting: oneOf(CASTING_LEVELS, "same_kind"),
  onOverflow: oneOf(ON_OVERFLOW, "wrap"),
  nulls: oneOf(NULLS, "error"),
  textLength: optional<number>("a number of characters, 1 or more", isPositive),
  onNeedsRecovery: oneOf(["throw", "truncate", "zerofill"], "throw"),
  onNotAppendable: oneOf(["throw", "rewrite"], "throw"),
  durability: oneOf(["os", "data", "full"], "os"),
  lock: oneOf([true, false, "auto"], "auto"),
  mmap: flag(false),
  maxHeaderSize,
};
export const INSPECT_OPTIONS: {
  readonly maxHeaderSize: Check<number>;
  readonly signal: Check<AbortSignal | undefined>;
  readonly timeout: Check<number>;
} = { maxHeaderSize, signal: abortSignal, timeout: milliseconds };
const READ_OPTIONS = { dtype: anyDType, ...INSPECT_OPTIONS };
const READER_OPTIONS = { ...READ_OPTIONS, mmap: flag(false), advise: oneOf([undefined, "sequential", "random"]) };
export const CHUNK_OPTIONS: {
  readonly rows: Check<number | undefined>;
  readonly out: Check<ArrayBufferView | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
} = {
  rows: chunkRows,
  out: optional<ArrayBufferView>("a typed array", ArrayBuffer.isView),
  signal: abortSignal,
};
export const READABLE_OPTIONS: Pick<typeof CHUNK_OPTIONS, "rows" | "signal"> = { rows: chunkRows, signal: abortSignal };
export const FOLLOW_OPTIONS: {
  readonly from: Check<number | undefined>;
  readonly signal: Check<AbortSignal | undefined>;
  readonly rows: Check<number | undefined>;
} = { from: rowNumber, signal: abortSignal, rows: chunkRows };

/**
 * Checks the options of `NpyAppendArray.open`.
 *
 * @throws NpyError `ERR_NPY_OPTION`, or `ERR_NPY_DTYPE` for an unknown dtype.
 */
export function checkOpenOptions(options: object): CheckedOpenOptions {
  const checked = checkOptions(options, OPEN_OPTIONS);
  const { rowShape, textLength } = checked;
  if (textLength !== undefined && checked.dtype !== undefined) {
    throw optionError(`textLength is for files without a dtype: give the room in the dtype, as in "U${textLength}"`);
  }
  if (rowShape === undefined) return checked;
  if (checked.dtype === undefined) throw optionError("rowShape needs dtype: together they say what rows a new file has");
  return { ...checked, rowShape: [...rowShape] };
}

/** The options of `read`, which is called too often for {@link checkOptions}. */
export function checkedRead(options: ReadRowsOptions): ReadRowsOptions {
  checkNames(options, ["out", "signal"]);
  abortSignal(options.signal, "signal");
  return options;
}

/** The options of `load`. */
export function checkReadOptions(options: object): CheckedReaderOptions {
  return { ...checkOptions(options, READ_OPTIONS), mmap: false, advise: undefined };
}

export function checkReaderOptions(options: object): CheckedReaderOptions {
  const checked = checkOptions(options, READER_OPTIONS);
  if (checked.advise === undefined || checked.mmap) return checked;
  throw optionError("advise needs mmap: true: it says in what order mapped rows will be looked at");
}

/**
 * Checks options by a table of their names and values.
 *
 * @throws NpyError `ERR_NPY_OPTION`.
 */
export function checkOptions<Values extends object>(
  options: object,
  checks: { readonly [Name in keyof Values]: Check<Values[Name]> },
): Values {
  checkNames(options, Object.keys(checks));
  const checked = Object.entries<Check<unknown>>(checks).map(([name, check]) => [name, check(Reflect.get(options, name), name)]);
  return Object.fromEntries(checked) as Values;
}

/** Refuses options that do not exist: a misspelt one would be ignored silently. */
function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw optionError(
      `options must be an object, as in { ${known[0]}: ... }: found ${quoted(options)}${meantOption(options, known)}`,
    );
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const word = name.toLowerCase();
    const meant = known.find((option) => word.length > 3 && option.toLowerCase().endsWith(word)) ?? similarName(name, known);
    const hint = meant === undefined ? "" : ` (did you mean ${meant}?)`;
    throw optionError(`there is no option ${quoted(name)}${hint}: expected ${known.join(", ")}`);
  }
}

function meantOption(options: unknown, known: readonly string[]): string {
  if (typeof options === "number" && known.includes("rows")) return `. For chunks of ${options} rows pass { rows: ${options} }`;
  if (typeof options === "string" && known.includes("dtype")) return `. For a dtype pass { dtype: ${quoted(options)} }`;
  return "";
}

function meantRow(row: unknown): string {
  if (typeof row === "bigint" || (typeof row === "string" && /^-?\d{1,15}$/.test(row))) return `. Pass the number ${row}`;
  if (typeof row !== "object" || row === null) return "";
  return ". Rows are arguments, not options: start, and stop";
}

/** A row as in `Array.prototype.slice`: negative ones count from the end, and none lies beyond it. */
export function position(row: number, length: number, name: string): number {
  if (!isRow(row)) throw optionError(`${name} must be a whole number of rows: found ${quoted(row)}${meantRow(row)}`);
  return row < 0 ? Math.max(0, length + row) : Math.min(row, length);
}

/** Refuses `mmap: true` if the file cannot be mapped, or its header for writing. */
export function checkMappable(storage: Storage, isWritten: boolean): void {
  const problem =
    storage.mapProblem === undefined ? "only files of the file system can be mapped: pass a path" : storage.mapProblem(isWritten);
  if (problem !== undefined) throw optionError(`mmap: true, but ${problem}, or leave mmap out`);
}

/** For a constructor that is called with a path, like that of the Python class. */
export function notConstructible(name: string): NpyError {
  const opener = name.replace("Sync", "");
  return new NpyError(
    "ERR_NPY_OPTION",
    `Do not create ${name} with new, because opening a file may take time: await ${opener}.open(path), or call ${opener}.openSync(path).`,
  );
}

export function optionError(message: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Invalid options: ${message}.`);
}
