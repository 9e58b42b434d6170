/** What `NpyAppendGroup` and its synchronous twin share. */
import { NpyError } from "../errors.ts";
import type { ArrayInput, ArrowTable, ArrowVector, FlechetteColumn, RecordObject } from "../input/array-input.ts";
import { notConstructible } from "../options.ts";
import type { RecoveryReport } from "../plan/rewrite/recover.ts";
import type { GroupArrayInfo } from "./columns.ts";
import { GroupWriter } from "./group-writer.ts";
import type { RaggedArray } from "./ragged-array.ts";

/** Rows of a ragged array: lists, typed arrays or texts; what reading gives; or a column of Arrow, of lists or texts. */
export type RaggedInput = readonly (ArrayInput | string)[] | RaggedArray | ArrowVector | FlechetteColumn;

/** What can be appended to a group: as many rows of each of its arrays, a list of objects with one row of each, or a table of Arrow. */
export type GroupInput =
  | { readonly [name: string]: ArrayInput | RaggedInput }
  | readonly RecordObject[]
  | ReadonlyMap<string, unknown>
  | ArrowTable;

/** What both classes tell of their group. */
export abstract class GrowingGroup {
  readonly #writer: GroupWriter;

  constructor(writer: GroupWriter, name: string) {
    if (!(writer instanceof GroupWriter)) throw notConstructible(name);
    this.#writer = writer;
  }

  /** The folder's path; `undefined` for folders without one. */
  get path(): string | undefined {
    return this.#writer.folder.path;
  }

  /** The arrays by their names, in the order of `arrays`, or of their names. */
  get arrays(): { readonly [name: string]: GroupArrayInfo } {
    return this.#writer.arrays;
  }

  /** The rows that every array has. */
  get length(): number {
    return this.#writer.length;
  }

  /**
   * How opening made the files agree: by completing an append that was interrupted or taking it back, or as `onNeedsRecovery` asked for. `undefined` if
   * they agreed.
   */
  get recovered(): RecoveryReport | undefined {
    return this.#writer.recovered;
  }
}

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", "The group was closed: open it again to append to it.", { path });
}
