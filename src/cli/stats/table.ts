/** Chooses what `stats` shows in a line: all it can, and the least important columns of the table are dropped first. */

import { terminalWidth } from "../program/terminal.ts";
import { Table } from "../text/table.ts";
import type { Digits, StatsTexts } from "./texts.ts";

type Heading = keyof StatsTexts | (string & {});

/** Rows of the table: texts by the names of their columns. */
export type TableRow = Readonly<Record<string, string>>;

/** In the order in which they are dropped. What is not here is never dropped. */
const DROPPED: readonly Heading[] = ["histogram", "distinct", "zeros", "dtype", "inf", "std", "nan", "rows"];

const IS_LEFT: ReadonlySet<Heading> = new Set(["column", "dtype", "histogram"]);

/** Rows formatted and printed at a time. */
const PART = 2 ** 12;

interface Layout {
  readonly headings: readonly Heading[];
  /** Which headings have texts, aligned to the left like names. */
  readonly left?: ReadonlySet<Heading>;
  /** Titles that differ from the names of headings. */
  readonly titles?: Readonly<Record<string, string>>;
}

/**
 * The lines of a table, in parts. `rowsOf` makes rows `first` to `stop` (not included) with so many digits. If the table is wider than the
 * terminal, numbers are rounded, and then columns are left out.
 */
export function* statsLines(
  count: number,
  rowsOf: (digits: Digits, first: number, stop: number) => readonly TableRow[],
  { headings, left = IS_LEFT, titles = {} }: Layout,
): Generator<string> {
  const room = terminalWidth() ?? Number.POSITIVE_INFINITY;
  const partsOf = function* (digits: Digits): Generator<readonly TableRow[]> {
    for (let first = 0; first === 0 || first < count; first += PART) yield rowsOf(digits, first, Math.min(count, first + PART));
  };
  let digits: Digits = "all";
  let shown = headings;
  const isEmpty = (heading: Heading, widths: ReadonlyMap<Heading, number>): boolean => widths.get(heading) === 0;
  for (const wanted of ["all", "means", "few"] as const) {
    digits = wanted;
    const widths = widthsOf(headings, partsOf(digits));
    shown = headings.filter((heading) => !isOptional(heading) || !isEmpty(heading, widths));
    if (lineOf(shown, widths) <= room) break;
    // Dates that lose their fractions of seconds are better than none.
    const isLast = wanted === "few" || (wanted === "means" && lineOf(without(shown, "histogram"), widths) <= room);
    if (!isLast) continue;
    for (const heading of DROPPED) {
      if (lineOf(shown, widths) <= room) break;
      shown = without(shown, heading);
    }
    break;
  }
  const table = new Table(
    shown.map((heading) => titles[heading] ?? heading),
    shown.map((heading) => !left.has(heading)),
  );
  const cellsOf = (part: readonly TableRow[]): string[][] => part.map((row) => shown.map((heading) => row[heading] ?? ""));
  for (const part of partsOf(digits)) table.widen(cellsOf(part));
  let isFirst = true;
  for (const part of partsOf(digits)) {
    yield table.lines(cellsOf(part), isFirst);
    isFirst = false;
  }
}

/** Shown only if some column of the file has any. */
function isOptional(heading: Heading): boolean {
  return heading === "inf" || heading === "distinct" || heading === "zeros";
}

function without(headings: readonly Heading[], dropped: Heading): Heading[] {
  return headings.filter((heading) => heading !== dropped);
}

/** The widths of columns; 0 for those that hold nothing, or `inf` without any infinity. */
function widthsOf(headings: readonly Heading[], parts: Iterable<readonly TableRow[]>): Map<Heading, number> {
  const widths = new Map<Heading, number>(headings.map((heading) => [heading, 0]));
  for (const part of parts) {
    for (const row of part) {
      for (const heading of headings) {
        const text = row[heading] ?? "";
        if (text === "" || (heading === "inf" && text === "0")) continue;
        widths.set(heading, Math.max(widths.get(heading) as number, heading.length, text.length));
      }
    }
  }
  return widths;
}

const SPACE = 2;

function lineOf(shown: readonly Heading[], widths: ReadonlyMap<Heading, number>): number {
  return shown.reduce((sum, heading) => sum + Math.max(heading.length, widths.get(heading) as number) + SPACE, -SPACE);
}
