/** The options of opening a file for appending, and the table-driven check that all options pass. */
import { CASTING_LEVELS, type Casting } from "./cast/can-cast.ts";
import { NpyError } from "./errors.ts";
import { type DType, type DTypeLike, dtype } from "./format/dtype.ts";
import { MAX_HEADER_SIZE } from "./format/header.ts";
import type { Durability } from "./plan/grow/growing-file.ts";
import type { Storage } from "./storage/storage.ts";

/** How a file is opened for appending. */
export interface OpenOptions<D extends DTypeLike = DTypeLike> {
  /** Replace an existing file. The old one stands until the first append is valid. Default `false`. */
  readonly deleteIfExists?: boolean;
  /**
   * `false`: the header is written at creation, by `updateHeader()` and by `close()` only; while the file is shared, by each append all the same.
   * Default `true`.
   */
  readonly rewriteHeaderOnAppend?: boolean;
  /** The dtype of a file that is created, to which what is appended is cast. A file that is there must have it. */
  readonly dtype?: D;
  /** With `dtype`: create the file at once, with 0 rows of this shape. A file that is there must have it. */
  readonly rowShape?: readonly number[];
  /**
   * The order of a file that is created. Default: what the first {@link NpyArray} appended says, else `false`. Strides never decide
   * it. A file of two and more dimensions that is there must have it.
   */
  readonly fortranOrder?: boolean;
  /** Which casts appending may do, as in `numpy.can_cast`. Default `"same_kind"`, as `numpy.concatenate`. */
  readonly casting?: Casting;
  /**
   * What to do with a file that needs recovery. `"truncate"` refuses, as {@link recover} does, to drop all data of a file that has rows. Default
   * `"throw"`.
   */
  readonly onNeedsRecovery?: "throw" | "truncate" | "zerofill";
  /** What to do with a file whose header has no room: `"rewrite"` runs `ensureAppendable`. Default `"throw"`. */
  readonly onNotAppendable?: "throw" | "rewrite";
  /** When rows are safe: see {@link Durability}. Default `"os"`. */
  readonly durability?: Durability;
  /**
   * Whether other processes are kept from writing to the file, by a lock of the operating system that ends with this process: a second
   * writer, `recover`, `ensureAppendable` and `save` get `ERR_NPY_LOCKED` at once. `"auto"` locks where that is possible, which takes the
   * package koffi, a system other than Windows, and a file system that has locks; `true` is an error where it is not; `false` does not
   * lock. Within a process a second writer is always refused. Programs that ignore locks, such as Python, are noticed: see
   * `ERR_NPY_CHANGED`. Default `"auto"`.
   */
  readonly lock?: boolean | "auto";
  /**
   * Whether the file's header is mapped into memory: to append a few rows takes one system call then, instead of two. Each append is in the file when
   * it is done all the same, in no other order. It takes Linux, the package koffi, and a local disk; with another `durability` than `"os"`, or a
   * header of more than 1,024 bytes, it is without effect. As with all mapped files there is no error for what the system cannot do when memory is
   * stored into, but the process ends: where another program cuts the file to nothing in the very moment of an append, where a disk cannot be read,
   * and where one is full whose file system writes what changes to another place (btrfs, ZFS; ext4 does not). What was appended before is in
   * the file then as well. Default `false`.
   */
  readonly mmap?: boolean;
  /** The longest header accepted, in characters, as NumPy's `max_header_size`. Default 10,000. */
  readonly maxHeaderSize?: number;
}

/** {@link OpenOptions} with all defaults filled in. */
export interface CheckedOpenOptions extends Required<Omit<OpenOptions, "dtype" | "rowShape" | "fortranOrder">> {
  readonly dtype: DType | undefined;
  readonly rowShape: readonly number[] | undefined;
  readonly fortranOrder: boolean | undefined;
}

/** Checks the value of an option, and fills in the default. */
export type Check<Value> = (value: unknown, name: string) => Value;

