/** Columns: each element of a row is one column of tables, CSV, statistics and plots. */
import type { DType, NpyArray, NpyData, RecordArray } from "../../node.ts";
import { counted, UsageError } from "../program/failure.ts";
import { isRaw } from "../text/cell.ts";
import { indexAt, type TakenAxis, wholeAxis } from "../text/index-text.ts";

/** What the rows of an array have in common. */
export interface RowLayout {
  readonly dtype: DType;
  /** The shape of a row: all axes but the growth axis. */
  readonly rowShape: readonly number[];
  readonly fortranOrder: boolean;
  /** Bytes of all rows of a file. Default 0. */
  readonly dataLength?: number;
}

/** So many columns are listed for a file of any size: a header alone can claim any number. */
const MOST_COLUMNS = 2 ** 17;

/** One element of every row. */
export interface Column {
  /** `t`, `pos[0]`, `pos.x`; for plain arrays the index, and nothing for 1-D arrays. */
  readonly label: string;
  /** The dtype of the element itself, not of a sub-array around it. */
  readonly dtype: DType;
  /** The names of the fields that hold it, outermost first; `undefined` for plain arrays. */
  readonly path: readonly string[] | undefined;
  /** Its index among the elements of a row, or of the row's field. */
  readonly offset: number;
  /** The number of these elements. */
  readonly perRow: number;
}

export function layoutOf({
  dtype,
  shape,
  fortranOrder,
}: Pick<NpyArray, "dtype" | "fortranOrder"> & { shape: readonly number[] }): RowLayout {
  const dataLength = sizeOf(shape) * dtype.itemsize;
  return { dtype, rowShape: fortranOrder ? shape.slice(0, -1) : shape.slice(1), fortranOrder, dataLength };
}

/** The number of rows; a 0-d array counts as one. */
export function rowsOf({ shape, fortranOrder }: Pick<NpyArray, "fortranOrder"> & { shape: readonly number[] }): number {
  return (fortranOrder ? shape.at(-1) : shape[0]) ?? 1;
}

/** How many columns there are, without listing them. */
function countColumns({ dtype, rowShape }: Pick<RowLayout, "dtype" | "rowShape">): number {
  return sizeOf(rowShape) * countLeaves(dtype);
}

/** What is taken of each axis of a row. */
export interface RowPart {
  readonly axes: readonly TakenAxis[];
  /** Whether arrays hold only this part of each row. */
  readonly isCut: boolean;
}

/** The columns of an array, always in C order, or those of a part of each row. Refuses to list far more than the file has bytes. */
export function columnsOf({ dtype, rowShape, fortranOrder, dataLength = 0 }: RowLayout, part?: RowPart): Column[] {
  const axes = part?.axes ?? rowShape.map(wholeAxis);
  const counts = axes.map(({ count }) => count);
  const sizes = part?.isCut ? counts : rowShape;
  const perRow = sizeOf(sizes);
  const count = countColumns({ dtype, rowShape: counts });
  if (count > Math.max(MOST_COLUMNS, dataLength))
    throw new Error(
      `a row has ${counted(count, "column")}: expected at most ${MOST_COLUMNS}, or as many as the array has bytes of data (${dataLength}). The ` +
        "command info shows its shape and dtype",
    );
  const leaves = dtype.fields === undefined ? undefined : leavesOf(dtype);
  return indices(counts).flatMap((taken) => {
    const index = part === undefined ? taken : taken.map((i, axis) => indexAt(axes[axis] as TakenAxis, i));
    const place = part?.isCut ? taken : index;
    const offset = fortranOrder ? flatIndex(place.toReversed(), sizes.toReversed()) : flatIndex(place, sizes);
    if (leaves === undefined) return { label: index.join(","), dtype, path: undefined, offset, perRow };
    const prefix = index.length === 0 ? "" : `[${index.join(",")}].`;
    return leaves.map((leaf) => ({
      ...leaf,
      label: prefix + leaf.label,
      offset: offset * leaf.perRow + leaf.offset,
      perRow: perRow * leaf.perRow,
    }));
  });
}

/** How many elements a value of this dtype has. */
function countLeaves({ fields, subdtype }: DType): number {
  if (subdtype !== undefined) return sizeOf(subdtype.shape) * countLeaves(subdtype.dtype);
  return fields === undefined ? 1 : fields.reduce((count, { dtype }) => count + countLeaves(dtype), 0);
}

function leavesOf(structure: DType): Column[] {
  return (structure.fields ?? []).flatMap(({ name, dtype }) => {
    const shape = dtype.subdtype?.shape ?? [];
    const element = dtype.subdtype?.dtype ?? dtype;
    const perRow = sizeOf(shape);
    // Paths are shared: fields are decoded once for each.
    const path = [name];
    const leaves = leavesOf(element).map((leaf) => ({ ...leaf, path: [name, ...(leaf.path ?? [])] }));
    return indices(shape).flatMap((index) => {
      const offset = flatIndex(index, shape);
      const label = index.length === 0 ? name : `${name}[${index.join(",")}]`;
      if (element.fields === undefined) return { label, dtype: element, path, offset, perRow };
      return leaves.map((leaf) => ({
        ...leaf,
        label: `${label}.${leaf.label}`,
        offset: offset * leaf.perRow + leaf.offset,
        perRow: perRow * leaf.perRow,
      }));
    });
  });
}

