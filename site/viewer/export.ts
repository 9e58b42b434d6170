/** Takes a part of an array out of the page: as .npy, as CSV, as Python, or into the clipboard. */
import { button, byId, el, labelled } from "../shared/dom.ts";
import { askWhere, canAskWhere, download } from "../shared/saving.ts";
import { bytesText, counted, errorText, numberText } from "../shared/texts.ts";
import { csvParts } from "./export-csv.ts";
import { npyParts } from "./export-npy.ts";
import type { Selected } from "./grid.ts";
import { type Part, type Parts, takenOf } from "./part.ts";
import { pythonText } from "./python.ts";
import { clamped } from "./row-range.ts";
import type { Shown } from "./view.ts";

/** Cells that the clipboard takes. */
const MOST_COPIED = 200_000;

/** More bytes than this are written to a file as they come, where the browser can do that. */
const LARGE = 2 ** 27;

/** Copies the selected cells as text that spreadsheets take. */
export async function copyCells(shown: Shown, { firstRow, lastRow, firstColumn, lastColumn }: Selected): Promise<void> {
  const [rows, columns] = [lastRow - firstRow + 1, lastColumn - firstColumn + 1];
  if (rows * columns > MOST_COPIED) {
    throw new Error(
      `Expected at most ${numberText(MOST_COPIED)} cells to copy: ${numberText(rows * columns)} are selected. Export them instead.`,
    );
  }
  const { sheet } = shown;
  const [from, to] = [sheet.indexOf(firstColumn), sheet.indexOf(lastColumn)];
  const block = await sheet.read({ start: firstRow, stop: lastRow + 1 }, { start: from, stop: to + 1 });
  const texts: string[][] = [];
  for (let column = firstColumn; column <= lastColumn; column++)
    texts.push(block.texts(sheet.leafOf(column), sheet.indexOf(column) - from));
  const lines = Array.from({ length: rows }, (_, row) => texts.map((column) => column[row]).join("\t"));
  await navigator.clipboard.writeText(lines.join("\n"));
  byId("announcer").textContent = `${counted(rows * columns, "cell")} copied`;
}

/** Asks what to export. */
export function askExport(shown: Shown, given: Part): void {
  const { sheet, spec } = shown;
  let part = given;
  const field = (value: number): HTMLInputElement => el("input", { type: "number", min: 0, max: sheet.rowCount, value });
  const [from, to] = [field(part.rows.start), field(part.rows.stop)];
  const python = el("pre", { tabindex: 0 });
  const state = el("p", { class: "note", role: "status" });
  const dialog = el("dialog", { "aria-labelledby": "export-title" });
  let controller = new AbortController();

  const describe = (): void => {
    const { indices, fields } = takenOf(sheet, part);
    python.textContent = pythonText(spec, sheet, part.rows, indices, fields);
    const rows = part.rows.stop - part.rows.start;
    const bytes = rows * (indices.stop - indices.start) * sheet.dtype.itemsize;
    state.textContent = `${counted(rows, "row")} × ${counted(part.columns.stop - part.columns.start, "column")}${fields === undefined ? `, ${bytesText(bytes)} as .npy` : ""}`;
  };
  const typed = (): void => {
    part = {
      ...part,
      rows: clamped(Number(from.value) || 0, to.value === "" ? sheet.rowCount : Number(to.value), sheet.rowCount),
    };
    [from.value, to.value] = [String(part.rows.start), String(part.rows.stop)];
    describe();
  };
  from.addEventListener("change", typed);
  to.addEventListener("change", typed);
  const whole = button("Whole array", () => {
    part = { rows: { start: 0, stop: sheet.rowCount }, columns: { start: 0, stop: sheet.columnCount } };
    [from.value, to.value] = [String(part.rows.start), String(part.rows.stop)];
    describe();
  });

  const save = async (extension: "npy" | "csv"): Promise<void> => {
    controller = new AbortController();
    const bar = el("progress", { max: 1, value: 0, "aria-label": "Progress" });
    state.replaceChildren(
      bar,
      " ",
      button("Cancel", () => controller.abort()),
    );
    try {
      const parts = extension === "npy" ? npyParts(shown, part, controller.signal) : csvParts(sheet, part, controller.signal);
      const size = (part.rows.stop - part.rows.start) * sheet.rowBytes();
      const isSaved = await savedAs(fileName(shown, part, extension), size, parts, (done) =>
        bar.setAttribute("value", String(done)),
      );
      state.textContent = isSaved ? "Exported." : "";
    } catch (error) {
      state.textContent = controller.signal.aborted ? "Cancelled." : errorText(error);
    }
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(python.textContent ?? "");
    state.textContent = "Copied.";
  };
  dialog.append(
    el(
      "div",
      { class: "export" },
      el("h2", { id: "export-title" }, "Export"),
      el("div", { class: "row" }, labelled("From row", from), labelled("to row (not included)", to), whole),
      state,
      el(
        "div",
        { class: "row" },
        button("Save .npy", () => void save("npy"), { class: "is-main" }),
        button("Save CSV", () => void save("csv")),
      ),
      el("h2", {}, "The same in Python"),
      python,
      el(
        "div",
        { class: "row" },
        button("Copy Python", () => {
          copy().catch((error: unknown) => {
            state.textContent = errorText(error);
          });
        }),
        el("span", { class: "spring" }),
        button("Close", () => dialog.close()),
      ),
    ),
  );
  dialog.addEventListener("close", () => {
    controller.abort();
    dialog.remove();
  });
  document.body.append(dialog);
  describe();
  dialog.showModal();
}

function fileName({ spec, sheet }: Shown, { rows }: Part, extension: string): string {
  const base = spec.label.replace(/\.np[yz]$/i, "").replace(/[^\p{L}\p{N}._-]+/gu, "-") || "array";
  const part = rows.start === 0 && rows.stop === sheet.rowCount ? "" : `-${rows.start}-${rows.stop}`;
  return `${base}${part}.${extension}`;
}

/** Saves parts as a file. A small one is a download; of a large one the browser may ask where to write it as it comes. */
async function savedAs(name: string, size: number, parts: Parts, progress: (done: number) => void): Promise<boolean> {
  if (size > LARGE && canAskWhere()) {
    const handle = await askWhere(name);
    if (handle === undefined) return false;
    const writable = await handle.createWritable();
    try {
      for await (const { bytes, done } of parts) {
        await writable.write(bytes);
        progress(done);
      }
    } catch (error) {
      await writable.abort();
      throw error;
    }
    await writable.close();
    return true;
  }
  let blob = new Blob([]);
  for await (const { bytes, done } of parts) {
    // A Blob of Blobs: the browser may move what it has to the disk.
    blob = new Blob([blob, bytes]);
    progress(done);
  }
  download(name, blob);
  return true;
}
