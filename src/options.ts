/** The options of opening, checked once. */
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
export interface CheckedOpenOptions {
  readonly deleteIfExists: boolean;
  readonly rewriteHeaderOnAppend: boolean;
  readonly dtype: DType | undefined;
  readonly rowShape: readonly number[] | undefined;
  readonly fortranOrder: boolean | undefined;
  readonly casting: Casting;
  readonly onNeedsRecovery: "throw" | "truncate" | "zerofill";
  readonly onNotAppendable: "throw" | "rewrite";
  readonly durability: Durability;
  readonly lock: boolean | "auto";
  readonly mmap: boolean;
  readonly maxHeaderSize: number;
}

const OPEN_OPTIONS = [
  "deleteIfExists",
  "rewriteHeaderOnAppend",
  "dtype",
  "rowShape",
  "fortranOrder",
  "casting",
  "onNeedsRecovery",
  "onNotAppendable",
  "durability",
  "lock",
  "mmap",
  "maxHeaderSize",
] as const;

/**
 * Checks the options of `NpyAppendArray.open`.
 *
 * @throws NpyError `ERR_NPY_OPTION`, or `ERR_NPY_DTYPE` for an unknown dtype.
 */
export function checkOpenOptions(options: OpenOptions): CheckedOpenOptions {
  checkNames(options, OPEN_OPTIONS);
  const { rowShape } = options;
  if (options.rowShape !== undefined && options.dtype === undefined) {
    throw optionError("rowShape needs dtype: together they say what rows a new file has");
  }
  if (rowShape !== undefined && !(Array.isArray(rowShape) && rowShape.every((n) => Number.isSafeInteger(n) && n >= 0))) {
    throw optionError(`rowShape must be a list of sizes of 0 or more ([] for numbers): found ${JSON.stringify(rowShape)}`);
  }
  return {
    deleteIfExists: oneOf("deleteIfExists", options.deleteIfExists ?? false, [true, false]),
    rewriteHeaderOnAppend: oneOf("rewriteHeaderOnAppend", options.rewriteHeaderOnAppend ?? true, [true, false]),
    dtype: options.dtype === undefined ? undefined : checkFixedSize(dtype(options.dtype)),
    rowShape: rowShape && [...rowShape],
    fortranOrder: oneOf("fortranOrder", options.fortranOrder, [undefined, true, false]),
    casting: oneOf("casting", options.casting ?? "same_kind", CASTING_LEVELS),
    onNeedsRecovery: oneOf("onNeedsRecovery", options.onNeedsRecovery ?? "throw", ["throw", "truncate", "zerofill"]),
    onNotAppendable: oneOf("onNotAppendable", options.onNotAppendable ?? "throw", ["throw", "rewrite"]),
    durability: oneOf("durability", options.durability ?? "os", ["os", "data", "full"]),
    lock: oneOf("lock", options.lock ?? "auto", [true, false, "auto"]),
    mmap: oneOf("mmap", options.mmap ?? false, [true, false]),
    maxHeaderSize: checkMaxHeaderSize(options.maxHeaderSize),
  };
}

/** A string dtype without a length is a question to the data, which a file that will grow cannot answer. */
export function checkFixedSize(type: DType): DType {
  if (type.itemsize === 0 && (type.kind === "S" || type.kind === "U")) {
    throw new NpyError(
      "ERR_NPY_DTYPE",
      `${type.str} has no length: say how many characters an element holds, as in "${type.kind}10".`,
    );
  }
  return type;
}

/** `maxHeaderSize`, or its default. */
export function checkMaxHeaderSize(size: number = MAX_HEADER_SIZE): number {
  if (typeof size === "number" && size > 0) return size;
  throw optionError(`maxHeaderSize must be a number of characters: found ${String(size)}`);
}

/** Refuses `mmap: true` where files, or their headers to be written, cannot be mapped. */
export function checkMappable(storage: Storage, isWritten: boolean): void {
  const problem =
    storage.mapProblem === undefined ? "only files of the file system can be mapped: pass a path" : storage.mapProblem(isWritten);
  if (problem !== undefined) throw optionError(`mmap: true, but ${problem}, or leave mmap out`);
}

/** An `AbortSignal`, if one is given. */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw optionError("signal must be an AbortSignal");
}

/** Whether bytes of rows are appended. */
export function checkRaw(raw: unknown): boolean {
  return oneOf("raw", raw ?? false, [true, false]);
}

/** Refuses options that do not exist: a misspelt one would be silently without effect. */
export function checkNames(options: object, known: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw optionError("options must be an object");
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw optionError(`there is no option ${JSON.stringify(name)}: expected ${known.join(", ")}`);
  }
}

/** Refuses a value that is not one of those allowed. */
export function oneOf<const Value>(name: string, value: unknown, allowed: readonly Value[]): Value {
  if ((allowed as readonly unknown[]).includes(value)) return value as Value;
  const list = allowed.filter((item) => item !== undefined).map((item) => JSON.stringify(item));
  throw optionError(
    `${name} must be ${list.join(" or ")}: found ${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
  );
}

/** What a constructor says that is called with a path, as that of Python's class is. */
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
