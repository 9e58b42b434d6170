/** Sources: where appended rows come from. */
import type { DType, NpyArray, NpyReader, NpyReaderSync } from "../../node.ts";
import type { ColumnChoice } from "../program/arguments.ts";
import { type RowLayout, sizeOf } from "../rows/columns.ts";

/** How to read a source. */
export interface SourceOptions {
  readonly dtype?: DType;
  readonly rowShape?: readonly number[];
  readonly columns?: readonly ColumnChoice[];
  readonly header?: boolean;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly fortranOrder?: boolean;
  /** Whether the dtype of the target was inferred from the values of the first source. */
  readonly isInferred?: boolean;
  /** Whether the file or a source is an object in S3: objects have no synchronous readers and writers, and both must be of one kind. */
  readonly isAsync?: boolean;
}

/** Rows to append: an array, or a part of a file. */
export type Block = PlacedRows &
  ({ readonly input: unknown } | { readonly reader: NpyReader | NpyReaderSync; readonly start: number; readonly stop: number });

interface PlacedRows {
  /** Where row `i` of the block is in the source, counted from 1: `row 1`, or the line on which it begins, `line 2`. */
  placeOf(i: number): string;
}

/** An open source. Its layout is known, its rows have yet to be read. */
export interface Source {
  /** Its size, if known. */
  readonly bytes: number | undefined;
  /** The layout of its rows, in the order (C or Fortran) of the target. */
  readonly layout: RowLayout;
  /** Whether the dtype was inferred from its values. */
  readonly isInferred?: boolean;
  /** Yields at least one block, possibly without rows. A block is valid until the next is requested. Calls `reach` with the bytes done. */
  blocks(reach: (bytes: number) => void, signal: AbortSignal): AsyncIterable<Block>;
}

/** Opens a source for a file of layout `target`; `undefined` if this source decides the layout. */
export type OpenSource = (path: string, target: RowLayout | undefined, options: SourceOptions) => Promise<Source>;

/** Elements, row by row and each row in C order, as an array in the order of the layout. */
export function arrayOf(
  data: NpyArray["data"] | Uint8Array | readonly unknown[],
  rows: number,
  { dtype, rowShape, fortranOrder }: Partial<RowLayout> & Pick<RowLayout, "rowShape">,
): unknown {
  if (!fortranOrder) return { data, shape: [rows, ...rowShape], ...(dtype && { dtype }) };
  const strides = rowShape.map((_, axis) => sizeOf(rowShape.slice(axis + 1)));
  return { data, shape: [...rowShape, rows], strides: [...strides, sizeOf(rowShape)], ...(dtype && { dtype }) };
}
