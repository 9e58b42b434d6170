/** Text -> records of cells, as in RFC 4180, from pieces that end anywhere. */
import { FileProblem } from "../failure.ts";

/** Records, each with the line on which it begins, from 1. */
export interface Records {
  readonly cells: (readonly string[])[];
  readonly lines: number[];
  /** The characters they were made of. */
  readonly length: number;
}

/** A line without a character in it. */
const EMPTY_LINE: readonly string[] = [];

/** A line of nothing but spaces. In quotes they would be a cell. */
export const LINE_OF_SPACES: readonly string[] = [];

/** Characters of a quoted cell at most: a quote that is never closed would take the rest of the file into memory. */
const LONGEST_QUOTED = 2 ** 24;

export class CsvReader {
  readonly #path: string;
  readonly #delimiter: string;
  /** The beginning of a record whose end was not seen yet. */
  #rest = "";
  #isQuoteOpen = false;
  /** How long it must be to be looked at again if a quote is open in it. */
  #enough = 0;
  /** The line on which that record begins. */
  #line = 1;
  /** Which cells of the first record were quoted. */
  #firstQuoted: readonly boolean[] | undefined;

  constructor(path: string, delimiter: string) {
    this.#path = path;
    this.#delimiter = delimiter;
  }

  /** Whether cell `i` of the first record stood in quotes. */
  isQuotedInFirst(i: number): boolean {
    return this.#firstQuoted?.[i] ?? false;
  }

  /** The line that is being read. */
  get line(): number {
    return this.#line + lineEndsIn(this.#rest);
  }

  /** The records that end in `piece`. */
  push(piece: string): Records {
    // What cannot end a record is not looked at; and an open quote is looked for again only in twice as much, lest the time grows by the square.
    const canEnd = this.#isQuoteOpen
      ? this.#rest.length + piece.length >= this.#enough
      : /[\r\n]/.test(piece) || this.#rest.endsWith("\r");
    if (canEnd) return this.#parse(this.#rest + piece, false);
    this.#rest += piece;
    return { cells: [], lines: [], length: 0 };
  }

  /** What is left when there is no more text. */
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
    while (at < text.length) {
      let end = lineEnd(places, at);
      const quote = places.quote(at);
      if (quote > end || quote === Number.POSITIVE_INFINITY) {
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
        if (record === undefined) break;
        end = record.end;
        cells.push(record.cells);
        lines.push(this.#line);
        this.#firstQuoted ??= record.quoted;
        this.#line += 1 + lineEndsIn(text.slice(at, end));
      }
      at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    }
    this.#rest = text.slice(at);
    this.#enough = 2 * this.#rest.length;
    return { cells, lines, length: at };
  }

  /** The record that begins at `start`, and where it ends; `undefined` if it goes on after the text. */
  #quotedRecord(
    text: string,
    start: number,
    isEnd: boolean,
    places: Places,
  ): { cells: string[]; quoted: boolean[]; end: number } | undefined {
    const delimiter = this.#delimiter;
    const cells: string[] = [];
    const quoted: boolean[] = [];
    let at = start;
    for (;;) {
      const isQuoted = text[at] === '"';
      quoted.push(isQuoted);
      if (isQuoted) {
        const close = closingQuote(text, at + 1);
        if (close < 0) {
          if (isEnd || text.length - at > LONGEST_QUOTED) throw this.#unclosed();
          this.#isQuoteOpen = true;
          return undefined;
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
        continue;
      }
      // A carriage return may be the first half of a line's end.
      if (!isEnd && at >= text.length - (text[at] === "\r" ? 1 : 0)) return undefined;
      if (at >= text.length || text[at] === "\n" || text[at] === "\r") return { cells, quoted, end: at };
      if (!isEnd && delimiter.startsWith(text.slice(at))) return undefined;
      throw new FileProblem(
        this.#path,
        `line ${this.#line + lineEndsIn(text.slice(start, at))}: ` +
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

/** The next quote that is not written twice. */
function closingQuote(text: string, from: number): number {
  let close = text.indexOf('"', from);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  return close;
}

/** Where characters are found next, from a place on that never goes back: each is looked for once. */
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
