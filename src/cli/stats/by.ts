/** `stats --by`: statistics of columns for each value of another one. */
import type { NpyArray, NpyData } from "../../node.ts";
import { UsageError } from "../program/failure.ts";
import { type Column, columnData, isNumeric, rowsOf } from "../rows/columns.ts";
import { isRaw, textsOf } from "../text/cell.ts";
import { Moments } from "./moments.ts";
import { statsLines, type TableRow } from "./table.ts";
import { type Digits, textsOfColumns } from "./texts.ts";

/** More different values are refused. */
const MOST_GROUPS = 1000;

/** The rows that have one value. */
interface Group {
  /** The value as text. */
  readonly name: string;
  readonly value: unknown;
  readonly moments: Moments;
  rows: number;
}

export class GroupedMoments {
  readonly #by: Column;
  readonly #columns: readonly Column[];
  readonly #length: number;
  readonly #groups = new Map<string, Group>();

  /** Of `columns`, for each value of `by`, in `length` rows at most. */
  constructor(by: Column, columns: readonly Column[], length: number) {
    if (isRaw(by.dtype)) throw new UsageError(`--by cannot compare values of dtype ${by.dtype.name}: choose another column`);
    this.#by = by;
    this.#columns = columns;
    this.#length = length;
  }

  add(chunk: NpyArray): void {
    const dataOf = columnData(chunk);
    const count = rowsOf(chunk);
    const { groups, numbers, starts } = this.#grouped(dataOf(this.#by), count);
    for (const [i, column] of this.#columns.entries()) {
      if (!isNumeric(column)) continue;
      const sorted = sortedBy(numbers, starts, dataOf(column), column);
      const isTime = "Mm".includes(column.dtype.kind);
      for (const [g, group] of groups.entries()) {
        const offset = g === 0 ? 0 : (starts[g - 1] as number);
        group.moments.add(i, { data: sorted, offset, step: 1, count: (starts[g] as number) - offset }, isTime);
      }
    }
  }

  /** The groups of the rows of a chunk; for each row the number of its group; and where each group ends if rows are sorted by them. */
  #grouped(data: NpyData, count: number): { groups: Group[]; numbers: Int32Array; starts: Int32Array } {
    const { dtype, offset, perRow } = this.#by;
    // Complex numbers are pairs.
    const texts = textsOf(dtype)(data);
    const items = dtype.kind === "c" ? 2 : 1;
    const groups: Group[] = [];
    const known = new Map<string, number>();
    const numbers = new Int32Array(count);
    for (let row = 0; row < count; row++) {
      const at = offset + row * perRow;
      const name = texts[at] as string;
      let number = known.get(name);
      if (number === undefined) {
        number = groups.length;
        known.set(name, number);
        groups.push(this.#group(name, items === 1 ? (data as ArrayLike<unknown>)[at] : name));
      }
      numbers[row] = number;
      (groups[number] as Group).rows++;
    }
    const starts = new Int32Array(groups.length);
    for (const number of numbers) starts[number] = (starts[number] as number) + 1;
    for (let g = 1; g < starts.length; g++) starts[g] = (starts[g] as number) + (starts[g - 1] as number);
    return { groups, numbers, starts };
  }

  #group(name: string, value: unknown): Group {
    const found = this.#groups.get(name);
    if (found !== undefined) return found;
    if (this.#groups.size === MOST_GROUPS) {
      throw new UsageError(
        `--by: column ${JSON.stringify(this.#by.label)} has more than ${MOST_GROUPS} different values: choose one with fewer`,
      );
    }
    const group = { name, value, moments: new Moments(this.#columns.length, this.#length), rows: 0 };
    this.#groups.set(name, group);
    return group;
  }

  /** In the order of their values; NaN and NaT last. */
  groups(): Group[] {
    const rank = ({ name }: Group): number => (name === "nan" || name === "NaT" ? 1 : 0);
    return [...this.#groups.values()].sort((a, b) => rank(a) - rank(b) || compare(a.value, b.value));
  }
}

function compare(a: unknown, b: unknown): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

/** The values of a column, those of each group together. */
function sortedBy(numbers: Int32Array, ends: Int32Array, data: NpyData, { offset, perRow }: Column): NpyData {
  const next = new Int32Array(ends.length);
  for (let g = 1; g < ends.length; g++) next[g] = ends[g - 1] as number;
  const source = data as Float64Array;
  const sorted = new (data.constructor as Float64ArrayConstructor)(numbers.length);
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] as number;
    const at = next[number] as number;
    sorted[at] = source[offset + row * perRow] as number;
    next[number] = at + 1;
  }
  return sorted;
}

/** The heading of the values, which has another title: a column may be called as a statistic is. */
const BY = "by:";

/** The lines of a table: the columns of each group. */
export function byLines(by: Column, columns: readonly Column[], groups: readonly Group[], size: number): Generator<string> {
  const rowsOf = (digits: Digits, first: number, stop: number): TableRow[] => {
    const rows: TableRow[] = [];
    const firstGroup = Math.floor(first / columns.length);
    for (const { name, moments, rows: count } of groups.slice(firstGroup, Math.ceil(stop / columns.length))) {
      const summaries = columns.map((_, i) => moments.of(i, size));
      for (const [i, texts] of textsOfColumns(columns, summaries, digits).entries()) {
        rows.push({ ...texts, [BY]: i === 0 ? name : "", rows: i === 0 ? String(count) : "" });
      }
    }
    const before = first - firstGroup * columns.length;
    return rows.slice(before, before + stop - first);
  };
  const isText = "SU".includes(by.dtype.kind);
  const left = new Set(["column", "histogram", ...(isText ? [BY] : [])]);
  const statistics = ["nan", "inf", "zeros", "distinct", "min", "max", "mean", "std", "histogram"];
  const headings = [BY, "rows", ...(columns.length > 1 ? ["column"] : []), ...statistics];
  return statsLines(groups.length * columns.length, rowsOf, { headings, left, titles: { [BY]: by.label } });
}
