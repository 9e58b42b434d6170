/** What of a file is printed: some of its rows, columns and fields. */
import type { NpyArray, NpyReader } from "../../node.ts";
import { listArgument } from "../program/arguments.ts";
import { UsageError } from "../program/failure.ts";
import {
  entryOfSelection,
  type IndexText,
  indexArgument,
  indexAt,
  type SliceText,
  type TakenAxis,
  takenAxes,
  takenAxis,
  wholeAxis,
} from "../text/index-text.ts";
import { type Column, chosenColumns, columnsOf, firstByName, layoutOf, type RowLayout, type RowPart, sizeOf } from "./columns.ts";

export interface ViewOptions {
  readonly columns?: string;
  readonly fields?: readonly string[];
}

export interface View {
  /** The layout of the rows that are printed. */
  readonly layout: RowLayout;
  readonly columns: readonly Column[];
  /** Whether the columns are a list, and no longer have the structure of a row. */
  readonly isList: boolean;
  /** The rows that are printed. */
  readonly rows: TakenAxis;
  /** Of what is read. */
  readonly bytesPerRow: number;
  /** Whether arrays hold each row whole. */
  readonly isWhole: boolean;
  /** Whether rows are printed as they are in the file, and consecutive. */
  readonly isPlain: boolean;
  /** Reads the rows from number `first` to `stop` (not included) of those that are printed. */
  read(first: number, stop: number): Promise<NpyArray>;
}

/** Which rows, and of which axes. */
export interface Viewed {
  /** NumPy's index of all axes. One that is no tuple takes rows, in either order. */
  readonly index?: IndexText | undefined;
  /** The first row and the number of rows. Default: those that `index` takes. */
  readonly rows?: { readonly start: number; readonly count: number };
  /** Whether the arrays that are printed hold each row whole, as those of `reader.follow` do. */
  readonly isWhole?: boolean;
}

/** @throws UsageError for columns or fields that the array does not have. */
export function viewOf(
  reader: NpyReader,
  { columns: chosen, fields }: ViewOptions,
  { index, rows: given, isWhole = false }: Viewed = {},
): View {
  const whole = layoutOf(reader);
  const growth = whole.fortranOrder ? whole.rowShape.length : 0;
  const axes = indexedAxes(reader.shape, growth, index);
  const rows = { ...(axes[growth] ?? wholeAxis(reader.length)), ...given, isDropped: false };
  const indexed = axes.toSpliced(growth, 1);
  const isIndexed = indexed.some((axis, i) => axis.isDropped || axis.step !== 1 || axis.count !== whole.rowShape[i]);
  if (isIndexed && chosen !== undefined) throw new UsageError("--columns and an index of columns cannot be combined: choose one");
  const layout = fields === undefined ? whole : { ...whole, dtype: withFields(whole, fields) };
  const { part, list } = chosen === undefined ? { part: isIndexed ? indexed : undefined } : chosenPart(layout, chosen);
  const rowPart: RowPart | undefined = part && { axes: part, isCut: !isWhole };
  const isSelected = !isWhole && (part !== undefined || fields !== undefined || rows.step !== 1);
  const entries = (part ?? whole.rowShape.map(wholeAxis)).map((axis) => entryOfSelection(axis));
  return {
    layout:
      part === undefined ? layout : { ...layout, rowShape: part.filter((axis) => !axis.isDropped).map(({ count }) => count) },
    columns: list ?? columnsOf(layout, rowPart),
    isList: list !== undefined,
    rows,
    bytesPerRow:
      sizeOf(isSelected && part !== undefined ? part.map(({ count }) => count) : whole.rowShape) * whole.dtype.itemsize,
    isWhole,
    isPlain: part === undefined && fields === undefined && list === undefined && rows.step === 1,
    read: (first, stop) => {
      if (!isSelected) return reader.read(indexAt(rows, first), Math.max(indexAt(rows, first), indexAt(rows, stop)));
      return reader.select(
        entries.toSpliced(growth, 0, entryOfSelection(rows, first, stop)),
        fields && { fields: fields as never },
      );
    },
  };
}

/** What an index takes of each axis. */
export function indexedAxes(shape: readonly number[], growth: number, index: IndexText | undefined): TakenAxis[] {
  const given = index ?? { entries: [], isTuple: true };
  if (given.isTuple || shape.length === 0) return takenAxes(given, shape, growth);
  const whole = shape.slice(0, growth).map((): SliceText => ({ start: undefined, stop: undefined, step: undefined }));
  return takenAxes({ entries: [...whole, ...given.entries], isTuple: true }, shape, growth);
}

function withFields({ dtype }: RowLayout, names: readonly string[]): RowLayout["dtype"] {
  const { fields = [] } = dtype;
  const found = firstByName(fields, ({ name }) => name);
  const seen = new Set<string>();
  const chosen = names.map((name) => {
    const field = found.get(name);
    if (field === undefined) {
      const list = fields.map((one) => one.name).join(", ");
      throw new UsageError(
        `there is no field ${JSON.stringify(name)}: ${list === "" ? `the dtype is ${dtype.name}, which has none` : `the fields are ${list}`}`,
      );
    }
    if (seen.has(name)) throw new UsageError(`--fields names ${JSON.stringify(name)} twice: name it once`);
    seen.add(name);
    return field;
  });
  return { ...dtype, fields: chosen };
}

/** What `--columns` chooses: a part of each row, or a list of columns. */
function chosenPart(layout: RowLayout, text: string): { readonly part?: TakenAxis[]; readonly list?: readonly Column[] } {
  const { dtype, rowShape } = layout;
  if (dtype.fields !== undefined) return { list: namedColumns(columnsOf(layout), text) };
  if (rowShape.length === 0) throw new UsageError("the array has one column: leave out --columns");
  return usage(() => {
    const index = indexArgument(text);
    const [first] = index.entries;
    if (rowShape.length > 1 || index.entries.includes("...")) return { part: takenAxes(index, rowShape) };
    if (!index.isTuple) return { part: [columnsAt(first as number | SliceText, rowShape[0] as number)] };
    const all = columnsOf(layout);
    return { list: index.entries.flatMap((entry) => listedAt(all, entry as number | SliceText)) };
  });
}

/** Columns of a structure by their names, or by their places if a text such as `0:3` is no name. */
function namedColumns(all: readonly Column[], text: string): readonly Column[] {
  const byLabel = firstByName(all, ({ label }) => label);
  return listArgument(text).flatMap((name) => {
    const column = byLabel.get(name);
    if (column !== undefined) return column;
    if (!/^[-+_\d\s]*:[-+_:\d\s]*$/.test(name)) return chosenColumns(all, [name]);
    return usage(() => indexArgument(name).entries.flatMap((entry) => listedAt(all, entry as SliceText)));
  });
}

function columnsAt(entry: number | SliceText, count: number): TakenAxis {
  return takenAxis(entry, count, (index) => `there is no column ${index}: there are ${count}`);
}

function listedAt(all: readonly Column[], entry: number | SliceText): Column[] {
  const taken = columnsAt(entry, all.length);
  return Array.from({ length: taken.count }, (_, i) => all[indexAt(taken, i)] as Column);
}

/** Problems with the text of `--columns` are mistakes on the command line. */
function usage<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new UsageError(`--columns: ${lowered((error as Error).message)}`, { cause: error });
  }
}

function lowered(message: string): string {
  return message.replace(/^At /, "at ").replace(/\.$/, "");
}
