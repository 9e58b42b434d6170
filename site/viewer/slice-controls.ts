/** Chooses which axes are shown, and where the others are cut. */
import { button, el, labelled, select } from "../shared/dom.ts";
import { numberText } from "../shared/texts.ts";
import type { Slicing } from "./sheet.ts";

/** Fields for arrays of more than two axes, a button for two; `changed` is told what was chosen. */
export function sliceControls(shape: readonly number[], slicing: Slicing, changed: (slicing: Slicing) => void): HTMLElement[] {
  if (shape.length < 2) return [];
  if (shape.length === 2) {
    const transpose = (): void => changed({ ...slicing, rows: slicing.columns, columns: slicing.rows });
    const isTurned = slicing.rows === 1;
    return [
      button("Transpose", transpose, { "aria-pressed": isTurned ? "true" : "false", class: isTurned ? "is-on" : undefined }),
    ];
  }
  const axes = shape.map((size, axis) => ({ value: String(axis), text: `axis ${axis} (${numberText(size)})` }));
  const choose = (role: "rows" | "columns", other: "rows" | "columns") => (value: string) => {
    const axis = Number(value);
    // The two axes change places if one is chosen for both.
    changed({ ...slicing, [role]: axis, ...(slicing[other] === axis && { [other]: slicing[role] }) });
  };
  const controls: HTMLElement[] = [
    labelled("Rows", select(axes, String(slicing.rows), choose("rows", "columns"))),
    labelled("Columns", select(axes, String(slicing.columns), choose("columns", "rows"))),
  ];
  for (const [axis, size] of shape.entries()) {
    if (axis === slicing.rows || axis === slicing.columns) continue;
    controls.push(
      indexField(`Index on axis ${axis}`, slicing.fixed[axis] as number, size, (index) =>
        changed({ ...slicing, fixed: slicing.fixed.with(axis, index) }),
      ),
    );
  }
  return controls;
}

/** A field for an index of an axis. */
export function indexField(label: string, value: number, size: number, changed: (index: number) => void): HTMLElement {
  const input = el("input", { type: "number", min: 0, max: Math.max(0, size - 1), step: 1, value });
  input.addEventListener("change", () => {
    const index = Math.max(0, Math.min(size - 1, Math.trunc(Number(input.value) || 0)));
    input.value = String(index);
    changed(index);
  });
  return labelled(`${label} of ${numberText(size)}`, input);
}
