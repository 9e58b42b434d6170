/** Columns of text -> rows of a file: assigns columns to fields, and picks their dtypes. */
import { type DType, dtype } from "../../node.ts";
import { counted, excerpt, FileProblem, shown, UsageError } from "../program/failure.ts";
import { columnsOf, firstByName, type RowLayout, shapeText, sizeOf } from "../rows/columns.ts";
import { type HeaderName, placesOf } from "./csv-header.ts";
import { fastRows, type ReadRows } from "./fast-rows.ts";
import { dtypeOfTexts } from "./infer.ts";
import { isNumberText } from "./number-of-text.ts";
import { arrayOf, type SourceOptions } from "./source.ts";
import { InvalidCell, type ValuesOfTexts, valuesOfTexts } from "./text-values.ts";

/** How the cells of a row are converted. */
export interface CsvColumns {
  /** The number of cells in a row. */
  readonly width: number;
  readonly layout: RowLayout;
  /** Whether the dtype of a column was inferred from its text. */
  readonly isInferred: boolean;
  /** Converts lines, as far as it can; `undefined` if there is no fast way. */
  readonly readRows: ReadRows | undefined;
  /** Converts rows of cells to what `append` takes. `lineOf` gives the line on which a row begins. */
  convert(rows: readonly (readonly string[])[], lineOf: (i: number) => number): unknown;
}

/** A column of the source. */
interface TextColumn {
  readonly index: number;
  readonly name: string;
  readonly dtype: DType | undefined;
}

/**
 * Decides how columns are converted. A structure takes each field from the column of the same name, or without a header from the
 * column at the same position. Any other dtype takes all columns as the elements of a row. If neither the file nor an option gives a
 * dtype, numbers without a header become rows of float64, and everything else a structure.
 */
export function planColumns(
  path: string,
  header: readonly HeaderName[] | undefined,
  sample: readonly (readonly string[])[],
  target: RowLayout | undefined,
  options: SourceOptions,
): CsvColumns {
  const width = header?.length ?? sample[0]?.length ?? 0;
  const columns = chosen(path, header, width, options);
  const wanted = target?.dtype ?? options.dtype;
  const layoutFor = (type: DType, rowShape: readonly number[]): RowLayout => ({
    dtype: type,
    rowShape: target?.rowShape ?? options.rowShape ?? rowShape,
    fortranOrder: target?.fortranOrder ?? options.fortranOrder ?? false,
  });
  const isTold = wanted === undefined || (options.isInferred ?? false);
  if (wanted !== undefined && wanted.fields === undefined) {
    return plain(path, width, columns, layoutFor(wanted, [columns.length]), isTold, options);
  }
  if (wanted !== undefined) {
    const layout = layoutFor(wanted, []);
    const ordered = header === undefined ? columns : columnsByName(path, columns, header, layout);
    return structured(path, width, ordered, layout, isTold, options);
  }
  if (width === 0) throw new FileProblem(path, "it has no columns: pass --dtype to create a file without rows");
  const areNumbers = sample.every((cells) => cells.every((cell) => cell.trim() === "" || isNumberText(cell)));
  if (header === undefined && options.columns === undefined && areNumbers) {
    return plain(path, width, columns, layoutFor(dtype("float64"), [columns.length]), true, options);
  }
  refuseSameNames(path, columns);
  const fields = columns.map((column) => {
    const own = column.dtype ?? dtype(dtypeOfTexts(sample.map((cells) => cells[column.index] ?? "")));
    return [column.name, own] as const;
  });
  return structured(path, width, columns, { dtype: dtype(fields), rowShape: [], fortranOrder: false }, isTold, options);
}

