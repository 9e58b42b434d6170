/** The state of a file that rows are appended to. */

import { NpyError } from "../../errors.ts";
import { counted } from "../../format/counted.ts";
import { growingHeader, MARK, type NpyHeader } from "../../format/header.ts";
import { bytesPerRow, rowCount } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import type { MappedHeader } from "./mapped-header.ts";

/**
 * When rows are safe. `"os"`: the operating system has them, so they survive the end of the process. `"data"`: they survive a power cut,
 * once `recover` has run. `"full"`: they survive a power cut without it.
 */
export type Durability = "os" | "data" | "full";

/** Writing this many bytes takes less time than a check holds. */
export const SHORT_WRITE: number = 2 ** 16;

/** An open file, and its state. */
export class GrowingFile {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  readonly durability: Durability;
  readonly bytesPerRow: number;
  /** Renders the header for a number of rows. The next call overwrites the bytes. */
  readonly render: (rows: number) => Uint8Array;
  /** The file's header in memory, if it is mapped. */
  mapped: MappedHeader | undefined;
  /** Rows whose data are in the file. */
  rows: number;
  /** Rows that the file's header counts. */
  headerRows: number;
  /** Whether the file's header has the mark of a reserved tail: bytes after the counted rows are no rows then. */
  isMarked = false;
  /** Where the file ends if it reaches beyond its rows. */
  reservedEnd = 0;
  /** `false` if that header could not be synced. */
  isHeaderSafe = true;
  /** The header's bytes when the file was opened. `undefined`: they are what `render` makes for `headerRows`. */
  asFound: Uint8Array | undefined;
  /** When the last check found the file unchanged, by `Date.now()`. */
  checkedAt = 0;
  /** For how many milliseconds that check holds. */
  checkHolds = 0;
  /** Why nothing more can be appended: a failed write could not be undone, or another program changed the file. */
  broken: NpyError | undefined;

  /** The file ends where its rows end. Its header's bytes are `asFound`, unless `render` made them. */
  constructor(file: StorageFile, header: NpyHeader, durability: Durability, asFound?: Uint8Array) {
    this.file = file;
    this.header = header;
    this.durability = durability;
    this.bytesPerRow = bytesPerRow(header);
    this.render = growingHeader(header);
    this.rows = rowCount(header);
    this.headerRows = this.rows;
    this.asFound = asFound;
  }

  /** From now on {@link render} makes headers with the mark, or without it. */
  mark(isMarked: boolean): void {
    this.isMarked = isMarked;
    this.render(this.rows)[this.header.headerLength - 2] = isMarked ? MARK : 0x20;
  }

  /** Where the data of `rows` rows end. */
  endOf(rows: number): number {
    return this.header.headerLength + rows * this.bytesPerRow;
  }

  /**
   * Refuses more rows than can be counted exactly, or whose end cannot be. Rows of 0 bytes have no other limit.
   *
   * @throws NpyError `ERR_NPY_SHAPE`.
   */
  checkLength(rows: number): void {
    if (Math.max(rows, this.endOf(rows)) <= Number.MAX_SAFE_INTEGER) return;
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${counted(rows, "row")} would be more than 2^53, or end beyond byte 2^53 of the file: start another one.`,
    );
  }

  /** Whether to check the file again before the next write. `Date.now()` is the cheapest clock, but may be set back. */
  isCheckDue(): boolean {
    return Math.abs(Date.now() - this.checkedAt) >= this.checkHolds;
  }

  /** Whether to check it again between data of so many bytes and the header. */
  isCheckDueAfter(bytes: number): boolean {
    return (this.durability !== "os" || bytes > SHORT_WRITE) && this.isCheckDue();
  }
}
