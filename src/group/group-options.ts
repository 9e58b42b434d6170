/** The options of opening a group for appending, and their checks. */
import { checkNames, oneOf, optionError } from "../options.ts";
import { type CheckedOpenOptions, checkOpenOptions, type OpenOptions } from "../writer/open-options.ts";
import type { AppendFromOptions, RowAppendOptions } from "../writer/streams.ts";
import { type Column, describedColumns, type GroupArray } from "./columns.ts";

/** What all files of a group have in common. */
type SharedOptions = Pick<
  OpenOptions,
  "casting" | "onOverflow" | "nulls" | "durability" | "lock" | "onNotAppendable" | "maxHeaderSize"
>;

/**
 * How a group is opened for appending: as one file is, but that each append writes the headers, and that files are not mapped. `lock` locks all its
 * files.
 */
export interface GroupOptions extends SharedOptions {
  /**
   * The arrays of the group by their names, which begin the names of their files. Other files are left alone.
   *
   * Those that do not exist are created, if the group has no rows yet.
   *
   * @defaultValue all `.npy` files of the folder
   * @example arrays: { id: { dtype: "int64" }, vec: { dtype: "float32", rowShape: [3] }, text: { dtype: "utf8" } }
   */
  readonly arrays?: { readonly [name: string]: GroupArray };
  /**
   * What to do if files do not belong together: `"truncate"` keeps the rows that all of them hold, at least one.
   *
   * Files do not belong together if one of them was replaced, or is shorter than an interrupted append leaves it.
   *
   * @defaultValue `"throw"`
   * @example onNeedsRecovery: "truncate"
   */
  readonly onNeedsRecovery?: "throw" | "truncate";
}

/** How {@link NpyAppendGroup.appendFrom} is stopped. */
export type GroupAppendFromOptions = Omit<AppendFromOptions, "raw">;

/** How {@link NpyAppendGroup.appendFrom} takes single rows. */
export type GroupRowAppendOptions = Omit<RowAppendOptions, "raw">;

export interface CheckedGroupOptions {
  readonly arrays: readonly Column[] | undefined;
  readonly mayCut: boolean;
  /** The options of each file. */
  readonly shared: CheckedOpenOptions;
}

const SHARED: readonly (keyof SharedOptions)[] = [
  "casting",
  "onOverflow",
  "nulls",
  "durability",
  "lock",
  "onNotAppendable",
  "maxHeaderSize",
];

const recoveryOption = oneOf<"throw" | "truncate">(["throw", "truncate"], "throw");

/** @throws NpyError `ERR_NPY_OPTION`, or `ERR_NPY_DTYPE` for an unknown dtype. */
export function checkGroupOptions(options: object): CheckedGroupOptions {
  if ("mmap" in (options ?? {}) && (options as OpenOptions).mmap === true) {
    throw optionError("mmap: true is for one file, whose growing end is mapped: leave it out, or open each file by itself");
  }
  checkNames(options, ["arrays", "onNeedsRecovery", ...SHARED]);
  const { arrays, onNeedsRecovery, ...shared } = options as GroupOptions;
  return {
    arrays: describedColumns(arrays, "arrays"),
    mayCut: recoveryOption(onNeedsRecovery, "onNeedsRecovery") === "truncate",
    shared: checkOpenOptions(shared),
  };
}
