/** Chooses which columns are drawn. */
import { button, el } from "../shared/dom.ts";
import { isNumeric, plotLabel } from "./scan.ts";
import type { Sheet } from "./sheet.ts";

/** So many columns are offered as buttons; of more, their numbers are asked for. */
const MOST_BUTTONS = 12;

/** So many are drawn at first. */
const AT_FIRST = 4;

/** So many may be chosen. */
const MOST_CHOSEN = 16;

/** The columns of numbers and times, the first few thousand. */
export function numericOf(sheet: Sheet): number[] {
  const found: number[] = [];
  for (let column = 0; column < sheet.columnCount && found.length < 4096; column++) {
    if (isNumeric(sheet.leafOf(column))) found.push(column);
  }
  return found;
}

export function firstChosen(columns: readonly number[]): number[] {
  return columns.slice(0, AT_FIRST);
}

/** Buttons for few columns, a field such as `0:3, 7` for many. */
export function columnChoice(
  sheet: Sheet,
  columns: readonly number[],
  chosen: readonly number[],
  changed: (chosen: number[]) => void,
): HTMLElement {
  if (columns.length <= 1) return el("span");
  if (columns.length > MOST_BUTTONS) return columnField(columns, chosen, changed);
  const group = el("div", { class: "columns", role: "group", "aria-label": "Columns" });
  for (const column of columns) {
    const isChosen = chosen.includes(column);
    const toggle = (): void => changed(columns.filter((one) => (one === column ? !isChosen : chosen.includes(one))));
    group.append(
      button(plotLabel(sheet, column), toggle, {
        "aria-pressed": isChosen ? "true" : "false",
        class: isChosen ? "is-on" : undefined,
      }),
    );
  }
  return group;
}

function columnField(columns: readonly number[], chosen: readonly number[], changed: (chosen: number[]) => void): HTMLElement {
  const input = el("input", {
    type: "text",
    value: rangesText(chosen.map((column) => columns.indexOf(column))),
    size: 12,
    spellcheck: "false",
  });
  input.addEventListener("change", () => {
    changed(
      placesOf(input.value, columns.length)
        .slice(0, MOST_CHOSEN)
        .map((place) => columns[place] as number),
    );
  });
  return el("label", { class: "field" }, el("span", {}, `Columns, such as 0:3, 7 (of ${columns.length})`), input);
}

/** Numbers as `0:3, 7`. */
export function rangesText(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; ) {
    let end = i + 1;
    while (numbers[end] === (numbers[end - 1] as number) + 1) end++;
    parts.push(end - i === 1 ? String(numbers[i]) : `${numbers[i]}:${(numbers[end - 1] as number) + 1}`);
    i = end;
  }
  return parts.join(", ");
}

/** The numbers below `count` that a text such as `0:3, 7, -1` names, without those that do not exist. */
export function placesOf(text: string, count: number): number[] {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, from = "", colon, to = ""] = /^\s*(-?\d*)\s*(:?)\s*(-?\d*)\s*$/.exec(part) ?? [];
    if (from === "" && colon !== ":") continue;
    const at = (digits: string, empty: number): number =>
      digits === "" ? empty : Number(digits) < 0 ? Number(digits) + count : Number(digits);
    const start = Math.max(0, at(from, 0));
    const stop = colon === ":" ? Math.min(count, at(to, count)) : at(from, 0) + 1;
    for (let place = start; place < Math.min(stop, count); place++) found.add(place);
  }
  return [...found].sort((a, b) => a - b);
}
