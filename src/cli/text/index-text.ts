/** NumPy's basic indexing as text: `0:10, 100:200, ::2`. */
import { InvalidArgumentError } from "commander";
import type { Selection } from "../../node.ts";
import { counted, excerpt } from "../program/failure.ts";

/** A slice, as Python writes it. */
export interface SliceText {
  readonly start: number | undefined;
  readonly stop: number | undefined;
  readonly step: number | undefined;
}

export type IndexEntry = number | SliceText | "...";

export interface IndexText {
  readonly entries: readonly IndexEntry[];
  /** Whether it is a tuple: only a text without a comma and without `...` is not. */
  readonly isTuple: boolean;
}

/** Some indices of one axis. */
export interface TakenAxis {
  readonly start: number;
  /** From one index to the next; may be negative. */
  readonly step: number;
  readonly count: number;
  /** Whether a single index was asked for: NumPy's result does not have this axis. */
  readonly isDropped: boolean;
}

/** Parses what stands between the brackets of `a[...]` in Python. */
export function indexArgument(text: string): IndexText {
  const scanner = new Scanner(text);
  const entries: IndexEntry[] = [];
  let isTuple = false;
  let hasEllipsis = false;
  do {
    const entry = entryOf(scanner);
    if (entry === "...") {
      if (hasEllipsis) throw scanner.problem("... may come only once", 3);
      hasEllipsis = true;
      isTuple = true;
    }
    entries.push(entry);
    if (!scanner.takes(",")) break;
    isTuple = true;
    // A comma may end the list.
  } while (!scanner.isAtEnd());
  if (!scanner.isAtEnd()) throw scanner.unexpected("a comma or the end");
  return { entries, isTuple };
}

function entryOf(scanner: Scanner): IndexEntry {
  if (scanner.takes("...")) return "...";
  const start = scanner.number();
  if (!scanner.takes(":")) {
    if (start === undefined) throw scanner.unexpected("a number, a slice such as 0:10:2, or ...");
    return start;
  }
  const stop = scanner.number();
  const step = scanner.takes(":") ? scanner.number() : undefined;
  if (step === 0) throw scanner.problem("the step of a slice cannot be 0", 1);
  return { start, stop, step };
}

const SPACE = /\s*/y;
const INTEGER = /([+-]?)\s*(\d+(?:_\d+)*)/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  takes(token: string): boolean {
    this.#skipSpace();
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  number(): number | undefined {
    this.#skipSpace();
    INTEGER.lastIndex = this.#at;
    const found = INTEGER.exec(this.#text);
    if (found === null) return undefined;
    this.#at = INTEGER.lastIndex;
    const size = Number((found[2] as string).replaceAll("_", ""));
    return found[1] === "-" && size > 0 ? -size : size;
  }

  unexpected(expected: string): InvalidArgumentError {
    this.#skipSpace();
    const rest = this.#text.slice(this.#at);
    return this.problem(`expected ${expected}, found ${rest === "" ? "the end" : JSON.stringify(excerpt(rest))}`);
  }

  /** A problem at the current place, or `back` characters before it. */
  problem(problem: string, back = 0): InvalidArgumentError {
    return new InvalidArgumentError(`At character ${this.#at - back + 1}: ${problem}.`);
  }
}

/** What an index takes of each axis of an array, whose rows lie along the axis `growth`. Axes without an entry are taken whole. */
export function takenAxes({ entries }: IndexText, shape: readonly number[], growth?: number): TakenAxis[] {
  const ellipsis = entries.indexOf("...");
  const given = ellipsis < 0 ? entries.length : entries.length - 1;
  if (given > shape.length) {
    const sizes = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
    throw new Error(`the index has ${counted(given, "entry", "entries")}: expected at most one for each axis of ${sizes}`);
  }
  const before = ellipsis < 0 ? given : ellipsis;
  const after = given - before;
  return shape.map((size, axis) => {
    if (axis >= before && axis < shape.length - after) return wholeAxis(size);
    const entry = entries[axis < before ? axis : axis - shape.length + entries.length] as number | SliceText;
    return takenAxis(entry, size, (index) =>
      axis === growth
        ? `there is no row ${index}: it has ${counted(size, "row")}`
        : `axis ${axis} has no index ${index}: its size is ${size}`,
    );
  });
}

export function wholeAxis(count: number): TakenAxis {
  return { start: 0, step: 1, count, isDropped: false };
}

/** The index of the array that is number `i` of those taken. */
export function indexAt({ start, step }: TakenAxis, i: number): number {
  return start + i * step;
}

/** Source: `slice.indices` of Python, in `PySlice_AdjustIndices`. */
export function takenAxis(entry: number | SliceText, size: number, missing: (index: number) => string): TakenAxis {
  if (typeof entry === "number") {
    if (entry >= size || entry < -size) throw new Error(missing(entry));
    return { start: entry < 0 ? entry + size : entry, step: 1, count: 1, isDropped: true };
  }
  const { step = 1 } = entry;
  const [lowest, highest] = step < 0 ? [-1, size - 1] : [0, size];
  const [first, last] = step < 0 ? [highest, lowest] : [lowest, highest];
  const place = (bound: number | undefined, preset: number): number =>
    bound === undefined ? preset : Math.min(highest, Math.max(lowest, bound < 0 ? bound + size : bound));
  const start = place(entry.start, first);
  const count = Math.max(0, Math.ceil((place(entry.stop, last) - start) / step));
  // A step that is never taken may be larger than any safe integer.
  return { start: count === 0 ? 0 : start, step: count < 2 ? 1 : step, count, isDropped: false };
}

/** The entry of `reader.select` that takes the indices from number `first` to `stop` (not included) of those taken. */
export function entryOfSelection(
  { start, step, count, isDropped }: TakenAxis,
  first = 0,
  stop: number = count,
): Selection[number] {
  if (isDropped) return start;
  if (stop <= first) return { start: 0, stop: 0 };
  const end = start + stop * step;
  return { start: start + first * step, stop: end < 0 ? null : end, step };
}
