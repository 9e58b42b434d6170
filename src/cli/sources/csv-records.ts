/** Parses CSV (RFC 4180): text, in pieces that may end anywhere -> records of cells. */
import { FileProblem } from "../program/failure.ts";
import { type LineReader, LONGEST_LINE } from "./encoding.ts";
import type { ReadRows } from "./fast-rows.ts";

/** Records, and the lines on which they begin, counted from 1. */
export interface Records {
  readonly cells: (readonly string[])[];
  readonly lines: number[];
  /** The number of characters parsed. */
  readonly length: number;
  /** Rows that come before these records, and were read without making cells. */
  readonly before?: LinesRead;
}

export interface LinesRead {
  /** The bytes of the rows, valid until more text is parsed. */
  readonly bytes: Uint8Array;
  readonly count: number;
  /** The line of the first, each of the others being on the next. */
  readonly line: number;
}

/** The record of an empty line. */
const EMPTY_LINE: readonly string[] = [];

/** The record of a line of spaces without quotes. */
export const LINE_OF_SPACES: readonly string[] = [];

/** The most characters of a quoted cell. Without a limit, an unclosed quote would load the rest of the file into memory. */
const LONGEST_QUOTED = 2 ** 24;

export class CsvReader implements LineReader {
  readonly #path: string;
  readonly #delimiter: string;
  /** The start of a record whose end has not been read, or what follows the cells in `#begun`. */
  #rest = "";
  #begun: BegunRecord | undefined;
  /** Whether `#rest` ends in a carriage return. Looking at its end would copy it each time. */
  #endsInReturn = false;
  #isQuoteOpen = false;
  /** While a quote is open: the length at which its cell is parsed again. */
  #enough = 0;
  /** The line on which the record begins. */
  #line = 1;
  /** Which cells of the first record were quoted. */
  #firstQuoted: readonly boolean[] | undefined;
  /** Reads whole lines faster than `#parse`. */
  readRows: ReadRows | undefined;
  #before: LinesRead | undefined;

  constructor(path: string, delimiter: string) {
    this.#path = path;
    this.#delimiter = delimiter;
  }

  /** Whether cell `i` of the first record was quoted. */
  isQuotedInFirst(i: number): boolean {
    return this.#firstQuoted?.[i] ?? false;
  }

  /** The line where the text read so far ends. */
  get line(): number {
    return this.#line + (this.#begun?.lineEnds ?? 0) + lineEndsIn(this.#rest);
  }

  isReady(): boolean {
    return this.readRows !== undefined && this.#begun === undefined && !this.#isQuoteOpen && this.#rest.length < LONGEST_LINE;
  }

  takeBack(): string {
    const rest = this.#rest;
    this.#rest = "";
    this.#endsInReturn = false;
    return rest;
  }

  /** Reads lines of UTF-8, whose rows come before the records of the next piece. */
  read(text: Buffer): number {
    const { bytes, count, read } = (this.readRows as ReadRows)(text);
    this.#before = { bytes, count, line: this.#line };
    this.#line += count;
    return read;
  }

