/** Work under way in a tab: its progress, a button to cancel it, and what was read for it. */
import { button, el } from "../shared/dom.ts";
import { bytesText, counted } from "../shared/texts.ts";
import type { Coverage, ResultOf, TaskOf } from "./task-types.ts";
import type { Shown } from "./view.ts";

/** Milliseconds after which work is shown: a short flicker tells nothing. */
const PATIENCE = 200;

export class Job {
  /** What is said of the work, and of its result. */
  readonly element = el("div", { class: "busy", "aria-live": "polite" });
  #controller: AbortController | undefined;

  /** Runs a task instead of the one before; the result is `undefined` if it was cancelled or failed. */
  async run<Kind extends keyof ResultOf>(shown: Shown, task: TaskOf<Kind>): Promise<ResultOf[Kind] | undefined> {
    this.cancel();
    const controller = new AbortController();
    this.#controller = controller;
    const bar = el("progress", { max: 1, value: 0, "aria-label": "Progress" });
    const patience = setTimeout(() => {
      const cancel = button("Cancel", () => {
        this.cancel();
        this.element.replaceChildren(el("span", { class: "note" }, "Cancelled."));
      });
      this.element.replaceChildren("Reading…", bar, cancel);
    }, PATIENCE);
    try {
      const result = await shown.tasks.run(shown, task, (part) => bar.setAttribute("value", String(part)), controller.signal);
      if (this.#controller !== controller) return undefined;
      this.element.replaceChildren();
      return result;
    } catch (error) {
      if (this.#controller !== controller || controller.signal.aborted) return undefined;
      this.element.replaceChildren();
      shown.problem(error);
      return undefined;
    } finally {
      clearTimeout(patience);
    }
  }

  cancel(): void {
    const controller = this.#controller;
    this.#controller = undefined;
    controller?.abort(new DOMException("cancelled", "AbortError"));
  }

  /** Says what was read, and offers to read the rest. */
  report({ rows, rowsRead, samples }: Coverage, rowBytes: number, readAll: () => void, more = ""): void {
    if (samples === undefined) {
      this.element.replaceChildren(el("span", { class: "note" }, `All ${counted(rows, "row")}${more}.`));
      return;
    }
    const part = Number(((100 * rowsRead) / rows).toPrecision(2));
    this.element.replaceChildren(
      el(
        "span",
        { class: "warning" },
        `Sampled: ${counted(samples, "stretch").replace("stretchs", "stretches")} at equal distances, ${part} % of ${counted(rows, "row")}. What lies between them is not shown.`,
      ),
      button(`Read all (${bytesText(rows * rowBytes)})`, readAll),
    );
  }
}
