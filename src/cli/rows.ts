/** Prints rows of a file as text or bytes. */
import { createReadStream } from "node:fs";
import type { Command } from "commander";
import { inspect, type NpyArray, type NpyData, type NpyReader } from "../node.ts";
import { type CellTexts, csvCell, csvLine, csvOf, firstInexact, jsonOf, textsOf } from "./cell.ts";
import {
  type Column,
  columnData,
  columnsOf,
  countColumns,
  indices,
  layoutOf,
  type RowLayout,
  rowsOf,
  sizeOf,
} from "./columns.ts";
import { jsonText } from "./escaping.ts";
import { UsageError } from "./failure.ts";
import { Table } from "./table.ts";
import { print, printBytes, printData } from "./terminal.ts";

export interface RowOptions {
  readonly csv?: boolean;
  readonly ndjson?: boolean;
  readonly raw?: boolean;
}

/** Elements formatted at a time. More would outlive V8's young generation, which makes printing a third slower. */
const CELLS = 2 ** 12;

/** Adds the options that select the format of rows. */
export function withRowOptions(command: Command): Command {
  return command
    .option("--csv", "print CSV; the fields of a structure are the header")
    .option("--ndjson", "print one JSON value per line: an object for a structure, otherwise an array or a number")
    .option("--raw", "print the bytes of the rows unchanged");
}

type Form = "table" | "csv" | "ndjson" | "raw";

function formOf({ csv, ndjson, raw }: RowOptions): Form {
  const forms: Form[] = [
    ...(csv ? ["csv" as const] : []),
    ...(ndjson ? ["ndjson" as const] : []),
    ...(raw ? ["raw" as const] : []),
  ];
  if (forms.length > 1) throw new UsageError(`--${forms.join(" and --")} cannot be combined: choose one`);
  if (raw && process.stdout.isTTY)
    throw new UsageError("--raw prints bytes, and stdout is the terminal: send them into a file or pipe");
  return forms[0] ?? "table";
}

/** Prints rows, the first of which is row `start` of the file. */
export type RowPrinter = (rows: NpyArray, start: number) => Promise<void>;

const PRINTERS = { table: tablePrinter, csv: csvPrinter, ndjson: ndjsonPrinter } as const;

export function printerFor(reader: NpyReader, options: RowOptions): RowPrinter {
  const form = formOf(options);
  return form === "raw" ? rawPrinter(reader.path as string) : PRINTERS[form](layoutOf(reader));
}

/** Prints the rows from `start` to `stop`. */
export async function printRows(reader: NpyReader, start: number, stop: number, options: RowOptions): Promise<void> {
  // Raw bytes need no decoding.
  if (formOf(options) === "raw") return await printRawRows(reader.path as string, start, stop);
  await printPart(reader, printerFor(reader, options), start, stop);
}

/** Prints the rows from `start` to `stop`, some at a time, with a printer that can continue afterwards. */
export async function printPart(reader: NpyReader, printer: RowPrinter, start: number, stop: number): Promise<void> {
  const step = rowsAtOnce(reader);
  // A file without rows may still have a header.
  for (let row = start; row === start || row < stop; row += step) {
    await printer(await reader.read(row, Math.max(row, Math.min(stop, row + step))), row);
  }
}

/** How many rows to print at a time. */
export function rowsAtOnce(reader: NpyReader): number {
  return Math.max(1, Math.floor(CELLS / Math.max(1, countColumns(layoutOf(reader)))));
}

function tablePrinter(layout: RowLayout): RowPrinter {
  const columns = columnsOf(layout);
  const isRight = columns.map(({ dtype }) => !"SUV".includes(dtype.kind));
  const table = new Table(["", ...columns.map(({ label }) => label)], [true, ...isRight]);
  const cells = cellsOf(columns, textsOf);
  let isFirst = true;
  return async (rows, start) => {
    const lines = cells(rows, start).map((row, i) => [String(start + i), ...row]);
    await print(table.lines(lines, isFirst));
    isFirst = false;
  };
}

function csvPrinter(layout: RowLayout): RowPrinter {
  const columns = columnsOf(layout);
  const labels = columns.map(({ label }) => label);
  const isStructure = layout.dtype.fields !== undefined;
  if (isStructure) checkHeader(labels);
  if (columns.length === 0)
    throw new Error("its rows have no elements, and CSV cannot represent those: print them with --ndjson");
  const cells = cellsOf(columns, csvOf, checkText);
  let header = isStructure ? [labels.map(csvCell)] : [];
  return async (rows, start) => {
    const lines = [...header, ...cells(rows, start)];
    header = [];
    await printData(lines.map((line) => `${csvLine(line)}\n`).join(""));
  };
}

