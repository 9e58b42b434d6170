/** Prints rows of a file as text or bytes. */
import type { Command } from "commander";
import { inspect, inspectSync, MemoryStorage, type NpyArray, type NpyData, type NpyReader, saveSync } from "../../node.ts";
import { archivedArray } from "../files/archives.ts";
import { nameOf } from "../files/object-names.ts";
import { fileAt, isDirectory, openAt } from "../files/places.ts";
import { listArgument, precisionArgument, widthArgument } from "../program/arguments.ts";
import { UsageError } from "../program/failure.ts";
import { print, printBytes, printData, printDataBytes, printingInto, terminalWidth } from "../program/terminal.ts";
import { type CellTexts, csvCell, csvLine, firstInexact, isRaw, textsOf } from "../text/cell.ts";
import { csvWriter, jsonWriter } from "../text/cell-bytes.ts";
import { jsonText } from "../text/escaping.ts";
import { indexAt } from "../text/index-text.ts";
import { type ArrayOptions, arrayText, isPrintable } from "../text/numpy-array.ts";
import { alignedTexts } from "../text/numpy-text.ts";
import { rowBytes } from "../text/row-bytes.ts";
import { Table } from "../text/table.ts";
import { type Column, indices, layoutOf, type Place, placesOfData, type RowLayout, rowsOf, sizeOf } from "./columns.ts";
import type { View, ViewOptions } from "./view.ts";

export interface RowOptions extends ViewOptions, ArrayOptions {
  /** Whether rows are printed as NumPy prints an array, unless they are those of a structure. */
  readonly asArray?: boolean;
  readonly csv?: boolean;
  readonly ndjson?: boolean;
  readonly raw?: boolean;
  readonly out?: string;
  readonly width?: number;
}

/** Elements formatted at a time. More would outlive V8's young generation, which makes printing a third slower. */
const CELLS = 2 ** 12;

/** The same for elements that become bytes, and never strings. */
const CELLS_OF_NUMBERS = 2 ** 15;

/** Bytes of rows read at a time, unless one row has more. */
const BYTES = 2 ** 26;
const RAW_BYTES = 2 ** 20;

/** Into a file or pipe a table has all columns, up to so many: NumPy's `threshold`. */
const MOST_COLUMNS = 1000;

/** Characters of a line where nothing says how many there are. */
const WIDTH = 80;

const RAW_OUT = "print the bytes of --raw into a new file: PowerShell before 7.4 changes them in pipes";

/** Adds the options that select the columns and the format of rows. `out` says what `--out` does. */
export function withRowOptions(command: Command, out: string = RAW_OUT): Command {
  return command
    .option("--columns <index>", "columns by NumPy's index of a row, such as 0:3, -1 or 10:20,::2, or by names, such as t,pos[0]")
    .option("--fields <names>", "fields of a structure, such as t,pos", listArgument)
    .option("--csv", "print CSV; the fields of a structure are the header")
    .option("--ndjson", "print one JSON value per line: an object for a structure, otherwise an array or a number")
    .option("--raw", "print the bytes of the rows unchanged")
    .option("--out <file>", out)
    .option(
      "--width <count>",
      `characters of a line of the table, 0 for any number; ... stands for columns left out (default: those of the terminal; elsewhere any number, but ${WIDTH} if there are more than ${MOST_COLUMNS} columns)`,
      widthArgument,
    );
}

/** Adds the options of commands that print arrays as NumPy does. */
export function withArrayOptions(command: Command): Command {
  return command
    .option(
      "--table",
      "print a table with the numbers of rows and columns, as of structures, instead of an array as NumPy prints it",
    )
    .option("--precision <digits>", "digits of floats after the point (default: 8, in tables all)", precisionArgument);
}

type Form = "table" | "csv" | "ndjson" | "raw";

function formOf({ csv, ndjson, raw, columns, out }: RowOptions): Form {
  const forms: Form[] = [
    ...(csv ? ["csv" as const] : []),
    ...(ndjson ? ["ndjson" as const] : []),
    ...(raw ? ["raw" as const] : []),
  ];
  if (forms.length > 1) throw new UsageError(`--${forms.join(" and --")} cannot be combined: choose one`);
  if (out !== undefined && !raw) throw new UsageError("--out is for --raw: add that, or send the text into a file");
  if (raw && out === undefined && process.stdout.isTTY)
    throw new UsageError("--raw prints bytes, and stdout is the terminal: send them into a file or pipe");
  if (raw && columns !== undefined) throw new UsageError("--raw and --columns cannot be combined: choose fields, or use slice");
  return forms[0] ?? "table";
}

/** Prints rows. `numberOf` gives the number in the file of each. */
export interface RowPrinter {
  print(rows: NpyArray, numberOf: (i: number) => number): Promise<void>;
  /** How many rows to print at a time. */
  readonly atOnce: number;
}

