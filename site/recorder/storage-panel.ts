/** How much the browser lets the site store, and whether it may clear it. */
import { button, el } from "../shared/dom.ts";
import { bytesText } from "../shared/texts.ts";

export class StoragePanel {
  readonly element: HTMLElement;
  readonly #meter = el("meter", { min: 0, max: 1, value: 0, high: 0.8, "aria-label": "Storage in use" });
  readonly #used = el("p", { id: "quota" });
  readonly #left = el("p", { class: "note" });
  readonly #kept = el("p", { class: "note", id: "kept" });
  readonly #keep = button("Ask to keep recordings", () => void this.#ask());

  constructor() {
    this.element = el(
      "section",
      { class: "card", "aria-labelledby": "storage-title" },
      el("h2", { id: "storage-title" }, "Storage"),
      this.#meter,
      this.#used,
      this.#left,
      this.#kept,
      this.#keep,
    );
  }

  /** `bytesPerSecond`: how fast the recording that goes on grows. */
  async update(bytesPerSecond: number | undefined): Promise<void> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    this.#meter.value = quota === 0 ? 0 : usage / quota;
    this.#used.textContent = `${bytesText(usage)} of ${bytesText(quota)} used`;
    this.#left.hidden = !bytesPerSecond;
    if (bytesPerSecond)
      this.#left.textContent = `At this rate, there is room for ${durationText((quota - usage) / bytesPerSecond)}.`;
    this.#showKept(await navigator.storage.persisted());
  }

  async #ask(): Promise<void> {
    const isKept = await navigator.storage.persist();
    this.#showKept(isKept);
    if (!isKept)
      this.#kept.textContent = "The browser did not agree. Add this site to your bookmarks or install it, then ask again.";
  }

  #showKept(isKept: boolean): void {
    this.#keep.hidden = isKept;
    this.#kept.textContent = isKept
      ? "The browser keeps recordings until you delete them or clear this site's data."
      : "If the disk runs full, the browser may delete the recordings of this site.";
  }
}

/** In the largest unit that fits. */
function durationText(seconds: number): string {
  const [size, unit] = (
    [
      [86_400, "day"],
      [3600, "hour"],
      [60, "minute"],
    ] as const
  ).find(([size]) => seconds >= 2 * size) ?? [1, "second"];
  const count = Math.floor(seconds / size);
  return `${count.toLocaleString("en-US")} ${unit}${count === 1 ? "" : "s"}`;
}