/** The columns that the user named, or all. */
export function chosenColumns(columns: readonly Column[], names: readonly string[] | undefined): readonly Column[] {
  if (names === undefined) return columns;
  const byLabel = firstByName(columns, ({ label }) => label);
  return names.map((name) => {
    const found = byLabel.get(name);
    if (found !== undefined) return found;
    const labels = columns.slice(0, 12).map(({ label }) => label);
    const list = columns.length > 12 ? [...labels, "..."] : labels;
    throw new UsageError(`there is no column ${JSON.stringify(name)}: the columns are ${list.join(", ") || "unnamed"}`);
  });
}

/** Items by their names. Of several with one name, the first counts. */
export function firstByName<Item>(items: readonly Item[], nameOf: (item: Item) => string): ReadonlyMap<string, Item> {
  const found = new Map<string, Item>();
  for (const item of items) {
    const name = nameOf(item);
    if (!found.has(name)) found.set(name, item);
  }
  return found;
}

/** Splits a complex column into its real and imaginary parts. */
export function numericColumns(column: Column): readonly Column[] {
  const { dtype, label, offset, perRow } = column;
  if (dtype.kind !== "c" || isRaw(dtype)) return [column];
  const prefix = label === "" ? "" : `${label}.`;
  return ["real", "imag"].map((part, i) => ({ ...column, label: prefix + part, offset: 2 * offset + i, perRow: 2 * perRow }));
}

export function isNumeric({ dtype }: Column): boolean {
  return !isRaw(dtype) && !"SU".includes(dtype.kind);
}

/** Returns the data of columns, decoding each field once. Keys are paths, because joined names could be ambiguous: a name may hold dots. */
export function columnData(array: NpyArray): (column: Column) => NpyData {
  const fields = new Map<string, NpyData>();
  const known = new Map<readonly string[], NpyData>();
  const at = (path: readonly string[]): NpyData => {
    if (path.length === 0) return array.data;
    const key = JSON.stringify(path);
    const data = fields.get(key) ?? (at(path.slice(0, -1)) as RecordArray).column(path.at(-1) as string);
    fields.set(key, data);
    return data;
  };
  return ({ path }) => {
    if (path === undefined) return array.data;
    const data = known.get(path) ?? at(path);
    known.set(path, data);
    return data;
  };
}

/** Where a column has its elements. */
export interface Place {
  /** The index of the column. */
  readonly column: number;
  /** The index of its element among those of a row. */
  readonly offset: number;
  /** The number of these elements. */
  readonly perRow: number;
}

/** The columns that have their elements in one array, as those of an array field. */
export interface PlacedData {
  readonly data: NpyData;
  readonly places: readonly Place[];
}

/** Which columns have their elements in which array. Few of many elements are copied first: making text takes most of the time. */
export function placesOfData(columns: readonly Column[], rows: NpyArray): PlacedData[] {
  const dataOf = columnData(rows);
  const found = new Map<NpyData, Place[]>();
  for (const [column, one] of columns.entries()) {
    const data = dataOf(one);
    const place = { column, offset: one.offset, perRow: one.perRow };
    const places = found.get(data);
    if (places === undefined) found.set(data, [place]);
    else places.push(place);
  }
  return Array.from(found, ([data, places]) => {
    const { perRow } = places[0] as Place;
    if (2 * places.length >= perRow) return { data, places };
    const offsets = places.map(({ offset }) => offset);
    return {
      data: elementsAt(data, rowsOf(rows), perRow, offsets),
      places: places.map(({ column }, offset) => ({ column, offset, perRow: places.length })),
    };
  });
}

/** Some elements of each row. */
function elementsAt(data: NpyData, rows: number, perRow: number, offsets: readonly number[]): NpyData {
  // Complex numbers and raw bytes have several items to an element.
  const items = rows * perRow === 0 ? 0 : data.length / (rows * perRow);
  const length = rows * offsets.length * items;
  const source = data as unknown[];
  const chosen = (Array.isArray(data) ? new Array(length) : new (data.constructor as Uint8ArrayConstructor)(length)) as unknown[];
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const offset of offsets) {
      const from = (row * perRow + offset) * items;
      for (let item = 0; item < items; item++) chosen[at++] = source[from + item];
    }
  }
  return chosen as unknown as NpyData;
}

/** All indices of an array of this shape, in C order. */
export function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (found, size) => found.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

function flatIndex(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((flat, i, axis) => flat * (shape[axis] as number) + i, 0);
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A shape as Python writes it. */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}