/** All columns, or those of --columns. Without a header, --columns names them. */
function chosen(
  path: string,
  header: readonly HeaderName[] | undefined,
  width: number,
  { columns }: SourceOptions,
): TextColumn[] {
  if (header === undefined) {
    if (columns !== undefined && columns.length !== width && width > 0) {
      throw new UsageError(
        `--columns names ${counted(columns.length, "column")}, but ${shown(path)} has ${width} and no header: name each of them`,
      );
    }
    return Array.from({ length: width }, (_, index) => ({
      index,
      ...(columns?.[index] ?? { name: `f${index}`, dtype: undefined }),
    }));
  }
  if (columns === undefined) return header.map(({ name }, index) => ({ index, name, dtype: undefined }));
  const placeOf = placesOf(header);
  const twins = secondPlaces(header);
  return columns.map((choice) => {
    const index = placeOf(choice.name);
    const twin = index === undefined ? undefined : twins.get(header[index]?.name ?? "");
    if (index !== undefined && twin !== undefined) throw sameNames(path, choice.name, twin);
    if (index !== undefined) return { index, ...choice };
    const found = header.map((other) => other.name).join(", ");
    throw new UsageError(
      `there is no column ${JSON.stringify(choice.name)} in ${shown(path)}: its columns are ${found} (or pass --no-header)`,
    );
  });
}

/** The first two places of each name that is there more than once. */
function secondPlaces(header: readonly HeaderName[]): ReadonlyMap<string, readonly [number, number]> {
  const firsts = new Map<string, number>();
  const twins = new Map<string, readonly [number, number]>();
  for (const [i, { name }] of header.entries()) {
    const first = firsts.get(name);
    if (first === undefined) firsts.set(name, i);
    else if (!twins.has(name)) twins.set(name, [first, i]);
  }
  return twins;
}

function refuseSameNames(path: string, columns: readonly TextColumn[]): void {
  const seen = new Map<string, number>();
  for (const { name, index } of columns) {
    const first = seen.get(name);
    if (first !== undefined) throw sameNames(path, name, [first, index]);
    seen.set(name, index);
  }
}

function sameNames(path: string, name: string, places: readonly number[]): FileProblem {
  const [first, second] = places.toSorted((a, b) => a - b).map((place) => place + 1);
  return new FileProblem(
    path,
    `columns ${first} and ${second} have the same name ${JSON.stringify(name)}: rename one, ` +
      "or pass --no-header if this line is not a header",
  );
}

function plain(
  path: string,
  width: number,
  columns: readonly TextColumn[],
  layout: RowLayout,
  isInferred: boolean,
  { delimiter = "," }: SourceOptions,
): CsvColumns {
  const { rowShape, fortranOrder } = layout;
  if (width > 0 && sizeOf(rowShape) !== columns.length) {
    throw new FileProblem(
      path,
      `it has ${counted(columns.length, "column")}, but a row of shape ${shapeText(rowShape)} has ${sizeOf(rowShape)} ` +
        "elements: choose columns with --columns",
    );
  }
  const valuesOf = valuesOfTexts(layout.dtype, isInferred);
  const values = columns.map(() => valuesOf);
  const cells = columns.map(({ index }) => index);
  return {
    width,
    layout,
    isInferred,
    readRows: fastRows({ layout, width, delimiter, cells, isInferred: () => isInferred }),
    convert: (rows, lineOf) => {
      const converted = convertColumns(rows, columns, values, path, lineOf);
      const elements: unknown[] = [];
      for (let i = 0; i < rows.length; i++) for (const column of converted) elements.push(column[i]);
      return arrayOf(elements, rows.length, { rowShape, fortranOrder });
    },
  };
}

/** The columns in the order of the structure's elements, matched by name. */
function columnsByName(
  path: string,
  columns: readonly TextColumn[],
  header: readonly HeaderName[],
  layout: RowLayout,
): TextColumn[] {
  refuseSameNames(path, columns);
  const byName = firstByName(columns, ({ name }) => name);
  const byExact = firstByName(columns, ({ index }) => header[index]?.exact ?? "");
  const ordered = columnsOf(layout).map(({ label }) => {
    const column = byName.get(label) ?? byExact.get(label);
    if (column !== undefined) return column;
    const names = columns.map(({ name }) => name).join(", ");
    throw new FileProblem(path, `there is no column ${JSON.stringify(label)}: its columns are ${names}`);
  });
  if (columns.length > ordered.length) {
    const used = new Set(ordered);
    const extra = columns.find((column) => !used.has(column));
    throw new FileProblem(path, `there is no field for column ${JSON.stringify(extra?.name)}: leave it out with --columns`);
  }
  return ordered;
}

