/** The options of NpyShards. */
import { NpyError } from "../errors.ts";
import type { DType } from "../format/dtype.ts";
import { formatHeader } from "../format/header.ts";
import { type ArrayLayout, bytesPerRow } from "../format/layout.ts";
import { type Check, checkNames, checkOptions, isPositive, optional, optionError } from "../options.ts";
import type { Folder } from "../storage/folder.ts";
import { type CheckedOpenOptions, checkOpenOptions, type OpenOptions } from "../writer/open-options.ts";

/** How a folder of shards is opened for appending. The other options are those of {@link NpyAppendArray.open}. */
export interface ShardsOptions<D = unknown>
  extends Omit<
    OpenOptions<D>,
    "deleteIfExists" | "rewriteHeaderOnAppend" | "onNeedsRecovery" | "onNotAppendable" | "textLength"
  > {
  /**
   * Rows of a shard. A writer that is closed leaves a shorter one.
   *
   * @defaultValue no limit: then `maxBytes` is needed
   * @example rowsPerShard: 100_000
   */
  readonly rowsPerShard?: number | undefined;
  /**
   * Bytes of data in a shard, at most, but at least one row. With `rowsPerShard` what is reached first counts.
   *
   * @defaultValue no limit: then `rowsPerShard` is needed
   * @example maxBytes: 256 * 2 ** 20
   */
  readonly maxBytes?: number | undefined;
  /**
   * Milliseconds after the first row of a shard at which it is completed, however few rows it has.
   *
   * @defaultValue no limit
   * @example maxAge: 60_000
   */
  readonly maxAge?: number | undefined;
}

/** {@link ShardsOptions}, checked. */
export interface CheckedShardsOptions {
  readonly rowsPerShard: number;
  readonly maxBytes: number;
  readonly maxAge: number | undefined;
  readonly dtype: DType | undefined;
  readonly rowShape: readonly number[] | undefined;
  /** Those of each file. */
  readonly files: OpenOptions;
  readonly checked: CheckedOpenOptions;
}

/** Shards are never replaced, rewritten or repaired by a writer, and their headers always count all rows. */
const OF_ONE_FILE = ["deleteIfExists", "rewriteHeaderOnAppend", "onNeedsRecovery", "onNotAppendable", "textLength"];

/** The longest delay of a timer. */
const MAX_DELAY = 2 ** 31 - 1;

const count: Check<number | undefined> = optional("a whole number of 1 or more", isPositive);
const age: Check<number | undefined> = optional(
  `a number of milliseconds, more than 0 and up to ${MAX_DELAY}`,
  (value) => typeof value === "number" && value > 0 && value <= MAX_DELAY,
);

export function checkShardsOptions(options: object): CheckedShardsOptions {
  if (typeof options !== "object" || options === null || Array.isArray(options)) checkNames(options, ["rowsPerShard"]);
  const { rowsPerShard, maxBytes, maxAge, ...files } = options as ShardsOptions;
  const wrong = Object.keys(files).find((name) => OF_ONE_FILE.includes(name));
  if (wrong !== undefined) throw optionError(`${wrong} is for one file: leave it out for shards`);
  const rules = checkOptions({ rowsPerShard, maxBytes, maxAge }, { rowsPerShard: count, maxBytes: count, maxAge: age });
  if (rules.rowsPerShard === undefined && rules.maxBytes === undefined) {
    throw optionError("rowsPerShard says how many rows a shard has, or maxBytes how many bytes: give one of them");
  }
  const checked = checkOpenOptions(files);
  return {
    rowsPerShard: rules.rowsPerShard ?? Number.POSITIVE_INFINITY,
    maxBytes: rules.maxBytes ?? Number.POSITIVE_INFINITY,
    maxAge: rules.maxAge,
    dtype: checked.dtype,
    rowShape: checked.rowShape,
    files,
    checked,
  };
}

/**
 * The most rows of a shard.
 *
 * @throws NpyError `ERR_NPY_OPTION` if the folder takes files whole, and such a shard would be too large for it.
 */
export function rowsOfShard({ rowsPerShard, maxBytes }: CheckedShardsOptions, array: ArrayLayout, folder: Folder): number {
  const width = bytesPerRow(array);
  const rows = Math.min(rowsPerShard, width === 0 ? Number.MAX_SAFE_INTEGER : Math.max(1, Math.floor(maxBytes / width)));
  const limit = folder.whole?.maxBytes;
  const header = formatHeader(array).length;
  if (limit === undefined || header + rows * width <= limit) return rows;
  throw new NpyError(
    "ERR_NPY_OPTION",
    `A shard is sent in one request, which takes up to ${limit} bytes here: found shards of ${header + rows * width}. Give a rowsPerShard of up to ${Math.floor((limit - header) / width)}, or a smaller maxBytes.`,
    { path: folder.path },
  );
}
