/** What every way of growing a file offers its writer. */
import type { Blocks } from "../../memory/blocks.ts";
import type { Elements } from "../../memory/growing-buffer.ts";
import type { StorageFile } from "../../storage/storage.ts";
import type { Plan } from "../step.ts";
import type { GrowingFile } from "./growing-file.ts";

/** Rows that belong together: all of them are written, or none. */
export interface Rows {
  readonly rows: number;
  /** Their bytes as the file holds them. */
  readonly blocks: Blocks;
  /** The same bytes, if they are one block that is already in memory. */
  readonly onlyBlock?: Uint8Array | undefined;
  /** The same bytes, if they are those of a small typed array. */
  readonly elements?: Elements | undefined;
  /** Copies rows that are not in memory to `position` in `file`. Used instead of `blocks`. */
  readonly copyTo?: (file: StorageFile, position: number) => Plan<void>;
}

/** Grows one open file. Only this folder changes what is known of the file. */
export interface Growth {
  readonly growing: Readonly<GrowingFile>;
  /** Rows that have been appended, by any writer. */
  readonly length: number;

  /** @throws NpyError if nothing more can be appended. */
  check(): void;
  /**
   * Writes rows: all, or none. `undefined`: it is done. With `isBlocking` any number of rows may be written before this returns.
   *
   * @throws NpyError `ERR_NPY_CHANGED` if another program wrote to the file. Nothing is written then.
   */
  append(rows: Rows, isBlocking: boolean): Plan<void> | undefined;
  /**
   * Replaces rows that are in the file, from row `start` on.
   *
   * @throws NpyError `ERR_NPY_CHANGED`. Nothing is written then.
   */
  set(start: number, rows: Rows): Plan<void>;
  /**
   * Keeps the first `rows` rows, which are there.
   *
   * @throws NpyError `ERR_NPY_OPTION` if other threads append to the file, too; `ERR_NPY_CHANGED`.
   */
  truncate(rows: number): Plan<void>;
  /** Makes the header count all rows. */
  updateHeader(): Plan<void>;
  /** Makes all appended rows survive a power cut. */
  sync(): Plan<void>;
  /** The last operation. The caller closes the file afterwards. */
  finish(): Plan<void>;
}
