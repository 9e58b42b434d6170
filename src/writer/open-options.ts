/** The options of opening a file for appending, and their checks. */

import { CASTING_LEVELS, type Casting } from "../cast/can-cast.ts";
import { ON_OVERFLOW, type OnOverflow } from "../cast/overflow.ts";
import { NULLS, type Nulls } from "../encode/nulls.ts";
import { quoted } from "../errors.ts";
import type { CheckedDType, DType } from "../format/dtype.ts";
import {
  checkOptions,
  fixedSizeDType,
  flag,
  type HeaderOptions,
  isPositive,
  maxHeaderSize,
  oneOf,
  optional,
  optionError,
} from "../options.ts";
import type { Durability } from "../plan/grow/growing-file.ts";

/** How a file is opened for appending. */
export interface OpenOptions<D = unknown> extends HeaderOptions {
  /**
   * Replace an existing file. The old one stays until the first append is valid, or with `rowShape` until the new one is.
   *
   * @defaultValue `false`
   * @example deleteIfExists: true
   */
  readonly deleteIfExists?: boolean;
  /**
   * Whether each append writes the header, so that readers see its rows. With `false` only creating the file, `updateHeader()` and `close()` do.
   *
   * After a crash, `recover` then counts the rows. While the file is shared with other threads, each append writes the header all the same.
   *
   * @defaultValue `true`
   * @example rewriteHeaderOnAppend: false
   */
  readonly rewriteHeaderOnAppend?: boolean;
  /**
   * The dtype of a new file, to which appended rows are cast. An existing file must have it.
   *
   * @defaultValue that of the first append
   * @example dtype: "float32"
   */
  readonly dtype?: CheckedDType<D>;
  /**
   * With `dtype`: create the file at once, with 0 rows of this shape; `[]` for rows that are single values. An existing file must have it.
   *
   * @defaultValue that of the first append
   * @example rowShape: [3]
   */
  readonly rowShape?: readonly number[];
  /**
   * The order of a new file. An existing file of two or more dimensions must have it.
   *
   * Strides never decide it.
   *
   * @defaultValue that of the first {@link NpyArray} appended, else `false`
   * @example fortranOrder: true
   */
  readonly fortranOrder?: boolean;
  /**
   * Which casts of typed data appending may do, as in `numpy.can_cast`.
   *
   * A rule looks at dtypes alone: values that do not fit are changed silently, unless `onOverflow` is `"throw"`.
   *
   * @defaultValue `"same_kind"`, as `numpy.concatenate`
   * @example casting: "safe"
   */
  readonly casting?: Casting;
  /**
   * What happens to typed data that a cast would change beyond rounding: `"wrap"` does what NumPy does, `"throw"` refuses them.
   *
   * In NumPy 300 becomes 44 in uint8, 1e300 infinite in float32, and text is cut off. `"throw"` is `ERR_NPY_VALUE` with the `index` and the `field`.
   * (Plain values are refused either way.) Fractions and imaginary parts are no overflow: only `casting: "unsafe"` drops them.
   *
   * @defaultValue `"wrap"`
   * @example onOverflow: "throw"
   */
  readonly onOverflow?: OnOverflow;
  /**
   * What happens to `null` and `undefined` among plain values, in records and in lists: `"nan"` stores them as NaN or NaT, `"error"` refuses them.
   *
   * Only floats, complex numbers, datetime64 and timedelta64 have something that stands for null. Other dtypes refuse them either way, with
   * `ERR_NPY_VALUE`, the `index` and the `field`.
   *
   * @defaultValue `"error"`
   * @example nulls: "nan"
   */
  readonly nulls?: Nulls;
  /**
   * Without `dtype`: how many characters the text of a new file may have, in every field with text.
   *
   * @defaultValue that of the longest text of the first append, so that longer ones do not fit later
   * @example textLength: 40
   */
  readonly textLength?: number | undefined;
  /**
   * About how many rows the file will have in the end. An object in a store is then sent in parts that are large enough for so many; elsewhere it has
   * no effect.
   *
   * @defaultValue unknown
   * @example expectedRows: 10_000_000
   */
  readonly expectedRows?: number | undefined;
  /**
   * What to do with a file that needs recovery: `"truncate"` cuts off an incomplete last row, `"zerofill"` completes it with zeros.
   *
   * Like {@link recover}, `"truncate"` refuses to drop all data of a file that has rows.
   *
   * @defaultValue `"throw"`
   * @example onNeedsRecovery: "truncate"
   */
  readonly onNeedsRecovery?: "throw" | "truncate" | "zerofill";
  /**
   * What to do with a file whose header has no room: `"rewrite"` runs `ensureAppendable`.
   *
   * @defaultValue `"throw"`
   * @example onNotAppendable: "rewrite"
   */
  readonly onNotAppendable?: "throw" | "rewrite";
  /**
   * When rows are safe. `"os"`: they survive a killed process. `"data"`: also a power cut, once you run `recover`. `"full"`: also a power cut, as they
   * are.
   *
   * @defaultValue `"os"`
   * @example durability: "data"
   */
  readonly durability?: Durability;
  /**
   * Whether to keep other processes from writing to the file: `"auto"` locks where it can, `true` fails where it cannot, `false` does not lock.
   * `{ wait: 5000 }` locks like `"auto"`, and waits up to so many milliseconds while another writer has the file.
   *
   * A second writer, `recover`, `ensureAppendable` and `save` get `ERR_NPY_LOCKED`. The lock is one of the operating system, which ends with this
   * process; it needs the package koffi and a file system with locks, and on Windows Node. A second writer in the same thread is always refused;
   * another thread counts as another process. Programs that ignore locks, such as Python, are noticed: see `ERR_NPY_CHANGED`. In a worker, `"auto"`
   * locks only if the main thread imported this package before it started the worker.
   *
   * `openSync` blocks the thread while it waits, in which nothing else could close the file: it does not wait for a writer of the same thread, but
   * fails at once.
   *
   * @defaultValue `"auto"`
   * @example lock: { wait: 5000 }
   */
  readonly lock?: boolean | "auto" | { readonly wait: number };
  /**
   * Whether to map the file's growing end and its header into memory: appending a few rows then takes no system call. Needs Linux and the package
   * koffi.
   *
   * Each append still reaches the file before it is done, and in the same order, and the header counts each, also with
   * `rewriteHeaderOnAppend: false`. While appends of up to 2 KiB come in, the file is up to 64 MiB longer than its rows, as a tab in the header's padding says: readers see
   * the counted rows, as NumPy does. `updateHeader()`, `sync()`, `close()`, `share()`, an append that fails, a second without appends and the end of
   * the process cut it to its exact length. What a killed process leaves holds no rows; whoever appends next, or `recover`, cuts it off.
   *
   * Without a lock only the header is mapped, which takes one system call instead of two. Has no effect on file systems other than ext2 to ext4 and
   * tmpfs, where storing into mapped memory may need disk space, with a `durability` other than `"os"`, or with a header of more than 1,024 bytes. As
   * with all mapped files, the process ends if the system cannot store into the mapped memory: if a program that ignores locks cuts the file during
   * an append, or if a disk cannot be read. Earlier appends are in the file even then.
   *
   * @defaultValue `false`
   * @example mmap: true
   */
  readonly mmap?: boolean;
}

