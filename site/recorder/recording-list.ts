/** The list of recordings, and what can be done with each. */
import { button, byId, el } from "../shared/dom.ts";
import { exportFile } from "../shared/library.ts";
import { RECORDINGS } from "../shared/recordings.ts";
import { askWhere, canAskWhere, download } from "../shared/saving.ts";
import { bytesText, counted } from "../shared/texts.ts";
import type { Catalog, Entry } from "./catalog.ts";
import { parsedName } from "./names.ts";
import { problemText } from "./problems.ts";

export interface ListOptions {
  readonly catalog: Catalog;
  /** Records on into a file. */
  continue(name: string): void;
  problem(error: unknown): void;
  /** Something was deleted. */
  changed(): void;
}

const dates = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export class RecordingList {
  readonly element: HTMLElement;
  readonly #options: ListOptions;
  readonly #title = el("h2", { id: "list-title", tabindex: -1 }, "Recordings");
  readonly #notice = el("p", { class: "warning", id: "interrupted", hidden: true });
  readonly #list = el("ul", { class: "recordings" });
  /** What was done last. */
  readonly #status = el("p", { class: "note", role: "status" });
  readonly #empty = el("p", { class: "note" }, "None yet. Recordings stay in this browser until you delete them.");
  /** Whether something is being recorded here, so that nothing else can be continued. */
  #isBusy = false;
  #updates = 0;

  constructor(options: ListOptions) {
    this.#options = options;
    this.element = el(
      "section",
      { class: "card", "aria-labelledby": "list-title" },
      this.#title,
      this.#notice,
      this.#empty,
      this.#list,
      this.#status,
    );
  }

  /** Reads the list again. The focus stays on the same button. */
  async update(isBusy: boolean = this.#isBusy): Promise<void> {
    this.#isBusy = isBusy;
    const update = ++this.#updates;
    const entries = await this.#options.catalog.entries();
    if (update !== this.#updates) return;
    const focused = document.activeElement?.id;
    this.#list.replaceChildren(...entries.map((entry) => this.#item(entry)));
    if (focused) document.getElementById(focused)?.focus();
    this.#empty.hidden = entries.length > 0;
    const interrupted = entries.filter(({ state }) => state === "unfinished").length;
    this.#notice.hidden = interrupted === 0;
    this.#notice.textContent = `${counted(interrupted, "recording")} ${interrupted === 1 ? "was" : "were"} interrupted. Every row that was counted is in the file: continue it, or close it.`;
  }

  #item(entry: Entry): HTMLElement {
    const { name, info, size, date, state, problem } = entry;
    const facts = [
      // Those of a recording that goes on would be out of date.
      ...(state === "recording" ? [] : [info && counted(info.shape[0] ?? 0, "row"), bytesText(size)]),
      dates.format(date),
      info?.dtype.fields?.map(({ name, dtype }) => `${name} ${dtype.name}`).join(", ") ?? info?.dtype.name,
    ];
    return el(
      "li",
      { "data-name": name, "data-state": state },
      el(
        "div",
        { class: "about" },
        el("strong", {}, name),
        state === "finished" ? undefined : el("span", { class: `badge is-${state}` }, state),
        el("p", { class: "note" }, facts.filter((fact) => fact !== undefined).join(" · ")),
        problem === undefined ? undefined : el("p", { class: "problem" }, problemText(problem)),
      ),
      ...this.#actions(entry).map((group) => el("div", { class: "actions" }, ...group)),
    );
  }

  /** How an interrupted recording goes on, and what can be done with any. */
  #actions({ name, state, info, size }: Entry): HTMLElement[][] {
    const action = (text: string, act: () => unknown, disabled = false): HTMLButtonElement =>
      button(text, act, { id: `${text.toLowerCase()} ${name}`, "aria-label": `${text} ${name}`, disabled });
    const view = el(
      "a",
      {
        class: "button",
        id: `view ${name}`,
        "aria-label": `View ${name}`,
        // A recording goes on only as long as its page is open.
        target: "_blank",
        href: `../viewer/?${new URLSearchParams({ recording: `${RECORDINGS}/${name}` })}`,
      },
      "View",
    );
    const views = info === undefined ? [] : [view];
    if (state === "recording") return [views];
    const onward: HTMLElement[] = [];
    if (state === "unfinished") {
      const canContinue = parsedName(name) !== undefined && (info !== undefined || size === 0);
      if (canContinue) onward.push(action("Continue", () => this.#options.continue(name), this.#isBusy));
      if (info !== undefined) onward.push(action("Close", () => this.#attempt(() => this.#close(name))));
    }
    const exports = size > 0 ? [action("Export", () => this.#attempt(() => this.#export(name)))] : [];
    return [onward, [...views, ...exports, action("Delete", () => this.#askDelete(name))]];
  }

  #attempt(act: () => Promise<void>): void {
    act().catch((error: unknown) => this.#options.problem(error));
  }

  async #close(name: string): Promise<void> {
    const rows = await this.#options.catalog.finish(name);
    this.#status.textContent = `Closed ${name} with ${counted(rows, "row")}.`;
    await this.update();
  }

  async #export(name: string): Promise<void> {
    const file = this.#options.catalog.file(name);
    if (canAskWhere()) {
      const target = await askWhere(name);
      if (target === undefined) return;
      const shown = byId(`export ${name}`);
      try {
        await exportFile(file, target, {
          onProgress: (done, total) => {
            shown.textContent = `${Math.floor((100 * done) / total)} %`;
          },
        });
      } finally {
        shown.textContent = "Export";
      }
    } else download(name, await file.blob());
    this.#status.textContent = `Exported ${name}.`;
  }

  #askDelete(name: string): void {
    const dialog = el("dialog", { "aria-labelledby": "delete-title" });
    dialog.append(
      el("h2", { id: "delete-title" }, "Delete this recording?"),
      el("p", {}, el("strong", {}, name)),
      el("p", {}, "It cannot be brought back. Export it first if you may need it."),
      el(
        "div",
        { class: "actions" },
        button("Keep it", () => dialog.close(), { autofocus: true }),
        button(
          "Delete it",
          () => {
            dialog.close();
            this.#attempt(() => this.#delete(name));
          },
          { class: "is-danger" },
        ),
      ),
    );
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  async #delete(name: string): Promise<void> {
    await this.#options.catalog.delete(name);
    this.#status.textContent = `Deleted ${name}.`;
    await this.update();
    this.#title.focus();
    this.#options.changed();
  }
}
