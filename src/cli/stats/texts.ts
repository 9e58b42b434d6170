/** What `stats` prints of columns: texts of their statistics, of all digits or few. */
import { type DType, dtype as dtypeOf } from "../../node.ts";
import { type Column, isNumeric } from "../rows/columns.ts";
import { rounded, textsOfValues } from "../text/cell.ts";
import type { Summary } from "./summary.ts";

/** `all` digits; means and deviations of few digits (`means`); or everything of few digits (`few`), and times to the second. */
export type Digits = "all" | "means" | "few";

/** The texts of a column. Empty for what it does not have. */
export interface StatsTexts {
  readonly column: string;
  readonly dtype: string;
  readonly nan: string;
  readonly inf: string;
  readonly zeros: string;
  readonly distinct: string;
  readonly min: string;
  readonly max: string;
  readonly mean: string;
  readonly std: string;
  readonly histogram: string;
}

/** The texts of columns, which are made together: that takes as long for hundreds as for one. */
export function textsOfColumns(columns: readonly Column[], summaries: readonly Summary[], digits: Digits): StatsTexts[] {
  const texts = columns.map(({ label, dtype }) => ({ ...NOTHING, column: label, dtype: dtypeText(dtype) }));
  for (const [type, places] of placesOfDTypes(columns)) {
    const found = textsOfSummaries(
      type,
      places.map((place) => summaries[place] as Summary),
      digits,
    );
    for (const [i, place] of places.entries()) Object.assign(texts[place] as StatsTexts, found[i]);
  }
  return texts;
}

const NOTHING: StatsTexts = {
  column: "",
  dtype: "",
  nan: "",
  inf: "",
  zeros: "",
  distinct: "",
  min: "",
  max: "",
  mean: "",
  std: "",
  histogram: "",
};

export function dtypeText(dtype: DType): string {
  return dtype.fields === undefined ? dtype.name : dtype.str;
}

/** The dtypes of columns of numbers, and which columns have them. */
function placesOfDTypes(columns: readonly Column[]): Iterable<readonly [DType, number[]]> {
  const found = new Map<string, readonly [DType, number[]]>();
  for (const [i, column] of columns.entries()) {
    if (!isNumeric(column)) continue;
    const { str } = column.dtype;
    const known = found.get(str) ?? ([column.dtype, []] as const);
    known[1].push(i);
    found.set(str, known);
  }
  return found.values();
}

/** The texts of columns of one dtype. */
export function textsOfSummaries(
  type: DType,
  summaries: readonly Summary[],
  digits: Digits,
): Omit<StatsTexts, "column" | "dtype">[] {
  const { kind, datetime } = type;
  const { unit = "generic", count = 1 } = datetime ?? {};
  const isDate = kind === "M";
  const isTime = isDate || kind === "m";
  const unitsPerTick = isDate ? count : 1;
  const valuesOf = (values: readonly (number | bigint | undefined)[]): string[] => extremeTexts(type, values, digits);
  const mins = valuesOf(summaries.map(({ min }) => min));
  const maxs = valuesOf(summaries.map(({ max }) => max));
  // The mean of times is a time.
  const ticks = isDate ? valuesOf(summaries.map(({ tick }) => tick)) : [];
  const short = (value: number, most?: number): number => (digits === "all" ? value : rounded(value, most));
  const means = floatTexts(summaries.map(({ mean, deviation }) => short(mean, digitsOf(mean, deviation))));
  const deviations = floatTexts(summaries.map(({ deviation }) => short(deviation * unitsPerTick)));
  return summaries.map(({ missing, infinities, zeros, distinct, deviation, bars }, i) => ({
    nan: String(missing),
    inf: isTime ? "" : String(infinities),
    zeros: isTime ? "" : String(zeros),
    distinct: distinct === undefined ? "" : distinctText(distinct),
    min: mins[i] as string,
    max: maxs[i] as string,
    mean: ticks[i] || (means[i] as string),
    std: (deviations[i] as string) + (isDate && !Number.isNaN(deviation) ? ` ${unit}` : ""),
    histogram: bars,
  }));
}

function distinctText({ count, isAll }: { readonly count: number; readonly isAll: boolean }): string {
  return isAll ? String(count) : `${count.toLocaleString("en-US")}+`;
}

/** The texts of the smallest or largest values of columns of one dtype. An empty text for `undefined`. */
export function extremeTexts(type: DType, values: readonly (number | bigint | undefined)[], digits: Digits): string[] {
  const { kind, itemsize } = type;
  if (kind === "b") return values.map((value) => String(value ?? ""));
  if (kind === "M") {
    const texts = textsOrNothing(values, type);
    return digits === "few" ? texts.map((text) => text.slice(0, "2000-01-01T00:00:00".length)) : texts;
  }
  if (digits === "few" && "fc".includes(kind)) {
    return floatTexts(values.map((value) => (value === undefined ? value : rounded(Number(value)))));
  }
  return textsOrNothing(values, kind === "c" ? dtypeOf(`f${itemsize / 2}` as "f8") : type);
}

function textsOrNothing(values: readonly (number | bigint | undefined)[], type: DType): string[] {
  const texts = textsOfValues(
    values.filter((value) => value !== undefined),
    type,
  );
  let next = 0;
  return values.map((value) => (value === undefined ? "" : (texts[next++] as string)));
}

function floatTexts(values: readonly (number | undefined)[]): string[] {
  return textsOrNothing(values, dtypeOf("float64"));
}

/** The number of digits that tells a mean from values a millionth of the deviation away. */
function digitsOf(mean: number, deviation: number): number {
  const size = Math.abs(mean / deviation);
  return size > 1 ? Math.min(17, 6 + Math.ceil(Math.log10(size))) : 6;
}
