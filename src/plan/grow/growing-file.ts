/** What is known of a file that rows are appended to. */
import type { NpyError } from "../../errors.ts";
import { growingHeader, type NpyHeader } from "../../format/header.ts";
import { bytesPerRow, rowCount, rowShape } from "../../format/layout.ts";
import type { StorageFile } from "../../storage/storage.ts";
import { type Plan, read } from "../step.ts";
import type { MappedHeader } from "./mapped-header.ts";

/** A file that rows are appended to, and what is known of it. */
export interface GrowingFile {
  readonly file: StorageFile;
  /** For messages. */
  readonly path: string | undefined;
  readonly header: NpyHeader;
  readonly rowShape: readonly number[];
  readonly bytesPerRow: number;
  /** Renders the header for a number of rows. */
  readonly render: (rows: number) => Uint8Array;
  /** The file's header in memory, if it is mapped. */
  mapped: MappedHeader | undefined;
  /** The rows whose data are in the file. */
  rows: number;
  /** The rows that the file's header says. */
  headerRows: number;
  /** `false` if that header could not be synced. */
  isHeaderSafe: boolean;
  /** The header's bytes, until they are ours: what `render` gives for `headerRows`. */
  asFound: Uint8Array | undefined;
  /** When it was seen that nobody else had written to the file, by `Date.now()`. */
  checkedAt: number;
  /** For how many milliseconds that is taken to hold. */
  checkHolds: number;
  /** Why nothing more can be done, after a failed write that could not be taken back, or a change by somebody else. */
  broken: NpyError | undefined;
}

/** What is known of an open file that has this header, and nothing but its rows. */
export function* growExisting(file: StorageFile, header: NpyHeader, path: string | undefined): Plan<GrowingFile> {
  const growing = growingFile(file, header, path);
  growing.asFound = new Uint8Array(header.headerLength);
  yield* read(file, growing.asFound, 0);
  return growing;
}

/** What is known of a file to which this header was written. */
export function growingFile(file: StorageFile, header: NpyHeader, path: string | undefined): GrowingFile {
  const rows = rowCount(header);
  return {
    file,
    path,
    header,
    rowShape: rowShape(header),
    bytesPerRow: bytesPerRow(header),
    render: growingHeader(header),
    mapped: undefined,
    rows,
    headerRows: rows,
    isHeaderSafe: true,
    asFound: undefined,
    checkedAt: 0,
    checkHolds: 0,
    broken: undefined,
  };
}

/** Where the data of `rows` rows end. */
export function endOf(growing: GrowingFile, rows: number): number {
  return growing.header.headerLength + rows * growing.bytesPerRow;
}
