/** Two axes of an array as rows and columns, at one index of each other axis: what tables, plots and pictures show. */
import {
  type Column,
  columnData,
  columnsOf,
  type DType,
  type NpyArray,
  type NpyData,
  type NpyReader,
} from "../shared/library.ts";
import { itemsOf, textsOf } from "../shared/texts.ts";

/** Which axes are shown, and where the others are cut. */
export interface Slicing {
  /** The axis of the rows; `undefined` for a 0-d array. */
  readonly rows: number | undefined;
  /** The axis of the columns; `undefined` for a 1-D array. */
  readonly columns: number | undefined;
  /** An index for each axis. Those of rows and columns count for nothing. */
  readonly fixed: readonly number[];
}

/** What of a reader a sheet needs. */
export type Readable = Pick<NpyReader, "shape" | "dtype" | "fortranOrder" | "select">;

/** Rows are the growth axis, or axis 0; columns the last of the others. */
export function slicingOf(shape: readonly number[]): Slicing {
  const fixed = shape.map(() => 0);
  if (shape.length === 0) return { rows: undefined, columns: undefined, fixed };
  return { rows: 0, columns: shape.length > 1 ? shape.length - 1 : undefined, fixed };
}

/** Indices of an axis, of which every `step`-th is taken. */
export interface Span {
  readonly start: number;
  readonly stop: number;
  readonly step?: number;
}

export class Sheet {
  readonly slicing: Slicing;
  readonly dtype: DType;
  /** The elements of a structure; one without a label for other dtypes. */
  readonly leaves: readonly Column[];
  readonly rowCount: number;
  /** Indices of the axis of columns; 1 without that axis. */
  readonly indexCount: number;
  readonly #reader: Readable;

  constructor(reader: Readable, slicing: Slicing, rowCount?: number) {
    const { dtype, shape } = reader;
    this.#reader = reader;
    this.slicing = slicing;
    this.dtype = dtype;
    this.leaves = columnsOf({ dtype, rowShape: [], fortranOrder: false });
    this.rowCount = rowCount ?? (slicing.rows === undefined ? 1 : (shape[slicing.rows] as number));
    this.indexCount = slicing.columns === undefined ? 1 : (shape[slicing.columns] as number);
  }

  get columnCount(): number {
    return this.indexCount * this.leaves.length;
  }

  leafOf(column: number): Column {
    return this.leaves[column % this.leaves.length] as Column;
  }

  /** The index on the axis of columns. */
  indexOf(column: number): number {
    return Math.floor(column / this.leaves.length);
  }

  label(column: number): string {
    const leaf = this.leafOf(column).label;
    if (this.slicing.columns === undefined) return leaf;
    return leaf === "" ? String(this.indexOf(column)) : `[${this.indexOf(column)}].${leaf}`;
  }

  /** Bytes of a row of so many indices of the axis of columns. */
  rowBytes(indices: number = this.indexCount): number {
    return indices * this.dtype.itemsize;
  }

  /** Reads rows, and of them the elements at some indices of the axis of columns. */
  async read(rows: Span, indices: Span, signal?: AbortSignal): Promise<Block> {
    const { slicing } = this;
    const selection = slicing.fixed.map((at, axis) => (axis === slicing.rows ? rows : axis === slicing.columns ? indices : at));
    const array = await this.#reader.select(selection, { order: "C", signal });
    const [height, width] = [countOf(rows), slicing.columns === undefined ? 1 : countOf(indices)];
    const isTurned = slicing.rows !== undefined && slicing.columns !== undefined && slicing.columns < slicing.rows;
    return new Block(array, height, width, isTurned ? [1, height] : [width, 1]);
  }
}

export function countOf({ start, stop, step = 1 }: Span): number {
  return Math.max(0, Math.ceil((stop - start) / step));
}

/** Some rows and columns that were read. */
export class Block {
  readonly height: number;
  /** Indices of the axis of columns. */
  readonly width: number;
  /** From one row, and from one index, to the next, in elements. */
  readonly strides: readonly [row: number, index: number];
  readonly #dataOf: (column: Column) => NpyData;

  constructor(array: NpyArray, height: number, width: number, strides: readonly [number, number]) {
    this.height = height;
    this.width = width;
    this.strides = strides;
    this.#dataOf = columnData(array);
  }

  /** The data of an element of a structure, or of the whole array. */
  data(leaf: Column): NpyData {
    return this.#dataOf(leaf);
  }

  /** Where the element of a row and an index is in {@link data}, in elements. */
  place(leaf: Column, row: number, index: number): number {
    return (row * this.strides[0] + index * this.strides[1]) * leaf.perRow + leaf.offset;
  }

  /** The texts of one column, from top to bottom; `isPlain`: text as it is, also with characters that show nothing. */
  texts(leaf: Column, index: number, isPlain = false): string[] {
    const data = this.data(leaf);
    const items = itemsOf(leaf.dtype);
    const places = Array.from({ length: this.height }, (_, row) => this.place(leaf, row, index));
    if (Array.isArray(data)) {
      const texts = places.map((place) => data[place] as string);
      return isPlain ? texts : textsOf(texts as never, leaf.dtype);
    }
    const source = data as Uint8Array;
    const chosen = new (source.constructor as Uint8ArrayConstructor)(places.length * items);
    for (const [row, place] of places.entries()) chosen.set(source.subarray(place * items, (place + 1) * items), row * items);
    return textsOf(chosen as NpyData, leaf.dtype);
  }
}