  /** The records that end in `piece`. */
  push(piece: string): Records {
    // Skips text that cannot end a record. With an open quote it waits until the text has doubled: otherwise the time would be quadratic.
    const canEnd = this.#isQuoteOpen
      ? this.#rest.length + piece.length >= this.#enough
      : this.#endsInReturn || /[\r\n]/.test(piece);
    this.#endsInReturn = piece.endsWith("\r");
    const before = this.#before;
    this.#before = undefined;
    if (canEnd) return { ...this.#parse(this.#rest + piece, false), ...(before && { before }) };
    this.#rest += piece;
    return { cells: [], lines: [], length: 0, ...(before && { before }) };
  }

  /** The records in the rest of the text, when no more follows. */
  end(): Records {
    return this.#parse(this.#rest, true);
  }

  #parse(text: string, isEnd: boolean): Records {
    const cells: (readonly string[])[] = [];
    const lines: number[] = [];
    const places: Places = {
      quote: finder(text, '"'),
      delimiter: finder(text, this.#delimiter),
      lineFeed: finder(text, "\n"),
      carriageReturn: finder(text, "\r"),
    };
    let at = 0;
    this.#isQuoteOpen = false;
    while (at < text.length || this.#begun !== undefined) {
      let end = lineEnd(places, at);
      const quote = places.quote(at);
      if (this.#begun === undefined && (quote > end || quote === Number.POSITIVE_INFINITY)) {
        if (!isEnd && !(end < text.length - (text[end] === "\r" ? 1 : 0))) break;
        end = Math.min(end, text.length);
        const line = text.slice(at, end);
        if (line.trim() === "" && !line.includes(this.#delimiter)) cells.push(line === "" ? EMPTY_LINE : LINE_OF_SPACES);
        else {
          cells.push(line.split(this.#delimiter));
          this.#firstQuoted ??= [];
        }
        lines.push(this.#line++);
      } else {
        const record = this.#quotedRecord(text, at, isEnd, places);
        end = record.end;
        const lineEnds = (this.#begun?.lineEnds ?? 0) + lineEndsIn(text.slice(at, end));
        if (!record.isComplete) {
          this.#begun = record.cells.length === 0 ? undefined : { ...record, lineEnds };
          at = end;
          break;
        }
        this.#begun = undefined;
        cells.push(record.cells);
        lines.push(this.#line);
        this.#firstQuoted ??= record.quoted;
        this.#line += 1 + lineEnds;
      }
      at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    }
    this.#rest = text.slice(at);
    this.#enough = 2 * this.#rest.length;
    return { cells, lines, length: at };
  }

  /** The record whose next cell begins at `start`. */
  #quotedRecord(text: string, start: number, isEnd: boolean, places: Places): QuotedRecord {
    const delimiter = this.#delimiter;
    const { cells, quoted }: Pick<BegunRecord, "cells" | "quoted"> = this.#begun ?? { cells: [], quoted: [] };
    let at = start;
    let cellStart = start;
    let complete = cells.length;
    // A cell that is not complete is read again.
    const incomplete = (): QuotedRecord => {
      cells.length = complete;
      quoted.length = complete;
      return { cells, quoted, end: cellStart, isComplete: false };
    };
    for (;;) {
      const isQuoted = text[at] === '"';
      quoted.push(isQuoted);
      if (isQuoted) {
        const close = closingQuote(text, at + 1);
        if (close < 0) {
          if (isEnd || text.length - at > LONGEST_QUOTED) throw this.#unclosed();
          this.#isQuoteOpen = true;
          return incomplete();
        }
        cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
        at = close;
        for (at++; text[at] === " " && delimiter !== " "; ) at++;
      } else {
        const cellEnd = Math.min(places.delimiter(at), lineEnd(places, at), text.length);
        cells.push(text.slice(at, cellEnd));
        at = cellEnd;
      }
      if (text.startsWith(delimiter, at)) {
        at += delimiter.length;
        cellStart = at;
        complete = cells.length;
        continue;
      }
      // A carriage return may be the first half of a line end.
      if (!isEnd && at >= text.length - (text[at] === "\r" ? 1 : 0)) return incomplete();
      if (at >= text.length || text[at] === "\n" || text[at] === "\r") return { cells, quoted, end: at, isComplete: true };
      if (!isEnd && delimiter.startsWith(text.slice(at, at + delimiter.length))) return incomplete();
      throw new FileProblem(
        this.#path,
        `line ${this.#line + (this.#begun?.lineEnds ?? 0) + lineEndsIn(text.slice(start, at))}: ` +
          `a quoted cell ends before ${JSON.stringify(text.slice(at, at + 10))}: write a quote within a cell twice`,
      );
    }
  }

  #unclosed(): FileProblem {
    return new FileProblem(
      this.#path,
      `line ${this.#line}: a quoted cell begins in this record, and does not end: close its quote`,
    );
  }
}

/** A record whose first cells were read, but not its end. */
interface BegunRecord {
  readonly cells: string[];
  readonly quoted: boolean[];
  /** The number of line ends within these cells. */
  readonly lineEnds: number;
}

interface QuotedRecord {
  readonly cells: string[];
  readonly quoted: boolean[];
  /** Where it ends; if it is not complete, where its next cell begins. */
  readonly end: number;
  readonly isComplete: boolean;
}

/** The next quote that is not doubled, or -1. */
function closingQuote(text: string, from: number): number {
  let close = text.indexOf('"', from);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  return close;
}

/** Finds the next occurrence of a character. Positions only increase, so the text is searched once. */
interface Places {
  readonly quote: (from: number) => number;
  readonly delimiter: (from: number) => number;
  readonly lineFeed: (from: number) => number;
  readonly carriageReturn: (from: number) => number;
}

function finder(text: string, what: string): (from: number) => number {
  let found = -1;
  return (from) => {
    if (found < from) {
      const next = text.indexOf(what, from);
      found = next < 0 ? Number.POSITIVE_INFINITY : next;
    }
    return found;
  };
}

function lineEnd({ lineFeed, carriageReturn }: Places, from: number): number {
  return Math.min(lineFeed(from), carriageReturn(from));
}

function lineEndsIn(text: string): number {
  return text.match(/\r\n|\n|\r/g)?.length ?? 0;
}
