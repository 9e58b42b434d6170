/** What `stats` says of fields, or arrays, of many columns: all their values together, and which columns are extreme. */

import { counted } from "../program/failure.ts";
import { type Column, isNumeric } from "../rows/columns.ts";
import { jsonText } from "../text/escaping.ts";
import { Table } from "../text/table.ts";
import type { Moments } from "./moments.ts";
import type { Summary } from "./summary.ts";
import { statsLines, type TableRow } from "./table.ts";
import { type Digits, extremeTexts, textsOfColumns, textsOfSummaries } from "./texts.ts";
import { extreme, totalOf } from "./totals.ts";

/** More columns of a field are shown as one. */
export const MOST_LISTED = 32;

/** Columns that are shown in one line, with their statistics. */
export interface ColumnGroup {
  /** `undefined` for a single column. */
  readonly members: readonly Column[] | undefined;
  readonly places: readonly number[];
  readonly column: Column;
}

/** Fields of more than a few columns are grouped, and arrays that are no structures as well. */
export function groupsOf(columns: readonly Column[], showsAll: boolean): ColumnGroup[] {
  const byField = new Map<string, number[]>();
  for (const [i, { path, dtype }] of columns.entries()) {
    const key = JSON.stringify([path, dtype.str]);
    const places = byField.get(key);
    if (places === undefined) byField.set(key, [i]);
    else places.push(i);
  }
  const groups: ColumnGroup[] = [];
  for (const places of byField.values()) {
    const members = places.map((place) => columns[place] as Column);
    const first = members[0] as Column;
    if (showsAll || members.length <= MOST_LISTED || !isNumeric(first)) {
      for (const [i, place] of places.entries())
        groups.push({ members: undefined, places: [place], column: members[i] as Column });
    } else {
      const label = first.path === undefined ? "all" : `${first.path.join(".")} (all)`;
      groups.push({ members, places, column: { ...first, label } });
    }
  }
  return showsAll ? groups : groups.sort((a, b) => (a.places[0] as number) - (b.places[0] as number));
}

function summaryOfGroup({ members, places }: ColumnGroup, moments: Moments, size: number): Summary {
  const summaries = places.map((place) => moments.of(place, size));
  return members === undefined ? (summaries[0] as Summary) : totalOf(summaries, places, moments, size);
}

const STATISTICS = ["min", "max", "mean", "std", "nan"] as const;

/** Which columns of a group have the least and the greatest minimum, mean, and so on. */
export function extremeLines({ members = [], places, column }: ColumnGroup, moments: Moments): string {
  const summaries = places.map((place) => moments.of(place, 1));
  const lines = STATISTICS.flatMap((statistic) => {
    const cells = ([-1, 1] as const).map((sign) => {
      const found = foundOf(summaries, statistic, sign);
      if (found === undefined) return undefined;
      const [texts] = textsOfSummaries(column.dtype, [summaries[found] as Summary], "means");
      return [(texts as Readonly<Record<string, string>>)[statistic] as string, shortLabel(members[found] as Column, column)];
    });
    const [least, greatest] = cells;
    if (least === undefined || greatest === undefined) return [];
    if (statistic === "nan" && greatest[0] === "0") return [];
    if (least[0] === greatest[0]) return [[statistic, least[0] as string, "each column"]];
    return [[statistic, ...least, ...greatest]];
  });
  const title = `${counted(members.length, "column")}${column.path === undefined ? "" : ` of ${column.path.join(".")}`}`;
  const table = new Table([title, "least", "in", "greatest", "in"], [false, true, false, true, false]);
  return lines.length === 0 ? "" : table.lines(lines, true);
}

const NAME_OF = { min: "min", max: "max", mean: "mean", std: "deviation", nan: "missing" } as const;

function foundOf(summaries: readonly Summary[], statistic: (typeof STATISTICS)[number], sign: -1 | 1): number | undefined {
  const name = statistic === "mean" && summaries.some(({ tick }) => tick !== undefined) ? "tick" : NAME_OF[statistic];
  return extreme(summaries, name, sign)?.column;
}

function shortLabel({ label }: Column, { path }: Column): string {
  return path === undefined ? `column ${label}` : label;
}

/** The statistics of columns as JSON. */
export function jsonOfColumn(column: Column, summary: Summary, rows: number): string {
  const { dtype, label } = column;
  const parts = [`"column":${jsonText(label)}`, `"dtype":${jsonText(dtype.name)}`, `"rows":${rows}`];
  if (!isNumeric(column)) return `{${parts.join(",")}}`;
  const { count, missing, infinities, zeros, distinct, min, max, mean, tick, deviation, parts: counts } = summary;
  const isDate = dtype.kind === "M";
  const isTime = isDate || dtype.kind === "m";
  const value = (found: number | bigint | undefined): string => {
    if (found === undefined) return "null";
    if (typeof found === "number" && !Number.isFinite(found)) return jsonFloat(found);
    const [text = ""] = extremeTexts(dtype, [found], "all");
    return isDate && dtype.datetime?.unit !== "generic" ? jsonText(text) : text;
  };
  parts.push(`"count":${count + infinities}`, `"nan":${missing}`);
  if (!isTime) parts.push(`"inf":${infinities}`, `"zeros":${zeros}`);
  if (distinct !== undefined) parts.push(`"distinct":${distinct.count}`, `"distinctIsAll":${distinct.isAll}`);
  parts.push(`"min":${value(min)}`, `"max":${value(max)}`, `"mean":${isDate ? value(tick) : jsonFloat(mean)}`);
  parts.push(
    `"std":${jsonFloat(deviation * (isDate ? (dtype.datetime?.count ?? 1) : 1))}`,
    `"histogram":[${Array.from(counts).join(",")}]`,
  );
  return `{${parts.join(",")}}`;
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return "null";
  return Number.isFinite(value) ? String(value) : value > 0 ? "1e999" : "-1e999";
}

/** The lines of a table, one for each group of columns. */
export function groupLines(groups: readonly ColumnGroup[], moments: Moments, size: number): Generator<string> {
  const rowsOf = (digits: Digits, first: number, stop: number): readonly TableRow[] => {
    const part = groups.slice(first, stop);
    return textsOfColumns(
      part.map(({ column }) => column),
      part.map((group) => summaryOfGroup(group, moments, size)),
      digits,
    ) as unknown as TableRow[];
  };
  // The dtype of an array that is no structure is in the line above.
  const headings = groups.some(({ column }) => column.path !== undefined) ? HEADINGS : HEADINGS.filter((one) => one !== "dtype");
  return statsLines(groups.length, rowsOf, { headings });
}

const HEADINGS = ["column", "dtype", "nan", "inf", "zeros", "distinct", "min", "max", "mean", "std", "histogram"] as const;