export function printerFor(reader: NpyReader, view: View, options: RowOptions): RowPrinter {
  const form = formOf(options);
  switch (form) {
    case "raw":
      if (view.isWhole && options.fields !== undefined) {
        throw new UsageError("--raw and --fields cannot be combined here: print rows without --follow and --random");
      }
      return rawPrinter(nameOf(reader.path as string), view.isPlain && isOneFile(reader) ? view : { ...view, isPlain: false });
    case "table":
      return tablePrinter(view, options.width, options.precision);
    default:
      return {
        print: form === "csv" ? csvPrinter(view) : ndjsonPrinter(view),
        atOnce: atOnceOf(view, view.columns.length, view.columns.some(isText) ? CELLS : CELLS_OF_NUMBERS),
      };
  }
}

/** Whether the rows are those of one file, from which they can be copied. */
function isOneFile({ path }: NpyReader): boolean {
  const name = nameOf(path as string);
  return archivedArray(name) === undefined && !isDirectory(name) && !name.endsWith("/");
}

function isText({ dtype }: Column): boolean {
  return dtype.kind === "S" || dtype.kind === "U";
}

function atOnceOf({ bytesPerRow }: View, columns: number, cells: number = CELLS): number {
  return Math.max(1, Math.floor(Math.min(cells / Math.max(1, columns), BYTES / Math.max(1, bytesPerRow))));
}

/** Prints all rows of a view. */
export async function printRows(reader: NpyReader, view: View, options: RowOptions): Promise<void> {
  const { start, count } = view.rows;
  const isTable = formOf(options) === "table";
  if (options.precision !== undefined && !isTable)
    throw new UsageError("--precision is for tables and arrays: the other formats have all digits");
  if (options.asArray && isTable && isPrintable(view, options)) {
    const text = await arrayText(view, reader.shape.length === 0, lineWidth(view, options.width), options);
    return await print(text);
  }
  // Raw bytes need no decoding.
  const isCopied = formOf(options) === "raw" && view.isPlain && isOneFile(reader);
  const printer = isCopied ? undefined : printerFor(reader, view, options);
  const printAll = (): Promise<void> =>
    printer === undefined ? printRawRows(nameOf(reader.path as string), start, start + count) : printPart(view, printer);
  await (options.out === undefined ? printAll() : printingInto(options.out, printAll));
}

/** Prints the rows of a view, some at a time, with a printer that can continue afterwards. */
export async function printPart(view: View, printer: RowPrinter): Promise<void> {
  const { count } = view.rows;
  // A file without rows may still have a header.
  for (let first = 0; first === 0 || first < count; first += printer.atOnce) {
    const rows = await view.read(first, Math.min(count, first + printer.atOnce));
    await printer.print(rows, (i) => indexAt(view.rows, first + i));
  }
}

/** Prints the rows that have these numbers. */
export async function printTaken(reader: NpyReader, numbers: Float64Array, view: View, options: RowOptions): Promise<void> {
  const printer = printerFor(reader, { ...view, isPlain: false }, options);
  for (let first = 0; first === 0 || first < numbers.length; first += printer.atOnce) {
    const part = numbers.subarray(first, first + printer.atOnce);
    await printer.print(await reader.take([...part]), (i) => part[i] as number);
  }
}

function lineWidth(view: View, wanted: number | undefined): number {
  const preset = terminalWidth() ?? (view.columns.length > MOST_COLUMNS ? WIDTH : 0);
  return (wanted ?? preset) || Number.POSITIVE_INFINITY;
}

function tablePrinter(view: View, wanted: number | undefined, precision: number | undefined): RowPrinter {
  const width = lineWidth(view, wanted);
  const columns = columnsWithin(view.columns, width);
  const isRight = columns.map(({ dtype }) => !"SUV".includes(dtype.kind));
  const table = new Table(["", ...columns.map(({ label }) => label)], [true, ...isRight], width);
  // Numbers with a precision are aligned, as NumPy aligns them.
  const isRounded = ({ kind }: Column["dtype"]): boolean => precision !== undefined && "fc".includes(kind);
  const cells = cellsOf(columns, (dtype) =>
    isRounded(dtype) && !isRaw(dtype) ? (data) => alignedTexts(data, dtype, precision as number) : textsOf(dtype),
  );
  let isFirst = true;
  return {
    atOnce: atOnceOf(view, columns.length),
    print: async (rows, numberOf) => {
      const lines = cells(rows).map((row, i) => [String(numberOf(i)), ...row]);
      await print(table.lines(lines, isFirst));
      isFirst = false;
    },
  };
}

