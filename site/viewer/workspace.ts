/** An open file: its arrays, what is known of one, and the tabs that show it. */
import { button, byId, el } from "../shared/dom.ts";
import { bytesText, counted, errorText } from "../shared/texts.ts";
import { details } from "./details.ts";
import { Following } from "./following.ts";
import { HeatView } from "./heat-view.ts";
import { HistogramView } from "./histogram-view.ts";
import { ImageView } from "./image-view.ts";
import { LinesView } from "./lines-view.ts";
import { type ArraySpec, type OpenedArray, openArray } from "./opening.ts";
import type { ReadCount } from "./read-count.ts";
import { Sheet, type Slicing, slicingOf } from "./sheet.ts";
import { StatsView } from "./stats-view.ts";
import { TableView } from "./table-view.ts";
import { Tasks } from "./tasks.ts";
import type { Shown, View } from "./view.ts";

export class Workspace {
  readonly element: HTMLElement;
  readonly #arrays: readonly ArraySpec[];
  readonly #count: ReadCount;
  readonly #tasks: Tasks;
  readonly #views: readonly View[];
  readonly #following: Following;
  readonly #side = el("aside", { class: "side", "aria-label": "About the array" });
  readonly #tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Views" });
  readonly #panel = el("div", { class: "panel", role: "tabpanel", id: "panel" });
  readonly #range = el("span", { id: "range" });
  readonly #read = el("span", { id: "read", title: "What has been read of the file since it was opened" });
  readonly #message = el("p", { class: "problem", role: "alert", hidden: true });
  #spec: ArraySpec;
  #opened: OpenedArray;
  #slicing: Slicing;
  #view: View;
  #isClosed = false;

  /** Opens the first of the arrays. */
  static async open(arrays: readonly ArraySpec[], count: ReadCount): Promise<Workspace> {
    const spec = arrays[0] as ArraySpec;
    return new Workspace(arrays, count, spec, await openArray(spec, (bytes) => count.add(bytes)));
  }

  private constructor(arrays: readonly ArraySpec[], count: ReadCount, spec: ArraySpec, opened: OpenedArray) {
    this.#arrays = arrays;
    this.#count = count;
    this.#spec = spec;
    this.#opened = opened;
    this.#slicing = slicingOf(opened.reader.shape);
    this.#tasks = new Tasks((bytes) => count.add(bytes));
    const table = new TableView(this.#range);
    this.#view = table;
    this.#views = [table, new LinesView(), new HistogramView(), new HeatView(), new ImageView(), new StatsView()];
    this.#following = new Following(
      () => this.#grown(),
      (error) => this.#problem(error),
    );
    this.#tabs.addEventListener("keydown", (event) => this.#tabKey(event));
    const work = el(
      "section",
      { class: "work", "aria-label": "Contents" },
      this.#tabs,
      this.#message,
      this.#panel,
      el("footer", { class: "status" }, this.#range, el("span", { class: "spring" }), this.#following.element, this.#read),
    );
    this.element = el("div", { class: "workspace" }, this.#side, work);
    count.onChange = () => this.#showCount();
  }

  /** Shows the array. Call it once the element is in the page. */
  start(): void {
    this.#showArray();
    if (this.#view instanceof TableView) this.#view.focus();
  }

  close(): void {
    this.#isClosed = true;
    this.#count.onChange = () => {};
    this.#view.hide();
    this.#following.stop();
    this.#tasks.close();
    void this.#opened.close();
  }

  get #shown(): Shown {
    const { groupRows } = this.#spec;
    const { reader, readable } = this.#opened;
    const axis = this.#slicing.rows;
    // Of a group, what all its files count.
    const isShorter = groupRows !== undefined && axis === 0 && !reader.fortranOrder && groupRows < (reader.shape[0] ?? 0);
    return {
      spec: this.#spec,
      opened: this.#opened,
      sheet: new Sheet(readable, this.#slicing, isShorter && this.#spec.label.split(".").length < 3 ? groupRows : undefined),
      tasks: this.#tasks,
      slice: (slicing) => {
        this.#slicing = slicing;
        this.#view.show(this.#shown);
      },
      problem: (error) => this.#problem(error),
    };
  }

  #showArray(): void {
    this.#message.hidden = true;
    this.#side.replaceChildren(...this.#sideParts());
    this.#following.show(this.#spec, this.#opened.reader);
    this.#openTab(this.#view);
    this.#showCount();
  }

  #sideParts(): HTMLElement[] {
    const isNarrow = matchMedia("(max-width: 760px)").matches;
    const about = el("details", { open: !isNarrow }, el("summary", {}, this.#spec.label), details(this.#spec, this.#opened));
    if (this.#arrays.length === 1) return [about];
    const list = el("ul", { class: "arrays" });
    for (const spec of this.#arrays) {
      const item = button(spec.label, () => void this.#choose(spec), {
        "aria-current": spec === this.#spec ? "true" : undefined,
        title: spec.label,
      });
      list.append(el("li", {}, item));
    }
    return [
      el("details", { open: !isNarrow, class: "chooser" }, el("summary", {}, counted(this.#arrays.length, "array")), list),
      about,
    ];
  }

  async #choose(spec: ArraySpec): Promise<void> {
    try {
      const opened = await openArray(spec, (bytes) => this.#count.add(bytes));
      if (this.#isClosed) return await opened.close();
      this.#view.hide();
      await this.#opened.close();
      this.#spec = spec;
      this.#opened = opened;
      this.#slicing = slicingOf(opened.reader.shape);
      this.#showArray();
    } catch (error) {
      this.#problem(error);
    }
  }

  #openTab(view: View): void {
    if (view !== this.#view) this.#view.hide();
    this.#view = view;
    this.#message.hidden = true;
    this.#tabs.replaceChildren(
      ...this.#views.map((one) =>
        button(one.name, () => one !== this.#view && this.#openTab(one), {
          role: "tab",
          id: `tab-${one.name.replace(" ", "-").toLowerCase()}`,
          "aria-selected": one === view ? "true" : "false",
          "aria-controls": "panel",
          tabindex: one === view ? 0 : -1,
        }),
      ),
    );
    this.#panel.setAttribute("aria-labelledby", `tab-${view.name.replace(" ", "-").toLowerCase()}`);
    this.#panel.replaceChildren(view.element);
    view.show(this.#shown);
  }

  #tabKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = this.#views.indexOf(this.#view) + step;
    this.#openTab(this.#views.at(at % this.#views.length) as View);
    this.#tabs.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
    event.preventDefault();
  }

  #grown(): void {
    const { reader } = this.#opened;
    this.#side.querySelector("#details")?.replaceWith(details(this.#spec, this.#opened));
    this.#view.grown(this.#shown);
    byId("announcer").textContent = counted(reader.length, "row");
  }

  #problem(error: unknown): void {
    if (this.#isClosed) return;
    this.#message.textContent = errorText(error);
    this.#message.hidden = false;
  }

  #showCount(): void {
    const { fileSize } = this.#opened;
    this.#read.textContent = `read ${bytesText(this.#count.bytes)}${fileSize === undefined ? "" : ` of ${bytesText(fileSize)}`}`;
    this.#read.dataset["bytes"] = String(this.#count.bytes);
  }
}
