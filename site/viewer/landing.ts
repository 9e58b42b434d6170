/** What is seen before a file is open: all ways to open one. */
import { button, el } from "../shared/dom.ts";
import { bytesText, counted } from "../shared/texts.ts";
import { type GivenFiles, pickFiles, pickFolder, recordings } from "./given.ts";

export interface Opening {
  files(given: GivenFiles): void;
  url(url: string): void;
  /** `path`: of a file in the browser's private file system. */
  recording(path: string): void;
  problem(error: unknown): void;
}

/** An input asks where the browser has no pickers, and in tests. */
function fileInput(opening: Opening, isFolder: boolean): HTMLInputElement {
  const input = el("input", {
    type: "file",
    hidden: true,
    multiple: true,
    id: isFolder ? "pick-folder" : "pick-files",
    "aria-label": isFolder ? "Folder" : "Files",
    onchange: () => {
      const files = [...(input.files ?? [])];
      const folder = isFolder ? files[0]?.webkitRelativePath.split("/")[0] : undefined;
      // Of a folder, the files of folders within it come, too.
      const own = isFolder ? files.filter(({ webkitRelativePath }) => webkitRelativePath.split("/").length === 2) : files;
      if (own.length > 0) opening.files({ folder, files: own });
      input.value = "";
    },
  });
  if (isFolder) input.webkitdirectory = true;
  return input;
}

/** `hasUrls`: whether the page may read from other places than its own. */
export function landing(opening: Opening, hasUrls: boolean): HTMLElement {
  const [files, folder] = [fileInput(opening, false), fileInput(opening, true)];
  const ask = (pick: typeof pickFiles, input: HTMLInputElement): void => {
    pick().then(
      (given) => (given === "input" ? input.click() : given && opening.files(given)),
      (error: unknown) => opening.problem(error),
    );
  };
  const url = el("input", {
    type: "text",
    inputmode: "url",
    placeholder: "https://example.org/log.npy",
    name: "url",
    spellcheck: "false",
  });
  const form = el("form", { class: "url-form" }, el("label", { class: "field" }, el("span", {}, "Or the URL of a file"), url));
  form.append(el("button", { type: "submit" }, "Open URL"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (url.value.trim() !== "") opening.url(url.value.trim());
  });
  const recorded = el("section", { hidden: true });
  void listRecordings(recorded, opening);
  return el(
    "div",
    { class: "landing" },
    el(
      "div",
      { class: "landing-inner" },
      el(
        "div",
        { class: "drop" },
        el("h2", {}, "Drop a NumPy file here"),
        el("p", { class: "note" }, ".npy or .npz of any size, several files, or a folder of shards"),
        el(
          "div",
          { class: "drop-buttons" },
          button("Choose files", () => ask(pickFiles, files), { class: "is-main" }),
          button("Choose a folder", () => ask(pickFolder, folder)),
        ),
        files,
        folder,
      ),
      hasUrls ? form : undefined,
      recorded,
      el(
        "p",
        { class: "note" },
        `Files stay on this machine: the page reads only the parts that it shows, and sends nothing anywhere.${hasUrls ? " A URL must allow other pages to read it, and answer range requests." : ""}`,
      ),
    ),
  );
}

async function listRecordings(section: HTMLElement, opening: Opening): Promise<void> {
  const found = await recordings().catch(() => []);
  if (found.length === 0) return;
  const list = el("ul", { class: "recordings" });
  for (const { name, size, folder } of found) {
    const text = folder === undefined ? bytesText(size) : `${counted(folder.files.length, "file")}, ${bytesText(size)}`;
    const item = button("", () => (folder === undefined ? opening.recording(name) : opening.files(folder)));
    item.append(el("span", {}, name), el("span", { class: "note" }, text));
    list.append(el("li", {}, item));
  }
  section.append(el("h2", { class: "small" }, "Recordings in this browser"), list);
  section.hidden = false;
}
