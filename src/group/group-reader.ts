/** What `NpyGroupReader` and its synchronous twin share. */
import type { NpyArray } from "../decode/npy-array.ts";
import { NpyError } from "../errors.ts";
import { abortSignal, type Check, isPositive, notConstructible, optional } from "../options.ts";
import type { GroupArrayInfo } from "./columns.ts";
import { type GroupArrays, GroupReading } from "./group-reading.ts";
import { RaggedArray } from "./ragged-array.ts";

/** How {@link NpyGroupReader.read} is stopped. */
export interface GroupReadOptions {
  /**
   * Stops this call, and no other.
   *
   * @defaultValue none
   * @example signal: AbortSignal.timeout(10_000)
   */
  readonly signal?: AbortSignal | undefined;
}

/** How {@link NpyGroupReader.chunks} divides a group. */
export interface GroupChunkOptions extends GroupReadOptions {
  /**
   * Rows of a chunk; the last one may have fewer.
   *
   * @defaultValue about 4 MiB of all arrays together, at least one row
   * @example rows: 1000
   */
  readonly rows?: number | undefined;
}

export const READ_OPTIONS: { readonly signal: Check<AbortSignal | undefined> } = { signal: abortSignal };
export const CHUNK_OPTIONS: { readonly rows: Check<number | undefined>; readonly signal: Check<AbortSignal | undefined> } = {
  rows: optional<number>("a whole number of 1 or more", isPositive),
  signal: abortSignal,
};

/** What both readers tell of their group. */
export abstract class GroupReader {
  readonly #reading: GroupReading;

  constructor(reading: GroupReading, name: string) {
    if (!(reading instanceof GroupReading)) throw notConstructible(name);
    this.#reading = reading;
  }

  /** The folder's path; `undefined` for folders without one. */
  get path(): string | undefined {
    return this.#reading.folder.path;
  }

  /** The arrays by their names. */
  get arrays(): { readonly [name: string]: GroupArrayInfo } {
    return this.#reading.arrays;
  }

  /** The rows that every file counts. */
  get length(): number {
    return this.#reading.length;
  }

  /**
   * Whether some file counts other rows than the rest. That is so while an append is under way, and after one was interrupted, which opening the group for
   * appending repairs; or files were shortened or replaced, which takes {@link recover}.
   */
  get needsRecovery(): boolean {
    return this.#reading.needsRecovery;
  }
}

/** Rows of each array, which begin at row `start` of the group. */
export function chunkOf<Arrays extends object>(arrays: Arrays, start: number): Arrays {
  const chunk = Object.entries<NpyArray | RaggedArray>(arrays as GroupArrays).map(
    ([name, array]): [string, NpyArray | RaggedArray] => {
      return [name, array instanceof RaggedArray ? array : Object.assign(array, { start })];
    },
  );
  return Object.fromEntries(chunk) as Arrays;
}

export function closed(path: string | undefined): NpyError {
  return new NpyError("ERR_NPY_CLOSED", "The group was closed: open it again to read it.", { path });
}
