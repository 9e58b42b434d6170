/** CSV and TSV as sources of rows. */

import { counted, FileProblem } from "../program/failure.ts";
import type { RowLayout } from "../rows/columns.ts";
import { type CsvColumns, planColumns } from "./csv-columns.ts";
import { hasHeader, headerNames } from "./csv-header.ts";
import { CsvReader, LINE_OF_SPACES, type LinesRead, type Records } from "./csv-records.ts";
import { InvalidText } from "./encoding.ts";
import { arrayOf, type Block, type Source, type SourceOptions } from "./source.ts";
import { openText, SAMPLE, type TextSource } from "./text-source.ts";

export async function openCsv(path: string, target: RowLayout | undefined, options: SourceOptions): Promise<Source> {
  const reader = new CsvReader(path, options.delimiter ?? ",");
  const text = await openText(path, options.encoding, reader);
  const records = recordsOf(path, text, reader);
  const { dtype, rowShape = [], fortranOrder = false } = options;
  const wanted = target ?? (dtype && { dtype, rowShape, fortranOrder });
  const sample = await takeSample(records, wanted === undefined ? SAMPLE : 1);
  const filled = sample.flatMap(({ cells }) => cells.filter((row) => row.length > 0));
  const [first = []] = filled;
  const firstLine = sample.flatMap(({ cells, lines }) => lines[cells.indexOf(first)] ?? [])[0] ?? 1;
  const names = headerNames(first, (i) => reader.isQuotedInFirst(i));
  const isHeader = hasHeader(path, firstLine, names, wanted, options);
  const rows = isHeader ? filled.slice(1) : filled;
  const columns = planColumns(path, isHeader ? names : undefined, rows, target, options);
  reader.readRows = columns.readRows;
  const blocks = new Blocks(path, columns, isHeader ? first : undefined);
  return {
    bytes: text.bytes,
    layout: columns.layout,
    isInferred: columns.isInferred,
    async *blocks(reach, signal) {
      text.heed(signal);
      for (const part of sample.splice(0)) yield blocks.of(part);
      for await (const part of records) {
        if (part.before !== undefined && part.before.count > 0) yield blocks.ofLines(part.before);
        if (part.cells.length > 0) yield blocks.of(part);
        reach(text.bytesRead());
      }
    },
  };
}

/** The first records, of about so many characters. */
async function takeSample(records: AsyncGenerator<Records, void, void>, enough: number): Promise<Records[]> {
  const sample: Records[] = [];
  for (let length = 0; length < enough; ) {
    const next = await records.next();
    if (next.done === true) break;
    sample.push(next.value);
    length += next.value.length;
  }
  if (sample.length === 0) sample.push({ cells: [], lines: [], length: 0 });
  return sample;
}

async function* recordsOf(path: string, { pieces }: TextSource, reader: CsvReader): AsyncGenerator<Records, void, void> {
  try {
    for await (const piece of pieces) {
      const records = reader.push(piece);
      if (records.cells.length > 0 || (records.before?.count ?? 0) > 0) yield records;
    }
  } catch (error) {
    throw error instanceof InvalidText ? error.at(path, reader.line) : error;
  }
  const last = reader.end();
  if (last.cells.length > 0) yield last;
}

/** Turns records into blocks of rows, in the order of the source. */
class Blocks {
  readonly #path: string;
  readonly #columns: CsvColumns;
  readonly #header: readonly string[] | undefined;
  /** A blank line. It is an error if a row follows. */
  #blankLine: number | undefined;

  constructor(path: string, columns: CsvColumns, header: readonly string[] | undefined) {
    this.#path = path;
    this.#columns = columns;
    this.#header = header;
  }

  of({ cells, lines }: Records): Block {
    const rows: (readonly string[])[] = [];
    const places: number[] = [];
    for (const [i, row] of cells.entries()) {
      const line = lines[i] as number;
      if (row.length === 0) this.#skip(row, line);
      else {
        if (this.#blankLine !== undefined) throw this.#blank(this.#blankLine, "is blank");
        if (row === this.#header) continue;
        this.#checkWidth(row, line);
        rows.push(row);
        places.push(line);
      }
    }
    const lineOf = (i: number): number => places[i] ?? 1;
    return { input: this.#columns.convert(rows, lineOf), placeOf: (i) => `line ${lineOf(i)}` };
  }

  /** A block of rows that were read from consecutive lines. */
  ofLines({ bytes, count, line }: LinesRead): Block {
    if (this.#blankLine !== undefined) throw this.#blank(this.#blankLine, "is blank");
    return { input: arrayOf(bytes, count, this.#columns.layout), placeOf: (i) => `line ${line + i}` };
  }

  /** In a single column, a blank line may be meant as an empty cell, unless it is at the end. */
  #skip(row: readonly string[], line: number): void {
    if (this.#columns.width !== 1) return;
    if (row === LINE_OF_SPACES) throw this.#blank(line, "holds only spaces");
    this.#blankLine ??= line;
  }

  #blank(line: number, what: string): FileProblem {
    return new FileProblem(this.#path, `line ${line} ${what}: write such a cell in quotes (""), or remove the line`);
  }

  #checkWidth({ length }: readonly string[], line: number): void {
    const { width } = this.#columns;
    if (length === width) return;
    throw new FileProblem(this.#path, `line ${line} has ${counted(length, "column")}, the others have ${width}: correct it`);
  }
}
