/** What is known of a file that rows are appended to. */
import { NpyError } from "../../errors.ts";
import { growingHeader, type NpyHeader } from "../../format/header.ts";
import { bytesPerRow, rowCount } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import type { MappedHeader } from "./mapped-header.ts";

/**
 * When rows are safe. `"os"`: the operating system has them, so they survive the end of the process. `"data"`: they survive a power cut,
 * once `recover` has run. `"full"`: they survive a power cut as they are.
 */
export type Durability = "os" | "data" | "full";

/** Writing this many bytes takes less time than a check holds. */
export const SHORT_WRITE: number = 2 ** 16;

/** An open file, and what is known of it. */
export class GrowingFile {
  readonly file: StorageFile;
  readonly header: NpyHeader;
  /** For messages. */
  readonly path: string | undefined;
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
  /** `false` if that header could not be synced. */
  isHeaderSafe = true;
  /** The header's bytes as they were found. `undefined`: they are what `render` makes for `headerRows`. */
  asFound: Uint8Array | undefined;
  /** When the last check found that nobody else had written to the file, by `Date.now()`. */
  checkedAt = 0;
  /** For how many milliseconds that check holds. */
  checkHolds = 0;
  /** Why nothing more can be done: a failed write could not be undone, or another program wrote to the file. */
  broken: NpyError | undefined;

  /** The file has this header, whose bytes are `asFound` unless `render` made them, and ends where its rows end. */
  constructor(file: StorageFile, header: NpyHeader, path: string | undefined, durability: Durability, asFound?: Uint8Array) {
    this.file = file;
    this.header = header;
    this.path = path;
    this.durability = durability;
    this.bytesPerRow = bytesPerRow(header);
    this.render = growingHeader(header);
    this.rows = rowCount(header);
    this.headerRows = this.rows;
    this.asFound = asFound;
  }

  /** Where the data of `rows` rows end. */
  endOf(rows: number): number {
    return this.header.headerLength + rows * this.bytesPerRow;
  }

  /**
   * Refuses more rows than can be counted exactly, or whose end cannot be: there is no other limit to rows that have no bytes.
   *
   * @throws NpyError `ERR_NPY_SHAPE`.
   */
  checkLength(rows: number): void {
    if (Math.max(rows, this.endOf(rows)) <= Number.MAX_SAFE_INTEGER) return;
    throw new NpyError(
      "ERR_NPY_SHAPE",
      `${rows} rows would be more than 2^53, or end beyond byte 2^53 of the file: start another one.`,
    );
  }

  /**
   * Whether the file must be checked again before the next write. Each append asks this. `Date.now()` is the cheapest clock, but it can be set
   * back.
   */
  isCheckDue(): boolean {
    return Math.abs(Date.now() - this.checkedAt) >= this.checkHolds;
  }

  /** The same between the data and the header, after so many bytes were written. */
  isCheckDueAfter(bytes: number): boolean {
    return (this.durability !== "os" || bytes > SHORT_WRITE) && this.isCheckDue();
  }
}
