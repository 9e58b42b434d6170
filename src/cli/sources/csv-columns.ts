/** Columns of text -> rows of a file: which column goes where, as what. */
import { type DType, dtype } from "../../node.ts";
import { columnsOf, type RowLayout, shapeText, sizeOf } from "../columns.ts";
import { FileProblem, shown, UsageError } from "../failure.ts";
import { dtypeOfTexts } from "./infer.ts";
import { arrayOf, type SourceOptions } from "./source.ts";
import { isNumberText, valueOfText } from "./text.ts";

/** What is made of the cells of a row. */
export interface CsvColumns {
  /** Cells of a row. */
  readonly width: number;
  /** What the rows are. */
  readonly layout: RowLayout;
  /** Rows of cells as appending takes them; `rowOf` says which row of the source one is. */
  convert(rows: readonly (readonly string[])[], rowOf: (i: number) => number): unknown;
}

/** A column of the source. */
interface TextColumn {
  readonly index: number;
  readonly name: string;
  readonly dtype: DType | undefined;
}

/**
 * Decides what becomes of the columns. A structure takes each field from the column of its name (without a header: from the
 * column in its place). Any other dtype takes all columns as the elements of a row. Where neither the file nor an option says a
 * dtype: numbers without a header are rows of float64, everything else is a structure.
 */
export function planColumns(
  path: string,
  header: readonly string[] | undefined,
  sample: readonly (readonly string[])[],
  target: RowLayout | undefined,
  options: SourceOptions,
): CsvColumns {
  const width = header?.length ?? sample[0]?.length ?? 0;
  const columns = chosen(path, header, width, options);
  const wanted = target?.dtype ?? options.dtype;
  if (wanted !== undefined && wanted.fields === undefined) return plain(path, width, columns, wanted, target, options);
  if (wanted !== undefined) return structured(path, width, columns, wanted, header !== undefined);
  const areNumbers = sample.every((cells) => cells.every((cell) => cell.trim() === "" || isNumberText(cell)));
  if (header === undefined && options.columns === undefined && areNumbers) {
    return plain(path, width, columns, dtype("float64"), target, options);
  }
  const fields = columns.map((column) => {
    const own = column.dtype ?? dtype(dtypeOfTexts(sample.map((cells) => cells[column.index] ?? "")));
    return [column.name, own] as const;
  });
  return structured(path, width, columns, dtype(fields), false);
}

/** All columns, or those of --columns; without a header that option gives them their names. */
function chosen(path: string, header: readonly string[] | undefined, width: number, { columns }: SourceOptions): TextColumn[] {
  if (header === undefined) {
    if (columns !== undefined && columns.length !== width) {
      throw new UsageError(
        `--columns names ${columns.length} columns, ${shown(path)} has ${width} (and no header): name each of them`,
      );
    }
    return Array.from({ length: width }, (_, index) => ({
      index,
      ...(columns?.[index] ?? { name: `f${index}`, dtype: undefined }),
    }));
  }
  const names = header.map((name, index) => name.trim() || `f${index}`);
  if (columns === undefined) return names.map((name, index) => ({ index, name, dtype: undefined }));
  return columns.map((choice) => {
    const index = names.indexOf(choice.name);
    if (index >= 0) return { index, ...choice };
    const found = names.join(", ");
    throw new UsageError(
      `there is no column ${JSON.stringify(choice.name)} in ${shown(path)}: there are ${found} (or pass --no-header)`,
    );
  });
}

function plain(
  path: string,
  width: number,
  columns: readonly TextColumn[],
  wanted: DType,
  target: RowLayout | undefined,
  options: SourceOptions,
): CsvColumns {
  const rowShape = target?.rowShape ?? options.rowShape ?? [columns.length];
  if (width > 0 && sizeOf(rowShape) !== columns.length) {
    throw new FileProblem(
      `${shown(path)}: it has ${columns.length} columns, a row of shape ${shapeText(rowShape)} has ${sizeOf(rowShape)} ` +
        "elements: choose columns with --columns",
    );
  }
  const layout = { dtype: wanted, rowShape, fortranOrder: target?.fortranOrder ?? options.fortranOrder ?? false };
  const value = valueOfText(wanted);
  return {
    width,
    layout,
    convert: (rows, rowOf) => {
      const values: unknown[] = [];
      for (const [i, cells] of rows.entries()) {
        for (const { index, name } of columns)
          values.push(convertCell(value, cells[index] as string, { path, row: rowOf(i), name }));
      }
      return arrayOf(values, rows.length, { rowShape: layout.rowShape, fortranOrder: layout.fortranOrder });
    },
  };
}

type Record = { [name: string]: unknown };

function structured(path: string, width: number, columns: readonly TextColumn[], wanted: DType, byName: boolean): CsvColumns {
  const leaves = columnsOf({ dtype: wanted, rowShape: [], fortranOrder: false });
  if (!byName && leaves.length !== columns.length && width > 0) {
    throw new FileProblem(
      `${shown(path)}: it has ${columns.length} columns, a row has ${leaves.length} elements: choose columns with --columns`,
    );
  }
  const cellsOfLeaves = leaves.map(({ label, dtype: type }, i) => {
    const column = byName ? columns.find(({ name }) => name === label) : columns[i];
    const names = columns.map(({ name }) => name).join(", ");
    if (column === undefined)
      throw new FileProblem(`${shown(path)}: there is no column ${JSON.stringify(label)}: there are ${names}`);
    return { ...column, value: valueOfText(type) };
  });
  if (byName && columns.length > leaves.length) {
    const extra = columns.find(({ name }) => !leaves.some(({ label }) => label === name));
    throw new FileProblem(
      `${shown(path)}: there is no field for column ${JSON.stringify(extra?.name)}: leave it out with --columns`,
    );
  }
  return {
    width,
    layout: { dtype: wanted, rowShape: [], fortranOrder: false },
    convert: (rows, rowOf) =>
      rows.map((cells, i) => {
        let next = 0;
        return recordOf(wanted, () => {
          const { index, name, value } = cellsOfLeaves[next++] as (typeof cellsOfLeaves)[number];
          return convertCell(value, cells[index] as string, { path, row: rowOf(i), name });
        });
      }),
  };
}

/** A record whose elements are given in the order of the columns. */
function recordOf(structure: DType, next: () => unknown): Record {
  return Object.fromEntries((structure.fields ?? []).map(({ name, dtype: type }) => [name, fieldOf(type, next)]));
}

function fieldOf(type: DType, next: () => unknown): unknown {
  if (type.subdtype !== undefined) {
    const { dtype: element, shape } = type.subdtype;
    return Array.from({ length: sizeOf(shape) }, () => fieldOf(element, next));
  }
  return type.fields === undefined ? next() : recordOf(type, next);
}

function convertCell(
  value: (text: string) => unknown,
  text: string,
  place: { path: string; row: number; name: string },
): unknown {
  try {
    return value(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const what = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
    throw new FileProblem(
      `${shown(place.path)}: row ${place.row}, column ${JSON.stringify(place.name)}: ${what}: ${error.message}`,
    );
  }
}
