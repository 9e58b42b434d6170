/** Splits NDJSON into lines: at line feeds and carriage returns only, as other line separators of JavaScript are text in JSON. */
import type { LinesRead } from "./csv-records.ts";
import { type LineReader, LONGEST_LINE } from "./encoding.ts";
import type { ReadRows } from "./fast-rows.ts";

export interface Line {
  readonly line: string;
  /** From 1. */
  readonly number: number;
}

export class LinesOfText implements LineReader {
  /** The start of a line whose end has not been read. */
  #rest = "";
  #endsInReturn = false;
  /** The number of the line that `#rest` begins. */
  #number = 1;
  #before: LinesRead | undefined;
  /** Reads whole lines faster than they are split and parsed. */
  readRows: ReadRows | undefined;

  /** The line where the text read so far ends. */
  get line(): number {
    return this.#number;
  }

  isReady(): boolean {
    return this.readRows !== undefined && this.#rest.length < LONGEST_LINE;
  }

  takeBack(): string {
    const rest = this.#rest;
    this.#rest = "";
    this.#endsInReturn = false;
    return rest;
  }

  /** Reads lines of UTF-8, whose rows come before the lines of the next piece. */
  read(text: Buffer): number {
    const { bytes, count, read } = (this.readRows as ReadRows)(text);
    this.#before = { bytes, count, line: this.#number };
    this.#number += count;
    return read;
  }

  /** The rows that come before the lines of the piece. */
  before(): LinesRead | undefined {
    const before = this.#before;
    this.#before = undefined;
    return before;
  }

  /** The lines that end in `piece`. */
  *push(piece: string): Generator<Line, void, void> {
    // Searches, and copies, a long line once, not again with each piece. A piece may end between a carriage return and its line feed.
    const canEnd = this.#endsInReturn || /[\r\n]/.test(piece);
    this.#endsInReturn = piece.endsWith("\r");
    if (!canEnd) {
      this.#rest += piece;
      return;
    }
    const text = this.#rest + piece;
    const whole = text.endsWith("\r") ? text.length - 1 : text.length;
    const lines = text.slice(0, whole).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() as string) + text.slice(whole);
    for (const line of lines) yield { line, number: this.#number++ };
  }

  /** The lines in the rest of the text, when no more follows. */
  *end(): Generator<Line, void, void> {
    for (const line of this.#rest.split("\r")) yield { line, number: this.#number++ };
  }
}
