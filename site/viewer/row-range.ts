/** Chooses rows: two fields, and buttons to come closer and go along. */
import { button, el, labelled } from "../shared/dom.ts";
import type { Span } from "./sheet.ts";

export function rowRange(rows: Span, count: number, changed: (rows: Span) => void): HTMLElement {
  const field = (value: number): HTMLInputElement => el("input", { type: "number", min: 0, max: count, step: 1, value });
  const [from, to] = [field(rows.start), field(rows.stop)];
  const change = (start: number, stop: number): void => changed(clamped(start, stop, count));
  const typed = (): void => change(Number(from.value) || 0, to.value === "" ? count : Number(to.value));
  from.addEventListener("change", typed);
  to.addEventListener("change", typed);
  const length = rows.stop - rows.start;
  const isAll = length >= count;
  const step = Math.max(1, Math.floor(length / 2));
  const quarter = Math.max(1, Math.floor(length / 4));
  const icon = (text: string, label: string, work: () => void, disabled: boolean): HTMLButtonElement =>
    button(text, work, { "aria-label": label, title: label, disabled });
  return el(
    "div",
    { class: "row", role: "group", "aria-label": "Rows" },
    labelled("From row", from),
    labelled("to row", to),
    icon("+", "Zoom in", () => change(rows.start + quarter, rows.stop - quarter), length <= 2),
    icon("−", "Zoom out", () => change(rows.start - step, rows.stop + step), isAll),
    icon("←", "Earlier rows", () => change(rows.start - step, rows.start - step + length), rows.start === 0),
    icon("→", "Later rows", () => change(rows.stop + step - length, rows.stop + step), rows.stop >= count),
    icon("All", "All rows", () => change(0, count), isAll),
  );
}

/** Rows that exist, at least one if there are any, and as many as were asked for where that is possible. */
export function clamped(start: number, stop: number, count: number): Span {
  const length = Math.max(1, Math.min(count, Math.round(stop) - Math.round(start)));
  const first = Math.max(0, Math.min(count - length, Math.round(start)));
  return { start: first, stop: Math.min(count, first + length) };
}
