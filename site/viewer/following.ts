/** Follows an array that grows: looks at its header again, and reads nothing else. */
import { el } from "../shared/dom.ts";
import type { NpyReader } from "../shared/library.ts";
import type { ArraySpec } from "./opening.ts";

/** Milliseconds from one look to the next. */
const PAUSE = 1000;

export class Following {
  readonly element: HTMLElement;
  readonly #box: HTMLInputElement;
  readonly #onGrowth: () => void;
  readonly #onProblem: (error: unknown) => void;
  #reader: NpyReader | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onGrowth: () => void, onProblem: (error: unknown) => void) {
    this.#onGrowth = onGrowth;
    this.#onProblem = onProblem;
    this.#box = el("input", { type: "checkbox", name: "follow", onchange: () => this.#plan() });
    this.element = el("label", { class: "check" }, this.#box, "Follow");
  }

  /** Files that were dropped or chosen by an input are what they were then. Archives do not grow. */
  show({ source, member }: ArraySpec, reader: NpyReader): void {
    this.stop();
    const file = source.kind === "file" ? source.file : source.kind === "shards" ? source.files.at(-1) : undefined;
    const canGrow = member === undefined && !(file instanceof File) && reader.shape.length > 0;
    this.#box.disabled = !canGrow;
    this.element.title = canGrow
      ? "Looks every second for rows that were appended"
      : member !== undefined || reader.shape.length === 0
        ? "This array cannot grow"
        : "The browser gave the page a file as it is now: to follow it, open its URL, or choose it in a browser with file handles";
    this.#reader = reader;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#box.checked = false;
    this.#reader = undefined;
  }

  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#box.checked) this.#timer = setTimeout(() => void this.#look(), PAUSE);
  }

  async #look(): Promise<void> {
    const reader = this.#reader;
    if (reader === undefined) return;
    const before = reader.length;
    try {
      await reader.refresh();
      if (reader !== this.#reader) return;
      if (reader.length !== before) this.#onGrowth();
      this.#plan();
    } catch (error) {
      if (reader !== this.#reader) return;
      this.#box.checked = false;
      this.#onProblem(error);
    }
  }
}