/** Leaves out columns in the middle that fit into no line: the others alone are too wide. */
function columnsWithin(columns: readonly Column[], width: number): readonly Column[] {
  // A column takes 3 characters at least.
  const most = Math.ceil(width / 3) + 2;
  return columns.length <= 2 * most ? columns : [...columns.slice(0, most), ...columns.slice(-most)];
}

type Print = RowPrinter["print"];

function csvPrinter({ layout, columns }: View): Print {
  const labels = columns.map(({ label }) => label);
  const isStructure = layout.dtype.fields !== undefined;
  if (isStructure) checkHeader(labels);
  if (columns.length === 0)
    throw new Error("its rows have no elements, and CSV cannot represent those: print them with --ndjson");
  let header = isStructure ? `${csvLine(labels.map(csvCell))}\n` : "";
  const between = columns.map((_, i) => (i === 0 ? "" : ","));
  const bytesOf = rowBytes(columns, (dtype) => csvWriter(dtype, columns.length === 1), [...between, "\n"], checkText);
  return async (rows, numberOf) => {
    const bytes = bytesOf(rows, numberOf);
    await printData(header);
    header = "";
    await printDataBytes(bytes);
  };
}

/** Refuses text that would be read back as different text. */
function checkText({ dtype }: Column, data: NpyData, rowOf: (element: number) => number): void {
  const at = firstInexact(data, dtype);
  if (at < 0) return;
  throw new Error(
    `row ${rowOf(at)} has text with the halves of a surrogate pair as two characters, or a code point beyond U+10FFFF, ` +
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

function ndjsonPrinter({ layout, columns, isList }: View): Print {
  const [first = "", ...others] = isList ? jsonBetweenListed(layout, columns) : jsonBetween(layout);
  const last = others.pop();
  const between = last === undefined ? [`${first}\n`] : [first, ...others, `${last}\n`];
  const bytesOf = rowBytes(columns, jsonWriter, between, checkText);
  return async (rows, numberOf) => await printDataBytes(bytesOf(rows, numberOf));
}

function rawPrinter(path: string, view: View): RowPrinter {
  return {
    atOnce: Math.max(1, Math.floor(RAW_BYTES / Math.max(1, view.bytesPerRow))),
    print: async (rows, numberOf) => {
      if (view.isPlain) await printRawRows(path, numberOf(0), numberOf(rowsOf(rows)));
      else await printBytes(bytesOfRows(rows));
    },
  };
}

/** The bytes of rows, as they are in the file. */
function bytesOfRows(rows: NpyArray): Uint8Array {
  const storage = new MemoryStorage();
  saveSync(storage, rows);
  return (storage.bytes() as Uint8Array).subarray(inspectSync(storage).headerLength);
}

/** Copies bytes of the file: NpyReader would decode them, and swap their byte order. */
async function printRawRows(name: string, start: number, stop: number): Promise<void> {
  const info = await inspect(await fileAt(name));
  const rowBytes = sizeOf(layoutOf(info).rowShape) * info.dtype.itemsize;
  const end = info.headerLength + stop * rowBytes;
  const file = await openAt(name);
  try {
    for (let at = info.headerLength + start * rowBytes; at < end; ) {
      // Memory of its own: what is printed may still be on its way when the next block is read.
      const block = new Uint8Array(Math.min(RAW_BYTES, end - at));
      const count = await file.read(block, at);
      if (count === 0) return;
      await printBytes(block.subarray(0, count));
      at += count;
    }
  } finally {
    await file.close();
  }
}

/** The texts of all elements, row by row. */
function cellsOf(columns: readonly Column[], form: (dtype: Column["dtype"]) => CellTexts): (rows: NpyArray) => string[][] {
  const textsOfColumn = columns.map(({ dtype }) => form(dtype));
  return (rows) => {
    const count = rowsOf(rows);
    const cells = Array.from({ length: count }, () => new Array<string>(columns.length));
    for (const { data, places } of placesOfData(columns, rows)) {
      const texts = (textsOfColumn[(places[0] as Place).column] as CellTexts)(data);
      for (const { column, perRow, offset } of places) {
        for (let row = 0; row < count; row++) (cells[row] as string[])[column] = texts[row * perRow + offset] as string;
      }
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

/** The same for columns that are listed: an object for a structure, an array otherwise. */
function jsonBetweenListed({ dtype }: RowLayout, columns: readonly Column[]): string[] {
  const [open, close] = dtype.fields === undefined ? ["[", "]"] : ["{", "}"];
  if (columns.length === 0) return [open + close];
  const nameOf = ({ label }: Column): string => (dtype.fields === undefined ? "" : `${jsonText(label)}:`);
  return [...columns.map((column, i) => (i === 0 ? open : ",") + nameOf(column)), close];
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