/** {@link OpenOptions} with all defaults filled in. */
export interface CheckedOpenOptions
  extends Required<Omit<OpenOptions, "dtype" | "rowShape" | "fortranOrder" | "textLength" | "expectedRows" | "lock">> {
  readonly lock: boolean | "auto";
  /** For how many milliseconds to wait for another writer. */
  readonly lockWait: number;
  readonly dtype: DType | undefined;
  readonly rowShape: readonly number[] | undefined;
  readonly fortranOrder: boolean | undefined;
  readonly textLength: number | undefined;
  readonly expectedRows: number | undefined;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isShape = (value: unknown): boolean => Array.isArray(value) && value.every(isCount);

const MODES = oneOf<boolean | "auto">([true, false, "auto"], "auto");

function lockOption(value: unknown, name: string): { readonly mode: boolean | "auto"; readonly wait: number } {
  if (typeof value !== "object" || value === null) return { mode: MODES(value, name), wait: 0 };
  const { wait, ...rest } = value as { readonly wait?: unknown };
  if (typeof wait === "number" && wait >= 0 && Object.keys(rest).length === 0) return { mode: "auto", wait };
  throw optionError(`${name} must be true, false, "auto" or { wait: milliseconds }: found ${quoted(value)}`);
}

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
  expectedRows: optional<number>("a whole number of rows, 0 or more", isCount),
  onNeedsRecovery: oneOf(["throw", "truncate", "zerofill"], "throw"),
  onNotAppendable: oneOf(["throw", "rewrite"], "throw"),
  durability: oneOf(["os", "data", "full"], "os"),
  lock: lockOption,
  mmap: flag(false),
  maxHeaderSize,
};
/**
 * Checks the options of `NpyAppendArray.open`.
 *
 * @throws NpyError `ERR_NPY_OPTION`, or `ERR_NPY_DTYPE` for an unknown dtype.
 */
export function checkOpenOptions(options: object): CheckedOpenOptions {
  const { lock, ...others } = checkOptions(options, OPEN_OPTIONS);
  const checked = { ...others, lock: lock.mode, lockWait: lock.wait };
  const { rowShape, textLength } = checked;
  if (textLength !== undefined && checked.dtype !== undefined) {
    throw optionError(`textLength is for files without a dtype: give the room in the dtype, as in "U${textLength}"`);
  }
  if (rowShape === undefined) return checked;
  if (checked.dtype === undefined) throw optionError("rowShape needs dtype: together they say what rows a new file has");
  return { ...checked, rowShape: [...rowShape] };
}