/** Refuses text that would be read back as different text. */
function checkText({ dtype, perRow, offset }: Column, data: NpyData, start: number): void {
  // All elements of an array field share one array of data: one check will do.
  const at = offset > 0 ? -1 : firstInexact(data, dtype);
  if (at < 0) return;
  throw new Error(
    `row ${start + Math.floor(at / perRow)} has text with the halves of a surrogate pair as two characters, or a code point beyond U+10FFFF, ` +
      "which neither CSV nor JSON can represent: print it with --raw",
  );
}

/** Refuses two columns of one name: reading the CSV back could not tell them apart. */
function checkHeader(labels: readonly string[]): void {
  const seen = new Set<string>();
  const twin = labels.find((label) => seen.size === seen.add(label).size);
  if (twin === undefined) return;
  throw new Error(`two of its elements would be called ${JSON.stringify(twin)} in CSV: print them with --ndjson`);
}

function ndjsonPrinter(layout: RowLayout): RowPrinter {
  const columns = columnsOf(layout);
  const cells = cellsOf(columns, jsonOf, checkText);
  const [first = "", ...others] = jsonBetween(layout);
  return async (rows, start) => {
    const lines = cells(rows, start).map((row) => first + row.map((cell, i) => cell + (others[i] as string)).join(""));
    await printData(lines.map((line) => `${line}\n`).join(""));
  };
}

function rawPrinter(path: string): RowPrinter {
  return async (rows, start) => {
    await printRawRows(path, start, start + rowsOf(rows));
  };
}

/** Copies bytes of the file: NpyReader would decode them, and swap their byte order. */
async function printRawRows(path: string, start: number, stop: number): Promise<void> {
  const info = await inspect(path);
  const rowBytes = sizeOf(layoutOf(info).rowShape) * info.dtype.itemsize;
  if (stop === start || rowBytes === 0) return;
  const range = { start: info.headerLength + start * rowBytes, end: info.headerLength + stop * rowBytes - 1 };
  for await (const bytes of createReadStream(path, { ...range, highWaterMark: 2 ** 18 })) await printBytes(bytes as Uint8Array);
}

/** The texts of all elements, row by row. */
function cellsOf(
  columns: readonly Column[],
  form: (dtype: Column["dtype"]) => CellTexts,
  check?: (column: Column, data: NpyData, start: number) => void,
): (rows: NpyArray, start: number) => string[][] {
  const textsOfColumn = columns.map(({ dtype }) => form(dtype));
  return (rows, start) => {
    const dataOf = columnData(rows);
    // All elements of an array field share one array of data.
    const known = new Map<NpyData, ArrayLike<string>>();
    const texts = columns.map((column, i) => {
      const data = dataOf(column);
      check?.(column, data, start);
      const found = known.get(data) ?? (textsOfColumn[i] as CellTexts)(data);
      known.set(data, found);
      return found;
    });
    const cells: string[][] = [];
    for (let row = 0; row < rowsOf(rows); row++) {
      cells.push(columns.map(({ offset, perRow }, i) => (texts[i] as ArrayLike<string>)[row * perRow + offset] as string));
    }
    return cells;
  };
}

/** The JSON text before, between and after the elements of a row. The elements come in the order of the columns. */
function jsonBetween({ dtype, rowShape }: RowLayout): string[] {
  const element = Symbol("element");
  const skeleton = nested(rowShape, () => jsonSkeleton(dtype, element));
  const between = [""];
  for (const piece of skeleton) {
    if (piece === element) between.push("");
    else between[between.length - 1] += piece as string;
  }
  return between;
}

type Skeleton = (string | symbol)[];

function jsonSkeleton(dtype: RowLayout["dtype"], element: symbol): Skeleton {
  if (dtype.subdtype !== undefined) {
    const { dtype: inner, shape } = dtype.subdtype;
    return nested(shape, () => jsonSkeleton(inner, element));
  }
  if (dtype.fields === undefined) return [element];
  const fields = dtype.fields.flatMap(
    ({ name, dtype: type }, i): Skeleton => [`${i === 0 ? "" : ","}${jsonText(name)}:`, ...jsonSkeleton(type, element)],
  );
  return ["{", ...fields, "}"];
}

function nested([size, ...rest]: readonly number[], inner: () => Skeleton): Skeleton {
  if (size === undefined) return inner();
  return ["[", ...indices([size]).flatMap(([i]): Skeleton => [...(i === 0 ? [] : [","]), ...nested(rest, inner)]), "]"];
}
