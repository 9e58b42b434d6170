/** Where rows that are appended come from. */
import type { DType, NpyArray, NpyReaderSync } from "../../node.ts";
import type { ColumnChoice } from "../arguments.ts";
import { type RowLayout, sizeOf } from "../columns.ts";

/** How a source is understood. */
export interface SourceOptions {
  readonly dtype?: DType;
  readonly rowShape?: readonly number[];
  readonly columns?: readonly ColumnChoice[];
  readonly header?: boolean;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly fortranOrder?: boolean;
  /** The dtype of the target is what was told from the values of the source before, and nobody's choice. */
  readonly isInferred?: boolean;
}

/** Rows, as appending takes them: an array, or a part of a file. */
export type Block = PlacedRows &
  ({ readonly input: unknown } | { readonly reader: NpyReaderSync; readonly start: number; readonly stop: number });

interface PlacedRows {
  /** Where one of its rows is in the source, as people count: `row 1`, or the line on which it begins, `line 2`. */
  placeOf(i: number): string;
}

/** A source that was opened: its form is known, its rows are not read yet. */
export interface Source {
  /** Its size, if that is known. */
  readonly bytes: number | undefined;
  /** What its rows are, in the order of the file that they are for. */
  readonly layout: RowLayout;
  /** Whether the dtype was told from its values. */
  readonly isInferred?: boolean;
  /** At least one block, which may have no rows; each is valid until the next is asked for. `reach` hears of the bytes done. */
  blocks(reach: (bytes: number) => void, signal: AbortSignal): AsyncIterable<Block>;
}

/** Opens a source for rows of `target`; `undefined` if the file is to be created for this source. */
export type OpenSource = (path: string, target: RowLayout | undefined, options: SourceOptions) => Promise<Source>;

/** Elements row by row, each row in C order, as an array in the order of `layout`. */
export function arrayOf(
  data: NpyArray["data"] | Uint8Array | readonly unknown[],
  rows: number,
  { dtype, rowShape, fortranOrder }: Partial<RowLayout> & Pick<RowLayout, "rowShape">,
): unknown {
  if (!fortranOrder) return { data, shape: [rows, ...rowShape], ...(dtype && { dtype }) };
  const strides = rowShape.map((_, axis) => sizeOf(rowShape.slice(axis + 1)));
  return { data, shape: [...rowShape, rows], strides: [...strides, sizeOf(rowShape)], ...(dtype && { dtype }) };
}