type Record = { [name: string]: unknown };

/** Rows of records. `isInferred`: the dtypes of columns for which the user gave none are inferred. */
function structured(
  path: string,
  width: number,
  columns: readonly TextColumn[],
  layout: RowLayout,
  isInferred: boolean,
  { delimiter = "," }: SourceOptions,
): CsvColumns {
  const { dtype: wanted, rowShape, fortranOrder } = layout;
  const leaves = columnsOf(layout);
  const isInferredAt = (i: number): boolean => isInferred && columns[i]?.dtype === undefined;
  const values = leaves.map(({ dtype: type }, i) => valuesOfTexts(type, isInferredAt(i)));
  if (leaves.length !== columns.length && width > 0) {
    throw new FileProblem(
      path,
      `it has ${counted(columns.length, "column")}, but a row has ${counted(leaves.length, "element")}: choose columns with --columns`,
    );
  }
  const perRow = sizeOf(rowShape);
  const cells = columns.map(({ index }) => index);
  return {
    width,
    layout,
    isInferred,
    readRows: fastRows({ layout, width, delimiter, cells, isInferred: isInferredAt }),
    convert: (rows, lineOf) => {
      const converted = convertColumns(rows, columns, values, path, lineOf);
      let [i, leaf] = [0, 0];
      const record = recordMaker(wanted, () => (converted[leaf++] as ArrayLike<unknown>)[i]);
      const records: unknown[] = [];
      for (; i < rows.length; i++) {
        leaf = 0;
        for (let element = 0; element < perRow; element++) records.push(record());
      }
      return rowShape.length === 0 ? records : arrayOf(records, rows.length, { rowShape, fortranOrder });
    },
  };
}

/** Makes a function that builds records from the elements that `next` returns, in the order of the columns. */
function recordMaker(structure: DType, next: () => unknown): () => Record {
  const fields = (structure.fields ?? []).map(({ name, dtype: type }) => ({ name, make: fieldMaker(type, next) }));
  // Copying an object that has all fields is faster than adding them one by one, and makes `__proto__` an ordinary name.
  const empty: Record = Object.fromEntries(fields.map(({ name }) => [name, undefined]));
  return () => {
    const record = { ...empty };
    for (const { name, make } of fields) record[name] = make();
    return record;
  };
}

function fieldMaker(type: DType, next: () => unknown): () => unknown {
  if (type.subdtype !== undefined) {
    const make = fieldMaker(type.subdtype.dtype, next);
    const length = sizeOf(type.subdtype.shape);
    return () => Array.from({ length }, make);
  }
  return type.fields === undefined ? next : recordMaker(type, next);
}

/** The values of each column. Throws the error of the first row that has one. */
function convertColumns(
  rows: readonly (readonly string[])[],
  columns: readonly TextColumn[],
  values: readonly ValuesOfTexts[],
  path: string,
  lineOf: (i: number) => number,
): ArrayLike<unknown>[] {
  let first: { readonly at: number; readonly problem: FileProblem } | undefined;
  const converted = columns.map(({ index, name }, c) => {
    const texts = rows.map((cells) => cells[index] as string);
    try {
      return (values[c] as ValuesOfTexts)(texts);
    } catch (error) {
      if (!(error instanceof InvalidCell)) throw error;
      const { index: at, message } = error;
      const what = JSON.stringify(excerpt(texts[at] as string));
      const problem = new FileProblem(path, `line ${lineOf(at)}, column ${JSON.stringify(name)}: ${what}: ${message}`);
      if (first === undefined || at < first.at) first = { at, problem };
      return [];
    }
  });
  if (first !== undefined) throw first.problem;
  return converted;
}
