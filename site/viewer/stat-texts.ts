/** Statistics as text. */
import { type DType, dtype as dtypeOf, type Summary } from "../shared/library.ts";
import { numberText, shortText, textOfValue } from "../shared/texts.ts";
import type { ColumnStats } from "./task-types.ts";

function typeOf(name: string): DType {
  return dtypeOf(name as "f8");
}

export interface StatLine {
  readonly column: string;
  readonly texts: readonly string[];
  readonly parts: ArrayLike<number>;
}

/** What the texts of a line are. */
export const HEADINGS: readonly string[] = ["dtype", "min", "max", "mean", "std", "NaN, NaT", "inf", "zeros", "distinct"];

export function lineOf({ label, dtype: name, summary }: ColumnStats): StatLine {
  const type = typeOf(name);
  const { count, missing, infinities, zeros, distinct } = summary;
  const isTime = "mM".includes(type.kind);
  return {
    column: label,
    texts: [
      name,
      valueText(summary.min, type),
      valueText(summary.max, type),
      meanText(summary, type),
      isTime || count === 0 ? "" : shortText(summary.deviation),
      missing === 0 ? "" : numberText(missing),
      infinities === 0 ? "" : numberText(infinities),
      isTime ? "" : numberText(zeros),
      distinct === undefined ? "" : `${distinct.isAll ? "" : "≥ "}${numberText(distinct.count)}`,
    ],
    parts: summary.parts,
  };
}

function valueText(value: number | bigint | undefined, type: DType): string {
  if (value === undefined) return "";
  if (type.kind === "b") return value ? "True" : "False";
  if ("iu".includes(type.kind)) return String(value);
  return typeof value === "number" && !Number.isFinite(value) ? shortText(value) : textOfValue(value, type);
}

function meanText({ mean, tick, count, infinities }: Summary, type: DType): string {
  if (count === 0 && infinities === 0) return "";
  return "mM".includes(type.kind) ? valueText(tick, type) : shortText(mean);
}