/** One of the values of a list. */
export function oneOf<const Value>(allowed: readonly Value[], preset?: Value): Check<Value> {
  return (given, name) => {
    const value = preset === undefined ? given : (given ?? preset);
    if (allowed.includes(value as Value)) return value as Value;
    const list = allowed.filter((item) => item !== undefined).map((item) => JSON.stringify(item));
    throw optionError(`${name} must be ${list.join(" or ")}: found ${shown(value)}`);
  };
}

export function flag(preset: boolean): Check<boolean> {
  return oneOf<boolean>([true, false], preset);
}

/** A value of which `isValid` is true, or none. */
export function optional<Value>(what: string, isValid: (value: unknown) => boolean): Check<Value | undefined> {
  return (value, name) => {
    if (value === undefined || isValid(value)) return value as Value | undefined;
    throw optionError(`${name} must be ${what}: found ${shown(value)}`);
  };
}

export const maxHeaderSize: Check<number> = (value, name) =>
  optional<number>("a number of characters", (size) => typeof size === "number" && size > 0)(value, name) ?? MAX_HEADER_SIZE;

export const abortSignal: Check<AbortSignal | undefined> = optional("an AbortSignal", (value) => value instanceof AbortSignal);

export const anyDType: Check<DType | undefined> = (value) => (value === undefined ? undefined : dtype(value as DTypeLike));

/** A string dtype without a length takes it from the data, which a file that will grow cannot do. */
export const fixedSizeDType: Check<DType | undefined> = (value, name) => {
  const type = anyDType(value, name);
  if (type?.itemsize !== 0 || (type.kind !== "S" && type.kind !== "U")) return type;
  const message = `${type.str} has no length: say how many characters an element holds, as in "${type.kind}10".`;
  throw new NpyError("ERR_NPY_DTYPE", message);
};

const isShape = (value: unknown): boolean => Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const OPEN_OPTIONS = {
  deleteIfExists: flag(false),
  rewriteHeaderOnAppend: flag(true),
  dtype: fixedSizeDType,
  rowShape: optional<readonly number[]>("a list of sizes of 0 or more ([] for numbers)", isShape),
  fortranOrder: oneOf([undefined, true, false]),
  casting: oneOf(CASTING_LEVELS, "same_kind"),
  onNeedsRecovery: oneOf(["throw", "truncate", "zerofill"], "throw"),
  onNotAppendable: oneOf(["throw", "rewrite"], "throw"),
  durability: oneOf(["os", "data", "full"], "os"),
  lock: oneOf([true, false, "auto"], "auto"),
  mmap: flag(false),
  maxHeaderSize,
};

/**
 * Checks the options of `NpyAppendArray.open`.
 *
 * @throws NpyError `ERR_NPY_OPTION`, or `ERR_NPY_DTYPE` for an unknown dtype.
 */
export function checkOpenOptions(options: OpenOptions): CheckedOpenOptions {
  const checked = checkOptions(options, OPEN_OPTIONS);
  const { rowShape } = checked;
  if (rowShape === undefined) return checked;
  if (checked.dtype === undefined) throw optionError("rowShape needs dtype: together they say what rows a new file has");
  return { ...checked, rowShape: [...rowShape] };
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
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw optionError("options must be an object");
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw optionError(`there is no option ${JSON.stringify(name)}: expected ${known.join(", ")}`);
  }
}

function shown(value: unknown): string {
  return typeof value === "string" || Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/** Refuses `mmap: true` where the file, or the header that is to be written, cannot be mapped. */
export function checkMappable(storage: Storage, isWritten: boolean): void {
  const problem =
    storage.mapProblem === undefined ? "only files of the file system can be mapped: pass a path" : storage.mapProblem(isWritten);
  if (problem !== undefined) throw optionError(`mmap: true, but ${problem}, or leave mmap out`);
}

/** For a constructor that is called with a path, as that of the Python class is. */
export function notConstructible(name: string): NpyError {
  const opener = name.replace("Sync", "");
  return new NpyError(
    "ERR_NPY_OPTION",
    `${name} is not made with new, since a file may have to be waited for: await ${opener}.open(path), or call ${opener}.openSync(path).`,
  );
}

export function optionError(message: string): NpyError {
  return new NpyError("ERR_NPY_OPTION", `Invalid options: ${message}.`);
}
